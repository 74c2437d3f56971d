//! One call → one encoded span.

use super::proto::{Attributes, Writer};
use crate::call::Call;
use crate::signal::{self, Conventions};
use crate::trace_context::Position;

/// Appends the span as a field `ScopeSpans.spans`, tag and all.
pub fn encode(call: &Call, position: &Position, conventions: &Conventions, out: &mut Vec<u8>) {
    let context = &position.context;
    out.reserve(USUAL_LENGTH);
    Writer::new(out).message(SPANS, |w| {
        w.bytes(TRACE_ID, &context.trace_id().to_bytes());
        w.bytes(SPAN_ID, &context.span_id().to_bytes());
        let state = context.trace_state().header();
        if !state.is_empty() {
            w.bytes(TRACE_STATE, state.as_bytes());
        }
        if let Some(parent) = position.parent {
            w.bytes(PARENT_SPAN_ID, &parent.to_bytes());
        }
        let model = call.request.model.as_deref();
        let operation = call.operation.name();
        match model {
            Some(model) => {
                w.length_delimited(NAME, operation.len().saturating_add(model.len()).saturating_add(1));
                w.raw(operation.as_bytes());
                w.raw(b" ");
                w.raw(model.as_bytes());
            }
            None => w.bytes(NAME, operation.as_bytes()),
        }
        w.varint(KIND, KIND_CLIENT);
        w.fixed64(START_TIME, call.timing.start.0);
        w.fixed64(END_TIME, call.timing.end.0.max(call.timing.start.0));
        signal::attributes(call, conventions, &mut Attributes::new(w, ATTRIBUTES));
        if let Some(error) = &call.error {
            w.message(STATUS, |w| {
                if let Some(code) = &error.code {
                    w.bytes(STATUS_MESSAGE, code.as_bytes());
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
}

/// What most spans fit in, in bytes.
const USUAL_LENGTH: usize = 1536;
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
const STATUS: u32 = 15;
const FLAGS: u32 = 16;
/// `SPAN_KIND_CLIENT`
const KIND_CLIENT: u64 = 3;
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

    use super::*;
    use crate::call::ErrorFacts;
    use crate::signal::testing::bare_call;
    use crate::time::UnixNanos;
    use crate::trace_context::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

    fn root() -> Position {
        Position::root(TraceId::from_bytes([0xab; 16]), SpanId::from_bytes([0xcd; 8]), true)
    }

    /// The span as a collector decodes it.
    fn decoded(call: &Call, position: &Position) -> Span {
        let mut bytes = Vec::new();
        encode(call, position, &Conventions::default(), &mut bytes);
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
        let state = TraceState::from_key_value([("vendor", "x")]).unwrap();
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
    fn never_ends_before_it_starts() {
        let mut call = bare_call();
        call.timing.end = UnixNanos(5);
        let span = decoded(&call, &root());
        assert_eq!(span.end_time_unix_nano, span.start_time_unix_nano);
    }
}
