//! Facts of calls as Envoy's filter state.

use std::collections::BTreeMap;

use host_test::sim::{Break, Proxy, Script};

use crate::framing;
use crate::world::proxy;

const ALL: &str = r#"{
    "filter_state": ["provider", "operation", "model", "request_model", "input_tokens", "output_tokens",
        "total_tokens", "cost_usd", "outcome", "error_type", "time_to_first_token_ms"],
    "prices": [{ "model": "*", "usd_per_million": { "input": 1000, "output": 2000 } }]
}"#;

/// What Envoy knows of the exchange, without the prefix of the names.
fn state_of(proxy: &mut Proxy, script: &Script) -> BTreeMap<String, String> {
    let stream = proxy.run(script).unwrap();
    let state = proxy.exchange(stream).filter_state();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    state.into_iter().map(|(name, value)| (name.replacen("inferspan.", "", 1), text(value))).collect()
}

fn expected<const N: usize>(state: [(&str, &str); N]) -> BTreeMap<String, String> {
    state.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn nothing_is_told_unless_it_is_asked_for() {
    let mut proxy = proxy().start().unwrap();
    assert_eq!(state_of(&mut proxy, &framing::json().whole), expected([]));
}

#[test]
fn a_call_is_told() {
    let mut proxy = proxy().configuration(ALL).start().unwrap();
    assert_eq!(
        state_of(&mut proxy, &framing::json().whole),
        expected([
            ("provider", "openai"),
            ("operation", "chat"),
            ("model", "gpt-4o-2024-08-06"),
            ("request_model", "gpt-4o"),
            ("input_tokens", "11"),
            ("output_tokens", "7"),
            ("total_tokens", "18"),
            ("cost_usd", "0.025"),
            ("outcome", "completed"),
        ])
    );
}

#[test]
fn a_call_that_breaks_off_or_fails_is_told() {
    let mut proxy = proxy()
        .configuration(r#"{"filter_state":["outcome","error_type","request_model"]}"#)
        .start()
        .unwrap();
    let json = framing::json();
    for (script, outcome, error_type) in [
        (json.whole.clone().breaks(Break::ClientLeaves, json.beginning), "client_cancelled", None),
        (json.whole.clone().breaks_before_response(Break::TimesOut), "timeout", Some("timeout")),
        (json.whole.clone().respond(429, "application/json", "{}"), "error", Some("429")),
        (json.whole.clone().respond(503, "application/json", "{}"), "error", Some("503")),
    ] {
        let state = state_of(&mut proxy, &script);
        assert_eq!(state.get("outcome").map(String::as_str), Some(outcome), "{state:?}");
        assert_eq!(state.get("error_type").map(String::as_str), error_type, "{state:?}");
        assert_eq!(state.get("request_model").map(String::as_str), Some("gpt-4o"));
    }
}

#[test]
fn what_is_told_early_is_told_of_in_spans_as_without() {
    // The same exchanges give the same spans, whether their facts are needed at the answer's end or later.
    for framing in framing::all() {
        let spans = |configuration: &str| {
            let mut proxy = proxy().configuration(configuration).start().unwrap();
            proxy.run(&framing.whole).unwrap();
            crate::world::flushed(&mut proxy).unwrap()
        };
        let (with, without) = (spans(r#"{"filter_state":["outcome"]}"#), spans("{}"));
        assert_eq!(with.len(), 1);
        assert_eq!(with[0].attributes, without[0].attributes, "{}", framing.name);
    }
}

#[test]
fn what_is_no_call_is_not_told() {
    let page = Script::post("/api/chat", r#"{"room":7,"text":"Hello"}"#)
        .request_header(":authority", "app.example.com")
        .respond(200, "application/json", r#"{"ok":true}"#);
    let mut proxy = proxy().configuration(ALL).start().unwrap();
    assert_eq!(state_of(&mut proxy, &page), expected([]));
    assert_eq!(proxy.counter("inferspan_exchanges_completed"), Some(0));
}
