//! The filter's counters: what each event adds to them, and that it adds to no other.

use std::time::Duration;

use host_test::sim::{Break, Close, Headers, Proxy, Reply, Script};

use crate::framing::{self, Framing};
use crate::hostile::gzip;
use crate::world::{counted, counts, flushed, proxy};

/// What a call whose one span was delivered adds, beside what it is about.
const DELIVERED: [(&str, u64); 2] = [("exports_sent", 1), ("spans_exported", 1)];

#[test]
fn each_way_to_end_is_counted_and_nothing_else() {
    for framing in framing::all() {
        let Framing { whole, beginning, .. } = &framing;
        let mut truncated = whole.clone();
        truncated.response.body.truncate(*beginning);
        for (script, counter) in [
            (whole.clone(), "exchanges_completed"),
            (whole.clone().breaks(Break::ClientLeaves, *beginning), "exchanges_client_cancelled"),
            (whole.clone().breaks(Break::UpstreamCloses, *beginning), "exchanges_upstream_reset"),
            (whole.clone().breaks(Break::TimesOut, *beginning), "exchanges_timeout"),
            (truncated, "exchanges_truncated"),
            (whole.clone().respond(500, "application/json", r#"{"error":{}}"#), "exchanges_error"),
            (whole.clone().breaks_before_response(Break::UpstreamCloses), "exchanges_no_response"),
        ] {
            let mut proxy = proxy().start().unwrap();
            proxy.run(&script).unwrap();
            flushed(&mut proxy).unwrap();
            let [sent, exported] = DELIVERED;
            assert_eq!(counted(&proxy), counts([(counter, 1), sent, exported]), "{}", script.name);
        }
    }
}

#[test]
fn counters_add_up_over_exchanges() {
    let mut proxy = proxy().start().unwrap();
    let whole = framing::json().whole;
    for _ in 0..3 {
        proxy.run(&whole).unwrap();
    }
    proxy.run(&framing::sse().whole.breaks(Break::ClientLeaves, 10)).unwrap();
    flushed(&mut proxy).unwrap();
    proxy.run(&whole).unwrap();
    flushed(&mut proxy).unwrap();
    assert_eq!(
        counted(&proxy),
        counts([
            ("exchanges_completed", 4),
            ("exchanges_client_cancelled", 1),
            ("exports_sent", 2),
            ("spans_exported", 5)
        ])
    );
}

#[test]
fn what_is_no_call_is_not_counted_and_what_turns_out_to_be_none_is_dismissed() {
    let page = Script::post("/checkout", r#"{"model":"bicycle"}"#).respond(200, "application/json", "{}");
    let other = Script::post("/api/chat", r#"{"room":7,"text":"Hello"}"#)
        .request_header(":authority", "app.example.com")
        .respond(200, "application/json", r#"{"ok":true}"#);
    let mut proxy = proxy().start().unwrap();
    proxy.run(&page).unwrap();
    flushed(&mut proxy).unwrap();
    assert_eq!(counted(&proxy), counts([]));
    proxy.run(&other).unwrap();
    flushed(&mut proxy).unwrap();
    assert_eq!(counted(&proxy), counts([("exchanges_dismissed", 1)]));
}

#[test]
fn each_kind_of_loss_is_counted_and_named_on_the_span() {
    let json = || framing::json().whole;
    let sse = framing::sse();
    let broken_event = b"data: {\"choices\":]}\n\n";
    let mut malformed = sse.whole.clone();
    malformed.response.body.splice(sse.beginning..sse.beginning, *broken_event);
    let mut damaged = framing::aws_event_stream().whole;
    damaged.response.body[framing::aws_event_stream().beginning - 1] ^= 1;
    let long_model = "m".repeat(100_000);
    let choice = r#"{"index":0,"message":{"content":"a"},"finish_reason":"stop"}"#;
    let choices: Vec<_> = (0..300).map(|n| choice.replace(":0", &format!(":{n}"))).collect();
    let many = format!(r#"{{"model":"gpt-4o","choices":[{}]}}"#, choices.join(","));
    let mut long = json();
    long.request.body = format!(r#"{{"model":"{long_model}","messages":[]}}"#).into_bytes();
    // A gzip header and a block of a type that there is not.
    let undecoded = json()
        .respond(200, "application/json", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 7, 7, 7, 7])
        .response_header("content-encoding", "gzip");
    // 64 KiB of gzip for 64 MiB of spaces: more than 32 times as much, beyond what is free.
    let mut excessive = json().request_header("content-encoding", "gzip");
    excessive.request.body = gzip(&vec![b' '; 64 << 20]);
    for (script, kind, how_many) in [
        (undecoded, "undecoded_bodies", 1),
        (excessive, "excessive_bodies", 1),
        (malformed, "malformed_messages", 1),
        (damaged, "damaged_frames", 1),
        (json().response_header("content-type", "text/event-stream"), "mislabelled_bodies", 1),
        (json().respond(200, "image/png", b"\x89PNG\r\n\x1a\n\0\0\0\0"), "unread_bodies", 1),
        (long, "truncated_values", 1),
        (json().respond(200, "application/json", many), "dropped_values", 300 - MAX_CHOICES),
    ] {
        let mut proxy = proxy().start().unwrap();
        proxy.run(&script).unwrap();
        let spans = flushed(&mut proxy).unwrap();
        assert_eq!(spans[0].texts("inferspan.losses"), [kind]);
        let mut others = counted(&proxy);
        assert_eq!(others.remove(&format!("losses_{kind}")), Some(how_many), "{kind}");
        assert!(!others.keys().any(|name| name.starts_with("losses_")), "{kind}: {others:?}");
        assert_eq!(others.remove("spans_exported"), Some(1), "{kind}");
    }
}

/// Choices of which facts are kept.
const MAX_CHOICES: u64 = 64;

#[test]
fn the_fate_of_each_span_is_counted_and_nothing_else() {
    let refused = || counts([("exports_refused", 1), ("exports_sent", 1), ("spans_dropped_refused", 1)]);
    // An OTLP answer whose partial_success rejects one span: field 1, two bytes: field 1, varint 1.
    let rejects = Reply::http([(":status", "200")], [0x0a, 2, 0x08, 1]);
    for (reply, expected) in [
        (Reply::status(200), counts([("exports_sent", 1), ("spans_exported", 1)])),
        (Reply::status(202), counts([("exports_sent", 1), ("spans_exported", 1)])),
        (rejects, counts([("exports_sent", 1), ("spans_dropped_rejected", 1)])),
        (Reply::status(400), refused()),
        (Reply::status(500), refused()),
    ] {
        let mut proxy = proxy().cluster("otel_collector", reply).start().unwrap();
        proxy.run(&framing::json().whole).unwrap();
        proxy.advance(Duration::from_secs(60)).unwrap();
        let mut counted = counted(&proxy);
        assert_eq!(counted.remove("exchanges_completed"), Some(1));
        assert_eq!(counted, expected);
    }
}

#[test]
fn a_span_that_is_not_sampled_is_counted_and_not_sent() {
    let script = framing::json()
        .whole
        .request_header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");
    let mut proxy = proxy().start().unwrap();
    proxy.run(&script).unwrap();
    assert_eq!(flushed(&mut proxy).unwrap().len(), 0);
    assert_eq!(counted(&proxy), counts([("exchanges_completed", 1), ("spans_unsampled", 1)]));
}

#[test]
fn an_export_that_is_tried_again_is_counted_each_time() {
    let failing = [Reply::status(503), Reply::status(429), Reply::status(504), Reply::reset()];
    let mut answers = failing.into_iter().chain([Reply::status(200)]);
    let mut proxy = proxy().cluster_with("otel_collector", move |_| answers.next().unwrap()).start().unwrap();
    proxy.run(&framing::json().whole).unwrap();
    proxy.advance(Duration::from_secs(60)).unwrap();
    assert_eq!(
        counted(&proxy),
        counts([
            ("exchanges_completed", 1),
            ("exports_failed", 4),
            ("exports_failed_unavailable", 1),
            ("exports_failed_throttled", 1),
            ("exports_failed_timeout", 1),
            ("exports_failed_unanswered", 1),
            ("exports_sent", 5),
            ("spans_exported", 1)
        ])
    );
}

#[test]
fn what_is_held_and_how_long_exports_take_is_told() {
    let configuration = r#"{"otlp":{"signals":["traces","logs"]},"logs":{"events":["inference_details"]}}"#;
    let mut proxy = proxy()
        .configuration(configuration)
        .cluster("otel_collector", Reply::status(200).after(Duration::from_millis(2500)))
        .start()
        .unwrap();
    for _ in 0..4 {
        proxy.run(&framing::json().whole).unwrap();
    }
    proxy.advance(Duration::from_secs(2)).unwrap();
    assert_eq!(proxy.gauge("inferspan_queue_records"), Some(8), "a span and a record of each call");
    let bytes = proxy.gauge("inferspan_queue_bytes").unwrap();
    let sent: usize = proxy.callouts().iter().map(|callout| callout.body.len()).sum();
    assert!(bytes > 0 && bytes < sent as u64, "{bytes} bytes of {sent}, which have envelopes");
    proxy.advance(Duration::from_secs(10)).unwrap();
    assert_eq!([proxy.gauge("inferspan_queue_records"), proxy.gauge("inferspan_queue_bytes")], [Some(0); 2]);
    assert_eq!(proxy.histogram("inferspan_export_duration_ms"), Some(vec![2500; 2]));
}

#[test]
fn what_was_queued_is_what_became_of_it() {
    let configuration = r#"{
        "otlp": { "signals": ["traces", "metrics", "logs"], "max_queue_bytes": 16384, "max_batch_bytes": 1024,
                  "max_burst_bytes": 0 },
        "metrics": { "interval_ms": 1000 }, "logs": { "events": ["inference_details"] }
    }"#;
    let mut answers = [503, 200, 400, 200, 200, 503].into_iter().cycle();
    let answer = move |_: &_| Reply::status(answers.next().unwrap());
    let mut proxy =
        proxy().configuration(configuration).cluster_with("otel_collector", answer).start().unwrap();
    for _ in 0..20 {
        for _ in 0..20 {
            proxy.run(&framing::json().whole).unwrap();
        }
        proxy.advance(Duration::from_millis(300)).unwrap();
    }
    // What was counted reaches Envoy within a second.
    proxy.advance(Duration::from_secs(1)).unwrap();
    let of = |name: String| proxy.counter(&name).unwrap();
    let mut held = 0;
    for records in ["spans", "metric_points", "log_records"] {
        let queued = of(format!("inferspan_{records}_queued"));
        let exported = of(format!("inferspan_{records}_exported"));
        let dropped: u64 = ["queue_full", "expired", "refused", "rejected", "shutdown"]
            .map(|why| of(format!("inferspan_{records}_dropped_{why}")))
            .iter()
            .sum();
        assert!(exported > 0 && dropped > 0, "{records}: {queued} queued, {exported} taken, {dropped} lost");
        held += queued - exported - dropped;
    }
    assert_eq!(of("inferspan_spans_queued".into()), 400);
    assert_eq!(proxy.gauge("inferspan_queue_records"), Some(held), "what is neither is still held");
    assert!(proxy.logs().iter().any(|line| line.text.contains("more waits for the collector")));
}

#[test]
fn an_export_that_cannot_be_sent_is_counted_until_its_spans_expire() {
    let alone = Proxy::builder(&crate::world::FILTER).observer(crate::world::MAY_WRITE);
    let mut proxy = alone.configuration(r#"{"otlp":{}}"#).start().unwrap();
    proxy.run(&framing::json().whole).unwrap();
    proxy.advance(Duration::from_secs(3600)).unwrap();
    let mut counted = counted(&proxy);
    let unsent = counted.remove("exports_unsent").unwrap();
    assert!((2..=10).contains(&unsent), "ten tries at most: {unsent}");
    // The last one is not tried again.
    assert_eq!(counted.remove("exports_failed"), Some(unsent - 1));
    assert_eq!(counted, counts([("exchanges_completed", 1), ("spans_dropped_expired", 1)]));
}

#[test]
fn a_configuration_that_is_refused_is_counted() {
    let mut proxy = proxy().start().unwrap();
    proxy.reconfigure(r#"{"otlp":7}"#).unwrap_err();
    assert_eq!(counted(&proxy), counts([("configurations_refused", 1)]));
}

#[test]
fn every_counter_that_is_documented_is_there_from_the_start_and_no_other() {
    let mut counters = proxy().start().unwrap().counters();
    assert_eq!(counters.insert("inferspan_vm_starts".into(), 0), Some(1), "this one's");
    let there: Vec<_> =
        counters.keys().map(|name| name.trim_start_matches("inferspan_").to_owned()).collect();
    assert!(counters.values().all(|count| *count == 0), "{counters:?}");
    let mut documented = documented_counters();
    documented.sort();
    assert_eq!(there, documented);
}

/// The names in the table of docs/configuration.md. A row may tell several, which begin like its first: `exports_a`, `_b`.
fn documented_counters() -> Vec<String> {
    let documentation = include_str!("../../../docs/configuration.md");
    let (_, table) = documentation.split_once("| counter |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once(" |"));
    rows.flat_map(|(names, _)| {
        let names: Vec<_> = names.split(", ").map(|name| name.trim_matches('`')).collect();
        let (family, _) = names[0].split_once('_').unwrap();
        let whole =
            |name: &&str| if name.starts_with('_') { format!("{family}{name}") } else { (*name).to_owned() };
        names.iter().map(whole).collect::<Vec<_>>()
    })
    .collect()
}

#[test]
fn trailers_and_answers_of_headers_alone_are_counted_like_others() {
    let speech = Script::post("/v1/audio/speech", r#"{"model":"tts-1","input":"Why?","voice":"alloy"}"#)
        .request_header(":authority", "api.openai.com")
        .respond(200, "audio/mpeg", b"\xff\xfb\x90\x44 sound");
    let trailers = || Headers::from([("x-checksum", "1")]);
    let mut scripts = vec![speech.clone(), speech.clone().respond(200, "audio/mpeg", "")];
    for close in [Close::EmptyPiece, Close::Trailers(trailers()), Close::EmptyPieceAndTrailers(trailers())] {
        scripts.push(speech.clone().response_close(close.clone()));
        scripts.push(speech.clone().request_close(close));
    }
    // The bytes of a sound say nothing of their end, so only that of the message does.
    for script in scripts {
        let mut proxy = proxy().start().unwrap();
        proxy.run(&script).unwrap();
        let spans = flushed(&mut proxy).unwrap();
        assert_eq!(spans[0].text("gen_ai.request.model"), Some("tts-1"), "{script:?}");
        let [sent, exported] = DELIVERED;
        assert_eq!(counted(&proxy), counts([("exchanges_completed", 1), sent, exported]), "{script:?}");
    }
}
