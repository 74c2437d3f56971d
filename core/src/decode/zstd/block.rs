//! Compressed blocks (RFC 8878 §3.1.1.3): literals, then sequences that say how they and repeated output
//! follow each other.

use std::ops::Range;

use super::bits::Backward;
use super::{CORRUPT, MAX_BLOCK, TOO_DEAR, Window, fse, huffman, reserve};
use crate::budget::{Budget, Claim};
use crate::decode::DecodeError;
use crate::decode::work::Work;

/// What one block of a frame leaves for the next.
#[derive(Debug)]
pub(super) struct Blocks {
    huffman: huffman::Table,
    literal_lengths: fse::Table,
    offsets: fse::Table,
    match_lengths: fse::Table,
    /// The last three offsets, the newest first.
    recent: [usize; 3],
    /// The current block's literals; kept for its room.
    literals: Vec<u8>,
    literals_claim: Claim,
}

impl Blocks {
    pub(super) fn new(budget: &Budget) -> Self {
        Self {
            huffman: huffman::Table::default(),
            literal_lengths: fse::Table::default(),
            offsets: fse::Table::default(),
            match_lengths: fse::Table::default(),
            recent: [1, 4, 8],
            literals: Vec::new(),
            literals_claim: budget.empty(),
        }
    }

    /// Begins a frame.
    pub(super) fn begin(&mut self) {
        self.huffman.clear();
        self.literal_lengths.clear();
        self.offsets.clear();
        self.match_lengths.clear();
        self.recent = [1, 4, 8];
    }

    /// Decodes a block to the end of the window; gives where its output stands there.
    pub(super) fn decode(
        &mut self,
        block: &[u8],
        work: &Work,
        window: &mut Window,
    ) -> Result<Range<usize>, DecodeError> {
        let (header, rest) = LiteralsHeader::read(block)
            .filter(|(header, _)| header.length <= window.max_block)
            .ok_or(CORRUPT)?;
        if header.kind == 2 {
            work.spend(HUFFMAN).map_err(|_| TOO_DEAR)?;
        }
        self.literals.clear();
        reserve(&mut self.literals, &mut self.literals_claim, header.length)?;
        let sequences = self.literals(header, rest).ok_or(CORRUPT)?;
        let start = window.bytes.len();
        self.sequences(sequences, work, window)?;
        Ok(start..window.bytes.len())
    }

    /// Reads the literals that follow their header; gives what follows them.
    fn literals<'a>(&mut self, header: LiteralsHeader, rest: &'a [u8]) -> Option<&'a [u8]> {
        let LiteralsHeader { kind, format, length, coded } = header;
        match kind {
            0 => {
                let (literals, rest) = rest.split_at_checked(length)?;
                self.literals.extend_from_slice(literals);
                Some(rest)
            }
            1 => {
                let (&byte, rest) = rest.split_first()?;
                self.literals.resize(length, byte);
                Some(rest)
            }
            _ => {
                let (coded, rest) = rest.split_at_checked(coded)?;
                let streams = if kind == 2 { self.huffman.read(coded)? } else { coded };
                if self.huffman.is_empty() {
                    return None;
                }
                if format == 0 {
                    self.huffman.decode(streams, length, &mut self.literals)?;
                } else {
                    // Fewer are no four streams.
                    self.four_streams(streams, length).filter(|()| length >= 6)?;
                }
                Some(rest)
            }
        }
    }

    fn four_streams(&mut self, streams: &[u8], length: usize) -> Option<()> {
        let (&[a0, a1, b0, b1, c0, c1], mut rest) = streams.split_first_chunk()?;
        let each = length.div_ceil(4);
        for size in [[a0, a1], [b0, b1], [c0, c1]] {
            let (stream, after) = rest.split_at_checked(u16::from_le_bytes(size).into())?;
            self.huffman.decode(stream, each, &mut self.literals)?;
            rest = after;
        }
        self.huffman.decode(rest, length.checked_sub(each.checked_mul(3)?)?, &mut self.literals)
    }

    /// Reads the sequences and carries them out.
    fn sequences(&mut self, section: &[u8], work: &Work, window: &mut Window) -> Result<(), DecodeError> {
        let (count, rest) = sequence_count(section).ok_or(CORRUPT)?;
        work.spend(count.saturating_mul(SEQUENCE)).map_err(|_| TOO_DEAR)?;
        let stream = if count > 0 { self.read_tables(rest, work)? } else { rest };
        let mut literals = self.literals.as_slice();
        let mut room = window.max_block;
        if count > 0 {
            let mut bits = Backward::new(stream).ok_or(CORRUPT)?;
            let mut literal_length = self.literal_lengths.first(&mut bits);
            let mut offset = self.offsets.first(&mut bits);
            let mut match_length = self.match_lengths.first(&mut bits);
            for left in (0..count).rev() {
                let code = offset.symbol.into();
                let value = 1_usize.checked_shl(code).ok_or(CORRUPT)?;
                let value = value.saturating_add(as_usize(bits.read(code)));
                let matched = extended(&MATCH_LENGTHS, match_length, &mut bits).ok_or(CORRUPT)?;
                let copied = extended(&LITERAL_LENGTHS, literal_length, &mut bits).ok_or(CORRUPT)?;
                if bits.is_overrun() {
                    return Err(CORRUPT);
                }
                room = room.checked_sub(copied).and_then(|room| room.checked_sub(matched)).ok_or(CORRUPT)?;
                let (copy, rest) = literals.split_at_checked(copied).ok_or(CORRUPT)?;
                literals = rest;
                window.extend(copy)?;
                let distance = distance(&mut self.recent, value, copied == 0).ok_or(CORRUPT)?;
                window.repeat(distance, matched)?;
                if left > 0 {
                    literal_length = self.literal_lengths.next(literal_length, &mut bits);
                    match_length = self.match_lengths.next(match_length, &mut bits);
                    offset = self.offsets.next(offset, &mut bits);
                }
            }
            if !bits.is_exhausted() {
                return Err(CORRUPT);
            }
        } else if !stream.is_empty() {
            return Err(CORRUPT);
        }
        if literals.len() > room {
            return Err(CORRUPT);
        }
        window.extend(literals)
    }

    /// Reads which tables the sequences are coded by; gives what follows.
    fn read_tables<'a>(&mut self, section: &'a [u8], work: &Work) -> Result<&'a [u8], DecodeError> {
        let (&modes, mut rest) =
            section.split_first().filter(|(modes, _)| *modes & 0b11 == 0).ok_or(CORRUPT)?;
        for (code, table, shift) in [
            (&LITERAL_LENGTHS, &mut self.literal_lengths, 6),
            (&OFFSETS, &mut self.offsets, 4),
            (&MATCH_LENGTHS, &mut self.match_lengths, 2),
        ] {
            let mode = modes >> shift & 0b11;
            rest = code.read_table(table, mode, rest).ok_or(CORRUPT)?;
            if mode == 2 {
                work.spend(table.len().saturating_mul(STATE)).map_err(|_| TOO_DEAR)?;
            }
        }
        Ok(rest)
    }
}

/// What a Huffman table costs, in units of work.
const HUFFMAN: usize = 3 << 10;
/// What a state of a table costs that is described.
const STATE: usize = 3;
/// What a sequence costs beside its output.
const SEQUENCE: usize = 4;

/// What stands before the literals of a block.
struct LiteralsHeader {
    /// Raw, repeated, coded by a table that follows, coded by the last table.
    kind: u8,
    format: u8,
    /// How many there are: `0 ..= MAX_BLOCK`.
    length: usize,
    /// Of coded ones, the bytes they are coded in, their table among them.
    coded: usize,
}

impl LiteralsHeader {
    /// Reads it; gives what follows it too.
    fn read(block: &[u8]) -> Option<(Self, &[u8])> {
        let &first = block.first()?;
        let kind = first & 0b11;
        let format = first >> 2 & 0b11;
        // In bytes, the size of the header; in bits, where in it sizes begin, and how long each is.
        let (header, at, width) = match (kind, format) {
            (0 | 1, 0 | 2) => (1, 3, 5),
            (0 | 1, 1) => (2, 4, 12),
            (0 | 1, _) => (3, 4, 20),
            (_, 0 | 1) => (3, 4, 10),
            (_, 2) => (4, 4, 14),
            _ => (5, 4, 18),
        };
        let (header, rest) = block.split_at_checked(header)?;
        let sizes = header.iter().rev().fold(0_u64, |sum, &byte| sum << 8 | u64::from(byte)) >> at;
        let mask = (1_u64 << width).checked_sub(1)?;
        let length = usize::try_from(sizes & mask).ok().filter(|&length| length <= MAX_BLOCK)?;
        let coded = usize::try_from(sizes >> width & mask).ok()?;
        Some((Self { kind, format, length, coded }, rest))
    }
}

/// How many sequences follow.
fn sequence_count(section: &[u8]) -> Option<(usize, &[u8])> {
    match *section {
        [count @ 0..=127, ref rest @ ..] => Some((count.into(), rest)),
        [255, low, high, ref rest @ ..] => {
            Some((usize::from(u16::from_le_bytes([low, high])).checked_add(0x7F00)?, rest))
        }
        [high @ 128..=254, low, ref rest @ ..] => Some((u16::from_be_bytes([high & 0x7F, low]).into(), rest)),
        _ => None,
    }
}

/// The distance that an offset value means, and the recent ones after it: 1 to 3 are these, one further
/// where no literals stand between two matches.
fn distance(recent: &mut [usize; 3], value: usize, no_literals: bool) -> Option<usize> {
    let [first, second, third] = *recent;
    let distance = match (value, no_literals) {
        (1, false) => first,
        (2, false) | (1, true) => second,
        (3, false) | (2, true) => third,
        (3, true) => first.checked_sub(1)?,
        _ => value.checked_sub(3)?,
    };
    *recent = match (value, no_literals) {
        (1, false) => [first, second, third],
        (2, false) | (1, true) => [distance, first, third],
        _ => [distance, first, second],
    };
    Some(distance)
}

/// The value of a length's code: its base and extra bits.
#[inline]
fn extended(code: &Code, entry: fse::Entry, bits: &mut Backward<'_>) -> Option<usize> {
    let &(base, extra) = code.values.get(usize::from(entry.symbol))?;
    Some(as_usize(base.saturating_add(bits.read(extra))))
}

fn as_usize(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// A code of sequences: how its symbols are distributed where no table is sent, and what they stand for.
struct Code {
    max_log: u32,
    max_symbol: u8,
    default_log: u32,
    default_counts: &'static [i16],
    /// Of lengths: base and number of extra bits.
    values: &'static [(u32, u32)],
}

impl Code {
    fn read_table<'a>(&self, table: &mut fse::Table, mode: u8, section: &'a [u8]) -> Option<&'a [u8]> {
        match mode {
            0 => {
                table.set_default(self.default_counts, self.default_log)?;
                Some(section)
            }
            1 => {
                let (&symbol, rest) =
                    section.split_first().filter(|&(&symbol, _)| symbol <= self.max_symbol)?;
                table.set_repeated(symbol);
                Some(rest)
            }
            2 => table.read(section, self.max_log, self.max_symbol.into()),
            _ => (!table.is_empty()).then_some(section),
        }
    }
}

// RFC 8878 §3.1.1.3.2.1.1 and §3.1.1.3.2.2.
static LITERAL_LENGTHS: Code = Code {
    max_log: 9,
    max_symbol: 35,
    default_log: 6,
    default_counts: &[
        4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1,
        -1, -1, -1,
    ],
    values: &[
        (0, 0),
        (1, 0),
        (2, 0),
        (3, 0),
        (4, 0),
        (5, 0),
        (6, 0),
        (7, 0),
        (8, 0),
        (9, 0),
        (10, 0),
        (11, 0),
        (12, 0),
        (13, 0),
        (14, 0),
        (15, 0),
        (16, 1),
        (18, 1),
        (20, 1),
        (22, 1),
        (24, 2),
        (28, 2),
        (32, 3),
        (40, 3),
        (48, 4),
        (64, 6),
        (128, 7),
        (256, 8),
        (512, 9),
        (1024, 10),
        (2048, 11),
        (4096, 12),
        (8192, 13),
        (16384, 14),
        (32768, 15),
        (65536, 16),
    ],
};
static MATCH_LENGTHS: Code = Code {
    max_log: 9,
    max_symbol: 52,
    default_log: 6,
    default_counts: &[
        1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
    ],
    values: &[
        (3, 0),
        (4, 0),
        (5, 0),
        (6, 0),
        (7, 0),
        (8, 0),
        (9, 0),
        (10, 0),
        (11, 0),
        (12, 0),
        (13, 0),
        (14, 0),
        (15, 0),
        (16, 0),
        (17, 0),
        (18, 0),
        (19, 0),
        (20, 0),
        (21, 0),
        (22, 0),
        (23, 0),
        (24, 0),
        (25, 0),
        (26, 0),
        (27, 0),
        (28, 0),
        (29, 0),
        (30, 0),
        (31, 0),
        (32, 0),
        (33, 0),
        (34, 0),
        (35, 1),
        (37, 1),
        (39, 1),
        (41, 1),
        (43, 2),
        (47, 2),
        (51, 3),
        (59, 3),
        (67, 4),
        (83, 4),
        (99, 5),
        (131, 7),
        (259, 8),
        (515, 9),
        (1027, 10),
        (2051, 11),
        (4099, 12),
        (8195, 13),
        (16387, 14),
        (32771, 15),
        (65539, 16),
    ],
};
/// An offset's code is how many bits of it follow its highest one.
static OFFSETS: Code = Code {
    max_log: 8,
    max_symbol: 31,
    default_log: 5,
    default_counts: &[
        1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
    ],
    values: &[],
};
