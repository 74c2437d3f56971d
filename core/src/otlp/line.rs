//! A span as one line of JSON, for logs that people and machines read.
//!
//! Made of the encoded span, so that what waits for a collector can still be told this way. Times and ids first, then
//! the attributes under their own names; events, and what is no text, number, truth or list of texts, are left out.
//! Content is for collectors alone: a span that holds some tells none of it here. Whatever the bytes, a line is one valid JSON object without a line break, and no longer than [`MAX_LENGTH`]: an
//! attribute that does not fit is left out, and `"truncated":true` says so.

use std::io::Write;

use super::json::{write_id, write_text};
use super::proto::{Bounds, Value, field, read_field};
use crate::json::lossy;
use crate::time::UnixNanos;

/// Shows the line of each span, given as fields `ScopeSpans.spans`.
pub fn each(mut records: &[u8], see: &mut dyn FnMut(&str)) {
    let mut line = Vec::new();
    while let Some((_, value, rest)) = read_field(records) {
        records = rest;
        if let Value::Bytes(span) = value {
            line.clear();
            write_span(span, &mut line);
            see(str::from_utf8(&line).unwrap_or_default());
        }
    }
}

fn write_span(span: &[u8], out: &mut Vec<u8>) {
    let time = |number| match field(span, number) {
        Some((Value::Fixed64(nanos), _)) => UnixNanos(nanos),
        _ => UnixNanos(0),
    };
    let (start, end) = (time(START_TIME), time(END_TIME));
    let millis = (end.since(start) / NANOS_PER_MICRO) as f64 / 1e3;
    // Writing into a `Vec` does not fail.
    let _ = write!(out, "{{\"time\":\"{}\",\"duration_ms\":{millis:?}", start.rfc3339());
    if let Some((Value::Bytes(name), _)) = field(span, NAME) {
        out.extend_from_slice(b",\"name\":");
        let name = lossy(name);
        write_text(NAME_BOUNDS.clip(&name).as_bytes(), out);
    }
    for (number, name) in [(TRACE_ID, "trace_id"), (SPAN_ID, "span_id"), (PARENT_SPAN_ID, "parent_span_id")] {
        if let Some((Value::Bytes(id), _)) = field(span, number) {
            let _ = write!(out, ",\"{name}\":");
            write_id(id, out);
        }
    }
    let (mut rest, mut truncated) = (span, false);
    while let Some((number, value, after)) = read_field(rest) {
        rest = after;
        let (true, Value::Bytes(attribute)) = (number == ATTRIBUTES, value) else { continue };
        let before = out.len();
        let written = write_attribute(attribute, out);
        if !written || out.len() > MAX_LENGTH.saturating_sub(TRUNCATED.len()) {
            truncated |= written;
            out.truncate(before);
        }
    }
    out.extend_from_slice(if truncated { TRUNCATED } else { b"}" });
}

/// Gives whether it was one that is told; else what was written is to be taken back.
fn write_attribute(attribute: &[u8], out: &mut Vec<u8>) -> bool {
    let Some((Value::Bytes(key), _)) = field(attribute, KEY) else { return false };
    if CONTENT.iter().any(|begin| key.starts_with(begin.as_bytes())) {
        return false;
    }
    let Some((Value::Bytes(value), _)) = field(attribute, VALUE) else { return false };
    out.push(b',');
    write_text(key, out);
    out.push(b':');
    let Some((number, value, _)) = read_field(value) else { return false };
    let _ = match (number, value) {
        (STRING, Value::Bytes(text)) => {
            write_text(text, out);
            Ok(())
        }
        (BOOL, Value::Varint(flag)) => write!(out, "{}", flag != 0),
        (INT, Value::Varint(int)) => write!(out, "{}", int as i64),
        (DOUBLE, Value::Fixed64(bits)) if f64::from_bits(bits).is_finite() => {
            write!(out, "{:?}", f64::from_bits(bits))
        }
        (ARRAY, Value::Bytes(texts)) => {
            write_texts(texts, out);
            Ok(())
        }
        _ => return false,
    };
    true
}

fn write_texts(mut texts: &[u8], out: &mut Vec<u8>) {
    let mut before = b'[';
    while let Some((_, value, rest)) = read_field(texts) {
        texts = rest;
        if let Value::Bytes(value) = value
            && let Some((Value::Bytes(text), _)) = field(value, STRING)
        {
            out.push(std::mem::replace(&mut before, b','));
            write_text(text, out);
        }
    }
    out.extend_from_slice(if before == b'[' { b"[]" } else { b"]" });
}

/// What the keys of attributes begin with that may hold content.
const CONTENT: &[&str] = &[
    "gen_ai.system_instructions",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.tool.definitions",
    "llm.input_messages.",
    "llm.output_messages.",
    "llm.tools.",
    "input.value",
    "output.value",
];
/// Bytes of a line at most.
pub const MAX_LENGTH: usize = 8 << 10;
const TRUNCATED: &[u8] = b",\"truncated\":true}";
/// The attributes tell what a name is made of.
const NAME_BOUNDS: Bounds = Bounds { text: 256, entries: 0 };
const NANOS_PER_MICRO: u64 = 1_000;
/// Fields of `Span`.
const TRACE_ID: u64 = 1;
const SPAN_ID: u64 = 2;
const PARENT_SPAN_ID: u64 = 4;
const NAME: u64 = 5;
const START_TIME: u64 = 7;
const END_TIME: u64 = 8;
const ATTRIBUTES: u64 = 9;
/// Fields of `KeyValue`.
const KEY: u64 = 1;
const VALUE: u64 = 2;
/// Fields of `AnyValue`.
const STRING: u64 = 1;
const BOOL: u64 = 2;
const INT: u64 = 3;
const DOUBLE: u64 = 4;
const ARRAY: u64 = 5;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::call::{Call, ErrorFacts};
    use crate::otlp::fuzz::fuzz_otlp_json;
    use crate::otlp::proto::{Attributes, Writer};
    use crate::otlp::span::encode;
    use crate::signal::testing::bare_call;
    use crate::signal::{AttributeSink, Conventions, Span};
    use crate::trace_context::{Position, SpanId, TraceId};

    fn lines(records: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        each(records, &mut |line| lines.push(line.to_owned()));
        lines
    }

    fn encoded(call: &Call) -> Vec<u8> {
        let position = Position::root(TraceId::from_bytes([0xab; 16]), SpanId::from_bytes([0xcd; 8]), true);
        let mut out = Vec::new();
        let _ = encode(&Span::new(call, &position, &Conventions::default()), &mut out);
        out
    }

    #[test]
    fn tells_a_call_in_one_line() {
        let mut call = bare_call();
        call.request.model = Some("gpt \"4\"\n".into());
        call.response.finish_reasons = vec!["stop".into(), "length".into()];
        call.usage.input_tokens = Some(7);
        call.request.temperature = Some(0.5);
        call.request.stream = Some(true);
        assert_eq!(
            lines(&encoded(&call)),
            [concat!(
                r#"{"time":"2023-11-14T22:13:20.000Z","duration_ms":2000.0,"name":"chat gpt \"4\"\u000a","#,
                r#""trace_id":"abababababababababababababababab","span_id":"cdcdcdcdcdcdcdcd","#,
                r#""gen_ai.operation.name":"chat","gen_ai.provider.name":"openai","#,
                r#""gen_ai.request.model":"gpt \"4\"\u000a","gen_ai.request.stream":true,"#,
                r#""gen_ai.request.temperature":0.5,"gen_ai.response.finish_reasons":["stop","length"],"#,
                r#""gen_ai.usage.input_tokens":7,"openai.api.type":"chat_completions","#,
                r#""inferspan.api":"openai_chat","inferspan.outcome":"completed","#,
                r#""inferspan.usage.status":"missing"}"#,
            )]
        );
    }

    #[test]
    fn each_span_has_a_line() {
        let mut call = bare_call();
        let mut records = encoded(&call);
        call.error = Some(ErrorFacts { kind: "429".into(), code: None });
        records.extend(encoded(&call));
        let lines = lines(&records);
        assert_eq!(lines.len(), 2);
        assert!(!lines[0].contains("error.type") && lines[1].contains(r#""error.type":"429""#), "{lines:?}");
    }

    #[test]
    fn content_is_left_out() {
        let mut records = Vec::new();
        Writer::new(&mut records).message(2, |span| {
            let mut attributes = Attributes::new(span, 9);
            for key in [
                "gen_ai.input.messages",
                "gen_ai.output.messages",
                "gen_ai.system_instructions",
                "gen_ai.tool.definitions",
                "llm.input_messages.0.message.content",
                "llm.output_messages.0.message.content",
                "llm.tools.0.tool.json_schema",
                "input.value",
                "output.value",
            ] {
                attributes.text(key, "hunter2");
            }
            attributes.text("gen_ai.request.model", "m");
        });
        let line = r#"{"time":"1970-01-01T00:00:00.000Z","duration_ms":0.0,"gen_ai.request.model":"m"}"#;
        assert_eq!(lines(&records), [line]);
    }

    #[test]
    fn a_line_is_bounded_and_says_so() {
        let mut call = bare_call();
        // Each of these takes six bytes in JSON.
        call.request.model = Some("\u{1}".repeat(1_500));
        let [line] = lines(&encoded(&call)).try_into().unwrap();
        assert!(line.len() <= MAX_LENGTH, "{}", line.len());
        assert!(line.ends_with(r#","truncated":true}"#), "{line}");
        serde_json::from_str::<serde_json::Value>(&line).unwrap();
    }

    proptest! {
        #[test]
        fn any_bytes_are_lines_of_json(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0_usize..400, with: u8) {
            let mut damaged = encoded(&bare_call());
            if let Some(byte) = damaged.get_mut(at) {
                *byte = with;
            }
            fuzz_otlp_json(&bytes);
            fuzz_otlp_json(&damaged);
        }
    }
}
