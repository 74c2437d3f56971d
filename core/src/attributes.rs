//! Attributes of an operator's own: what he says of every call, and headers of the request that he names.
//!
//! In: a request's headers. Out: key and value for each attribute that has one, of bounded length. Where a hash is asked
//! for, the value leaves as the HMAC-SHA256 of itself under the operator's key, cut to 128 bits, in hex: the same for
//! the same value, and of no use to who has not the key.

use sha2::{Digest, Sha256};

use crate::headers::Headers;
use crate::trace_context::baggage::{Entry, MAX_VALUE};

/// The attribute that tells a conversation, which the filter may find by itself, too.
pub const CONVERSATION: &str = "gen_ai.conversation.id";

/// An attribute, and where its value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its key.
    pub name: String,
    /// Where its value comes from.
    pub from: Origin,
}

/// Where the value of an attribute comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is always this.
    Value(String),
    /// The first header of that name.
    Header(String),
    /// The same, hashed.
    HashedHeader(String, Key),
}

/// What values are hashed with.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; BLOCK]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// A key of any length (RFC 2104).
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        let digest;
        let key = if key.len() > BLOCK {
            digest = Sha256::digest(key);
            digest.as_slice()
        } else {
            key
        };
        let mut block = [0; BLOCK];
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        Self(block)
    }

    fn hmac(&self, message: &[u8]) -> [u8; 32] {
        let inner =
            Sha256::new().chain_update(self.0.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
        Sha256::new().chain_update(self.0.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
    }

    fn hash(&self, message: &[u8]) -> String {
        let bytes = self.hmac(message).into_iter().take(HASH_BYTES);
        let digits = bytes.flat_map(|byte| [byte >> 4, byte & 15]);
        digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
    }
}

/// Adds the attributes that this request has.
pub fn read(headers: &Headers<'_>, attributes: &[Attribute], entries: &mut Vec<Entry>) {
    for Attribute { name, from } in attributes {
        let value = match from {
            Origin::Value(value) => Some(value.clone()),
            Origin::Header(header) => headers.get(header).map(text),
            Origin::HashedHeader(header, key) => headers.get(header).map(|value| key.hash(value)),
        };
        entries.extend(value.filter(|value| !value.is_empty()).map(|value| (name.clone(), value)));
    }
}

/// The beginning of a header's value; what is no UTF-8 is replaced.
fn text(value: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(value.get(..MAX_VALUE).unwrap_or(value)).into_owned();
    let mut end = text.len().min(MAX_VALUE);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.truncate(end);
    text
}

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;
/// Bytes of a hash that are told.
const HASH_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_as_rfc_4231_has_it() {
        let hex = |bytes: [u8; 32]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let key = Key::new(b"Jefe");
        assert_eq!(
            hex(key.hmac(b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(key.hash(b"what do ya want for nothing?"), "5bdcc146bf60754e6a042426089575c7");
        let long = Key::new(&[0xaa; 131]);
        assert_eq!(
            hex(long.hmac(b"Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
        assert_eq!(format!("{key:?}"), "Key(…)");
    }

    #[test]
    fn tells_what_is_asked_for() {
        let pairs: &[(&[u8], &[u8])] =
            &[(b"x-user", b"alice"), (b"x-user", b"bob"), (b"x-empty", b""), (b"x-bytes", b"a\xffb")];
        let attribute = |name: &str, from| Attribute { name: name.into(), from };
        let attributes = [
            attribute("team", Origin::Value("a".into())),
            attribute("user.id", Origin::Header("x-user".into())),
            attribute("empty", Origin::Header("x-empty".into())),
            attribute("missing", Origin::Header("x-missing".into())),
            attribute("bytes", Origin::Header("x-bytes".into())),
            attribute("hashed", Origin::HashedHeader("x-user".into(), Key::new(b"Jefe"))),
        ];
        let mut entries = Vec::new();
        read(&Headers::new(pairs), &attributes, &mut entries);
        let told: Vec<_> = entries.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(told[..3], [("team", "a"), ("user.id", "alice"), ("bytes", "a\u{fffd}b")]);
        assert_eq!(told[3].0, "hashed");
        assert_eq!(told[3].1.len(), 32);
        assert_eq!(told.len(), 4);
    }

    #[test]
    fn keeps_so_much_of_a_value() {
        let long = format!("x{}", "ä".repeat(300));
        let pairs: &[(&[u8], &[u8])] = &[(b"x-long", long.as_bytes())];
        let mut entries = Vec::new();
        let from = Origin::Header("x-long".into());
        read(&Headers::new(pairs), &[Attribute { name: "long".into(), from }], &mut entries);
        assert!(entries[0].1.len() <= 256 && long.starts_with(entries[0].1.trim_end_matches('\u{fffd}')));
    }
}
