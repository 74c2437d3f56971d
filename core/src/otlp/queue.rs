//! Records of one signal on their way to one collector: filled into batches, sent, kept until answered, tried again.
//!
//! Sans-IO: the caller brings the time and a random number, makes the exports and tells their answers. Invariants:
//! every record pushed ends in exactly one [`Settled`], is dropped by the caller or is still held; what is ready
//! is sent in the order it came, what is tried again too; after a failure nothing is sent before the back-off is
//! over. How much may be held is a bound over all signals: [`super::outbox`] keeps it.

use std::collections::VecDeque;

use super::answer::Verdict;
use crate::time::UnixNanos;

/// The bounds of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A batch is sent at this many records,
    pub batch_records: u32,
    /// or when it takes this many bytes,
    pub batch_bytes: usize,
    /// or when its first record has waited this long, in nanoseconds.
    pub batch_age: u64,
    /// Bytes of all records held, whatever the collector does.
    pub queue_bytes: usize,
    /// Bytes beyond those for what comes all at once, as long as the collector is not known to fail.
    pub burst_bytes: usize,
    /// Exports under way at a time; in a burst [`BURST_EXPORTS`] times as many.
    pub in_flight: usize,
    /// An unanswered export is given up after this long, in nanoseconds: longer than its own timeout, for a host
    /// that breaks its promise to answer.
    pub give_up_after: u64,
}

/// Encoded records that are sent together.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    records: u32,
    /// When the first record came.
    since: UnixNanos,
    /// Exports that failed.
    attempts: u32,
}

impl Batch {
    /// The encoded records, as [`super::span::encode`] left them.
    #[must_use]
    pub fn records(&self) -> &[u8] {
        &self.bytes
    }

    fn is_expired(&self, now: UnixNanos) -> bool {
        self.attempts >= MAX_ATTEMPTS || now.since(self.since) >= MAX_AGE
    }
}

/// What became of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Delivered; `rejected` of them the collector will not take.
    Delivered {
        /// Records it took.
        accepted: u64,
        /// Records it did not.
        rejected: u64,
    },
    /// The collector refused the batch for good.
    Refused {
        /// Records lost.
        records: u64,
    },
    /// Too many tries, or too old.
    Expired {
        /// Records lost.
        records: u64,
    },
    /// Back in the queue.
    Requeued,
}

/// Records of one signal on their way to one collector.
#[derive(Debug)]
pub struct Queue {
    limits: Limits,
    /// Being filled.
    open: Batch,
    /// Whole, in the order they are to be sent.
    ready: VecDeque<Batch>,
    /// Sent and not answered.
    in_flight: Vec<Export>,
    /// Bytes of the records in all three.
    bytes: usize,
    /// Failures since an export last succeeded. Exports that were under way together and fail together are one.
    failures: u32,
    /// When the last of them was seen.
    failed_at: UnixNanos,
    /// Nothing is sent before.
    not_before: UnixNanos,
}

#[derive(Debug)]
struct Export {
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

    /// Adds the `records` that `encode` appends. What that takes beyond the bounds is for the caller to drop, with
    /// [`Self::drop_oldest`].
    pub fn push(&mut self, now: UnixNanos, records: u32, encode: impl FnOnce(&mut Vec<u8>)) {
        let before = self.open.bytes.len();
        if self.open.records == 0 {
            self.open.since = now;
        }
        encode(&mut self.open.bytes);
        self.bytes = self.bytes.saturating_add(self.open.bytes.len().saturating_sub(before));
        self.open.records = self.open.records.saturating_add(records);
        if self.open.records >= self.limits.batch_records || self.open.bytes.len() >= self.limits.batch_bytes
        {
            self.seal();
        }
    }

    /// When the oldest record came that is held and not under way.
    #[must_use]
    pub fn oldest(&self) -> Option<UnixNanos> {
        let open = Some(&self.open).filter(|open| open.records > 0);
        self.ready.front().or(open).map(|batch| batch.since)
    }

    /// Drops the oldest batch that is not under way; how many records that were.
    pub fn drop_oldest(&mut self) -> u64 {
        self.take_oldest().map_or(0, |batch| self.forget(&batch))
    }

    /// The oldest batch that is not under way, due or not, to be told of with [`Self::delivered`].
    pub fn take_oldest(&mut self) -> Option<Batch> {
        let open = |open: &mut Batch| Some(std::mem::take(open)).filter(|batch| batch.records > 0);
        self.ready.pop_front().or_else(|| open(&mut self.open))
    }

    /// Whether a whole batch waits that may be sent now.
    #[must_use]
    pub fn is_ready(&self, now: UnixNanos) -> bool {
        !self.ready.is_empty() && self.may_send(now)
    }

    /// The next batch to send, if one is due and may be sent. The caller sends it and says how that went with
    /// [`Self::sent`] or [`Self::not_sent`].
    pub fn next(&mut self, now: UnixNanos) -> Option<Batch> {
        self.not_before = self.not_before.min(UnixNanos(now.0.saturating_add(MAX_WAIT)));
        if !self.may_send(now) {
            return None;
        }
        if self.ready.is_empty() && self.open.records > 0 && self.until_open_is_due(now) == 0 {
            self.seal();
        }
        self.ready.pop_front()
    }

    /// The batch is under way as export `token`.
    pub fn sent(&mut self, token: u32, batch: Batch, now: UnixNanos) {
        self.in_flight.push(Export { token, batch, sent: now });
    }

    /// The export could not be made: as good as one that failed.
    pub fn not_sent(&mut self, batch: Batch, now: UnixNanos, random: u32) -> Settled {
        self.settle(batch, now, Verdict::Retry { retry_after: None }, now, random)
    }

    /// When export `token` was sent; `None` where no such export is under way.
    #[must_use]
    pub fn sent_at(&self, token: u32) -> Option<UnixNanos> {
        self.in_flight.iter().find(|export| export.token == token).map(|export| export.sent)
    }

    /// Export `token` was answered. `None` where no such export is under way.
    pub fn answered(&mut self, token: u32, verdict: Verdict, now: UnixNanos, random: u32) -> Option<Settled> {
        let index = self.in_flight.iter().position(|e| e.token == token)?;
        let export = self.in_flight.swap_remove(index);
        Some(self.settle(export.batch, export.sent, verdict, now, random))
    }

    /// Takes back one export that was never answered, if there is one.
    pub fn give_up(&mut self, now: UnixNanos, random: u32) -> Option<Settled> {
        let index = self.in_flight.iter().position(|e| now.since(e.sent) >= self.limits.give_up_after)?;
        let export = self.in_flight.swap_remove(index);
        Some(self.settle(export.batch, export.sent, Verdict::Retry { retry_after: None }, now, random))
    }

    /// A batch from [`Self::next`] went another way, and is delivered.
    pub fn delivered(&mut self, batch: Batch) -> Settled {
        Settled::Delivered { accepted: self.forget(&batch), rejected: 0 }
    }

    /// Drops the oldest ready batch if its time is over.
    pub fn expire(&mut self, now: UnixNanos) -> Option<Settled> {
        let batch = self.ready.pop_front_if(|batch| batch.is_expired(now))?;
        Some(Settled::Expired { records: self.forget(&batch) })
    }

    /// From now on nothing waits for others: nothing more will come.
    pub fn close(&mut self) {
        self.limits.batch_age = 0;
    }

    /// Gives everything up; how many records that were.
    pub fn abandon(&mut self) -> u64 {
        let records = self.held();
        *self = Self::new(self.limits);
        records
    }

    /// Records held: being filled, ready and in flight.
    #[must_use]
    pub fn held(&self) -> u64 {
        let in_flight = self.in_flight.iter().map(|export| &export.batch);
        self.ready.iter().chain(in_flight).chain([&self.open]).map(|batch| u64::from(batch.records)).sum()
    }

    /// Nanoseconds until there is something to do; `None` while only an answer can change anything, or a record.
    #[must_use]
    pub fn wake_in(&self, now: UnixNanos) -> Option<u64> {
        let lost =
            self.in_flight.iter().map(|e| self.limits.give_up_after.saturating_sub(now.since(e.sent))).min();
        if self.in_flight.len() >= self.most_in_flight() {
            return lost;
        }
        let due = if !self.ready.is_empty() {
            Some(0)
        } else if self.open.records > 0 {
            Some(self.until_open_is_due(now))
        } else {
            None
        };
        let due = due.map(|due| due.max(self.not_before.since(now).min(MAX_WAIT)));
        [due, lost].into_iter().flatten().min()
    }

    /// Bytes of the records held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes that may be held now, in all queues of a collector together.
    #[must_use]
    pub fn room(&self) -> usize {
        let burst = if self.failures < FAILING { self.limits.burst_bytes } else { 0 };
        self.limits.queue_bytes.saturating_add(burst)
    }

    fn may_send(&self, now: UnixNanos) -> bool {
        self.in_flight.len() < self.most_in_flight() && now >= self.not_before
    }

    fn most_in_flight(&self) -> usize {
        let is_burst = self.bytes > self.limits.queue_bytes && self.failures < FAILING;
        self.limits.in_flight.saturating_mul(if is_burst { BURST_EXPORTS } else { 1 })
    }

    /// What is being filled is whole: it waits for no more.
    pub fn seal(&mut self) {
        if self.open.records == 0 {
            return;
        }
        // The next batch will want about as much room as this one; this one wants no more than it has.
        let next = Batch { bytes: Vec::with_capacity(self.open.bytes.len()), ..Batch::default() };
        let mut sealed = std::mem::replace(&mut self.open, next);
        sealed.bytes.shrink_to_fit();
        self.ready.push_back(sealed);
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
                self.worked(sent, now);
                let records = self.forget(&batch);
                let rejected = rejected.min(records);
                Settled::Delivered { accepted: records.saturating_sub(rejected), rejected }
            }
            Verdict::Refused => {
                self.worked(sent, now);
                Settled::Refused { records: self.forget(&batch) }
            }
            Verdict::Retry { retry_after } => {
                if self.is_news(sent, now) {
                    self.failures = self.failures.saturating_add(1);
                    self.failed_at = now;
                }
                let wait = retry_after.unwrap_or_else(|| back_off(self.failures, random)).min(MAX_WAIT);
                self.not_before = self.not_before.max(UnixNanos(now.0.saturating_add(wait)));
                batch.attempts = batch.attempts.saturating_add(1);
                if batch.is_expired(now) {
                    return Settled::Expired { records: self.forget(&batch) };
                }
                let older = self.ready.iter().take_while(|ready| ready.since < batch.since).count();
                self.ready.insert(older, batch);
                Settled::Requeued
            }
        }
    }

    /// The collector answered as one that works.
    fn worked(&mut self, sent: UnixNanos, now: UnixNanos) {
        if self.is_news(sent, now) {
            self.failures = 0;
            // Not now: a clock that is set back would hold up what the collector takes.
            self.not_before = UnixNanos(0);
        }
    }

    /// Whether an export that was sent then says something of the time after the last failure: one that was under
    /// way meanwhile does not end a back-off, nor is it another failure.
    fn is_news(&self, sent: UnixNanos, now: UnixNanos) -> bool {
        self.failures == 0 || sent >= self.failed_at || now < self.failed_at
    }

    /// Gives up the room of a batch that is no longer held; its number of records.
    fn forget(&mut self, batch: &Batch) -> u64 {
        self.bytes = self.bytes.saturating_sub(batch.bytes.len());
        u64::from(batch.records)
    }

    fn until_open_is_due(&self, now: UnixNanos) -> u64 {
        // A clock that was set back must not keep records: what seems to come from the future is due.
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
/// Exports in a burst, as a multiple of those at other times: what waits for answers is what takes the room.
pub const BURST_EXPORTS: usize = 4;
/// Failures in a row after which the collector is one that fails, and what it does not take no burst.
const FAILING: u32 = 2;
/// Exports after which a batch is dropped,
const MAX_ATTEMPTS: u32 = 10;
/// and its greatest age.
const MAX_AGE: u64 = 900 * SECOND;

#[cfg(test)]
mod tests;
