//! Every key of the configuration: its default, its bounds, and that no key beside those there are is taken.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use inferspan_core::config::{Config, Parent};
use inferspan_core::signal::Conventions;
use inferspan_core::signal::convention::Vocabulary;
use inferspan_core::signal::convention::gen_ai::Version;
use inferspan_core::signal::convention::llm::Settings;
use inferspan_core::signal::log::LogKind;

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(text.as_bytes()).map_err(|error| error.to_string())
}

#[test]
fn every_default_is_the_documented_one() {
    let config = Config::default();
    assert_eq!(config.service_name, None);
    assert!(config.resource.attributes.is_empty());
    let [otlp] = &*config.otlp else { panic!("{:?}", config.otlp) };
    assert_eq!(otlp.cluster, "otel_collector");
    assert_eq!(otlp.authority, None);
    assert_eq!(otlp.traces_path, "/v1/traces");
    assert!(otlp.headers.is_empty());
    assert_eq!(otlp.timeout_ms, 10_000);
    assert_eq!(otlp.max_batch_records, 64);
    assert_eq!(otlp.max_batch_bytes, 262_144);
    assert_eq!(otlp.max_batch_age_ms, 1_000);
    assert_eq!(otlp.max_queue_bytes, 2_097_152);
    assert_eq!(otlp.max_in_flight, 4);
    assert!((config.trace.sample_ratio - 1.0).abs() < f64::EPSILON);
    assert!(!config.trace.propagate);
    assert_eq!(config.trace.parent, Parent::Auto);
    assert_eq!(config.semconv.version, [Version::V1_42Dev]);
    assert_eq!(config.semconv.vocabularies, [Vocabulary::GenAi]);
    assert_eq!(config.logs.events, [LogKind::Exceptions]);
    assert_eq!(config.conventions(), Conventions::default());
    assert!(config.providers.is_empty());
    assert!(config.prices.is_empty());
    assert_eq!(config.cost.threshold_usd, None);
}

#[test]
fn every_version_of_the_conventions_is_taken_alone_and_with_others() {
    for (text, expected) in [
        (r#""1.36.0""#, &[Version::V1_36][..]),
        (r#""1.41.0""#, &[Version::V1_41]),
        (r#""1.42.0-dev""#, &[Version::V1_42Dev]),
        (r#""next""#, &[Version::Next]),
        (r#"["1.42.0-dev","1.36.0"]"#, &[Version::V1_42Dev, Version::V1_36]),
    ] {
        let config = parse(&format!(r#"{{"semconv":{{"version":{text}}}}}"#)).unwrap();
        assert_eq!(config.semconv.version, expected, "{text}");
        assert_eq!(
            config.conventions(),
            Conventions::new(&[Vocabulary::GenAi], expected, Settings::default())
                .with_logs(vec![LogKind::Exceptions])
        );
    }
}

#[test]
fn every_vocabulary_is_taken_alone_and_with_others() {
    for (text, expected) in [
        (r#"["gen_ai"]"#, &[Vocabulary::GenAi][..]),
        (r#"["openinference"]"#, &[Vocabulary::OpenInference]),
        (r#"["llm"]"#, &[Vocabulary::Llm]),
        (r#"["openinference","gen_ai"]"#, &[Vocabulary::OpenInference, Vocabulary::GenAi]),
    ] {
        let config = parse(&format!(r#"{{"semconv":{{"vocabularies":{text}}}}}"#)).unwrap();
        assert_eq!(config.semconv.vocabularies, expected, "{text}");
        assert_eq!(
            config.conventions(),
            Conventions::new(expected, &[Version::V1_42Dev], Settings::default())
                .with_logs(vec![LogKind::Exceptions])
        );
    }
}

#[test]
fn the_providers_that_rules_name_are_told_each_once() {
    let rules = r#"[{"host":"a","provider":"vllm"},{"host":"b","api":"openai_chat"},
        {"host":"c","provider":"acme"},{"host":"d","provider":"vllm"}]"#;
    let config = parse(&format!(
        r#"{{"semconv":{{"vocabularies":["llm"]}},"llm":{{"display_names":{{"vllm":"vLLM"}}}},"providers":{rules}}}"#
    ));
    let settings = Settings {
        display_names: [("vllm".to_owned(), "vLLM".to_owned())].into(),
        providers: vec!["vllm".to_owned(), "acme".to_owned()],
    };
    let expected = Conventions::new(&[Vocabulary::Llm], &[Version::V1_42Dev], settings)
        .with_logs(vec![LogKind::Exceptions]);
    assert_eq!(config.unwrap().conventions(), expected);
}

#[test]
fn a_number_is_taken_up_to_its_bounds_and_not_beyond() {
    // The queue holds at least a batch, so the two go together.
    for (key, least, most, with) in [
        ("timeout_ms", 1, 60_000, ""),
        ("max_batch_records", 1, 4_096, ""),
        ("max_batch_bytes", 1_024, 4_194_304, r#","max_queue_bytes":67108864"#),
        ("max_batch_age_ms", 10, 60_000, ""),
        ("max_queue_bytes", 16_384, 67_108_864, r#","max_batch_bytes":1024"#),
        ("max_in_flight", 1, 64, ""),
    ] {
        let with_value = |value: u64| parse(&format!(r#"{{"otlp":{{"{key}":{value}{with}}}}}"#));
        for fine in [least, most] {
            assert!(with_value(fine).is_ok(), "{key} {fine}: {:?}", with_value(fine));
        }
        for beyond in [least - 1, most + 1] {
            let problem = with_value(beyond).expect_err(key);
            assert!(
                problem.starts_with(&format!("otlp.{key}: is {beyond}; give {least} to {most} ")),
                "{problem}"
            );
        }
    }
    for (ratio, fine) in [("0", true), ("1", true), ("0.001", true), ("1.0001", false), ("-0.0001", false)] {
        assert_eq!(parse(&format!(r#"{{"trace":{{"sample_ratio":{ratio}}}}}"#)).is_ok(), fine, "{ratio}");
    }
    let equal = r#"{"otlp":{"max_queue_bytes":20000,"max_batch_bytes":20000}}"#;
    assert!(parse(equal).is_ok(), "a queue of one batch");
    let less = r#"{"otlp":{"max_queue_bytes":20000,"max_batch_bytes":20001}}"#;
    assert!(parse(less).unwrap_err().starts_with("otlp.max_queue_bytes: is 20000"));
}

#[test]
fn headers_that_an_export_sets_itself_are_refused() {
    for (name, instead) in [
        (":authority", "use otlp.authority"),
        ("host", "use otlp.authority"),
        (":path", "use traces_path, metrics_path and logs_path"),
        ("content-type", "it follows from the body and the protocol"),
        ("content-length", "it follows from the body and the protocol"),
        ("content-encoding", "it follows from the body and the protocol"),
        ("transfer-encoding", "it follows from the body and the protocol"),
        (":method", "an export is a POST over the cluster's protocol"),
    ] {
        let problem = parse(&format!(r#"{{"otlp":{{"headers":{{"{name}":"a"}}}}}}"#)).expect_err(name);
        assert_eq!(problem, format!("otlp.headers.{name}: is not for you to set; {instead}"));
    }
}

#[test]
fn an_unknown_key_is_refused_in_every_object() {
    for (text, key) in [
        (r#"{"servicename":"a"}"#, "servicename"),
        (r#"{"resource":{"attribute":{}}}"#, "resource.attribute"),
        (r#"{"otlp":{"max_batch":1}}"#, "otlp.max_batch"),
        (r#"{"trace":{"ratio":1}}"#, "trace.ratio"),
        (r#"{"semconv":{"versions":"1.42.0-dev"}}"#, "semconv.versions"),
        (r#"{"providers":[{"provider":"a","hosts":"b"}]}"#, "providers[0].hosts"),
        (r#"{"prices":[{"model":"a","tier":[]}]}"#, "prices[0].tier"),
        (r#"{"prices":[{"model":"a","usd_per_million":{"inputs":1}}]}"#, "prices[0].usd_per_million.inputs"),
        (r#"{"prices":[{"model":"a","tiers":[{"above":1}]}]}"#, "prices[0].tiers[0].above"),
        (r#"{"cost":{"threshold":1}}"#, "cost.threshold"),
    ] {
        let problem = parse(text).expect_err(text);
        let line = format!("{key}: is no key; give ");
        assert!(problem.lines().any(|problem| problem.starts_with(&line)), "{problem}");
    }
}

#[test]
fn headers_that_the_export_sets_itself_are_refused_each_with_what_to_do() {
    for (name, advice) in [
        (":authority", "use otlp.authority"),
        ("host", "use otlp.authority"),
        (":path", "use traces_path, metrics_path and logs_path"),
        (":method", "an export is a POST"),
        (":scheme", "an export is a POST"),
        ("content-type", "it follows from the body and the protocol"),
        ("content-length", "it follows from the body and the protocol"),
        ("content-encoding", "it follows from the body and the protocol"),
        ("transfer-encoding", "it follows from the body and the protocol"),
        ("", "is no header name"),
        ("a b", "is no header name"),
        ("Upper", "is no header name"),
    ] {
        let problem = parse(&format!(r#"{{"otlp":{{"headers":{{"{name}":"x"}}}}}}"#)).expect_err(name);
        assert!(problem.starts_with("otlp.headers.") && problem.contains(advice), "{name}: {problem}");
    }
    for (value, fine) in
        [("a\\tb", true), ("", true), ("a\\u0000", false), ("a\\u007f", false), ("a\\n", false)]
    {
        let taken = parse(&format!(r#"{{"otlp":{{"headers":{{"x-key_1.a":"{value}"}}}}}}"#));
        assert_eq!(taken.is_ok(), fine, "{value}: {taken:?}");
    }
}

#[test]
fn texts_that_could_not_be_sent_are_refused() {
    for (text, key) in [
        (r#"{"otlp":{"authority":""}}"#, "otlp.authority"),
        (r#"{"otlp":{"authority":"a\u0000"}}"#, "otlp.authority"),
        (r#"{"otlp":{"path":""}}"#, "otlp.traces_path"),
        (r#"{"otlp":{"path":"/a b"}}"#, "otlp.traces_path"),
        (r#"{"providers":[{"path":"","provider":"x"}]}"#, "providers[0].path"),
        (r#"{"providers":[{"provider":"x"},{"host":"a","provider":""}]}"#, "providers[1].provider"),
    ] {
        let problem = parse(text).expect_err(text);
        assert!(problem.starts_with(&format!("{key}: ")), "{problem}");
    }
}
