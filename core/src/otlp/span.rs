//! One span → its protobuf bytes.
//!
//! A span keeps within its length (`length.rs`), and tells of it where that costs some of its values.

use super::length::{most_of, within_length};
use super::proto::{Attributes, Bounds, Writer};
use crate::signal::Span;

/// Appends the span as a field `ScopeSpans.spans`, tag and all. How many values are not whole, so that it keeps
/// within its length.
#[must_use]
pub fn encode(span: &Span<'_>, out: &mut Vec<u8>) -> u32 {
    out.reserve(USUAL_LENGTH);
    let most = most_of(span.is_wide()).saturating_add(span.content_room());
    within_length(out, most, |bounds, out| match bounds {
        Bounds::NONE => write(span, bounds, out),
        _ => write(&span.in_part(), bounds, out),
    })
}

/// How many values are not whole.
fn write(span: &Span<'_>, bounds: Bounds, out: &mut Vec<u8>) -> u32 {
    let position = span.position();
    let context = &position.context;
    let mut cut = 0;
    Writer::new(out).message(SPANS, |w| {
        w.bytes(TRACE_ID, &context.trace_id().to_bytes());
        w.bytes(SPAN_ID, &context.span_id().to_bytes());
        let state = context.trace_state().header();
        if !state.is_empty() {
            // A part of it would be another state.
            match state.len() <= bounds.text.saturating_mul(TRACE_STATE_SHARE) {
                true => w.bytes(TRACE_STATE, state.as_bytes()),
                false => cut = 1,
            }
        }
        if let Some(parent) = position.parent {
            w.bytes(PARENT_SPAN_ID, &parent.to_bytes());
        }
        let name = span.name().map(|part| bounds.clip(part));
        w.length_delimited(NAME, name.iter().fold(0, |length, part| part.len().saturating_add(length)));
        name.iter().for_each(|part| w.raw(part.as_bytes()));
        w.varint(KIND, span.kind() as u64);
        w.fixed64(START_TIME, span.start().0);
        w.fixed64(END_TIME, span.end().0);
        let mut attributes = Attributes::bounded(w, ATTRIBUTES, bounds);
        span.attributes(&mut attributes);
        cut = attributes.cut().saturating_add(cut);
        span.events(&mut |event| {
            w.message(EVENTS, |w| {
                w.fixed64(EVENT_TIME, event.time().0);
                w.bytes(EVENT_NAME, event.name().as_bytes());
                let mut attributes = Attributes::bounded(w, EVENT_ATTRIBUTES, bounds);
                event.attributes(&mut attributes);
                cut = attributes.cut().saturating_add(cut);
            });
        });
        if let Some(message) = span.error() {
            w.message(STATUS, |w| {
                if !message.is_empty() {
                    w.bytes(STATUS_MESSAGE, bounds.clip(message).as_bytes());
                }
                w.varint(STATUS_CODE, STATUS_ERROR);
            });
        }
        let mut flags = u32::from(context.trace_flags().to_u8()) | HAS_IS_REMOTE;
        if position.remote_parent {
            flags |= IS_REMOTE;
        }
        w.fixed32(FLAGS, flags);
    });
    cut
}

/// What most spans fit in, in bytes.
const USUAL_LENGTH: usize = 1536;
/// A trace state may be so many times as long as a text.
const TRACE_STATE_SHARE: usize = 4;
/// Field of `ScopeSpans`.
const SPANS: u32 = 2;
/// Fields of `Span`.
const TRACE_ID: u32 = 1;
const SPAN_ID: u32 = 2;
const TRACE_STATE: u32 = 3;
const PARENT_SPAN_ID: u32 = 4;
const NAME: u32 = 5;
const KIND: u32 = 6;
const START_TIME: u32 = 7;
const END_TIME: u32 = 8;
const ATTRIBUTES: u32 = 9;
const EVENTS: u32 = 11;
const STATUS: u32 = 15;
const FLAGS: u32 = 16;
/// Fields of `Event`.
const EVENT_TIME: u32 = 1;
const EVENT_NAME: u32 = 2;
const EVENT_ATTRIBUTES: u32 = 3;
/// Fields of `Status`.
const STATUS_MESSAGE: u32 = 2;
const STATUS_CODE: u32 = 3;
/// `STATUS_CODE_ERROR`
const STATUS_ERROR: u64 = 2;
/// `SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK`: the next bit means something.
const HAS_IS_REMOTE: u32 = 0x100;
/// `SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK`: the parent is in another process.
const IS_REMOTE: u32 = 0x200;

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::trace::v1::{ScopeSpans, Span};
    use prost::Message;

    use crate::call::*;
    use crate::cost::{Cost, CostSource};
    use crate::otlp::length::MAX_LENGTH;
    use crate::signal::convention::Vocabulary;
    use crate::signal::convention::gen_ai::Version;
    use crate::signal::convention::llm::Settings;
    use crate::signal::testing::bare_call;
    use crate::signal::{self, Conventions};
    use crate::time::UnixNanos;
    use crate::trace_context::{Position, SpanContext, SpanId, TraceFlags, TraceId, TraceState};

    fn root() -> Position {
        Position::root(TraceId::from_bytes([0xab; 16]), SpanId::from_bytes([0xcd; 8]), true)
    }

    /// The call's span, appended; how many values are not whole.
    fn encode(call: &Call, position: &Position, out: &mut Vec<u8>) -> u32 {
        super::encode(&signal::Span::new(call, position, &Conventions::default()), out)
    }

    /// The span as a collector decodes it.
    fn decoded(call: &Call, position: &Position) -> Span {
        let mut bytes = Vec::new();
        encode(call, position, &mut bytes);
        let mut scope = ScopeSpans::decode(bytes.as_slice()).unwrap();
        assert_eq!(scope.encode_to_vec(), bytes, "in order and in the shortest form");
        scope.spans.remove(0)
    }

    #[test]
    fn encodes_a_root_span() {
        let span = decoded(&bare_call(), &root());
        assert_eq!(span.trace_id, [0xab; 16]);
        assert_eq!(span.span_id, [0xcd; 8]);
        assert_eq!((span.parent_span_id.as_slice(), span.trace_state.as_str()), ([].as_slice(), ""));
        assert_eq!((span.name.as_str(), span.kind), ("chat", 3));
        assert_eq!(span.start_time_unix_nano, 1_700_000_000_000_000_000);
        assert_eq!(span.end_time_unix_nano, 1_700_000_002_000_000_000);
        assert_eq!(span.flags, 0x103, "sampled, random id, parent known not to be remote");
        assert_eq!(span.status, None);
        assert_eq!(span.attributes[0].key, "gen_ai.operation.name");
    }

    #[test]
    fn encodes_a_child_span() {
        let state = TraceState::parse("vendor=x").unwrap();
        let (trace, parent) = (TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]));
        let client = SpanContext::new(trace, parent, TraceFlags::SAMPLED, true, state);
        let span = decoded(&bare_call(), &Position::child_of(client, SpanId::from_bytes([3; 8])));
        assert_eq!((span.trace_id, span.parent_span_id, span.span_id), (vec![1; 16], vec![2; 8], vec![3; 8]));
        assert_eq!(span.trace_state, "vendor=x");
        assert_eq!(span.flags, 0x301);
    }

    #[test]
    fn names_the_model() {
        let mut call = bare_call();
        for model in ["gpt-4o", "m\u{f6}del", &"long".repeat(100)] {
            call.request.model = Some(model.to_owned());
            assert_eq!(decoded(&call, &root()).name, format!("chat {model}"));
        }
    }

    #[test]
    fn tells_an_error_by_its_status() {
        let mut call = bare_call();
        call.error = Some(ErrorFacts { kind: "429".into(), code: Some("rate_limit_exceeded".into()) });
        let status = decoded(&call, &root()).status.unwrap();
        assert_eq!((status.code, status.message.as_str()), (2, "rate_limit_exceeded"));
        call.error = Some(ErrorFacts { kind: "timeout".into(), code: None });
        assert_eq!(decoded(&call, &root()).status.unwrap().message, "");
    }

    #[test]
    fn encodes_what_happened_within_it() {
        let mut call = bare_call();
        call.response.status = Some(429);
        call.response.retry_after = Some(7);
        call.timing.response_start = Some(UnixNanos(1_700_000_000_500_000_000));
        let [event] = decoded(&call, &root()).events.try_into().unwrap();
        assert_eq!(event.name, "inferspan.rate_limited");
        assert_eq!(event.time_unix_nano, 1_700_000_000_500_000_000);
        let [retry_after] = event.attributes.try_into().unwrap();
        assert_eq!(retry_after.key, "inferspan.ratelimit.retry_after");
    }

    /// A call in which every text is that long, every list has that many entries, and no number is small.
    #[allow(clippy::needless_update, reason = "whether there are other fields depends on the struct")]
    fn full_call(text: usize, entries: usize) -> Call {
        let text = |letter: &str| Some(letter.repeat(text));
        let texts = |letter: &str| vec![text(letter).unwrap(); entries];
        let (most, negative, double) = (Some(u64::MAX), Some(-1), Some(0.1));
        let after = |millis: u64| Some(UnixNanos(1_700_000_000_000_000_000 + millis));
        let mut call = bare_call();
        call.operation = Operation::Embeddings;
        call.provider = text("p").unwrap().into();
        call.server = Server { address: text("s").unwrap(), port: Some(65_535) };
        call.client = ClientFacts {
            sdk_name: text("n"),
            sdk_version: text("v"),
            retry_count: Some(u32::MAX),
            baggage: (0..16).map(|n| (format!("{n:032}"), text("b").unwrap())).collect(),
        };
        call.proxy = ProxyFacts {
            cluster: text("c"),
            route: text("r"),
            attempt_count: most,
            upstream_address: text("a"),
        };
        call.request = Request {
            model: text("m"),
            stream: Some(true),
            temperature: double,
            top_p: double,
            top_k: Some(1e15),
            max_tokens: negative,
            seed: negative,
            presence_penalty: double,
            frequency_penalty: double,
            stop_sequences: texts("s"),
            choice_count: most,
            message_count: most,
            tool_count: most,
            tool_names: texts("t"),
            reasoning_level: text("r"),
            thinking_budget: negative,
            output_type: Some("speech"),
            service_tier: text("s"),
            dimensions: most,
            encoding_formats: texts("e"),
            prompt_name: text("p"),
            prompt_version: text("v"),
            session_id: text("s"),
            guardrail_id: text("g"),
            body_bytes: u64::MAX,
            ..Request::default()
        };
        call.response = Response {
            status: Some(599),
            id: text("i"),
            model: text("m"),
            finish_reasons: texts("f"),
            tool_calls: vec![ToolCall { id: text("i"), name: text("n") }; entries],
            service_tier: text("s"),
            system_fingerprint: text("f"),
            conversation_id: text("c"),
            previous_response_id: text("p"),
            provider_request_id: text("r"),
            upstream_provider: text("u"),
            cache_status: text("c"),
            ratelimit_remaining_requests: Some(i64::MAX),
            ratelimit_remaining_tokens: Some(i64::MAX),
            ratelimit_limit_requests: Some(i64::MAX),
            ratelimit_limit_tokens: Some(i64::MAX),
            retry_after: most,
            body_bytes: u64::MAX,
            ..Response::default()
        };
        call.usage = Usage {
            input_tokens: most,
            output_tokens: most,
            cache_read_tokens: most,
            cache_write_tokens: most,
            cache_write_1h_tokens: most,
            reasoning_tokens: most,
            input_audio_tokens: most,
            output_audio_tokens: most,
            input_image_tokens: most,
            output_image_tokens: most,
            input_text_tokens: most,
            output_text_tokens: most,
            cache_read_text_tokens: most,
            cache_read_audio_tokens: most,
            cache_read_image_tokens: most,
            cost: Some(Cost {
                usd: 1.5,
                input_usd: double,
                output_usd: double,
                source: CostSource::Configuration,
                exceeded_usd: double,
            }),
            ..Usage::default()
        };
        call.error = Some(ErrorFacts { kind: text("k").unwrap(), code: text("c") });
        call.stream = Some(StreamFacts {
            messages: u64::MAX,
            content_events: u64::MAX,
            gap_count: u64::MAX,
            gap_max: u64::MAX,
            ..StreamFacts::default()
        });
        call.timing.first_byte = after(1);
        call.timing.first_token = after(2);
        call.timing.first_reasoning = after(3);
        call.timing.first_visible = after(4);
        call.losses = Losses {
            malformed_messages: 1,
            damaged_frames: 1,
            undecoded_bodies: 1,
            mislabelled_bodies: 1,
            unread_bodies: 1,
            truncated_values: 1,
            dropped_values: 1,
            ..Losses::default()
        };
        call
    }

    /// The keys of the attributes, in their order.
    fn keys(span: &Span) -> Vec<&str> {
        span.attributes.iter().map(|attribute| attribute.key.as_str()).collect()
    }

    #[test]
    fn no_span_is_longer_than_its_bound_and_none_lacks_an_attribute() {
        let all = decoded(&full_call(1, 1), &root());
        for (text, entries) in [(64, 16), (256, 128), (100_000, 1), (1, 100_000), (10_000, 1_000)] {
            let mut bytes = Vec::new();
            let cut = encode(&full_call(text, entries), &root(), &mut bytes);
            assert!(bytes.len() <= MAX_LENGTH, "{text} {entries}: {}", bytes.len());
            assert!(cut > 1, "{text} {entries}");
            let span = ScopeSpans::decode(bytes.as_slice()).unwrap().spans.remove(0);
            assert_eq!(keys(&span), keys(&all), "{text} {entries}");
        }
    }

    #[test]
    fn no_span_is_longer_in_whatever_vocabularies() {
        use Vocabulary::{GenAi, Llm, OpenInference};
        let (one, all) = (
            &[Version::V1_42Dev][..],
            &[Version::V1_36, Version::V1_41, Version::V1_42Dev, Version::Next][..],
        );
        for (vocabularies, versions, most) in [
            (&[GenAi][..], all, 6144),
            (&[Llm], one, 6144),
            (&[OpenInference], one, 12288),
            (&[GenAi, OpenInference], one, 12288),
            (&[OpenInference, Llm, GenAi], all, 12288),
        ] {
            let settings = Settings { providers: vec!["p".repeat(100); 100], ..Settings::default() };
            let conventions = Conventions::new(vocabularies, versions, settings);
            for (text, entries) in [(64, 16), (256, 128), (28, 1), (1, 1)] {
                let mut call = full_call(text, entries);
                call.operation = Operation::Chat;
                let (part, most_usd) = (Some(0.1), Some(0.1));
                let cost =
                    Cost { input_usd: part, output_usd: part, exceeded_usd: most_usd, ..Cost::reported(0.1) };
                call.usage.cost = Some(cost);
                let mut bytes = Vec::new();
                let _ = super::encode(&signal::Span::new(&call, &root(), &conventions), &mut bytes);
                assert!(bytes.len() <= most, "{vocabularies:?} {text} {entries}: {}", bytes.len());
            }
        }
    }

    #[test]
    fn many_tools_leave_the_rest_of_a_span_whole() {
        let mut call = bare_call();
        let model = "ft:gpt-4o-mini-2024-07-18:acme-corporation:customer-support:9qXyZ12AbCd";
        call.request.model = Some(model.to_owned());
        call.request.tool_names = (0..96).map(|n| format!("{n:064}")).collect();
        let mut bytes = vec![7; 10];
        let cut = encode(&call, &root(), &mut bytes);
        assert_eq!(bytes[..10], [7; 10], "what stood before stays");
        assert!(bytes.len() <= MAX_LENGTH + 10);
        assert_eq!(cut, 80, "names beyond the sixteenth");
        let span = ScopeSpans::decode(&bytes[10..]).unwrap().spans.remove(0);
        assert_eq!(span.name, format!("chat {model}"));
        let told = span.attributes.iter().find(|a| a.key == "inferspan.losses").expect("the span tells");
        assert!(format!("{told:?}").contains("truncated_values"));
    }

    #[test]
    fn a_span_of_usual_length_is_left_as_it_is() {
        let mut call = bare_call();
        call.request.tool_names = (0..40).map(|n| format!("{n:050}")).collect();
        assert_eq!(encode(&call, &root(), &mut Vec::new()), 0);
    }

    #[test]
    fn a_trace_state_that_is_too_long_is_left_out_whole() {
        let members: Vec<_> = (0..24).map(|n| format!("k{n}={}", "v".repeat(250))).collect();
        let state = TraceState::parse(&members.join(",")).unwrap();
        let (trace, parent) = (TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]));
        let client = SpanContext::new(trace, parent, TraceFlags::SAMPLED, true, state);
        let position = Position::child_of(client, SpanId::from_bytes([3; 8]));
        let mut bytes = Vec::new();
        let cut = encode(&bare_call(), &position, &mut bytes);
        let span = ScopeSpans::decode(bytes.as_slice()).unwrap().spans.remove(0);
        assert_eq!((span.trace_state.as_str(), cut), ("", 1));
    }

    #[test]
    fn never_ends_before_it_starts() {
        let mut call = bare_call();
        call.timing.end = UnixNanos(5);
        let span = decoded(&call, &root());
        assert_eq!(span.end_time_unix_nano, span.start_time_unix_nano);
    }
}
