//! The memory that all exchanges of a VM may hold together.
//!
//! When a VM runs out of memory, every stream of its worker is cut. So whatever grows with what a client or an
//! upstream sends is claimed from one [`Budget`] before it is allocated: decoders' windows and tables,
//! captured texts, what a framing holds back. A [`Claim`] gives back what it has when it is dropped. A body
//! for which nothing is left is not read, and that is a counted loss.
//!
//! Invariants: what all claims hold is never more than the budget; a claim is never granted more than it
//! leaves for others, so that a few large windows cannot take all, and small needs are met to the last.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A number of bytes that many claims share. Clones are handles of the same budget.
///
/// ```
/// # use inferspan_core::budget::{Budget, Exhausted};
/// let budget = Budget::new(1000);
/// let mut claim = budget.claim(100)?;
/// claim.resize(500)?;
/// assert_eq!(claim.resize(501), Err(Exhausted)); // It would leave less than it takes.
/// assert_eq!(budget.left(), 500);
/// drop(claim);
/// assert_eq!(budget.left(), 1000);
/// # Ok::<(), Exhausted>(())
/// ```
#[derive(Clone, Debug)]
pub struct Budget(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    /// `claimed <= size`
    size: usize,
    claimed: AtomicUsize,
}

/// Bytes taken from a budget.
#[derive(Debug)]
pub struct Claim {
    budget: Budget,
    bytes: usize,
}

/// The budget has not as much left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted;

impl Budget {
    /// Of so many bytes.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Pool { size: bytes, claimed: AtomicUsize::new(0) }))
    }

    /// Takes so many bytes.
    ///
    /// # Errors
    /// Less would be left for others.
    pub fn claim(&self, bytes: usize) -> Result<Claim, Exhausted> {
        let mut claim = self.empty();
        claim.resize(bytes)?;
        Ok(claim)
    }

    /// A claim of nothing, to grow.
    #[must_use]
    pub fn empty(&self) -> Claim {
        Claim { budget: self.clone(), bytes: 0 }
    }

    /// What is not claimed.
    #[must_use]
    pub fn left(&self) -> usize {
        self.0.size.saturating_sub(self.0.claimed.load(Ordering::Relaxed))
    }

    /// Takes `more` for a claim that has `held` already.
    fn take(&self, held: usize, more: usize) -> Result<(), Exhausted> {
        let Pool { size, claimed } = &*self.0;
        let granted = claimed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |claimed| {
            let after = claimed.checked_add(more)?;
            let left = size.checked_sub(after)?;
            (held.checked_add(more)? <= left).then_some(after)
        });
        granted.map(drop).map_err(|_| Exhausted)
    }

    fn give_back(&self, bytes: usize) {
        self.0.claimed.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Default for Budget {
    /// Of [`DEFAULT`] bytes.
    fn default() -> Self {
        Self::new(DEFAULT)
    }
}

impl Claim {
    /// Makes it so many bytes, before memory grows to it or after it has shrunk to it.
    ///
    /// # Errors
    /// Less would be left for others; the claim is as it was. Shrinking does not fail.
    pub fn resize(&mut self, bytes: usize) -> Result<(), Exhausted> {
        match bytes.checked_sub(self.bytes) {
            Some(0) => {}
            Some(more) => self.budget.take(self.bytes, more)?,
            None => self.budget.give_back(self.bytes.saturating_sub(bytes)),
        }
        self.bytes = bytes;
        Ok(())
    }

    /// How many bytes it has.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The budget that it is of.
    #[must_use]
    pub fn budget(&self) -> &Budget {
        &self.budget
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes);
    }
}

/// The budget of a VM, in bytes. Hundreds of streams in gzip or zstd are read at a time with it; and with what
/// an allocator wastes, and Envoy itself needs for its streams, a worker stays below 128 MiB.
pub const DEFAULT: usize = 32 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_claimed_is_given_back() {
        let budget = Budget::new(100);
        let mut first = budget.claim(20).unwrap();
        let second = budget.claim(30).unwrap();
        assert_eq!(budget.left(), 50);
        first.resize(5).unwrap();
        assert_eq!((first.bytes(), budget.left()), (5, 65));
        drop(second);
        assert_eq!(budget.left(), 95);
        drop(first);
        assert_eq!(budget.left(), 100);
    }

    #[test]
    fn none_takes_more_than_it_leaves() {
        let budget = Budget::new(100);
        assert_eq!(budget.claim(51).err(), Some(Exhausted));
        let mut large = budget.claim(50).unwrap();
        assert_eq!(large.resize(51), Err(Exhausted));
        assert_eq!((large.bytes(), budget.left()), (50, 50));
        let half_of_the_rest = budget.claim(25).unwrap();
        assert_eq!(budget.claim(13).err(), Some(Exhausted));
        let small: Vec<Claim> = (0..12).map_while(|_| budget.claim(2).ok()).collect();
        assert_eq!((small.len(), budget.left()), (11, 3));
        assert_eq!(half_of_the_rest.bytes(), 25);
    }

    #[test]
    fn sizes_beyond_all_memory_are_refused() {
        let budget = Budget::new(usize::MAX);
        let mut claim = budget.claim(1).unwrap();
        assert_eq!(claim.resize(usize::MAX), Err(Exhausted));
        assert_eq!(budget.left(), usize::MAX - 1);
    }
}
