//! What must hold of the export for any bytes, as one function each, called by the fuzz targets and by unit tests.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "asserting is what these functions are for; no filter contains them"
)]

use super::answer::Verdict;
use super::grpc::{self, Answer};
use super::gzip::gzip;
use super::json::to_json;
use super::line;
use super::outbox::Signal;
use crate::budget::Budget;
use crate::decode::{Decoder, Limits};

/// Bytes in the place of an export request: what is made of them is valid JSON, as OTLP/JSON and as lines of a log.
pub fn fuzz_otlp_json(data: &[u8]) {
    for signal in Signal::ALL {
        let json = to_json(signal, data);
        let read = serde_json::from_slice::<serde::de::IgnoredAny>(&json);
        assert!(read.is_ok(), "{read:?}: {}", String::from_utf8_lossy(&json));
    }
    line::each(data, &mut |line| {
        assert!(!line.contains('\n'), "{line}");
        let read = serde_json::from_str::<serde::de::IgnoredAny>(line);
        assert!(read.is_ok(), "{read:?}: {line}");
    });
}

/// An answer of gRPC: bytes that choose HTTP's status, gRPC's status and how long the details are, then the details,
/// then the body. Where there was no answer it is tried again, and no body rejects more than a number of records says.
/// What is framed is unframed again.
pub fn fuzz_grpc(data: &[u8]) {
    let [http, status, length, rest @ ..] = data else { return };
    let (details, body) = rest.split_at(rest.len().min(usize::from(*length)));
    let status = status.to_string();
    for http_status in [None, Some(200), Some(u16::from(*http).saturating_mul(4))] {
        for status in [None, Some(status.as_bytes()), Some(details)] {
            let verdict = grpc::verdict(&Answer { http_status, status, details: Some(details), body });
            match verdict {
                Verdict::Retry { .. } => {}
                Verdict::Refused => assert!(http_status.is_some()),
                Verdict::Accepted { rejected } => {
                    assert!(http_status.is_some() && rejected <= i64::MAX as u64);
                }
            }
        }
    }
    let framed = grpc::frame(body, false);
    assert_eq!(grpc::message(&framed).as_deref(), Some(body));
}

/// Bytes of an export: compressed, they are read back.
pub fn fuzz_gzip_writer(data: &[u8]) {
    let limits = Limits { output: u64::MAX, work: u64::MAX, ..Limits::RESPONSE };
    let mut gunzip = Decoder::new([b"gzip".as_slice()], limits, &Budget::default()).expect("a known coding");
    let mut plain = Vec::new();
    gunzip.push(&gzip(data), &mut |piece| plain.extend_from_slice(piece)).expect("what we compress is gzip");
    gunzip.finish().expect("it is whole");
    assert!(plain == data, "{} bytes became {}", data.len(), plain.len());
}
