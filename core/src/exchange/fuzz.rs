//! What must hold of any exchange, as one function for the fuzz target and a unit test.
#![allow(clippy::panic, reason = "asserting is what this is for; no filter contains it")]

use super::Observer;
use crate::call::{Call, End, Outcome, UsageStatus};
use crate::headers::Headers;
use crate::time::UnixNanos;

/// An exchange of any bytes gives the same call at any cut of its bodies, and no panic; it gives one if its
/// headers alone say that it is one; what is in it is bounded, and its parts agree with one another.
///
/// The bytes read like a fixture: a line `METHOD scheme://authority/path`, header lines, an empty line, the
/// body; then `###` on a line and the answer alike, with its status for a first line. What is missing is empty.
pub fn fuzz_exchange(data: &[u8]) {
    let observer = Observer::default();
    let (request, response) = split_at(data, b"\n###\n");
    let (first, request_headers, request_body) = message(request);
    let (method, url) = split_at(first, b" ");
    let (scheme, url) = split_at(url, b"://");
    let slash = url.iter().position(|&b| b == b'/').unwrap_or(url.len());
    let (authority, path) = url.split_at_checked(slash).unwrap_or((url, b""));
    let mut request_pairs: Vec<(&[u8], &[u8])> =
        vec![(b":method", method), (b":scheme", scheme), (b":authority", authority), (b":path", path)];
    request_pairs.extend(request_headers);
    let (status, response_headers, response_body) = message(response);
    let mut response_pairs: Vec<(&[u8], &[u8])> = vec![(b":status", status)];
    response_pairs.extend(response_headers);

    for end in [End::Complete, End::ClientGone, End::Unknown] {
        let observe = |size: usize| -> Option<Call> {
            let now = UnixNanos(1);
            let mut exchange = observer.begin(&Headers::new(&request_pairs), now)?;
            let certain = exchange.detected.vouched && exchange.detected.operation.is_some();
            for chunk in request_body.chunks(size) {
                exchange.request_body(chunk, now);
            }
            if end != End::ClientGone {
                exchange.request_end(now);
            }
            if end != End::Unknown {
                exchange.response_headers(&Headers::new(&response_pairs), now);
                for chunk in response_body.chunks(size) {
                    exchange.response_body(chunk, now);
                }
            }
            let call = exchange.finish(end, now);
            assert!(call.is_some() || !certain, "no call");
            call
        };
        let whole = observe(usize::MAX);
        if let Some(call) = &whole {
            check(call);
        }
        for size in [1, 7, 100] {
            assert_eq!(observe(size), whole, "in pieces of {size}, {end:?}");
        }
    }
}

fn check(call: &Call) {
    let Call { response, usage, error, stream, outcome, .. } = call;
    assert!(response.finish_reasons.len() <= 64 && response.tool_calls.len() <= 128, "unbounded lists");
    let calls = response.tool_calls.iter().flat_map(|call| [&call.id, &call.name]);
    let facts = [&response.id, &response.model, &response.service_tier, &response.system_fingerprint];
    for text in facts.into_iter().chain(calls).flatten().chain(&response.finish_reasons) {
        // A byte that is not UTF-8 becomes three.
        assert!(text.len() <= 3 * 512, "unbounded text");
    }
    match outcome {
        Outcome::Completed | Outcome::ClientCancelled => {
            assert!(error.is_none(), "{outcome:?} with an error")
        }
        _ => assert!(error.is_some(), "{outcome:?} without an error"),
    }
    if response.status.is_some_and(|status| status >= 400) {
        assert_eq!(*outcome, Outcome::Error);
        assert!(
            stream.is_none() && response.finish_reasons.is_empty() && usage.status == UsageStatus::Missing
        );
    }
    let told = usage.input_tokens.is_some() || usage.output_tokens.is_some();
    assert_eq!(told, usage.status != UsageStatus::Missing);
    if let Some(stream) = stream {
        assert!(stream.content_events <= stream.messages.saturating_add(1), "more content than messages");
        assert_eq!(stream.gap_count, stream.content_events.saturating_sub(1));
        assert_eq!(stream.gap_count, stream.gap_buckets.into_iter().map(u64::from).sum::<u64>());
        assert_eq!(call.timing.first_token.is_some(), stream.content_events > 0);
    }
}

/// First line, headers, body.
#[expect(clippy::type_complexity, reason = "three parts of a message, taken apart at once")]
fn message(bytes: &[u8]) -> (&[u8], impl Iterator<Item = (&[u8], &[u8])>, &[u8]) {
    let (head, body) = split_at(bytes, b"\n\n");
    let (first, headers) = split_at(head, b"\n");
    (first, headers.split(|&b| b == b'\n').map(|line| split_at(line, b": ")), body)
}

fn split_at<'a>(bytes: &'a [u8], separator: &[u8]) -> (&'a [u8], &'a [u8]) {
    let at = memchr::memmem::find(bytes, separator);
    let parts = at.and_then(|at| Some((bytes.get(..at)?, bytes.get(at.checked_add(separator.len())?..)?)));
    parts.unwrap_or((bytes, b""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::fuzz_exchange;

    fn headers() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "",
            "content-type: application/json",
            "content-type: text/event-stream",
            "content-type: application/x-ndjson",
            "content-type: application/vnd.amazon.eventstream",
            "content-type: multipart/form-data; boundary=b",
            "content-type: application/json\ncontent-encoding: gzip",
            "content-type: audio/mpeg",
        ])
    }

    fn path() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "/v1/chat/completions",
            "/v1/responses",
            "/v1/messages",
            "/v1/audio/transcriptions",
            "/model/m/converse-stream",
            "/model/m/invoke-with-response-stream",
            "/v1/models/m:streamGenerateContent",
            "/api/chat",
            "/v2/chat",
            "/generate",
            "/",
        ])
    }

    /// JSON and framing that mean something to some API, and bytes that mean nothing.
    fn answer() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            4 => prop::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
            1 => prop::collection::vec(any::<u8>(), 0..12),
        ];
        prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    /// A stream of messages of a few kinds, and whether each is a line.
    fn repeats() -> impl Strategy<Value = (bool, String)> {
        let message = (prop::sample::select(KINDS), prop::collection::vec(prop::sample::select(VALUES), 4));
        let message = message.prop_map(|(kind, values)| {
            kind.split('@')
                .zip(values.into_iter().chain([""; 4]))
                .map(|(part, value)| format!("{part}{value}"))
                .collect::<String>()
        });
        // One kind mostly follows itself.
        let messages = prop::collection::vec((message, 1_usize..4), 0..12);
        (any::<bool>(), messages).prop_map(|(lines, messages)| {
            let framed = |message: &String| {
                if lines { format!("{message}\n") } else { format!("data: {message}\n\n") }
            };
            let stream =
                messages.iter().flat_map(|(message, times)| std::iter::repeat_n(framed(message), *times));
            (lines, stream.collect())
        })
    }

    proptest! {
        #[test]
        fn any_order_of_messages(path in path(), of_response in headers(), answer in answer()) {
            let head = format!("POST https://h{path}\n\n{{\"model\":\"m\",\"messages\":[]}}");
            let of_answer = format!("\n###\n200\n{of_response}\n\n");
            fuzz_exchange(&[head.as_bytes(), of_answer.as_bytes(), &answer].concat());
        }

        /// Those that differ in little: what one teaches must hold for the next.
        #[test]
        fn messages_that_repeat_one_another(path in path(), (lines, answer) in repeats()) {
            let of_response = if lines { "content-type: application/x-ndjson" } else { "content-type: text/event-stream" };
            let head = format!("POST https://h{path}\n\n{{\"model\":\"m\",\"messages\":[]}}");
            let of_answer = format!("\n###\n200\n{of_response}\n\n{answer}");
            fuzz_exchange(&[head.as_bytes(), of_answer.as_bytes()].concat());
        }

        #[test]
        fn any_exchange(
            path in path(), of_request in headers(), of_response in headers(),
            status in 100_u16..600, request: Vec<u8>, response: Vec<u8>,
        ) {
            let head = format!("POST https://h{path}\n{of_request}\n\n");
            let answer = format!("\n###\n{status}\n{of_response}\n\n");
            fuzz_exchange(&[head.as_bytes(), &request, answer.as_bytes(), &response].concat());
        }

        #[test]
        fn anything(data: Vec<u8>) {
            fuzz_exchange(&data);
        }
    }

    /// `@` stands for a value.
    const KINDS: &[&str] = &[
        r#"{"id":"c-1","object":"@","choices":[{"index":0,"delta":{"content":"@"},"finish_reason":null}],"usage":null,"p":"@"}"#,
        r#"{"id":"c-1","created":@,"model":"m","choices":[{"index":0,"delta":{"content":"@"},"finish_reason":null}]}"#,
        r#"{"choices":[{"index":@,"delta":{"reasoning":"@"}}],"usage":{"prompt_tokens":3,"completion_tokens":@}}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"@"}}]}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"function":{"name":"f","arguments":"@"}}]}}]}"#,
        r#"{"choices":[{"delta":{"content":"@"},"finish_reason":"@"}]}"#,
        r#"{"type":"content_block_delta","index":@,"delta":{"type":"text_delta","text":"@"}}"#,
        r#"{"type":"response.output_text.delta","sequence_number":@,"delta":"@","obfuscation":"@"}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":"@"}]}}],"usageMetadata":{"promptTokenCount":@},"x":"@"}"#,
        r#"{"model":"m","created_at":"@","message":{"role":"assistant","content":"@"},"done":false}"#,
        r#"{"error":{"message":"@"}}"#,
        r#"{"service_tier":"@","choices":[]}"#,
    ];
    const VALUES: &[&str] = &[
        "",
        "a",
        "a text of more than sixteen bytes",
        "another, which is as long as that",
        r"\n",
        r"\u00e4",
        r"\ud83d\ude00",
        r"\q",
        r#"\""#,
        "1",
        "12",
        "-1.5",
        "01",
        "1,\"y\":2",
    ];
    const PIECES: &[&str] = &[
        "data: ",
        "event: error\n",
        "error: ",
        "\n\n",
        "\n",
        "\r\n\r\n",
        "data: [DONE]\n\n",
        ": ping\n\n",
        "{",
        "}",
        "[",
        "]",
        ",",
        "null",
        r#"{"error":{"code":"oops","type":"server_error"}}"#,
        r#"{"id":"c-1","model":"m","choices":[{"index":1,"delta":{"content":"hi"},"finish_reason":null}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"t","function":{"name":"f"}}]},"finish_reason":"stop"}]}"#,
        r#""usage":{"prompt_tokens":3,"completion_tokens":4}"#,
        r#"{"type":"message_start","message":{"id":"msg_1","usage":{"input_tokens":3,"output_tokens":1}}}"#,
        r#"{"type":"content_block_start","content_block":{"type":"tool_use","id":"t","name":"f"}}"#,
        r#"{"type":"message_stop"}"#,
        r#"{"type":"response.output_text.delta","delta":"hi"}"#,
        r#"{"type":"response.completed","response":{"id":"r","status":"completed","output":[]}}"#,
        r#"{"candidates":[{"finishReason":1,"content":{"parts":[{"text":"x","thought":true}]}}]}"#,
        r#"{"bytes":"eyJnZW5lcmF0aW9uIjoiaGkiLCJzdG9wX3JlYXNvbiI6InN0b3AifQ==","p":"ab"}"#,
        r#"{"message":{"content":"hi"},"done":true,"eval_count":2}"#,
        r#"{"results":[{"tokenCount":2,"generated_text":"x","stop_reason":"eos_token"}]}"#,
    ];
}
