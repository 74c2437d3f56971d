//! Calls as lines of Envoy's log.

use std::time::Duration;

use host_test::sim::{LogLevel, LogLine, Proxy, ProxyBuilder};
use serde_json::Value;

use crate::framing;
use crate::world::{self, FILTER, MAY_WRITE, counted, counts};

/// A proxy without a collector.
fn alone() -> ProxyBuilder {
    Proxy::builder(&FILTER).observer(MAY_WRITE)
}

/// What is logged of calls.
fn lines(proxy: &Proxy) -> Vec<Value> {
    let lines = proxy.logs().into_iter().filter(|line| line.text.starts_with('{'));
    lines
        .map(|line| {
            assert_eq!(line.level, LogLevel::Info);
            serde_json::from_str(&line.text).unwrap()
        })
        .collect()
}

fn explanations(proxy: &Proxy) -> Vec<LogLine> {
    let about = |line: &LogLine| line.text.contains("Envoy has no cluster otel_collector");
    proxy.logs().into_iter().filter(about).collect()
}

#[test]
fn without_a_collector_and_a_word_about_it_calls_are_logged() {
    for configuration in ["", "{}", r#"{"service_name":"shop"}"#] {
        let mut proxy = alone().configuration(configuration).workers(3).start().unwrap();
        for _ in 0..6 {
            proxy.run(&framing::json().whole).unwrap();
        }
        proxy.advance(Duration::from_secs(5)).unwrap();
        let lines = lines(&proxy);
        assert_eq!(lines.len(), 6, "{configuration}");
        assert_eq!(lines[0]["name"], "chat gpt-4o");
        assert_eq!(lines[0]["gen_ai.usage.input_tokens"], 11);
        assert_eq!(lines[0]["inferspan.outcome"], "completed");
        assert_eq!(lines[0]["trace_id"].as_str().unwrap().len(), 32);
        let [said] = explanations(&proxy).try_into().unwrap();
        assert_eq!(said.level, LogLevel::Warn);
        assert!(said.text.contains("otlp.cluster") && said.text.contains("console"), "{}", said.text);
        let expected = [("exchanges_completed", 6), ("console_lines", 6), ("spans_exported", 6)];
        assert_eq!(counted(&proxy), counts(expected), "nothing is missing, and nothing failed");
        assert_eq!(proxy.gauge("inferspan_queue_records"), Some(0));
    }
}

#[test]
fn what_waits_for_no_collector_at_the_end_is_logged() {
    let mut proxy = alone().start().unwrap();
    proxy.run(&framing::json().whole).unwrap();
    proxy.advance(Duration::from_secs(5)).unwrap();
    proxy.run(&framing::json().whole).unwrap();
    proxy.shut_down().unwrap();
    assert_eq!(lines(&proxy).len(), 2);
    assert_eq!(proxy.counter("inferspan_spans_dropped_shutdown"), Some(0));
}

#[test]
fn a_collector_that_was_named_is_waited_for() {
    let mut proxy = alone().configuration(r#"{"otlp":{}}"#).start().unwrap();
    proxy.run(&framing::json().whole).unwrap();
    proxy.advance(Duration::from_secs(5)).unwrap();
    assert_eq!((lines(&proxy).len(), explanations(&proxy).len()), (0, 0));
    assert!(proxy.counter("inferspan_exports_unsent") > Some(0));
}

#[test]
fn calls_are_logged_as_it_is_asked() {
    let refused = framing::json().whole.respond(429, "application/json", r#"{"error":{"code":"slow_down"}}"#);
    for (configuration, named, lined) in [
        (r#"{"console":"all"}"#, 0, 2),
        (r#"{"console":"errors"}"#, 0, 1),
        (r#"{"console":"errors","trace":{"sample_ratio":0}}"#, 0, 1),
        (r#"{"console":"all","otlp":{}}"#, 1, 2),
        (r#"{"console":"off"}"#, 1, 0),
        ("{}", 1, 0),
    ] {
        let mut proxy = world::proxy().configuration(configuration).start().unwrap();
        proxy.run(&framing::json().whole).unwrap();
        proxy.run(&refused).unwrap();
        let lines = lines(&proxy);
        assert_eq!(lines.len(), lined, "{configuration}: at once");
        if let Some(last) = lines.last() {
            assert_eq!(last["error.type"], "429");
            assert_eq!(last["http.response.status_code"], 429);
        }
        proxy.advance(Duration::from_secs(5)).unwrap();
        assert_eq!(proxy.callouts().len(), named, "{configuration}: what is sent to the collector");
        assert_eq!(proxy.counter("inferspan_console_lines"), Some(lined as u64));
    }
}

#[test]
fn the_start_is_said_once_for_each_configuration() {
    let said = |proxy: &Proxy| -> Vec<LogLine> {
        proxy.logs().into_iter().filter(|line| line.text.contains("conventions: ")).collect()
    };
    let mut proxy = world::proxy().configuration("{}").workers(3).main_thread().start().unwrap();
    let [line] = said(&proxy).try_into().unwrap();
    assert_eq!(line.level, LogLevel::Info);
    let begin = concat!("inferspan ", env!("CARGO_PKG_VERSION"), ": traces to cluster otel_collector");
    assert!(line.text.starts_with(begin), "{}", line.text);
    proxy.reconfigure(r#"{"otlp":{"cluster":"other"}}"#).unwrap();
    assert_eq!(said(&proxy).len(), 2);
    assert!(said(&proxy)[1].text.contains("traces to cluster other by"));
    proxy.reconfigure("{}").unwrap();
    assert_eq!(said(&proxy).len(), 2, "that was said before");
}
