//! What decoding one body may cost.
//!
//! A hundred bytes can decode to gigabytes, or make a decoder rebuild its tables for seconds, and the worker that
//! decodes them serves nobody else meanwhile. So each step is paid for before it is done, in units of about what
//! a byte of ordinary text costs to decode and scan: a byte that comes out of a coding is one unit, a block, a
//! table and a sequence so many as they cost. What makes a reader of JSON and its streams work is not the bytes but
//! the marks among them, a hundred nanoseconds for each at worst, so they cost more. Bytes that come in earn credit,
//! and a body begins with some. A body that runs out of it is left unread.
//!
//! Ordinary bodies never do: JSON and its streams become 3 to 15 times as large. Those that repeat themselves
//! up to a thousand times are read as far as the first credit goes.

use std::cell::Cell;

/// The account of one body.
#[derive(Debug)]
pub(super) struct Work {
    /// What the body may cost beside what its next bytes earn: `0 ..= first`.
    saved: u64,
    first: u64,
    /// What the current push may still cost.
    left: Cell<u64>,
}

/// The body costs more than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overspent;

impl Work {
    /// With so many units of credit to begin with.
    pub(super) fn new(first: u64) -> Self {
        Self { saved: first, first, left: Cell::new(0) }
    }

    /// So many bytes have come in: decodes them, by what they may cost.
    pub(super) fn push<R>(&mut self, bytes: usize, decode: impl FnOnce(&Self) -> R) -> R {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let earned = bytes.saturating_mul(EARNED);
        let credit = self.saved.saturating_add(earned).saturating_add(PUSH);
        let at_once = (self.first / AT_ONCE).saturating_add(earned);
        let at_most = self.first.saturating_add(bytes.saturating_mul(EARNED_BY_MANY));
        let granted = at_once.min(at_most).saturating_add(PUSH).min(credit);
        self.left.set(granted);
        let result = decode(self);
        let spent = granted.saturating_sub(self.left.get());
        self.saved = credit.saturating_sub(spent).min(self.first);
        result
    }

    /// Pays for a step.
    #[inline]
    pub(super) fn spend(&self, units: usize) -> Result<(), Overspent> {
        let units = u64::try_from(units).unwrap_or(u64::MAX);
        match self.left.get().checked_sub(units) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => {
                self.left.set(0);
                Err(Overspent)
            }
        }
    }

    /// Pays for as much of a text that came out of a coding as the credit goes for; gives how many bytes these are.
    pub(super) fn spend_most(&self, text: &[u8]) -> usize {
        let mut paid = 0_usize;
        for part in text.chunks(PART) {
            if self.spend(part.len().saturating_add(marks(part).saturating_mul(MARK))).is_err() {
                break;
            }
            paid = paid.saturating_add(part.len());
        }
        paid
    }

    /// What the current push may still cost, for a decoder that is told how much it may give out.
    #[cfg(any(feature = "brotli", test))]
    pub(super) fn left(&self) -> usize {
        usize::try_from(self.left.get()).unwrap_or(usize::MAX)
    }
}

/// How many marks stand in a part of [`PART`] bytes at the most: what a reader of JSON, or of lines of it, stops at. Counted
/// eight bytes at a time.
fn marks(part: &[u8]) -> usize {
    let (words, tail) = part.as_chunks::<8>();
    let mut last = [b'.'; 8];
    for (to, from) in last.iter_mut().zip(tail) {
        *to = *from;
    }
    // Each byte of the sum counts those in its place: one for each word at the most, and there are 129.
    let add = |sum: u64, word: &[u8; 8]| sum.wrapping_add(marked(u64::from_le_bytes(*word)) >> 7);
    let places = add(words.iter().fold(0, add), &last);
    places.to_le_bytes().into_iter().map(usize::from).sum()
}

/// The bytes of a word that are marks, by their high bits: exact, since no sum of seven bits goes over into the next byte.
#[inline]
const fn marked(word: u64) -> u64 {
    let none = not_zero(word ^ splat(b'"')) & not_zero(word ^ splat(b',')) & not_zero(word & splat(0xF0));
    // With the bit that tells `{|}` from `[\]`.
    let folded = word | splat(0x20);
    let low = folded & splat(0x7F);
    let bracket = low.wrapping_add(splat(0x80 - b'{')) & !low.wrapping_add(splat(0x80 - b'~')) & !folded;
    (!none | bracket) & splat(0x80)
}

/// The bytes of a word that are not 0, by their high bits.
#[inline]
const fn not_zero(word: u64) -> u64 {
    (word & splat(0x7F)).wrapping_add(splat(0x7F)) | word
}

const fn splat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// What of the first credit can be spent in one push: one part of so many. zstd gives 128 KiB at once, whatever
/// brought the last byte of them.
const AT_ONCE: u64 = 8;
/// What a byte that comes in earns.
const EARNED: u64 = 64;
/// What of it can be spent in the push that brought it where the bytes are many.
const EARNED_BY_MANY: u64 = 16;
/// What a push earns by itself. A flush of an encoder brings few bytes and begins blocks and tables; and
/// handing it over costs the proxy as much.
const PUSH: u64 = 8 << 10;
/// What a mark costs beside its byte.
const MARK: usize = 6;
/// A text is paid for in parts of so many bytes.
const PART: usize = 1 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    /// What a push of so many bytes may cost at most.
    fn all_of(work: &mut Work, bytes: usize) -> usize {
        work.push(bytes, |work| {
            let left = work.left();
            assert_eq!(work.spend(left), Ok(()));
            left
        })
    }

    #[test]
    fn a_push_may_cost_an_eighth_of_the_first_credit_and_what_its_bytes_earn() {
        let mut work = Work::new(800_000);
        assert_eq!(all_of(&mut work, 1000), 100_000 + 64 * 1000 + 8192);
        assert_eq!(all_of(&mut work, 0), 100_000 + 8192);
    }

    #[test]
    fn what_is_spent_is_gone_until_bytes_earn_it() {
        let mut work = Work::new(800_000);
        for _ in 0..8 {
            assert_eq!(all_of(&mut work, 0), 100_000 + 8192);
        }
        assert_eq!(all_of(&mut work, 0), 8192);
        assert_eq!(all_of(&mut work, 10), 640 + 8192);
        assert_eq!(all_of(&mut work, 5000), 320_000 + 8192);
        assert_eq!(all_of(&mut work, 0), 8192);
    }

    #[test]
    fn many_bytes_earn_less_at_once() {
        let mut work = Work::new(800_000);
        assert_eq!(all_of(&mut work, 100_000), 800_000 + 16 * 100_000 + 8192);
        assert_eq!(all_of(&mut work, 0), 100_000 + 8192);
    }

    #[test]
    fn no_more_is_saved_than_there_was_at_first() {
        let mut work = Work::new(800_000);
        for _ in 0..100 {
            work.push(100_000, |_| ());
        }
        for _ in 0..8 {
            assert_eq!(all_of(&mut work, 0), 100_000 + 8192);
        }
        assert_eq!(all_of(&mut work, 0), 8192);
    }

    #[test]
    fn a_step_that_is_too_dear_takes_what_is_left() {
        let mut work = Work::new(0);
        work.push(0, |work| {
            assert_eq!(work.spend(8000), Ok(()));
            assert_eq!(work.left(), 192);
            assert_eq!(work.spend(193), Err(Overspent));
            assert_eq!(work.left(), 0);
        });
    }

    #[test]
    fn a_mark_costs_as_much_as_seven_bytes() {
        let mut work = Work::new(0);
        work.push(0, |work| {
            // 31 bytes, 12 marks among them.
            assert_eq!(work.spend_most(b"{\"messages\":[{\"content\":\"a\\n\"},"), 31);
            assert_eq!(work.left(), 8192 - 31 - 6 * 12);
        });
    }

    #[test]
    fn a_text_is_paid_for_as_far_as_the_credit_goes() {
        let mut work = Work::new(0);
        // 7 units for each byte: 8,192 pay for one part, and 8,192 + 16,000 for three.
        assert_eq!(work.push(0, |work| work.spend_most(&[b','; 5000])), 1024);
        assert_eq!(work.push(1000, |work| work.spend_most(&[b','; 20_000])), 3 * 1024);
        assert_eq!(work.push(0, |work| work.spend_most(&[b'x'; 20_000])), 8192);
    }

    #[test]
    fn every_byte_is_a_mark_or_none() {
        for byte in 0..=u8::MAX {
            let mark = byte < 16 || b"\",[\\]{|}".contains(&byte);
            for length in [1, 7, 63, 64, 65, PART] {
                assert_eq!(marks(&vec![byte; length]), if mark { length } else { 0 }, "{byte:#x}");
            }
            // Beside others.
            for other in *b"\0\",[z{\x80\xFF" {
                let word = [other, byte, other, byte, byte, other, other, byte];
                let both: usize = word.iter().map(|byte| marks(&[*byte])).sum();
                assert_eq!(marks(&word), both, "{byte:#x} beside {other:#x}");
            }
        }
    }
}
