//! Decodes the escapes of JSON texts, one byte at a time, across any split.
//!
//! Surrogate pairs become one character, lone surrogates U+FFFD.

/// The escape in progress. Idle: `phase == Phase::Plain && high == 0`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Escape {
    phase: Phase,
    /// The hex digits so far, `0` outside [`Phase::Hex`].
    unit: u16,
    /// A high surrogate whose low one may follow (`0xD800..=0xDBFF`), else 0.
    high: u16,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// No backslash is open.
    #[default]
    Plain,
    /// After the backslash.
    Backslash,
    /// After `\u`, with so many digits to come (1 to 4).
    Hex(u8),
}

/// What a byte did to an escape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The byte belongs to the escape, which goes on or stands for nothing yet.
    Taken,
    /// The byte ends the escape, which stands for this.
    Decoded(Decoded),
    /// The escape had ended before the byte, which is not looked at yet, and stands for this.
    Before(Decoded),
    /// The byte cannot be here.
    Invalid,
}

/// What escapes stand for, in UTF-8: at most two characters (a lone surrogate and what follows it).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Decoded {
    buffer: [u8; 8],
    length: u8,
}

/// What the escape at the beginning of these bytes stands for, and what follows it. `None` where it is not whole, none, or
/// a surrogate.
#[inline]
pub(super) fn whole(bytes: &[u8]) -> Option<(Decoded, &[u8])> {
    let (character, rest) = match bytes {
        [b'\\', b'u', a, b, c, d, rest @ ..] => {
            let digit = |byte: &u8| char::from(*byte).to_digit(16);
            let unit = digit(a)? << 12 | digit(b)? << 8 | digit(c)? << 4 | digit(d)?;
            (char::from_u32(unit)?, rest)
        }
        [b'\\', byte, rest @ ..] => (short(*byte)?.into(), rest),
        _ => return None,
    };
    Some((Decoded::of(character), rest))
}

/// What a backslash and this byte stand for.
#[inline]
pub(super) const fn short(byte: u8) -> Option<u8> {
    Some(match byte {
        b'"' | b'\\' | b'/' => byte,
        b'b' => 0x08,
        b'f' => 0x0C,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        _ => return None,
    })
}

impl Escape {
    /// A backslash has passed.
    pub(crate) fn begin(&mut self) {
        self.phase = Phase::Backslash;
    }

    /// Whether the next byte belongs to [`Escape::feed`].
    pub(crate) fn active(&self) -> bool {
        self.phase != Phase::Plain || self.high != 0
    }

    /// The next byte of an active escape.
    pub(crate) fn feed(&mut self, byte: u8) -> Step {
        match self.phase {
            Phase::Plain if byte == b'\\' => {
                self.phase = Phase::Backslash;
                Step::Taken
            }
            Phase::Plain => Step::Before(self.end(None)),
            Phase::Backslash => {
                if byte == b'u' {
                    (self.phase, self.unit) = (Phase::Hex(4), 0);
                    return Step::Taken;
                }
                let Some(character) = short(byte) else { return Step::Invalid };
                Step::Decoded(self.end(Some(character.into())))
            }
            Phase::Hex(left) => {
                let Some(digit) = char::from(byte).to_digit(16) else { return Step::Invalid };
                self.unit = (self.unit << 4) | digit as u16;
                if left > 1 {
                    self.phase = Phase::Hex(left.saturating_sub(1));
                    return Step::Taken;
                }
                self.unit()
            }
        }
    }

    /// The four digits of a `\u` are there.
    fn unit(&mut self) -> Step {
        let unit = self.unit;
        match (self.high, unit) {
            (high @ 0xD800..=0xDBFF, 0xDC00..=0xDFFF) => {
                self.high = 0;
                let pair = [high, unit];
                Step::Decoded(self.end(char::decode_utf16(pair).next().and_then(Result::ok)))
            }
            (lone, 0xD800..=0xDBFF) => {
                let decoded = self.end(None);
                self.high = unit;
                if lone == 0 { Step::Taken } else { Step::Decoded(decoded) }
            }
            // A low surrogate alone is no character.
            (_, _) => {
                let character = char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER);
                Step::Decoded(self.end(Some(character)))
            }
        }
    }

    /// Becomes idle; gives U+FFFD for a high surrogate left alone, then `character`.
    fn end(&mut self, character: Option<char>) -> Decoded {
        let mut decoded = Decoded::default();
        if self.high != 0 {
            decoded.push(char::REPLACEMENT_CHARACTER);
        }
        if let Some(character) = character {
            decoded.push(character);
        }
        *self = Self::default();
        decoded
    }
}

impl Decoded {
    /// The bytes, in UTF-8.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.buffer.get(..usize::from(self.length)).unwrap_or_default()
    }

    #[inline]
    fn of(character: char) -> Self {
        match u8::try_from(character) {
            Ok(byte @ ..0x80) => Self { buffer: [byte, 0, 0, 0, 0, 0, 0, 0], length: 1 },
            _ => {
                let mut decoded = Self::default();
                decoded.push(character);
                decoded
            }
        }
    }

    fn push(&mut self, character: char) {
        let mut utf8 = [0; 4];
        let free = self.buffer.iter_mut().skip(usize::from(self.length));
        for (to, from) in free.zip(character.encode_utf8(&mut utf8).bytes()) {
            *to = from;
            self.length = self.length.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes a text as the scanner does: plain bytes as they are, the rest through [`Escape`].
    fn decode(text: &str) -> Option<String> {
        let (mut escape, mut out) = (Escape::default(), Vec::new());
        for &byte in text.as_bytes() {
            loop {
                if !escape.active() {
                    if byte == b'\\' {
                        escape.begin()
                    } else {
                        out.push(byte)
                    }
                    break;
                }
                match escape.feed(byte) {
                    Step::Taken => break,
                    Step::Decoded(decoded) => {
                        out.extend_from_slice(decoded.bytes());
                        break;
                    }
                    Step::Before(decoded) => out.extend_from_slice(decoded.bytes()),
                    Step::Invalid => return None,
                }
            }
        }
        Some(String::from_utf8(out).unwrap())
    }

    #[test]
    fn short_escapes() {
        assert_eq!(decode(r#"\"\\\/\b\f\n\r\t"#).unwrap(), "\"\\/\u{8}\u{c}\n\r\t");
    }

    #[test]
    fn units_in_either_case() {
        assert_eq!(decode(r"\u0041\u00e9\u20AC\u0000").unwrap(), "Aé€\0");
    }

    #[test]
    fn surrogate_pairs_are_one_character() {
        assert_eq!(decode(r"\ud83d\ude00!").unwrap(), "😀!");
    }

    #[test]
    fn lone_surrogates_are_replaced() {
        assert_eq!(decode(r"\ud83dx").unwrap(), "\u{fffd}x");
        assert_eq!(decode(r"\ude00x").unwrap(), "\u{fffd}x");
        assert_eq!(decode(r"\ud83d\n").unwrap(), "\u{fffd}\n");
        assert_eq!(decode(r"\ud83d\u0041").unwrap(), "\u{fffd}A");
        assert_eq!(decode(r"\ud83d\ud83d\ude00").unwrap(), "\u{fffd}😀");
    }

    #[test]
    fn what_is_no_escape() {
        assert_eq!(decode(r"\x"), None);
        assert_eq!(decode(r"\u00g0"), None);
        assert_eq!(decode(r"\ud83d\q"), None);
    }
}
