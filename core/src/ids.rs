//! Ids of spans and traces, and the numbers that tell things apart: out of random bytes that the host gives.
//!
//! The bytes are drawn in blocks, because every call to a host costs more than all the ids of a block. The same bytes
//! give the same ids, in the order in which they are asked for: a replay has those that the filter would have had.

use crate::trace_context::{SpanId, TraceId};

/// A supply of ids. `F` fills a buffer with random bytes, or says that it could not.
#[derive(Debug)]
pub struct Ids<F = fn(&mut [u8]) -> bool> {
    fill: F,
    block: [u8; BLOCK],
    /// Bytes of `block` not yet given out, at its end; at most `BLOCK`.
    left: usize,
    /// Stands in where the host has no randomness: distinct within this supply, and that is all.
    fallback: u64,
    /// Where the numbers stand; `None` until the first one is asked for.
    numbers: Option<u64>,
}

impl<F: FnMut(&mut [u8]) -> bool> Ids<F> {
    /// A supply that draws from there.
    #[must_use]
    pub fn new(fill: F) -> Self {
        Self { fill, block: [0; BLOCK], left: 0, fallback: 0, numbers: None }
    }

    /// An id for a span. Never zero.
    pub fn span(&mut self) -> SpanId {
        SpanId::from_bytes(self.draw())
    }

    /// An id for a trace. Never zero.
    pub fn trace(&mut self) -> TraceId {
        TraceId::from_bytes(self.draw())
    }

    /// Any number. The first one is random, and the rest follow from it: how many are asked for changes no id.
    pub fn number(&mut self) -> u32 {
        let state = match self.numbers {
            Some(state) => state,
            None => u64::from_le_bytes(self.draw()),
        };
        let state = state.wrapping_add(STEP);
        self.numbers = Some(state);
        // SplitMix64, of which the upper half is kept.
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed >> 32) as u32
    }

    /// `N` random bytes that are not all zero.
    fn draw<const N: usize>(&mut self) -> [u8; N] {
        // All zero once in 2^64 draws at the most often; the bound is for a host whose randomness is zeros.
        for _ in 0..3 {
            let bytes = self.next_bytes();
            if let Some(bytes) = bytes.filter(|bytes| *bytes != [0; N]) {
                return bytes;
            }
        }
        self.fallback = self.fallback.wrapping_add(1);
        let mixed = self.fallback.wrapping_mul(STEP) | 1;
        let mut bytes = [0; N];
        bytes.iter_mut().zip(mixed.to_le_bytes().iter().cycle()).for_each(|(to, from)| *to = *from);
        bytes
    }

    fn next_bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        if self.left < N {
            if !(self.fill)(&mut self.block) {
                return None;
            }
            self.left = BLOCK;
        }
        let unused = self.block.get(BLOCK.saturating_sub(self.left)..)?;
        let bytes = *unused.first_chunk()?;
        self.left = self.left.saturating_sub(N);
        Some(bytes)
    }
}

/// Bytes drawn at a time: ids for some forty exchanges.
const BLOCK: usize = 1024;
/// 2^64 divided by the golden ratio.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::*;

    /// A host whose random bytes count up.
    fn counting() -> impl FnMut(&mut [u8]) -> bool {
        let mut next = 0_u8;
        move |bytes| {
            for byte in bytes {
                *byte = next;
                next = next.wrapping_add(1);
            }
            true
        }
    }

    #[test]
    fn ids_are_the_hosts_bytes_in_their_order() {
        let mut ids = Ids::new(counting());
        assert_eq!(ids.span().to_bytes(), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(ids.trace().to_bytes(), [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);
        assert_eq!(ids.span().to_bytes(), [24, 25, 26, 27, 28, 29, 30, 31]);
    }

    #[test]
    fn numbers_cost_one_draw_however_many() {
        let mut ids = Ids::new(counting());
        let numbers: Vec<u32> = (0..1000).map(|_| ids.number()).collect();
        let mut different = numbers.clone();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), 1000);
        assert_eq!(ids.span().to_bytes(), [8, 9, 10, 11, 12, 13, 14, 15]);
    }

    #[test]
    fn a_host_without_randomness_gets_ids_that_differ() {
        let mut silent = Ids::new(|_: &mut [u8]| false);
        let mut zeros = Ids::new(|bytes: &mut [u8]| {
            bytes.fill(0);
            true
        });
        let ids = [silent.span(), silent.span(), silent.span()];
        assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "{ids:?}");
        assert!(ids.iter().all(|id| *id != SpanId::INVALID));
        assert_ne!(zeros.trace(), TraceId::INVALID);
    }
}
