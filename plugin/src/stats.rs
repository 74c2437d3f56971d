//! The filter's own health, as stats of Envoy (`wasmcustom.inferspan_…`) and as metrics (`inferspan.…`).
//!
//! Counted in the VM, and added to Envoy's counters with the next tick: a host call for each would cost more
//! than what it counts.

use inferspan_core::call::{Losses, Outcome};
use inferspan_core::otlp::outbox::Signal;
use inferspan_core::signal::metric::{Instrument, Kind, Series};

use crate::gauges::{Gauges, Held};
use crate::host::{self, Metric, MetricKind};

/// Declares the counters: each with what it counts and its name. Envoy knows it as `wasmcustom.inferspan_NAME`,
/// OTLP as `inferspan.NAME`.
macro_rules! stats {
    ($($(#[doc = $doc:literal])* $stat:ident = $name:literal,)*) => {
        /// A counter.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Stat { $($(#[doc = $doc])* $stat,)* }

        /// Their names in Envoy, in their order.
        const NAMES: &[&str] = &[$(concat!("inferspan_", $name),)*];

        /// The same as metrics.
        static INSTRUMENTS: [Instrument; NAMES.len()] = [$(Instrument {
            name: concat!("inferspan.", $name),
            unit: "1",
            description: "",
            kind: Kind::Sum,
        },)*];
    };
}

stats! {
    /// LLM calls by outcome.
    ExchangesCompleted = "exchanges_completed",
    ExchangesClientCancelled = "exchanges_client_cancelled",
    ExchangesUpstreamReset = "exchanges_upstream_reset",
    ExchangesTimeout = "exchanges_timeout",
    ExchangesTruncated = "exchanges_truncated",
    ExchangesError = "exchanges_error",
    ExchangesNoResponse = "exchanges_no_response",
    /// Exchanges that looked like LLM calls until their bodies were seen.
    ExchangesDismissed = "exchanges_dismissed",
    /// Calls that used tokens for which the configuration has no price, though it has prices.
    CallsUnpriced = "calls_unpriced",
    /// Spans handed to the queue of a collector.
    SpansQueued = "spans_queued",
    /// Spans that a collector took.
    SpansExported = "spans_exported",
    /// Spans not made because their trace is not sampled.
    SpansUnsampled = "spans_unsampled",
    /// Spans lost because the queue was full.
    SpansDroppedQueueFull = "spans_dropped_queue_full",
    /// Spans lost because they could not be delivered in time.
    SpansDroppedExpired = "spans_dropped_expired",
    /// Spans lost because the collector refused their batch.
    SpansDroppedRefused = "spans_dropped_refused",
    /// Spans lost because the collector took their batch, but not them.
    SpansDroppedRejected = "spans_dropped_rejected",
    /// Spans lost because their listener, or Envoy, was gone before they were delivered.
    SpansDroppedShutdown = "spans_dropped_shutdown",
    /// Metric points handed to the queue of a collector.
    MetricPointsQueued = "metric_points_queued",
    /// Metric points that a collector took.
    MetricPointsExported = "metric_points_exported",
    /// Metric points lost, as spans are.
    MetricPointsDroppedQueueFull = "metric_points_dropped_queue_full",
    MetricPointsDroppedExpired = "metric_points_dropped_expired",
    MetricPointsDroppedRefused = "metric_points_dropped_refused",
    MetricPointsDroppedRejected = "metric_points_dropped_rejected",
    MetricPointsDroppedShutdown = "metric_points_dropped_shutdown",
    /// Log records handed to the queue of a collector.
    LogRecordsQueued = "log_records_queued",
    /// Log records that a collector took.
    LogRecordsExported = "log_records_exported",
    /// Log records lost, as spans are.
    LogRecordsDroppedQueueFull = "log_records_dropped_queue_full",
    LogRecordsDroppedExpired = "log_records_dropped_expired",
    LogRecordsDroppedRefused = "log_records_dropped_refused",
    LogRecordsDroppedRejected = "log_records_dropped_rejected",
    LogRecordsDroppedShutdown = "log_records_dropped_shutdown",
    /// Exports sent.
    ExportsSent = "exports_sent",
    /// Exports that failed and are tried again.
    ExportsFailed = "exports_failed",
    /// Exports that failed, by the reason, those that are not tried again among them.
    ExportsFailedUnanswered = "exports_failed_unanswered",
    ExportsFailedUnavailable = "exports_failed_unavailable",
    ExportsFailedTimeout = "exports_failed_timeout",
    ExportsFailedThrottled = "exports_failed_throttled",
    /// Exports that a collector refused for good.
    ExportsRefused = "exports_refused",
    /// Exports that could not be sent: no such cluster, or no connection to be had.
    ExportsUnsent = "exports_unsent",
    /// Calls written into Envoy's log.
    ConsoleLines = "console_lines",
    /// What could not be read of LLM calls, by kind.
    LossesMalformedMessages = "losses_malformed_messages",
    LossesDamagedFrames = "losses_damaged_frames",
    LossesUndecodedBodies = "losses_undecoded_bodies",
    LossesUnbudgetedBodies = "losses_unbudgeted_bodies",
    LossesExcessiveBodies = "losses_excessive_bodies",
    LossesMislabelledBodies = "losses_mislabelled_bodies",
    LossesUnreadBodies = "losses_unread_bodies",
    LossesTruncatedValues = "losses_truncated_values",
    LossesDroppedValues = "losses_dropped_values",
    /// Exchanges read no further, because more were live than may be.
    LiveExchangesShed = "live_exchanges_shed",
    /// Metric points that lost their attributes, because there were too many sets of them.
    MetricPointsOverflowed = "metric_points_overflowed",
    /// VMs that began to work.
    VmStarts = "vm_starts",
    /// Host calls with a status that should not be.
    HostFailures = "host_failures",
    /// Configurations refused.
    ConfigurationsRefused = "configurations_refused",
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Handed to the queue of a collector.
    Queued,
    /// A collector took it.
    Exported,
    /// Lost because the queue was full.
    QueueFull,
    /// Lost because it could not be delivered in time.
    Expired,
    /// Lost because the collector refused its batch.
    Refused,
    /// Lost because the collector took its batch, but not it.
    Rejected,
    /// Lost because its listener, or Envoy, was gone before it was delivered.
    Shutdown,
}

/// All counters and what they have not yet told Envoy.
#[derive(Debug)]
pub(crate) struct Stats {
    /// In the order of [`NAMES`].
    counters: [Counter; NAMES.len()],
    gauges: Gauges,
    dirty: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counter {
    metric: Option<Metric>,
    pending: u64,
    /// All that was counted since the VM began.
    total: u64,
}

/// The counters as series of metrics, each alone.
#[expect(clippy::indexing_slicing, reason = "it happens when this is compiled, or not at all")]
static SERIES: [Series; NAMES.len()] = {
    let mut series = [Series { instrument: &INSTRUMENTS[0], attributes: &[] }; NAMES.len()];
    let mut at = 1;
    while at < NAMES.len() {
        series[at].instrument = &INSTRUMENTS[at];
        at += 1;
    }
    series
};

impl Default for Stats {
    fn default() -> Self {
        Self { counters: [Counter::default(); NAMES.len()], gauges: Gauges::default(), dirty: false }
    }
}

impl Stats {
    /// Makes them known to Envoy, at zero.
    pub(crate) fn define(&mut self) {
        for (counter, name) in self.counters.iter_mut().zip(NAMES) {
            counter.metric = counter.metric.or_else(|| host::define(MetricKind::Counter, name).ok());
        }
        self.gauges.define();
    }

    /// Counts.
    pub(crate) fn add(&mut self, stat: Stat, by: u64) {
        if let Some(counter) = self.counters.get_mut(stat as usize) {
            counter.pending = counter.pending.saturating_add(by);
            counter.total = counter.total.saturating_add(by);
            self.dirty |= by > 0;
        }
    }

    /// Counts one.
    pub(crate) fn count(&mut self, stat: Stat) {
        self.add(stat, 1);
    }

    /// Counts what became of records.
    pub(crate) fn settled(&mut self, signal: Signal, fate: Fate, records: u64) {
        let [spans, points, logs] = match fate {
            Fate::Queued => [Stat::SpansQueued, Stat::MetricPointsQueued, Stat::LogRecordsQueued],
            Fate::Exported => [Stat::SpansExported, Stat::MetricPointsExported, Stat::LogRecordsExported],
            Fate::QueueFull => [
                Stat::SpansDroppedQueueFull,
                Stat::MetricPointsDroppedQueueFull,
                Stat::LogRecordsDroppedQueueFull,
            ],
            Fate::Expired => {
                [Stat::SpansDroppedExpired, Stat::MetricPointsDroppedExpired, Stat::LogRecordsDroppedExpired]
            }
            Fate::Refused => {
                [Stat::SpansDroppedRefused, Stat::MetricPointsDroppedRefused, Stat::LogRecordsDroppedRefused]
            }
            Fate::Rejected => [
                Stat::SpansDroppedRejected,
                Stat::MetricPointsDroppedRejected,
                Stat::LogRecordsDroppedRejected,
            ],
            Fate::Shutdown => [
                Stat::SpansDroppedShutdown,
                Stat::MetricPointsDroppedShutdown,
                Stat::LogRecordsDroppedShutdown,
            ],
        };
        let stat = match signal {
            Signal::Traces => spans,
            Signal::Metrics => points,
            Signal::Logs => logs,
        };
        self.add(stat, records);
    }

    /// So much is held for collectors now.
    pub(crate) fn hold(&mut self, held: Held) {
        self.dirty |= self.gauges.set(held);
    }

    /// An export was answered after so many nanoseconds.
    pub(crate) fn took(&self, nanos: u64) {
        self.gauges.took(nanos);
    }

    /// Counts how a call ended.
    pub(crate) fn count_outcome(&mut self, outcome: Outcome) {
        self.count(match outcome {
            Outcome::Completed => Stat::ExchangesCompleted,
            Outcome::ClientCancelled => Stat::ExchangesClientCancelled,
            Outcome::UpstreamReset => Stat::ExchangesUpstreamReset,
            Outcome::Timeout => Stat::ExchangesTimeout,
            Outcome::Truncated => Stat::ExchangesTruncated,
            Outcome::Error => Stat::ExchangesError,
            Outcome::NoResponse => Stat::ExchangesNoResponse,
        });
    }

    /// Counts what a call lost.
    pub(crate) fn count_losses(&mut self, losses: &Losses) {
        for (stat, count) in [
            (Stat::LossesMalformedMessages, losses.malformed_messages),
            (Stat::LossesDamagedFrames, losses.damaged_frames),
            (Stat::LossesUndecodedBodies, losses.undecoded_bodies),
            (Stat::LossesUnbudgetedBodies, losses.unbudgeted_bodies),
            (Stat::LossesExcessiveBodies, losses.excessive_bodies),
            (Stat::LossesMislabelledBodies, losses.mislabelled_bodies),
            (Stat::LossesUnreadBodies, losses.unread_bodies),
            (Stat::LossesTruncatedValues, losses.truncated_values),
            (Stat::LossesDroppedValues, losses.dropped_values),
        ] {
            self.add(stat, u64::from(count));
        }
    }

    /// Nanoseconds that what Envoy does not know yet may wait for a tick; `None` where it knows all.
    pub(crate) fn wake_in(&self) -> Option<u64> {
        (self.dirty || host::has_failures()).then_some(WAIT)
    }

    /// The counters that have counted something, and the gauges, for the export of metrics.
    pub(crate) fn totals(&self) -> Vec<(&'static Series, u64)> {
        let counted = SERIES.iter().zip(&self.counters).filter(|(_, counter)| counter.total > 0);
        counted.map(|(series, counter)| (series, counter.total)).chain(self.gauges.levels()).collect()
    }

    /// Tells Envoy. What it does not take stays pending.
    pub(crate) fn flush(&mut self) {
        self.add(Stat::HostFailures, host::take_failures());
        if !std::mem::take(&mut self.dirty) {
            return;
        }
        for counter in self.counters.iter_mut().filter(|c| c.pending > 0) {
            if counter.metric.is_some_and(|metric| host::increment(metric, counter.pending).is_ok()) {
                counter.pending = 0;
            }
        }
        self.gauges.flush();
    }
}

/// How long counters wait for a tick of their own, in nanoseconds.
const WAIT: u64 = 1_000_000_000;
