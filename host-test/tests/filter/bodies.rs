//! Bodies as Envoy hands them over: large pieces, several streams at a time in several codings, and when things were seen.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use host_test::rig::span::Span;
use host_test::sim::{Break, Close, Headers, Pieces, Script};

use crate::framing;
use crate::world::{flushed, proxy, span_of};

/// Bytes that the filter reads of a body at a time.
const PIECE: usize = 128 << 10;

/// A call whose request and answer take this many bytes each, and say the most at their ends.
fn padded(size: usize) -> Script {
    let fill = |begin: &str, end: &str| {
        let mut body = begin.as_bytes().to_vec();
        body.resize(size - end.len(), b'x');
        body.extend(end.bytes());
        body
    };
    let mut script = framing::json().whole;
    script.request.body = fill(r#"{"messages":[{"role":"user","content":""#, r#""}],"model":"gpt-4o"}"#);
    script.response.body = fill(
        r#"{"id":"chatcmpl-1","choices":[{"index":0,"message":{"role":"assistant","content":""#,
        r#""},"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":7}}"#,
    );
    script
}

#[test]
fn a_large_piece_is_read_to_its_last_byte() {
    for size in [PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 1, 5 * PIECE + 77] {
        let span = span_of(&padded(size));
        assert_eq!(span.text("gen_ai.request.model"), Some("gpt-4o"), "{size}");
        assert_eq!(span.int("gen_ai.usage.output_tokens"), Some(7), "{size}");
        assert_eq!(span.int("inferspan.request.body_size"), Some(size as i64));
        assert_eq!(span.int("inferspan.response.body_size"), Some(size as i64));
        assert_eq!(span.texts("inferspan.losses"), [""; 0]);
    }
}

#[test]
fn a_large_piece_is_never_in_the_filters_memory_as_a_whole() {
    let mut proxy = proxy().memory_limit(4 << 20).start().unwrap();
    proxy.run(&padded(32 << 20)).unwrap();
    let span = flushed(&mut proxy).unwrap().remove(0);
    assert_eq!(span.int("gen_ai.usage.output_tokens"), Some(7));
}

/// A plain text in a coding.
struct Coding {
    name: &'static str,
    encode: fn(&[u8]) -> Vec<u8>,
}

const CODINGS: [Coding; 5] = [
    Coding { name: "identity", encode: <[u8]>::to_vec },
    Coding {
        name: "gzip",
        encode: |plain| written(GzEncoder::new(Vec::new(), Compression::default()), plain, GzEncoder::finish),
    },
    Coding {
        name: "deflate",
        encode: |plain| {
            written(ZlibEncoder::new(Vec::new(), Compression::default()), plain, ZlibEncoder::finish)
        },
    },
    Coding {
        name: "br",
        encode: |plain| {
            let mut coded = Vec::new();
            brotli::BrotliCompress(&mut &*plain, &mut coded, &Default::default()).unwrap();
            coded
        },
    },
    Coding { name: "zstd", encode: |plain| zstd::encode_all(plain, 3).unwrap() },
];

fn written<E: Write>(mut encoder: E, plain: &[u8], finish: fn(E) -> std::io::Result<Vec<u8>>) -> Vec<u8> {
    encoder.write_all(plain).unwrap();
    finish(encoder).unwrap()
}

/// What an exchange says, but for its times, and its size, which is that of the coded bytes.
fn facts(span: &Span) -> Vec<(String, String)> {
    let told = |key: &String| !["time", "gap", "body_size"].iter().any(|part| key.contains(part));
    let facts = span.attributes.iter().filter(|(key, _)| told(key));
    facts.map(|(key, value)| (key.clone(), format!("{value:?}"))).collect()
}

#[test]
fn coded_streams_side_by_side_in_one_vm_do_not_mix() {
    let mut scripts = Vec::new();
    let mut expected = Vec::new();
    for (number, framing) in framing::all().into_iter().enumerate() {
        let plain = facts(&span_of(&framing.whole));
        for (at, coding) in CODINGS.iter().enumerate() {
            let seed = (10 * number + at) as u64;
            // Each has an id of its own, so that what is told of one cannot be taken for another's.
            let model = format!("gpt-{number}-{at}");
            let mut script = framing.whole.clone().response_pieces(Pieces::random(seed));
            script.request.body = String::from_utf8(script.request.body)
                .unwrap()
                .replacen("\"messages\"", &format!("\"user\":\"{model}\",\"messages\""), 1)
                .into_bytes();
            let request_coding = &CODINGS[(at + 1) % CODINGS.len()];
            script.request.body = (request_coding.encode)(&script.request.body);
            script.response.body = (coding.encode)(&script.response.body);
            scripts.push(
                script
                    .request_header("content-encoding", request_coding.name)
                    .response_header("content-encoding", coding.name)
                    .request_header(
                        "traceparent",
                        format!("00-{:032x}-00000000000000aa-01", scripts.len() + 1),
                    ),
            );
            expected.push((format!("{} in {}", framing.name, coding.name), plain.clone()));
        }
    }
    let mut proxy = proxy().start().unwrap();
    proxy.run_interleaved(&scripts).unwrap();
    let spans = flushed(&mut proxy).unwrap();
    assert_eq!(spans.len(), scripts.len());
    for (number, (what, plain)) in expected.iter().enumerate() {
        let id = format!("{:032x}", number + 1);
        let span = spans.iter().find(|span| span.trace_id == id).unwrap();
        assert_eq!(facts(span), *plain, "{what}");
    }
}

/// The script at ten milliseconds a step.
fn slowly(script: &Script) -> Span {
    span_of(&script.clone().pace(Duration::from_millis(10)))
}

/// From the span's start to its end.
fn millis(span: &Span) -> u128 {
    span.duration().as_millis()
}

#[test]
fn times_are_measured_to_what_they_are_named_after() {
    // Steps: request headers at 0, body at 10; answer's headers at 20, first event at 30, and so on.
    let sse = framing::sse();
    let events: Vec<_> = [sse.beginning - 20, sse.beginning].to_vec();
    let span = slowly(&sse.whole.clone().response_pieces(Pieces::at(events)));
    assert_eq!(span.start, 1_735_689_600_000_000_000, "the host's clock begins with the year 2025");
    assert_eq!(millis(&span), 50);
    assert_eq!(span.double("inferspan.time_to_first_byte"), Some(0.03));
    assert_eq!(
        span.double("gen_ai.response.time_to_first_chunk"),
        Some(0.04),
        "the event is whole with its second piece"
    );

    let span = slowly(&framing::json().whole);
    assert_eq!((millis(&span), span.double("inferspan.time_to_first_byte")), (30, Some(0.03)));
    assert_eq!(span.double("gen_ai.response.time_to_first_chunk"), None, "no stream");
}

#[test]
fn a_span_ends_with_the_last_byte_or_what_broke_it_off() {
    let sse = framing::sse();
    let whole = &sse.whole;
    let trailers = || Headers::from([("x-checksum", "1")]);
    for (script, end) in [
        (whole.clone(), 30),
        (whole.clone().response_close(Close::EmptyPiece), 40),
        (whole.clone().response_close(Close::Trailers(trailers())), 40),
        (whole.clone().response_close(Close::EmptyPieceAndTrailers(trailers())), 50),
        (whole.clone().respond(401, "text/plain", ""), 20),
        (whole.clone().breaks(Break::ClientLeaves, sse.beginning), 40),
        (whole.clone().breaks_before_response(Break::TimesOut), 20),
    ] {
        assert_eq!(millis(&slowly(&script)), end, "{script:?}");
    }
}

#[test]
fn the_longest_pause_between_two_tokens_is_told() {
    let word = |text: &str| {
        format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":null}}]}}\n\n"
        )
    };
    let words = [word("a"), word("b"), ": waiting\n\n".to_owned(), word("c")];
    let ends: Vec<_> = words
        .iter()
        .scan(0, |end, word| {
            *end += word.len();
            Some(*end)
        })
        .collect();
    let done =
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let script = framing::sse()
        .whole
        .respond(200, "text/event-stream", words.concat() + done)
        .response_pieces(Pieces::at(ends));
    let span = slowly(&script);
    assert_eq!(span.double("inferspan.stream.max_gap"), Some(0.02));
    assert_eq!(span.int("inferspan.stream.content_events"), Some(3));
    assert_eq!(span.int("inferspan.stream.messages"), Some(4));
}
