//! The filter's configuration for `up`: the operator's, but for where telemetry goes.
//!
//! The clusters that a configuration names are those of another Envoy. Without a collector of the user's, spans go to
//! our own receiver. With one, what the configuration says of its first collector holds (protocol, signals, compression,
//! headers …) but for the place; a second one, ours, watches the spans, for the summary.

use anyhow::{Context, Result};
use host_test::rig::config::{COLLECTOR, OBSERVER, Upstream, cluster};
use inferspan_core::config::Protocol;
use serde_json::{Map, Value, json};

use crate::configuration::Configuration;

/// The configuration, and the collector as it is to be spoken to; `None` where it is ours.
pub(super) fn of(
    configuration: &Configuration,
    collector: Option<&Upstream>,
    headers: &[(String, String)],
) -> (Value, Option<Upstream>) {
    let mut object = configuration.object.clone();
    let given = match object.remove("otlp") {
        Some(Value::Object(otlp)) => otlp,
        Some(Value::Array(list)) => list
            .into_iter()
            .find_map(|otlp| match otlp {
                Value::Object(otlp) => Some(otlp),
                _ => None,
            })
            .unwrap_or_default(),
        _ => Map::new(),
    };
    let Some(collector) = collector else {
        object.insert("otlp".to_owned(), json!({ "signals": ["traces"], "cluster": COLLECTOR }));
        return (Value::Object(object), None);
    };
    let mut otlp = given;
    otlp.insert("cluster".to_owned(), json!(COLLECTOR));
    otlp.insert("authority".to_owned(), json!(collector.authority()));
    if !collector.path.is_empty() {
        otlp.remove("path");
        for signal in ["traces", "metrics", "logs"] {
            otlp.insert(format!("{signal}_path"), json!(format!("{}/v1/{signal}", collector.path)));
        }
    }
    if !headers.is_empty() {
        let all = otlp.entry("headers").or_insert_with(|| json!({}));
        for (name, value) in headers {
            all[name] = json!(value);
        }
    }
    object.insert("otlp".to_owned(), json!([otlp, { "cluster": OBSERVER, "signals": ["traces"] }]));
    let is_grpc = configuration.config.otlp.first().is_some_and(|otlp| otlp.protocol == Protocol::Grpc);
    let collector = collector.clone();
    (Value::Object(object), Some(if is_grpc { collector.http2() } else { collector }))
}

/// Adds the cluster of our own receiver beside the user's collector.
pub(super) fn add_observer(bootstrap: &mut Value, ours: &Upstream) -> Result<()> {
    let clusters = bootstrap.pointer_mut("/static_resources/clusters").and_then(Value::as_array_mut);
    clusters.context("no clusters in Envoy's configuration")?.push(cluster(OBSERVER, ours)?);
    Ok(())
}

/// `NAME=VALUE`. No message shows a value, which may be a key.
pub(super) fn header(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        }
        _ => Err("give NAME=VALUE, e.g. x-tenant=team-a".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use inferspan_core::config::Config;

    use super::*;

    fn configuration(text: &str) -> Configuration {
        let config = Config::parse(text.as_bytes()).unwrap();
        Configuration { config, object: serde_json::from_str(text).unwrap() }
    }

    #[test]
    fn where_telemetry_goes_is_the_command_lines_and_how_is_the_configurations() {
        let text = r#"{"service_name": "shop", "otlp": [{"cluster": "theirs", "protocol": "grpc",
            "signals": ["traces", "logs"], "headers": {"x-a": "1"}}, {"cluster": "other"}]}"#;
        let collector: Upstream = "https://otlp.example.com/in".parse().unwrap();
        let headers = [header("X-Key = secret").unwrap()];
        let (filter, spoken) = of(&configuration(text), Some(&collector), &headers);
        assert_eq!(
            filter,
            json!({ "service_name": "shop", "otlp": [
                { "cluster": "otel_collector", "authority": "otlp.example.com", "protocol": "grpc",
                  "signals": ["traces", "logs"], "headers": { "x-a": "1", "x-key": "secret" },
                  "traces_path": "/in/v1/traces", "metrics_path": "/in/v1/metrics", "logs_path": "/in/v1/logs" },
                { "cluster": "inferspan_observer", "signals": ["traces"] },
            ] })
        );
        assert!(spoken.unwrap().http2);
        Config::parse(filter.to_string().as_bytes()).unwrap();

        let (filter, spoken) = of(&configuration(text), None, &[]);
        assert_eq!(filter["otlp"], json!({ "cluster": "otel_collector", "signals": ["traces"] }));
        assert_eq!(spoken, None);
    }
}
