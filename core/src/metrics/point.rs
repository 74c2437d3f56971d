//! What the values of one series add up to.

use crate::signal::metric::{Distribution, Kind, Series, Value};
use crate::time::UnixNanos;
use crate::trace_context::{SpanId, TraceId};

/// A data point in the making.
#[derive(Debug)]
pub(super) struct Point {
    pub(super) series: &'static Series,
    /// When its first value came, as far as the clock is to be believed.
    pub(super) start: UnixNanos,
    pub(super) data: Data,
    /// Since the last collection: at most one for each bucket, the latest.
    pub(super) exemplars: Vec<Exemplar>,
}

/// What it adds up to, by its kind.
#[derive(Debug)]
pub(super) enum Data {
    Int(u64),
    Double(f64),
    Histogram(Histogram),
}

/// A distribution over the bounds of the instrument.
#[derive(Debug)]
pub(super) struct Histogram {
    /// One more than there are bounds.
    pub(super) counts: Box<[u64]>,
    pub(super) sum: f64,
    /// Meaningless as long as nothing is counted.
    pub(super) min: f64,
    pub(super) max: f64,
}

/// A span of which a value came, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Example {
    pub(super) trace: TraceId,
    pub(super) span: SpanId,
    pub(super) time: UnixNanos,
}

/// One value and where it came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exemplar {
    /// The bucket it fell into; 0 where there are none.
    bucket: usize,
    pub(super) value: Value,
    pub(super) example: Example,
}

impl Point {
    pub(super) fn new(series: &'static Series, start: UnixNanos) -> Self {
        let data = match series.instrument.kind {
            Kind::Sum | Kind::Gauge => Data::Int(0),
            Kind::SumDouble => Data::Double(0.0),
            Kind::Histogram { bounds, .. } => Data::Histogram(Histogram {
                counts: vec![0; bounds.len().saturating_add(1)].into(),
                sum: 0.0,
                min: f64::INFINITY,
                max: f64::NEG_INFINITY,
            }),
        };
        Self { series, start, data, exemplars: Vec::new() }
    }

    /// How many bytes it may ever take.
    pub(super) fn most_bytes(series: &Series) -> usize {
        let buckets = match series.instrument.kind {
            Kind::Histogram { bounds, .. } => bounds.len().saturating_add(1),
            Kind::Sum | Kind::SumDouble | Kind::Gauge => 1,
        };
        buckets.saturating_mul(BUCKET).saturating_add(POINT)
    }

    /// Of a sum or gauge that somebody else keeps.
    pub(super) fn of_total(series: &'static Series, total: u64) -> Self {
        Self { series, start: UnixNanos(0), data: Data::Int(total), exemplars: Vec::new() }
    }

    /// Adds a value that [counts](Value::counts).
    pub(super) fn add(&mut self, value: Value, example: Option<Example>) {
        let mut bucket = 0;
        match &mut self.data {
            Data::Int(latest) if self.series.instrument.kind == Kind::Gauge => *latest = value.int(),
            Data::Int(sum) => *sum = sum.saturating_add(value.int()),
            Data::Double(sum) => *sum += value.double(),
            Data::Histogram(histogram) => {
                let value = value.double();
                bucket = self.series.bucket(value);
                if let Some(count) = histogram.counts.get_mut(bucket) {
                    *count = count.saturating_add(1);
                }
                histogram.widen(value, value, value);
            }
        }
        self.set_exemplar(bucket, value, example);
    }

    /// Adds many. The span is an example of the greatest of them.
    pub(super) fn add_many(&mut self, many: &Distribution<'_>, example: Option<Example>) {
        let Data::Histogram(histogram) = &mut self.data else { return };
        for (count, more) in histogram.counts.iter_mut().zip(many.counts) {
            *count = count.saturating_add(u64::from(*more));
        }
        histogram.widen(many.sum, many.min, many.max);
        self.set_exemplar(self.series.bucket(many.max), Value::Double(many.max), example);
    }

    fn set_exemplar(&mut self, bucket: usize, value: Value, example: Option<Example>) {
        let Some(example) = example else { return };
        let new = Exemplar { bucket, value, example };
        match self.exemplars.iter_mut().find(|exemplar| exemplar.bucket == bucket) {
            Some(exemplar) => *exemplar = new,
            None => self.exemplars.push(new),
        }
    }

    /// It was collected, and goes on. A start that lies in the future is one of a clock that was set back since.
    pub(super) fn collected(&mut self, now: UnixNanos) {
        self.exemplars.clear();
        self.start = self.start.min(now);
    }
}

/// Bytes of a bucket with its exemplar, and of a point itself; vectors grow by doubling.
const BUCKET: usize = size_of::<u64>() + 2 * size_of::<Exemplar>();
const POINT: usize = 2 * size_of::<Point>();

impl Histogram {
    fn widen(&mut self, sum: f64, min: f64, max: f64) {
        self.sum += sum;
        self.min = self.min.min(min);
        self.max = self.max.max(max);
    }
}

impl Series {
    /// The place of the bucket that a value falls into.
    fn bucket(&self, value: f64) -> usize {
        match self.instrument.kind {
            Kind::Histogram { bounds, .. } => bounds.partition_point(|bound| *bound < value),
            Kind::Sum | Kind::SumDouble | Kind::Gauge => 0,
        }
    }
}

impl Kind {
    /// Whether its values are added up to one.
    pub(super) fn is_sum(self) -> bool {
        matches!(self, Self::Sum | Self::SumDouble)
    }
}

impl Value {
    /// Whether it can be added: nothing that is measured is negative, endless or no number.
    pub(super) fn counts(self) -> bool {
        match self {
            Self::Int(_) => true,
            Self::Double(value) => value.is_finite() && value >= 0.0,
        }
    }

    pub(super) fn double(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Double(value) => value,
        }
    }

    pub(super) fn int(self) -> u64 {
        match self {
            Self::Int(value) => value,
            Self::Double(value) => value as u64,
        }
    }
}
