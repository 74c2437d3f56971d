//! Metric points → what they add up to, series by series, until it is collected.
//!
//! In: the points of each call, as a convention tells them ([`PointSink`]). Out: at each collection the encoded
//! metrics, one `Metric` for each instrument with all its data points.
//!
//! Points that share their attributes share a *group*: its attributes are written and looked up once for all the
//! points of a call, and the series in it is found by its address. Invariants: there are at most
//! [`Settings::groups`] groups, which take no more memory than the VM's budget gives (half of it at most), and one
//! more, which takes what comes beyond them and says so by `otel.metric.overflow`, so that nothing is lost but attributes; what is collected depends on nothing but the
//! order of the points; no data point ends before it starts, whatever the clock does.

mod encode;
#[cfg(any(test, feature = "fuzz"))]
#[doc(hidden)]
pub mod fuzz;
mod group;
mod point;

use crate::budget::Budget;
use crate::otlp::proto::{Attributes, Bounds, Writer};
use crate::signal::AttributeSink;
use crate::signal::metric::{Distribution, Instrument, PointSink, Series, Value};
use crate::time::UnixNanos;
use crate::trace_context::{SpanId, TraceId};
use encode::Encoder;
use group::{Found, Groups};
use point::{Example, Point};

/// How points are added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Since when.
    pub temporality: Temporality,
    /// How many different sets of attributes are told apart: between two collections where the temporality is
    /// delta, else at all.
    pub groups: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { temporality: Temporality::default(), groups: 2000 }
    }
}

/// What time a data point covers (`AggregationTemporality`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Temporality {
    /// All since its series began.
    #[default]
    Cumulative,
    /// All since the last collection.
    Delta,
}

/// Adds points up.
#[derive(Debug)]
pub struct Aggregator {
    settings: Settings,
    groups: Groups,
    /// Those that ever had a point, in the order of their first.
    instruments: Vec<&'static Instrument>,
    /// The attributes of what is recorded, as `KeyValue`s in field [`group::ATTRIBUTE`] of a message.
    attributes: Vec<u8>,
    /// Their group, once it is looked up.
    group: Option<usize>,
    /// Of the call that is recorded.
    now: UnixNanos,
    example: Option<Example>,
    /// When all began.
    start: UnixNanos,
    /// The last collection, or the start.
    collected: UnixNanos,
    /// What the caller's own sums were then; kept only where deltas are asked for.
    told: Vec<(&'static Series, u64)>,
    overflowed: u64,
}

impl Aggregator {
    /// Empty, from now on, with what it holds claimed from that budget.
    #[must_use]
    pub fn new(settings: Settings, budget: &Budget, now: UnixNanos) -> Self {
        Self {
            settings,
            groups: Groups::new(budget),
            instruments: Vec::new(),
            attributes: Vec::new(),
            group: None,
            now,
            example: None,
            start: now,
            collected: now,
            told: Vec::new(),
            overflowed: 0,
        }
    }

    /// What is recorded from here on belongs to a call that ended now, whose span, if it is one that is exported,
    /// may stand as an example (exemplar) of its values.
    pub fn begin(&mut self, now: UnixNanos, span: Option<(TraceId, SpanId)>) {
        self.now = now;
        self.example = span.map(|(trace, span)| Example { trace, span, time: now });
        self.attributes.clear();
        self.group = None;
    }

    /// Points that lost their attributes because there were too many groups.
    #[must_use]
    pub fn overflowed(&self) -> u64 {
        self.overflowed
    }

    /// Hands out what has been added up: encoded fields `ScopeMetrics.metrics`, tag and all, with the number of
    /// their data points. An instrument that takes more than 64 KiB comes in parts, so that one batch holds each.
    ///
    /// `own` are sums and gauges that the caller keeps itself, as they are now; those of an instrument adjoin.
    pub fn collect(
        &mut self,
        now: UnixNanos,
        own: &[(&'static Series, u64)],
        each: &mut dyn FnMut(&[u8], u32),
    ) {
        let temporality = self.settings.temporality;
        let mut encoder = Encoder::new(temporality, now, each);
        let since = match temporality {
            Temporality::Cumulative => None,
            Temporality::Delta => Some(self.collected),
        };
        for instrument in &self.instruments {
            for (group, point) in self.groups.points() {
                if std::ptr::eq(point.series.instrument, *instrument) {
                    encoder.point(point, group, since.unwrap_or(point.start));
                }
            }
            encoder.end_metric(instrument);
        }
        let mut own = own.iter().peekable();
        while let Some((series, total)) = own.next() {
            let before = self.told_before(series, *total);
            let point = Point::of_total(series, total.saturating_sub(before));
            encoder.point(&point, &[], since.unwrap_or(self.start));
            if own.peek().is_none_or(|(next, _)| !std::ptr::eq(next.instrument, series.instrument)) {
                encoder.end_metric(series.instrument);
            }
        }
        match temporality {
            Temporality::Cumulative => {
                // A clock that was set back has put the starts into the future.
                self.start = self.start.min(now);
                self.groups.collected(now);
            }
            Temporality::Delta => self.groups.clear(),
        }
        self.collected = now;
        self.group = None;
    }

    /// What a sum of the caller's was at the last collection, if that is not to be told again; the total is kept
    /// for the next.
    fn told_before(&mut self, series: &'static Series, total: u64) -> u64 {
        if self.settings.temporality == Temporality::Cumulative || !series.instrument.kind.is_sum() {
            return 0;
        }
        match self.told.iter_mut().find(|(told, _)| std::ptr::eq(*told, series)) {
            Some((_, told)) => std::mem::replace(told, total),
            None => {
                self.told.push((series, total));
                0
            }
        }
    }

    /// The point of a series among those with the attributes that were written last.
    fn point(&mut self, series: &'static Series) -> Option<&mut Point> {
        let group = match self.group {
            Some(group) => group,
            None => {
                let group = self.groups.find_or_add(&self.attributes, self.settings.groups);
                *self.group.insert(group)
            }
        };
        let Found { point, is_new, overflows } = self.groups.point(group, series, self.now)?;
        if overflows {
            self.overflowed = self.overflowed.saturating_add(1);
        }
        if is_new && !self.instruments.iter().any(|known| std::ptr::eq(*known, series.instrument)) {
            self.instruments.push(series.instrument);
        }
        Some(point)
    }
}

impl PointSink for Aggregator {
    fn attributes(&mut self, write: &mut dyn FnMut(&mut dyn AttributeSink)) {
        self.attributes.clear();
        self.group = None;
        let mut writer = Writer::new(&mut self.attributes);
        write(&mut Attributes::bounded(&mut writer, group::ATTRIBUTE, BOUNDS));
    }

    fn record(&mut self, series: &'static Series, value: Value) {
        let example = self.example;
        if value.counts()
            && let Some(point) = self.point(series)
        {
            point.add(value, example);
        }
    }

    fn record_many(&mut self, series: &'static Series, many: &Distribution<'_>) {
        let example = self.example;
        if many.counts.iter().any(|count| *count > 0)
            && let Some(point) = self.point(series)
        {
            point.add_many(many, example);
        }
    }
}

/// What an attribute of a point shows of its value. A group lives as long as the VM, and so do its attributes.
const BOUNDS: Bounds = Bounds { text: 256, entries: 16 };

#[cfg(test)]
mod tests;
