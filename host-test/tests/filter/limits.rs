//! What a worker holds at the most, and what becomes of exchanges beyond that; and of what the host withholds.

use host_test::sim::{Fault, Proxy, Status, StreamId};

use crate::framing;
use crate::hostile::gzip;
use crate::world::{flushed, proxy};

#[test]
fn beyond_the_bound_the_idle_are_read_no_further_and_still_end_in_a_span() {
    let mut proxy = proxy().configuration(r#"{"limits":{"max_live_exchanges":2}}"#).start().unwrap();
    let idle = begin(&mut proxy, "idle").unwrap();
    let active = begin(&mut proxy, "active").unwrap();
    // Both have just come, so the older one makes room; the others are left alone.
    let third = begin(&mut proxy, "third").unwrap();
    for id in [idle, active, third] {
        answer(&mut proxy, id).unwrap();
    }
    let spans = flushed(&mut proxy).unwrap();
    assert_eq!(spans.len(), 3);
    for (span, model, tokens) in
        [(&spans[0], "idle", None), (&spans[1], "active", Some(11)), (&spans[2], "third", Some(11))]
    {
        assert_eq!(span.text("gen_ai.request.model"), Some(model), "what was known stays known");
        assert_eq!(span.int("gen_ai.usage.input_tokens"), tokens, "{model}");
        assert_eq!(span.text("inferspan.outcome"), Some("completed"), "{model}");
    }
    assert_eq!(spans[0].texts("inferspan.losses"), ["unbudgeted_bodies"]);
    assert!(spans[1].texts("inferspan.losses").is_empty() && spans[2].texts("inferspan.losses").is_empty());
    assert_eq!(proxy.counter("inferspan_live_exchanges_shed"), Some(1));
    assert_eq!(proxy.counter("inferspan_losses_unbudgeted_bodies"), Some(1));
    assert_eq!(proxy.counter("inferspan_exchanges_completed"), Some(3));
}

#[test]
fn an_open_stream_holds_four_kilobytes() {
    const STREAMS: usize = 4_000;
    let mut proxy = proxy().start().unwrap();
    let word = r#"data: {"id":"chatcmpl-01","object":"chat.completion.chunk","model":"gpt-4o-2024-08-06","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}"#;
    let mut open = |count: usize| {
        for _ in 0..count {
            let id = begin(&mut proxy, "gpt-4o").unwrap();
            let headers = [(":status", "200"), ("content-type", "text/event-stream")];
            proxy.response_headers(id, headers, false).unwrap();
            for _ in 0..3 {
                proxy.response_body(id, format!("{word}\n\n"), false).unwrap();
            }
        }
        proxy.memory(0)
    };
    // With what is made once: tables, and memory that is held in reserve.
    let before = open(STREAMS);
    let each = (open(STREAMS) - before) / STREAMS;
    assert!(each <= 4 << 10, "{each} bytes");
    assert!(each > 0, "it is measured");
}

#[test]
fn what_has_ended_makes_room_for_others() {
    let mut proxy = proxy().configuration(r#"{"limits":{"max_live_exchanges":1}}"#).start().unwrap();
    for _ in 0..5 {
        let id = begin(&mut proxy, "m").unwrap();
        answer(&mut proxy, id).unwrap();
    }
    assert_eq!(flushed(&mut proxy).unwrap().len(), 5);
    assert_eq!(proxy.counter("inferspan_live_exchanges_shed"), Some(0));
}

#[test]
fn bodies_for_whose_decoders_max_memory_bytes_leaves_nothing_go_unread_and_counted() {
    // Each holds a window of 32 KiB while it is open, so more than a MiB together.
    const OPEN: usize = 40;
    for (configuration, all) in [("{}", true), (r#"{"limits":{"max_memory_bytes":1048576}}"#, false)] {
        let mut proxy = proxy().configuration(configuration).start().unwrap();
        let body = gzip(ANSWER.as_bytes());
        let (beginning, rest) = body.split_at(body.len() / 2);
        let ids: Vec<_> = (0..OPEN).map(|_| begin(&mut proxy, "m").unwrap()).collect();
        for &id in &ids {
            let headers =
                [(":status", "200"), ("content-type", "application/json"), ("content-encoding", "gzip")];
            proxy.response_headers(id, headers, false).unwrap();
            proxy.response_body(id, beginning, false).unwrap();
        }
        for &id in &ids {
            proxy.response_body(id, rest, true).unwrap();
        }
        // What they held is free again.
        let later = begin(&mut proxy, "later").unwrap();
        answer(&mut proxy, later).unwrap();
        let spans = flushed(&mut proxy).unwrap();
        assert_eq!(spans.len(), OPEN + 1, "{configuration}");
        assert_eq!(spans[OPEN].int("gen_ai.usage.input_tokens"), Some(11), "{configuration}");
        let (read, unread): (Vec<_>, Vec<_>) =
            spans.iter().partition(|span| span.int("gen_ai.usage.input_tokens") == Some(11));
        assert!(read.iter().all(|span| span.texts("inferspan.losses").is_empty()), "{configuration}");
        assert!(unread.iter().all(|span| span.texts("inferspan.losses") == ["unbudgeted_bodies"]));
        assert_eq!(unread.is_empty(), all, "{configuration}: {} are read", read.len());
        assert!(read.len() > 1, "{configuration}: the first fit");
        let counted = proxy.counter("inferspan_losses_unbudgeted_bodies");
        assert_eq!(counted, Some(unread.len() as u64), "{configuration}");
    }
}

#[test]
fn a_body_that_the_host_withholds_is_unread_and_counted() {
    let mut proxy = proxy().start().unwrap();
    let id = begin(&mut proxy, "m").unwrap();
    proxy.response_headers(id, [(":status", "200"), ("content-type", "application/json")], false).unwrap();
    proxy.fail("proxy_get_buffer_bytes", Status::InternalFailure);
    proxy.response_body(id, r#"{"id":"c-1","usage":"#, false).unwrap();
    proxy.fail("proxy_get_buffer_bytes", Status::Ok);
    proxy.response_body(id, r#"{"prompt_tokens":11}}"#, true).unwrap();
    let spans = flushed(&mut proxy).unwrap();
    assert_eq!(spans.len(), 1);
    assert_eq!(spans[0].int("gen_ai.usage.input_tokens"), None, "half an answer is not read as a whole one");
    assert_eq!(spans[0].texts("inferspan.losses"), ["unread_bodies"]);
    assert_eq!(proxy.counter("inferspan_losses_unread_bodies"), Some(1));
    assert_eq!(proxy.counter("inferspan_host_failures"), Some(1));
}

#[test]
fn a_host_call_that_fails_is_counted_whoever_made_it() {
    for (function, status) in [
        ("proxy_get_header_map_pairs", Status::BadArgument),
        ("proxy_get_property", Status::InternalFailure),
        ("proxy_get_current_time_nanoseconds", Status::InternalFailure),
        ("proxy_get_buffer_bytes", Status::NotFound),
    ] {
        let mut proxy = proxy().start().unwrap();
        let id = begin(&mut proxy, "m").unwrap();
        proxy.fail(function, status);
        proxy
            .response_headers(id, [(":status", "200"), ("content-type", "application/json")], false)
            .unwrap();
        proxy.response_body(id, "{", false).unwrap();
        proxy.client_leaves(id).unwrap();
        proxy.fail(function, Status::Ok);
        flushed(&mut proxy).unwrap();
        assert!(proxy.counter("inferspan_host_failures").unwrap() > 0, "{function}");
    }
}

#[test]
fn ordinary_traffic_fails_no_host_call() {
    let mut proxy = proxy().start().unwrap();
    for framing in framing::all() {
        proxy.run(&framing.whole).unwrap();
    }
    flushed(&mut proxy).unwrap();
    assert_eq!(proxy.counter("inferspan_host_failures"), Some(0));
}

/// A chat with this model, asked for and not yet answered.
fn begin(proxy: &mut Proxy, model: &str) -> Result<StreamId, Fault> {
    let id = proxy.open();
    let headers = [
        (":method", "POST"),
        (":scheme", "https"),
        (":authority", "api.openai.com"),
        (":path", "/v1/chat/completions"),
        ("content-type", "application/json"),
    ];
    proxy.request_headers(id, headers, false)?;
    proxy.request_body(id, format!(r#"{{"model":"{model}","messages":[]}}"#), true)?;
    Ok(id)
}

/// Its answer, whole.
fn answer(proxy: &mut Proxy, id: StreamId) -> Result<(), Fault> {
    proxy.response_headers(id, [(":status", "200"), ("content-type", "application/json")], false)?;
    proxy.response_body(id, ANSWER, true)
}

const ANSWER: &str = r#"{"choices":[{"index":0,"finish_reason":"stop","message":{"content":"a"}}],"usage":{"prompt_tokens":11}}"#;
