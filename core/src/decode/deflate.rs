//! `deflate`: zlib (RFC 1950), or raw deflate (RFC 1951), which the first two bytes tell apart; and the
//! inflating that gzip shares.
//!
//! What follows the end of the stream is passed over, as browsers do.

use std::fmt;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_COMPUTE_ADLER32, TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_IGNORE_ADLER32,
    TINFL_FLAG_PARSE_ZLIB_HEADER, TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use super::work::Work;
use super::{Coding, DecodeError, Out};
use crate::budget::{Budget, Claim};

/// Decodes one body.
#[derive(Debug)]
pub(super) struct Deflate {
    state: State,
    budget: Budget,
}

#[derive(Debug)]
enum State {
    Start,
    /// The first byte, which may begin a zlib header.
    First(u8),
    Body(Inflate),
    Ended,
}

impl Deflate {
    pub(super) fn new(budget: &Budget) -> Self {
        Self { state: State::Start, budget: budget.clone() }
    }

    pub(super) fn push(&mut self, bytes: &[u8], work: &Work, out: &mut Out<'_>) -> Result<(), DecodeError> {
        let mut rest = bytes;
        loop {
            match &mut self.state {
                State::Start => {
                    let Some((&first, after)) = rest.split_first() else { return Ok(()) };
                    rest = after;
                    self.state = State::First(first);
                }
                State::First(first) => {
                    let Some(&second) = rest.first() else { return Ok(()) };
                    let first = *first;
                    let mut inflate = Inflate::new(Coding::Deflate, is_zlib(first, second), &self.budget)?;
                    // No stream ends with its first byte.
                    inflate.push(&[first], work, out)?;
                    self.state = State::Body(inflate);
                }
                State::Body(inflate) => {
                    if inflate.push(rest, work, out)?.is_some() {
                        self.state = State::Ended;
                    }
                    return Ok(());
                }
                State::Ended => return Ok(()),
            }
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        matches!(self.state, State::Ended)
    }
}

/// Whether these two bytes are a zlib header: method 8, a window of at most 32 KiB, the check bits right.
fn is_zlib(first: u8, second: u8) -> bool {
    first & 0x0F == 8 && first >> 4 <= 7 && u16::from_be_bytes([first, second]).is_multiple_of(31)
}

/// A deflate stream, its window of 32 KiB and its tables of 11 KiB.
pub(super) struct Inflate {
    coding: Coding,
    tables: Box<DecompressorOxide>,
    /// The last output, in a ring.
    window: Box<[u8]>,
    /// Where in the window the next output goes: `0 .. WINDOW`.
    at: usize,
    flags: u32,
    /// Of what it holds.
    _claim: Claim,
}

impl Inflate {
    /// Begins a stream of that coding; `zlib`: with zlib's header and checksum.
    pub(super) fn new(coding: Coding, zlib: bool, budget: &Budget) -> Result<Self, DecodeError> {
        let held = WINDOW.saturating_add(size_of::<DecompressorOxide>());
        let claim = budget.claim(held).map_err(|_| DecodeError::Budget(coding))?;
        let format = if zlib {
            TINFL_FLAG_PARSE_ZLIB_HEADER | TINFL_FLAG_COMPUTE_ADLER32
        } else {
            TINFL_FLAG_IGNORE_ADLER32
        };
        Ok(Self {
            coding,
            tables: Box::default(),
            window: vec![0; WINDOW].into_boxed_slice(),
            at: 0,
            flags: TINFL_FLAG_HAS_MORE_INPUT | TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY | format,
            _claim: claim,
        })
    }

    /// Begins another stream of the same kind.
    pub(super) fn restart(&mut self) {
        self.tables.init();
        self.at = 0;
    }

    /// Inflates bytes; gives what stands after the end of the stream, once there.
    pub(super) fn push<'a>(
        &mut self,
        bytes: &'a [u8],
        work: &Work,
        out: &mut Out<'_>,
    ) -> Result<Option<&'a [u8]>, DecodeError> {
        let mut rest = bytes;
        loop {
            let (status, taken, given) =
                decompress(&mut self.tables, rest, &mut self.window, self.at, self.flags);
            let end = self.at.saturating_add(given);
            if let Some(piece) = self.window.get(self.at..end).filter(|piece| !piece.is_empty()) {
                out(piece)?;
            }
            self.at = end & (WINDOW - 1);
            rest = rest.get(taken..).unwrap_or_default();
            match status {
                TINFLStatus::Done => return Ok(Some(rest)),
                TINFLStatus::NeedsMoreInput => return Ok(None),
                TINFLStatus::BlockBoundary => {
                    work.spend(BLOCK).map_err(|_| DecodeError::Work(self.coding))?;
                }
                TINFLStatus::HasMoreOutput if taken > 0 || given > 0 => {}
                TINFLStatus::Adler32Mismatch => return Err(DecodeError::Checksum(self.coding)),
                _ => return Err(DecodeError::Corrupt(self.coding)),
            }
        }
    }
}

impl fmt::Debug for Inflate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflate").field("coding", &self.coding).field("at", &self.at).finish_non_exhaustive()
    }
}

/// Deflate refers back 32 KiB at most (RFC 1951 §3.2.5).
const WINDOW: usize = 32 << 10;

/// What the tables of a block cost, in units of work.
const BLOCK: usize = 2 << 10;
