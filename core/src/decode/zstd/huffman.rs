//! Huffman-coded literals (RFC 8878 §4.2).

use super::bits::Backward;
use super::fse;

/// A decoding table: what the next [`Table::log`] bits say.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// `1 << log` of them; none before the first table.
    entries: Vec<Entry>,
    log: u32,
    /// Kept for its room.
    weights_table: fse::Table,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    symbol: u8,
    bits: u8,
}

impl Table {
    /// Forgets the table.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Reads a table's description; gives what follows it. `None` if it cannot be.
    pub(super) fn read<'a>(&mut self, description: &'a [u8]) -> Option<&'a [u8]> {
        let mut weights = [0_u8; MAX_SYMBOLS];
        let (&header, rest) = description.split_first()?;
        let (count, rest) = match header {
            0..=127 => {
                let (coded, rest) = rest.split_at_checked(header.into())?;
                (self.read_coded_weights(coded, &mut weights)?, rest)
            }
            // Two in a byte.
            128.. => {
                let count = usize::from(header).checked_sub(127)?;
                let (packed, rest) = rest.split_at_checked(count.div_ceil(2))?;
                for (pair, &byte) in weights.chunks_mut(2).zip(packed) {
                    pair.copy_from_slice(&[byte >> 4, byte & 0b1111]);
                }
                (count, rest)
            }
        };
        self.build(&mut weights, count)?;
        Some(rest)
    }

    /// Appends the `length` symbols of a stream to `literals`. `None` if it gives more or fewer.
    pub(super) fn decode(&self, stream: &[u8], length: usize, literals: &mut Vec<u8>) -> Option<()> {
        let mut bits = Backward::new(stream)?;
        for _ in 0..length {
            let next = usize::try_from(bits.peek(self.log)).ok()?;
            let entry = self.entries.get(next)?;
            bits.skip(entry.bits.into());
            literals.push(entry.symbol);
        }
        bits.is_exhausted().then_some(())
    }

    /// Reads weights that are coded by two interleaved states of one FSE table; gives how many there are.
    fn read_coded_weights(&mut self, coded: &[u8], weights: &mut [u8; MAX_SYMBOLS]) -> Option<usize> {
        let table = &mut self.weights_table;
        let stream = table.read(coded, MAX_WEIGHTS_LOG, MAX_BITS as usize)?;
        let mut bits = Backward::new(stream)?;
        let mut this = table.first(&mut bits);
        let mut other = table.first(&mut bits);
        if bits.is_overrun() {
            return None;
        }
        let mut count = 0_usize;
        loop {
            *weights.get_mut(count).filter(|_| count < MAX_WEIGHTS)? = this.symbol;
            count = count.checked_add(1)?;
            this = table.next(this, &mut bits);
            std::mem::swap(&mut this, &mut other);
            if bits.is_overrun() {
                *weights.get_mut(count).filter(|_| count < MAX_WEIGHTS)? = this.symbol;
                return count.checked_add(1);
            }
        }
    }

    /// Builds the table from these weights and the last one, which follows from them: a symbol of weight `w`
    /// (0: none) stands for `1 << (w - 1)` of the table's entries.
    fn build(&mut self, weights: &mut [u8; MAX_SYMBOLS], count: usize) -> Option<()> {
        let mut sum = 0_u32;
        for &weight in weights.get(..count)? {
            if u32::from(weight) > MAX_BITS {
                return None;
            }
            sum = sum.checked_add(states(weight))?;
        }
        let log = sum.checked_ilog2()?.checked_add(1).filter(|&log| log <= MAX_BITS)?;
        let size = 1_u32.checked_shl(log)?;
        let left = size.checked_sub(sum)?;
        if !left.is_power_of_two() {
            return None;
        }
        *weights.get_mut(count)? = u8::try_from(left.ilog2().checked_add(1)?).ok()?;
        let weights = weights.get(..=count)?;

        // Longest codes come first, symbols of one length in their order: where those of each weight begin.
        let mut begins = [0_usize; MAX_BITS as usize + 2];
        for &weight in weights {
            let next = begins.get_mut(usize::from(weight).checked_add(1)?)?;
            *next = next.checked_add(usize::try_from(states(weight)).ok()?)?;
        }
        // The longest codes come in pairs; other codes would not be prefixes of all there is.
        let longest = begins.get(2)?;
        if *longest < 2 || longest % 2 != 0 {
            return None;
        }
        let mut begin = 0_usize;
        for of_weight in &mut begins {
            begin = begin.checked_add(*of_weight)?;
            *of_weight = begin;
        }
        self.log = log;
        self.entries.clear();
        self.entries.resize(usize::try_from(size).ok()?, Entry::default());
        for (symbol, &weight) in (0_u8..=u8::MAX).zip(weights).filter(|&(_, &weight)| weight > 0) {
            let bits = u8::try_from(log.checked_add(1)?.checked_sub(weight.into())?).ok()?;
            let begin = begins.get_mut(usize::from(weight))?;
            let end = begin.checked_add(usize::try_from(states(weight)).ok()?)?;
            self.entries.get_mut(*begin..end)?.fill(Entry { symbol, bits });
            *begin = end;
        }
        Some(())
    }
}

/// How many entries of a table a symbol of that weight has.
fn states(weight: u8) -> u32 {
    1_u32.wrapping_shl(weight.into()) >> 1
}

const MAX_SYMBOLS: usize = 256;

/// Most weights that are written down; one more follows from them.
const MAX_WEIGHTS: usize = 255;

/// Longest code, in bits (RFC 8878 §4.2.1).
const MAX_BITS: u32 = 11;

/// Most bits of the table that codes weights.
const MAX_WEIGHTS_LOG: u32 = 6;
