//! Random numbers: ids of spans and traces, and the jitter of the back-off.
//!
//! Drawn from the host in blocks, because every host call costs more than all the ids of a block.

use inferspan_core::trace_context::{SpanId, TraceId};

use crate::host;

/// A supply of random bytes.
#[derive(Debug)]
pub(crate) struct Ids {
    block: [u8; BLOCK],
    /// Bytes of `block` not yet given out, at its end; at most `BLOCK`.
    left: usize,
    /// Stands in where the host has no randomness: distinct within this VM, and that is all.
    fallback: u64,
}

impl Default for Ids {
    fn default() -> Self {
        Self { block: [0; BLOCK], left: 0, fallback: 0 }
    }
}

impl Ids {
    /// An id for a span. Never zero.
    pub(crate) fn span(&mut self) -> SpanId {
        SpanId::from_bytes(self.draw())
    }

    /// An id for a trace. Never zero.
    pub(crate) fn trace(&mut self) -> TraceId {
        TraceId::from_bytes(self.draw())
    }

    /// Any number.
    pub(crate) fn number(&mut self) -> u32 {
        u32::from_le_bytes(self.draw())
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
        let mixed = (u64::from(self.fallback as u32) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut bytes = [0; N];
        bytes.iter_mut().zip(mixed.to_le_bytes().iter().cycle()).for_each(|(to, from)| *to = *from);
        bytes
    }

    fn next_bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        if self.left < N {
            host::random(&mut self.block).ok()?;
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
