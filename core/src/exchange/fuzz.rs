//! What must hold of any exchange, as one function for the fuzz target and a unit test.
#![allow(clippy::panic, reason = "asserting is what this is for; no filter contains it")]

use super::{Headers, Observer};
use crate::call::{Call, End};
use crate::time::UnixNanos;

/// An exchange of any bytes gives the same call at any cut of its bodies, and no panic.
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
            exchange.finish(end, now)
        };
        let whole = observe(usize::MAX);
        for size in [1, 7, 100] {
            assert_eq!(observe(size), whole, "in pieces of {size}, {end:?}");
        }
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

    proptest! {
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
}
