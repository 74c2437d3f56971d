//! zstd (RFC 8878): frames of blocks.
//!
//! Our own, and not a crate's, for one reason: the decoders that Rust has hand out what they decoded only once
//! it has left the window or the frame has ended. An event that a server flushed would be seen megabytes, or
//! the whole stream, too late, and with it the time of its first token. This one hands a block on as soon as
//! it is there, holds no `unsafe`, and cannot panic.
//!
//! Held: the window, which grows with what was decoded, never with what a header claims; one block's coded
//! bytes where chunks cut it (at most 128 KiB); its literals (the same). Blocks that are stored raw are handed on
//! as they come. A frame may claim up to 128 MiB of window, but what refers back further than the bound is an
//! error. Frames that need a dictionary cannot be read. The content's size and checksum are checked where the
//! frame has them. What follows a frame and does not begin another one is passed over.
//!
//! What libzstd refuses is refused. Beyond that: offsets that leave the window which the frame claims (libzstd
//! looks only whether its buffer still has what they mean), literals in four streams of which one is not read to
//! its end (RFC 8878 §4.2.2), Huffman codes of 12 bits (§4.2.1), and what costs too much work.

mod bits;
mod block;
mod fse;
mod huffman;

use std::ops::Range;

use super::work::Work;
use super::{Coding, DecodeError, Out};
use crate::budget::{Budget, Claim};
use crate::gather::Gather;
use crate::xxh64::Xxh64;
use block::Blocks;

/// Decodes one body.
#[derive(Debug)]
pub(super) struct Zstd {
    step: Step,
    /// A fixed part of a frame or block as far as it is there.
    fixed: Gather<MAX_HEADER>,
    /// The frame's header descriptor.
    descriptor: u8,
    /// The current block is the frame's last.
    last_block: bool,
    /// Of the content, what is to come by the frame's header, if it tells.
    size_left: Option<u64>,
    /// Of the content so far; kept only where the frame has one.
    checksum: Xxh64,
    /// The current block's coded bytes, where chunks cut it: `len <= MAX_BLOCK`.
    coded: Vec<u8>,
    coded_claim: Claim,
    blocks: Blocks,
    window: Window,
    /// Of the state itself and its tables.
    _claim: Claim,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// A frame's magic number. The first one is known to be there.
    Magic,
    Descriptor,
    /// The rest of a frame's header, of so many bytes.
    Header(usize),
    BlockHeader,
    /// A raw block, so many more bytes of it.
    Raw(usize),
    /// A byte that is repeated so many times.
    Repeated(usize),
    /// A compressed block of so many bytes.
    Compressed(usize),
    Checksum,
    /// The size of a skippable frame.
    SkipSize,
    /// The content of a skippable frame, so many more bytes of it.
    Skip(usize),
    /// What follows the last frame.
    Ended,
}

impl Zstd {
    /// `window`: how far back a stream may refer, in bytes.
    pub(super) fn new(window: usize, budget: &Budget) -> Result<Self, DecodeError> {
        let claim = budget.claim(size_of::<Self>().saturating_add(TABLES)).map_err(|_| REFUSED)?;
        Ok(Self {
            step: Step::Magic,
            fixed: Gather::default(),
            descriptor: 0,
            last_block: false,
            size_left: None,
            checksum: Xxh64::default(),
            coded: Vec::new(),
            coded_claim: budget.empty(),
            blocks: Blocks::new(budget),
            window: Window {
                bytes: Vec::new(),
                claim: budget.empty(),
                claimed: window,
                limit: window,
                max_block: MAX_BLOCK,
                given: 0,
            },
            _claim: claim,
        })
    }

    pub(super) fn push(&mut self, bytes: &[u8], work: &Work, out: &mut Out<'_>) -> Result<(), DecodeError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = match self.step {
                Step::Magic => {
                    let rest = self.fixed.take(4, rest);
                    if self.fixed.len() == 4 {
                        self.magic();
                    }
                    rest
                }
                Step::Descriptor => {
                    let rest = self.fixed.take(1, rest);
                    self.descriptor()?;
                    rest
                }
                Step::Header(size) => {
                    let rest = self.fixed.take(size, rest);
                    if self.fixed.len() == size {
                        self.header()?;
                    }
                    rest
                }
                Step::BlockHeader => {
                    let rest = self.fixed.take(3, rest);
                    if self.fixed.len() == 3 {
                        work.spend(BLOCK).map_err(|_| TOO_DEAR)?;
                        self.block_header()?;
                    }
                    rest
                }
                Step::Raw(left) => {
                    let (content, rest) = rest.split_at_checked(left).unwrap_or((rest, &[]));
                    self.window.extend(content)?;
                    count(content, &mut self.size_left, &mut self.checksum, self.descriptor)?;
                    self.step = Step::Raw(left.saturating_sub(content.len()));
                    out(content)?;
                    self.end_block_if_empty()?;
                    rest
                }
                Step::Repeated(times) => {
                    let (byte, rest) = rest.split_at_checked(1).unwrap_or((rest, &[]));
                    self.window.reserve(times)?;
                    let start = self.window.bytes.len();
                    let end = start.saturating_add(times);
                    self.window.bytes.resize(end, byte.first().copied().unwrap_or_default());
                    self.hand_out(start..end, out)?;
                    rest
                }
                Step::Compressed(size) if self.coded.is_empty() && rest.len() >= size => {
                    let (block, rest) = rest.split_at_checked(size).unwrap_or((rest, &[]));
                    let decoded = self.blocks.decode(block, work, &mut self.window)?;
                    self.hand_out(decoded, out)?;
                    rest
                }
                Step::Compressed(size) => {
                    let missing = size.saturating_sub(self.coded.len());
                    let (piece, rest) = rest.split_at_checked(missing).unwrap_or((rest, &[]));
                    reserve(&mut self.coded, &mut self.coded_claim, piece.len())?;
                    self.coded.extend_from_slice(piece);
                    if self.coded.len() == size {
                        let decoded = self.blocks.decode(&self.coded, work, &mut self.window)?;
                        self.coded.clear();
                        self.hand_out(decoded, out)?;
                    }
                    rest
                }
                Step::Checksum => {
                    let rest = self.fixed.take(4, rest);
                    if self.fixed.len() == 4 {
                        let [a, b, c, d, ..] = self.fixed.array();
                        if u64::from(u32::from_le_bytes([a, b, c, d])) != self.checksum.digest() & 0xFFFF_FFFF
                        {
                            return Err(DecodeError::Checksum(Coding::Zstd));
                        }
                        self.begin(Step::Magic);
                    }
                    rest
                }
                Step::SkipSize => {
                    let rest = self.fixed.take(4, rest);
                    if self.fixed.len() == 4 {
                        let [a, b, c, d, ..] = self.fixed.array();
                        let size = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
                        self.begin(if size == 0 { Step::Magic } else { Step::Skip(size) });
                    }
                    rest
                }
                Step::Skip(left) => {
                    let (passed, rest) = rest.split_at_checked(left).unwrap_or((rest, &[]));
                    let left = left.saturating_sub(passed.len());
                    self.step = if left == 0 { Step::Magic } else { Step::Skip(left) };
                    rest
                }
                Step::Ended => return Ok(()),
            };
        }
        Ok(())
    }

    pub(super) fn is_complete(&self) -> bool {
        matches!(self.step, Step::Magic | Step::Ended)
    }

    fn begin(&mut self, step: Step) {
        self.fixed.clear();
        self.step = step;
    }

    fn magic(&mut self) {
        let [a, b, c, d, ..] = self.fixed.array();
        self.begin(match [a, b, c, d] {
            [0x28, 0xB5, 0x2F, 0xFD] => Step::Descriptor,
            [0x50..=0x5F, 0x2A, 0x4D, 0x18] => Step::SkipSize,
            _ => Step::Ended,
        });
    }

    fn descriptor(&mut self) -> Result<(), DecodeError> {
        let [descriptor, ..] = self.fixed.array();
        if descriptor & RESERVED != 0 {
            return Err(CORRUPT);
        }
        self.descriptor = descriptor;
        let window = usize::from(descriptor & SINGLE_SEGMENT == 0);
        let size = window.saturating_add(self.dictionary_size()).saturating_add(match descriptor >> 6 {
            0 => usize::from(descriptor & SINGLE_SEGMENT != 0),
            1 => 2,
            2 => 4,
            _ => 8,
        });
        // One of the window and the content's size is always there: the header is not empty.
        self.begin(Step::Header(size));
        Ok(())
    }

    fn dictionary_size(&self) -> usize {
        match self.descriptor & 0b11 {
            0 => 0,
            1 => 1,
            2 => 2,
            _ => 4,
        }
    }

    fn header(&mut self) -> Result<(), DecodeError> {
        let header = self.fixed.as_slice();
        let (window, header) =
            header.split_at_checked(usize::from(self.descriptor & SINGLE_SEGMENT == 0)).ok_or(CORRUPT)?;
        let (dictionary, content) = header.split_at_checked(self.dictionary_size()).ok_or(CORRUPT)?;
        if dictionary.iter().any(|&byte| byte != 0) {
            return Err(DecodeError::Window(Coding::Zstd));
        }
        let little_endian = content.iter().rev().fold(0_u64, |sum, &byte| sum << 8 | u64::from(byte));
        let size = match content.len() {
            0 => None,
            2 => Some(little_endian.saturating_add(256)),
            _ => Some(little_endian),
        };
        let claimed = match window {
            &[window] => {
                let base = 1024_u64.wrapping_shl((window >> 3).into());
                base.saturating_add((base >> 3).saturating_mul((window & 7).into()))
            }
            _ => size.unwrap_or_default(),
        };
        // What the reference decoder refuses too unless it is told to expect it.
        let claimed = usize::try_from(claimed).ok().filter(|&claimed| claimed <= MOST_CLAIMED);
        self.window.begin(claimed.ok_or(DecodeError::Window(Coding::Zstd))?);
        self.blocks.begin();
        self.size_left = size;
        self.checksum = Xxh64::default();
        self.begin(Step::BlockHeader);
        Ok(())
    }

    fn block_header(&mut self) -> Result<(), DecodeError> {
        let [a, b, c, ..] = self.fixed.array();
        let header = u32::from_le_bytes([a, b, c, 0]);
        let size = usize::try_from(header >> 3).unwrap_or(usize::MAX);
        self.last_block = header & 1 != 0;
        if size > self.window.max_block {
            return Err(CORRUPT);
        }
        let kind = header >> 1 & 0b11;
        let beyond = |left| u64::try_from(size).is_ok_and(|size| size > left);
        if kind < 2 && self.size_left.is_some_and(beyond) {
            return Err(CORRUPT);
        }
        self.begin(match kind {
            0 => Step::Raw(size),
            1 => Step::Repeated(size),
            2 if size > 0 => Step::Compressed(size),
            _ => return Err(CORRUPT),
        });
        self.end_block_if_empty()
    }

    /// Hands out what a block gave, and ends the block.
    fn hand_out(&mut self, decoded: Range<usize>, out: &mut Out<'_>) -> Result<(), DecodeError> {
        let Self { window, size_left, checksum, descriptor, .. } = self;
        if let Some(piece) = window.bytes.get(decoded).filter(|piece| !piece.is_empty()) {
            count(piece, size_left, checksum, *descriptor)?;
            out(piece)?;
        }
        self.end_block()
    }

    fn end_block_if_empty(&mut self) -> Result<(), DecodeError> {
        if self.step == Step::Raw(0) { self.end_block() } else { Ok(()) }
    }

    fn end_block(&mut self) -> Result<(), DecodeError> {
        self.window.trim();
        if self.last_block && self.size_left.is_some_and(|left| left > 0) {
            return Err(CORRUPT);
        }
        self.begin(match (self.last_block, self.descriptor & CHECKSUM != 0) {
            (false, _) => Step::BlockHeader,
            (true, true) => Step::Checksum,
            (true, false) => Step::Magic,
        });
        Ok(())
    }
}

/// Takes output into the frame's account: its size, if the header tells it, and its checksum, if there is one.
fn count(
    output: &[u8],
    size_left: &mut Option<u64>,
    checksum: &mut Xxh64,
    descriptor: u8,
) -> Result<(), DecodeError> {
    if let Some(left) = size_left {
        let length = u64::try_from(output.len()).unwrap_or(u64::MAX);
        *left = left.checked_sub(length).ok_or(CORRUPT)?;
    }
    if descriptor & CHECKSUM != 0 {
        checksum.update(output);
    }
    Ok(())
}

/// What a frame may refer back to.
#[derive(Debug)]
struct Window {
    /// The last output of the frame, at least as much as it may refer to once there is as much.
    bytes: Vec<u8>,
    claim: Claim,
    /// How far the frame says it refers back.
    claimed: usize,
    /// How far it may at most.
    limit: usize,
    /// Largest block of the frame, coded or decoded.
    max_block: usize,
    /// Output of the frame that has been dropped, in bytes.
    given: u64,
}

impl Window {
    fn begin(&mut self, claimed: usize) {
        self.bytes.clear();
        self.claimed = claimed;
        self.max_block = claimed.min(MAX_BLOCK);
        self.given = 0;
    }

    /// Makes room for that much more output.
    fn reserve(&mut self, more: usize) -> Result<(), DecodeError> {
        reserve(&mut self.bytes, &mut self.claim, more)
    }

    fn extend(&mut self, output: &[u8]) -> Result<(), DecodeError> {
        self.reserve(output.len())?;
        self.bytes.extend_from_slice(output);
        Ok(())
    }

    /// Repeats output: `length` bytes from `offset` before the end.
    fn repeat(&mut self, offset: usize, length: usize) -> Result<(), DecodeError> {
        self.reserve(length)?;
        let out_of_reach = || if self.given > 0 { DecodeError::Window(Coding::Zstd) } else { CORRUPT };
        let start = self.bytes.len().checked_sub(offset).filter(|_| offset > 0).ok_or_else(out_of_reach)?;
        if offset > self.claimed.min(self.limit) {
            return Err(DecodeError::Window(Coding::Zstd));
        }
        let mut left = length;
        while left > 0 {
            // What has just been written repeats on.
            let piece = self.bytes.len().saturating_sub(start).min(left);
            self.bytes.extend_from_within(start..start.saturating_add(piece));
            left = left.saturating_sub(piece);
        }
        Ok(())
    }

    /// Drops what is out of reach, when a quarter as much again has gathered.
    fn trim(&mut self) {
        let kept = self.claimed.min(self.limit);
        let excess = self.bytes.len().saturating_sub(kept);
        if excess > (kept / 4).saturating_add(MAX_BLOCK) {
            self.bytes.drain(..excess);
            self.given = self.given.saturating_add(u64::try_from(excess).unwrap_or(u64::MAX));
        }
    }
}

/// Makes room for that many more bytes, and a quarter of what is there at least, so that growing costs little
/// and wastes little.
fn reserve(bytes: &mut Vec<u8>, claim: &mut Claim, more: usize) -> Result<(), DecodeError> {
    if bytes.capacity().saturating_sub(bytes.len()) >= more {
        return Ok(());
    }
    let more = more.max(bytes.len() / 4).max(MIN_GROWTH);
    claim.resize(bytes.len().saturating_add(more)).map_err(|_| REFUSED)?;
    bytes.try_reserve_exact(more).map_err(|_| REFUSED)
}

const CORRUPT: DecodeError = DecodeError::Corrupt(Coding::Zstd);
const REFUSED: DecodeError = DecodeError::Budget(Coding::Zstd);
const TOO_DEAR: DecodeError = DecodeError::Work(Coding::Zstd);

/// What a block costs beside what is in it, in units of work.
const BLOCK: usize = 64;

/// Largest window that a frame may claim, in bytes; how much of it there is, is another matter.
const MOST_CLAIMED: usize = (1 << 27) + 1;

/// What all tables together hold, in bytes, rounded up.
const TABLES: usize = 10 << 10;

/// Largest block, coded or decoded, in bytes (RFC 8878 §3.1.1.2.3).
const MAX_BLOCK: usize = 128 << 10;

/// What the window grows by at least, in bytes.
const MIN_GROWTH: usize = 4 << 10;

/// Largest frame header after its descriptor, in bytes: window, dictionary, content size.
const MAX_HEADER: usize = 1 + 4 + 8;

// The frame header descriptor's flags.
const SINGLE_SEGMENT: u8 = 1 << 5;
const RESERVED: u8 = 1 << 3;
const CHECKSUM: u8 = 1 << 2;

#[cfg(test)]
mod tests;
