//! gzip (RFC 1952): any number of members, each with its header, a deflate stream, and the CRC and size of
//! what it holds, which are checked.
//!
//! The header's optional fields are passed over, its CRC unchecked: nothing in them matters here. What
//! follows a member and does not begin another one is passed over too (padding, as gzip itself does).

use crc32fast::Hasher;

use super::deflate::Inflate;
use super::work::Work;
use super::{Coding, DecodeError, Out};
use crate::budget::Budget;
use crate::gather::Gather;

/// Decodes one body.
#[derive(Debug)]
pub(super) struct Gzip {
    step: Step,
    /// A fixed part of a member as far as it is there.
    fixed: Gather<HEADER>,
    flags: u8,
    inflate: Inflate,
    /// Of the member's output, as the trailer has it.
    crc: Hasher,
    size: u32,
}

/// What the next byte belongs to, in the order of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Header,
    ExtraLength,
    /// The extra field, so many more bytes of it.
    Extra(usize),
    Name,
    Comment,
    HeaderCrc,
    Body,
    Trailer,
    /// Another member's header, if there is one.
    Next,
    /// What follows the last member.
    Ended,
}

impl Gzip {
    pub(super) fn new(budget: &Budget) -> Result<Self, DecodeError> {
        Ok(Self {
            step: Step::Header,
            fixed: Gather::default(),
            flags: 0,
            inflate: Inflate::new(Coding::Gzip, false, budget)?,
            crc: Hasher::new(),
            size: 0,
        })
    }

    pub(super) fn push(&mut self, bytes: &[u8], work: &Work, out: &mut Out<'_>) -> Result<(), DecodeError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = match self.step {
                Step::Header => {
                    let rest = self.fixed.take(HEADER, rest);
                    if self.fixed.len() == HEADER {
                        self.header()?;
                    }
                    rest
                }
                Step::ExtraLength => {
                    let rest = self.fixed.take(2, rest);
                    if self.fixed.len() == 2 {
                        let [low, high, ..] = self.fixed.array();
                        self.step = Step::Extra(u16::from_le_bytes([low, high]).into());
                        self.pass_absent();
                    }
                    rest
                }
                Step::Extra(left) => {
                    let (passed, rest) = rest.split_at_checked(left).unwrap_or((rest, &[]));
                    self.step = Step::Extra(left.saturating_sub(passed.len()));
                    self.pass_absent();
                    rest
                }
                Step::Name | Step::Comment => match memchr::memchr(0, rest) {
                    None => &[],
                    Some(end) => {
                        self.step = if self.step == Step::Name { Step::Comment } else { Step::HeaderCrc };
                        self.pass_absent();
                        rest.get(end.saturating_add(1)..).unwrap_or_default()
                    }
                },
                Step::HeaderCrc => {
                    let rest = self.fixed.take(2, rest);
                    if self.fixed.len() == 2 {
                        self.fixed.clear();
                        self.step = Step::Body;
                    }
                    rest
                }
                Step::Body => match self.body(rest, work, out)? {
                    None => &[],
                    Some(rest) => {
                        self.step = Step::Trailer;
                        rest
                    }
                },
                Step::Trailer => {
                    let rest = self.fixed.take(TRAILER, rest);
                    if self.fixed.len() == TRAILER {
                        self.trailer()?;
                    }
                    rest
                }
                Step::Next => {
                    let rest = self.fixed.take(self.fixed.len().saturating_add(1), rest);
                    let begun = self.fixed.as_slice();
                    if begun == MAGIC {
                        work.spend(MEMBER).map_err(|_| DecodeError::Work(Coding::Gzip))?;
                        self.step = Step::Header;
                    } else if !MAGIC.starts_with(begun) {
                        self.step = Step::Ended;
                    }
                    rest
                }
                Step::Ended => return Ok(()),
            };
        }
        Ok(())
    }

    pub(super) fn is_complete(&self) -> bool {
        matches!(self.step, Step::Next | Step::Ended)
    }

    fn header(&mut self) -> Result<(), DecodeError> {
        let [magic0, magic1, method, flags, ..] = self.fixed.array();
        if [magic0, magic1] != MAGIC || method != DEFLATE || flags & RESERVED != 0 {
            return Err(DecodeError::Corrupt(Coding::Gzip));
        }
        self.flags = flags;
        self.inflate.restart();
        self.crc = Hasher::new();
        self.size = 0;
        self.step = Step::ExtraLength;
        self.pass_absent();
        Ok(())
    }

    /// Goes on to the next part of the header that is there.
    fn pass_absent(&mut self) {
        self.fixed.clear();
        loop {
            self.step = match self.step {
                Step::ExtraLength if self.flags & HAS_EXTRA == 0 => Step::Extra(0),
                Step::Extra(0) => Step::Name,
                Step::Name if self.flags & HAS_NAME == 0 => Step::Comment,
                Step::Comment if self.flags & HAS_COMMENT == 0 => Step::HeaderCrc,
                Step::HeaderCrc if self.flags & HAS_CRC == 0 => Step::Body,
                _ => return,
            };
        }
    }

    fn body<'a>(
        &mut self,
        bytes: &'a [u8],
        work: &Work,
        out: &mut Out<'_>,
    ) -> Result<Option<&'a [u8]>, DecodeError> {
        let Self { inflate, crc, size, .. } = self;
        inflate.push(bytes, work, &mut |piece| {
            crc.update(piece);
            // By RFC 1952 the size counts modulo 2^32; a piece is at most 32 KiB.
            *size = size.wrapping_add(u32::try_from(piece.len()).unwrap_or_default());
            out(piece)
        })
    }

    fn trailer(&mut self) -> Result<(), DecodeError> {
        let [c0, c1, c2, c3, s0, s1, s2, s3, ..] = self.fixed.array();
        self.fixed.clear();
        self.step = Step::Next;
        let crc = u32::from_le_bytes([c0, c1, c2, c3]);
        let size = u32::from_le_bytes([s0, s1, s2, s3]);
        if crc == self.crc.clone().finalize() && size == self.size {
            Ok(())
        } else {
            Err(DecodeError::Checksum(Coding::Gzip))
        }
    }
}

const MAGIC: [u8; 2] = [0x1F, 0x8B];
const HEADER: usize = 10;
const TRAILER: usize = 8;
const DEFLATE: u8 = 8;

/// What another member costs, its last block among it, in units of work.
const MEMBER: usize = 2 << 10;

// The header's flags.
const HAS_CRC: u8 = 1 << 1;
const HAS_EXTRA: u8 = 1 << 2;
const HAS_NAME: u8 = 1 << 3;
const HAS_COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;
