//! What can be wrong with JSON.

use std::fmt;

/// Why the scanner gave up on a value. It stands on the byte that could not be, for a number behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// Where a value must stand there is something else.
    ExpectedValue,
    /// In an object, where a key must stand there is something else (after `{` also `}` is right).
    ExpectedKey,
    /// After a key there is no `:`.
    ExpectedColon,
    /// After a member there is neither `,` nor the bracket that ends its container.
    ExpectedCommaOrEnd,
    /// A word that begins like `true`, `false` or `null` and is none.
    Literal,
    /// A number that breaks the grammar, as `01`, `1.` or `--1`.
    Number,
    /// A backslash that begins no escape of JSON.
    Escape,
    /// Containers are nested deeper than 512.
    TooDeep,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ExpectedValue => "expected a JSON value",
            Self::ExpectedKey => "expected an object's key in double quotes",
            Self::ExpectedColon => "expected `:` after an object's key",
            Self::ExpectedCommaOrEnd => "expected `,` or the end of the object or array",
            Self::Literal => "expected `true`, `false` or `null`",
            Self::Number => "not a JSON number",
            Self::Escape => {
                "not an escape of JSON: after `\\` comes one of \"\\/bfnrt or u and four hex digits"
            }
            Self::TooDeep => "objects and arrays nested deeper than 512",
        })
    }
}

impl std::error::Error for JsonError {}
