//! One streamed or plain call in each framing: what the provider sends, and what breaks it.

use host_test::sim::Script;

/// A call in one framing.
pub(crate) struct Framing {
    pub(crate) name: &'static str,
    /// The whole exchange: the model answers with usage 11 in, 7 out, and stops.
    pub(crate) whole: Script,
    /// How many bytes of the answer make it a beginning without its end.
    pub(crate) beginning: usize,
    /// An answer with status 200 that turns into an error; none where a framing cannot say so.
    pub(crate) error_inside: Option<Script>,
}

pub(crate) fn all() -> Vec<Framing> {
    let named = |mut framing: Framing| {
        framing.whole = framing.whole.named(framing.name);
        framing.error_inside =
            framing.error_inside.map(|script| script.named(&format!("{} with an error", framing.name)));
        framing
    };
    [json(), json_array(), sse(), ndjson(), aws_event_stream()].map(named).into()
}

pub(crate) fn json() -> Framing {
    let answer = r#"{"id":"chatcmpl-1","object":"chat.completion","model":"gpt-4o-2024-08-06","choices":[{"index":0,
        "message":{"role":"assistant","content":"Because."},"finish_reason":"stop"}],
        "usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}"#;
    let request = openai(r#"{"model":"gpt-4o","messages":[{"role":"user","content":"Why?"}]}"#);
    Framing {
        name: "JSON",
        beginning: answer.find("content").unwrap(),
        whole: request.respond(200, "application/json", answer),
        error_inside: None,
    }
}

pub(crate) fn sse() -> Framing {
    let begin = "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"model\":\"gpt-4o-2024-08-06\",\
                 \"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n\
                 data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Because.\"},\
                 \"finish_reason\":null}]}\n\n";
    let end = "data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
               data: {\"id\":\"chatcmpl-1\",\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7,\
               \"total_tokens\":18}}\n\ndata: [DONE]\n\n";
    let error = "data: {\"error\":{\"message\":\"The server had an error\",\"type\":\"server_error\",\"code\":null}}\n\n";
    let request = openai(
        r#"{"model":"gpt-4o","messages":[{"role":"user","content":"Why?"}],"stream":true,
        "stream_options":{"include_usage":true}}"#,
    );
    Framing {
        name: "SSE",
        beginning: begin.len(),
        whole: request.clone().respond(200, "text/event-stream", format!("{begin}{end}")),
        error_inside: Some(request.respond(200, "text/event-stream", format!("{begin}{error}"))),
    }
}

pub(crate) fn json_array() -> Framing {
    let begin = r#"[{"candidates":[{"content":{"parts":[{"text":"Because."}],"role":"model"},"index":0}],
        "modelVersion":"gemini-2.5-flash","responseId":"r-1"}"#;
    let end = r#",
        {"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0}],
        "usageMetadata":{"promptTokenCount":11,"candidatesTokenCount":7,"totalTokenCount":18},
        "modelVersion":"gemini-2.5-flash","responseId":"r-1"}]"#;
    let error = r#",
        {"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}]"#;
    let request = Script::post(
        "/v1beta/models/gemini-2.5-flash:streamGenerateContent",
        r#"{"contents":[{"role":"user","parts":[{"text":"Why?"}]}]}"#,
    )
    .request_header(":authority", "generativelanguage.googleapis.com");
    Framing {
        name: "JSON array",
        beginning: begin.len(),
        whole: request.clone().respond(200, "application/json", format!("{begin}{end}")),
        error_inside: Some(request.respond(200, "application/json", format!("{begin}{error}"))),
    }
}

pub(crate) fn ndjson() -> Framing {
    let begin = "{\"model\":\"llama3.2\",\"created_at\":\"2025-01-01T00:00:00Z\",\
                 \"message\":{\"role\":\"assistant\",\"content\":\"Because.\"},\"done\":false}\n";
    let end = "{\"model\":\"llama3.2\",\"created_at\":\"2025-01-01T00:00:01Z\",\
               \"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done_reason\":\"stop\",\"done\":true,\
               \"prompt_eval_count\":11,\"eval_count\":7}\n";
    let error = "{\"error\":\"an error was encountered while running the model\"}\n";
    let request = Script::post(
        "/api/chat",
        r#"{"model":"llama3.2","messages":[{"role":"user","content":"Why?"}],"stream":true}"#,
    )
    .request_header(":authority", "ollama.com");
    Framing {
        name: "NDJSON",
        beginning: begin.len(),
        whole: request.clone().respond(200, "application/x-ndjson", format!("{begin}{end}")),
        error_inside: Some(request.respond(200, "application/x-ndjson", format!("{begin}{error}"))),
    }
}

pub(crate) fn aws_event_stream() -> Framing {
    let begin = [
        event("messageStart", r#"{"role":"assistant"}"#),
        event("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"Because."}}"#),
    ]
    .concat();
    let end = [
        event("contentBlockStop", r#"{"contentBlockIndex":0}"#),
        event("messageStop", r#"{"stopReason":"end_turn"}"#),
        event(
            "metadata",
            r#"{"usage":{"inputTokens":11,"outputTokens":7,"totalTokens":18},"metrics":{"latencyMs":5}}"#,
        ),
    ]
    .concat();
    let error = exception("throttlingException", r#"{"message":"Too many requests"}"#);
    let request = Script::post(
        "/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/converse-stream",
        r#"{"messages":[{"role":"user","content":[{"text":"Why?"}]}]}"#,
    )
    .request_header(":authority", "bedrock-runtime.us-east-1.amazonaws.com");
    let answer = |end: &[u8]| {
        request.clone().respond(200, "application/vnd.amazon.eventstream", [begin.as_slice(), end].concat())
    };
    Framing {
        name: "AWS event stream",
        beginning: begin.len(),
        whole: answer(&end),
        error_inside: Some(answer(&error)),
    }
}

fn openai(body: &str) -> Script {
    Script::post("/v1/chat/completions", body).request_header(":authority", "api.openai.com")
}

/// A message of an AWS event stream.
pub(crate) fn event(name: &str, payload: &str) -> Vec<u8> {
    aws_message(
        &[(":event-type", name), (":content-type", "application/json"), (":message-type", "event")],
        payload,
    )
}

fn exception(name: &str, payload: &str) -> Vec<u8> {
    let headers =
        [(":exception-type", name), (":content-type", "application/json"), (":message-type", "exception")];
    aws_message(&headers, payload)
}

/// Total length, length of the headers, CRC of both, headers (string values: type 7), payload, CRC of all.
fn aws_message(headers: &[(&str, &str)], payload: &str) -> Vec<u8> {
    let mut encoded = Vec::new();
    for (name, value) in headers {
        encoded.push(u8::try_from(name.len()).unwrap());
        encoded.extend(name.bytes());
        encoded.push(7);
        encoded.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        encoded.extend(value.bytes());
    }
    let mut message = Vec::new();
    message.extend(u32::try_from(encoded.len() + payload.len() + 16).unwrap().to_be_bytes());
    message.extend(u32::try_from(encoded.len()).unwrap().to_be_bytes());
    message.extend(crc32fast::hash(&message).to_be_bytes());
    message.extend(encoded);
    message.extend(payload.bytes());
    message.extend(crc32fast::hash(&message).to_be_bytes());
    message
}
