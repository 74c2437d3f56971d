//! Recorded exchanges through the filter.

use std::time::{Duration, Instant};

use host_test::sim::{Recorded, RecordedResponse};

use crate::framing;
use crate::world::{proxy, spans};

#[test]
fn a_recorded_exchange_keeps_its_times() {
    let script = framing::sse().whole;
    let (request, response) = (&script.request, &script.response);
    let at = Duration::from_millis;
    let (first, second) = response.body.split_at(200);
    let recorded = Recorded {
        request: request.headers.clone(),
        request_pieces: vec![(at(0), request.body.as_slice())],
        response: Some(RecordedResponse {
            headers: response.headers.clone(),
            after: at(300),
            pieces: vec![(at(400), first), (at(900), second)],
            end: at(1000),
        }),
    };
    let begin = Duration::from_secs(1_700_000_000);
    let callouts = proxy().now(begin).start().unwrap().replay(&recorded).unwrap();
    let spans: Vec<_> = callouts.iter().flat_map(spans).collect();
    assert_eq!(spans.len(), 1);
    assert_eq!(u128::from(spans[0].start), begin.as_nanos());
    assert_eq!(spans[0].duration(), at(1000));
    assert_eq!(spans[0].text("inferspan.outcome"), Some("completed"));
}

#[test]
fn an_exchange_without_an_answer_is_told_as_such() {
    let script = framing::json().whole;
    let recorded = Recorded {
        request: script.request.headers.clone(),
        request_pieces: vec![(Duration::ZERO, script.request.body.as_slice())],
        response: None,
    };
    let callouts = proxy().start().unwrap().replay(&recorded).unwrap();
    let spans: Vec<_> = callouts.iter().flat_map(spans).collect();
    assert_eq!(spans[0].text("inferspan.outcome"), Some("no_response"));
}

#[test]
fn byte_by_byte_is_quick_enough_for_thousands() {
    let script = framing::sse().whole;
    let recorded = Recorded {
        request: script.request.headers.clone(),
        request_pieces: bytes(&script.request.body),
        response: Some(RecordedResponse {
            headers: script.response.headers.clone(),
            after: Duration::ZERO,
            pieces: bytes(&script.response.body),
            end: Duration::ZERO,
        }),
    };
    proxy().start().unwrap().replay(&recorded).unwrap();
    let start = Instant::now();
    proxy().start().unwrap().replay(&recorded).unwrap();
    let pieces = script.request.body.len() + script.response.body.len();
    eprintln!("{pieces} pieces of one byte: {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(1));
}

fn bytes(body: &[u8]) -> Vec<(Duration, &[u8])> {
    body.chunks(1).map(|byte| (Duration::ZERO, byte)).collect()
}
