use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ScopeMetrics, Sum, exemplar,
};
use proptest::prelude::*;
use prost::Message;

use super::fuzz::fuzz_aggregator;
use super::*;
use crate::signal::metric::Kind;

static TOKENS: Instrument = Instrument {
    name: "tokens",
    unit: "{token}",
    description: "Tokens used.",
    kind: Kind::Histogram { bounds: &[1.0, 4.0, 16.0], int: true },
};
static INPUT: Series = Series { instrument: &TOKENS, attributes: &[("type", "input")] };
static OUTPUT: Series = Series { instrument: &TOKENS, attributes: &[("type", "output")] };

static DURATION: Series = Series {
    instrument: &Instrument {
        name: "duration",
        unit: "s",
        description: "How long it took.",
        kind: Kind::Histogram { bounds: &[0.5, 1.0], int: false },
    },
    attributes: &[],
};

static CALLS: Series = Series {
    instrument: &Instrument { name: "calls", unit: "{call}", description: "Calls made.", kind: Kind::Sum },
    attributes: &[],
};

static COST: Series = Series {
    instrument: &Instrument { name: "cost", unit: "USD", description: "Spent.", kind: Kind::SumDouble },
    attributes: &[],
};

static DEPTH: Series = Series {
    instrument: &Instrument { name: "depth", unit: "By", description: "Held.", kind: Kind::Gauge },
    attributes: &[],
};

static DROPPED: Instrument =
    Instrument { name: "dropped", unit: "{record}", description: "Lost.", kind: Kind::Sum };
static DROPPED_FULL: Series = Series { instrument: &DROPPED, attributes: &[("reason", "full")] };
static DROPPED_OLD: Series = Series { instrument: &DROPPED, attributes: &[("reason", "old")] };

const DELTA: Settings = Settings { temporality: Temporality::Delta, groups: 2000 };

fn at(seconds: u64) -> UnixNanos {
    UnixNanos(seconds * 1_000_000_000)
}

fn cumulative() -> Aggregator {
    Aggregator::new(Settings::default(), &Budget::default(), at(100))
}

/// What is collected, as a collector decodes it: written in order, in the shortest form, counted right.
fn collect_with(aggregator: &mut Aggregator, now: UnixNanos, own: &[(&'static Series, u64)]) -> Vec<Metric> {
    let (mut metrics, mut points) = (Vec::new(), 0);
    aggregator.collect(now, own, &mut |bytes, count| {
        let mut scope = ScopeMetrics::decode(bytes).unwrap();
        assert_eq!(scope.encode_to_vec(), bytes);
        assert_eq!(scope.metrics.len(), 1);
        points += count;
        metrics.append(&mut scope.metrics);
    });
    let told: usize = metrics
        .iter()
        .map(|metric| match metric.data.as_ref().unwrap() {
            Data::Sum(sum) => sum.data_points.len(),
            Data::Gauge(gauge) => gauge.data_points.len(),
            Data::Histogram(histogram) => histogram.data_points.len(),
            other => panic!("{other:?}"),
        })
        .sum();
    assert_eq!(points as usize, told);
    metrics
}

fn collect(aggregator: &mut Aggregator, now: UnixNanos) -> Vec<Metric> {
    collect_with(aggregator, now, &[])
}

/// A call's points to come have this model.
fn model(aggregator: &mut Aggregator, model: &str) {
    aggregator.attributes(&mut |sink| sink.text("model", model));
}

fn text(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Any::StringValue(value.into())) });
    KeyValue { key: key.into(), value, ..KeyValue::default() }
}

/// The data points of a histogram that is the only metric.
fn histogram_points(metrics: &[Metric]) -> &[HistogramDataPoint] {
    match metrics {
        [Metric { data: Some(Data::Histogram(histogram)), .. }] => &histogram.data_points,
        _ => panic!("{metrics:?}"),
    }
}

/// The data points of a sum.
fn sum_points(metric: &Metric) -> &[NumberDataPoint] {
    match metric {
        Metric { data: Some(Data::Sum(sum)), .. } => &sum.data_points,
        _ => panic!("{metric:?}"),
    }
}

#[test]
fn a_histogram_of_two_series_in_two_groups() {
    let mut aggregator = cumulative();
    aggregator.begin(at(101), None);
    model(&mut aggregator, "a");
    aggregator.record(&INPUT, Value::Int(4));
    aggregator.record(&OUTPUT, Value::Int(17));
    aggregator.begin(at(102), None);
    model(&mut aggregator, "b");
    aggregator.record(&INPUT, Value::Int(2));
    aggregator.begin(at(103), None);
    model(&mut aggregator, "a");
    aggregator.record(&INPUT, Value::Int(1));
    let metrics = collect(&mut aggregator, at(110));
    let point = |model, kind, start, values: (f64, f64, f64), bucket_counts: [u64; 4]| HistogramDataPoint {
        attributes: vec![text("model", model), text("type", kind)],
        start_time_unix_nano: at(start).0,
        time_unix_nano: at(110).0,
        count: bucket_counts.iter().sum(),
        sum: Some(values.0),
        min: Some(values.1),
        max: Some(values.2),
        bucket_counts: bucket_counts.into(),
        explicit_bounds: vec![1.0, 4.0, 16.0],
        ..HistogramDataPoint::default()
    };
    let expected = Metric {
        name: "tokens".into(),
        unit: "{token}".into(),
        description: "Tokens used.".into(),
        data: Some(Data::Histogram(Histogram {
            aggregation_temporality: 2,
            data_points: vec![
                point("a", "input", 101, (5.0, 1.0, 4.0), [1, 1, 0, 0]),
                point("a", "output", 101, (17.0, 17.0, 17.0), [0, 0, 0, 1]),
                point("b", "input", 102, (2.0, 2.0, 2.0), [0, 1, 0, 0]),
            ],
        })),
        ..Metric::default()
    };
    assert_eq!(metrics, [expected]);
}

#[test]
fn sums_of_integers_and_of_others() {
    let mut aggregator = cumulative();
    aggregator.begin(at(105), None);
    aggregator.record(&COST, Value::Double(0.25));
    aggregator.record(&CALLS, Value::Int(1));
    aggregator.record(&COST, Value::Double(0.5));
    let point = |value| NumberDataPoint {
        start_time_unix_nano: at(105).0,
        time_unix_nano: at(110).0,
        value: Some(value),
        ..NumberDataPoint::default()
    };
    let sum = |name: &str, unit: &str, description: &str, value| Metric {
        name: name.into(),
        unit: unit.into(),
        description: description.into(),
        data: Some(Data::Sum(Sum {
            data_points: vec![point(value)],
            aggregation_temporality: 2,
            is_monotonic: true,
        })),
        ..Metric::default()
    };
    let expected = [
        sum("cost", "USD", "Spent.", Number::AsDouble(0.75)),
        sum("calls", "{call}", "Calls made.", Number::AsInt(1)),
    ];
    assert_eq!(collect(&mut aggregator, at(110)), expected, "in the order they were first seen");
}

#[test]
fn what_is_cumulative_goes_on() {
    let mut aggregator = cumulative();
    let point = |aggregator: &mut Aggregator, now| {
        let metrics = collect(aggregator, at(now));
        let [point] = histogram_points(&metrics) else { panic!("{metrics:?}") };
        (point.start_time_unix_nano, point.time_unix_nano, point.count, point.sum, point.min, point.max)
    };
    aggregator.begin(at(101), None);
    aggregator.record(&DURATION, Value::Double(0.5));
    assert_eq!(point(&mut aggregator, 110), (at(101).0, at(110).0, 1, Some(0.5), Some(0.5), Some(0.5)));
    aggregator.begin(at(111), None);
    aggregator.record(&DURATION, Value::Double(2.0));
    assert_eq!(point(&mut aggregator, 120), (at(101).0, at(120).0, 2, Some(2.5), Some(0.5), Some(2.0)));
    assert_eq!(point(&mut aggregator, 130), (at(101).0, at(130).0, 2, Some(2.5), Some(0.5), Some(2.0)));
}

#[test]
fn a_delta_is_what_came_since_the_last_collection() {
    let mut aggregator = Aggregator::new(DELTA, &Budget::default(), at(100));
    aggregator.begin(at(105), None);
    model(&mut aggregator, "a");
    aggregator.record(&CALLS, Value::Int(1));
    aggregator.record(&CALLS, Value::Int(2));
    let metrics = collect(&mut aggregator, at(110));
    let Some(Data::Sum(sum)) = &metrics[0].data else { panic!("{metrics:?}") };
    assert_eq!((sum.aggregation_temporality, sum.is_monotonic), (1, true));
    let [point] = sum.data_points.as_slice() else { panic!("{sum:?}") };
    assert_eq!((point.start_time_unix_nano, point.time_unix_nano), (at(100).0, at(110).0));
    assert_eq!(point.value, Some(Number::AsInt(3)));

    assert_eq!(collect(&mut aggregator, at(120)), [], "nothing came");

    aggregator.begin(at(125), None);
    model(&mut aggregator, "b");
    aggregator.record(&CALLS, Value::Int(1));
    model(&mut aggregator, "a");
    aggregator.record(&CALLS, Value::Int(5));
    let metrics = collect(&mut aggregator, at(130));
    let points: Vec<_> = sum_points(&metrics[0])
        .iter()
        .map(|point| (point.start_time_unix_nano, point.attributes.clone(), point.value))
        .collect();
    let expected = [
        (at(120).0, vec![text("model", "b")], Some(Number::AsInt(1))),
        (at(120).0, vec![text("model", "a")], Some(Number::AsInt(5))),
    ];
    assert_eq!(points, expected);
}

#[test]
fn a_distribution_is_added_whole() {
    let mut aggregator = cumulative();
    aggregator.begin(at(101), Some((TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]))));
    aggregator.record(&DURATION, Value::Double(0.75));
    aggregator.record_many(&DURATION, &Distribution { counts: &[3, 0, 2], sum: 9.0, min: 0.1, max: 5.0 });
    aggregator.record_many(&DURATION, &Distribution { counts: &[0, 1], sum: 1.0, min: 1.0, max: 1.0 });
    aggregator.record_many(&DURATION, &Distribution { counts: &[0, 0, 0], sum: 0.0, min: 0.0, max: 0.0 });
    let metrics = collect(&mut aggregator, at(110));
    let [point] = histogram_points(&metrics) else { panic!("{metrics:?}") };
    assert_eq!(point.bucket_counts, [3, 2, 2]);
    assert_eq!((point.count, point.sum), (7, Some(10.75)));
    assert_eq!((point.min, point.max), (Some(0.1), Some(5.0)));
    let values: Vec<_> = point.exemplars.iter().map(|exemplar| exemplar.value.unwrap()).collect();
    assert_eq!(values, [exemplar::Value::AsDouble(1.0), exemplar::Value::AsDouble(5.0)], "the greatest");
}

#[test]
fn a_bucket_has_the_latest_sampled_call_as_its_exemplar() {
    let mut aggregator = cumulative();
    let span = |n| Some((TraceId::from_bytes([n; 16]), SpanId::from_bytes([n; 8])));
    for (second, span, tokens) in
        [(101, span(1), 2), (102, span(2), 3), (103, None, 4), (104, span(3), 100), (105, None, 1)]
    {
        aggregator.begin(at(second), span);
        aggregator.record(&INPUT, Value::Int(tokens));
    }
    let exemplar = |second, n, value| Exemplar {
        time_unix_nano: at(second).0,
        trace_id: vec![n; 16],
        span_id: vec![n; 8],
        value: Some(exemplar::Value::AsInt(value)),
        filtered_attributes: Vec::new(),
    };
    let metrics = collect(&mut aggregator, at(110));
    assert_eq!(histogram_points(&metrics)[0].exemplars, [exemplar(102, 2, 3), exemplar(104, 3, 100)]);
    let metrics = collect(&mut aggregator, at(120));
    assert_eq!(histogram_points(&metrics)[0].exemplars, [], "those were told");
}

#[test]
fn a_sum_has_an_exemplar_too() {
    let mut aggregator = cumulative();
    aggregator.begin(at(101), Some((TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]))));
    aggregator.record(&COST, Value::Double(0.125));
    let metrics = collect(&mut aggregator, at(110));
    let exemplars = &sum_points(&metrics[0])[0].exemplars;
    let expected = Exemplar {
        time_unix_nano: at(101).0,
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        value: Some(exemplar::Value::AsDouble(0.125)),
        filtered_attributes: Vec::new(),
    };
    assert_eq!(*exemplars, [expected]);
}

#[test]
fn too_many_sets_of_attributes_share_one_point() {
    let settings = Settings { groups: 2, ..Settings::default() };
    let mut aggregator = Aggregator::new(settings, &Budget::default(), at(100));
    for name in ["a", "b", "c", "a", "d", "c"] {
        aggregator.begin(at(101), None);
        model(&mut aggregator, name);
        aggregator.record(&CALLS, Value::Int(1));
    }
    assert_eq!(aggregator.overflowed(), 3);
    let metrics = collect(&mut aggregator, at(110));
    let points: Vec<_> = sum_points(&metrics[0])
        .iter()
        .map(|point| (point.attributes.clone(), point.value.unwrap()))
        .collect();
    let overflow = KeyValue {
        key: "otel.metric.overflow".into(),
        value: Some(AnyValue { value: Some(Any::BoolValue(true)) }),
        ..KeyValue::default()
    };
    let expected = [
        (vec![overflow], Number::AsInt(3)),
        (vec![text("model", "a")], Number::AsInt(2)),
        (vec![text("model", "b")], Number::AsInt(1)),
    ];
    assert_eq!(points, expected);
}

#[test]
fn memory_that_the_budget_does_not_give_costs_attributes_alone() {
    let budget = Budget::new(16 << 10);
    let settings = Settings { temporality: Temporality::Delta, groups: 2000 };
    let mut aggregator = Aggregator::new(settings, &budget, at(100));
    for n in 0..200 {
        aggregator.begin(at(101), None);
        model(&mut aggregator, &format!("model-{n}"));
        aggregator.record(&CALLS, Value::Int(1));
    }
    let told_apart = 200 - aggregator.overflowed();
    assert!((10..100).contains(&told_apart), "{told_apart} of 200");
    assert!((1..=(8 << 10)).contains(&((16 << 10) - budget.left())), "half of it: {}", budget.left());
    let metrics = collect(&mut aggregator, at(110));
    let Some(Data::Sum(Sum { data_points, .. })) = &metrics[0].data else { panic!("{metrics:?}") };
    assert_eq!(data_points.len() as u64, told_apart + 1);
    let sum: i64 = data_points
        .iter()
        .map(|point| match point.value {
            Some(Number::AsInt(value)) => value,
            _ => 0,
        })
        .sum();
    assert_eq!(sum, 200, "no value is lost");
    assert_eq!(budget.left(), 16 << 10, "what was told is given back");
}

#[test]
fn the_attributes_of_one_call_are_not_those_of_the_next() {
    let mut aggregator = cumulative();
    aggregator.begin(at(101), None);
    model(&mut aggregator, "a");
    aggregator.record(&CALLS, Value::Int(1));
    aggregator.begin(at(102), None);
    aggregator.record(&CALLS, Value::Int(1));
    let metrics = collect(&mut aggregator, at(110));
    let attributes: Vec<_> = sum_points(&metrics[0]).iter().map(|point| &point.attributes).collect();
    assert_eq!(attributes, [&vec![text("model", "a")], &vec![]]);
}

#[test]
fn a_clock_that_was_set_back_ends_nothing_before_its_start() {
    for settings in [Settings::default(), DELTA] {
        let mut aggregator = Aggregator::new(settings, &Budget::default(), at(100));
        let mut starts = Vec::new();
        for now in [110, 50, 60] {
            aggregator.begin(at(105), Some((TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]))));
            aggregator.record(&CALLS, Value::Int(1));
            let metrics = collect_with(&mut aggregator, at(now), &[(&DROPPED_OLD, 1)]);
            for metric in &metrics {
                let [point] = sum_points(metric) else { panic!("{metrics:?}") };
                assert_eq!(point.time_unix_nano, at(now).0, "what the clock says");
                assert!(point.start_time_unix_nano <= point.time_unix_nano);
                assert!(point.exemplars.iter().all(|exemplar| exemplar.time_unix_nano <= at(now).0));
                starts.push(point.start_time_unix_nano / 1_000_000_000);
            }
        }
        let expected = match settings.temporality {
            Temporality::Cumulative => [105, 100, 50, 50, 50, 50],
            Temporality::Delta => [100, 100, 50, 50, 50, 50],
        };
        assert_eq!(starts, expected);
    }
}

#[test]
fn values_that_measure_nothing_do_not_count() {
    let mut aggregator = cumulative();
    aggregator.begin(at(101), None);
    for value in [f64::NAN, f64::INFINITY, -1.0] {
        aggregator.record(&DURATION, Value::Double(value));
        aggregator.record(&COST, Value::Double(value));
    }
    assert_eq!(collect(&mut aggregator, at(110)), []);
}

#[test]
fn numbers_beyond_those_of_the_wire_are_its_greatest() {
    let mut aggregator = cumulative();
    aggregator.begin(at(101), None);
    aggregator.record(&CALLS, Value::Int(u64::MAX));
    aggregator.record(&CALLS, Value::Int(u64::MAX));
    let metrics = collect(&mut aggregator, at(110));
    assert_eq!(sum_points(&metrics[0])[0].value, Some(Number::AsInt(i64::MAX)));
}

#[test]
fn the_callers_own_sums_and_gauges_stand_beside() {
    let own = |full, old| [(&DROPPED_FULL, full), (&DROPPED_OLD, old), (&DEPTH, 77)];
    for (settings, starts, second) in [(Settings::default(), [100, 100], [9, 1]), (DELTA, [100, 110], [4, 0])]
    {
        let mut aggregator = Aggregator::new(settings, &Budget::default(), at(100));
        for (now, start, totals, values) in
            [(110, starts[0], [5, 1], [5, 1]), (120, starts[1], [9, 1], second)]
        {
            let metrics = collect_with(&mut aggregator, at(now), &own(totals[0], totals[1]));
            let [dropped, depth] = metrics.as_slice() else { panic!("{metrics:?}") };
            let point = |reason, value| NumberDataPoint {
                start_time_unix_nano: at(start).0,
                time_unix_nano: at(now).0,
                attributes: vec![text("reason", reason)],
                value: Some(Number::AsInt(value)),
                ..NumberDataPoint::default()
            };
            assert_eq!(sum_points(dropped), [point("full", values[0]), point("old", values[1])]);
            let point = NumberDataPoint {
                time_unix_nano: at(now).0,
                value: Some(Number::AsInt(77)),
                ..NumberDataPoint::default()
            };
            assert_eq!(depth.data, Some(Data::Gauge(Gauge { data_points: vec![point] })));
        }
    }
}

#[test]
fn attributes_are_bounded() {
    let mut aggregator = cumulative();
    aggregator.begin(at(101), None);
    model(&mut aggregator, &"x".repeat(10_000));
    aggregator.record(&CALLS, Value::Int(1));
    let metrics = collect(&mut aggregator, at(110));
    assert_eq!(sum_points(&metrics[0])[0].attributes, [text("model", &"x".repeat(256))]);
}

#[test]
fn an_instrument_with_very_many_points_comes_in_parts() {
    let mut aggregator = cumulative();
    for n in 0..2000 {
        aggregator.begin(at(101), None);
        model(&mut aggregator, &format!("model {n} {}", "x".repeat(100)));
        aggregator.record(&DURATION, Value::Double(1.0));
    }
    let mut parts = Vec::new();
    aggregator.collect(at(110), &[], &mut |bytes, _| parts.push(bytes.len()));
    assert!(parts.len() > 4 && parts.iter().all(|part| *part < 66_000), "{parts:?}");
    let metrics = collect(&mut aggregator, at(120));
    let mut models = std::collections::HashSet::new();
    for metric in &metrics {
        assert_eq!((metric.name.as_str(), metric.unit.as_str()), ("duration", "s"));
        let points = histogram_points(std::slice::from_ref(metric));
        models.extend(points.iter().map(|point| format!("{:?}", point.attributes)));
    }
    assert_eq!(models.len(), 2000);
}

proptest! {
    #[test]
    fn any_calls_and_collections_add_up(data in prop::collection::vec(any::<u8>(), 0..400)) {
        fuzz_aggregator(&data);
    }

    /// Whatever the temporality and the bound on groups, each value is told exactly once.
    #[test]
    fn nothing_is_lost_and_nothing_told_twice(
        delta: bool,
        groups in 0..6_usize,
        rounds in prop::collection::vec(prop::collection::vec((0..8_u8, 0..40_u64), 0..12), 1..5),
    ) {
        let temporality = if delta { Temporality::Delta } else { Temporality::Cumulative };
        let mut aggregator = Aggregator::new(Settings { temporality, groups }, &Budget::default(), at(1));
        let mut recorded = (0, 0.0, [0; 4]);
        let mut told = (0, 0.0, [0; 4]);
        for (round, calls) in rounds.into_iter().enumerate() {
            for (name, tokens) in calls {
                aggregator.begin(at(round as u64 + 1), None);
                model(&mut aggregator, &name.to_string());
                aggregator.record(&INPUT, Value::Int(tokens));
                recorded.0 += 1;
                recorded.1 += tokens as f64;
                recorded.2[match tokens { 0..=1 => 0, 2..=4 => 1, 5..=16 => 2, _ => 3 }] += 1;
            }
            if !delta {
                told = (0, 0.0, [0; 4]);
            }
            let metrics = collect(&mut aggregator, at(round as u64 + 2));
            let points = if metrics.is_empty() { &[] } else { histogram_points(&metrics) };
            prop_assert!(points.len() <= groups + 1);
            for point in points {
                told.0 += point.count;
                told.1 += point.sum.unwrap();
                told.2.iter_mut().zip(&point.bucket_counts).for_each(|(all, count)| *all += count);
            }
            prop_assert_eq!(told, recorded);
        }
    }
}
