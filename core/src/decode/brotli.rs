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
    Allocator, BrotliDecoderErrorCode, BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc,
};

use super::{Coding, DecodeError, Out};

/// Decodes one body.
pub(super) struct Brotli {
    state: BrotliState<Bounded, StandardAlloc, StandardAlloc>,
    ended: bool,
}

/// Allocates bytes (the window, and maps of at most 64 KiB), but no window above the bound.
struct Bounded {
    max: usize,
}

impl Brotli {
    pub(super) fn new(window: usize) -> Self {
        let bytes = Bounded { max: window.saturating_add(WINDOW_SLACK) };
        let state = BrotliState::new_strict(bytes, StandardAlloc::default(), StandardAlloc::default());
        Self { state, ended: false }
    }

    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Out<'_>) -> Result<(), DecodeError> {
        bytes.chunks(STEP).try_for_each(|step| self.step(step, out))
    }

    pub(super) fn is_complete(&self) -> bool {
        self.ended
    }

    fn step(&mut self, bytes: &[u8], out: &mut Out<'_>) -> Result<(), DecodeError> {
        let mut buffer = [0; BUFFER];
        let mut taken = 0;
        let mut left = bytes.len();
        while !self.ended {
            let mut room = buffer.len();
            let mut given = 0;
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
            match result {
                BrotliResult::ResultSuccess => self.ended = true,
                // Asked for even while decoded output waits for room.
                BrotliResult::NeedsMoreInput if given < BUFFER => return Ok(()),
                BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
                BrotliResult::ResultFailure => return Err(self.error()),
            }
        }
        Ok(())
    }

    fn error(&self) -> DecodeError {
        match self.state.error_code {
            BrotliDecoderErrorCode::BROTLI_DECODER_ERROR_ALLOC_RING_BUFFER_1
            | BrotliDecoderErrorCode::BROTLI_DECODER_ERROR_ALLOC_RING_BUFFER_2 => {
                DecodeError::Window(Coding::Brotli)
            }
            _ => DecodeError::Corrupt(Coding::Brotli),
        }
    }
}

impl fmt::Debug for Brotli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Brotli").field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl Allocator<u8> for Bounded {
    type AllocatedMemory = <StandardAlloc as Allocator<u8>>::AllocatedMemory;

    fn alloc_cell(&mut self, len: usize) -> Self::AllocatedMemory {
        StandardAlloc::default().alloc_cell(if len > self.max { 0 } else { len })
    }

    fn free_cell(&mut self, _: Self::AllocatedMemory) {}
}

/// What the decoder allocates with a window beside it, in bytes, rounded up.
const WINDOW_SLACK: usize = 1 << 10;

/// Size of the pieces that go in, in bytes.
const STEP: usize = 4 << 10;

/// Size of the pieces that are handed out, in bytes; it stands on the stack.
const BUFFER: usize = 4 << 10;
