//! gzip (RFC 1952) of a request's body.
//!
//! Telemetry repeats itself: what compressing it gains are the texts that stood there before, above all the keys of
//! attributes. This looks for those, once for each place, and writes all in the fixed codes of deflate (RFC 1951,
//! §3.2.6). Of spans in protobuf it leaves what `miniz_oxide` leaves at its fast level, an eighth, for less work, and
//! wants 16 KiB of memory in the place of 320, which a VM would never give back.

/// The body, compressed.
#[must_use]
pub fn gzip(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity((body.len() / USUAL_GAIN).saturating_add(HEAD_AND_END));
    out.extend_from_slice(HEAD);
    let mut codes = Codes { out: &mut out, bits: 0, count: 0 };
    codes.bits(LAST_BLOCK_IN_FIXED_CODES, 3);
    deflate(body, &mut codes);
    codes.symbol(END_OF_BLOCK);
    codes.end();
    out.extend(crc32fast::hash(body).to_le_bytes());
    // Modulo 2^32, by the format.
    out.extend((body.len() as u32).to_le_bytes());
    out
}

/// Writes the body as single bytes and as copies of what stood there before.
fn deflate(body: &[u8], codes: &mut Codes<'_>) {
    // Where four bytes of that hash last began. 0 where they never did, which is looked at in vain.
    let mut places = vec![0_u32; 1 << HASH_BITS];
    let mut at = 0_usize;
    while let Some((byte, _)) = body.get(at..).and_then(<[u8]>::split_first) {
        let step = match earlier(body, at, &mut places) {
            Some((length, distance)) => {
                codes.copy(length, distance);
                length as usize
            }
            None => {
                codes.symbol(u32::from(*byte));
                1
            }
        };
        at = at.saturating_add(step);
    }
}

/// How much of what follows stood there before, and how long ago; that it stands here is remembered.
fn earlier(body: &[u8], at: usize, places: &mut [u32]) -> Option<(u32, u32)> {
    let here = body.get(at..)?;
    let hash = u32::from_le_bytes(*here.first_chunk()?).wrapping_mul(MIXER) >> (u32::BITS - HASH_BITS);
    let place = places.get_mut(hash as usize)?;
    let before = std::mem::replace(place, u32::try_from(at).ok()?) as usize;
    let distance = at.checked_sub(before).filter(|distance| (1..=MOST_DISTANCE).contains(distance))?;
    let length = common(body.get(before..)?, here);
    (length >= LEAST_LENGTH).then_some((length as u32, distance as u32))
}

/// How many bytes both begin with, of those that one copy may have.
fn common(one: &[u8], other: &[u8]) -> usize {
    let mut length = 0_usize;
    let words = one.as_chunks::<8>().0.iter().zip(other.as_chunks::<8>().0);
    for (a, b) in words.take(MOST_LENGTH / 8) {
        let difference = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if difference != 0 {
            return length.wrapping_add((difference.trailing_zeros() / 8) as usize);
        }
        length = length.wrapping_add(8);
    }
    let rest = one.iter().zip(other).take(MOST_LENGTH).skip(length);
    length.wrapping_add(rest.take_while(|(a, b)| a == b).count())
}

/// Writes symbols in the fixed codes, bit by bit.
struct Codes<'o> {
    out: &'o mut Vec<u8>,
    /// Not written yet, from the lowest bit on.
    bits: u64,
    /// How many these are: `0 .. 32`.
    count: u32,
}

impl Codes<'_> {
    /// A byte, the end of the block, or the length of a copy (without its further bits).
    fn symbol(&mut self, symbol: u32) {
        // The first codes of the four lengths, by the table in §3.2.6.
        let (code, length) = match symbol {
            0..144 => (symbol.wrapping_add(0b0011_0000), 8),
            144..256 => (symbol.wrapping_sub(144).wrapping_add(0b1_1001_0000), 9),
            256..280 => (symbol.wrapping_sub(256), 7),
            _ => (symbol.wrapping_sub(280).wrapping_add(0b1100_0000), 8),
        };
        self.code(code, length);
    }

    /// So many bytes ([`LEAST_LENGTH`] to [`MOST_LENGTH`]) from so many bytes ago (1 to [`MOST_DISTANCE`]). The tables
    /// in §3.2.5 are computed: symbols stand for ranges that double every fourth (every second) symbol, and further
    /// bits say where in the range.
    fn copy(&mut self, length: u32, distance: u32) {
        if length == MOST_LENGTH as u32 {
            self.symbol(285);
        } else {
            let length = length.wrapping_sub(3);
            let further = length.max(4).ilog2().wrapping_sub(2);
            self.symbol(further.wrapping_mul(4).wrapping_add(length >> further).wrapping_add(257));
            self.bits(length & low_bits(further), further);
        }
        let distance = distance.wrapping_sub(1);
        let further = distance.max(2).ilog2().wrapping_sub(1);
        self.code(further.wrapping_mul(2).wrapping_add(distance >> further), 5);
        self.bits(distance & low_bits(further), further);
    }

    /// A code: unlike all else, its highest bit goes first.
    fn code(&mut self, code: u32, length: u32) {
        self.bits(code.reverse_bits() >> u32::BITS.wrapping_sub(length), length);
    }

    fn bits(&mut self, bits: u32, count: u32) {
        self.bits |= u64::from(bits) << self.count;
        self.count = self.count.wrapping_add(count);
        if self.count >= u32::BITS {
            self.out.extend((self.bits as u32).to_le_bytes());
            self.bits >>= u32::BITS;
            self.count = self.count.wrapping_sub(u32::BITS);
        }
    }

    /// What is left, in whole bytes.
    fn end(self) {
        self.out.extend(self.bits.to_le_bytes().into_iter().take(self.count.div_ceil(8) as usize));
    }
}

fn low_bits(count: u32) -> u32 {
    !(u32::MAX << count)
}

/// Deflate, no name, no time, the fastest algorithm, an unknown system.
const HEAD: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255];
/// Of a body that is nearly empty.
const HEAD_AND_END: usize = 64;
/// How many times as long as its gzip a body usually is, at least.
const USUAL_GAIN: usize = 4;
/// The last block, and its type.
const LAST_BLOCK_IN_FIXED_CODES: u32 = 0b011;
const END_OF_BLOCK: u32 = 256;
/// Bytes of a copy. Deflate could copy three, but the hash is of four.
const LEAST_LENGTH: usize = 4;
const MOST_LENGTH: usize = 258;
const MOST_DISTANCE: usize = 32 << 10;
const HASH_BITS: u32 = 12;
/// Odd, with bits everywhere: 2^32 divided by the golden ratio.
const MIXER: u32 = 0x9e37_79b1;

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;
    use proptest::prelude::*;

    use super::*;
    use crate::otlp::fuzz::fuzz_gzip_writer;

    fn gunzip(bytes: &[u8]) -> Vec<u8> {
        let mut body = Vec::new();
        GzDecoder::new(bytes).read_to_end(&mut body).unwrap();
        body
    }

    proptest! {
        #[test]
        fn is_read_back(body in prop::collection::vec(any::<u8>(), 0..400)) {
            fuzz_gzip_writer(&body);
            prop_assert_eq!(gunzip(&gzip(&body)), body);
        }

        /// Pieces that recur at any distance, in any length.
        #[test]
        fn what_repeats_itself_is_read_back(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 1..5),
            order in prop::collection::vec((any::<prop::sample::Index>(), 1..3_usize), 0..300),
        ) {
            let body: Vec<u8> =
                order.iter().flat_map(|(piece, times)| piece.get(&pieces).repeat(*times)).collect();
            prop_assert_eq!(gunzip(&gzip(&body)), body);
        }
    }

    #[test]
    fn copies_of_all_lengths_and_distances_are_read_back() {
        for length in 4..=600 {
            let piece: Vec<u8> =
                (0..length as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
            let body = [piece.as_slice(), b"|", &piece, b"!"].concat();
            assert_eq!(gunzip(&gzip(&body)), body, "{length}");
        }
        for distance in (1..=40_000).step_by(37).chain([1, 2, 3, 4, 5, 32_767, 32_768, 32_769]) {
            let between = vec![0; distance];
            let body = [b"inferspan".as_slice(), &between, b"inferspan"].concat();
            assert_eq!(gunzip(&gzip(&body)), body, "{distance}");
        }
    }

    #[test]
    fn a_copy_is_written_as_the_specification_says() {
        // The last block (1), fixed codes (01, lowest bit first); `a` (10010001), nine more of it: the length's symbol
        // 263 (0000111), the distance's 0 (00000); the end (0000000). Bytes fill up from their lowest bit:
        // 1 10 10010|001 00001|11 00000 0|000000.
        let bytes = gzip(&[b'a'; 10]);
        assert_eq!(bytes[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255]);
        assert_eq!(bytes[10..14], [0b0100_1011, 0b1000_0100, 0b0000_0011, 0]);
        assert_eq!(bytes[14..], [0xf0, 0xcd, 0x11, 0x4c, 10, 0, 0, 0]);
    }

    #[test]
    fn what_recurs_takes_little_and_what_does_not_hardly_more() {
        let keys = b"gen_ai.operation.name gen_ai.provider.name server.address ".repeat(100);
        assert!(gzip(&keys).len() < keys.len() / 30, "{}", gzip(&keys).len());
        let noise: Vec<u8> = (0..10_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        assert!(gzip(&noise).len() < noise.len() * 9 / 8 + 32, "{}", gzip(&noise).len());
        assert_eq!(gzip(b"").len(), 20);
    }
}
