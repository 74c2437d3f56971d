//! Bits out of bytes: forwards for table descriptions, backwards for everything that is entropy-coded.

/// Reads bits from the first byte on, least significant first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Forward<'a> {
    bytes: &'a [u8],
    /// How many bits have been read.
    at: usize,
}

impl<'a> Forward<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next `count` bits (at most 16) without reading them; what is past the end is zeros.
    pub(super) fn peek(&self, count: u32) -> u32 {
        let mut word = [0; 4];
        let bytes = self.bytes.get(self.at / 8..).unwrap_or_default();
        for (room, byte) in word.iter_mut().zip(bytes) {
            *room = *byte;
        }
        let shift = u32::try_from(self.at % 8).unwrap_or_default();
        u32::from_le_bytes(word).wrapping_shr(shift) & low_bits(count)
    }

    pub(super) fn skip(&mut self, count: u32) {
        self.at = self.at.saturating_add(usize::try_from(count).unwrap_or_default());
    }

    /// The bytes that follow the last one of which a bit was read; `None` if more was read than there is.
    pub(super) fn rest(&self) -> Option<&'a [u8]> {
        self.bytes.get(self.at.div_ceil(8)..)
    }
}

/// Reads bits from the last byte back to the first, most significant first, after the highest bit that is
/// set, which marks the end. Past the first byte it reads zeros, and knows it.
#[derive(Clone, Debug)]
pub(super) struct Backward<'a> {
    /// What has not been loaded.
    bytes: &'a [u8],
    /// The next bits, from the top: the first `loaded` of them count.
    word: u64,
    /// `0 ..= 64`
    loaded: u32,
    /// How many zeros were read past the first byte.
    overrun: u32,
}

impl<'a> Backward<'a> {
    /// `None` if there is no end marker.
    pub(super) fn new(bytes: &'a [u8]) -> Option<Self> {
        let marker = bytes.last()?.leading_zeros();
        let mut bits = Self { bytes, word: 0, loaded: 0, overrun: 0 };
        (marker < 8).then(|| {
            bits.read(marker.saturating_add(1));
            bits
        })
    }

    /// The next `count` bits, at most 32.
    #[inline]
    pub(super) fn read(&mut self, count: u32) -> u32 {
        let value = self.peek(count);
        self.skip(count);
        value
    }

    /// The next `count` bits, at most 32, without reading them.
    #[inline]
    pub(super) fn peek(&mut self, count: u32) -> u32 {
        if self.loaded < count {
            self.load();
        }
        // Two shifts, as one by 64 is none.
        let value = (self.word >> 1).wrapping_shr(63_u32.wrapping_sub(count));
        u32::try_from(value).unwrap_or_default()
    }

    /// Passes over `count` bits, at most 32, that were peeked at.
    #[inline]
    pub(super) fn skip(&mut self, count: u32) {
        self.word = self.word.wrapping_shl(count);
        match self.loaded.checked_sub(count) {
            Some(loaded) => self.loaded = loaded,
            None => {
                self.overrun = self.overrun.saturating_add(count.saturating_sub(self.loaded));
                self.loaded = 0;
            }
        }
    }

    /// Whether more bits were read than there are.
    pub(super) fn is_overrun(&self) -> bool {
        self.overrun > 0
    }

    /// Whether all bits were read, and none past them.
    pub(super) fn is_exhausted(&self) -> bool {
        self.bytes.is_empty() && self.loaded == 0 && self.overrun == 0
    }

    /// Loads whole bytes while there is room for one.
    fn load(&mut self) {
        if let Some((rest, eight)) = self.bytes.split_last_chunk::<8>() {
            // Bits of a byte that is loaded in part are there below those that count; it is loaded again.
            self.word |= u64::from_le_bytes(*eight).wrapping_shr(self.loaded);
            let bytes = 64_u32.saturating_sub(self.loaded) / 8;
            self.loaded = self.loaded.saturating_add(bytes.saturating_mul(8));
            let again = 8_usize.saturating_sub(usize::try_from(bytes).unwrap_or_default());
            self.bytes = self.bytes.get(..rest.len().saturating_add(again)).unwrap_or(rest);
            return;
        }
        while let (true, Some((&byte, rest))) = (self.loaded <= 56, self.bytes.split_last()) {
            self.word |= u64::from(byte).wrapping_shl(56_u32.saturating_sub(self.loaded));
            self.loaded = self.loaded.saturating_add(8);
            self.bytes = rest;
        }
    }
}

/// `count` ones, at most 32.
fn low_bits(count: u32) -> u32 {
    1_u32.checked_shl(count).map_or(u32::MAX, |bit| bit.wrapping_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwards_from_the_lowest_bit() {
        let mut bits = Forward::new(&[0b1010_0110, 0b1]);
        assert_eq!(bits.peek(4), 0b0110);
        bits.skip(4);
        assert_eq!(bits.peek(5), 0b1_1010);
        bits.skip(5);
        assert_eq!(bits.peek(9), 0);
        assert_eq!(bits.rest(), Some([].as_slice()));
        bits.skip(8);
        assert_eq!(bits.rest(), None);
    }

    #[test]
    fn backwards_after_the_end_marker() {
        let mut bits = Backward::new(&[0b1100_0011, 0b0000_0101]).unwrap();
        assert_eq!(bits.read(2), 0b01);
        assert_eq!(bits.read(5), 0b11000);
        assert_eq!(bits.peek(3), 0b011);
        assert_eq!(bits.read(3), 0b011);
        assert!(bits.is_exhausted());
        assert_eq!(bits.read(2), 0);
        assert!(bits.is_overrun() && !bits.is_exhausted());
    }

    #[test]
    fn backwards_over_many_words() {
        let bytes: Vec<u8> = (1..=40).collect();
        let mut bits = Backward::new(&bytes).unwrap();
        // 40 is 0b101000: five bits after the marker.
        assert_eq!(bits.read(5), 0b01000);
        for byte in (1..40).rev() {
            assert_eq!(bits.read(3), byte >> 5);
            assert_eq!(bits.read(5), byte & 0b11111);
        }
        assert!(bits.is_exhausted());
    }

    #[test]
    fn without_an_end_marker_there_is_nothing() {
        assert!(Backward::new(&[]).is_none());
        assert!(Backward::new(&[1, 0]).is_none());
        assert!(Backward::new(&[1]).is_some_and(|bits| bits.is_exhausted()));
    }
}
