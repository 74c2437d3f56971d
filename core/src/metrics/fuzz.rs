//! What must hold of the adding up for any sequence of calls, as one function, called by the fuzz target and by a unit
//! test.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "asserting is what this function is for; no filter contains it"
)]

use super::{Aggregator, Settings, Temporality};
use crate::budget::Budget;
use crate::otlp::proto::{self, read_field};
use crate::signal::metric::{Instrument, Kind, PointSink, Series, Value};
use crate::time::UnixNanos;

/// A byte that chooses temporality and bounds, then three bytes for each step: a collection or a call, its attributes,
/// its value. Whatever is collected when: each value is told once, in as many buckets as there are, and no more sets
/// of attributes are told apart than may be.
pub fn fuzz_aggregator(data: &[u8]) {
    let [choice, steps @ ..] = data else { return };
    let temporality = if choice & 1 == 0 { Temporality::Cumulative } else { Temporality::Delta };
    let groups = usize::from(choice >> 1 & 7);
    // The smallest has no room for a single group.
    let budget = Budget::new(usize::from(choice >> 4).saturating_mul(2_048));
    let mut aggregator = Aggregator::new(Settings { temporality, groups }, &budget, UnixNanos(0));
    let (mut recorded, mut told) = (Sums::default(), Sums::default());
    for step in steps.as_chunks::<3>().0 {
        let [what, set, value] = *step;
        let now = UnixNanos(u64::from(what).saturating_mul(1_000));
        if what & 7 == 0 {
            collect(&mut aggregator, now, temporality, groups, &mut told);
            assert_eq!(told, recorded);
            continue;
        }
        aggregator.begin(now, None);
        aggregator.attributes(&mut |attributes| attributes.int("set", set.into()));
        aggregator.record(&CALLS, Value::Int(value.into()));
        aggregator.record(&TOKENS, Value::Int(value.into()));
        recorded.calls = recorded.calls.saturating_add(value.into());
        recorded.values = recorded.values.saturating_add(1);
    }
    collect(&mut aggregator, UnixNanos(u64::MAX), temporality, groups, &mut told);
    assert_eq!(told, recorded);
}

#[derive(Debug, Default, PartialEq)]
struct Sums {
    /// Of [`CALLS`].
    calls: u64,
    /// How many values of [`TOKENS`].
    values: u64,
}

fn collect(
    aggregator: &mut Aggregator,
    now: UnixNanos,
    temporality: Temporality,
    groups: usize,
    told: &mut Sums,
) {
    if temporality == Temporality::Cumulative {
        *told = Sums::default();
    }
    aggregator.collect(now, &[], &mut |metric, count| {
        let (metric, _) = bytes(metric, 2).expect("a metric");
        let (sum, histogram) = (bytes(metric, 7), bytes(metric, 9));
        let (data, _) = sum.or(histogram).expect("its data");
        let (mut rest, mut points) = (data, 0_usize);
        while let Some((point, after)) = bytes(rest, 1) {
            rest = after;
            points = points.saturating_add(1);
            if sum.is_some() {
                told.calls = told.calls.saturating_add(fixed(point, 6));
            } else {
                let count = fixed(point, 4);
                let (buckets, _) = bytes(point, 6).expect("its buckets");
                let buckets = buckets.as_chunks().0.iter().map(|count| u64::from_le_bytes(*count));
                assert_eq!(buckets.sum::<u64>(), count);
                told.values = told.values.saturating_add(count);
            }
        }
        assert_eq!(u32::try_from(points), Ok(count));
        assert!(points <= groups.saturating_add(1), "{points} points");
    });
}

/// The first field of that number, which holds bytes, and what follows it.
fn bytes(mut message: &[u8], wanted: u64) -> Option<(&[u8], &[u8])> {
    while let Some((number, value, rest)) = read_field(message) {
        if let (true, proto::Value::Bytes(bytes)) = (number == wanted, value) {
            return Some((bytes, rest));
        }
        message = rest;
    }
    None
}

fn fixed(message: &[u8], number: u64) -> u64 {
    match proto::field(message, number) {
        Some((proto::Value::Fixed64(value), _)) => value,
        other => panic!("{other:?} in field {number}"),
    }
}

static CALLS: Series = Series {
    instrument: &Instrument { name: "calls", unit: "{call}", description: "", kind: Kind::Sum },
    attributes: &[],
};
static TOKENS: Series = Series {
    instrument: &Instrument {
        name: "tokens",
        unit: "{token}",
        description: "",
        kind: Kind::Histogram { bounds: &[1.0, 4.0, 16.0], int: true },
    },
    attributes: &[],
};
