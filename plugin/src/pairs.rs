//! The serialisation of header maps between Envoy and the filter.
//!
//! A count of pairs, then for each the lengths of name and value, then for each name and value, both followed
//! by a NUL; all numbers 32 bits, little-endian. An empty map may be no bytes at all.

/// A header: its name and its value.
pub(crate) type Pair<'a> = (&'a [u8], &'a [u8]);

/// Appends the pairs that `block` holds. Where lengths and bytes do not fit, the pairs until there.
pub(crate) fn parse<'a>(block: &'a [u8], pairs: &mut Vec<Pair<'a>>) {
    let Some((count, rest)) = block.split_first_chunk() else { return };
    // Every pair takes at least ten bytes, so no count makes this reserve more than the block has.
    let count = (u32::from_le_bytes(*count) as usize).min(rest.len() / MIN_PAIR);
    let Some((lengths, mut content)) = rest.split_at_checked(count.saturating_mul(LENGTHS)) else { return };
    pairs.reserve(count);
    for lengths in lengths.chunks_exact(LENGTHS) {
        let Some((name, value)) = lengths.split_first_chunk() else { return };
        let Some(value) = value.first_chunk() else { return };
        let Some((name, rest)) = field(content, *name) else { return };
        let Some((value, rest)) = field(rest, *value) else { return };
        pairs.push((name, value));
        content = rest;
    }
}

/// One text, and what follows its NUL.
fn field(content: &[u8], length: [u8; 4]) -> Option<(&[u8], &[u8])> {
    let (text, rest) = content.split_at_checked(u32::from_le_bytes(length) as usize)?;
    Some((text, rest.get(1..)?))
}

/// Bytes of a pair's two lengths.
const LENGTHS: usize = 8;
/// Bytes of the smallest pair: two lengths, two NULs.
const MIN_PAIR: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    /// As Envoy writes a map.
    fn block(pairs: &[(&str, &[u8])]) -> Vec<u8> {
        let mut block = (pairs.len() as u32).to_le_bytes().to_vec();
        for (name, value) in pairs {
            block.extend((name.len() as u32).to_le_bytes());
            block.extend((value.len() as u32).to_le_bytes());
        }
        for (name, value) in pairs {
            block.extend(name.as_bytes());
            block.push(0);
            block.extend(*value);
            block.push(0);
        }
        block
    }

    fn parsed(block: &[u8]) -> Vec<Pair<'_>> {
        let mut pairs = Vec::new();
        parse(block, &mut pairs);
        pairs
    }

    #[test]
    fn reads_a_map() {
        let block = block(&[(":path", b"/v1"), ("x-latin", b"\xff\x00"), ("", b""), ("x-latin", b"2")]);
        assert_eq!(
            parsed(&block),
            [
                (b":path".as_slice(), b"/v1".as_slice()),
                (b"x-latin", b"\xff\x00"),
                (b"", b""),
                (b"x-latin", b"2")
            ]
        );
    }

    #[test]
    fn an_empty_map_has_several_shapes() {
        for empty in [b"".as_slice(), b"\0", &[0; 4]] {
            assert_eq!(parsed(empty), []);
        }
    }

    #[test]
    fn no_length_reaches_beyond_the_block() {
        let whole = block(&[("a", b"1"), ("b", b"2")]);
        for end in 0..whole.len() {
            assert!(parsed(&whole[..end]).len() < 2, "{end}");
        }
        for (at, expected) in [(0, 2), (4, 0), (8, 0), (12, 1), (16, 1)] {
            let mut lying = whole.clone();
            lying[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
            let pairs = parsed(&lying);
            assert!(pairs.len() <= expected, "{at}: {pairs:?}");
            assert!(pairs.capacity() <= lying.len());
        }
    }
}
