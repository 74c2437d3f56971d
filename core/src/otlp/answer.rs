//! What a collector's answer to an export means.

use super::proto::{Value, read_field};
use crate::time::UnixNanos;

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The collector has it, save `rejected` spans that it will not take.
    Accepted {
        /// Spans that the answer's `partial_success` rejects.
        rejected: u64,
    },
    /// It may be sent again, not before `retry_after` where one is given.
    Retry {
        /// Nanoseconds to wait, from the answer's `Retry-After`.
        retry_after: Option<u64>,
    },
    /// The collector will never take it.
    Refused,
}

/// The verdict of an answer: by the OTLP/HTTP specification 429, 502, 503, 504 and no answer at all may be tried
/// again, any other error may not.
#[must_use]
pub fn verdict(status: Option<u16>, retry_after: Option<&[u8]>, body: &[u8], now: UnixNanos) -> Verdict {
    match status {
        Some(200..=299) => Verdict::Accepted { rejected: rejected_spans(body) },
        None | Some(429 | 502..=504) => {
            Verdict::Retry { retry_after: retry_after.and_then(|v| parse_retry_after(v, now)) }
        }
        Some(_) => Verdict::Refused,
    }
}

/// `ExportTraceServiceResponse.partial_success.rejected_spans`; 0 where the body does not say so.
fn rejected_spans(body: &[u8]) -> u64 {
    let Some(Value::Bytes(partial_success)) = field(body, PARTIAL_SUCCESS) else { return 0 };
    match field(partial_success, REJECTED_SPANS) {
        // An int64: negative counts are nonsense.
        Some(Value::Varint(rejected)) if rejected <= i64::MAX as u64 => rejected,
        _ => 0,
    }
}

fn field(mut message: &[u8], wanted: u64) -> Option<Value<'_>> {
    while let Some((number, value, rest)) = read_field(message) {
        if number == wanted {
            return Some(value);
        }
        message = rest;
    }
    None
}

/// `Retry-After` (RFC 9110 §10.2.3), as nanoseconds from now: seconds, or a date.
fn parse_retry_after(value: &[u8], now: UnixNanos) -> Option<u64> {
    let text = std::str::from_utf8(value).ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(seconds.saturating_mul(NANOS_PER_SECOND));
    }
    let date = httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(date.as_secs().saturating_mul(NANOS_PER_SECOND).saturating_sub(now.0))
}

const PARTIAL_SUCCESS: u64 = 1;
const REJECTED_SPANS: u64 = 1;
const NANOS_PER_SECOND: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::trace::v1::{
        ExportTracePartialSuccess, ExportTraceServiceResponse,
    };
    use prost::Message;

    use super::*;

    const NOW: UnixNanos = UnixNanos(1_700_000_000_000_000_000);

    #[test]
    fn a_success_may_reject_spans() {
        let answer = |rejected_spans| {
            let partial_success =
                Some(ExportTracePartialSuccess { rejected_spans, error_message: "no such tenant".into() });
            ExportTraceServiceResponse { partial_success }.encode_to_vec()
        };
        assert_eq!(verdict(Some(200), None, &answer(3), NOW), Verdict::Accepted { rejected: 3 });
        assert_eq!(verdict(Some(200), None, &answer(-3), NOW), Verdict::Accepted { rejected: 0 });
        for body in [b"".as_slice(), b"{\"partialSuccess\":{}}", &[0x0a, 0xff]] {
            assert_eq!(verdict(Some(202), None, body, NOW), Verdict::Accepted { rejected: 0 });
        }
    }

    #[test]
    fn tells_what_may_be_tried_again() {
        for status in [None, Some(429), Some(502), Some(503), Some(504)] {
            assert_eq!(verdict(status, None, b"", NOW), Verdict::Retry { retry_after: None }, "{status:?}");
        }
        for status in [Some(301), Some(400), Some(401), Some(404), Some(408), Some(413), Some(500), Some(501)]
        {
            assert_eq!(verdict(status, Some(b"1"), b"", NOW), Verdict::Refused, "{status:?}");
        }
    }

    #[test]
    fn honours_retry_after() {
        for (value, seconds) in [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("Tue, 14 Nov 2023 22:13:50 GMT", Some(30)),
            ("Tue, 14 Nov 2023 22:13:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
            ("1.5", None),
            ("", None),
        ] {
            let retry_after = seconds.map(|s: u64| s * NANOS_PER_SECOND);
            let verdict = verdict(Some(503), Some(value.as_bytes()), b"", NOW);
            assert_eq!(verdict, Verdict::Retry { retry_after }, "{value:?}");
        }
        let too_many = verdict(Some(429), Some(b"Tue, 14 Nov 2023 22:14:20 GMT"), b"", NOW);
        assert_eq!(too_many, Verdict::Retry { retry_after: Some(60 * NANOS_PER_SECOND) });
        let endless = verdict(Some(503), Some(b"18446744073709551615"), b"", NOW);
        assert_eq!(endless, Verdict::Retry { retry_after: Some(u64::MAX) });
    }
}
