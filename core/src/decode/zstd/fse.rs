//! Finite state entropy (RFC 8878 §4.1): tables that turn states and bits into symbols.

use super::bits::{Backward, Forward};

/// A decoding table.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// `1 << log` of them; none before the first table.
    entries: Vec<Entry>,
    log: u32,
    /// It is the one that needs no description.
    default: bool,
}

/// A state: the symbol it stands for, and how the next one follows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Entry {
    pub(super) symbol: u8,
    /// How many bits to read and add to `base` for the next state.
    bits: u8,
    base: u16,
}

impl Table {
    /// Forgets the table.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.default = false;
    }

    /// How many states it has.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The table that needs no description, built if it is not there from before.
    pub(super) fn set_default(&mut self, counts: &[i16], log: u32) -> Option<()> {
        if !self.default {
            self.build(counts, log)?;
            self.default = true;
        }
        Some(())
    }

    /// A table of one symbol, which takes no bits.
    pub(super) fn set_repeated(&mut self, symbol: u8) {
        self.clear();
        self.entries.push(Entry { symbol, bits: 0, base: 0 });
        self.log = 0;
    }

    /// Reads a table's description; gives what follows it. `None` if it cannot be: more than `max_log` bits, or
    /// symbols above `max_symbol`.
    pub(super) fn read<'a>(
        &mut self,
        description: &'a [u8],
        max_log: u32,
        max_symbol: usize,
    ) -> Option<&'a [u8]> {
        let mut bits = Forward::new(description);
        let log = bits.peek(4).checked_add(5).filter(|&log| log <= max_log)?;
        bits.skip(4);
        let mut counts = [0_i16; MAX_SYMBOLS];
        let mut symbols = 0_usize;
        // What is left of the table's states to be given to symbols.
        let mut left = 1_i32.checked_shl(log)?;
        while left > 0 {
            let possible = u32::try_from(left).ok()?.checked_add(1)?;
            // Values are 0 ..= possible; the low ones need one bit less.
            let width = possible.ilog2().checked_add(1)?;
            let short = 1_u32.checked_shl(width)?.checked_sub(possible)?.checked_sub(1)?;
            let half = 1_u32.checked_shl(width.checked_sub(1)?)?;
            let value = bits.peek(width);
            let low = value & half.checked_sub(1)?;
            let value = if low < short {
                bits.skip(width.checked_sub(1)?);
                low
            } else {
                bits.skip(width);
                if value >= half { value.checked_sub(short)? } else { value }
            };
            let count = i16::try_from(value).ok()?.checked_sub(1)?;
            *counts.get_mut(symbols).filter(|_| symbols <= max_symbol)? = count;
            symbols = symbols.checked_add(1)?;
            left = left.checked_sub(i32::from(count.unsigned_abs()))?;
            let mut zeros = if count == 0 { 3 } else { 0 };
            while zeros == 3 {
                zeros = bits.peek(2);
                bits.skip(2);
                symbols = symbols.checked_add(usize::try_from(zeros).ok()?)?;
            }
        }
        if left < 0 {
            return None;
        }
        let rest = bits.rest()?;
        self.build(counts.get(..symbols.min(max_symbol.checked_add(1)?))?, log)?;
        Some(rest)
    }

    /// Builds the table in which each symbol has that many states; -1 stands for a symbol that has one, and
    /// that at the table's end.
    fn build(&mut self, counts: &[i16], log: u32) -> Option<()> {
        let size = 1_usize.checked_shl(log)?;
        self.log = log;
        self.clear();
        self.entries.resize(size, Entry::default());
        // How many states of each symbol have been given out, beginning with its count.
        let mut next = [0_u16; MAX_SYMBOLS];
        let mut high = size;
        for ((symbol, &count), next) in (0_u8..).zip(counts).zip(&mut next) {
            *next = count.unsigned_abs();
            if count < 0 {
                high = high.checked_sub(1)?;
                self.entries.get_mut(high)?.symbol = symbol;
            }
        }
        let step = (size >> 1).checked_add(size >> 3)?.checked_add(3)?;
        let mask = size.checked_sub(1)?;
        let mut at = 0_usize;
        for (symbol, &count) in (0_u8..).zip(counts) {
            for _ in 0..count {
                self.entries.get_mut(at)?.symbol = symbol;
                loop {
                    at = at.checked_add(step)? & mask;
                    if at < high {
                        break;
                    }
                }
            }
        }
        for entry in &mut self.entries {
            let next = next.get_mut(usize::from(entry.symbol))?;
            let state = *next;
            *next = state.checked_add(1)?;
            let bits = log.checked_sub(state.checked_ilog2()?)?;
            entry.bits = u8::try_from(bits).ok()?;
            let base = usize::from(state).checked_shl(bits)?.checked_sub(size)?;
            entry.base = u16::try_from(base).ok()?;
        }
        Some(())
    }

    /// The first state of a stream.
    pub(super) fn first(&self, bits: &mut Backward<'_>) -> Entry {
        self.entry(bits.read(self.log))
    }

    /// The state after that one.
    #[inline]
    pub(super) fn next(&self, entry: Entry, bits: &mut Backward<'_>) -> Entry {
        self.entry(u32::from(entry.base).wrapping_add(bits.read(entry.bits.into())))
    }

    #[inline]
    fn entry(&self, state: u32) -> Entry {
        // Every state that `build` gives is in the table.
        usize::try_from(state).ok().and_then(|state| self.entries.get(state)).copied().unwrap_or_default()
    }
}

/// Most symbols of any table: the code of match lengths has 53.
const MAX_SYMBOLS: usize = 64;
