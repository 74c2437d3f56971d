//! What a collector's answer to an export means.

use super::proto::{Value, field};
use crate::cost::Date;
use crate::time::UnixNanos;

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The collector has it, save `rejected` records that it will not take.
    Accepted {
        /// Spans, data points or log records that the answer's `partial_success` rejects.
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

/// Why an export failed that may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It was not answered: the connection broke, or nothing came.
    Unanswered,
    /// Nobody serves there now: refused, overloaded, between two versions.
    Unavailable,
    /// The answer took too long.
    TimedOut,
    /// The collector wants less.
    Throttled,
}

/// Why an export failed, by the answer's HTTP status and, of gRPC, its own.
#[must_use]
pub fn failure(status: Option<u16>, grpc_status: Option<&[u8]>) -> Failure {
    match (status, grpc_status) {
        (None, _) => Failure::Unanswered,
        (Some(429), _) | (_, Some(b"8")) => Failure::Throttled,
        (Some(504), _) | (_, Some(b"4")) => Failure::TimedOut,
        _ => Failure::Unavailable,
    }
}

/// The verdict of an answer: by the OTLP/HTTP specification 429, 502, 503, 504 and no answer at all may be tried
/// again, any other error may not.
#[must_use]
pub fn verdict(status: Option<u16>, retry_after: Option<&[u8]>, body: &[u8], now: UnixNanos) -> Verdict {
    match status {
        Some(200..=299) => Verdict::Accepted { rejected: rejected(body) },
        None | Some(429 | 502..=504) => {
            Verdict::Retry { retry_after: retry_after.and_then(|v| parse_retry_after(v, now)) }
        }
        Some(_) => Verdict::Refused,
    }
}

/// How many records an answer rejects, by its `partial_success`; 0 where it does not say so. The answers to all
/// signals have the same shape.
pub(super) fn rejected(body: &[u8]) -> u64 {
    if body.first() == Some(&b'{') {
        return REJECTED_IN_JSON.iter().find_map(|key| rejected_in_json(body, key)).unwrap_or(0);
    }
    let Some((Value::Bytes(partial_success), _)) = field(body, PARTIAL_SUCCESS) else { return 0 };
    match field(partial_success, REJECTED) {
        // An int64: negative counts are nonsense.
        Some((Value::Varint(rejected), _)) if rejected <= i64::MAX as u64 => rejected,
        _ => 0,
    }
}

/// The number at `key`, a text or not. The answer holds nothing else of that name: within its message for people, a
/// quote has a backslash before it.
fn rejected_in_json(body: &[u8], key: &str) -> Option<u64> {
    let at = body.windows(key.len()).position(|window| window == key.as_bytes())?;
    let value =
        body.get(at.checked_add(key.len())?..)?.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    let value = value.strip_prefix(b"\"").unwrap_or(value);
    let end = value.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(value.get(..end)?).ok()?.parse().ok()
}

/// `Retry-After` (RFC 9110 §10.2.3), as nanoseconds from now: seconds, or a date.
fn parse_retry_after(value: &[u8], now: UnixNanos) -> Option<u64> {
    let text = std::str::from_utf8(value).ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(seconds.saturating_mul(NANOS_PER_SECOND));
    }
    Some(parse_date(text)?.0.saturating_sub(now.0))
}

/// A date as HTTP writes it now (RFC 9110 §5.6.7): `Tue, 14 Nov 2023 22:13:50 GMT`.
fn parse_date(text: &str) -> Option<UnixNanos> {
    let (_, date) = text.strip_suffix(" GMT")?.split_once(", ")?;
    let mut fields = date.split(' ');
    let (day, month, year, time) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let month = MONTHS.iter().position(|name| *name == month)?.saturating_add(1);
    let day = Date::parse(&format!("{year}-{month:02}-{day}"))?;
    let seconds = time.split(':').try_fold(0_u64, |sum, part| {
        let part = part.parse::<u64>().ok().filter(|part| *part < 60)?;
        Some(sum.saturating_mul(60).saturating_add(part))
    })?;
    let is_whole = time.len() == "22:13:50".len() && fields.next().is_none();
    is_whole.then(|| UnixNanos(day.begin().0.saturating_add(seconds.saturating_mul(NANOS_PER_SECOND))))
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const PARTIAL_SUCCESS: u64 = 1;
const REJECTED: u64 = 1;
const REJECTED_IN_JSON: [&str; 3] = ["\"rejectedSpans\"", "\"rejectedDataPoints\"", "\"rejectedLogRecords\""];
const NANOS_PER_SECOND: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::logs::v1::{
        ExportLogsPartialSuccess, ExportLogsServiceResponse,
    };
    use opentelemetry_proto::tonic::collector::metrics::v1::{
        ExportMetricsPartialSuccess, ExportMetricsServiceResponse,
    };
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
    fn all_signals_reject_alike() {
        let message = || "\"rejectedSpans\": 9".to_owned();
        let metrics = ExportMetricsServiceResponse {
            partial_success: Some(ExportMetricsPartialSuccess {
                rejected_data_points: 4,
                error_message: message(),
            }),
        };
        let logs = ExportLogsServiceResponse {
            partial_success: Some(ExportLogsPartialSuccess {
                rejected_log_records: 5,
                error_message: message(),
            }),
        };
        let rejected = |body: &[u8]| verdict(Some(200), None, body, NOW);
        assert_eq!(rejected(&metrics.encode_to_vec()), Verdict::Accepted { rejected: 4 });
        assert_eq!(rejected(&logs.encode_to_vec()), Verdict::Accepted { rejected: 5 });
        assert_eq!(rejected(&serde_json::to_vec(&metrics).unwrap()), Verdict::Accepted { rejected: 4 });
        assert_eq!(rejected(&serde_json::to_vec(&logs).unwrap()), Verdict::Accepted { rejected: 5 });
    }

    #[test]
    fn a_success_in_json_may_reject_records() {
        for (body, rejected) in [
            (r#"{"partialSuccess":{"rejectedSpans":"3"}}"#, 3),
            (r#"{"partialSuccess":{"rejectedSpans":3,"errorMessage":"no"}}"#, 3),
            ("{ \"partialSuccess\" : {\n \"rejectedLogRecords\" : \"12\" } }", 12),
            (r#"{"partialSuccess":{"errorMessage":"\"rejectedSpans\":\"7\"","rejectedDataPoints":"2"}}"#, 2),
            (r#"{"partialSuccess":{"rejectedSpans":"-3"}}"#, 0),
            (r#"{"partialSuccess":{"rejectedSpans":"99999999999999999999"}}"#, 0),
            (r#"{"partialSuccess":{"rejectedSpans""#, 0),
            (r#"{"partialSuccess":{"rejectedSpans":3"#, 0),
            (r#"{"partialSuccess":{"rejectedSpans":null}}"#, 0),
            (r#"{"partialSuccess":{}}"#, 0),
            ("{}", 0),
            ("{", 0),
        ] {
            let verdict = verdict(Some(200), None, body.as_bytes(), NOW);
            assert_eq!(verdict, Verdict::Accepted { rejected }, "{body}");
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
    fn tells_why_an_export_failed() {
        for (status, grpc_status, why) in [
            (None, None, Failure::Unanswered),
            (Some(429), None, Failure::Throttled),
            (Some(502), None, Failure::Unavailable),
            (Some(503), None, Failure::Unavailable),
            (Some(504), None, Failure::TimedOut),
            (Some(200), Some("8"), Failure::Throttled),
            (Some(200), Some("4"), Failure::TimedOut),
            (Some(200), Some("14"), Failure::Unavailable),
        ] {
            assert_eq!(failure(status, grpc_status.map(str::as_bytes)), why, "{status:?} {grpc_status:?}");
        }
    }

    #[test]
    fn honours_retry_after() {
        for (value, seconds) in [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("Tue, 14 Nov 2023 22:13:50 GMT", Some(30)),
            ("Tue, 14 Nov 2023 22:13:00 GMT", Some(0)),
            ("Thu, 29 Feb 2024 00:00:00 GMT", Some(9_164_800)),
            ("Tue, 14 Nov 2023 22:13:50", None),
            ("Tue, 14 Nov 2023 22:13 GMT", None),
            ("Tue, 31 Nov 2023 22:13:50 GMT", None),
            ("Tue, 14 nov 2023 22:13:50 GMT", None),
            ("Tue, 14 Nov 2023 22:61:50 GMT", None),
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
