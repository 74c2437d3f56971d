//! A resumable JSON scanner: visits declared paths, skips all else, never holds a document.
//!
//! In: any split of the bytes of one JSON value. Out: calls of a [`Visitor`], one for each wanted path.
//! Invariants: the calls, with neighbouring [`Value::Piece`]s joined, depend on the bytes alone, never on how
//! they were split; memory is bounded by the text that a field asks for, whatever passes; no input panics.
//!
//! [`Paths`] are compiled once from tables and shared; a [`Scanner`] is the state of one value in progress.
//!
//! ```
//! use inferspan_core::json::{Field, Paths, Position, Progress, Scanner, Value, Visitor, Want};
//!
//! #[derive(Clone, Copy)]
//! enum Usage { Input, Output }
//!
//! impl Field for Usage {
//!     fn want(self) -> Want { Want::Value { text: 0 } }
//! }
//!
//! #[derive(Default)]
//! struct Tokens { input: Option<u64>, output: Option<u64> }
//!
//! impl Visitor<Usage> for Tokens {
//!     fn visit(&mut self, field: Usage, _: &Position<'_>, value: Value<'_>) {
//!         let Value::Number(number) = value else { return };
//!         match field {
//!             Usage::Input => self.input = number.as_u64(),
//!             Usage::Output => self.output = number.as_u64(),
//!         }
//!     }
//! }
//!
//! let paths = Paths::compile(&[&[
//!     ("usage.prompt_tokens", Usage::Input),
//!     ("usage.completion_tokens", Usage::Output),
//! ]])?;
//! let (mut scanner, mut tokens) = (Scanner::new(), Tokens::default());
//! assert_eq!(scanner.push(&paths, br#"{"id":"x","usage":{"prompt_tok"#, &mut tokens), Progress::More);
//! assert_eq!(scanner.push(&paths, br#"ens":12}} "#, &mut tokens), Progress::Done { consumed: 9 });
//! assert_eq!((tokens.input, tokens.output), (Some(12), None));
//! # Ok::<(), inferspan_core::json::PathError>(())
//! ```
//!
//! # How strict it is
//!
//! Objects and arrays on the way to a wanted path, and all their direct members, follow RFC 8259 as strictly
//! as `serde_json` does. It is more lenient inside, where strictness would cost time or facts:
//!
//! - Of a skipped object or array, and of one with more than 32,768 members behind these, only strings and the number of open brackets are looked at.
//! - A skipped text, the part of a wanted one beyond its bound, and that of a key with escapes beyond the longest
//!   wanted one may hold any escape.
//! - Texts may hold control characters and bytes that are not UTF-8; they are handed on as they came.
//! - A lone surrogate escape becomes U+FFFD.
//! - `NaN`, `Infinity` and `-Infinity`, which Python writes, may stand for numbers; they are not visited.
//! - One UTF-8 byte order mark may precede the value.

mod error;
pub(crate) mod escape;
#[cfg(any(test, feature = "fuzz"))]
#[doc(hidden)]
pub mod fuzz;
mod number;
mod paths;
pub(crate) mod pattern;
mod scanner;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use error::JsonError;
pub use number::Number;
pub use paths::{PathError, PathErrorKind, Paths};
pub use scanner::{Finish, Position, Progress, Scanner};

/// How much of a value the scanner reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Scalars and the begin and end of containers. Of a text at most this many decoded bytes are kept; it
    /// is reported as soon as a byte more than that has come or it ends, and the rest is passed over at
    /// memory speed. With `text: 0` nothing is kept and [`Text::whole`] tells whether it was empty.
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

/// Takes what stands at the wanted paths, in the order of the document.
pub trait Visitor<F> {
    /// `value` stands at a path of `field`; `at` tells which elements of the arrays on the way it belongs to.
    fn visit(&mut self, field: F, at: &Position<'_>, value: Value<'_>);

    /// This is passed over, since nothing is wanted of it. Not of all that is passed over this is told: a visitor may
    /// learn from it, not rely on it.
    #[inline]
    fn pass(&mut self, passed: Passed<'_>) {
        let _ = passed;
    }
}

/// A value that nothing is wanted of, in a container that something is wanted of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Passed<'a> {
    /// A text without escapes, as it stands in the input.
    Text(&'a [u8]),
    /// A number, as it stands there.
    Number(Number<'a>),
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
    /// A piece of a text wanted as pieces, escapes decoded; never empty, never cut inside an escape.
    Piece(&'a [u8]),
    /// The text wanted as pieces has ended (also sent for an empty one).
    TextEnd,
    /// An object or array begins.
    Begin(Container),
    /// It has ended, with so many direct members; beyond 32,768 they are neither looked at nor counted.
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

/// [`String::from_utf8_lossy`], sooner done with what is UTF-8 all through.
pub(crate) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// A text as it was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'a> {
    /// Decoded bytes, at most as many as wanted. The cut may fall inside a character.
    pub bytes: &'a [u8],
    /// Whether these are all.
    pub whole: bool,
}

impl<'a> Text<'a> {
    /// The text as a string: a character that the cut fell into is left out, bytes that are not UTF-8 become
    /// U+FFFD.
    #[must_use]
    pub fn to_string_lossy(&self) -> Cow<'a, str> {
        lossy(self.without_cut_character())
    }

    /// The bytes without a last character that the cut fell into.
    fn without_cut_character(&self) -> &'a [u8] {
        if self.whole {
            return self.bytes;
        }
        // A character has at most four bytes, so its first is among the last three of a cut one.
        for tail in 1..=3 {
            let Some(head) = self.bytes.len().checked_sub(tail) else { break };
            let (Some(kept), Some(cut)) = (self.bytes.get(..head), self.bytes.get(head..)) else { break };
            if std::str::from_utf8(cut)
                .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
            {
                return kept;
            }
        }
        self.bytes
    }
}
