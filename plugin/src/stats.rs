//! The filter's own health, as counters of Envoy (`wasmcustom.inferspan_…`).
//!
//! Counted in the VM, and added to Envoy's counters with the next tick: a host call for each would cost more
//! than what it counts.

use inferspan_core::call::{Losses, Outcome};

use crate::host::{self, Metric};

/// Declares the counters: each with what it counts and its name. Envoy puts `wasmcustom.` in front.
macro_rules! stats {
    ($($(#[doc = $doc:literal])* $stat:ident = $name:literal,)*) => {
        /// A counter.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Stat { $($(#[doc = $doc])* $stat,)* }

        /// Their names, in their order.
        const NAMES: &[&str] = &[$($name,)*];
    };
}

stats! {
    /// LLM calls by outcome.
    ExchangesCompleted = "inferspan_exchanges_completed",
    ExchangesClientCancelled = "inferspan_exchanges_client_cancelled",
    ExchangesUpstreamReset = "inferspan_exchanges_upstream_reset",
    ExchangesTimeout = "inferspan_exchanges_timeout",
    ExchangesTruncated = "inferspan_exchanges_truncated",
    ExchangesError = "inferspan_exchanges_error",
    ExchangesNoResponse = "inferspan_exchanges_no_response",
    /// Exchanges that looked like LLM calls until their bodies were seen.
    ExchangesDismissed = "inferspan_exchanges_dismissed",
    /// Spans that a collector took.
    SpansExported = "inferspan_spans_exported",
    /// Spans not made because their trace is not sampled.
    SpansUnsampled = "inferspan_spans_unsampled",
    /// Spans lost because the queue was full.
    SpansDroppedQueueFull = "inferspan_spans_dropped_queue_full",
    /// Spans lost because they could not be delivered in time.
    SpansDroppedExpired = "inferspan_spans_dropped_expired",
    /// Spans lost because the collector refused their batch.
    SpansDroppedRefused = "inferspan_spans_dropped_refused",
    /// Spans lost because the collector took their batch, but not them.
    SpansDroppedRejected = "inferspan_spans_dropped_rejected",
    /// Spans lost because their listener, or Envoy, was gone before they were delivered.
    SpansDroppedShutdown = "inferspan_spans_dropped_shutdown",
    /// Exports sent.
    ExportsSent = "inferspan_exports_sent",
    /// Exports that failed and are tried again.
    ExportsFailed = "inferspan_exports_failed",
    /// Exports that could not be sent: no such cluster, or no connection to be had.
    ExportsUnsent = "inferspan_exports_unsent",
    /// What could not be read of LLM calls, by kind.
    LossesMalformedMessages = "inferspan_losses_malformed_messages",
    LossesDamagedFrames = "inferspan_losses_damaged_frames",
    LossesUndecodedBodies = "inferspan_losses_undecoded_bodies",
    LossesUnbudgetedBodies = "inferspan_losses_unbudgeted_bodies",
    LossesExcessiveBodies = "inferspan_losses_excessive_bodies",
    LossesMislabelledBodies = "inferspan_losses_mislabelled_bodies",
    LossesUnreadBodies = "inferspan_losses_unread_bodies",
    LossesTruncatedValues = "inferspan_losses_truncated_values",
    LossesDroppedValues = "inferspan_losses_dropped_values",
    /// Exchanges read no further, because more were live than may be.
    LiveExchangesShed = "inferspan_live_exchanges_shed",
    /// Host calls with a status that should not be.
    HostFailures = "inferspan_host_failures",
    /// Configurations refused.
    ConfigurationsRefused = "inferspan_configurations_refused",
}

/// All counters and what they have not yet told Envoy.
#[derive(Debug)]
pub(crate) struct Stats {
    /// In the order of [`NAMES`].
    counters: [Counter; NAMES.len()],
    dirty: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counter {
    metric: Option<Metric>,
    pending: u64,
}

impl Default for Stats {
    fn default() -> Self {
        Self { counters: [Counter::default(); NAMES.len()], dirty: false }
    }
}

impl Stats {
    /// Makes the counters known to Envoy, at zero.
    pub(crate) fn define(&mut self) {
        for (counter, name) in self.counters.iter_mut().zip(NAMES) {
            counter.metric = counter.metric.or_else(|| host::define_counter(name).ok());
        }
    }

    /// Counts.
    pub(crate) fn add(&mut self, stat: Stat, by: u64) {
        if let Some(counter) = self.counters.get_mut(stat as usize) {
            counter.pending = counter.pending.saturating_add(by);
            self.dirty |= by > 0;
        }
    }

    /// Counts one.
    pub(crate) fn count(&mut self, stat: Stat) {
        self.add(stat, 1);
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

    /// Whether Envoy does not know all yet.
    pub(crate) fn is_dirty(&self) -> bool {
        self.dirty || host::has_failures()
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
    }
}
