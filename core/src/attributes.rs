//! Attributes of an operator's own: what he says of every call, and what he names of a request: headers, members of its
//! body, Envoy's metadata.
//!
//! In: a request's headers, what its body says at the paths that are named, what the proxy knows. Out: key and value for
//! each attribute that has one, of bounded length. Where a hash is asked for, the value leaves as the HMAC-SHA256 of
//! itself under the operator's key, cut to 128 bits, in hex: the same for the same value, and of no use to who has not
//! the key.

use sha2::{Digest, Sha256};

use crate::api::{Proxy, RequestField};
use crate::headers::Headers;
use crate::json::{Paths, lossy};
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
    /// What its value is hashed with; `None` where it is told as it is.
    pub hash: Option<Key>,
}

/// Where the value of an attribute comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is always this.
    Value(String),
    /// The first header of that name.
    Header(String),
    /// What stands in the request's JSON at the first of these paths where something does.
    Body(Vec<String>),
    /// The proxy's metadata: of what, and the keys that lead to it.
    Metadata(Vec<String>),
}

/// The attributes of all calls, and what is to be looked for in their bodies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attributes {
    list: Vec<Attribute>,
    /// The paths of bodies, each once.
    places: Vec<String>,
    /// `None` where no attribute comes from a body.
    body: Option<Paths<RequestField>>,
}

/// What a body says: index of the place among those that are wanted, and the value.
pub(crate) type Found = (u8, String);

impl Attributes {
    pub(crate) fn new(list: Vec<Attribute>) -> Self {
        let mut places: Vec<String> = Vec::new();
        for attribute in &list {
            if let Origin::Body(paths) = &attribute.from {
                places.extend_from_slice(paths);
            }
        }
        places.sort_unstable();
        places.dedup();
        let rows = (0_u8..).zip(&places).map(|(place, path)| (path.as_str(), RequestField::Attribute(place)));
        let rows: Vec<_> = rows.collect();
        // The paths were checked when the configuration was read.
        let body = if rows.is_empty() { None } else { Paths::compile(&[&rows]).ok() };
        Self { list, places, body }
    }

    /// What is to be looked for in a request's body.
    pub(crate) fn body(&self) -> Option<&Paths<RequestField>> {
        self.body.as_ref()
    }

    /// Adds those that a request's headers tell.
    pub(crate) fn of_headers(&self, headers: &Headers<'_>, entries: &mut Vec<Entry>) {
        for attribute in &self.list {
            match &attribute.from {
                Origin::Value(value) => attribute.tell(value.as_bytes(), entries),
                Origin::Header(header) => {
                    attribute.tell(headers.get(header).unwrap_or_default(), entries);
                }
                Origin::Body(_) | Origin::Metadata(_) => {}
            }
        }
    }

    /// Adds those that were found in its body.
    pub(crate) fn of_body(&self, found: &[Found], entries: &mut Vec<Entry>) {
        let at = |path: &String| {
            let place = self.places.binary_search(path).ok()?;
            found.iter().find(|(found, _)| usize::from(*found) == place).map(|(_, value)| value)
        };
        for attribute in &self.list {
            if let Origin::Body(paths) = &attribute.from
                && let Some(value) = paths.iter().find_map(at)
            {
                attribute.tell(value.as_bytes(), entries);
            }
        }
    }

    /// Adds those that the proxy tells.
    pub(crate) fn of_metadata(&self, proxy: &dyn Proxy, entries: &mut Vec<Entry>) {
        for attribute in &self.list {
            if let Origin::Metadata(path) = &attribute.from
                && let Some(value) = proxy.metadata(path)
            {
                attribute.tell(value.as_bytes(), entries);
            }
        }
    }
}

impl Attribute {
    /// Adds it, where it has a value.
    fn tell(&self, value: &[u8], entries: &mut Vec<Entry>) {
        if !value.is_empty() {
            let value = self.hash.as_ref().map_or_else(|| text(value), |key| key.hash(value));
            entries.push((self.name.clone(), value));
        }
    }
}

/// Takes the conversation that an operator tells: his word counts before what the filter finds.
pub(crate) fn take_conversation(entries: &mut Vec<Entry>) -> Option<String> {
    let at = entries.iter().position(|(key, _)| key == CONVERSATION)?;
    Some(entries.remove(at).1)
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

/// The beginning of a value; what is no UTF-8 is replaced.
fn text(value: &[u8]) -> String {
    let text = lossy(value.get(..MAX_VALUE).unwrap_or(value));
    text.get(..text.floor_char_boundary(MAX_VALUE)).unwrap_or_default().to_owned()
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

    fn attribute(name: &str, from: Origin) -> Attribute {
        Attribute { name: name.into(), from, hash: None }
    }

    fn hashed(name: &str, from: Origin) -> Attribute {
        Attribute { hash: Some(Key::new(b"Jefe")), ..attribute(name, from) }
    }

    fn of_headers(pairs: &[(&[u8], &[u8])], list: Vec<Attribute>) -> Vec<Entry> {
        let mut entries = Vec::new();
        Attributes::new(list).of_headers(&Headers::new(pairs), &mut entries);
        entries
    }

    #[test]
    fn tells_what_is_asked_for() {
        let pairs: &[(&[u8], &[u8])] =
            &[(b"x-user", b"alice"), (b"x-user", b"bob"), (b"x-empty", b""), (b"x-bytes", b"a\xffb")];
        let header = |name: &str| Origin::Header(name.into());
        let list = vec![
            attribute("team", Origin::Value("a".into())),
            attribute("user.id", header("x-user")),
            attribute("empty", header("x-empty")),
            attribute("missing", header("x-missing")),
            attribute("bytes", header("x-bytes")),
            hashed("hashed", header("x-user")),
        ];
        let entries = of_headers(pairs, list);
        let told: Vec<_> = entries.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(told[..3], [("team", "a"), ("user.id", "alice"), ("bytes", "a\u{fffd}b")]);
        assert_eq!(told[3].0, "hashed");
        assert_eq!(told[3].1.len(), 32);
        assert_eq!(told.len(), 4);
    }

    #[test]
    fn the_first_path_that_has_something_counts() {
        let attributes = Attributes::new(vec![
            attribute("user.id", Origin::Body(vec!["safety_identifier".into(), "user".into()])),
            hashed("session.id", Origin::Body(vec!["metadata.session".into()])),
        ]);
        let mut entries = Vec::new();
        // In their order: metadata.session, safety_identifier, user.
        let found =
            [(2, "from-user".into()), (0, "what do ya want for nothing?".into()), (1, "from-safety".into())];
        attributes.of_body(&found, &mut entries);
        let expected = [("user.id", "from-safety"), ("session.id", "5bdcc146bf60754e6a042426089575c7")];
        assert_eq!(entries, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }

    #[test]
    fn metadata_is_asked_of_the_proxy() {
        struct Knows;
        impl Proxy for Knows {
            fn fact(&self, _: crate::api::ProxyFact) -> Option<Vec<u8>> {
                None
            }

            fn metadata(&self, path: &[String]) -> Option<String> {
                (path == ["dynamic", "jwt", "sub"]).then(|| "alice".to_owned())
            }
        }
        let path = |last: &str| Origin::Metadata(vec!["dynamic".into(), "jwt".into(), last.into()]);
        let attributes =
            Attributes::new(vec![attribute("user.id", path("sub")), attribute("other", path("aud"))]);
        let mut entries = Vec::new();
        attributes.of_metadata(&Knows, &mut entries);
        assert_eq!(entries, [("user.id".to_owned(), "alice".to_owned())]);
    }

    #[test]
    fn keeps_so_much_of_a_value() {
        let long = format!("x{}", "ä".repeat(300));
        let pairs: &[(&[u8], &[u8])] = &[(b"x-long", long.as_bytes())];
        let entries = of_headers(pairs, vec![attribute("long", Origin::Header("x-long".into()))]);
        assert!(entries[0].1.len() <= 256 && long.starts_with(entries[0].1.trim_end_matches('\u{fffd}')));
    }
}
