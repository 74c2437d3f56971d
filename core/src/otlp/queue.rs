//! Spans on their way: filled into batches, sent, kept until answered, tried again, dropped at the bounds.
//!
//! Sans-IO: the caller brings the time and a random number, makes the calls and tells their answers. Invariants:
//! all spans held (being filled, ready, in flight) take at most [`Limits::queue_bytes`]; every span pushed ends
//! in exactly one [`Settled`] or is still held; after a failure nothing is sent before the back-off is over.

use std::collections::VecDeque;

use super::answer::Verdict;
use crate::time::UnixNanos;

/// The bounds of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A batch is sent at this many spans,
    pub batch_spans: u32,
    /// or when it takes this many bytes,
    pub batch_bytes: usize,
    /// or when its first span has waited this long, in nanoseconds.
    pub batch_age: u64,
    /// Bytes of all spans held.
    pub queue_bytes: usize,
    /// Calls under way at a time.
    pub in_flight: usize,
    /// An unanswered call is given up after this long, in nanoseconds: longer than the call's own timeout, for
    /// a host that breaks its promise to answer.
    pub give_up_after: u64,
}

/// Encoded spans that are sent together.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    spans: u32,
    /// When the first span came.
    since: UnixNanos,
    /// Calls that failed.
    attempts: u32,
}

impl Batch {
    /// The encoded spans, as [`super::span::encode`] left them.
    #[must_use]
    pub fn spans(&self) -> &[u8] {
        &self.bytes
    }

    fn is_expired(&self, now: UnixNanos) -> bool {
        self.attempts >= MAX_ATTEMPTS || now.since(self.since) >= MAX_AGE
    }
}

/// What became of spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Delivered; `rejected` of them the collector will not take.
    Delivered {
        /// Spans it took.
        accepted: u64,
        /// Spans it did not.
        rejected: u64,
    },
    /// The collector refused the batch for good.
    Refused {
        /// Spans lost.
        spans: u64,
    },
    /// Too many tries, or too old.
    Expired {
        /// Spans lost.
        spans: u64,
    },
    /// Back in the queue.
    Requeued,
}

/// The queue had no room for the span, which is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueFull;

/// Spans on their way to one collector.
#[derive(Debug)]
pub struct Queue {
    limits: Limits,
    /// Being filled.
    open: Batch,
    /// Whole, in the order they are to be sent.
    ready: VecDeque<Batch>,
    /// Sent and not answered.
    in_flight: Vec<Call>,
    /// Bytes of the spans in all three.
    bytes: usize,
    /// Failures since a call last succeeded. Calls that were under way together and fail together are one.
    failures: u32,
    /// When the last of them was seen.
    failed_at: UnixNanos,
    /// Nothing is sent before.
    not_before: UnixNanos,
}

#[derive(Debug)]
struct Call {
    token: u32,
    batch: Batch,
    sent: UnixNanos,
}

impl Queue {
    /// An empty queue.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            open: Batch::default(),
            ready: VecDeque::new(),
            in_flight: Vec::new(),
            bytes: 0,
            failures: 0,
            failed_at: UnixNanos(0),
            not_before: UnixNanos(0),
        }
    }

    /// Other bounds from now on. What is held stays.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Adds the span that `encode` appends.
    ///
    /// # Errors
    /// Where the span would take the queue beyond its bound; it is not kept.
    pub fn push(&mut self, now: UnixNanos, encode: impl FnOnce(&mut Vec<u8>)) -> Result<(), QueueFull> {
        let before = self.open.bytes.len();
        if self.open.spans == 0 {
            self.open.since = now;
        }
        encode(&mut self.open.bytes);
        let total = self.bytes.saturating_add(self.open.bytes.len().saturating_sub(before));
        if total > self.limits.queue_bytes {
            self.open.bytes.truncate(before);
            return Err(QueueFull);
        }
        self.bytes = total;
        self.open.spans = self.open.spans.saturating_add(1);
        if self.open.spans >= self.limits.batch_spans || self.open.bytes.len() >= self.limits.batch_bytes {
            self.seal();
        }
        Ok(())
    }

    /// The next batch to send, if one is due and may be sent. The caller sends it and says how that went with
    /// [`Self::sent`] or [`Self::not_sent`].
    pub fn next(&mut self, now: UnixNanos) -> Option<Batch> {
        self.not_before = self.not_before.min(UnixNanos(now.0.saturating_add(MAX_WAIT)));
        if self.in_flight.len() >= self.limits.in_flight || now < self.not_before {
            return None;
        }
        if self.ready.is_empty() && self.open.spans > 0 && self.until_open_is_due(now) == 0 {
            self.seal();
        }
        self.ready.pop_front()
    }

    /// The batch is under way as call `token`.
    pub fn sent(&mut self, token: u32, batch: Batch, now: UnixNanos) {
        self.in_flight.push(Call { token, batch, sent: now });
    }

    /// The call could not be made: as good as one that failed.
    pub fn not_sent(&mut self, batch: Batch, now: UnixNanos, random: u32) -> Settled {
        self.settle(batch, now, Verdict::Retry { retry_after: None }, now, random)
    }

    /// Call `token` was answered. `None` where no such call is under way.
    pub fn answered(&mut self, token: u32, verdict: Verdict, now: UnixNanos, random: u32) -> Option<Settled> {
        let index = self.in_flight.iter().position(|c| c.token == token)?;
        let call = self.in_flight.swap_remove(index);
        Some(self.settle(call.batch, call.sent, verdict, now, random))
    }

    /// Takes back one call that was never answered, if there is one.
    pub fn give_up(&mut self, now: UnixNanos, random: u32) -> Option<Settled> {
        let index = self.in_flight.iter().position(|c| now.since(c.sent) >= self.limits.give_up_after)?;
        let call = self.in_flight.swap_remove(index);
        Some(self.settle(call.batch, call.sent, Verdict::Retry { retry_after: None }, now, random))
    }

    /// Drops the oldest ready batch if its time is over.
    pub fn expire(&mut self, now: UnixNanos) -> Option<Settled> {
        let batch = self.ready.pop_front_if(|batch| batch.is_expired(now))?;
        Some(Settled::Expired { spans: self.forget(&batch) })
    }

    /// Nanoseconds until there is something to do; `None` while only an answer can change anything, or a span.
    #[must_use]
    pub fn wake_in(&self, now: UnixNanos) -> Option<u64> {
        let lost_call =
            self.in_flight.iter().map(|c| self.limits.give_up_after.saturating_sub(now.since(c.sent))).min();
        if self.in_flight.len() >= self.limits.in_flight {
            return lost_call;
        }
        let due = if !self.ready.is_empty() {
            Some(0)
        } else if self.open.spans > 0 {
            Some(self.until_open_is_due(now))
        } else {
            None
        };
        let due = due.map(|due| due.max(self.not_before.since(now).min(MAX_WAIT)));
        [due, lost_call].into_iter().flatten().min()
    }

    /// Bytes of the spans held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn seal(&mut self) {
        // The next batch will want about as much room as this one.
        let next = Batch { bytes: Vec::with_capacity(self.open.bytes.len()), ..Batch::default() };
        self.ready.push_back(std::mem::replace(&mut self.open, next));
    }

    fn settle(
        &mut self,
        mut batch: Batch,
        sent: UnixNanos,
        verdict: Verdict,
        now: UnixNanos,
        random: u32,
    ) -> Settled {
        match verdict {
            Verdict::Accepted { rejected } => {
                self.failures = 0;
                self.not_before = now;
                let spans = self.forget(&batch);
                let rejected = rejected.min(spans);
                Settled::Delivered { accepted: spans.saturating_sub(rejected), rejected }
            }
            Verdict::Refused => {
                self.failures = 0;
                Settled::Refused { spans: self.forget(&batch) }
            }
            Verdict::Retry { retry_after } => {
                if sent >= self.failed_at || now < self.failed_at {
                    self.failures = self.failures.saturating_add(1);
                    self.failed_at = now;
                }
                let wait = retry_after.unwrap_or_else(|| back_off(self.failures, random)).min(MAX_WAIT);
                self.not_before = self.not_before.max(UnixNanos(now.0.saturating_add(wait)));
                batch.attempts = batch.attempts.saturating_add(1);
                if batch.is_expired(now) {
                    return Settled::Expired { spans: self.forget(&batch) };
                }
                self.ready.push_front(batch);
                Settled::Requeued
            }
        }
    }

    /// Gives up the room of a batch that is no longer held; its number of spans.
    fn forget(&mut self, batch: &Batch) -> u64 {
        self.bytes = self.bytes.saturating_sub(batch.bytes.len());
        u64::from(batch.spans)
    }

    fn until_open_is_due(&self, now: UnixNanos) -> u64 {
        // A clock that was set back must not keep spans: what seems to come from the future is due.
        if now < self.open.since {
            return 0;
        }
        self.limits.batch_age.saturating_sub(now.since(self.open.since))
    }
}

/// Exponential, from 1 s to 30 s, of which a random half to the whole is waited.
fn back_off(failures: u32, random: u32) -> u64 {
    let doublings = failures.saturating_sub(1).min(5);
    let whole = BASE_BACK_OFF.checked_shl(doublings).unwrap_or(MAX_BACK_OFF).min(MAX_BACK_OFF);
    let half = whole / 2;
    half.saturating_add(half.saturating_mul(u64::from(random)) >> u32::BITS)
}

const SECOND: u64 = 1_000_000_000;
const BASE_BACK_OFF: u64 = SECOND;
const MAX_BACK_OFF: u64 = 30 * SECOND;
/// Longest wait that a `Retry-After` can ask for.
const MAX_WAIT: u64 = 600 * SECOND;
/// Calls after which a batch is dropped,
const MAX_ATTEMPTS: u32 = 10;
/// and its greatest age.
const MAX_AGE: u64 = 900 * SECOND;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits {
        batch_spans: 3,
        batch_bytes: 100,
        batch_age: SECOND,
        queue_bytes: 300,
        in_flight: 2,
        give_up_after: 20 * SECOND,
    };
    const NO_ANSWER: Verdict = Verdict::Retry { retry_after: None };
    const ACCEPTED: Verdict = Verdict::Accepted { rejected: 0 };

    fn at(seconds: f64) -> UnixNanos {
        UnixNanos(1_000 * SECOND + (seconds * 1e9) as u64)
    }

    fn seconds(nanos: f64) -> u64 {
        (nanos * 1e9) as u64
    }

    fn push(queue: &mut Queue, now: UnixNanos, bytes: usize) -> Result<(), QueueFull> {
        queue.push(now, |out| out.resize(out.len() + bytes, b's'))
    }

    /// A queue with one batch of three spans sent as call 1 at second 0.
    fn with_a_call() -> Queue {
        let mut queue = Queue::new(LIMITS);
        (0..3).for_each(|_| push(&mut queue, at(0.0), 10).unwrap());
        let batch = queue.next(at(0.0)).expect("a batch of three is whole");
        queue.sent(1, batch, at(0.0));
        queue
    }

    #[test]
    fn an_idle_queue_needs_no_waking() {
        let mut queue = Queue::new(LIMITS);
        assert_eq!(queue.wake_in(at(0.0)), None);
        assert!(queue.next(at(0.0)).is_none());
    }

    #[test]
    fn sends_by_age() {
        let mut queue = Queue::new(LIMITS);
        push(&mut queue, at(0.0), 10).unwrap();
        push(&mut queue, at(0.4), 10).unwrap();
        assert_eq!(queue.wake_in(at(0.4)), Some(seconds(0.6)));
        assert!(queue.next(at(0.9)).is_none());
        let batch = queue.next(at(1.0)).unwrap();
        assert_eq!(batch.spans().len(), 20);
        assert_eq!(queue.wake_in(at(1.0)), None);
    }

    #[test]
    fn sends_by_count_and_by_size() {
        let mut queue = Queue::new(LIMITS);
        (0..3).for_each(|_| push(&mut queue, at(0.0), 1).unwrap());
        assert_eq!(queue.wake_in(at(0.0)), Some(0));
        assert_eq!(queue.next(at(0.0)).unwrap().spans().len(), 3);
        push(&mut queue, at(0.0), 100).unwrap();
        assert_eq!(queue.next(at(0.0)).unwrap().spans().len(), 100);
    }

    #[test]
    fn a_clock_set_back_keeps_nothing() {
        let mut queue = Queue::new(LIMITS);
        push(&mut queue, at(3600.0), 10).unwrap();
        assert_eq!(queue.wake_in(at(0.0)), Some(0));
        let batch = queue.next(at(0.0)).unwrap();
        queue.not_sent(batch, at(4000.0), 0);
        assert_eq!(queue.wake_in(at(0.0)), Some(MAX_WAIT), "not an hour");
        assert!(queue.next(at(0.0)).is_none());
        assert!(queue.next(at(600.0)).is_some());
    }

    #[test]
    fn holds_no_more_than_its_bound() {
        let mut queue = with_a_call();
        assert_eq!(push(&mut queue, at(0.0), 270), Ok(()));
        assert_eq!(push(&mut queue, at(0.0), 1), Err(QueueFull));
        assert_eq!(queue.bytes(), 300);
        queue.answered(1, ACCEPTED, at(0.1), 0);
        assert_eq!(push(&mut queue, at(0.1), 30), Ok(()));
        assert_eq!(queue.bytes(), 300);
    }

    #[test]
    fn keeps_calls_to_their_number() {
        let mut queue = with_a_call();
        (0..6).for_each(|_| push(&mut queue, at(0.0), 1).unwrap());
        let second = queue.next(at(0.0)).unwrap();
        queue.sent(2, second, at(0.0));
        assert!(queue.next(at(0.0)).is_none());
        assert_eq!(queue.wake_in(at(0.0)), Some(LIMITS.give_up_after), "only an answer makes room");
        assert_eq!(
            queue.answered(1, ACCEPTED, at(0.0), 0),
            Some(Settled::Delivered { accepted: 3, rejected: 0 })
        );
        assert_eq!(queue.wake_in(at(0.0)), Some(0));
        assert!(queue.next(at(0.0)).is_some());
    }

    #[test]
    fn settles_each_answer_once() {
        let mut queue = with_a_call();
        let rejecting = Verdict::Accepted { rejected: 2 };
        assert_eq!(
            queue.answered(1, rejecting, at(0.0), 0),
            Some(Settled::Delivered { accepted: 1, rejected: 2 })
        );
        assert_eq!(queue.answered(1, ACCEPTED, at(0.0), 0), None);
        let lying = Verdict::Accepted { rejected: 99 };
        let mut queue = with_a_call();
        assert_eq!(
            queue.answered(1, lying, at(0.0), 0),
            Some(Settled::Delivered { accepted: 0, rejected: 3 })
        );
        let mut queue = with_a_call();
        assert_eq!(queue.answered(1, Verdict::Refused, at(0.0), 0), Some(Settled::Refused { spans: 3 }));
        assert_eq!((queue.bytes(), queue.wake_in(at(0.0))), (0, None));
    }

    #[test]
    fn backs_off_and_tries_again() {
        let mut queue = with_a_call();
        assert_eq!(queue.answered(1, NO_ANSWER, at(0.0), 0), Some(Settled::Requeued));
        assert_eq!(queue.wake_in(at(0.0)), Some(seconds(0.5)));
        assert!(queue.next(at(0.49)).is_none());
        let batch = queue.next(at(0.5)).unwrap();
        assert_eq!(batch.spans().len(), 30);
        queue.sent(2, batch, at(0.5));
        queue.answered(2, NO_ANSWER, at(0.5), u32::MAX);
        assert_eq!(queue.wake_in(at(0.5)), Some(seconds(2.0) - 1));
    }

    #[test]
    fn calls_that_fail_together_are_one_failure() {
        let mut queue = with_a_call();
        (0..3).for_each(|_| push(&mut queue, at(0.0), 1).unwrap());
        let second = queue.next(at(0.0)).unwrap();
        queue.sent(2, second, at(0.0));
        queue.answered(1, NO_ANSWER, at(0.1), 0);
        queue.answered(2, NO_ANSWER, at(0.1), 0);
        assert_eq!(queue.wake_in(at(0.1)), Some(seconds(0.5)), "not a second time as long");
    }

    #[test]
    fn honours_retry_after_for_all_batches() {
        let mut queue = with_a_call();
        queue.answered(1, Verdict::Retry { retry_after: Some(seconds(7.0)) }, at(0.0), 0);
        (0..3).for_each(|_| push(&mut queue, at(0.0), 1).unwrap());
        assert!(queue.next(at(6.9)).is_none());
        assert_eq!(queue.next(at(7.0)).unwrap().spans().len(), 30, "the older batch first");
        assert_eq!(queue.next(at(7.0)).unwrap().spans().len(), 3);
    }

    #[test]
    fn gives_a_batch_up_after_its_last_try() {
        let mut queue = with_a_call();
        let mut now = at(0.0);
        for attempt in 1..MAX_ATTEMPTS {
            assert_eq!(queue.answered(attempt, NO_ANSWER, now, 0), Some(Settled::Requeued));
            now = UnixNanos(now.0 + queue.wake_in(now).unwrap());
            let batch = queue.next(now).unwrap();
            queue.sent(attempt + 1, batch, now);
        }
        assert_eq!(queue.answered(MAX_ATTEMPTS, NO_ANSWER, now, 0), Some(Settled::Expired { spans: 3 }));
        assert_eq!(queue.bytes(), 0);
    }

    #[test]
    fn drops_what_is_too_old() {
        let mut queue = with_a_call();
        queue.answered(1, NO_ANSWER, at(0.0), 0);
        assert_eq!(queue.expire(at(899.0)), None);
        assert_eq!(queue.expire(at(900.0)), Some(Settled::Expired { spans: 3 }));
        assert_eq!(queue.expire(at(900.0)), None);
    }

    #[test]
    fn takes_a_call_back_that_is_never_answered() {
        let mut queue = with_a_call();
        assert_eq!(queue.give_up(at(19.9), 0), None);
        assert_eq!(queue.wake_in(at(19.0)), Some(seconds(1.0)));
        assert_eq!(queue.give_up(at(20.0), 0), Some(Settled::Requeued));
        assert_eq!(queue.answered(1, ACCEPTED, at(21.0), 0), None, "the answer comes too late");
    }

    proptest! {
        /// Whatever happens in whatever order, each span pushed is settled once or held, and the bound holds.
        #[test]
        fn loses_no_span_unseen(steps in prop::collection::vec((0..6_u8, 0..120_usize, 0..30_u64), 0..200)) {
            let mut queue = Queue::new(LIMITS);
            let (mut now, mut token) = (at(0.0), 0_u32);
            let (mut pushed, mut settled) = (0_u64, 0_u64);
            let mut count = |outcome: Option<Settled>| match outcome {
                Some(Settled::Delivered { accepted, rejected }) => settled += accepted + rejected,
                Some(Settled::Refused { spans } | Settled::Expired { spans }) => settled += spans,
                Some(Settled::Requeued) | None => {}
            };
            for (step, size, wait) in steps {
                now = UnixNanos(now.0 + wait * SECOND);
                let verdict = match size % 3 { 0 => ACCEPTED, 1 => Verdict::Refused, _ => NO_ANSWER };
                match step {
                    0 | 1 => pushed += u64::from(push(&mut queue, now, size).is_ok()),
                    2 => if let Some(batch) = queue.next(now) {
                        token += 1;
                        queue.sent(token, batch, now);
                    },
                    3 => if let Some(batch) = queue.next(now) { count(Some(queue.not_sent(batch, now, 0))) },
                    4 => count(queue.answered(token.saturating_sub(u32::try_from(size % 2).unwrap()), verdict, now, 0)),
                    _ => { count(queue.give_up(now, 0)); count(queue.expire(now)); }
                }
                prop_assert!(queue.bytes() <= LIMITS.queue_bytes);
                prop_assert!(queue.in_flight.len() <= LIMITS.in_flight);
            }
            let held: u32 = [&queue.open].into_iter().chain(&queue.ready).chain(queue.in_flight.iter().map(|c| &c.batch)).map(|b| b.spans).sum();
            prop_assert_eq!(pushed, settled + u64::from(held));
        }
    }
}
