//! `deflate`: zlib (RFC 1950), or raw deflate (RFC 1951), which the first two bytes tell apart; and the
//! inflating that gzip shares.
//!
//! What follows the end of the stream is passed over, as browsers do.

use std::fmt;

use zlib_rs::{InflateFlush, Status};

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

/// A deflate stream, with its window and tables.
pub(super) struct Inflate {
    coding: Coding,
    zlib: bool,
    stream: zlib_rs::Inflate,
    /// Bytes that came in since a block was last paid for.
    unpaid: usize,
    /// Of what the stream holds.
    _claim: Claim,
}

impl Inflate {
    /// Begins a stream of that coding; `zlib`: with zlib's header and checksum.
    pub(super) fn new(coding: Coding, zlib: bool, budget: &Budget) -> Result<Self, DecodeError> {
        let claim = budget.claim(HELD).map_err(|_| DecodeError::Budget(coding))?;
        let stream = zlib_rs::Inflate::new(zlib, WINDOW_BITS);
        Ok(Self { coding, zlib, stream, unpaid: 0, _claim: claim })
    }

    /// Begins another stream of the same kind.
    pub(super) fn restart(&mut self) {
        self.stream.reset(self.zlib);
    }

    /// Inflates bytes; gives what stands after the end of the stream, once there.
    pub(super) fn push<'a>(
        &mut self,
        bytes: &'a [u8],
        work: &Work,
        out: &mut Out<'_>,
    ) -> Result<Option<&'a [u8]>, DecodeError> {
        let mut rest = bytes;
        let mut piece = [0; PIECE];
        loop {
            let (taken, given) = (self.stream.total_in(), self.stream.total_out());
            // It stops where a block ends, so that each is paid for before the next one.
            let status = self.stream.decompress(rest, &mut piece, InflateFlush::Block);
            let taken = self.stream.total_in().wrapping_sub(taken) as usize;
            let given = self.stream.total_out().wrapping_sub(given) as usize;
            if let Some(given) = piece.get(..given).filter(|given| !given.is_empty()) {
                out(given)?;
            }
            rest = rest.get(taken..).unwrap_or_default();
            match status {
                Ok(Status::StreamEnd) => return Ok(Some(rest)),
                // Of the bytes that are in, the last may still be under way inside.
                Ok(Status::BufError) if rest.is_empty() => return Ok(None),
                Ok(Status::Ok) => {
                    self.unpaid = self.unpaid.saturating_add(taken);
                    if given < PIECE && !rest.is_empty() {
                        self.pay_for_block(work)?;
                    }
                }
                _ => return Err(self.damage()),
            }
        }
    }
}

impl Inflate {
    fn pay_for_block(&mut self, work: &Work) -> Result<(), DecodeError> {
        let tables = std::mem::take(&mut self.unpaid).min(TABLES);
        let units = BLOCK.saturating_add(tables.saturating_mul(TABLE_BYTE));
        work.spend(units).map_err(|_| DecodeError::Work(self.coding))
    }

    fn damage(&self) -> DecodeError {
        match self.stream.error_message() {
            Some("incorrect data check") => DecodeError::Checksum(self.coding),
            _ => DecodeError::Corrupt(self.coding),
        }
    }
}

impl fmt::Debug for Inflate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflate").field("coding", &self.coding).finish_non_exhaustive()
    }
}

/// Deflate refers back 32 KiB at most (RFC 1951 §3.2.5).
const WINDOW_BITS: u8 = 15;
/// What a stream holds: its window of 32 KiB, the tables of its codes, and what it is in the middle of.
const HELD: usize = 47 << 10;
/// Output is handed on in pieces of so many bytes.
const PIECE: usize = 4 << 10;

/// What a block costs beside what it says, in units of work.
const BLOCK: usize = 16;
/// What a byte of a block's tables costs. The worst tables known take 36 bytes and about 8 µs.
const TABLE_BYTE: usize = 48;
/// Bytes of a block that may be tables.
const TABLES: usize = 48;
