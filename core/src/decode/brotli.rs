//! br (RFC 7932), by `brotli-decompressor`.
//!
//! Streams with a "large window" (RFC 9841, over 16 MiB), which are no `br`, are refused. What follows the
//! end of the stream is passed over.
//!
//! One weakness is the crate's: where a stream is damaged, it withholds what it had decoded from the same
//! input before the damage. So input goes to it in steps of 4 KiB, and at most what one such step gave is
//! lost; how much that is depends on the chunks.

use std::fmt;

use brotli_decompressor::{
    Allocator, BrotliDecompressStream, BrotliResult, BrotliState, HuffmanCode, SliceWrapper, SliceWrapperMut,
};

use super::work::Work;
use super::{Coding, DecodeError, Out};
use crate::budget::{Budget, Claim};

/// Decodes one body.
pub(super) struct Brotli {
    state: BrotliState<Cells, Cells, Cells>,
    ended: bool,
    /// Of the state itself.
    _claim: Claim,
}

/// Allocates the decoder's memory, each piece claimed from the budget: the window (bytes), maps (bytes and
/// words) and Huffman tables. Where it may not, the decoder gets a piece of nothing and reports an error.
struct Cells {
    budget: Budget,
    /// Largest piece, in bytes.
    most: usize,
    /// Work that the pieces of one step may cost.
    left: usize,
    refused: Option<DecodeError>,
}

/// A piece of the decoder's memory.
struct Cell<T> {
    cells: Vec<T>,
    _claim: Option<Claim>,
}

impl Brotli {
    /// `window`: how far back a stream may refer, in bytes.
    pub(super) fn new(window: usize, budget: &Budget) -> Result<Self, DecodeError> {
        let claim = budget.claim(size_of::<Self>()).map_err(|_| REFUSED)?;
        let cells = || Cells {
            budget: budget.clone(),
            most: window.saturating_add(WINDOW_SLACK).max(MOST_TABLES),
            left: MOST_TABLES,
            refused: None,
        };
        let state = BrotliState::new_strict(cells(), cells(), cells());
        // The only piece that the decoder does not look at before it uses it.
        if state.context_map_table.slice().is_empty() {
            return Err(REFUSED);
        }
        Ok(Self { state, ended: false, _claim: claim })
    }

    pub(super) fn push(&mut self, bytes: &[u8], work: &Work, out: &mut Out<'_>) -> Result<(), DecodeError> {
        bytes.chunks(STEP).try_for_each(|step| self.step(step, work, out))
    }

    pub(super) fn is_complete(&self) -> bool {
        self.ended
    }

    fn step(&mut self, bytes: &[u8], work: &Work, out: &mut Out<'_>) -> Result<(), DecodeError> {
        if self.ended {
            return Ok(());
        }
        let mut buffer = [0; BUFFER];
        let mut taken = 0;
        let mut left = bytes.len();
        let mut given_in_all = 0_usize;
        while !self.ended {
            let mut room = buffer.len();
            let mut given = 0;
            let granted = work.left();
            self.state.alloc_u8.left = granted;
            self.state.alloc_u32.left = granted;
            self.state.alloc_hc.left = granted;
            let result = BrotliDecompressStream(
                &mut left,
                &mut taken,
                bytes,
                &mut room,
                &mut given,
                &mut buffer,
                &mut 0,
                &mut self.state,
            );
            if let Some(piece) = buffer.get(..given).filter(|piece| !piece.is_empty()) {
                out(piece)?;
            }
            given_in_all = given_in_all.saturating_add(given);
            for cells in [self.state.alloc_u8.left, self.state.alloc_hc.left] {
                work.spend(granted.saturating_sub(cells)).map_err(|_| TOO_DEAR)?;
            }
            match result {
                BrotliResult::ResultSuccess => self.ended = true,
                // Asked for even while decoded output waits for room.
                BrotliResult::NeedsMoreInput if given < BUFFER => break,
                BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
                BrotliResult::ResultFailure => return Err(self.error()),
            }
        }
        // Blocks of nothing are a byte each.
        let idle = bytes.len().saturating_sub(given_in_all);
        work.spend(idle.saturating_mul(IDLE)).map_err(|_| TOO_DEAR)
    }

    fn error(&self) -> DecodeError {
        let BrotliState { alloc_u8, alloc_u32, alloc_hc, .. } = &self.state;
        let refused = alloc_u8.refused.or(alloc_u32.refused).or(alloc_hc.refused);
        refused.unwrap_or(DecodeError::Corrupt(Coding::Brotli))
    }
}

impl fmt::Debug for Brotli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Brotli").field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl Cells {
    fn allocate<T: Clone + Default>(&mut self, len: usize) -> Result<Cell<T>, DecodeError> {
        let bytes = len.saturating_mul(size_of::<T>());
        if bytes > self.most {
            return Err(DecodeError::Window(Coding::Brotli));
        }
        // Tables are filled cell by cell, other memory is only cleared.
        let cost = if size_of::<T>() == 1 { bytes / 16 } else { len };
        self.left = self.left.checked_sub(cost).ok_or(TOO_DEAR)?;
        let claim = self.budget.claim(bytes).map_err(|_| REFUSED)?;
        let mut cells = Vec::new();
        cells.try_reserve_exact(len).map_err(|_| REFUSED)?;
        cells.resize(len, T::default());
        Ok(Cell { cells, _claim: Some(claim) })
    }
}

impl<T: Clone + Default> Allocator<T> for Cells {
    type AllocatedMemory = Cell<T>;

    fn alloc_cell(&mut self, len: usize) -> Cell<T> {
        self.allocate(len).unwrap_or_else(|error| {
            self.refused = Some(error);
            Cell::default()
        })
    }

    fn free_cell(&mut self, _: Cell<T>) {}
}

impl<T> Default for Cell<T> {
    fn default() -> Self {
        Self { cells: Vec::new(), _claim: None }
    }
}

impl<T> SliceWrapper<T> for Cell<T> {
    fn slice(&self) -> &[T] {
        &self.cells
    }
}

impl<T> SliceWrapperMut<T> for Cell<T> {
    fn slice_mut(&mut self) -> &mut [T] {
        &mut self.cells
    }
}

const REFUSED: DecodeError = DecodeError::Budget(Coding::Brotli);
const TOO_DEAR: DecodeError = DecodeError::Work(Coding::Brotli);

/// What an input byte costs that gives no output, in units of work.
const IDLE: usize = 32;

/// What the decoder allocates with a window beside it, in bytes, rounded up.
const WINDOW_SLACK: usize = 1 << 10;

/// More than the tables of one kind ever take: 256 trees of 1,080 codes of 4 bytes each.
const MOST_TABLES: usize = 256 * 1_080 * size_of::<HuffmanCode>();

/// Size of the pieces that go in, in bytes.
const STEP: usize = 4 << 10;

/// Size of the pieces that are handed out, in bytes; it stands on the stack.
const BUFFER: usize = 4 << 10;
