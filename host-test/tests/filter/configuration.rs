//! Configurations that are refused, with a line that helps, and those that are not.

use host_test::sim::{FaultKind, LogLevel};

use crate::framing;
use crate::world::{flushed, proxy};

#[test]
fn nothing_at_all_works_and_so_does_an_empty_object() {
    for configuration in ["", "{}"] {
        let mut proxy = proxy().configuration(configuration).start().unwrap();
        proxy.run(&framing::json().whole).unwrap();
        assert_eq!(flushed(&mut proxy).unwrap().len(), 1);
    }
}

#[test]
fn a_wrong_configuration_is_refused_with_the_key_and_the_one_before_stays() {
    let mut proxy = proxy().configuration(r#"{"service_name":"before"}"#).start().unwrap();
    for (wrong, key) in [
        ("{", "line 1 column 1"),
        ("[]", "object"),
        (r#"{"otpl":{}}"#, "otpl"),
        (r#"{"otlp":{"timeout_ms":"soon"}}"#, "timeout_ms"),
        (r#"{"trace":{"sample_ratio":2}}"#, "sample_ratio"),
    ] {
        let fault = proxy.reconfigure(wrong).unwrap_err();
        assert_eq!(fault.kind, FaultKind::ConfigurationRefused, "{wrong}");
        let said = proxy.logs().into_iter().rfind(|line| line.level == LogLevel::Error).unwrap();
        assert!(said.text.contains(key), "{wrong}: {}", said.text);
    }
    proxy.run(&framing::json().whole).unwrap();
    let spans = flushed(&mut proxy).unwrap();
    assert_eq!(format!("{:?}", spans[0].resource["service.name"]), r#"Text("before")"#);
}

#[test]
fn a_new_configuration_takes_over() {
    let mut proxy = proxy().start().unwrap();
    proxy.reconfigure(r#"{"service_name":"after"}"#).unwrap();
    proxy.run(&framing::json().whole).unwrap();
    let spans = flushed(&mut proxy).unwrap();
    assert_eq!(format!("{:?}", spans[0].resource["service.name"]), r#"Text("after")"#);
}

#[test]
fn the_trace_context_goes_up_only_where_it_is_asked_for() {
    let client = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let script = framing::json().whole.request_header("traceparent", client);
    let sent = |configuration: &str| {
        let mut proxy = proxy().configuration(configuration).start().unwrap();
        let stream = proxy.run(&script).unwrap();
        let headers = proxy.exchange(stream).upstream().headers.clone().unwrap();
        let sent = headers.get_str("traceparent").unwrap().to_owned();
        (sent, flushed(&mut proxy).unwrap().remove(0))
    };
    let (untouched, span) = sent("{}");
    assert_eq!(untouched, client);
    assert_eq!(
        (span.trace_id.as_str(), span.parent_id.as_str()),
        ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
    );
    let (own, span) = sent(r#"{"trace":{"propagate":true}}"#);
    assert_eq!(own, format!("00-{}-{}-01", span.trace_id, span.span_id));
    assert_eq!(span.parent_id, "b7ad6b7169203331");
}
