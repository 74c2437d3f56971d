//! One log event → its protobuf bytes.

use super::length::{most_of, within_length};
use super::proto::{Attributes, Bounds, Writer};
use crate::signal::LogEvent;
use crate::time::UnixNanos;
use crate::trace_context::SpanContext;

/// Appends the event as a field `ScopeLogs.log_records`, tag and all. It belongs to the span of that context, and
/// was seen then. How many values are not whole, so that it keeps within its length.
#[must_use]
pub fn encode(event: &LogEvent<'_>, context: &SpanContext, seen: UnixNanos, out: &mut Vec<u8>) -> u32 {
    let most = most_of(event.is_wide()).saturating_add(event.content_room());
    within_length(out, most, |bounds, out| write(event, context, seen, bounds, out))
}

fn write(
    event: &LogEvent<'_>,
    context: &SpanContext,
    seen: UnixNanos,
    bounds: Bounds,
    out: &mut Vec<u8>,
) -> u32 {
    let mut cut = 0;
    Writer::new(out).message(LOG_RECORDS, |w| {
        w.fixed64(TIME, event.time().0);
        let severity = event.severity();
        if severity.number() > 0 {
            w.varint(SEVERITY_NUMBER, severity.number());
            w.bytes(SEVERITY_TEXT, severity.text().as_bytes());
        }
        let mut attributes = Attributes::bounded(w, ATTRIBUTES, bounds);
        event.attributes(&mut attributes);
        cut = attributes.cut();
        w.fixed32(FLAGS, u32::from(context.trace_flags().to_u8()));
        w.bytes(TRACE_ID, &context.trace_id().to_bytes());
        w.bytes(SPAN_ID, &context.span_id().to_bytes());
        w.fixed64(OBSERVED_TIME, seen.0);
        w.bytes(EVENT_NAME, event.name().as_bytes());
    });
    cut
}

/// Field of `ScopeLogs`.
const LOG_RECORDS: u32 = 2;
/// Fields of `LogRecord`.
const TIME: u32 = 1;
const SEVERITY_NUMBER: u32 = 2;
const SEVERITY_TEXT: u32 = 3;
const ATTRIBUTES: u32 = 6;
const FLAGS: u32 = 8;
const TRACE_ID: u32 = 9;
const SPAN_ID: u32 = 10;
const OBSERVED_TIME: u32 = 11;
const EVENT_NAME: u32 = 12;

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::logs::v1::{LogRecord, ScopeLogs};
    use prost::Message;

    use super::super::length::MAX_LENGTH;
    use super::*;
    use crate::call::{Call, ErrorFacts};
    use crate::signal::Conventions;
    use crate::signal::log::LogKind;
    use crate::signal::testing::bare_call;
    use crate::trace_context::{SpanId, TraceFlags, TraceId, TraceState};

    /// The call's log events of that kind, as a collector decodes them, and the length of them all.
    fn decoded(call: &Call, kind: LogKind) -> (Vec<LogRecord>, usize) {
        let conventions = Conventions::default().with_logs(vec![kind]);
        let (trace, span) = (TraceId::from_bytes([0xab; 16]), SpanId::from_bytes([0xcd; 8]));
        let context = SpanContext::new(trace, span, TraceFlags::SAMPLED, false, TraceState::NONE);
        let mut bytes = Vec::new();
        conventions.logs(call, &mut |event| {
            let _ = encode(event, &context, UnixNanos(1_700_000_003_000_000_000), &mut bytes);
        });
        let scope = ScopeLogs::decode(bytes.as_slice()).unwrap();
        assert_eq!(scope.encode_to_vec(), bytes, "in order and in the shortest form");
        (scope.log_records, bytes.len())
    }

    #[test]
    fn encodes_a_failure() {
        let mut call = bare_call();
        assert_eq!(decoded(&call, LogKind::Exceptions).0, [], "nothing failed");
        call.error = Some(ErrorFacts { kind: "429".into(), code: Some("rate_limit_exceeded".into()) });
        let (mut records, _) = decoded(&call, LogKind::Exceptions);
        let record = records.remove(0);
        assert_eq!(
            (record.trace_id.as_slice(), record.span_id.as_slice()),
            (&[0xab; 16][..], &[0xcd; 8][..])
        );
        assert_eq!(record.event_name, "gen_ai.client.operation.exception");
        assert_eq!((record.severity_number, record.severity_text.as_str(), record.flags), (13, "WARN", 1));
        assert_eq!(record.time_unix_nano, 1_700_000_002_000_000_000);
        assert_eq!(record.observed_time_unix_nano, 1_700_000_003_000_000_000);
        assert!(record.attributes.iter().any(|attribute| attribute.key == "exception.type"));
    }

    #[test]
    fn no_record_is_longer_than_its_bound() {
        let mut call = bare_call();
        call.request.tool_names = vec!["t".repeat(500); 100];
        let (records, length) = decoded(&call, LogKind::InferenceDetails);
        assert_eq!(records.len(), 1);
        assert!(length <= MAX_LENGTH, "{length}");
    }
}
