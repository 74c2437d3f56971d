//! Jumps to the next byte that matters.
//!
//! Near bytes are found eight at a time in a register, which on the short texts of stream events is faster
//! than a call of `memchr`; from there on `memchr` goes at the speed of memory.

use memchr::memchr2;

/// Words looked at before `memchr` takes over: what is found within 32 bytes costs no call.
const NEAR: usize = 4;
/// The same for ends of lines: those of a message are longer, and there is nothing to save.
const NEAR_LINE: usize = 2;

/// Where a text's next quote or backslash stands.
#[inline]
pub(crate) fn quote_or_backslash(bytes: &[u8]) -> Option<usize> {
    either::<b'"', b'\\', NEAR>(bytes)
}

/// Where the line ends.
#[inline]
pub(crate) fn line_end(bytes: &[u8]) -> Option<usize> {
    either::<b'\r', b'\n', NEAR_LINE>(bytes)
}

#[inline]
fn either<const A: u8, const B: u8, const NEAR: usize>(bytes: &[u8]) -> Option<usize> {
    let (words, _) = bytes.as_chunks::<8>();
    let mut at = 0_usize;
    for word in words.iter().take(NEAR) {
        let word = u64::from_le_bytes(*word);
        let found = equal(word, A) | equal(word, B);
        if found != 0 {
            return Some(at.wrapping_add(first(found)));
        }
        at = at.wrapping_add(8);
    }
    let found = memchr2(A, B, bytes.get(at..)?)?;
    Some(at.wrapping_add(found))
}

/// Where the next quote or bracket stands, outside texts.
#[inline]
pub(crate) fn quote_or_bracket(bytes: &[u8]) -> Option<usize> {
    /// What `[` and `{`, `]` and `}` differ by.
    const CURLY: u64 = splat(0x20);
    let (words, tail) = bytes.as_chunks::<8>();
    let mut at = 0_usize;
    for word in words {
        let word = u64::from_le_bytes(*word);
        let found = equal(word, b'"') | equal(word | CURLY, b'{') | equal(word | CURLY, b'}');
        if found != 0 {
            return Some(at.wrapping_add(first(found)));
        }
        at = at.wrapping_add(8);
    }
    let found = tail.iter().position(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']'))?;
    Some(at.wrapping_add(found))
}

/// Marks the bytes of `word` that are `byte` by their high bits. Only the lowest mark is sure: a borrow may
/// set wrong ones above it.
const fn equal(word: u64, byte: u8) -> u64 {
    let zero_where_equal = word ^ splat(byte);
    zero_where_equal.wrapping_sub(splat(1)) & !zero_where_equal & splat(0x80)
}

/// The index of the lowest marked byte.
const fn first(marks: u64) -> usize {
    (marks.trailing_zeros() / 8) as usize
}

const fn splat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Bytes that differ from a needle by one bit, or by the borrow of [`equal`], are the likely slips.
        #[test]
        fn agree_with_a_plain_search(bytes in prop::collection::vec(
            prop_oneof![Just(b'"'), Just(b'\\'), Just(b'\r'), Just(b'\n'), Just(b'['), Just(b'}'), Just(b'#'), Just(b'!'), Just(2), any::<u8>(),
                Just(b' '), Just(b'x'), Just(b'x'), Just(b'x'), Just(b'x'), Just(b'x')],
            0..100,
        )) {
            prop_assert_eq!(quote_or_backslash(&bytes), bytes.iter().position(|b| b"\"\\".contains(b)));
            prop_assert_eq!(line_end(&bytes), bytes.iter().position(|b| b"\r\n".contains(b)));
            prop_assert_eq!(quote_or_bracket(&bytes), bytes.iter().position(|b| b"\"{}[]".contains(b)));
        }
    }

    #[test]
    fn found_at_every_distance() {
        for distance in 0..300 {
            let mut bytes = vec![b'x'; 300];
            bytes[distance] = b'"';
            assert_eq!(quote_or_backslash(&bytes), Some(distance));
            assert_eq!(quote_or_bracket(&bytes), Some(distance));
        }
        assert_eq!(quote_or_backslash(&[b'x'; 300]), None);
        assert_eq!(quote_or_bracket(&[b'x'; 300]), None);
    }
}
