//! All records on their way to one collector: a queue for each signal, and a bound over all of them.
//!
//! Invariant: all records held (being filled, ready, in flight) take at most [`Limits::queue_bytes`], and
//! [`Limits::burst_bytes`] more while exports succeed. What comes beyond pushes out the oldest that is not under
//! way, of whatever signal.

use super::queue::{Limits, Queue};
use crate::time::UnixNanos;

/// A kind of telemetry, each with an endpoint of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Metric points.
    Metrics,
    /// Log records.
    Logs,
}

impl Signal {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// The name by which OpenTelemetry knows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }

    /// What one of its records is called, in the plural.
    #[must_use]
    pub fn records(self) -> &'static str {
        match self {
            Self::Traces => "spans",
            Self::Metrics => "metric points",
            Self::Logs => "log records",
        }
    }
}

/// Records of all signals on their way to one collector.
#[derive(Debug)]
pub struct Outbox {
    traces: Queue,
    metrics: Queue,
    logs: Queue,
}

impl Outbox {
    /// An empty one.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { traces: Queue::new(limits), metrics: Queue::new(of_metrics(limits)), logs: Queue::new(limits) }
    }

    /// Other bounds from now on. What is held stays.
    pub fn set_limits(&mut self, limits: Limits) {
        self.traces.set_limits(limits);
        self.metrics.set_limits(of_metrics(limits));
        self.logs.set_limits(limits);
    }

    /// The queue of a signal.
    #[must_use]
    pub fn queue(&self, signal: Signal) -> &Queue {
        match signal {
            Signal::Traces => &self.traces,
            Signal::Metrics => &self.metrics,
            Signal::Logs => &self.logs,
        }
    }

    /// The queue of a signal.
    pub fn queue_mut(&mut self, signal: Signal) -> &mut Queue {
        match signal {
            Signal::Traces => &mut self.traces,
            Signal::Metrics => &mut self.metrics,
            Signal::Logs => &mut self.logs,
        }
    }

    /// Adds the `records` that `encode` appends. Records that had to go for them are told to `dropped`, which may
    /// be these themselves, where all that is held is under way.
    pub fn push(
        &mut self,
        signal: Signal,
        now: UnixNanos,
        records: u32,
        encode: impl FnOnce(&mut Vec<u8>),
        dropped: &mut dyn FnMut(Signal, u64),
    ) {
        let before = self.bytes();
        let queue = self.queue_mut(signal);
        queue.push(now, records, encode);
        // What was held while there was more room stays, but grows no more.
        let room = queue.room().max(before);
        while self.bytes() > room {
            let oldest =
                Signal::ALL.into_iter().filter_map(|signal| Some((self.queue(signal).oldest()?, signal)));
            let Some((_, signal)) = oldest.min_by_key(|(since, _)| *since) else { break };
            dropped(signal, self.queue_mut(signal).drop_oldest());
        }
    }

    /// Records held, of all signals.
    #[must_use]
    pub fn held(&self) -> u64 {
        Signal::ALL.into_iter().map(|signal| self.queue(signal).held()).fold(0, u64::saturating_add)
    }

    /// Bytes of the records held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        Signal::ALL.into_iter().map(|signal| self.queue(signal).bytes()).fold(0, usize::saturating_add)
    }
}

/// A collection of metrics is many points at once: only its bytes part it.
fn of_metrics(limits: Limits) -> Limits {
    Limits { batch_records: u32::MAX, ..limits }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otlp::answer::Verdict;

    const LIMITS: Limits = Limits {
        batch_records: 2,
        batch_bytes: 1_000,
        batch_age: 1_000,
        queue_bytes: 100,
        burst_bytes: 0,
        in_flight: 1,
        give_up_after: 1_000_000,
    };

    /// Pushes a record of so many bytes; what had to go for it.
    fn push(outbox: &mut Outbox, signal: Signal, now: u64, bytes: usize) -> Vec<(Signal, u64)> {
        let mut gone = Vec::new();
        let fill = |out: &mut Vec<u8>| out.resize(out.len() + bytes, 7);
        outbox.push(signal, UnixNanos(now), 1, fill, &mut |signal, records| gone.push((signal, records)));
        gone
    }

    #[test]
    fn what_is_oldest_goes_first_of_whatever_signal() {
        let mut outbox = Outbox::new(LIMITS);
        assert_eq!(push(&mut outbox, Signal::Logs, 1, 20), []);
        assert_eq!(push(&mut outbox, Signal::Traces, 2, 20), []);
        assert_eq!(push(&mut outbox, Signal::Traces, 3, 20), []);
        assert_eq!(push(&mut outbox, Signal::Metrics, 4, 40), []);
        assert_eq!(outbox.bytes(), 100);
        assert_eq!(push(&mut outbox, Signal::Traces, 5, 10), [(Signal::Logs, 1)]);
        assert_eq!(push(&mut outbox, Signal::Logs, 6, 50), [(Signal::Traces, 2)]);
        assert_eq!(outbox.bytes(), 100);
    }

    #[test]
    fn what_is_under_way_does_not_go() {
        let mut outbox = Outbox::new(LIMITS);
        push(&mut outbox, Signal::Traces, 1, 40);
        push(&mut outbox, Signal::Traces, 1, 50);
        let batch = outbox.queue_mut(Signal::Traces).next(UnixNanos(1)).unwrap();
        outbox.queue_mut(Signal::Traces).sent(7, batch, UnixNanos(1));
        assert_eq!(push(&mut outbox, Signal::Logs, 2, 20), [(Signal::Logs, 1)], "there is room for 10");
        assert_eq!((outbox.bytes(), outbox.queue(Signal::Traces).held()), (90, 2));
    }

    #[test]
    fn what_came_in_a_burst_stays_when_the_collector_fails() {
        let mut outbox = Outbox::new(Limits { burst_bytes: 100, in_flight: 2, ..LIMITS });
        (0..10).for_each(|n| assert_eq!(push(&mut outbox, Signal::Traces, n, 20), []));
        let queue = outbox.queue_mut(Signal::Traces);
        let mut now = UnixNanos(10);
        for token in 1..=2 {
            let batch = queue.next(now).unwrap();
            queue.sent(token, batch, now);
            queue.answered(token, Verdict::Retry { retry_after: None }, now, 0);
            now = UnixNanos(now.0 + 10_000_000_000);
        }
        assert_eq!((outbox.bytes(), outbox.queue(Signal::Traces).room()), (200, 100));
        assert_eq!(push(&mut outbox, Signal::Traces, now.0, 20), [(Signal::Traces, 2)], "the oldest batch");
        assert_eq!(outbox.bytes(), 180);
    }

    #[test]
    fn a_collection_of_metrics_leaves_together() {
        let mut outbox = Outbox::new(LIMITS);
        (0..9).for_each(|_| assert_eq!(push(&mut outbox, Signal::Metrics, 1, 10), []));
        assert!(outbox.queue_mut(Signal::Metrics).next(UnixNanos(1)).is_none());
        outbox.queue_mut(Signal::Metrics).seal();
        assert_eq!(outbox.queue_mut(Signal::Metrics).next(UnixNanos(1)).unwrap().records().len(), 90);
    }
}
