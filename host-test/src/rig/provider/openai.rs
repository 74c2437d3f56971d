//! OpenAI's chat completions, as the simulated provider speaks them.

use serde_json::{Value, json};

use super::Scenario;
use super::script::{Asked, Refusal, StreamEvent};

pub(super) fn headers() -> Vec<(&'static str, &'static str)> {
    vec![
        ("openai-processing-ms", "412"),
        ("openai-version", "2020-10-01"),
        ("x-request-id", "req_5b0c2d1f6a7e4c8f9d3b"),
        ("x-ratelimit-limit-requests", "500"),
        ("x-ratelimit-remaining-requests", "499"),
    ]
}

pub(super) fn whole(asked: &Asked) -> Value {
    let (message, finish_reason) = if asked.tools {
        (json!({ "role": "assistant", "content": null, "tool_calls": [tool_call(asked)] }), "tool_calls")
    } else {
        (json!({ "role": "assistant", "content": asked.text, "refusal": null }), "stop")
    };
    json!({
        "id": id(asked),
        "object": "chat.completion",
        "created": CREATED,
        "model": answering_model(asked),
        "choices": [{ "index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason }],
        "usage": usage(),
        "service_tier": "default",
        "system_fingerprint": "fp_3c1a9f0b7e",
    })
}

pub(super) fn events(asked: &Asked) -> Vec<StreamEvent> {
    let mut events =
        vec![chunk(asked, &json!({ "role": "assistant", "content": "", "refusal": null }), None, false)];
    let finish_reason = if asked.tools {
        let mut call = tool_call(asked);
        call["index"] = json!(0);
        let arguments = call["function"]["arguments"].take();
        call["function"]["arguments"] = json!("");
        events.push(chunk(asked, &json!({ "tool_calls": [call] }), None, true));
        let fragment = json!({ "index": 0, "function": { "arguments": arguments } });
        events.push(chunk(asked, &json!({ "tool_calls": [fragment] }), None, true));
        "tool_calls"
    } else {
        events.extend(
            asked.pieces().iter().map(|piece| chunk(asked, &json!({ "content": piece }), None, true)),
        );
        "stop"
    };
    events.push(chunk(asked, &json!({}), Some(finish_reason), false));
    if asked.include_usage {
        let mut last = envelope(asked);
        last["choices"] = json!([]);
        last["usage"] = usage();
        events.push(event(&last, false));
    }
    events.push(StreamEvent { bytes: "data: [DONE]\n\n".to_owned(), content: false });
    events
}

pub(super) fn stream_error() -> String {
    let error = json!({ "error": {
        "message": "The server had an error while processing your request. Sorry about that!",
        "type": "server_error",
        "param": null,
        "code": "server_error",
    } });
    format!("data: {error}\n\n")
}

pub(super) fn refusal(scenario: Scenario) -> Refusal {
    let (status, kind, code, message) = match scenario {
        Scenario::RateLimited => (
            429,
            "tokens",
            "rate_limit_exceeded",
            "Rate limit reached for tokens per min (TPM). Try again in 2s.",
        ),
        Scenario::Overloaded => (503, "server_error", "overloaded", "The engine is currently overloaded."),
        _ => (400, "invalid_request_error", "invalid_value", "Invalid value for the body."),
    };
    let headers = match scenario {
        Scenario::RateLimited => vec![
            ("retry-after", "2"),
            ("retry-after-ms", "2000"),
            ("x-ratelimit-limit-tokens", "200000"),
            ("x-ratelimit-remaining-tokens", "0"),
            ("x-ratelimit-reset-tokens", "2s"),
        ],
        _ => Vec::new(),
    };
    let body = json!({ "error": { "message": message, "type": kind, "param": null, "code": code } });
    Refusal { status, headers, body }
}

fn chunk(asked: &Asked, delta: &Value, finish_reason: Option<&str>, content: bool) -> StreamEvent {
    let mut chunk = envelope(asked);
    chunk["choices"] =
        json!([{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason }]);
    if asked.include_usage {
        chunk["usage"] = Value::Null;
    }
    event(&chunk, content)
}

fn event(data: &Value, content: bool) -> StreamEvent {
    StreamEvent { bytes: format!("data: {data}\n\n"), content }
}

fn envelope(asked: &Asked) -> Value {
    json!({
        "id": id(asked),
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": answering_model(asked),
        "service_tier": "default",
        "system_fingerprint": "fp_3c1a9f0b7e",
        "obfuscation": "q8Zk2",
    })
}

fn tool_call(asked: &Asked) -> Value {
    json!({
        "id": format!("call_{:024}", asked.number),
        "type": "function",
        "function": { "name": "get_weather", "arguments": "{\"city\":\"Zürich\"}" },
    })
}

/// The dated model behind the alias that was asked for.
fn answering_model(asked: &Asked) -> String {
    format!("{}-2026-08-07", asked.model)
}

fn id(asked: &Asked) -> String {
    format!("chatcmpl-{:029}", asked.number)
}

fn usage() -> Value {
    json!({
        "prompt_tokens": 148,
        "completion_tokens": 97,
        "total_tokens": 245,
        "prompt_tokens_details": { "cached_tokens": 128, "audio_tokens": 0 },
        "completion_tokens_details": {
            "reasoning_tokens": 64,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}

const CREATED: u64 = 1_795_000_000;
