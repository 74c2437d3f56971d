//! One collector: what it takes, what waits for it, and what became of what it was sent.

use inferspan_core::config::Otlp;
use inferspan_core::otlp::answer::{Failure, Verdict};
use inferspan_core::otlp::envelope::Envelope;
use inferspan_core::otlp::outbox::{Outbox, Signal};
use inferspan_core::otlp::queue::{Batch, Limits, Settled};
use inferspan_core::time::UnixNanos;

use super::NANOS_PER_MILLI;
use super::answer::ExportAnswer;
use super::complaint::Complaint;
use super::target::Target;
use crate::console;
use crate::gauges::Held;
use crate::host::{self, Level, Status};
use crate::ids::Ids;
use crate::stats::{Fate, Stat, Stats};

/// A collector and the records on their way to it.
#[derive(Debug)]
pub(super) struct Collector {
    signals: Vec<Signal>,
    outbox: Outbox,
    target: Target,
    complaint: Complaint,
    /// That of the queue: what is lost must not go unsaid behind another trouble.
    full: Complaint,
    /// Whether spans go to Envoy's log where Envoy has no such cluster.
    or_console: bool,
    /// Whether that was so at the last export.
    is_missing: bool,
}

impl Collector {
    pub(super) fn new(otlp: &Otlp, or_console: bool) -> Self {
        Self {
            signals: otlp.signals.clone(),
            outbox: Outbox::new(limits(otlp)),
            target: Target::new(otlp),
            complaint: Complaint::default(),
            full: Complaint::default(),
            or_console,
            is_missing: false,
        }
    }

    /// What is queued stays.
    pub(super) fn reconfigure(&mut self, otlp: &Otlp, or_console: bool) {
        self.outbox.set_limits(limits(otlp));
        self.target = Target::new(otlp);
        self.signals.clone_from(&otlp.signals);
        self.or_console = or_console;
        self.is_missing = false;
    }

    pub(super) fn takes(&self, signal: Signal) -> bool {
        self.signals.contains(&signal)
    }

    pub(super) fn push(
        &mut self,
        signal: Signal,
        now: UnixNanos,
        records: u32,
        stats: &mut Stats,
        encode: impl FnOnce(&mut Vec<u8>),
    ) {
        stats.settled(signal, Fate::Queued, u64::from(records));
        let mut lost = None;
        self.outbox.push(signal, now, records, encode, &mut |signal, records| {
            stats.settled(signal, Fate::QueueFull, records);
            lost = Some(signal);
        });
        if let Some(signal) = lost {
            self.complain_of_queue(signal, now);
        }
    }

    #[cold]
    fn complain_of_queue(&mut self, signal: Signal, now: UnixNanos) {
        let line = format!(
            "more waits for the collector in cluster {} than otlp.max_queue_bytes holds: the oldest {} are dropped",
            self.target.cluster(),
            signal.records(),
        );
        self.full.log(now, &line);
    }

    /// What is held for it.
    pub(super) fn held(&self) -> Held {
        Held { records: self.outbox.held(), bytes: self.outbox.bytes() as u64 }
    }

    /// Whether records of the signal wait or are under way.
    pub(super) fn holds(&self, signal: Signal) -> bool {
        self.outbox.queue(signal).held() > 0
    }

    /// What was pushed waits for no more.
    pub(super) fn seal(&mut self, signal: Signal) {
        self.outbox.queue_mut(signal).seal();
    }

    pub(super) fn is_ready(&self, now: UnixNanos) -> bool {
        self.signals_held().any(|signal| self.outbox.queue(signal).is_ready(now))
    }

    pub(super) fn close(&mut self) {
        Signal::ALL.into_iter().for_each(|signal| self.outbox.queue_mut(signal).close());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.signals_held().next().is_none()
    }

    pub(super) fn wake_in(&self, now: UnixNanos) -> Option<u64> {
        self.signals_held().filter_map(|signal| self.outbox.queue(signal).wake_in(now)).min()
    }

    /// Signals of which records are held: those taken now, and what was queued before a reconfiguration.
    fn signals_held(&self) -> impl Iterator<Item = Signal> {
        Signal::ALL.into_iter().filter(|signal| self.outbox.queue(*signal).held() > 0)
    }

    pub(super) fn abandon(&mut self, stats: &mut Stats) {
        if self.or_console && self.is_missing {
            while let Some(batch) = self.outbox.queue_mut(Signal::Traces).take_oldest() {
                self.write_out(batch, stats);
            }
        }
        for signal in Signal::ALL {
            let lost = self.outbox.queue_mut(signal).abandon();
            if lost > 0 {
                stats.settled(signal, Fate::Shutdown, lost);
                let records = signal.records();
                let line =
                    format!("{lost} {records} were not delivered before their listener, or Envoy, was gone");
                host::log(Level::Warn, &line);
            }
        }
    }

    /// Takes back what was not answered, and gives up what is too old.
    pub(super) fn take_back(&mut self, now: UnixNanos, stats: &mut Stats, ids: &mut Ids) {
        for signal in Signal::ALL {
            let queue = self.outbox.queue_mut(signal);
            while let Some(settled) = queue.give_up(now, ids.number()) {
                stats.count(Stat::ExportsFailedUnanswered);
                note(signal, settled, stats);
            }
            while let Some(settled) = queue.expire(now) {
                note(signal, settled, stats);
            }
        }
    }

    /// An export was answered. How many nanoseconds after it was sent, where it was one of this collector's.
    pub(super) fn answered(
        &mut self,
        token: u32,
        answer: ExportAnswer,
        now: UnixNanos,
        stats: &mut Stats,
        ids: &mut Ids,
    ) -> Option<u64> {
        let sent = |signal| Some((signal, self.outbox.queue(signal).sent_at(token)?));
        let (signal, sent) = Signal::ALL.into_iter().find_map(sent)?;
        let verdict = self.target.verdict(answer, now);
        match verdict {
            Verdict::Accepted { .. } => {}
            Verdict::Refused => stats.count(Stat::ExportsRefused),
            Verdict::Retry { .. } => stats.count(match self.target.failure(answer) {
                Failure::Unanswered => Stat::ExportsFailedUnanswered,
                Failure::Unavailable => Stat::ExportsFailedUnavailable,
                Failure::TimedOut => Stat::ExportsFailedTimeout,
                Failure::Throttled => Stat::ExportsFailedThrottled,
            }),
        }
        let settled = self.outbox.queue_mut(signal).answered(token, verdict, now, ids.number())?;
        note(signal, settled, stats);
        if let Some(what) = self.complaint_about(signal, settled) {
            let cluster = self.target.cluster();
            let line = match answer.status() {
                Some(status) => format!("the collector in cluster {cluster} answered {status}: {what}"),
                None => format!("the collector in cluster {cluster} gave no answer: {what}"),
            };
            self.complaint.log(now, &line);
        }
        Some(now.since(sent))
    }

    /// What an operator should know of an export that did not go as it should.
    fn complaint_about(&self, signal: Signal, settled: Settled) -> Option<String> {
        let kind = signal.records();
        match settled {
            Settled::Delivered { rejected: 0, .. } => None,
            Settled::Delivered { rejected, .. } => {
                Some(format!("{rejected} {kind} rejected, which its own log may explain"))
            }
            Settled::Refused { records } => Some(format!(
                "{records} {kind} refused for good; check that it takes {} at {}, and otlp.headers",
                signal.name(),
                self.target.path(signal),
            )),
            Settled::Expired { records } => Some(format!("{records} {kind} dropped after many tries")),
            Settled::Requeued => Some(format!("the {kind} are kept and sent again later")),
        }
    }

    /// Sends all that may be sent now.
    pub(super) fn send(&mut self, envelope: &Envelope, now: UnixNanos, stats: &mut Stats, ids: &mut Ids) {
        for signal in Signal::ALL {
            while let Some(batch) = self.outbox.queue_mut(signal).next(now) {
                let body = envelope.wrap(batch.records());
                match self.target.send(signal, &body) {
                    Err(Status::BAD_ARGUMENT) if self.or_console && signal == Signal::Traces => {
                        self.is_missing = true;
                        console::explain(self.target.cluster());
                        self.write_out(batch, stats);
                    }
                    Ok(token) => {
                        self.is_missing = false;
                        stats.count(Stat::ExportsSent);
                        self.outbox.queue_mut(signal).sent(token, batch, now);
                    }
                    Err(status) => {
                        stats.count(Stat::ExportsUnsent);
                        let settled = self.outbox.queue_mut(signal).not_sent(batch, now, ids.number());
                        note(signal, settled, stats);
                        self.complaint.log(now, &self.target.cannot_send(status));
                    }
                }
            }
        }
    }

    /// Writes spans into Envoy's log, which is as good as delivered.
    fn write_out(&mut self, batch: Batch, stats: &mut Stats) {
        stats.add(Stat::ConsoleLines, console::write(batch.records()));
        note(Signal::Traces, self.outbox.queue_mut(Signal::Traces).delivered(batch), stats);
    }
}

fn note(signal: Signal, settled: Settled, stats: &mut Stats) {
    match settled {
        Settled::Delivered { accepted, rejected } => {
            stats.settled(signal, Fate::Exported, accepted);
            stats.settled(signal, Fate::Rejected, rejected);
        }
        Settled::Refused { records } => stats.settled(signal, Fate::Refused, records),
        Settled::Expired { records } => stats.settled(signal, Fate::Expired, records),
        Settled::Requeued => stats.count(Stat::ExportsFailed),
    }
}

fn limits(otlp: &Otlp) -> Limits {
    let nanos = |millis: u32| u64::from(millis).saturating_mul(NANOS_PER_MILLI);
    Limits {
        batch_records: otlp.max_batch_records,
        batch_bytes: otlp.max_batch_bytes as usize,
        batch_age: nanos(otlp.max_batch_age_ms),
        queue_bytes: otlp.max_queue_bytes as usize,
        burst_bytes: otlp.max_burst_bytes as usize,
        in_flight: otlp.max_in_flight as usize,
        give_up_after: nanos(otlp.timeout_ms).saturating_add(GRACE),
    }
}

/// How long an answer may come after the export's timeout.
const GRACE: u64 = 10_000 * NANOS_PER_MILLI;
