//! What decoding one body may cost.
//!
//! A hundred bytes can decode to gigabytes, or make a decoder rebuild its tables for seconds, and the worker that
//! decodes them serves nobody else meanwhile. So each step is paid for before it is done, in units of about what
//! a byte of ordinary text costs to decode and scan: a byte that comes out of a coding is one unit, a block, a
//! table and a sequence so many as they cost. Bytes that come in earn credit, and a body begins with some. A
//! body that runs out of it is left unread.
//!
//! Ordinary bodies never do: JSON and its streams become 3 to 15 times as large. Those that repeat themselves
//! up to a thousand times are read as far as the first credit goes.

use std::cell::Cell;

/// The account of one body.
#[derive(Debug)]
pub(super) struct Work {
    /// What the body may cost beside what its next bytes earn: `0 ..= first`.
    saved: u64,
    first: u64,
    /// What the current push may still cost.
    left: Cell<u64>,
}

/// The body costs more than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overspent;

impl Work {
    /// With so many units of credit to begin with.
    pub(super) fn new(first: u64) -> Self {
        Self { saved: first, first, left: Cell::new(0) }
    }

    /// So many bytes have come in: decodes them, by what they may cost.
    pub(super) fn push<R>(&mut self, bytes: usize, decode: impl FnOnce(&Self) -> R) -> R {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let earned = bytes.saturating_mul(EARNED);
        let credit = self.saved.saturating_add(earned).saturating_add(PUSH);
        let at_once = (self.first / 4).saturating_add(earned);
        let at_most = self.first.saturating_add(bytes.saturating_mul(EARNED_BY_MANY));
        let granted = at_once.min(at_most).saturating_add(PUSH).min(credit);
        self.left.set(granted);
        let result = decode(self);
        let spent = granted.saturating_sub(self.left.get());
        self.saved = credit.saturating_sub(spent).min(self.first);
        result
    }

    /// Pays for a step.
    #[inline]
    pub(super) fn spend(&self, units: usize) -> Result<(), Overspent> {
        let units = u64::try_from(units).unwrap_or(u64::MAX);
        match self.left.get().checked_sub(units) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => {
                self.left.set(0);
                Err(Overspent)
            }
        }
    }

    /// Pays for as many bytes of output as the credit goes for; gives how many these are.
    #[inline]
    pub(super) fn spend_most(&self, bytes: usize) -> usize {
        let left = self.left();
        let paid = bytes.min(left);
        self.left.set(u64::try_from(left.saturating_sub(paid)).unwrap_or(u64::MAX));
        paid
    }

    /// What the current push may still cost.
    pub(super) fn left(&self) -> usize {
        usize::try_from(self.left.get()).unwrap_or(usize::MAX)
    }
}

/// What a byte that comes in earns.
const EARNED: u64 = 32;
/// What of it can be spent in the push that brought it where the bytes are many.
const EARNED_BY_MANY: u64 = 8;
/// What a push earns by itself. A flush of an encoder brings few bytes and begins blocks and tables; and
/// handing it over costs the proxy as much.
const PUSH: u64 = 8 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    /// What a push of so many bytes may cost at most.
    fn all_of(work: &mut Work, bytes: usize) -> usize {
        work.push(bytes, |work| work.spend_most(usize::MAX))
    }

    #[test]
    fn a_push_may_cost_a_quarter_of_the_first_credit_and_what_its_bytes_earn() {
        let mut work = Work::new(400_000);
        assert_eq!(all_of(&mut work, 1000), 100_000 + 32 * 1000 + 8192);
        assert_eq!(all_of(&mut work, 0), 100_000 + 8192);
    }

    #[test]
    fn what_is_spent_is_gone_until_bytes_earn_it() {
        let mut work = Work::new(400_000);
        for _ in 0..4 {
            assert_eq!(all_of(&mut work, 0), 100_000 + 8192);
        }
        assert_eq!(all_of(&mut work, 0), 8192);
        assert_eq!(all_of(&mut work, 10), 320 + 8192);
        assert_eq!(all_of(&mut work, 5000), 160_000 + 8192);
        assert_eq!(all_of(&mut work, 0), 8192);
    }

    #[test]
    fn many_bytes_earn_less_at_once() {
        let mut work = Work::new(400_000);
        assert_eq!(all_of(&mut work, 100_000), 400_000 + 8 * 100_000 + 8192);
        assert_eq!(all_of(&mut work, 0), 100_000 + 8192);
    }

    #[test]
    fn no_more_is_saved_than_there_was_at_first() {
        let mut work = Work::new(400_000);
        for _ in 0..100 {
            work.push(100_000, |_| ());
        }
        assert_eq!(all_of(&mut work, 0), 100_000 + 8192);
    }

    #[test]
    fn a_step_that_is_too_dear_takes_what_is_left() {
        let mut work = Work::new(0);
        work.push(0, |work| {
            assert_eq!(work.spend(8000), Ok(()));
            assert_eq!(work.left(), 192);
            assert_eq!(work.spend(193), Err(Overspent));
            assert_eq!(work.left(), 0);
        });
    }
}
