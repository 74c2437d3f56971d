//! XXH64, the checksum of a frame's content (RFC 8878 §3.1.1), with a seed of 0.

use crate::gather::Gather;

/// The checksum of what has passed.
#[derive(Clone, Debug)]
pub(crate) struct Xxh64 {
    lanes: [u64; 4],
    /// What does not fill a stripe yet.
    rest: Gather<STRIPE>,
    length: u64,
}

impl Xxh64 {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.length = self.length.wrapping_add(u64::try_from(bytes.len()).unwrap_or_default());
        let mut bytes = bytes;
        if self.rest.len() > 0 {
            bytes = self.rest.take(STRIPE, bytes);
            if self.rest.len() < STRIPE {
                return;
            }
            self.stripe(&self.rest.array());
            self.rest.clear();
        }
        let (stripes, rest) = bytes.as_chunks::<STRIPE>();
        for stripe in stripes {
            self.stripe(stripe);
        }
        self.rest.take(STRIPE, rest);
    }

    pub(crate) fn digest(&self) -> u64 {
        let [a, b, c, d] = self.lanes;
        let mut hash = if self.length < 32 {
            PRIME_5
        } else {
            let sum = a.rotate_left(1).wrapping_add(b.rotate_left(7));
            let sum = sum.wrapping_add(c.rotate_left(12)).wrapping_add(d.rotate_left(18));
            self.lanes
                .iter()
                .fold(sum, |hash, lane| (hash ^ round(0, *lane)).wrapping_mul(PRIME_1).wrapping_add(PRIME_4))
        };
        hash = hash.wrapping_add(self.length);
        let (words, rest) = self.rest.as_slice().as_chunks::<8>();
        for word in words {
            hash ^= round(0, u64::from_le_bytes(*word));
            hash = hash.rotate_left(27).wrapping_mul(PRIME_1).wrapping_add(PRIME_4);
        }
        let (halves, rest) = rest.as_chunks::<4>();
        for half in halves {
            hash ^= u64::from(u32::from_le_bytes(*half)).wrapping_mul(PRIME_1);
            hash = hash.rotate_left(23).wrapping_mul(PRIME_2).wrapping_add(PRIME_3);
        }
        for byte in rest {
            hash ^= u64::from(*byte).wrapping_mul(PRIME_5);
            hash = hash.rotate_left(11).wrapping_mul(PRIME_1);
        }
        hash = (hash ^ hash >> 33).wrapping_mul(PRIME_2);
        hash = (hash ^ hash >> 29).wrapping_mul(PRIME_3);
        hash ^ hash >> 32
    }

    fn stripe(&mut self, stripe: &[u8; STRIPE]) {
        let (words, _) = stripe.as_chunks::<8>();
        for (lane, word) in self.lanes.iter_mut().zip(words) {
            *lane = round(*lane, u64::from_le_bytes(*word));
        }
    }
}

impl Default for Xxh64 {
    fn default() -> Self {
        let lanes = [PRIME_1.wrapping_add(PRIME_2), PRIME_2, 0, 0_u64.wrapping_sub(PRIME_1)];
        Self { lanes, rest: Gather::default(), length: 0 }
    }
}

fn round(lane: u64, word: u64) -> u64 {
    lane.wrapping_add(word.wrapping_mul(PRIME_2)).rotate_left(31).wrapping_mul(PRIME_1)
}

const STRIPE: usize = 32;

const PRIME_1: u64 = 0x9E37_79B1_85EB_CA87;
const PRIME_2: u64 = 0xC2B2_AE3D_27D4_EB4F;
const PRIME_3: u64 = 0x1656_67B1_9E37_79F9;
const PRIME_4: u64 = 0x85EB_CA77_C2B2_AE63;
const PRIME_5: u64 = 0x27D4_EB2F_1656_67C5;

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(pieces: &[&[u8]]) -> u64 {
        let mut hash = Xxh64::default();
        for piece in pieces {
            hash.update(piece);
        }
        hash.digest()
    }

    #[test]
    fn known_values() {
        assert_eq!(hash(&[]), 0xEF46_DB37_51D8_E999);
        assert_eq!(hash(&[b"a"]), 0xD24E_C4F1_A98C_6E5B);
        assert_eq!(hash(&[b"abc"]), 0x44BC_2CF5_AD77_0999);
        assert_eq!(hash(&[b"Nobody inspects the spammish repetition"]), 0xFBCE_A83C_8A37_8BF1);
    }

    #[test]
    fn any_split_gives_the_same() {
        let text: Vec<u8> = (0..=255).cycle().take(100).collect();
        let whole = hash(&[&text]);
        for at in 0..text.len() {
            assert_eq!(hash(&[&text[..at], &text[at..]]), whole, "split at {at}");
        }
    }
}
