//! A configuration as a tree, whatever it was written in: JSON text, or the bytes of a `google.protobuf.Struct`.
//!
//! In: the bytes that Envoy hands over. Out: a [`Value`] that borrows from them, bounded in depth and size, with its
//! members in the order of the document and every key as often as it was given.

use std::borrow::Cow;

use super::{ConfigError, json, protobuf};

/// A value, as far as its form goes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    /// Nothing; as good as left out.
    Null,
    Bool(bool),
    /// Both forms know numbers as `f64` at heart; it is finite.
    Number(f64),
    Text(Cow<'a, str>),
    List(Vec<Value<'a>>),
    Object(Vec<(Cow<'a, str>, Value<'a>)>),
}

/// Levels of objects and lists. The deepest key there is stands on the fifth.
pub(super) const MAX_DEPTH: usize = 32;
/// Values and members in all: some tens of MiB. A list of ten thousand prices has about a quarter of them.
pub(super) const MAX_VALUES: usize = 400_000;
/// Bytes of a configuration.
const MAX_BYTES: usize = 16 << 20;

/// What the bytes of a configuration say; [`Value::Null`] where there are none.
///
/// JSON holds no control characters but white space, neither within a text nor outside. A `Struct` that is not empty
/// holds the tag of an entry's value, 0x12; so what can be read as one is no JSON.
pub(super) fn read(bytes: &[u8]) -> Result<Value<'_>, ConfigError> {
    if bytes.len() > MAX_BYTES {
        return wrong(&format!("has {} bytes; give {MAX_BYTES} at most", bytes.len()));
    }
    if let Some(object) = protobuf::read(bytes) {
        return Ok(object);
    }
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    if text.trim_ascii().is_empty() {
        return Ok(Value::Null);
    }
    match json::read(text) {
        Ok(object @ (Value::Object(_) | Value::Null)) => Ok(object),
        Ok(other) => wrong(&format!("is {}; give a JSON object, {EXAMPLE}", other.kind())),
        Err(problem) if text.trim_ascii_start().starts_with(b"{") => Err(problem),
        Err(_) => wrong(&format!(
            "is neither a JSON object nor a google.protobuf.Struct; give one, {EXAMPLE}. YAML is not read as a text: \
             make a Struct of it"
        )),
    }
}

impl<'a> Value<'a> {
    /// What it is, for people. Never what it says: that may be a key meant for a header.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// Where a path stands in the document: the index in each object and list on the way, as far as it is there.
    pub(super) fn place(&self, path: &str) -> Vec<usize> {
        self.find(path).1
    }

    /// Whether the document says something at this path.
    pub(super) fn has(&self, path: &str) -> bool {
        self.find(path).0
    }

    fn find(&self, path: &str) -> (bool, Vec<usize>) {
        let (mut here, mut rest, mut place): (&Value<'a>, _, _) = (self, path, Vec::new());
        while !rest.is_empty() {
            let next = match here {
                Self::Object(members) => member(members, rest.strip_prefix('.').unwrap_or(rest)),
                Self::List(items) => rest.strip_prefix('[').and_then(|rest| {
                    let (index, after) = rest.split_once(']')?;
                    let index = index.parse().ok()?;
                    Some((index, items.get(index)?, after))
                }),
                _ => None,
            };
            let Some((index, value, after)) = next else { return (false, place) };
            place.push(index);
            (here, rest) = (value, after);
        }
        (*here != Self::Null, place)
    }
}

/// The member that a path begins with: its index, what it says, and the rest of the path. A key may have a dot in it:
/// the longest one that fits is meant.
fn member<'v, 'a, 'p>(
    members: &'v [(Cow<'a, str>, Value<'a>)],
    path: &'p str,
) -> Option<(usize, &'v Value<'a>, &'p str)> {
    let fits = members.iter().enumerate().filter_map(|(index, (key, value))| {
        let rest = path.strip_prefix(&**key)?;
        (rest.is_empty() || rest.starts_with(['.', '['])).then_some((index, value, rest))
    });
    fits.min_by_key(|(_, _, rest)| rest.len())
}

fn wrong<T>(problem: &str) -> Result<T, ConfigError> {
    Err(ConfigError { path: String::new(), problem: problem.to_owned() })
}

const EXAMPLE: &str = r#"e.g. {"otlp": {"cluster": "otel_collector"}}"#;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(bytes: &[u8]) -> String {
        read(bytes).unwrap_err().to_string()
    }

    #[test]
    fn nothing_is_null() {
        for bytes in [&b""[..], b" \r\n\t", b"\xef\xbb\xbf", b"\n", b"null"] {
            assert_eq!(read(bytes), Ok(Value::Null), "{bytes:?}");
        }
    }

    #[test]
    fn tells_a_struct_from_a_text_that_looks_like_its_beginning() {
        // A line feed is a Struct's first tag, and `{` a length of 123 bytes.
        let name = "k".repeat(108);
        let text = format!("\n{{\n\"{name}\":\"0123456789\"}}");
        assert!(matches!(read(text.as_bytes()), Ok(Value::Object(members)) if members[0].0 == *name));
        let name = "k".repeat(110);
        let mut bytes = vec![0x0a, b'{', 0x0a, 110];
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(&[0x12, 9, 0x11, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
        let expected = Value::Object(vec![(name.into(), Value::Number(1.0))]);
        assert_eq!(read(&bytes), Ok(expected));
    }

    #[test]
    fn says_what_is_taken() {
        for (text, expected) in [
            ("[]", "is a list; give a JSON object, e.g. {\"otlp\": {\"cluster\": \"otel_collector\"}}"),
            ("7", "is a number; give a JSON object, e.g. "),
            ("\"{}\"", "is a text; give a JSON object, e.g. "),
            (
                "otlp:\n  cluster: c\n",
                "is neither a JSON object nor a google.protobuf.Struct; give one, e.g. \
                 {\"otlp\": {\"cluster\": \"otel_collector\"}}. YAML is not read as a text: make a Struct of it",
            ),
            ("---\n{}", "is neither a JSON object nor a google.protobuf.Struct; "),
            ("{otlp: {}}", "line 1, column 2: "),
        ] {
            assert!(refused(text.as_bytes()).starts_with(expected), "{text}: {}", refused(text.as_bytes()));
        }
        let long = vec![b' '; MAX_BYTES + 1];
        assert_eq!(refused(&long), "has 16777217 bytes; give 16777216 at most");
    }

    #[test]
    fn finds_paths() {
        let value = read(br#"{"a":{"b.c":1,"b":{"c":2,"d":null}},"l":[{"x":3},4]}"#).unwrap();
        for (path, there, place) in [
            ("", true, &[][..]),
            ("a", true, &[0]),
            ("a.b.c", true, &[0, 0]),
            ("a.b", true, &[0, 1]),
            ("a.b.d", false, &[0, 1, 1]),
            ("a.bc", false, &[0]),
            ("l[0].x", true, &[1, 0, 0]),
            ("l[1]", true, &[1, 1]),
            ("l[2].x", false, &[1]),
            ("l.x", false, &[1]),
        ] {
            assert_eq!((value.has(path), value.place(path)), (there, place.to_vec()), "{path}");
        }
    }
}
