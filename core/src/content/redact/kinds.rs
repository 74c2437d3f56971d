//! The kinds of secrets that are known.
//!
//! Each is found by what it begins with or must have (an `@`, a prefix, a digit), then looked at as a whole; numbers by
//! their check digits. So a text without any of these costs one pass.

use super::super::Secret;

/// Looks for secrets in one text.
#[derive(Debug)]
pub(super) struct Finder<'t> {
    kinds: &'t [Secret],
    text: &'t str,
}

/// Where it stands, and what it is called.
pub(super) type Found = (usize, usize, &'static str);

impl<'t> Finder<'t> {
    pub(super) fn new(kinds: &'t [Secret], text: &'t str) -> Self {
        Self { kinds, text }
    }

    /// The next secret that begins at `at` or later.
    pub(super) fn find(&self, at: usize) -> Option<Found> {
        if self.kinds.is_empty() {
            return None;
        }
        let bytes = self.text.as_bytes();
        let mut at = at;
        while let Some(byte) = bytes.get(at) {
            let before = at.checked_sub(1).and_then(|before| bytes.get(before)).copied();
            let begins = before.is_none_or(|before| !before.is_ascii_alphanumeric());
            let rest = bytes.get(at..).unwrap_or_default();
            let found = match byte {
                b'-' => self.as_kind(Secret::PrivateKey, private_key(rest)),
                b'+' | b'(' => self.as_kind(Secret::Phone, phone(rest)),
                _ if !begins => None,
                b'0'..=b'9' => self
                    .as_kind(Secret::CreditCard, card(rest))
                    .or_else(|| self.as_kind(Secret::Phone, phone(rest)))
                    .or_else(|| self.as_kind(Secret::ApiKey, key(rest)))
                    .or_else(|| self.as_kind(Secret::Email, email(rest))),
                b'_' | b'.' | b'%' => self.as_kind(Secret::Email, email(rest)),
                byte if byte.is_ascii_alphabetic() => self
                    .as_kind(Secret::Jwt, jwt(rest))
                    .or_else(|| self.as_kind(Secret::ApiKey, key(rest)))
                    .or_else(|| self.as_kind(Secret::Iban, iban(rest)))
                    .or_else(|| self.as_kind(Secret::Email, email(rest))),
                _ => None,
            };
            if let Some((length, name)) = found {
                return Some((at, at.saturating_add(length), name));
            }
            at = at.saturating_add(1);
        }
        None
    }

    fn as_kind(&self, kind: Secret, length: Option<usize>) -> Option<(usize, &'static str)> {
        let length = length.filter(|_| self.kinds.contains(&kind))?;
        Some((length, kind.name()))
    }
}

/// How many of the first bytes are like that.
fn run(bytes: &[u8], like: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|byte| !like(*byte)).unwrap_or(bytes.len())
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn email(bytes: &[u8]) -> Option<usize> {
    let few = bytes.get(..255).unwrap_or(bytes);
    let local = run(few, |byte| byte.is_ascii_alphanumeric() || b"._%+-'".contains(&byte));
    let [b'@', domain @ ..] = bytes.get(local..)? else { return None };
    let length = run(domain.get(..255).unwrap_or(domain), |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')
    });
    let domain = domain.get(..length)?;
    // A full stop after an address ends a sentence.
    let domain =
        domain.get(..domain.iter().rposition(|byte| byte.is_ascii_alphanumeric())?.saturating_add(1))?;
    let dot = domain.iter().rposition(|byte| *byte == b'.')?;
    let top = domain.get(dot.saturating_add(1)..)?;
    let is_top = top.len() >= 2 && top.iter().all(u8::is_ascii_alphabetic);
    (local > 0 && dot > 0 && is_top).then(|| local.saturating_add(1).saturating_add(domain.len()))
}

/// Digits of a number in groups, and its length; it ends with a digit.
fn digits(bytes: &[u8], separators: &[u8], most: usize) -> (Vec<u8>, usize, usize) {
    let (mut digits, mut length, mut groups, mut apart) = (Vec::new(), 0_usize, 1_usize, 0_usize);
    for (at, byte) in bytes.iter().enumerate() {
        if byte.is_ascii_digit() {
            if digits.len() == most {
                // A longer number is another one.
                return (Vec::new(), 0, 0);
            }
            if apart > 0 && !digits.is_empty() {
                groups = groups.saturating_add(1);
            }
            apart = 0;
            digits.push(byte.wrapping_sub(b'0'));
            length = at.saturating_add(1);
        } else if separators.contains(byte) && apart < 2 {
            apart = apart.saturating_add(1);
        } else {
            // A letter makes a name of it.
            if apart == 0 && byte.is_ascii_alphabetic() {
                return (Vec::new(), 0, 0);
            }
            break;
        }
    }
    (digits, length, groups)
}

fn card(bytes: &[u8]) -> Option<usize> {
    // Of numbers in a row, the one that is a card's: groups are added as long as it may be one.
    let (all, length, _) = digits(bytes, b" -", 19);
    if (13..=19).contains(&all.len()) && is_card(&all) {
        return Some(length);
    }
    // Sixteen digits, of which something else follows.
    let (mut count, mut digits) = (0_usize, Vec::new());
    for (at, byte) in bytes.iter().enumerate().take(24) {
        match byte {
            b'0'..=b'9' => {
                digits.push(byte.wrapping_sub(b'0'));
                count = count.saturating_add(1);
                let ends = bytes.get(at.saturating_add(1)).is_none_or(|next| !next.is_ascii_alphanumeric());
                if (15..=16).contains(&count) && ends && is_card(&digits) {
                    return Some(at.saturating_add(1));
                }
            }
            b' ' | b'-' => {}
            _ => break,
        }
    }
    None
}

fn is_card(digits: &[u8]) -> bool {
    let sum = digits.iter().rev().enumerate().fold(0_u32, |sum, (place, digit)| {
        let digit = u32::from(*digit);
        let doubled = digit.saturating_mul(2);
        let value = if place % 2 == 0 { digit } else { (doubled / 10).saturating_add(doubled % 10) };
        sum.saturating_add(value)
    });
    sum.is_multiple_of(10) && digits.iter().any(|digit| *digit != 0)
}

fn phone(bytes: &[u8]) -> Option<usize> {
    let (plus, rest) = match bytes {
        [b'+', rest @ ..] => (1, rest),
        rest => (0, rest),
    };
    let (digits, length, groups) = digits(rest, b" -./()", 15);
    let country = plus == 1 && (8..=15).contains(&digits.len()) && digits.first() != Some(&0);
    // 555-123-4567, (555) 123-4567; 030 1234567
    let area = digits.len() == 10 && groups == 3 && digits.first().is_some_and(|digit| *digit > 1);
    let trunk = (9..=12).contains(&digits.len()) && (2..=3).contains(&groups) && digits.first() == Some(&0);
    (country || (plus == 0 && (area || trunk))).then(|| length.saturating_add(plus))
}

fn iban(bytes: &[u8]) -> Option<usize> {
    let [a, b, c, d, ..] = bytes else { return None };
    if !(a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_digit() && d.is_ascii_digit()) {
        return None;
    }
    let (mut text, mut last) = (Vec::new(), None);
    for (at, byte) in bytes.iter().enumerate() {
        if byte.is_ascii_digit() || byte.is_ascii_uppercase() {
            text.push(*byte);
            let ends = bytes.get(at.saturating_add(1)).is_none_or(|next| !next.is_ascii_alphanumeric());
            if (15..=34).contains(&text.len()) && ends && is_iban(&text) {
                last = Some(at.saturating_add(1));
            }
            if text.len() >= 34 {
                break;
            }
        } else if *byte != b' ' {
            break;
        }
    }
    last
}

/// ISO 7064, MOD 97-10, over the text with its first four characters at the end.
fn is_iban(text: &[u8]) -> bool {
    let (head, tail) = text.split_at_checked(4).unwrap_or((text, &[]));
    let rest = tail.iter().chain(head).fold(0_u32, |rest, byte| {
        let value = char::from(*byte).to_digit(36).unwrap_or_default();
        let shifted = rest.saturating_mul(if value > 9 { 100 } else { 10 });
        shifted.saturating_add(value) % 97
    });
    rest == 1
}

fn jwt(bytes: &[u8]) -> Option<usize> {
    if !bytes.starts_with(b"eyJ") {
        return None;
    }
    let length = run(bytes, |byte| is_word(byte) || matches!(byte, b'.' | b'='));
    let mut parts = bytes.get(..length)?.split(|byte| *byte == b'.');
    let long = |part: Option<&[u8]>| part.is_some_and(|part| part.len() >= 8);
    (long(parts.next()) && long(parts.next())).then_some(length)
}

fn key(bytes: &[u8]) -> Option<usize> {
    for (prefix, least) in KEYS {
        let Some(rest) = bytes.strip_prefix(prefix.as_bytes()) else { continue };
        let length = run(rest, |byte| is_word(byte) || (prefix.ends_with(' ') && b"./+=~".contains(&byte)));
        if length >= *least {
            return Some(prefix.len().saturating_add(length));
        }
    }
    None
}

fn private_key(bytes: &[u8]) -> Option<usize> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    const END: &[u8] = b"-----END ";
    let rest = bytes.strip_prefix(BEGIN)?;
    let line = rest.get(..64).unwrap_or(rest);
    memchr::memmem::find(line, b"PRIVATE KEY")?;
    // Without its end, all that follows is of the key.
    let Some(end) = memchr::memmem::find(rest, END) else { return Some(bytes.len()) };
    let after = rest.get(end.saturating_add(END.len())..)?;
    let tail = memchr::memmem::find(after.get(..64).unwrap_or(after), b"-----")
        .map_or(after.len().min(64), |at| at.saturating_add(5));
    let length = BEGIN.len().saturating_add(end).saturating_add(END.len()).saturating_add(tail);
    Some(length.min(bytes.len()))
}

/// What keys and tokens begin with, and how many characters follow at least.
const KEYS: &[(&str, usize)] = &[
    ("sk-", 16),
    ("sk_live_", 16),
    ("sk_test_", 16),
    ("rk_live_", 16),
    ("rk_test_", 16),
    ("whsec_", 16),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("xoxa-", 10),
    ("xoxe-", 10),
    ("xoxs-", 10),
    ("xapp-", 10),
    ("AKIA", 16),
    ("ASIA", 16),
    ("AIza", 30),
    ("ya29.", 20),
    ("GOCSPX-", 20),
    ("hf_", 20),
    ("gsk_", 20),
    ("xai-", 20),
    ("pplx-", 20),
    ("r8_", 20),
    ("nvapi-", 20),
    ("tvly-", 16),
    ("npm_", 30),
    ("pypi-", 20),
    ("dop_v1_", 20),
    ("SG.", 20),
    ("lsv2_", 20),
    ("pk-lf-", 16),
    ("shpat_", 20),
    ("dapi", 32),
    ("Bearer ", 16),
    ("bearer ", 16),
    ("Basic ", 16),
];
