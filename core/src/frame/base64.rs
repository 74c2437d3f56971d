//! Base64 off, incrementally: for payloads that an API wraps in a JSON text (Bedrock's `bytes`).
//!
//! Takes the standard and the URL alphabet, even mixed, with or without padding, and passes over white space.

/// Decodes one base64 text.
#[derive(Clone, Debug, Default)]
pub struct Base64 {
    /// The bits of a group of four characters that is not complete, six of each.
    group: u32,
    /// How many characters of the group there are: `0 ..= 3`.
    group_len: u8,
    /// The padding has begun.
    ended: bool,
}

/// A text that is not base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base64Error {
    /// A character outside both alphabets, or one after the padding.
    Character,
    /// The text ends within a byte.
    Length,
}

impl Base64 {
    /// Decodes the next piece of the text; `out` is handed what it gives, at most 768 bytes at a time.
    ///
    /// # Errors
    /// What came before the error has been handed out; the text is not to be pushed further.
    pub fn push(&mut self, piece: &[u8], out: &mut impl FnMut(&[u8])) -> Result<(), Base64Error> {
        let mut buffer = [0; BUFFER];
        let mut rest = piece;
        let mut result = Ok(());
        while !rest.is_empty() && result.is_ok() {
            let mut filled = 0_usize;
            for room in buffer.as_chunks_mut::<3>().0 {
                match self.group(&mut rest) {
                    Ok((bytes, len)) => {
                        *room = bytes;
                        filled = filled.saturating_add(len);
                        if len == bytes.len() {
                            continue;
                        }
                    }
                    Err(error) => result = Err(error),
                }
                break;
            }
            if let Some(bytes) = buffer.get(..filled).filter(|bytes| !bytes.is_empty()) {
                out(bytes);
            }
        }
        result
    }

    /// The text has ended: hands out the bytes of a last group that was not padded.
    ///
    /// # Errors
    /// [`Base64Error::Length`] if the last group is a single character.
    pub fn finish(&mut self, out: &mut impl FnMut(&[u8])) -> Result<(), Base64Error> {
        let (bytes, len) = self.end_group()?;
        if let Some(bytes) = bytes.get(..len).filter(|bytes| !bytes.is_empty()) {
            out(bytes);
        }
        Ok(())
    }

    /// Decodes up to one group; gives its bytes and how many count: three, or fewer at the padding or where
    /// the piece ends.
    fn group(&mut self, rest: &mut &[u8]) -> Result<([u8; 3], usize), Base64Error> {
        if let (0, false, Some((&[a, b, c, d], after))) =
            (self.group_len, self.ended, rest.split_first_chunk())
        {
            let [a, b, c, d] = [a, b, c, d].map(sextet);
            if (a | b | c | d) < SPACE {
                *rest = after;
                let group = u32::from(a) << 18 | u32::from(b) << 12 | u32::from(c) << 6 | u32::from(d);
                let [_, bytes @ ..] = group.to_be_bytes();
                return Ok((bytes, bytes.len()));
            }
        }
        while let Some((&byte, after)) = rest.split_first() {
            *rest = after;
            match sextet(byte) {
                SPACE => {}
                PADDING if self.ended => {}
                PADDING => {
                    self.ended = true;
                    return self.end_group();
                }
                bits if bits < SPACE && !self.ended => {
                    self.group = self.group << 6 | u32::from(bits);
                    self.group_len = self.group_len.saturating_add(1);
                    if self.group_len == 4 {
                        return self.end_group();
                    }
                }
                _ => return Err(Base64Error::Character),
            }
        }
        Ok(([0; 3], 0))
    }

    fn end_group(&mut self) -> Result<([u8; 3], usize), Base64Error> {
        let group = std::mem::take(&mut self.group);
        let (group, len) = match std::mem::take(&mut self.group_len) {
            0 => (0, 0),
            1 => return Err(Base64Error::Length),
            2 => (group << 12, 1),
            3 => (group << 6, 2),
            _ => (group, 3),
        };
        let [_, bytes @ ..] = group.to_be_bytes();
        Ok((bytes, len))
    }
}

/// The six bits of a character; [`SPACE`], [`PADDING`] or [`INVALID`] for others.
fn sextet(byte: u8) -> u8 {
    SEXTETS.get(usize::from(byte)).copied().unwrap_or(INVALID)
}

#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
static SEXTETS: [u8; 256] = {
    let mut table = [INVALID; 256];
    let mut byte = 0_u8;
    loop {
        let bits = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b' ' | b'\t' | b'\r' | b'\n' => SPACE,
            b'=' => PADDING,
            _ => INVALID,
        };
        table[byte as usize] = bits;
        if byte == u8::MAX {
            break table;
        }
        byte += 1;
    }
};

/// Size of the pieces that are handed out, in bytes; it stands on the stack.
const BUFFER: usize = 768;

// Above all six-bit values, each with a bit that none of those has.
const SPACE: u8 = 0x40;
const PADDING: u8 = 0x41;
const INVALID: u8 = 0x80;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(pieces: &[&[u8]]) -> (Vec<u8>, Result<(), Base64Error>) {
        let mut decoder = Base64::default();
        let mut decoded = Vec::new();
        let mut out = |bytes: &[u8]| {
            assert!(!bytes.is_empty() && bytes.len() <= BUFFER);
            decoded.extend_from_slice(bytes);
        };
        let result = pieces
            .iter()
            .try_for_each(|piece| decoder.push(piece, &mut out))
            .and_then(|()| decoder.finish(&mut out));
        (decoded, result)
    }

    #[test]
    fn both_alphabets_padded_or_not() {
        for (text, bytes) in [
            ("", "".as_bytes()),
            ("Zg==", b"f"),
            ("Zg", b"f"),
            ("Zm8=", b"fo"),
            ("Zm8", b"fo"),
            ("Zm9v", b"foo"),
            ("Zm9vYmFy", b"foobar"),
            ("+/+/", b"\xFB\xFF\xBF"),
            ("-_-_", b"\xFB\xFF\xBF"),
            (" Zm9v\r\nYm Fy\n", b"foobar"),
            ("Zg=", b"f"),
        ] {
            assert_eq!(decode(&[text.as_bytes()]), (bytes.to_vec(), Ok(())), "{text}");
        }
    }

    #[test]
    fn what_is_no_base64() {
        for (text, bytes, error) in [
            ("Zm9v!", "foo".as_bytes(), Base64Error::Character),
            ("Zg==Zg==", b"f", Base64Error::Character),
            ("Z", b"", Base64Error::Length),
            ("Zm9vY", b"foo", Base64Error::Length),
            ("Zm9vé", b"foo", Base64Error::Character),
        ] {
            assert_eq!(decode(&[text.as_bytes()]), (bytes.to_vec(), Err(error)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_reference_at_any_split(bytes: Vec<u8>, cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
            use ::base64::Engine as _;
            let text = ::base64::engine::general_purpose::STANDARD.encode(&bytes);
            let pieces = super::super::test_support::split(text.as_bytes(), &cuts);
            prop_assert_eq!(decode(&pieces), (bytes, Ok(())));
        }
    }
}
