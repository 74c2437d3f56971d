//! Records → the collectors: the outboxes of the core, driven by the ends of exchanges, ticks and answers.
//!
//! A batch that is whole leaves at once, with the end of the exchange that filled it; a tick is set only for what
//! waits: for the age of a batch, the end of a back-off, an answer that does not come. So an idle VM is never
//! woken. Exports are sent in the root's callbacks alone ([`crate::host::enter_root`] says why). Each collector
//! has an outbox of its own, so that one that is down holds no other up.

mod answer;
mod collector;
mod complaint;
mod target;

use inferspan_core::config::Otlp;
use inferspan_core::otlp::envelope::Envelope;
use inferspan_core::otlp::outbox::Signal;
use inferspan_core::time::UnixNanos;

pub(crate) use self::answer::ExportAnswer;
use self::collector::Collector;
use crate::gauges::Held;
use crate::host;
use crate::ids::Ids;
use crate::stats::Stats;

/// Sends records to the collectors that the configuration names.
#[derive(Debug)]
pub(crate) struct Exporter {
    collectors: Vec<Collector>,
    envelope: Envelope,
    /// When the tick that is set comes next.
    wakes_at: Option<UnixNanos>,
    /// A record that goes to several collectors.
    scratch: Vec<u8>,
}

impl Exporter {
    /// An exporter by this configuration. `or_console`: where Envoy has no such cluster, spans go to its log.
    pub(crate) fn new(otlp: &[Otlp], or_console: bool, envelope: Envelope) -> Self {
        let collectors = otlp.iter().map(|otlp| Collector::new(otlp, or_console)).collect();
        Self { collectors, envelope, wakes_at: None, scratch: Vec::new() }
    }

    /// Another configuration. What is queued stays and goes to the new collector in the old one's place; where
    /// there is none, it is lost, and counted.
    pub(crate) fn reconfigure(
        &mut self,
        otlp: &[Otlp],
        or_console: bool,
        envelope: Envelope,
        stats: &mut Stats,
    ) {
        self.envelope = envelope;
        while self.collectors.len() > otlp.len() {
            if let Some(mut collector) = self.collectors.pop() {
                collector.abandon(stats);
            }
        }
        let known = self.collectors.len();
        for (collector, otlp) in self.collectors.iter_mut().zip(otlp) {
            collector.reconfigure(otlp, or_console);
        }
        self.collectors.extend(otlp.iter().skip(known).map(|otlp| Collector::new(otlp, or_console)));
    }

    /// What is held for all collectors.
    pub(crate) fn held(&self) -> Held {
        self.collectors.iter().map(Collector::held).fold(Held::default(), |sum, held| Held {
            records: sum.records.saturating_add(held.records),
            bytes: sum.bytes.saturating_add(held.bytes),
        })
    }

    /// Queues the `records` that `encode` appends, for each collector that takes the signal. Where that makes a
    /// batch whole, [`Self::is_ready`] says so then.
    pub(crate) fn push(
        &mut self,
        signal: Signal,
        now: UnixNanos,
        records: u32,
        stats: &mut Stats,
        encode: impl FnOnce(&mut Vec<u8>),
    ) {
        let Self { collectors, scratch, .. } = self;
        let mut takers = collectors.iter_mut().filter(|collector| collector.takes(signal));
        let Some(first) = takers.next() else { return };
        let Some(second) = takers.next() else { return first.push(signal, now, records, stats, encode) };
        scratch.clear();
        encode(scratch);
        for collector in [first, second].into_iter().chain(takers) {
            collector.push(signal, now, records, stats, |out| out.extend_from_slice(scratch));
        }
    }

    /// Whether any collector takes the signal.
    pub(crate) fn takes(&self, signal: Signal) -> bool {
        self.collectors.iter().any(|collector| collector.takes(signal))
    }

    /// Queues a collection of metrics, which `collect` hands out metric by metric, each with the number of its
    /// points. Where `skips_the_slow`, a collector that has not yet taken the last one gets none.
    pub(crate) fn push_metrics(
        &mut self,
        now: UnixNanos,
        skips_the_slow: bool,
        stats: &mut Stats,
        collect: impl FnOnce(&mut dyn FnMut(&[u8], u32)),
    ) {
        let wants = |collector: &&mut Collector| {
            collector.takes(Signal::Metrics) && !(skips_the_slow && collector.holds(Signal::Metrics))
        };
        let mut takers: Vec<_> = self.collectors.iter_mut().filter(wants).collect();
        collect(&mut |metric, points| {
            for collector in &mut takers {
                collector.push(Signal::Metrics, now, points, stats, |out| out.extend_from_slice(metric));
            }
        });
        takers.into_iter().for_each(|collector| collector.seal(Signal::Metrics));
    }

    /// Whether something can be sent at once.
    pub(crate) fn is_ready(&self, now: UnixNanos) -> bool {
        self.collectors.iter().any(|collector| collector.is_ready(now))
    }

    /// Nothing more will come: what is held leaves without waiting for others.
    pub(crate) fn close(&mut self) {
        self.collectors.iter_mut().for_each(Collector::close);
    }

    /// Whether all that came has been settled.
    pub(crate) fn is_empty(&self) -> bool {
        self.collectors.iter().all(Collector::is_empty)
    }

    /// Nothing more can be sent or answered: counts what is held as lost, and logs it, for the counters may be
    /// gone with their listener.
    pub(crate) fn abandon(&mut self, stats: &mut Stats) {
        self.collectors.iter_mut().for_each(|collector| collector.abandon(stats));
    }

    /// Makes sure that a tick comes in time for what waits, here and elsewhere (in so many nanoseconds), or none
    /// where nothing does.
    pub(crate) fn set_tick(&mut self, now: UnixNanos, elsewhere: Option<u64>) {
        let waits = self.collectors.iter().filter_map(|collector| collector.wake_in(now));
        let wait = waits.chain(elsewhere).min();
        let wakes_at = wait.map(|wait| UnixNanos(now.0.saturating_add(wait)));
        // A tick that comes too early does no harm and costs less than setting another.
        let in_time = match (self.wakes_at, wakes_at) {
            (None, None) => true,
            (Some(set), Some(wanted)) => set <= wanted,
            _ => false,
        };
        if in_time {
            return;
        }
        // The host counts whole milliseconds, and 0 means never.
        let millis = wait.map_or(0, |wait| wait.div_ceil(NANOS_PER_MILLI).max(1));
        if host::set_tick_period(u32::try_from(millis).unwrap_or(u32::MAX)).is_ok() {
            self.wakes_at = wakes_at;
        }
    }

    /// The tick came: sends what is due.
    pub(crate) fn tick(&mut self, now: UnixNanos, stats: &mut Stats, ids: &mut Ids) {
        // The host repeats it, with the period that may have been meant for one time only.
        self.wakes_at = self.wakes_at.map(|_| UnixNanos(u64::MAX));
        for collector in &mut self.collectors {
            collector.take_back(now, stats, ids);
            collector.send(&self.envelope, now, stats, ids);
        }
    }

    /// An export was answered; only now can its headers and body be read. How many nanoseconds after it was sent,
    /// unless it was given up before.
    pub(crate) fn answered(
        &mut self,
        token: u32,
        answer: ExportAnswer,
        now: UnixNanos,
        stats: &mut Stats,
        ids: &mut Ids,
    ) -> Option<u64> {
        let Self { collectors, envelope, .. } = self;
        collectors.iter_mut().find_map(|collector| {
            let took = collector.answered(token, answer, now, stats, ids)?;
            collector.send(envelope, now, stats, ids);
            Some(took)
        })
    }

    /// Sends all that may be sent now.
    pub(crate) fn send(&mut self, now: UnixNanos, stats: &mut Stats, ids: &mut Ids) {
        for collector in &mut self.collectors {
            collector.send(&self.envelope, now, stats, ids);
        }
    }
}

const NANOS_PER_MILLI: u64 = 1_000_000;
