//! OTLP/gRPC over a plain HTTP/2 call: the frame around a request, and what the answer to it means.
//!
//! The call is `POST /<service>/Export` with `content-type: application/grpc` and `te: trailers`. How it went stands
//! in `grpc-status`, in the trailers or, where the answer has no body, in the headers. By the OTLP specification some
//! codes may be tried again; a server that asks to wait says how long in `grpc-status-details-bin`.

use std::borrow::Cow;

use super::answer::{Verdict, rejected};
use super::outbox::Signal;
use super::proto::{Value, field};
use crate::budget::Budget;
use crate::decode::{Decoder, Limits};
use crate::frame::Base64;

/// The path of a call that exports the signal.
#[must_use]
pub fn path(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    }
}

/// The message as the body of a call. `compressed`: it is, by the call's `grpc-encoding`.
#[must_use]
pub fn frame(message: &[u8], compressed: bool) -> Vec<u8> {
    let mut framed = Vec::with_capacity(message.len().saturating_add(HEAD));
    framed.push(u8::from(compressed));
    // Nothing that is sent comes near to 4 GiB.
    framed.extend(u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes());
    framed.extend_from_slice(message);
    framed
}

/// What was answered to a call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answer<'a> {
    /// HTTP status; none where there was no answer.
    pub http_status: Option<u16>,
    /// `grpc-status`: of the trailers, else of the headers.
    pub status: Option<&'a [u8]>,
    /// `grpc-status-details-bin`, from the same place.
    pub details: Option<&'a [u8]>,
    /// The body's beginning.
    pub body: &'a [u8],
}

/// The verdict of an answer.
#[must_use]
pub fn verdict(answer: &Answer<'_>) -> Verdict {
    let Some(http_status) = answer.http_status else { return Verdict::Retry { retry_after: None } };
    let code = match answer.status {
        Some(status) => {
            std::str::from_utf8(status).ok().and_then(|code| code.trim().parse().ok()).unwrap_or(UNKNOWN)
        }
        None => code_of_http(http_status),
    };
    match code {
        OK => Verdict::Accepted { rejected: message(answer.body).map_or(0, |message| rejected(&message)) },
        CANCELLED | DEADLINE_EXCEEDED | ABORTED | OUT_OF_RANGE | UNAVAILABLE | DATA_LOSS => {
            let asked = answer.details.and_then(retry_info);
            Verdict::Retry { retry_after: asked.filter(|nanos| *nanos > 0) }
        }
        // It says by its details whether it is a matter of time.
        RESOURCE_EXHAUSTED => match answer.details.and_then(retry_info) {
            Some(nanos) => Verdict::Retry { retry_after: Some(nanos).filter(|nanos| *nanos > 0) },
            None => Verdict::Refused,
        },
        _ => Verdict::Refused,
    }
}

/// What an answer that is not gRPC's means to it (gRPC's “HTTP to gRPC Status Code Mapping”).
fn code_of_http(status: u16) -> u32 {
    match status {
        400 => INTERNAL,
        401 => UNAUTHENTICATED,
        403 => PERMISSION_DENIED,
        404 => UNIMPLEMENTED,
        429 | 502..=504 => UNAVAILABLE,
        _ => UNKNOWN,
    }
}

/// The first message of a body, as far as it is there. Servers compress it as the request was, asked or not: with
/// gzip, if they do.
pub(super) fn message(body: &[u8]) -> Option<Cow<'_, [u8]>> {
    let ([compressed, length @ ..], rest) = body.split_first_chunk::<HEAD>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let message = rest.get(..length).unwrap_or(rest);
    if *compressed == 0 {
        return Some(Cow::Borrowed(message));
    }
    let limits = Limits { output: MOST_OF_ANSWER, ..Limits::RESPONSE };
    let mut plain = Vec::new();
    let mut gzip = Decoder::new([b"gzip".as_slice()], limits, &Budget::default()).ok()?;
    gzip.push(message, &mut |piece| plain.extend_from_slice(piece)).ok()?;
    Some(Cow::Owned(plain))
}

/// `RetryInfo.retry_delay` among the details of a `google.rpc.Status` in base64, as nanoseconds.
fn retry_info(details: &[u8]) -> Option<u64> {
    let (mut base64, mut status) = (Base64::default(), Vec::new());
    let mut keep = |bytes: &[u8]| status.extend_from_slice(bytes);
    base64.push(details, &mut keep).ok()?;
    base64.finish(&mut keep).ok()?;
    let mut rest = status.as_slice();
    while let Some((detail, after)) = field(rest, STATUS_DETAILS) {
        rest = after;
        let Value::Bytes(detail) = detail else { continue };
        if let Some((Value::Bytes(url), _)) = field(detail, ANY_TYPE_URL)
            && url.ends_with(RETRY_INFO)
        {
            return match field(detail, ANY_VALUE) {
                Some((Value::Bytes(retry_info), _)) => duration(retry_info),
                _ => Some(0),
            };
        }
    }
    None
}

/// Of a `RetryInfo`. No delay, and a negative one, is 0.
fn duration(retry_info: &[u8]) -> Option<u64> {
    let Some((Value::Bytes(delay), _)) = field(retry_info, RETRY_DELAY) else { return Some(0) };
    let part = |number| match field(delay, number) {
        Some((Value::Varint(value), _)) if value <= i64::MAX as u64 => value,
        _ => 0,
    };
    Some(part(SECONDS).saturating_mul(NANOS_PER_SECOND).saturating_add(part(NANOS)))
}

/// Whether it is compressed, and the length.
const HEAD: usize = 5;
/// Bytes that are looked at of an answer that is compressed.
const MOST_OF_ANSWER: u64 = 64 << 10;
/// Codes of gRPC.
const OK: u32 = 0;
const CANCELLED: u32 = 1;
const UNKNOWN: u32 = 2;
const DEADLINE_EXCEEDED: u32 = 4;
const PERMISSION_DENIED: u32 = 7;
const RESOURCE_EXHAUSTED: u32 = 8;
const ABORTED: u32 = 10;
const OUT_OF_RANGE: u32 = 11;
const UNIMPLEMENTED: u32 = 12;
const INTERNAL: u32 = 13;
const UNAVAILABLE: u32 = 14;
const DATA_LOSS: u32 = 15;
const UNAUTHENTICATED: u32 = 16;
/// Field of `google.rpc.Status`.
const STATUS_DETAILS: u64 = 3;
/// Fields of `google.protobuf.Any`.
const ANY_TYPE_URL: u64 = 1;
const ANY_VALUE: u64 = 2;
/// How the URL of the type ends.
const RETRY_INFO: &[u8] = b"/google.rpc.RetryInfo";
/// Field of `google.rpc.RetryInfo`.
const RETRY_DELAY: u64 = 1;
/// Fields of `google.protobuf.Duration`.
const SECONDS: u64 = 1;
const NANOS: u64 = 2;
const NANOS_PER_SECOND: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
    use opentelemetry_proto::tonic::collector::metrics::v1::{
        ExportMetricsPartialSuccess, ExportMetricsServiceResponse,
    };
    use proptest::prelude::*;
    use prost::Message;

    use super::*;
    use crate::otlp::fuzz::fuzz_grpc;
    use crate::otlp::gzip::gzip;

    const RETRY: Verdict = Verdict::Retry { retry_after: None };

    /// `google.rpc.Status` and what stands in it.
    #[derive(Clone, PartialEq, Message)]
    struct Status {
        #[prost(int32, tag = "1")]
        code: i32,
        #[prost(string, tag = "2")]
        message: String,
        #[prost(message, repeated, tag = "3")]
        details: Vec<Any>,
    }

    #[derive(Clone, PartialEq, Message)]
    struct Any {
        #[prost(string, tag = "1")]
        type_url: String,
        #[prost(bytes = "vec", tag = "2")]
        value: Vec<u8>,
    }

    #[derive(Clone, PartialEq, Message)]
    struct RetryInfo {
        #[prost(message, optional, tag = "1")]
        retry_delay: Option<Delay>,
    }

    #[derive(Clone, PartialEq, Message)]
    struct Delay {
        #[prost(int64, tag = "1")]
        seconds: i64,
        #[prost(int32, tag = "2")]
        nanos: i32,
    }

    fn details(delay: Option<(i64, i32)>) -> Vec<u8> {
        let retry_info = RetryInfo { retry_delay: delay.map(|(seconds, nanos)| Delay { seconds, nanos }) };
        let any =
            |name: &str, value| Any { type_url: format!("type.googleapis.com/google.rpc.{name}"), value };
        let details = vec![any("DebugInfo", vec![10, 1, b'x']), any("RetryInfo", retry_info.encode_to_vec())];
        Status { code: 14, message: "busy".into(), details }.encode_to_vec()
    }

    fn answered(status: &str) -> Answer<'_> {
        Answer { http_status: Some(200), status: Some(status.as_bytes()), ..Answer::default() }
    }

    #[test]
    fn a_message_is_framed() {
        assert_eq!(frame(b"abc", false), [0, 0, 0, 0, 3, b'a', b'b', b'c']);
        assert_eq!(frame(b"", false), [0, 0, 0, 0, 0]);
        let framed = frame(&vec![7; 70_000], true);
        assert_eq!((&framed[..5], framed.len()), ([1, 0, 1, 0x11, 0x70].as_slice(), 70_005));
    }

    #[test]
    fn a_success_may_reject_records() {
        let partial_success =
            Some(ExportMetricsPartialSuccess { rejected_data_points: 3, error_message: "no".into() });
        let message = ExportMetricsServiceResponse { partial_success }.encode_to_vec();
        let rejected = |body: &[u8]| verdict(&Answer { body, ..answered("0") });
        assert_eq!(rejected(&frame(&message, false)), Verdict::Accepted { rejected: 3 });
        assert_eq!(rejected(&frame(&gzip(&message), true)), Verdict::Accepted { rejected: 3 });
        let bomb = gzip(&vec![0; 1 << 20]);
        assert_eq!(rejected(&frame(&bomb, true)), Verdict::Accepted { rejected: 0 });
        for body in [b"".as_slice(), &[0; 3], &[0; 5], &[0, 255, 255, 255, 255, 10], &[1, 0, 0, 0, 1, 10]] {
            assert_eq!(rejected(body), Verdict::Accepted { rejected: 0 }, "{body:?}");
        }
    }

    #[test]
    fn a_compressed_answer_is_read() {
        // What the Go implementation answers to a compressed request: an empty `partial_success`.
        let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\xe2\x62\0\x04\0\0\xff\xff\x75\xfa\x36\xbb\x02\0\0\0";
        assert_eq!(message(&frame(gzip, true)).as_deref(), Some([0x0a, 0].as_slice()));
        assert_eq!(message(&frame(gzip, false)).as_deref(), Some(gzip.as_slice()));
    }

    #[test]
    fn tells_what_may_be_tried_again() {
        for code in ["1", "4", "10", "11", "14", "15"] {
            assert_eq!(verdict(&answered(code)), RETRY, "{code}");
        }
        for code in ["2", "3", "5", "6", "7", "8", "9", "12", "13", "16", "17", "-1", "x", ""] {
            assert_eq!(verdict(&answered(code)), Verdict::Refused, "{code}");
        }
        assert_eq!(verdict(&Answer::default()), RETRY, "no answer at all");
    }

    #[test]
    fn an_answer_that_is_not_grpcs_counts_by_its_http_status() {
        for (status, expected) in [
            (429, RETRY),
            (502, RETRY),
            (503, RETRY),
            (504, RETRY),
            (200, Verdict::Refused),
            (400, Verdict::Refused),
            (401, Verdict::Refused),
            (403, Verdict::Refused),
            (404, Verdict::Refused),
            (415, Verdict::Refused),
            (500, Verdict::Refused),
        ] {
            assert_eq!(
                verdict(&Answer { http_status: Some(status), ..Answer::default() }),
                expected,
                "{status}"
            );
        }
        let both = Answer { http_status: Some(503), ..answered("0") };
        assert_eq!(verdict(&both), Verdict::Accepted { rejected: 0 }, "gRPC's own status goes first");
    }

    #[test]
    fn honours_the_time_that_a_server_asks_for() {
        let retry = |code, details: &[u8]| verdict(&Answer { details: Some(details), ..answered(code) });
        let after = |retry_after| Verdict::Retry { retry_after };
        for (delay, retry_after) in [
            (Some((7, 500_000_000)), Some(7_500_000_000)),
            (Some((0, 0)), None),
            (Some((-7, 0)), None),
            (Some((i64::MAX, 0)), Some(u64::MAX)),
            (None, None),
        ] {
            let padded = BASE64_STANDARD.encode(details(delay));
            let unpadded = BASE64_STANDARD_NO_PAD.encode(details(delay));
            for code in ["8", "14"] {
                assert_eq!(retry(code, padded.as_bytes()), after(retry_after), "{delay:?}");
                assert_eq!(retry(code, unpadded.as_bytes()), after(retry_after), "{delay:?}");
            }
            assert_eq!(retry("3", padded.as_bytes()), Verdict::Refused);
        }
        let without = BASE64_STANDARD.encode(Status::default().encode_to_vec());
        for details in [without.as_str(), "", "!", "AAAA"] {
            assert_eq!(retry("8", details.as_bytes()), Verdict::Refused, "{details:?}");
            assert_eq!(retry("14", details.as_bytes()), RETRY, "{details:?}");
        }
    }

    proptest! {
        #[test]
        fn takes_any_bytes(
            http_status: Option<u16>,
            status in prop::option::of("[0-9]{1,2}|.{0,3}"),
            details in prop::collection::vec(any::<u8>(), 0..60),
            body in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let base64 = BASE64_STANDARD.encode(&details);
            fuzz_grpc(&[&[50, 8, details.len() as u8], details.as_slice(), body.as_slice()].concat());
            for details in [details.as_slice(), base64.as_bytes()] {
                let status = status.as_deref().map(str::as_bytes);
                let verdict = verdict(&Answer { http_status, status, details: Some(details), body: &body });
                prop_assert!(http_status.is_some() || verdict == RETRY);
            }
        }
    }
}
