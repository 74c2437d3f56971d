//! Metrics of the calls: added up in the VM, collected by ticks, handed to the export.
//!
//! Every call counts, sampled or not. A VM that saw no call collects nothing and is not woken.

use std::time::Duration;

use inferspan_core::budget::Budget;
use inferspan_core::call::Call;
use inferspan_core::config::{self, Temporality};
use inferspan_core::metrics::{Aggregator, Settings};
use inferspan_core::signal::Conventions;
use inferspan_core::signal::metric::{PointSink, Value};
use inferspan_core::time::UnixNanos;
use inferspan_core::trace_context::Position;

use crate::export::Exporter;
use crate::gauges::EXPORT_DURATION;
use crate::stats::{Stat, Stats};

/// Adds up what calls measure.
#[derive(Debug)]
pub(crate) struct Metering {
    aggregator: Aggregator,
    temporality: Temporality,
    /// Nanoseconds from one collection to the next.
    interval: u64,
    /// When the next one is; `None` before the first call.
    next: Option<UnixNanos>,
    /// Points without attributes that were counted.
    overflowed: u64,
    /// Whether a call was added since the last collection.
    is_news: bool,
}

impl Metering {
    /// Empty, from now on.
    pub(crate) fn new(metrics: &config::Metrics, budget: &Budget, now: UnixNanos) -> Self {
        let settings =
            Settings { temporality: metrics.temporality, groups: metrics.max_attribute_sets as usize };
        let interval = Duration::from_millis(u64::from(metrics.interval_ms));
        Self {
            aggregator: Aggregator::new(settings, budget, now),
            temporality: metrics.temporality,
            interval: u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX),
            next: None,
            overflowed: 0,
            is_news: false,
        }
    }

    /// Adds what a call measures.
    pub(crate) fn record(
        &mut self,
        call: &Call,
        position: &Position,
        conventions: &Conventions,
        now: UnixNanos,
        stats: &mut Stats,
    ) {
        let context = &position.context;
        let example = position.is_sampled().then(|| (context.trace_id(), context.span_id()));
        self.aggregator.begin(now, example);
        conventions.points(call, &mut self.aggregator);
        let overflowed = self.aggregator.overflowed();
        stats.add(Stat::MetricPointsOverflowed, overflowed.saturating_sub(self.overflowed));
        self.overflowed = overflowed;
        self.is_news = true;
        self.next.get_or_insert(UnixNanos(now.0.saturating_add(self.interval)));
    }

    /// Adds the length of an export that was answered.
    pub(crate) fn record_export(&mut self, nanos: u64, now: UnixNanos) {
        self.aggregator.begin(now, None);
        self.aggregator.record(&EXPORT_DURATION, Value::seconds(nanos));
    }

    /// Nanoseconds until the next collection.
    pub(crate) fn wake_in(&mut self, now: UnixNanos) -> Option<u64> {
        let next = self.next.as_mut()?;
        // A clock that was set back does not put it off beyond the interval.
        next.0 = next.0.min(now.0.saturating_add(self.interval));
        Some(next.since(now))
    }

    /// Collects, if it is time.
    pub(crate) fn tick(&mut self, now: UnixNanos, exporter: &mut Exporter, stats: &mut Stats) {
        if self.wake_in(now) == Some(0) {
            self.collect(now, exporter, stats);
        }
    }

    /// Collects now, if there ever was a call.
    pub(crate) fn collect(&mut self, now: UnixNanos, exporter: &mut Exporter, stats: &mut Stats) {
        if self.next.is_none() {
            return;
        }
        self.next = Some(UnixNanos(now.0.saturating_add(self.interval)));
        // What a cumulative point tells, the next one tells again.
        self.push(now, self.temporality == Temporality::Cumulative, exporter, stats);
    }

    /// Collects for the last time, if there is news: there will be no next one to tell it.
    pub(crate) fn collect_last(&mut self, now: UnixNanos, exporter: &mut Exporter, stats: &mut Stats) {
        if self.is_news {
            self.push(now, false, exporter, stats);
        }
    }

    fn push(&mut self, now: UnixNanos, skips_the_slow: bool, exporter: &mut Exporter, stats: &mut Stats) {
        self.is_news = false;
        stats.hold(exporter.held());
        let own = stats.totals();
        exporter.push_metrics(now, skips_the_slow, stats, |each| self.aggregator.collect(now, &own, each));
    }
}
