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
        ("{", "line 1, column 2"),
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
