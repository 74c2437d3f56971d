//! A value on a tape.
//!
//! A tape is what a [`Recorder`](super::Recorder) wrote, token by token: `{ … }` with members `k` length key value,
//! `[ … ]`, `s` length text, `n` length number, `t`, `f`, `z` for true, false and null, and `m` for media: the length of
//! the type, the type, the size and the hash.

/// A value on a tape; nothing at all where the tape has none.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::content) struct Node<'t>(&'t [u8]);

/// What stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::content) enum Kind<'t> {
    /// Nothing.
    None,
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number, as it was written.
    Number(&'t str),
    /// A text; `cut`: its end is missing.
    Text {
        /// What there is of it.
        text: &'t str,
        /// Its end is missing.
        cut: bool,
    },
    /// Media that are not kept.
    Media {
        /// Their type, if it is told.
        mime: &'t str,
        /// Bytes.
        size: u64,
        /// Of their base64.
        hash: u64,
    },
    /// `{…}`
    Object,
    /// `[…]`
    Array,
}

impl<'t> Node<'t> {
    pub(super) fn of(tape: &'t [u8]) -> Self {
        Self(tape)
    }

    /// What stands there.
    pub(in crate::content) fn kind(self) -> Kind<'t> {
        self.read().unwrap_or(Kind::None)
    }

    fn read(self) -> Option<Kind<'t>> {
        let (tag, rest) = self.0.split_first()?;
        Some(match tag {
            b'{' => Kind::Object,
            b'[' => Kind::Array,
            b't' => Kind::Bool(true),
            b'f' => Kind::Bool(false),
            b'z' => Kind::Null,
            b'n' => Kind::Number(short(rest)?.0),
            b's' => {
                let (text, cut, _) = long(rest)?;
                Kind::Text { text, cut }
            }
            b'm' => {
                let (mime, rest) = short(rest)?;
                let (size, rest) = rest.split_first_chunk()?;
                let (hash, _) = rest.split_first_chunk()?;
                Kind::Media { mime, size: u64::from_le_bytes(*size), hash: u64::from_le_bytes(*hash) }
            }
            _ => return None,
        })
    }

    /// The members of an object, or the elements of an array, whose keys are empty.
    pub(in crate::content) fn each(self) -> Each<'t> {
        match self.0.split_first() {
            Some((b'{' | b'[', rest)) => Each(rest),
            _ => Each(&[]),
        }
    }

    /// The member of that key.
    pub(in crate::content) fn get(self, key: &str) -> Self {
        if self.0.first() != Some(&b'{') {
            return Self(&[]);
        }
        self.each().find(|(name, _)| *name == key).map(|(_, value)| value).unwrap_or_default()
    }

    /// What stands at the first of these paths (keys joined by dots, paths by bars) where there is something.
    pub(in crate::content) fn at(self, paths: &str) -> Self {
        let one = |path: &str| path.split('.').fold(self, Self::get);
        paths.split('|').map(one).find(|node| node.is_some()).unwrap_or_default()
    }

    /// Whether there is something: no `null`, and no empty text.
    pub(in crate::content) fn is_some(self) -> bool {
        !matches!(self.kind(), Kind::None | Kind::Null | Kind::Text { text: "", cut: false })
    }

    /// The text that stands there.
    pub(in crate::content) fn text(self) -> Option<&'t str> {
        match self.kind() {
            Kind::Text { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The text that stands at the first of these paths where there is something; empty where there is none.
    pub(in crate::content) fn word(self, paths: &str) -> &'t str {
        self.at(paths).text().unwrap_or_default()
    }

    /// The small number that stands at one of these paths.
    pub(in crate::content) fn number(self, paths: &str) -> Option<u32> {
        match self.at(paths).kind() {
            Kind::Number(number) => number.parse().ok(),
            _ => None,
        }
    }

    pub(in crate::content) fn is_array(self) -> bool {
        self.kind() == Kind::Array
    }

    pub(in crate::content) fn is_object(self) -> bool {
        self.kind() == Kind::Object
    }
}

/// Goes through a container.
#[derive(Clone, Copy, Debug)]
pub(in crate::content) struct Each<'t>(&'t [u8]);

impl<'t> Iterator for Each<'t> {
    type Item = (&'t str, Node<'t>);

    fn next(&mut self) -> Option<Self::Item> {
        let (key, value) = match self.0.split_first()? {
            (b'}' | b']', _) => return None,
            (b'k', rest) => short(rest)?,
            _ => ("", self.0),
        };
        self.0 = skip(value);
        Some((key, Node(value)))
    }
}

/// What follows the value (or the member) that the tape begins with.
pub(super) fn skip(tape: &[u8]) -> &[u8] {
    let (mut rest, mut depth) = (tape, 0_usize);
    loop {
        let Some((tag, after)) = rest.split_first() else { return &[] };
        let after = match tag {
            b'{' | b'[' => {
                depth = depth.saturating_add(1);
                Some(after)
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                Some(after)
            }
            b'k' | b'n' => short(after).map(|(_, after)| after),
            b's' => long(after).map(|(_, _, after)| after),
            b'm' => short(after).and_then(|(_, after)| after.get(16..)),
            _ => Some(after),
        };
        rest = after.unwrap_or_default();
        if depth == 0 && *tag != b'k' {
            return rest;
        }
    }
}

/// A text whose length is one byte.
fn short(rest: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = rest.split_first()?;
    let (text, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

/// A text whose length is four bytes.
fn long(rest: &[u8]) -> Option<(&str, bool, &[u8])> {
    let (head, rest) = rest.split_first_chunk()?;
    let head = u32::from_le_bytes(*head);
    let (text, rest) = rest.split_at_checked(usize::try_from(head >> 1).ok()?)?;
    Some((std::str::from_utf8(text).ok()?, head & 1 == 1, rest))
}
