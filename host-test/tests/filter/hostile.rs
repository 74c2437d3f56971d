//! Input that nobody means well: traffic passes as it came, nothing traps, and what was not understood is
//! counted.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use host_test::sim::{Break, Pieces, Script};

use crate::framing;
use crate::world::{flushed, proxy, span_of, spans_of};

#[test]
fn header_bytes_that_are_no_utf8_pass_and_are_measured() {
    let script = framing::sse()
        .whole
        .request_header("x-binary", b"\xff\xfe\x80")
        .request_header("user-agent", b"caf\xe9/1.0")
        .response_header("x-answer", b"\x80\xff")
        .response_header("x-request-id", b"\xff-id");
    assert_eq!(span_of(&script).text("inferspan.outcome"), Some("completed"));
}

#[test]
fn gzip_is_read_at_any_cut() {
    for framing in framing::all() {
        let gzip = gzip(&framing.whole.response.body);
        let mut script = framing.whole.clone().response_header("content-encoding", "gzip");
        script.response.body = gzip;
        for pieces in [Pieces::whole(), Pieces::of(1), Pieces::of(7), Pieces::random(1)] {
            let span = span_of(&script.clone().response_pieces(pieces));
            assert_eq!(span.int("gen_ai.usage.output_tokens"), Some(7), "{}", framing.name);
        }
    }
}

#[test]
fn a_lying_encoding_costs_the_facts_and_nothing_else() {
    for coding in ["gzip", "br", "zstd", "deflate", "made-up", "gzip, gzip", ""] {
        let script = framing::json().whole.response_header("content-encoding", coding);
        let span = span_of(&script);
        assert_eq!(span.text("gen_ai.request.model"), Some("gpt-4o"), "{coding}");
    }
    // The other way round: gzip that nobody announced.
    let mut script = framing::json().whole;
    script.response.body = gzip(&script.response.body);
    assert_eq!(spans_of(&script).len(), 1);
}

#[test]
fn a_lying_content_type_costs_no_more() {
    for content_type in
        ["text/event-stream", "application/x-ndjson", "application/vnd.amazon.eventstream", "image/png", "\0"]
    {
        for framing in framing::all() {
            let script = framing.whole.clone().response_header("content-type", content_type);
            assert_eq!(spans_of(&script).len(), 1, "{} as {content_type}", framing.name);
        }
    }
}

#[test]
fn rubbish_is_counted() {
    let rubbish = "{\"a\":[[[[\"\\u12".repeat(2000);
    let script = framing::json().whole.respond(200, "application/json", rubbish);
    let mut proxy = proxy().start().unwrap();
    proxy.run(&script).unwrap();
    assert_eq!(flushed(&mut proxy).unwrap().len(), 1);
    let lost: u64 =
        proxy.counters().iter().filter(|(name, _)| name.contains("losses")).map(|(_, count)| count).sum();
    assert!(lost > 0, "{:?}", proxy.counters());
}

#[test]
fn every_byte_damaged_once() {
    for framing in framing::all() {
        for at in 0..framing.whole.response.body.len() {
            let mut script = framing.whole.clone().response_pieces(Pieces::at([at]));
            script.response.body[at] ^= 0x55;
            assert_eq!(spans_of(&script).len(), 1, "{} at {at}", framing.name);
        }
    }
}

#[test]
fn huge_bodies_pass_in_bounded_memory() {
    const MEGABYTES: usize = 100;
    let mut question = br#"{"model":"gpt-4o","messages":[{"role":"user","content":""#.to_vec();
    question.resize(MEGABYTES << 20, b'x');
    question.extend(br#""}]}"#);
    let mut script = framing::json().whole.request_pieces(Pieces::of(1 << 20));
    script.request.body = question;
    let mut proxy = proxy().memory_limit(4 << 20).start().unwrap();
    let stream = proxy.run(&script).unwrap();
    assert_eq!(proxy.exchange(stream).upstream().body.len(), script.request.body.len());
    let spans = flushed(&mut proxy).unwrap();
    assert_eq!(spans[0].text("gen_ai.request.model"), Some("gpt-4o"));
}

#[test]
fn a_gzip_bomb_stays_small() {
    const MEGABYTES: usize = 64;
    /// Per byte that comes out of the coding and is scanned.
    const INSTRUCTIONS: u64 = 100;
    let bomb = gzip(&vec![b' '; MEGABYTES << 20]);
    let mut script = framing::json().whole.response_header("content-encoding", "gzip");
    script.response.body = bomb;
    let fuel = (MEGABYTES << 20) as u64 * INSTRUCTIONS;
    let mut proxy = proxy().memory_limit(4 << 20).fuel(fuel).start().unwrap();
    proxy.run(&script).unwrap();
    assert_eq!(flushed(&mut proxy).unwrap().len(), 1);
}

#[test]
fn what_is_no_call_makes_no_record() {
    let plain = Script::post("/checkout", r#"{"model":"bicycle"}"#).respond(200, "application/json", "{}");
    let models = Script::new(
        [(":method", "GET"), (":authority", "api.openai.com"), (":path", "/v1/models")],
        "",
        [(":status", "200")],
        "{}",
    );
    let broken = Script::new([("x", "y")], "", [("x", "y")], "").breaks(Break::ClientLeaves, 0);
    for script in [plain, models, broken] {
        assert_eq!(spans_of(&script).len(), 0);
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
