//! Spans on their way to a collector that does not always want them.

use std::time::Duration;

use host_test::sim::{Pieces, Proxy, Reply};

use crate::framing;
use crate::world::{flushed, proxy, spans};

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
    let script = framing::json().whole.pace(Duration::ZERO);
    for _ in 0..10 {
        proxy.run(&script).unwrap();
    }
    assert_eq!(flushed(&mut proxy).unwrap().len(), 10);
    assert_eq!(proxy.callouts().len(), 1);
    let callout = &proxy.callouts()[0];
    assert_eq!(callout.headers.get_str(":path"), Some("/v1/traces"));
    assert_eq!(callout.headers.get_str("content-type"), Some("application/x-protobuf"));
}

#[test]
fn a_collector_that_fails_for_a_while_gets_everything_later() {
    for failure in [Reply::refused(), Reply::status(503), Reply::status(429), Reply::reset(), Reply::never()]
    {
        let mut proxy = proxy().cluster("otel_collector", failure.clone()).start().unwrap();
        proxy.run(&framing::json().whole).unwrap();
        proxy.advance(Duration::from_secs(15)).unwrap();
        proxy.set_cluster("otel_collector", Reply::status(200));
        proxy.advance(Duration::from_secs(120)).unwrap();
        assert_eq!(
            proxy.counter("inferspan_spans_exported"),
            Some(1),
            "after {failure:?}: {:?}",
            proxy.counters()
        );
        let last = spans(proxy.callouts().last().unwrap());
        assert_eq!(last.len(), 1);
    }
}

#[test]
fn a_batch_that_is_refused_for_good_is_counted() {
    let mut proxy = proxy().cluster("otel_collector", Reply::status(400)).start().unwrap();
    proxy.run(&framing::json().whole).unwrap();
    proxy.advance(Duration::from_secs(60)).unwrap();
    assert_eq!(proxy.counter("inferspan_spans_dropped_refused"), Some(1));
    assert_eq!(proxy.callouts().len(), 1, "it is not tried again");
}

#[test]
fn no_collector_at_all_is_said_once_and_costs_no_traffic() {
    let mut proxy = Proxy::builder(&crate::world::FILTER).observer(crate::world::MAY_WRITE).start().unwrap();
    for _ in 0..20 {
        proxy.run(&framing::json().whole).unwrap();
        proxy.advance(Duration::from_secs(1)).unwrap();
    }
    let complaints: Vec<_> =
        proxy.logs().into_iter().filter(|line| line.text.contains("otel_collector")).collect();
    assert_eq!(complaints.len(), 1, "{complaints:?}");
}

#[test]
fn a_dead_collector_costs_bounded_memory_over_many_streams() {
    let mut proxy = proxy().cluster("otel_collector", Reply::refused()).start().unwrap();
    let script = framing::sse().whole.response_pieces(Pieces::of(64));
    let mut memory = Vec::new();
    for round in 0..10 {
        for _ in 0..1000 {
            let stream = proxy.run(&script).unwrap();
            proxy.forget(stream);
        }
        proxy.advance(Duration::from_millis(100)).unwrap();
        proxy.take_callouts();
        memory.push(proxy.memory(0));
        assert!(memory[round] < 16 << 20, "{memory:?}");
    }
    assert_eq!(memory[4], memory[9], "it does not grow: {memory:?}");
    assert!(proxy.counter("inferspan_spans_dropped_queue_full").unwrap() > 0);
    let counted: u64 = ["exported", "dropped_queue_full", "dropped_expired", "dropped_refused"]
        .iter()
        .map(|what| proxy.counter(&format!("inferspan_spans_{what}")).unwrap_or_default())
        .sum();
    assert!(counted <= 10_000);
}
