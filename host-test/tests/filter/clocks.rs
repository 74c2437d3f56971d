//! Clocks that jump: nothing traps, times have an order, and what is due is sent.

use std::time::Duration;

use host_test::rig::span::Span;
use host_test::sim::Proxy;

use crate::framing;
use crate::world::{counted, proxy, spans};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// In the year 2554, shortly before nanoseconds since 1970 no longer fit 64 bits.
const FAR: Duration = Duration::from_secs(18_446_744_000);

#[test]
fn a_clock_that_jumps_within_a_call_leaves_one_span_whose_times_have_an_order() {
    let back = |now: Duration| now - DAY;
    let forward = |now: Duration| now + 400 * DAY;
    let to_the_start = |_| Duration::ZERO;
    let to_the_end = |_| FAR;
    for jump in [&back as &dyn Fn(Duration) -> Duration, &forward, &to_the_start, &to_the_end] {
        for after in 0..4 {
            let mut proxy = proxy().configuration(WITH_METRICS).start().unwrap();
            call(&mut proxy, after, jump);
            let spans = traced(&mut proxy);
            assert_eq!(spans.len(), 1, "after {after}");
            assert!(spans[0].start <= spans[0].end, "after {after}: {:#?}", spans[0]);
            assert_eq!(spans[0].text("inferspan.outcome"), Some("completed"), "after {after}");
            for seconds in ["gen_ai.response.time_to_first_chunk", "inferspan.time_to_first_byte"] {
                assert!(spans[0].double(seconds) >= Some(0.0), "after {after}: {seconds}");
            }
            let counted = counted(&proxy);
            assert_eq!((counted["exchanges_completed"], counted["spans_exported"]), (1, 1), "after {after}");
        }
    }
}

#[test]
fn a_clock_that_jumps_between_calls_holds_no_span_up() {
    for to in [Duration::ZERO, FAR] {
        let mut proxy = proxy().configuration(WITH_METRICS).start().unwrap();
        call(&mut proxy, 4, &|now| now);
        proxy.set_clock(to);
        call(&mut proxy, 4, &|now| now);
        assert_eq!(traced(&mut proxy).len(), 2, "{to:?}");
        proxy.advance(Duration::from_secs(120)).unwrap();
        let counted = counted(&proxy);
        assert_eq!(counted["spans_exported"], 2, "{to:?}");
        assert!(counted["metric_points_exported"] > 0, "{to:?}: metrics are collected, too");
    }
}

/// Lets everything that waits be delivered, and returns all spans so far.
fn traced(proxy: &mut Proxy) -> Vec<Span> {
    proxy.advance(Duration::from_secs(5)).unwrap();
    let callouts = proxy.callouts();
    let traces = callouts.iter().filter(|callout| callout.headers.get_str(":path") == Some("/v1/traces"));
    traces.flat_map(spans).collect()
}

/// A streamed call, before whose step of that number the clock jumps.
fn call(proxy: &mut Proxy, jumps_before: usize, jump: &dyn Fn(Duration) -> Duration) {
    let framing = framing::sse();
    let script = framing.whole;
    let stream = proxy.open();
    proxy.request_headers(stream, script.request.headers, false).unwrap();
    let (first, rest) = script.response.body.split_at(framing.beginning);
    for step in 0..4 {
        proxy.advance(Duration::from_millis(10)).unwrap();
        if step == jumps_before {
            proxy.set_clock(jump(proxy.now()));
        }
        match step {
            0 => proxy.request_body(stream, &script.request.body, true).unwrap(),
            1 => proxy.response_headers(stream, script.response.headers.clone(), false).unwrap(),
            2 => proxy.response_body(stream, first, false).unwrap(),
            _ => proxy.response_body(stream, rest, true).unwrap(),
        };
    }
}

const WITH_METRICS: &str = r#"{"otlp":{"signals":["traces","metrics"]}}"#;
