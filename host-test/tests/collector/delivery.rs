//! Every signal arrives, in every protocol.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use host_test::rig::client::Request;
use host_test::rig::collector::{Collector, Written};
use host_test::rig::config::Upstream;
use host_test::rig::provider::Scenario;
use host_test::rig::span::{Span, Value, attributes, hex};
use host_test::rig::stand::{Case, Plan, Stand};
use host_test::rig::{PATIENCE, poll};
use hyper::Method;
use hyper::body::Bytes;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Histogram, HistogramDataPoint, metric, number_data_point,
};
use serde_json::{Value as Json, json};

use crate::collector;

/// A way to export: the keys of `otlp`, and where they lead.
struct Way {
    otlp: Json,
    to: fn(&Collector) -> Upstream,
}

fn ways() -> Vec<Way> {
    let http = |collector: &Collector| Upstream::plain(collector.http());
    let grpc = |collector: &Collector| Upstream::plain(collector.grpc()).http2();
    vec![
        Way { otlp: json!({}), to: http },
        Way { otlp: json!({ "signals": ALL }), to: http },
        Way { otlp: json!({ "signals": ALL, "compression": "gzip" }), to: http },
        Way { otlp: json!({ "signals": ALL, "protocol": "http/json" }), to: http },
        Way { otlp: json!({ "signals": ALL, "protocol": "http/json", "compression": "gzip" }), to: http },
        Way { otlp: json!({ "signals": ALL, "protocol": "grpc" }), to: grpc },
        Way { otlp: json!({ "signals": ALL, "protocol": "grpc", "compression": "gzip" }), to: grpc },
        Way { otlp: json!({ "signals": ["metrics"] }), to: http },
        Way { otlp: json!({ "signals": ["logs"], "protocol": "grpc" }), to: grpc },
    ]
}

const ALL: [&str; 3] = ["traces", "metrics", "logs"];

#[tokio::test(flavor = "multi_thread")]
async fn calls_arrive_by_every_way() -> Result<()> {
    for way in ways() {
        let by = way.otlp.to_string();
        calls_arrive(way).await.context(by)?;
    }
    Ok(())
}

async fn calls_arrive(way: Way) -> Result<()> {
    let mut collector = collector().await?;
    collector.up().await?;
    let mut otlp = way.otlp;
    otlp["max_batch_age_ms"] = json!(100);
    let signals = otlp.get("signals").cloned().unwrap_or(json!(["traces"]));
    let filter = json!({
        "service_name": "shop",
        "otlp": otlp,
        "metrics": { "interval_ms": 1000 },
        "logs": { "events": ["exceptions", "inference_details"] },
    });
    let stand = Stand::start(Plan::new(filter, (way.to)(&collector))).await?;
    let streamed = Case::new();
    assert_eq!(streamed.openai(Scenario::Answer, true).send(stand.filtered).await?.status, 200);
    let refused = Case::new();
    assert_eq!(refused.anthropic(Scenario::RateLimited, false).send(stand.filtered).await?.status, 429);

    let wanted = |signal: &str| signals.as_array().is_some_and(|signals| signals.contains(&json!(signal)));
    if wanted("traces") {
        spans(&collector, &streamed, &refused).await?;
    }
    if wanted("metrics") {
        metrics(&collector, &streamed).await?;
    }
    if wanted("logs") {
        logs(&collector, &streamed, &refused).await?;
    }
    ensure!(stand.envoy.stop().await?.success(), "Envoy ends in good order");
    collector.stop().await?;
    let written = collector.written()?;
    assert_eq!(written.traces.is_empty(), !wanted("traces"), "traces where they are wanted");
    assert_eq!(written.metrics.is_empty(), !wanted("metrics"), "metrics where they are wanted");
    assert_eq!(written.logs.is_empty(), !wanted("logs"), "logs where they are wanted");
    Ok(())
}

async fn spans(collector: &Collector, streamed: &Case, refused: &Case) -> Result<()> {
    let span = span_of(collector, streamed).await?;
    assert_eq!((span.name.as_str(), span.kind, span.is_error), ("chat gpt-5-mini", 3, false));
    assert_eq!(span.parent_id, streamed.span_id);
    assert!(span.start < span.end, "{span:?}");
    assert_eq!(span.text("gen_ai.provider.name"), Some("openai"));
    assert_eq!(span.text("gen_ai.request.model"), Some("gpt-5-mini"));
    assert_eq!(span.text("gen_ai.response.model"), Some("gpt-5-mini-2026-08-07"));
    assert_eq!(span.texts("gen_ai.response.finish_reasons"), ["stop"]);
    assert_eq!(span.get("gen_ai.request.stream"), Some(&Value::Bool(true)));
    assert_eq!(span.int("gen_ai.usage.input_tokens"), Some(148));
    assert_eq!(span.int("gen_ai.usage.output_tokens"), Some(97));
    assert_eq!(span.resource.get("service.name"), Some(&Value::from("shop")));

    let span = span_of(collector, refused).await?;
    assert_eq!((span.name.as_str(), span.is_error), ("chat claude-sonnet-5", true));
    assert_eq!(span.text("error.type"), Some("429"));
    assert_eq!(span.int("http.response.status_code"), Some(429));

    for case in [streamed, refused] {
        let spans = collector.written()?.spans();
        assert_eq!(spans.iter().filter(|span| span.trace_id == case.trace_id).count(), 1, "once");
    }
    Ok(())
}

async fn span_of(collector: &Collector, case: &Case) -> Result<Span> {
    collector.span(&format!("the span of {}", case.id), |span| span.trace_id == case.trace_id).await
}

async fn metrics(collector: &Collector, streamed: &Case) -> Result<()> {
    for (kind, tokens) in [("input", 148.0), ("output", 97.0)] {
        let of_kind =
            |written: &Written| latest(written, "gen_ai.client.token.usage", &[("gen_ai.token.type", kind)]);
        let point = collector.find(&format!("the usage of {kind} tokens"), of_kind).await?;
        assert_eq!((point.count, point.sum), (1, Some(tokens)));
        assert_eq!(point.explicit_bounds.get(..5), Some([1.0, 4.0, 16.0, 64.0, 256.0].as_slice()));
        assert_eq!(point.bucket_counts.get(..6), Some([0, 0, 0, 0, 1, 0].as_slice()));
        let told = attributes(&point.attributes);
        assert_eq!(told.get("gen_ai.provider.name"), Some(&Value::from("openai")));
        assert_eq!(told.get("gen_ai.request.model"), Some(&Value::from("gpt-5-mini")));
        let examples: Vec<_> = point.exemplars.iter().map(|exemplar| hex(&exemplar.trace_id)).collect();
        assert_eq!(examples, [streamed.trace_id.as_str()]);
    }
    for (told, model) in
        [(("gen_ai.provider.name", "openai"), "gpt-5-mini"), (("error.type", "429"), "claude-sonnet-5")]
    {
        let of_call = |written: &Written| latest(written, "gen_ai.client.operation.duration", &[told]);
        let point = collector.find(&format!("the duration of a call with {told:?}"), of_call).await?;
        assert_eq!(point.count, 1);
        assert_eq!(attributes(&point.attributes).get("gen_ai.request.model"), Some(&Value::from(model)));
    }
    let exports = |written: &Written| latest(written, "inferspan.export_duration", &[]);
    let exports = collector.find("how long exports take", exports).await?;
    assert!(exports.count > 0 && exports.sum > Some(0.0), "{exports:?}");
    for gauge in ["inferspan.queue_records", "inferspan.queue_bytes"] {
        let of_gauge = |written: &Written| level(written, gauge);
        assert!(collector.find(gauge, of_gauge).await? >= 0, "{gauge}");
    }
    for (name, of_what, value) in [
        ("gen_ai_client_token_usage_sum", r#"gen_ai_token_type="input""#, "148"),
        ("gen_ai_client_token_usage_sum", r#"gen_ai_token_type="output""#, "97"),
        ("gen_ai_client_operation_duration_seconds_count", r#"error_type="429""#, "1"),
    ] {
        let line = scraped(collector, name, of_what).await?;
        assert!(line.ends_with(&format!(" {value}")), "{line}");
    }
    Ok(())
}

/// What Prometheus sees of a metric, as soon as it does.
async fn scraped(collector: &Collector, name: &str, of_what: &str) -> Result<String> {
    // It may be served a moment after it is in the file.
    poll::until(&format!("{name} with {of_what} is there for Prometheus"), PATIENCE, async || {
        let server = collector.prometheus();
        let headers = vec![("host".to_owned(), server.to_string().into_bytes())];
        let path = "/metrics".to_owned();
        let scrape = Request { method: Method::GET, path, headers, body: Bytes::new() };
        let text = String::from_utf8(scrape.send(server).await?.body.to_vec())?;
        let is_it = |line: &&str| line.starts_with(&format!("{name}{{")) && line.contains(of_what);
        Ok(text.lines().find(is_it).map(str::to_owned))
    })
    .await
}

/// The last point of a histogram that has these attributes.
fn latest(written: &Written, name: &str, wanted: &[(&str, &str)]) -> Option<HistogramDataPoint> {
    let resources = written.metrics.iter().flat_map(|request| &request.resource_metrics);
    let scopes = resources.flat_map(|resource| &resource.scope_metrics);
    let metrics = scopes.flat_map(|scope| &scope.metrics).filter(|metric| metric.name == name);
    let histograms = metrics.filter_map(|metric| match &metric.data {
        Some(metric::Data::Histogram(histogram)) => Some(histogram),
        _ => None,
    });
    let points =
        histograms.filter(|histogram| is_cumulative(histogram)).flat_map(|histogram| &histogram.data_points);
    let has = |told: &BTreeMap<String, Value>| {
        wanted.iter().all(|(key, value)| told.get(*key) == Some(&Value::from(*value)))
    };
    points.rev().find(|point| has(&attributes(&point.attributes))).cloned()
}

/// The last value of a gauge without attributes.
fn level(written: &Written, name: &str) -> Option<i64> {
    let resources = written.metrics.iter().flat_map(|request| &request.resource_metrics);
    let scopes = resources.flat_map(|resource| &resource.scope_metrics);
    let metrics = scopes.flat_map(|scope| &scope.metrics).filter(|metric| metric.name == name);
    let mut gauges = metrics.filter_map(|metric| match &metric.data {
        Some(metric::Data::Gauge(gauge)) => gauge.data_points.last(),
        _ => None,
    });
    gauges.next_back().and_then(|point| match point.value {
        Some(number_data_point::Value::AsInt(value)) => Some(value),
        _ => None,
    })
}

fn is_cumulative(histogram: &Histogram) -> bool {
    histogram.aggregation_temporality == AggregationTemporality::Cumulative as i32
}

async fn logs(collector: &Collector, streamed: &Case, refused: &Case) -> Result<()> {
    let details = record(collector, "gen_ai.client.inference.operation.details", streamed).await?;
    let told = attributes(&details.attributes);
    assert_eq!(told.get("gen_ai.usage.output_tokens"), Some(&Value::from(97)));
    assert_eq!(told.get("gen_ai.response.model"), Some(&Value::from("gpt-5-mini-2026-08-07")));

    let exception = record(collector, "gen_ai.client.operation.exception", refused).await?;
    assert_eq!(exception.severity_number, 13);
    assert_eq!(
        attributes(&exception.attributes).get("gen_ai.request.model"),
        Some(&Value::from("claude-sonnet-5"))
    );
    Ok(())
}

/// The record of that name about a call.
async fn record(collector: &Collector, name: &str, case: &Case) -> Result<LogRecord> {
    let is_it = |record: &&LogRecord| record.event_name == name && hex(&record.trace_id) == case.trace_id;
    let of_case = |written: &Written| {
        let resources = written.logs.iter().flat_map(|request| &request.resource_logs);
        let scopes = resources.flat_map(|resource| &resource.scope_logs);
        scopes.flat_map(|scope| &scope.log_records).find(is_it).cloned()
    };
    collector.find(&format!("{name} of {}", case.id), of_case).await
}
