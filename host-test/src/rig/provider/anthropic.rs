//! Anthropic's messages, as the simulated provider speaks them.

use serde_json::{Value, json};

use super::Scenario;
use super::script::{Asked, Refusal, StreamEvent};

pub(super) fn headers() -> Vec<(&'static str, &'static str)> {
    vec![
        ("request-id", "req_011CZ8kVwq3mXb7nTtL5yR2d"),
        ("anthropic-organization-id", "00000000-0000-4000-8000-000000000000"),
        ("anthropic-ratelimit-requests-limit", "4000"),
        ("anthropic-ratelimit-requests-remaining", "3999"),
    ]
}

pub(super) fn whole(asked: &Asked) -> Value {
    let mut message = envelope(asked);
    message["content"] = if asked.tools {
        json!([tool_use(asked, json!({ "city": "Zürich" }))])
    } else {
        json!([{ "type": "text", "text": asked.text }])
    };
    message["stop_reason"] = json!(stop_reason(asked));
    message["usage"] = usage(OUTPUT_TOKENS);
    message
}

pub(super) fn events(asked: &Asked) -> Vec<StreamEvent> {
    let mut start = envelope(asked);
    // A provisional count; the one in `message_delta` replaces it.
    start["usage"] = usage(1);
    let mut events = vec![event(&json!({ "type": "message_start", "message": start }), false)];
    let block = if asked.tools { tool_use(asked, json!({})) } else { json!({ "type": "text", "text": "" }) };
    events.push(event(&json!({ "type": "content_block_start", "index": 0, "content_block": block }), false));
    events.push(event(&json!({ "type": "ping" }), false));
    let deltas: Vec<Value> = if asked.tools {
        let fragments = ["", "{\"city\": ", "\"Zürich\"}"];
        fragments
            .iter()
            .map(|fragment| json!({ "type": "input_json_delta", "partial_json": fragment }))
            .collect()
    } else {
        asked.pieces().iter().map(|piece| json!({ "type": "text_delta", "text": piece })).collect()
    };
    for delta in deltas {
        events.push(event(&json!({ "type": "content_block_delta", "index": 0, "delta": delta }), true));
    }
    events.push(event(&json!({ "type": "content_block_stop", "index": 0 }), false));
    let delta = json!({ "stop_reason": stop_reason(asked), "stop_sequence": null });
    events.push(event(
        &json!({ "type": "message_delta", "delta": delta, "usage": usage(OUTPUT_TOKENS) }),
        false,
    ));
    events.push(event(&json!({ "type": "message_stop" }), false));
    events
}

pub(super) fn stream_error() -> String {
    let error = json!({ "type": "error", "error": { "type": "overloaded_error", "message": "Overloaded" } });
    format!("event: error\ndata: {error}\n\n")
}

pub(super) fn refusal(scenario: Scenario) -> Refusal {
    let (status, kind, message) = match scenario {
        Scenario::RateLimited => (429, "rate_limit_error", "This request would exceed your rate limit."),
        Scenario::Overloaded => (529, "overloaded_error", "Overloaded"),
        _ => (400, "invalid_request_error", "messages: Field required"),
    };
    let headers = match scenario {
        Scenario::RateLimited => vec![
            ("retry-after", "12"),
            ("anthropic-ratelimit-input-tokens-limit", "50000"),
            ("anthropic-ratelimit-input-tokens-remaining", "0"),
        ],
        _ => Vec::new(),
    };
    let body = json!({
        "type": "error",
        "error": { "type": kind, "message": message },
        "request_id": "req_011CZ8kVwq3mXb7nTtL5yR2d",
    });
    Refusal { status, headers, body }
}

fn event(data: &Value, content: bool) -> StreamEvent {
    let name = data["type"].as_str().unwrap_or_default();
    StreamEvent { bytes: format!("event: {name}\ndata: {data}\n\n"), content }
}

fn envelope(asked: &Asked) -> Value {
    json!({
        "id": format!("msg_{:024}", asked.number),
        "type": "message",
        "role": "assistant",
        "model": format!("{}-20260801", asked.model),
        "content": [],
        "stop_reason": null,
        "stop_sequence": null,
    })
}

fn tool_use(asked: &Asked, input: Value) -> Value {
    json!({ "type": "tool_use", "id": format!("toolu_{:024}", asked.number), "name": "get_weather", "input": input })
}

fn stop_reason(asked: &Asked) -> &'static str {
    if asked.tools { "tool_use" } else { "end_turn" }
}

fn usage(output_tokens: u64) -> Value {
    json!({
        "input_tokens": 57,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 1024,
        "output_tokens": output_tokens,
        "service_tier": "standard",
    })
}

const OUTPUT_TOKENS: u64 = 41;
