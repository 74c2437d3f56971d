use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics,
    Sum, exemplar, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use prost::Message;

use super::*;
use crate::otlp::fuzz::fuzz_otlp_json;

#[test]
fn a_span_in_json() {
    let span = Span {
        trace_id: (0..16).collect(),
        span_id: vec![0xab; 8],
        name: "chat \"m\u{f6}\"\n".into(),
        kind: 3,
        start_time_unix_nano: 1_700_000_000_000_000_000,
        end_time_unix_nano: u64::MAX,
        flags: 0x103,
        attributes: vec![
            attribute("text", Any::StringValue("a".into())),
            attribute("int", Any::IntValue(-7)),
            attribute("whole", Any::DoubleValue(1.0)),
            attribute("part", Any::DoubleValue(0.1)),
            attribute("tiny", Any::DoubleValue(1e-300)),
            attribute("none", Any::DoubleValue(f64::NAN)),
            attribute("endless", Any::DoubleValue(f64::NEG_INFINITY)),
            attribute("flag", Any::BoolValue(true)),
            attribute("bytes", Any::BytesValue(vec![0xfb, 0xff])),
            attribute("list", list(vec![Any::StringValue("x".into()), Any::IntValue(1)])),
        ],
        status: Some(Status { message: "429".into(), code: 2 }),
        ..Span::default()
    };
    let spans = ScopeSpans { spans: vec![span], ..ScopeSpans::default() };
    let resource = Resource { attributes: vec![], ..Resource::default() };
    let resource_spans = ResourceSpans {
        resource: Some(resource),
        scope_spans: vec![spans],
        schema_url: "https://example.com/1".into(),
    };
    let request = ExportTraceServiceRequest { resource_spans: vec![resource_spans] };
    let json = to_json(Signal::Traces, &request.encode_to_vec());
    let expected = concat!(
        r#"{"resourceSpans":[{"resource":{},"scopeSpans":[{"spans":[{"#,
        r#""traceId":"000102030405060708090a0b0c0d0e0f","spanId":"abababababababab","#,
        r#""name":"chat \"mö\"\u000a","kind":3,"#,
        r#""startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"18446744073709551615","#,
        r#""attributes":[{"key":"text","value":{"stringValue":"a"}},{"key":"int","value":{"intValue":"-7"}},"#,
        r#"{"key":"whole","value":{"doubleValue":1.0}},{"key":"part","value":{"doubleValue":0.1}},"#,
        r#"{"key":"tiny","value":{"doubleValue":1e-300}},{"key":"none","value":{"doubleValue":"NaN"}},"#,
        r#"{"key":"endless","value":{"doubleValue":"-Infinity"}},{"key":"flag","value":{"boolValue":true}},"#,
        r#"{"key":"bytes","value":{"bytesValue":"+/8="}},"#,
        r#"{"key":"list","value":{"arrayValue":{"values":[{"stringValue":"x"},{"intValue":"1"}]}}}],"#,
        r#""status":{"message":"429","code":2},"flags":259}]}],"schemaUrl":"https://example.com/1"}]}"#
    );
    assert_eq!(String::from_utf8(json).unwrap(), expected);
}

#[test]
fn a_histogram_in_json() {
    let point = HistogramDataPoint {
        start_time_unix_nano: 1,
        time_unix_nano: 2,
        count: 3,
        sum: Some(4.5),
        bucket_counts: vec![1, 0, 2],
        explicit_bounds: vec![0.01, 20.48],
        exemplars: vec![Exemplar {
            time_unix_nano: 2,
            span_id: vec![1; 8],
            trace_id: vec![2; 16],
            value: Some(exemplar::Value::AsInt(-3)),
            ..Exemplar::default()
        }],
        min: Some(0.0),
        max: Some(f64::INFINITY),
        ..HistogramDataPoint::default()
    };
    let histogram = Histogram { data_points: vec![point], aggregation_temporality: 2 };
    let metric = Metric { name: "m".into(), data: Some(Data::Histogram(histogram)), ..Metric::default() };
    let json = to_json(Signal::Metrics, &metrics(vec![metric]).encode_to_vec());
    let expected = concat!(
        r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","histogram":{"dataPoints":[{"#,
        r#""startTimeUnixNano":"1","timeUnixNano":"2","count":"3","sum":4.5,"bucketCounts":["1","0","2"],"#,
        r#""explicitBounds":[0.01,20.48],"exemplars":[{"timeUnixNano":"2","asInt":"-3","#,
        r#""spanId":"0101010101010101","traceId":"02020202020202020202020202020202"}],"#,
        r#""min":0.0,"max":"Infinity"}],"aggregationTemporality":2}}]}]}]}"#
    );
    assert_eq!(String::from_utf8(json).unwrap(), expected);
}

#[test]
fn what_does_not_fit_the_table_is_left_out() {
    let json = |bytes: &[u8]| String::from_utf8(to_json(Signal::Logs, bytes)).unwrap();
    // resource_logs { schema_url = … }, with the text in hexadecimal where it is no UTF-8.
    assert_eq!(json(&[0x0a, 3, 0x1a, 1, b'u']), r#"{"resourceLogs":[{"schemaUrl":"u"}]}"#);
    assert_eq!(json(&[0x0a, 3, 0x1a, 1, 0xff]), "{\"resourceLogs\":[{\"schemaUrl\":\"\u{fffd}\"}]}");
    assert_eq!(json(&[0x0a, 2, 0x18, 1]), r#"{"resourceLogs":[{}]}"#, "a number is no text");
    assert_eq!(json(&[0x08, 1]), "{}", "nor a message");
    assert_eq!(json(&[0x08, 1, 0x0a, 0]), r#"{"resourceLogs":[{}]}"#, "but another one may be");
    assert_eq!(json(&[0x12, 1, 0, 0x0a, 0]), r#"{"resourceLogs":[{}]}"#, "an unknown field");
    assert_eq!(json(&[0x0a, 9, 0]), "{}", "cut");
    assert_eq!(json(&[0x0a, 6, 0x1a, 1, b'u', 0x1a, 1, b'v']), r#"{"resourceLogs":[{"schemaUrl":"u"}]}"#);
    let parted = [0x0a, 3, 0x1a, 1, b'u', 0x12, 0, 0x0a, 3, 0x1a, 1, b'v'];
    assert_eq!(json(&parted), r#"{"resourceLogs":[{"schemaUrl":"u"},{"schemaUrl":"v"}]}"#, "lists are whole");
}

#[test]
fn nesting_has_an_end() {
    let mut value = Any::StringValue("deep".into());
    for _ in 0..90 {
        value = list(vec![value]);
    }
    let record = LogRecord { body: Some(AnyValue { value: Some(value) }), ..LogRecord::default() };
    let json = to_json(Signal::Logs, &logs(vec![record]).encode_to_vec());
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert!(!json.to_string().contains("deep") && json.to_string().contains("arrayValue"));
}

proptest! {
    #[test]
    fn spans_are_read_back(spans in prop::collection::vec(span(), 0..4), resource in attributes()) {
        let scope_spans = ScopeSpans { scope: Some(scope()), spans, schema_url: "s".into() };
        let resource = Some(Resource { attributes: resource, ..Resource::default() });
        let resource_spans = vec![ResourceSpans { resource, scope_spans: vec![scope_spans], ..ResourceSpans::default() }];
        is_read_back(Signal::Traces, &ExportTraceServiceRequest { resource_spans })?;
    }

    #[test]
    fn metrics_are_read_back(list in prop::collection::vec(metric(), 0..4)) {
        is_read_back(Signal::Metrics, &metrics(list))?;
    }

    #[test]
    fn log_records_are_read_back(list in prop::collection::vec(log_record(), 0..4)) {
        is_read_back(Signal::Logs, &logs(list))?;
    }

    #[test]
    fn doubles_are_told_exactly(bits: u64) {
        let sum = f64::from_bits(bits);
        let point = HistogramDataPoint { sum: Some(sum), ..HistogramDataPoint::default() };
        let mut json = Vec::new();
        write_message(&schema::HISTOGRAM_POINT, &point.encode_to_vec(), MAX_DEPTH, &mut json);
        let json = String::from_utf8(json).unwrap();
        let told = json.strip_prefix(r#"{"sum":"#).and_then(|rest| rest.strip_suffix('}')).unwrap();
        match told.trim_matches('"').parse::<f64>() {
            Ok(told) if !sum.is_nan() => prop_assert_eq!(told.to_bits(), bits),
            told => prop_assert!(told.is_ok_and(f64::is_nan) && sum.is_nan()),
        }
        prop_assert_eq!(told.starts_with('"'), !sum.is_finite());
    }

    #[test]
    fn any_bytes_become_valid_json(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        fuzz_otlp_json(&bytes);
    }

    /// Bytes that look like messages, so that they lead deep into the tables.
    #[test]
    fn damaged_messages_become_valid_json(
        list in prop::collection::vec(metric(), 1..3),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
    ) {
        let mut bytes = metrics(list).encode_to_vec();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        fuzz_otlp_json(&bytes);
    }
}

/// What another implementation reads from our JSON is what it reads from the protobuf.
fn is_read_back<M>(signal: Signal, message: &M) -> TestCaseResult
where
    M: Message + Default + PartialEq + std::fmt::Debug + serde::de::DeserializeOwned,
{
    let json = to_json(signal, &message.encode_to_vec());
    let read: M = serde_json::from_slice(&json)
        .map_err(|e| TestCaseError::fail(format!("{e}: {}", String::from_utf8_lossy(&json))))?;
    prop_assert_eq!(&read, message);
    Ok(())
}

fn attribute(key: &str, value: Any) -> KeyValue {
    KeyValue { key: key.into(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn list(values: Vec<Any>) -> Any {
    let values = values.into_iter().map(|value| AnyValue { value: Some(value) }).collect();
    Any::ArrayValue(ArrayValue { values })
}

fn scope() -> InstrumentationScope {
    InstrumentationScope { name: "inferspan".into(), version: "1".into(), ..InstrumentationScope::default() }
}

fn metrics(metrics: Vec<Metric>) -> ExportMetricsServiceRequest {
    let scope_metrics = vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }];
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics { scope_metrics, ..ResourceMetrics::default() }],
    }
}

fn logs(log_records: Vec<LogRecord>) -> ExportLogsServiceRequest {
    let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }];
    ExportLogsServiceRequest { resource_logs: vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }] }
}

// The reader below wants each key, list and fraction to be there and to be a number; the tests with written-out JSON
// show the rest.

fn text() -> impl Strategy<Value = String> {
    any::<String>()
}

/// Few enough digits that the reader does not round them its own way.
fn finite() -> impl Strategy<Value = f64> {
    any::<i32>().prop_map(|sixteenths| f64::from(sixteenths) / 16.0)
}

fn bytes(length: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), length)
}

fn value() -> impl Strategy<Value = Any> {
    let leaf = prop_oneof![
        text().prop_map(Any::StringValue),
        any::<bool>().prop_map(Any::BoolValue),
        any::<i64>().prop_map(Any::IntValue),
        finite().prop_map(Any::DoubleValue),
        prop::collection::vec(any::<u8>(), 0..8).prop_map(Any::BytesValue),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(list),
            prop::collection::vec(("[a-z]{1,5}", inner), 1..3).prop_map(|entries| {
                let values = entries.into_iter().map(|(key, value)| attribute(&key, value)).collect();
                Any::KvlistValue(KeyValueList { values })
            }),
        ]
    })
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    let entry = ("[a-z._]{1,20}", value()).prop_map(|(key, value)| attribute(&key, value));
    prop::collection::vec(entry, 0..5)
}

fn span() -> impl Strategy<Value = Span> {
    let ids = (bytes(16), bytes(8), bytes(8), text(), text());
    let numbers = (0..6_i32, any::<[u64; 3]>(), any::<[u32; 5]>(), prop::option::of((text(), 0..3_i32)));
    (ids, numbers, attributes(), attributes()).prop_map(|(ids, numbers, attributes, inner)| {
        let (trace_id, span_id, parent_span_id, trace_state, name) = ids;
        let (kind, times, counts, status) = numbers;
        let event = Event {
            time_unix_nano: times[2],
            name: name.clone(),
            attributes: inner.clone(),
            dropped_attributes_count: counts[1],
        };
        let link = Link {
            trace_id: trace_id.clone(),
            span_id: span_id.clone(),
            trace_state: trace_state.clone(),
            attributes: inner,
            dropped_attributes_count: counts[2],
            flags: counts[3],
        };
        Span {
            trace_id,
            span_id,
            parent_span_id,
            trace_state,
            name,
            kind,
            start_time_unix_nano: times[0],
            end_time_unix_nano: times[1],
            attributes,
            flags: counts[0],
            dropped_attributes_count: counts[4],
            dropped_events_count: counts[3],
            dropped_links_count: counts[2],
            events: vec![event.clone(), event],
            links: vec![link],
            status: status.map(|(message, code)| Status { message, code }),
        }
    })
}

fn metric() -> impl Strategy<Value = Metric> {
    let sums = (any::<[u64; 2]>(), attributes(), any::<u32>(), prop::option::of(any::<i64>()), finite());
    let rest = (prop::collection::vec((any::<u64>(), finite()), 0..5), prop::option::of(finite()), 0..3_u8);
    (text(), text(), sums, rest).prop_map(|(name, unit, sums, (buckets, sum, shape))| {
        let (times, attributes, flags, int, double) = sums;
        let exemplar = Exemplar {
            filtered_attributes: attributes.clone(),
            time_unix_nano: times[1],
            span_id: vec![7; 8],
            trace_id: vec![8; 16],
            value: Some(int.map_or(exemplar::Value::AsDouble(double), exemplar::Value::AsInt)),
        };
        let number = NumberDataPoint {
            attributes: attributes.clone(),
            start_time_unix_nano: times[0],
            time_unix_nano: times[1],
            exemplars: vec![exemplar.clone()],
            flags,
            value: Some(
                int.map_or(number_data_point::Value::AsDouble(double), number_data_point::Value::AsInt),
            ),
        };
        let data = match shape {
            0 => Data::Gauge(Gauge { data_points: vec![number] }),
            1 => Data::Sum(Sum {
                data_points: vec![number.clone(), number],
                aggregation_temporality: 1,
                is_monotonic: true,
            }),
            _ => Data::Histogram(Histogram {
                data_points: vec![HistogramDataPoint {
                    attributes,
                    start_time_unix_nano: times[0],
                    time_unix_nano: times[1],
                    count: times[0],
                    sum,
                    bucket_counts: buckets.iter().map(|(count, _)| *count).collect(),
                    explicit_bounds: buckets.iter().map(|(_, bound)| *bound).collect(),
                    exemplars: vec![exemplar.clone(), exemplar],
                    flags,
                    min: sum,
                    max: sum,
                }],
                aggregation_temporality: 2,
            }),
        };
        Metric { name, unit, description: "d".into(), data: Some(data), ..Metric::default() }
    })
}

fn log_record() -> impl Strategy<Value = LogRecord> {
    (any::<[u64; 2]>(), any::<[u32; 2]>(), text(), text(), prop::option::of(value()), attributes()).prop_map(
        |(times, counts, severity_text, event_name, body, attributes)| LogRecord {
            time_unix_nano: times[0],
            observed_time_unix_nano: times[1],
            severity_number: 17,
            severity_text,
            body: body.map(|value| AnyValue { value: Some(value) }),
            attributes,
            dropped_attributes_count: counts[0],
            flags: counts[1],
            trace_id: vec![1; 16],
            span_id: vec![2; 8],
            event_name,
        },
    )
}
