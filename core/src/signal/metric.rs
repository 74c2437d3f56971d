//! Metric points: what a call adds to which series, handed to a sink ([`PointSink`]) that decides what becomes of it.
//!
//! A convention's metrics are a table of [`Instrument`]s. Its series are `static`s, because a sink tells them apart
//! by their addresses: a name is never compared, nor a constant attribute written, when a call is recorded.

use super::AttributeSink;

/// One line of a convention's table of metrics.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Instrument {
    /// What it is called.
    pub name: &'static str,
    /// Unit, in UCUM's code (`s`, `{token}`).
    pub unit: &'static str,
    /// What it measures, for people.
    pub description: &'static str,
    /// How its values are told.
    pub kind: Kind,
}

/// How the values of an instrument are told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Their sum, which never falls; of integers.
    Sum,
    /// Their sum, which never falls; of floating point numbers.
    SumDouble,
    /// The latest of them, an integer.
    Gauge,
    /// How many of them fall between the bounds.
    Histogram {
        /// Upper bounds of the buckets, rising; a value that is one of them belongs to the bucket it bounds. One
        /// more bucket holds what is above the last.
        bounds: &'static [f64],
        /// Whether the values are integers.
        int: bool,
    },
}

/// The time series of an instrument that share attributes of their own beside those that a call gives.
///
/// Always a `static`, never a `const`: its address is what it is known by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Series {
    /// What is measured.
    pub instrument: &'static Instrument,
    /// Attributes that never change.
    pub attributes: &'static [(&'static str, &'static str)],
}

/// Instruments, each with the one series that it has of its own.
macro_rules! series {
    ($($series:ident = $name:literal $unit:literal $kind:ident $description:literal;)*) => {
        $(static $series: $crate::signal::metric::Series = $crate::signal::metric::Series {
            instrument: {
                static INSTRUMENT: $crate::signal::metric::Instrument = $crate::signal::metric::Instrument {
                    name: $name,
                    unit: $unit,
                    description: $description,
                    kind: $crate::signal::metric::Kind::$kind,
                };
                &INSTRUMENT
            },
            attributes: &[],
        };)*
    };
}
pub(super) use series;

/// A measured value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// An integer.
    Int(u64),
    /// A floating point number.
    Double(f64),
}

impl Value {
    /// Nanoseconds, as seconds.
    #[must_use]
    pub fn seconds(nanos: u64) -> Self {
        Self::Double(nanos as f64 / 1e9)
    }
}

/// Many values at once, already counted between the bounds of their instrument.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distribution<'a> {
    /// Values in each bucket, one more than there are bounds. Buckets that are missing at the end hold none.
    pub counts: &'a [u32],
    /// Sum of the values.
    pub sum: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

/// Takes points, one by one.
pub trait PointSink {
    /// What is recorded from here on has these attributes, and no others but those of its series.
    fn attributes(&mut self, write: &mut dyn FnMut(&mut dyn AttributeSink));

    /// A value. Those that are no number, and negative ones, count for nothing.
    fn record(&mut self, series: &'static Series, value: Value);

    /// A whole distribution of values, of a histogram.
    fn record_many(&mut self, series: &'static Series, many: &Distribution<'_>);
}
