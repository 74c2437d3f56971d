//! Spans → the collector: the queue of the core, driven by the ends of exchanges, ticks and answers.
//!
//! A batch that is whole leaves at once, with the end of the exchange that filled it; a tick is set only for what
//! waits: for the age of a batch, the end of a back-off, an answer that does not come. So an idle VM is never
//! woken. Exports are sent in the root's callbacks alone ([`crate::host::enter_root`] says why).

use std::time::Duration;

use inferspan_core::config::Otlp;
use inferspan_core::otlp::answer::verdict;
use inferspan_core::otlp::envelope::Envelope;
use inferspan_core::otlp::queue::{Limits, Queue, QueueFull, Settled};
use inferspan_core::time::UnixNanos;

use crate::host::{self, Buffer, Level, Map, Status};
use crate::ids::Ids;
use crate::stats::{Stat, Stats};

/// Sends spans to one collector.
#[derive(Debug)]
pub(crate) struct Exporter {
    queue: Queue,
    envelope: Envelope,
    target: Target,
    /// When the tick that is set comes next.
    wakes_at: Option<UnixNanos>,
    complaint: Complaint,
}

/// Where exports go.
#[derive(Debug)]
struct Target {
    cluster: String,
    /// Pseudo-headers and headers. They may hold secrets.
    headers: Vec<(String, String)>,
    timeout: Duration,
}

/// The last trouble that was logged.
#[derive(Debug, Default)]
struct Complaint {
    /// Not before then again.
    silent_until: UnixNanos,
    /// Times it happened since.
    unsaid: u64,
}

impl Exporter {
    /// An exporter by this configuration.
    pub(crate) fn new(otlp: &Otlp, envelope: Envelope) -> Self {
        Self {
            queue: Queue::new(limits(otlp)),
            envelope,
            target: Target::new(otlp),
            wakes_at: None,
            complaint: Complaint::default(),
        }
    }

    /// Another configuration. What is queued stays and goes to the new collector.
    pub(crate) fn reconfigure(&mut self, otlp: &Otlp, envelope: Envelope) {
        self.queue.set_limits(limits(otlp));
        self.envelope = envelope;
        self.target = Target::new(otlp);
    }

    /// Queues the span that `encode` appends. Where it makes a batch whole, [`Self::is_ready`] says so then.
    pub(crate) fn push(&mut self, now: UnixNanos, stats: &mut Stats, encode: impl FnOnce(&mut Vec<u8>)) {
        if self.queue.push(now, encode) == Err(QueueFull) {
            stats.count(Stat::SpansDroppedQueueFull);
        }
    }

    /// Whether something can be sent at once.
    pub(crate) fn is_ready(&self, now: UnixNanos) -> bool {
        self.queue.is_ready(now)
    }

    /// Nothing more will come: what is held leaves without waiting for others.
    pub(crate) fn close(&mut self) {
        self.queue.close();
    }

    /// Whether all that came has been settled.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.held() == 0
    }

    /// Nothing more can be sent or answered: counts what is held as lost, and logs it, for the counters may be
    /// gone with their listener.
    pub(crate) fn abandon(&mut self, stats: &mut Stats) {
        let lost = self.queue.abandon();
        if lost > 0 {
            stats.add(Stat::SpansDroppedShutdown, lost);
            let line = format!("{lost} spans were not delivered before their listener, or Envoy, was gone");
            host::log(Level::Warn, &line);
        }
    }

    /// Makes sure that a tick comes in time for what waits, or none where nothing does.
    pub(crate) fn set_tick(&mut self, now: UnixNanos, stats: &Stats) {
        let stats_wait = stats.is_dirty().then_some(STATS_WAIT);
        let wait = [self.queue.wake_in(now), stats_wait].into_iter().flatten().min();
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
        while let Some(settled) = self.queue.give_up(now, ids.number()) {
            note(settled, stats);
        }
        while let Some(settled) = self.queue.expire(now) {
            note(settled, stats);
        }
        self.send(now, stats, ids);
    }

    /// An export was answered; only now can its headers and body be read.
    pub(crate) fn answered(
        &mut self,
        token: u32,
        answer: ExportAnswer,
        now: UnixNanos,
        stats: &mut Stats,
        ids: &mut Ids,
    ) {
        let status = answer.status();
        let retry_after = matches!(status, Some(429 | 502..=504)).then(|| answer.retry_after()).flatten();
        let body = if matches!(status, Some(200..=299)) { answer.body() } else { Vec::new() };
        let verdict = verdict(status, retry_after.as_deref(), &body, now);
        if let Some(settled) = self.queue.answered(token, verdict, now, ids.number()) {
            note(settled, stats);
            let cluster = &self.target.cluster;
            let said = |what: &str| match status {
                Some(status) => format!("the collector in cluster {cluster} answered {status}: {what}"),
                None => format!("the collector in cluster {cluster} gave no answer: {what}"),
            };
            let line = match settled {
                Settled::Delivered { rejected: 0, .. } => None,
                Settled::Delivered { rejected, .. } => {
                    Some(said(&format!("{rejected} spans rejected, which its own log may explain")))
                }
                Settled::Refused { records } => {
                    Some(said(&format!("{records} spans refused for good; check otlp.path and otlp.headers")))
                }
                Settled::Expired { records } => {
                    Some(said(&format!("{records} spans dropped after many tries")))
                }
                Settled::Requeued => Some(said("the spans are kept and sent again later")),
            };
            if let Some(line) = line {
                self.complaint.log(now, &line);
            }
        }
        self.send(now, stats, ids);
    }

    /// Sends all that may be sent now.
    pub(crate) fn send(&mut self, now: UnixNanos, stats: &mut Stats, ids: &mut Ids) {
        while let Some(batch) = self.queue.next(now) {
            let body = self.envelope.wrap(batch.records());
            match host::http_call(&self.target.cluster, self.target.headers(), &body, self.target.timeout) {
                Ok(token) => {
                    stats.count(Stat::ExportsSent);
                    self.queue.sent(token, batch, now);
                }
                Err(status) => {
                    stats.count(Stat::ExportsUnsent);
                    note(self.queue.not_sent(batch, now, ids.number()), stats);
                    let cluster = &self.target.cluster;
                    let advice = if status == Status::BAD_ARGUMENT {
                        "Envoy has no such cluster; set otlp.cluster to the name of one that leads to an OTLP/HTTP \
                         collector"
                    } else {
                        "no connection to be had; check the cluster's endpoints and health"
                    };
                    let line = format!("cannot export to cluster {cluster} ({}): {advice}", status.name());
                    self.complaint.log(now, &line);
                }
            }
        }
    }
}

impl Target {
    fn new(otlp: &Otlp) -> Self {
        let authority = otlp.authority.as_deref().unwrap_or(&otlp.cluster);
        let fixed = [
            (":method", "POST"),
            (":path", &otlp.path),
            (":authority", authority),
            ("content-type", "application/x-protobuf"),
            ("user-agent", concat!("inferspan/", env!("CARGO_PKG_VERSION"))),
        ];
        let further = otlp.headers.iter().map(|(name, value)| (name.as_str(), value.expose()));
        Self {
            cluster: otlp.cluster.clone(),
            headers: fixed.into_iter().chain(further).map(|(n, v)| (n.to_owned(), v.to_owned())).collect(),
            timeout: Duration::from_millis(u64::from(otlp.timeout_ms)),
        }
    }

    fn headers(&self) -> Vec<(&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

impl Complaint {
    /// Logs the line, unless one was logged within the last minute.
    fn log(&mut self, now: UnixNanos, line: &str) {
        // A clock that was set back must not silence us for longer.
        let silent = now < self.silent_until && self.silent_until.since(now) <= SILENCE;
        if silent {
            self.unsaid = self.unsaid.saturating_add(1);
            return;
        }
        let unsaid = std::mem::take(&mut self.unsaid);
        self.silent_until = UnixNanos(now.0.saturating_add(SILENCE));
        let since = if unsaid > 0 { format!(" ({unsaid} more like it not logged)") } else { String::new() };
        host::log(Level::Warn, &format!("{line}{since}"));
    }
}

/// The answer to an export, as the host shows it in that callback.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExportAnswer {
    /// How many headers it has; none where there was no answer.
    pub(crate) headers: usize,
    /// How long its body is.
    pub(crate) body_size: usize,
}

impl ExportAnswer {
    fn status(self) -> Option<u16> {
        let status = self.header(":status")?;
        std::str::from_utf8(&status).ok()?.parse().ok()
    }

    fn retry_after(self) -> Option<Vec<u8>> {
        self.header("retry-after")
    }

    fn header(self, name: &str) -> Option<Vec<u8>> {
        if self.headers == 0 {
            return None;
        }
        host::header(Map::CallResponse, name).ok()
    }

    /// The body's beginning, which is all of a well-behaved collector's.
    fn body(self) -> Vec<u8> {
        match self.body_size.min(MAX_ANSWER) {
            0 => Vec::new(),
            size => host::buffer(Buffer::CallResponseBody, 0, size).unwrap_or_default(),
        }
    }
}

fn note(settled: Settled, stats: &mut Stats) {
    match settled {
        Settled::Delivered { accepted, rejected } => {
            stats.add(Stat::SpansExported, accepted);
            stats.add(Stat::SpansDroppedRejected, rejected);
        }
        Settled::Refused { records } => stats.add(Stat::SpansDroppedRefused, records),
        Settled::Expired { records } => stats.add(Stat::SpansDroppedExpired, records),
        Settled::Requeued => stats.count(Stat::ExportsFailed),
    }
}

fn limits(otlp: &Otlp) -> Limits {
    let nanos = |millis: u32| u64::from(millis).saturating_mul(NANOS_PER_MILLI);
    Limits {
        batch_records: otlp.max_batch_spans,
        batch_bytes: otlp.max_batch_bytes as usize,
        batch_age: nanos(otlp.max_batch_age_ms),
        queue_bytes: otlp.max_queue_bytes as usize,
        burst_bytes: otlp.max_burst_bytes as usize,
        in_flight: otlp.max_in_flight as usize,
        give_up_after: nanos(otlp.timeout_ms).saturating_add(GRACE),
    }
}

const NANOS_PER_MILLI: u64 = 1_000_000;
/// How long counters wait for a tick of their own.
const STATS_WAIT: u64 = 1_000 * NANOS_PER_MILLI;
/// How long an answer may come after the export's timeout.
const GRACE: u64 = 10_000 * NANOS_PER_MILLI;
/// Between two lines in the log about trouble with the collector.
const SILENCE: u64 = 60_000 * NANOS_PER_MILLI;
/// Bytes of an answer's body that are looked at.
const MAX_ANSWER: usize = 16 << 10;
