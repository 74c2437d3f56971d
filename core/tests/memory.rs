//! What one exchange holds, counted by the allocator.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use inferspan_core::api::Overrides;
use inferspan_core::budget::Budget;
use inferspan_core::call::{Call, End, Outcome};
use inferspan_core::content::Settings;
use inferspan_core::exchange::{Exchange, Observer};
use inferspan_core::headers::Headers;
use inferspan_core::time::UnixNanos;

/// Without capture an open stream holds no more than this, where pointers have 64 bits. In a VM they have 32; what it
/// holds there, at most 4 KiB, is measured in the compiled filter (`host-test/tests/filter/limits.rs`).
const OPEN_STREAM: usize = 5 << 10;
/// … and whatever passes, no exchange ever more than this.
const ANY_EXCHANGE: usize = 64 << 10;

#[test]
fn an_open_stream_fits_in_five_kilobytes() {
    let observer = warm(CHAT);
    let held = Held::begin();
    let mut exchange = ask(&observer, CHAT, CHAT_REQUEST);
    exchange.response_headers(&Headers::new(STREAM), NOW);
    for _ in 0..200 {
        exchange.response_body(CHAT_EVENT, NOW);
    }
    let held = held.peak() + size_of::<Exchange>();
    assert!(held <= OPEN_STREAM, "{held} bytes");

    let call = exchange.finish(End::ClientGone, NOW).unwrap();
    assert_eq!(call.stream.unwrap().content_events, 200);
}

#[test]
fn an_open_stream_whose_content_is_captured_holds_sixteen_kilobytes_more() {
    let long = "long words, ".repeat(4000);
    let request =
        format!(r#"{{"model":"m","stream":true,"messages":[{{"role":"user","content":"{long}"}}]}}"#);
    let event = format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{long}\"}}}}]}}\n\n");
    let observer = capturing();
    let short = br#"data: {"choices":[{"index":0,"delta":{"content":" One"}}]}"#;
    let short = [&short[..], b"\n\n"].concat();
    for events in [&[short.as_slice(); 20_000][..], &[event.as_bytes(); 20]] {
        let held = Held::begin();
        let mut exchange = ask(&observer, CHAT, request.as_bytes());
        exchange.response_headers(&Headers::new(STREAM), NOW);
        for event in events {
            exchange.response_body(event, NOW);
        }
        let peak = held.peak() + size_of::<Exchange>();
        assert!(peak <= OPEN_STREAM + (16 << 10), "{peak} bytes");
        let content = exchange.finish(End::ClientGone, NOW).unwrap().content.unwrap();
        assert!(content.input_messages.unwrap().len() > 4000);
        assert!(content.output_messages.unwrap().len() > 1500);
    }
}

#[test]
fn captured_content_of_a_hundred_megabytes_is_not_held() {
    let padding = vec![b'A'; 1 << 20];
    let observer = capturing();
    let held = Held::begin();
    let mut exchange = observer.begin(&Headers::new(CHAT), NOW).unwrap();
    exchange.request_body(br#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,"#, NOW);
    for _ in 0..50 {
        exchange.request_body(&padding, NOW);
    }
    exchange.request_body(br#""}},{"type":"text","text":""#, NOW);
    for _ in 0..50 {
        exchange.request_body(&padding, NOW);
    }
    exchange.request_body(br#""}]}],"model":"gpt-5-mini"}"#, NOW);
    exchange.request_end(NOW);
    let call = finish(exchange);
    let peak = held.peak();
    assert!(peak <= ANY_EXCHANGE, "{peak} bytes");
    assert_eq!(call.request.model.as_deref(), Some("gpt-5-mini"));
    let told = call.content.unwrap().input_messages.unwrap();
    assert!(told.contains(r#""mime_type":"image/png","content":"","size":39321600,"#), "{told}");
}

#[test]
fn a_message_of_ten_megabytes_is_not_held() {
    let padding = vec![b'x'; 64 << 10];
    let observer = warm(CHAT);
    let held = Held::begin();
    let mut exchange = ask(&observer, CHAT, CHAT_REQUEST);
    exchange.response_headers(&Headers::new(STREAM), NOW);
    for _ in 0..10 {
        exchange.response_body(br#"data: {"id":"c-1","choices":[{"index":0,"delta":{"content":""#, NOW);
        for _ in 0..160 {
            exchange.response_body(&padding, NOW);
        }
        exchange.response_body(b"\"}}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":9}}\n\n", NOW);
    }
    let call = finish(exchange);
    let peak = held.peak();
    assert!(peak <= ANY_EXCHANGE, "{peak} bytes");
    assert_eq!((call.usage.input_tokens, call.usage.output_tokens), (Some(7), Some(9)));
    assert_eq!(call.stream.unwrap().content_events, 10);
    assert!(call.response.body_bytes > 100 << 20);
}

#[test]
fn an_answer_of_a_hundred_megabytes_is_not_held() {
    let padding = vec![b'A'; 1 << 20];
    let observer = warm(CHAT);
    let held = Held::begin();
    let mut exchange = ask(&observer, CHAT, CHAT_REQUEST);
    exchange.response_headers(&Headers::new(JSON), NOW);
    exchange.response_body(br#"{"id":"c-1","choices":[{"message":{"audio":{"data":""#, NOW);
    for _ in 0..100 {
        exchange.response_body(&padding, NOW);
    }
    exchange.response_body(br#""}},"finish_reason":"stop"}],"usage":{"prompt_tokens":7}}"#, NOW);
    let call = finish(exchange);
    let peak = held.peak();
    assert!(peak <= ANY_EXCHANGE, "{peak} bytes");
    assert_eq!((call.usage.input_tokens, call.response.finish_reasons), (Some(7), vec!["stop".to_owned()]));
}

#[test]
fn a_compressed_answer_costs_its_window() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(br#"{"id":"c-1","choices":[{"message":{"content":""#).unwrap();
    for _ in 0..20 {
        encoder.write_all(&vec![b'A'; 1 << 20]).unwrap();
    }
    encoder.write_all(br#""}}],"usage":{"prompt_tokens":7}}"#).unwrap();
    let body = encoder.finish().unwrap();

    let observer = warm(CHAT);
    let held = Held::begin();
    let mut exchange = ask(&observer, CHAT, CHAT_REQUEST);
    exchange.response_headers(&Headers::new(&[JSON, &[(b"content-encoding", b"gzip")]].concat()), NOW);
    for chunk in body.chunks(16 << 10) {
        exchange.response_body(chunk, NOW);
    }
    let call = finish(exchange);
    let peak = held.peak();
    assert!(peak <= ANY_EXCHANGE, "{peak} bytes");
    assert_eq!(call.usage.input_tokens, Some(7));
}

#[test]
fn a_request_of_a_hundred_megabytes_is_not_held() {
    let padding = vec![b'A'; 1 << 20];
    let observer = warm(CHAT);
    let held = Held::begin();
    let mut exchange = observer.begin(&Headers::new(CHAT), NOW).unwrap();
    exchange.request_body(br#"{"messages":[{"role":"user","content":""#, NOW);
    for _ in 0..100 {
        exchange.request_body(&padding, NOW);
    }
    exchange.request_body(br#""}],"model":"gpt-5-mini"}"#, NOW);
    exchange.request_end(NOW);
    let call = finish(exchange);
    let peak = held.peak();
    assert!(peak <= ANY_EXCHANGE, "{peak} bytes");
    assert_eq!(call.request.model.as_deref(), Some("gpt-5-mini"));
    assert_eq!(call.outcome, Outcome::NoResponse);
}

/// Everything that has a bound, driven beyond it.
#[test]
fn what_a_hostile_answer_makes_of_facts_is_bounded() {
    let long = "n".repeat(4096);
    let observer = warm(CHAT);
    let held = Held::begin();
    let mut exchange = ask(&observer, CHAT, CHAT_REQUEST);
    exchange.response_headers(&Headers::new(STREAM), NOW);
    for n in 0..2000 {
        let event = format!(
            "data: {{\"id\":\"{long}\",\"model\":\"{long}\",\"service_tier\":\"{n}{long}\",\"choices\":[{{\"index\":{n},\
             \"finish_reason\":\"{n}{long}\",\"delta\":{{\"tool_calls\":[{{\"index\":{n},\"id\":\"{n}{long}\",\
             \"function\":{{\"name\":\"{long}\"}}}},{{\"index\":9,\"id\":\"b{n}\"}}]}}}}]}}\n\n"
        );
        exchange.response_body(event.as_bytes(), NOW);
    }
    let call = finish(exchange);
    // The events are made here, one at a time.
    let peak = held.peak().saturating_sub(8 * long.len());
    assert!(peak <= ANY_EXCHANGE, "{peak} bytes");
    // Of 64 bytes each, 512 in all; three of 512 bytes and more, and those of a few bytes that still fit.
    assert_eq!((call.response.finish_reasons.len(), call.response.tool_calls.len()), (8, 5 + 64));
    // Choices from the 65th on; reasons; tool calls.
    assert_eq!(call.losses.dropped_values, 1936 + 56 + 59);
}

/// One message, which is held until it ends.
#[test]
fn a_message_of_many_tool_calls_is_bounded() {
    let call = many_tool_calls(1000);
    // The empty one behind them is counted, too.
    assert_eq!((call.response.tool_calls.len(), call.losses.dropped_values), (128, 873));
    assert_eq!((call.losses.excessive_bodies, call.response.finish_reasons.len()), (0, 1));
}

#[test]
fn a_message_of_countless_tool_calls_is_not_read_to_its_end() {
    let call = many_tool_calls(10_000);
    assert_eq!((call.response.tool_calls.len(), call.losses.excessive_bodies), (128, 1));
    assert_eq!(call.response.finish_reasons.len(), 0);
}

fn many_tool_calls(many: usize) -> Call {
    let observer = warm(CHAT);
    let held = Held::begin();
    let mut exchange = ask(&observer, CHAT, CHAT_REQUEST);
    exchange.response_headers(&Headers::new(JSON), NOW);
    exchange.response_body(br#"{"choices":[{"message":{"tool_calls":["#, NOW);
    for _ in 0..many {
        exchange.response_body(br#"{"id":"call_0","type":"function","function":{"name":"f"}},"#, NOW);
    }
    exchange.response_body(br#"{}]},"finish_reason":"stop"}]}"#, NOW);
    let call = finish(exchange);
    let peak = held.peak();
    assert!(peak <= ANY_EXCHANGE, "{peak} bytes");
    call
}

#[test]
fn what_a_hostile_request_makes_of_facts_is_bounded() {
    let long = "n".repeat(5000);
    let stops = format!("\"{long}\",").repeat(100);
    let tools = format!("{{\"type\":\"function\",\"function\":{{\"name\":\"{long}\"}}}},").repeat(100);
    let body = format!(
        "{{\"model\":\"{long}\",\"user\":\"{long}\",\"service_tier\":\"{long}\",\"reasoning_effort\":\"{long}\",\
         \"stop\":[{stops}0],\"tools\":[{tools}0],\"messages\":["
    );
    let observer = warm(CHAT);
    let held = Held::begin();
    let mut exchange = observer.begin(&Headers::new(CHAT), NOW).unwrap();
    exchange.request_body(body.as_bytes(), NOW);
    let peak = held.peak() + size_of::<Exchange>();
    assert!(peak <= 2 * OPEN_STREAM, "{peak} bytes");
    drop(exchange);
}

/// Streams whose decoders have as large a window as they may, and that never end.
#[test]
fn stalled_windows_are_within_the_budget() {
    const BUDGET: usize = 4 << 20;
    const STREAMS: usize = 100;
    for (coding, body) in [(b"zstd".as_slice(), zstd_spaces(400 << 10)), (b"br", br_window(20, b"{"))] {
        let budget = Budget::new(BUDGET);
        let observer = Observer::new(Overrides::default(), budget.clone());
        drop(observer.begin(&Headers::new(CHAT), NOW).unwrap());
        let held = Held::begin();
        let mut exchanges: Vec<Exchange> = (0..STREAMS)
            .map(|n| {
                let coded: (&[u8], &[u8]) = (b"content-encoding", coding);
                let mut request = CHAT.to_vec();
                let mut response = JSON.to_vec();
                if n % 2 == 0 {
                    request.push(coded)
                } else {
                    response.push(coded)
                }
                let mut exchange = observer.begin(&Headers::new(&request), NOW).unwrap();
                exchange.request_body(if n % 2 == 0 { &body } else { b"{}" }, NOW);
                exchange.response_headers(&Headers::new(&response), NOW);
                exchange.response_body(if n % 2 == 0 { b"{}" } else { &body }, NOW);
                exchange
            })
            .collect();
        // What an exchange is by itself, and where its body's window grows, the old one beside the new.
        let peak = held.peak();
        assert!(peak <= BUDGET + (1 << 20) + STREAMS * OPEN_STREAM, "{peak} bytes");
        let last = exchanges.pop().unwrap().finish(End::ClientGone, NOW).unwrap();
        assert!(last.losses.unbudgeted_bodies > 0, "{coding:?}: there is no memory left for it");
        drop(exchanges);
        assert_eq!(budget.left(), BUDGET);
        let mut exchange = observer.begin(&Headers::new(CHAT), NOW).unwrap();
        exchange.request_body(br#"{"model":"m"}"#, NOW);
        exchange.request_end(NOW);
        assert_eq!(exchange.finish(End::ClientGone, NOW).unwrap().request.model.as_deref(), Some("m"));
    }
}

/// Bad JSON, complete JSON, a coding that is damaged: nothing that reads is held any more.
#[test]
fn what_read_a_body_is_given_back_when_its_reading_is_over() {
    const STATE: usize = 16 << 10;
    let spaces = zstd_spaces(400 << 10);
    let zstd = |end: &[u8]| [spaces.as_slice(), end].concat();
    for (coding, body) in [
        (b"zstd".as_slice(), zstd(b"\x08\0\0x")),
        (b"zstd", zstd(b"\x08\0\0}")),
        (b"zstd", zstd(b"\xFF\xFF\xFF")),
        (b"br", br_window(20, b"x")),
        (b"br", br_window(20, b"{}")),
    ] {
        let budget = Budget::new(32 << 20);
        let observer = Observer::new(Overrides::default(), budget.clone());
        let coded: (&[u8], &[u8]) = (b"content-encoding", coding);
        let mut exchange = observer.begin(&Headers::new(&[CHAT, &[coded]].concat()), NOW).unwrap();
        exchange.request_body(&body, NOW);
        exchange.response_headers(&Headers::new(&[JSON, &[coded]].concat()), NOW);
        exchange.response_body(&body, NOW);
        let held = (32 << 20) - budget.left();
        assert!(held <= STATE, "{held} bytes of {}", String::from_utf8_lossy(coding));
    }
}

/// A zstd frame that does not end (RFC 8878): a window of 8 MiB, `{` in a raw block, and spaces in repeated ones.
fn zstd_spaces(spaces: u32) -> Vec<u8> {
    let mut body = b"\x28\xB5\x2F\xFD\x00\x68\x08\0\0{".to_vec();
    for _ in 0..spaces / (128 << 10) {
        body.extend(b"\x02\0\x10 ");
    }
    body
}

/// A br stream that does not end (RFC 7932): a window of 2^`log` bytes, and an uncompressed meta-block of which
/// these are the first of 16 MiB.
fn br_window(log: u32, content: &[u8]) -> Vec<u8> {
    let header = 1 | (log - 17) << 1 | 2 << 5 | 0xFF_FFFF << 7 | 1 << 31;
    [&header.to_le_bytes(), content].concat()
}

/// An observer whose tables for this request's API are compiled.
fn warm(request: &[(&[u8], &[u8])]) -> Observer {
    let observer = Observer::default();
    drop(observer.begin(&Headers::new(request), NOW).unwrap());
    observer
}

/// An observer that captures content, likewise.
fn capturing() -> Observer {
    let observer =
        Observer::new(Overrides::default(), Budget::default()).with_content(Some(Settings::default()));
    drop(observer.begin(&Headers::new(CHAT), NOW).unwrap());
    observer
}

fn ask(observer: &Observer, headers: &[(&[u8], &[u8])], body: &[u8]) -> Exchange {
    let mut exchange = observer.begin(&Headers::new(headers), NOW).unwrap();
    exchange.request_body(body, NOW);
    exchange.request_end(NOW);
    exchange
}

fn finish(exchange: Exchange) -> Call {
    exchange.finish(End::Complete, NOW).unwrap()
}

const NOW: UnixNanos = UnixNanos(1);
const CHAT: &[(&[u8], &[u8])] = &[
    (b":method", b"POST"),
    (b":scheme", b"https"),
    (b":authority", b"api.openai.com"),
    (b":path", b"/v1/chat/completions"),
    (b"content-type", b"application/json"),
    (b"user-agent", b"AsyncOpenAI/Python 3.52.0"),
];
const CHAT_REQUEST: &[u8] = br#"{"model":"gpt-5-mini","stream":true,"stream_options":{"include_usage":true},
    "temperature":0.7,"messages":[{"role":"user","content":"Count to two hundred."}],
    "tools":[{"type":"function","function":{"name":"weather"}},{"type":"function","function":{"name":"time"}}]}"#;
const STREAM: &[(&[u8], &[u8])] = &[
    (b":status", b"200"),
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"x-request-id", b"req_0f1e2d3c4b5a"),
    (b"x-ratelimit-remaining-requests", b"9999"),
];
const JSON: &[(&[u8], &[u8])] = &[(b":status", b"200"), (b"content-type", b"application/json")];
const CHAT_EVENT: &[u8] =
    b"data: {\"id\":\"chatcmpl-D0\",\"object\":\"chat.completion.chunk\",\"created\":1781000000,\
    \"model\":\"gpt-5-mini-2026-08-07\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_77\",\
    \"choices\":[{\"index\":0,\"delta\":{\"content\":\"One\"},\"finish_reason\":null}],\"usage\":null}\n\n";

/// What the current thread has allocated since a moment.
struct Held(isize);

impl Held {
    fn begin() -> Self {
        let now = LIVE.get();
        PEAK.set(now);
        Self(now)
    }

    /// The most that was held at one time.
    fn peak(&self) -> usize {
        usize::try_from(PEAK.get() - self.0).expect("more was freed than allocated")
    }
}

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

impl Counting {
    fn count(bytes: isize) {
        let live = LIVE.get() + bytes;
        LIVE.set(live);
        PEAK.set(PEAK.get().max(live));
    }
}

// SAFETY: all is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::count(layout.size() as isize);
        // SAFETY: as promised by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        Self::count(-(layout.size() as isize));
        // SAFETY: as promised by the caller.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
