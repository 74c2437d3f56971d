//! A resumable JSON scanner: visits declared paths, skips all else, never holds a document.
//!
//! In: any split of the bytes of one JSON value. Out: calls of a [`Visitor`], one for each wanted path.
//! Invariants: the calls depend on the bytes alone, never on how they were split; memory is bounded by the
//! depth limit and by the text that a field asks for; no input panics.

/// How much of a value the scanner reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Scalars and the begin and end of containers. Of a text at most this many decoded bytes are kept; it
    /// is reported as soon as that many are there or it ends, and the rest is passed over at memory speed.
    Value {
        /// Upper bound of the kept text, in bytes.
        text: u16,
    },
    /// A text is handed over in pieces as it passes ([`Value::Piece`], then [`Value::TextEnd`]), without a
    /// bound and without being held. Other scalars and containers are reported as with `Value`.
    Pieces,
}

/// What a path means to its API: a plain enum, one variant for each field.
pub trait Field: Copy + 'static {
    /// How much of the value is wanted.
    fn want(self) -> Want;
}

/// What stands at a wanted path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// Any number.
    Number(Number<'a>),
    /// A text, escapes decoded, at most as long as wanted.
    Text(Text<'a>),
    /// A piece of a text wanted as pieces, escapes decoded; never cut inside an escape.
    Piece(&'a [u8]),
    /// The text wanted as pieces has ended (also sent for an empty one).
    TextEnd,
    /// An object or array begins.
    Begin(Container),
    /// It has ended, with so many direct members.
    End(Container, u32),
}

/// Object or array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
}

/// A number as it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number<'a>(&'a [u8]);

/// A text as it was kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Text<'a> {
    /// Decoded bytes, at most as many as wanted.
    pub bytes: &'a [u8],
    /// Whether these are all.
    pub whole: bool,
}
