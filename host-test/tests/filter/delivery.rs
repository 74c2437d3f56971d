//! Spans on their way to a collector that does not always want them.

use std::collections::BTreeSet;
use std::time::Duration;

use host_test::rig::span::Span;
use host_test::sim::{Callout, Pieces, Proxy, Reply, Script};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message;

use crate::framing;
use crate::world::{flushed, proxy, spans};

/// What a batch holds by default.
const BATCH: usize = 64;

#[test]
fn an_idle_vm_calls_nobody() {
    let mut proxy = proxy().workers(2).main_thread().start().unwrap();
    proxy.advance(Duration::from_secs(3600)).unwrap();
    assert!(proxy.callouts().is_empty());
    let (fuel, _) = proxy.fuel(0);
    proxy.advance(Duration::from_secs(3600)).unwrap();
    assert_eq!(proxy.fuel(0).0, fuel, "and is not woken");
}

#[test]
fn spans_travel_in_batches() {
    let mut proxy = proxy().start().unwrap();
    run(&mut proxy, 10);
    assert!(proxy.callouts().is_empty(), "they wait for others");
    assert_eq!(flushed(&mut proxy).unwrap().len(), 10);
    assert_eq!(proxy.callouts().len(), 1);
    let callout = &proxy.callouts()[0];
    assert_eq!(callout.headers.get_str(":path"), Some("/v1/traces"));
    assert_eq!(callout.headers.get_str("content-type"), Some("application/x-protobuf"));
}

#[test]
fn every_span_has_ids_of_its_own() {
    let mut proxy = proxy().start().unwrap();
    run(&mut proxy, 200);
    let spans = flushed(&mut proxy).unwrap();
    assert_eq!((spans.len(), distinct(&spans, |span| &span.span_id)), (200, 200));
    assert_eq!(distinct(&spans, |span| &span.trace_id), 200, "no client named a trace");
    for span in &spans {
        assert_eq!((span.trace_id.len(), span.span_id.len()), (32, 16), "{span:?}");
        assert!(span.trace_id.chars().any(|c| c != '0') && span.span_id.chars().any(|c| c != '0'));
    }
}

#[test]
fn a_whole_batch_leaves_with_the_end_of_the_exchange_that_filled_it() {
    let mut proxy = proxy().start().unwrap();
    run(&mut proxy, BATCH - 1);
    assert!(proxy.callouts().is_empty());
    run(&mut proxy, 1);
    assert_eq!(sizes(&proxy.callouts()), [BATCH], "no time has passed");
    // Its answer finds its way, though the stream that sent it is gone.
    proxy.advance(Duration::from_secs(2)).unwrap();
    assert_eq!(proxy.counter("inferspan_spans_exported"), Some(64));
    assert_eq!(proxy.counter("inferspan_exports_sent"), Some(1));
}

#[test]
fn a_burst_is_delivered_whole() {
    let slow = Reply::status(200).after(Duration::from_millis(300));
    let mut proxy = proxy().cluster("otel_collector", slow).start().unwrap();
    let script = with_tools();
    for _ in 0..2000 {
        let stream = proxy.run(&script).unwrap();
        proxy.forget(stream);
    }
    let at_once = proxy.callouts().len();
    assert!(at_once > 4, "more exports are under way than at other times: {at_once}");
    let spans = flushed(&mut proxy).unwrap();
    assert_eq!((spans.len(), distinct(&spans, |span| &span.span_id)), (2000, 2000));
    assert_eq!(proxy.counter("inferspan_spans_exported"), Some(2000));
    assert_eq!(lost(&proxy), 0);
}

#[test]
fn no_span_takes_more_than_its_share_of_the_queue() {
    let mut proxy = proxy().start().unwrap();
    let names = |count| (0..count).map(|n| format!("{n:064}"));
    let tools: Vec<_> = names(64).map(|name| format!(r#"{{"function":{{"name":"{name}"}}}}"#)).collect();
    let stops: Vec<_> = names(16).map(|name| format!(r#""{name}""#)).collect();
    let body = format!(
        r#"{{"model":"gpt-4o","stop":[{}],"tools":[{}],"messages":[{{"role":"user","content":"a"}}]}}"#,
        stops.join(","),
        tools.join(",")
    );
    let state: Vec<_> = (0..16).map(|n| format!("k{n}={}", "v".repeat(200))).collect();
    let script = Script::post("/v1/chat/completions", body)
        .request_header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        .request_header("tracestate", state.join(","))
        .respond(200, "application/json", r#"{"choices":[{"index":0,"finish_reason":"stop"}]}"#);
    proxy.run(&script).unwrap();
    let spans = flushed(&mut proxy).unwrap();
    assert_eq!(spans[0].text("gen_ai.request.model"), Some("gpt-4o"));
    assert_eq!(spans[0].int("inferspan.request.tool_count"), Some(64));
    assert_eq!(spans[0].trace_id, "0af7651916cd43dd8448eb211c80319c");
    assert!(spans[0].texts("inferspan.losses").contains(&"truncated_values"), "{:#?}", spans[0]);
    assert!(proxy.counter("inferspan_losses_truncated_values").unwrap() > 0);
    let resource_and_scope = 512;
    assert!(proxy.callouts()[0].body.len() <= 6144 + resource_and_scope);
}

#[test]
fn a_collector_that_fails_for_a_while_gets_everything_later() {
    for failure in [Reply::refused(), Reply::status(503), Reply::status(429), Reply::reset(), Reply::never()]
    {
        let mut proxy = proxy().cluster("otel_collector", failure.clone()).start().unwrap();
        run(&mut proxy, 3);
        proxy.advance(Duration::from_secs(15)).unwrap();
        assert!(proxy.counter("inferspan_exports_failed").unwrap() > 0, "{failure:?}");
        assert_eq!((proxy.counter("inferspan_spans_exported"), lost(&proxy)), (Some(0), 0), "{failure:?}");
        proxy.set_cluster("otel_collector", Reply::status(200));
        proxy.advance(Duration::from_secs(120)).unwrap();
        assert_eq!((proxy.counter("inferspan_spans_exported"), lost(&proxy)), (Some(3), 0), "{failure:?}");
        let sizes = sizes(&proxy.callouts());
        assert!(sizes.iter().all(|size| *size == 3), "the same batch each time: {sizes:?}");
        assert_eq!(proxy.counter("inferspan_exports_sent"), Some(sizes.len() as u64));
        assert_eq!(proxy.counter("inferspan_exports_failed"), Some(sizes.len() as u64 - 1));
    }
}

#[test]
fn what_a_collector_asks_to_wait_is_waited() {
    let busy = Reply::http([(":status", "429"), ("retry-after", "30")], "");
    let mut proxy = proxy().cluster("otel_collector", busy).start().unwrap();
    run(&mut proxy, 1);
    proxy.advance(Duration::from_secs(2)).unwrap();
    assert_eq!(proxy.callouts().len(), 1);
    proxy.set_cluster("otel_collector", Reply::status(200));
    run(&mut proxy, BATCH);
    proxy.advance(Duration::from_secs(28)).unwrap();
    assert_eq!(proxy.callouts().len(), 1, "not even for another batch that is whole");
    proxy.advance(Duration::from_secs(2)).unwrap();
    assert_eq!(sizes(&proxy.callouts()), [1, 1, BATCH], "the older one first");
}

#[test]
fn an_answer_is_waited_for_as_long_as_its_timeout() {
    let exports_within_ten_seconds = |timeout: &str| {
        let configuration = format!(r#"{{"otlp":{{"timeout_ms":{timeout}}}}}"#);
        let mut proxy =
            proxy().configuration(configuration).cluster("otel_collector", Reply::never()).start().unwrap();
        run(&mut proxy, 1);
        proxy.advance(Duration::from_secs(10)).unwrap();
        proxy.callouts().len()
    };
    assert_eq!(exports_within_ten_seconds("20000"), 1, "within its time it is waited for");
    assert!(exports_within_ten_seconds("2000") > 1);
}

#[test]
fn a_batch_that_is_refused_for_good_is_counted() {
    let mut proxy = proxy().cluster("otel_collector", Reply::status(400)).start().unwrap();
    run(&mut proxy, 3);
    proxy.advance(Duration::from_secs(60)).unwrap();
    assert_eq!(proxy.counter("inferspan_spans_dropped_refused"), Some(3));
    assert_eq!((proxy.counter("inferspan_spans_exported"), lost(&proxy)), (Some(0), 3));
    assert_eq!(proxy.callouts().len(), 1, "it is not tried again");
}

#[test]
fn what_a_collector_takes_only_in_part_is_counted_as_both() {
    let partial_success =
        Some(ExportTracePartialSuccess { rejected_spans: 2, error_message: "no such tenant".into() });
    let answer = ExportTraceServiceResponse { partial_success }.encode_to_vec();
    let partly = Reply::http([(":status", "200")], answer);
    let mut proxy = proxy().cluster("otel_collector", partly).start().unwrap();
    run(&mut proxy, 5);
    proxy.advance(Duration::from_secs(60)).unwrap();
    assert_eq!(proxy.counter("inferspan_spans_exported"), Some(3));
    assert_eq!(proxy.counter("inferspan_spans_dropped_rejected"), Some(2));
    assert_eq!((lost(&proxy), proxy.callouts().len()), (2, 1));
}

#[test]
fn no_collector_at_all_is_said_once_a_minute_and_costs_no_traffic() {
    let alone = Proxy::builder(&crate::world::FILTER).observer(crate::world::MAY_WRITE);
    let mut proxy = alone.configuration(r#"{"otlp":{}}"#).start().unwrap();
    let complaints = |proxy: &Proxy| -> Vec<String> {
        let lines = proxy.logs().into_iter().map(|line| line.text);
        lines.filter(|text| text.contains("cannot export to cluster otel_collector")).collect()
    };
    for _ in 0..20 {
        run(&mut proxy, 1);
        proxy.advance(Duration::from_secs(1)).unwrap();
    }
    assert_eq!(complaints(&proxy).len(), 1);
    proxy.advance(Duration::from_secs(70)).unwrap();
    let complaints = complaints(&proxy);
    assert_eq!(complaints.len(), 2, "{complaints:?}");
    assert!(complaints[1].contains("more like it not logged"), "{complaints:?}");
    assert!(proxy.counter("inferspan_exports_unsent").unwrap() > 1);
    assert_eq!(proxy.counter("inferspan_exports_sent"), Some(0));
}

#[test]
fn a_dead_collector_costs_bounded_memory_over_many_streams() {
    let mut proxy = proxy().cluster("otel_collector", Reply::refused()).start().unwrap();
    run(&mut proxy, 1);
    proxy.advance(Duration::from_secs(5)).unwrap();
    let script = framing::sse().whole.response_pieces(Pieces::of(64)).pace(Duration::ZERO);
    let mut memory = Vec::new();
    for _ in 0..10 {
        for _ in 0..1000 {
            let stream = proxy.run(&script).unwrap();
            proxy.forget(stream);
        }
        proxy.advance(Duration::from_millis(100)).unwrap();
        proxy.take_callouts();
        memory.push(proxy.memory(0));
    }
    assert!(memory.iter().all(|bytes| *bytes < 16 << 20), "{memory:?}");
    let batch = 256 << 10;
    assert!(memory[9] <= memory[4] + batch, "five thousand spans later it is no larger: {memory:?}");
    proxy.advance(Duration::from_secs(3600)).unwrap();
    let dropped = |why: &str| proxy.counter(&format!("inferspan_spans_dropped_{why}")).unwrap();
    assert!(dropped("queue_full") > 0 && dropped("expired") > 0);
    assert_eq!(dropped("queue_full") + dropped("expired"), 10_001, "every span is counted");
    assert_eq!(proxy.counter("inferspan_spans_exported"), Some(0));
}

#[test]
fn what_cannot_be_delivered_any_more_is_counted() {
    let mut proxy = proxy().cluster("otel_collector", Reply::never()).start().unwrap();
    run(&mut proxy, BATCH + 3);
    assert_eq!(proxy.callouts().len(), 1, "a batch is under way, three spans wait");
    proxy.shut_down().unwrap();
    assert_eq!(proxy.callouts().len(), 1, "nothing can be sent from there on");
    assert_eq!(proxy.counter("inferspan_spans_dropped_shutdown"), Some(67));
    assert_eq!(lost(&proxy), 67);
    assert!(proxy.logs().iter().any(|line| line.text.contains("67 spans were not delivered")));
    assert_eq!(proxy.counter("inferspan_exchanges_completed"), Some(67), "and so is all the rest");
}

#[test]
fn a_vm_that_holds_nothing_ends_without_a_loss() {
    let mut proxy = proxy().start().unwrap();
    run(&mut proxy, 3);
    assert_eq!(flushed(&mut proxy).unwrap().len(), 3);
    proxy.shut_down().unwrap();
    assert_eq!((proxy.counter("inferspan_spans_exported"), lost(&proxy)), (Some(3), 0));
}

#[test]
fn a_listener_that_is_replaced_delivers_what_it_holds() {
    let newer = r#"{"service_name":"newer"}"#;
    let mut proxy = proxy().another_plugin("newer", "inferspan", newer).start().unwrap();
    run(&mut proxy, 3);
    proxy.end_plugin(0).unwrap();
    assert!(proxy.callouts().is_empty(), "a call from there would crash the proxy");
    let spans = flushed(&mut proxy).unwrap();
    assert_eq!(spans.len(), 3);
    assert_eq!((proxy.counter("inferspan_spans_exported"), lost(&proxy)), (Some(3), 0));
    assert_eq!(proxy.plugins(0), 1, "and is gone then");
}

#[test]
fn what_a_replaced_listener_still_holds_when_the_vm_ends_is_counted() {
    let newer = r#"{"service_name":"newer"}"#;
    let mut proxy = proxy()
        .another_plugin("newer", "inferspan", newer)
        .cluster("otel_collector", Reply::status(503))
        .start()
        .unwrap();
    run(&mut proxy, 3);
    proxy.end_plugin(0).unwrap();
    proxy.advance(Duration::from_secs(60)).unwrap();
    assert_eq!((proxy.plugins(0), lost(&proxy)), (2, 0), "it goes on trying");
    proxy.end_plugin(1).unwrap();
    assert_eq!(proxy.counter("inferspan_spans_dropped_shutdown"), Some(3));
    assert_eq!((proxy.counter("inferspan_spans_exported"), lost(&proxy)), (Some(0), 3));
}

/// Runs so many short exchanges, in no time.
fn run(proxy: &mut Proxy, exchanges: usize) {
    let script = framing::json().whole.pace(Duration::ZERO);
    for _ in 0..exchanges {
        let stream = proxy.run(&script).unwrap();
        proxy.forget(stream);
    }
}

/// A stream that calls tools, among many offered, in no time.
fn with_tools() -> Script {
    let tools: Vec<_> =
        (0..40).map(|n| format!(r#"{{"type":"function","function":{{"name":"tool_{n:050}"}}}}"#)).collect();
    let body = format!(r#"{{"model":"gpt-4o","stream":true,"tools":[{}],"messages":[]}}"#, tools.join(","));
    let answer = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n\
                  data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
                  data: [DONE]\n\n";
    Script::post("/v1/chat/completions", body).respond(200, "text/event-stream", answer).pace(Duration::ZERO)
}

/// How many spans each export held.
fn sizes(callouts: &[Callout]) -> Vec<usize> {
    callouts.iter().map(|callout| spans(callout).len()).collect()
}

fn distinct<'s>(all: &'s [Span], part: impl Fn(&'s Span) -> &'s str) -> usize {
    all.iter().map(part).collect::<BTreeSet<_>>().len()
}

/// Spans lost, for whatever reason.
fn lost(proxy: &Proxy) -> u64 {
    let counters = proxy.counters();
    counters
        .iter()
        .filter(|(name, _)| name.starts_with("inferspan_spans_dropped_"))
        .map(|(_, lost)| lost)
        .sum()
}
