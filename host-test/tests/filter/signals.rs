//! Metrics, protocols and several collectors: what leaves beside spans in protobuf over HTTP.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::time::Duration;

use flate2::read::GzDecoder;
use host_test::rig::span::Span;
use host_test::sim::{Callout, Proxy, Reply};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{HistogramDataPoint, Metric};
use prost::Message;

use crate::framing;
use crate::world::{counted, counts, proxy};

const MINUTE: Duration = Duration::from_secs(60);
const WITH_METRICS: &str = r#"{"otlp":{"signals":["traces","metrics"]}}"#;

#[test]
fn metrics_are_collected_every_minute() {
    let mut proxy = configured(WITH_METRICS);
    run(&mut proxy, 3);
    proxy.advance(Duration::from_secs(59)).unwrap();
    assert_eq!(paths(&proxy), ["/v1/traces"]);
    proxy.advance(Duration::from_secs(2)).unwrap();
    assert_eq!(paths(&proxy), ["/v1/traces", "/v1/metrics"]);
    let metrics = metrics(&proxy.callouts()[1]);

    let tokens = histogram(&metrics, "gen_ai.client.token.usage");
    let sums: BTreeMap<_, _> =
        tokens.iter().map(|point| (text(point, "gen_ai.token.type"), (point.count, point.sum))).collect();
    let expected = [("input".to_owned(), (3, Some(33.0))), ("output".to_owned(), (3, Some(21.0)))];
    assert_eq!(sums, BTreeMap::from(expected));
    let [duration] = histogram(&metrics, "gen_ai.client.operation.duration").try_into().unwrap();
    assert_eq!((duration.count, text(&duration, "gen_ai.request.model").as_str()), (3, "gpt-4o"));
    let example = duration.exemplars.last().expect("a call stands for its bucket");
    let spans = Span::all(&ExportTraceServiceRequest::decode(&*proxy.callouts()[0].body).unwrap());
    let trace = example.trace_id.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert!(spans.iter().any(|span| span.trace_id == trace), "{trace}");

    let completed = metrics.iter().find(|metric| metric.name == "inferspan.exchanges_completed").unwrap();
    let Some(Data::Sum(sum)) = &completed.data else { panic!("{completed:?}") };
    assert_eq!(sum.data_points[0].value, Some(Value::AsInt(3)));
}

#[test]
fn every_metric_point_is_counted() {
    let mut proxy = configured(WITH_METRICS);
    run(&mut proxy, 1);
    proxy.advance(MINUTE + Duration::from_secs(5)).unwrap();
    let points = points(&metrics(&proxy.callouts()[1]));
    assert!(points > 3, "{points}");
    let sent = [("exports_sent", 2), ("spans_exported", 1), ("metric_points_exported", points)];
    let [exports, spans, points] = sent;
    assert_eq!(counted(&proxy), counts([("exchanges_completed", 1), exports, spans, points]));
}

#[test]
fn what_the_last_collection_cannot_send_is_counted() {
    let mut proxy = configured(WITH_METRICS);
    run(&mut proxy, 1);
    proxy.advance(MINUTE + Duration::from_secs(5)).unwrap();
    let of = |proxy: &Proxy, fate: &str| proxy.counter(&format!("inferspan_metric_points_{fate}")).unwrap();
    let exported = of(&proxy, "exported");
    assert_eq!([of(&proxy, "queued"), of(&proxy, "dropped_shutdown")], [exported, 0]);
    run(&mut proxy, 1);
    proxy.shut_down().unwrap();
    assert_eq!(proxy.callouts().len(), 2, "nothing can be sent from there on");
    let lost = of(&proxy, "dropped_shutdown");
    assert!(lost > 3, "the second call, and the filter's own: {lost}");
    assert_eq!([of(&proxy, "queued"), of(&proxy, "exported")], [exported + lost, exported]);
    assert!(proxy.logs().iter().any(|line| line.text.contains("metric points were not delivered")));
}

#[test]
fn a_root_that_ends_before_its_vm_sends_a_last_collection() {
    let mut proxy =
        proxy().configuration(WITH_METRICS).another_plugin("newer", "inferspan", "{}").start().unwrap();
    run(&mut proxy, 2);
    proxy.end_plugin(0).unwrap();
    proxy.advance(Duration::from_secs(5)).unwrap();
    assert_eq!(paths(&proxy), ["/v1/traces", "/v1/metrics"]);
    let [duration] =
        histogram(&metrics(&proxy.callouts()[1]), "gen_ai.client.operation.duration").try_into().unwrap();
    assert_eq!(duration.count, 2);
    assert_eq!(proxy.counter("inferspan_metric_points_dropped_shutdown"), Some(0));
}

#[test]
fn what_is_held_is_told_as_metrics() {
    let takes_metrics = |callout: &Callout| match callout.headers.get_str(":path") {
        Some("/v1/metrics") => Reply::status(200),
        _ => Reply::never(),
    };
    let mut proxy =
        proxy().configuration(WITH_METRICS).cluster_with("otel_collector", takes_metrics).start().unwrap();
    run(&mut proxy, 4);
    proxy.advance(MINUTE + Duration::from_secs(5)).unwrap();
    let callouts = proxy.callouts();
    let collection = callouts.iter().find(|callout| callout.headers.get_str(":path") == Some("/v1/metrics"));
    let metrics = metrics(collection.unwrap());
    assert_eq!(gauge(&metrics, "inferspan.queue_records"), 4, "the spans");
    let bytes = gauge(&metrics, "inferspan.queue_bytes");
    let sent = i64::try_from(callouts[0].body.len()).unwrap();
    assert!(0 < bytes && bytes < sent, "{bytes} bytes of {sent}, which have an envelope");
}

#[test]
fn how_long_exports_take_is_told_as_metrics() {
    let late = Reply::status(200).after(Duration::from_millis(2500));
    let mut proxy = proxy().configuration(WITH_METRICS).cluster("otel_collector", late).start().unwrap();
    run(&mut proxy, 4);
    proxy.advance(MINUTE + Duration::from_secs(5)).unwrap();
    assert_eq!(paths(&proxy), ["/v1/traces", "/v1/metrics"]);
    let metrics = metrics(&proxy.callouts()[1]);
    let [took] = histogram(&metrics, "inferspan.export_duration").try_into().unwrap();
    assert_eq!(took.explicit_bounds, [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0]);
    assert_eq!((took.count, took.sum), (1, Some(2.5)));
    assert_eq!(took.bucket_counts, [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
}

#[test]
fn a_vm_without_calls_collects_nothing() {
    let mut proxy = configured(WITH_METRICS);
    proxy.advance(10 * MINUTE).unwrap();
    assert!(proxy.callouts().is_empty());
}

#[test]
fn a_collector_that_does_not_take_them_gets_no_second_collection_meanwhile() {
    let takes_spans = |callout: &Callout| match callout.headers.get_str(":path") {
        Some("/v1/metrics") => Reply::status(503),
        _ => Reply::status(200),
    };
    let mut proxy =
        proxy().configuration(WITH_METRICS).cluster_with("otel_collector", takes_spans).start().unwrap();
    run(&mut proxy, 1);
    proxy.advance(2 * MINUTE + Duration::from_secs(5)).unwrap();
    let callouts = proxy.callouts();
    let collections = callouts.iter().filter(|c| c.headers.get_str(":path") == Some("/v1/metrics"));
    let bodies: BTreeSet<_> = collections.map(|callout| &callout.body).collect();
    assert_eq!(bodies.len(), 1, "the first one is tried again and again");
}

#[test]
fn a_failed_call_is_logged_where_logs_are_taken() {
    let refusal = r#"{"error":{"message":"Too many.","type":"tokens","code":"rate_limit_exceeded"}}"#;
    let script = framing::json().whole.respond(429, "application/json", refusal);
    for (configuration, expected) in [
        (r#"{"otlp":{"signals":["traces","logs"]}}"#, ["/v1/traces", "/v1/logs"].as_slice()),
        (r#"{"otlp":{"signals":["logs"]},"trace":{"sample_ratio":0}}"#, &["/v1/logs"]),
        ("{}", &["/v1/traces"]),
    ] {
        let mut proxy = configured(configuration);
        run(&mut proxy, 1);
        proxy.run(&script).unwrap();
        proxy.advance(Duration::from_secs(5)).unwrap();
        assert_eq!(paths(&proxy), expected, "{configuration}");
        let callouts = proxy.callouts();
        let mut logs = callouts.iter().filter(|c| c.headers.get_str(":path") == Some("/v1/logs"));
        let Some(callout) = logs.next() else {
            continue;
        };
        let request = ExportLogsServiceRequest::decode(callout.body.as_slice()).unwrap();
        let [record] = request.resource_logs[0].scope_logs[0].log_records.as_slice() else {
            panic!("{request:?}")
        };
        assert_eq!(
            (record.event_name.as_str(), record.severity_number),
            ("gen_ai.client.operation.exception", 13)
        );
        assert!(!format!("{record:?}").contains("Too many"), "the provider's text may quote the prompt");
        assert_eq!(proxy.counter("inferspan_log_records_exported"), Some(1));
    }
}

#[test]
fn json_says_what_protobuf_says() {
    let mut proxy = configured(r#"{"otlp":{"protocol":"http/json"}}"#);
    run(&mut proxy, 2);
    proxy.advance(Duration::from_secs(5)).unwrap();
    let callout = &proxy.callouts()[0];
    assert_eq!(callout.headers.get_str("content-type"), Some("application/json"));
    let request: ExportTraceServiceRequest = serde_json::from_slice(&callout.body).unwrap();
    let spans = Span::all(&request);
    assert_eq!((spans.len(), spans[0].name.as_str()), (2, "chat gpt-4o"));
    assert_eq!(spans[0].int("gen_ai.usage.input_tokens"), Some(11));
}

#[test]
fn gzip_is_taken_off_again() {
    let mut proxy = configured(r#"{"otlp":{"compression":"gzip"}}"#);
    run(&mut proxy, 20);
    proxy.advance(Duration::from_secs(5)).unwrap();
    let callout = &proxy.callouts()[0];
    assert_eq!(callout.headers.get_str("content-encoding"), Some("gzip"));
    let mut plain = Vec::new();
    GzDecoder::new(callout.body.as_slice()).read_to_end(&mut plain).unwrap();
    let request = ExportTraceServiceRequest::decode(plain.as_slice()).unwrap();
    assert_eq!(Span::all(&request).len(), 20);
    assert!(callout.body.len() * 3 < plain.len(), "{} of {}", callout.body.len(), plain.len());
}

#[test]
fn grpc_frames_its_requests_and_reads_its_trailers() {
    let answers = |status: &str| {
        Reply::http([(":status", "200"), ("content-type", "application/grpc")], [0, 0, 0, 0, 0])
            .with_trailers([("grpc-status", status)])
    };
    for (status, counter) in [("0", "inferspan_spans_exported"), ("3", "inferspan_spans_dropped_refused")] {
        let mut proxy = proxy()
            .configuration(r#"{"otlp":{"protocol":"grpc"}}"#)
            .cluster("otel_collector", answers(status))
            .start()
            .unwrap();
        run(&mut proxy, 2);
        proxy.advance(Duration::from_secs(5)).unwrap();
        let callout = &proxy.callouts()[0];
        let header = |name: &str| callout.headers.get_str(name).unwrap_or_default().to_owned();
        assert_eq!(header(":path"), "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
        assert_eq!((header("content-type"), header("te")), ("application/grpc".into(), "trailers".into()));
        let (head, message) = callout.body.split_at(5);
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        assert_eq!(head, [&[0], length.as_slice()].concat());
        assert_eq!(Span::all(&ExportTraceServiceRequest::decode(message).unwrap()).len(), 2);
        assert_eq!(proxy.counter(counter), Some(2), "grpc-status {status}");
    }
}

#[test]
fn a_collector_that_is_down_holds_no_other_up() {
    let mut proxy = proxy()
        .configuration(r#"{"otlp":[{"cluster":"down"},{"cluster":"up"}]}"#)
        .cluster("down", Reply::refused())
        .cluster("up", Reply::status(200))
        .start()
        .unwrap();
    run(&mut proxy, 70);
    proxy.advance(Duration::from_secs(5)).unwrap();
    let sent: usize = proxy
        .callouts()
        .iter()
        .filter(|callout| callout.cluster == "up")
        .map(|callout| crate::world::spans(callout).len())
        .sum();
    assert_eq!(sent, 70);
    assert_eq!(proxy.counter("inferspan_spans_exported"), Some(70));
    assert!(proxy.counter("inferspan_exports_failed").unwrap() > 0);
}

fn configured(configuration: &str) -> Proxy {
    proxy().configuration(configuration).start().unwrap()
}

fn run(proxy: &mut Proxy, times: usize) {
    let script = framing::json().whole;
    for _ in 0..times {
        proxy.run(&script).unwrap();
    }
}

fn paths(proxy: &Proxy) -> Vec<String> {
    let callouts = proxy.callouts();
    callouts.iter().map(|callout| callout.headers.get_str(":path").unwrap_or_default().to_owned()).collect()
}

fn metrics(callout: &Callout) -> Vec<Metric> {
    let request = ExportMetricsServiceRequest::decode(callout.body.as_slice()).unwrap();
    let scopes = request.resource_metrics.into_iter().flat_map(|of_resource| of_resource.scope_metrics);
    scopes.flat_map(|of_scope| of_scope.metrics).collect()
}

fn histogram(metrics: &[Metric], name: &str) -> Vec<HistogramDataPoint> {
    let metric = metrics.iter().find(|metric| metric.name == name).unwrap_or_else(|| panic!("no {name}"));
    let Some(Data::Histogram(histogram)) = &metric.data else { panic!("{metric:?}") };
    histogram.data_points.clone()
}

fn gauge(metrics: &[Metric], name: &str) -> i64 {
    let metric = metrics.iter().find(|metric| metric.name == name).unwrap();
    let Some(Data::Gauge(gauge)) = &metric.data else { panic!("{metric:?}") };
    let Some(Value::AsInt(value)) = gauge.data_points[0].value else { panic!("{gauge:?}") };
    value
}

fn text(point: &HistogramDataPoint, key: &str) -> String {
    let attribute = point.attributes.iter().find(|attribute| attribute.key == key);
    match attribute.and_then(|attribute| attribute.value.clone()?.value) {
        Some(opentelemetry_proto::tonic::common::v1::any_value::Value::StringValue(text)) => text,
        other => panic!("{key}: {other:?}"),
    }
}

fn points(metrics: &[Metric]) -> u64 {
    let count = |metric: &Metric| match &metric.data {
        Some(Data::Sum(sum)) => sum.data_points.len(),
        Some(Data::Gauge(gauge)) => gauge.data_points.len(),
        Some(Data::Histogram(histogram)) => histogram.data_points.len(),
        other => panic!("{other:?}"),
    };
    metrics.iter().map(count).sum::<usize>() as u64
}
