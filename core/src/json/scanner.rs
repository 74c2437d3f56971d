//! The scanner: one JSON value in progress.
//!
//! A push parser: [`Scanner`] is all that is kept from one input to the next, and [`run`] is what happens on
//! one input.

mod run;

use std::fmt;

use super::escape::Escape;
use super::paths::{MAX_PATH, NodeId, Paths};
use super::{Container, Field, JsonError, Value, Visitor};
use run::{Run, Stop};

/// What a push came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// All input was taken and the value goes on.
    More,
    /// The value is complete. A number at the top ends only at the byte behind it, or at [`Scanner::finish`].
    Done {
        /// So many bytes of this input were taken: up to the value's last.
        consumed: usize,
    },
    /// The value is malformed; what was visited before stays visited.
    Failed {
        /// So many bytes of this input were taken before the one that could not be.
        consumed: usize,
        /// What was wrong.
        error: JsonError,
    },
}

/// What the end of the input came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The value is complete.
    Complete,
    /// There was nothing but whitespace and perhaps a byte order mark.
    Empty,
    /// The input ends within the value.
    Cut,
    /// The value was malformed.
    Failed(JsonError),
}

/// Which elements of the arrays on its path a value belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Position<'a>(&'a [Frame]);

impl Position<'_> {
    /// The index in the `n`-th array on the way to the value, counted from the document inwards, both from 0;
    /// 0 where the path has fewer arrays. A container that begins or ends is not on the way to itself.
    #[must_use]
    pub fn index(&self, n: usize) -> u32 {
        let mut arrays = self.0.iter().filter(|frame| frame.container == Container::Array);
        arrays.nth(n).map_or(0, |array| array.members.saturating_sub(1))
    }
}

/// The state of one JSON value in progress: about 200 bytes, and `held` where a token needs it.
pub struct Scanner {
    /// What the next byte belongs to.
    mode: Mode,
    /// Where the value stands that comes next or passes.
    node: NodeId,
    /// `0 <= depth <= frames.len()`: so many containers are open that something is wanted of.
    depth: u8,
    /// Open containers of the skipped subtree; 0 outside one.
    skipped: u16,
    /// The text that is passed over is a key, longer than any that is wanted.
    key: bool,
    /// The first `depth` ones: the way from the document to the value.
    frames: [Frame; MAX_FRAMES],
    /// The escape in progress in a key or wanted text.
    escape: Escape,
    /// What came so far of a number, or, decoded, of a key or wanted text. Never more than the token's bound
    /// (the longest wanted key and one byte, `Want::Value`'s `text`, [`MAX_NUMBER`] and one byte).
    held: Vec<u8>,
}

/// An open container that something is wanted of.
#[derive(Clone, Copy, Debug)]
struct Frame {
    /// Its members so far, the current one among them.
    members: u32,
    node: NodeId,
    container: Container,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Before the first byte; so many bytes of a byte order mark have passed.
    Start(u8),
    /// A value must come.
    Value,
    /// After `[`: a value or `]`.
    FirstElement,
    /// After `{`: a key or `}`.
    FirstKey,
    /// After the `,` in an object.
    NextKey,
    /// Within a key.
    Key,
    /// After a key.
    Colon,
    /// After a value: `,` or the end of its container, if any.
    AfterValue,
    /// Within a text wanted whole or in pieces.
    Text,
    /// Within a number.
    Number,
    /// Within `true`, `false`, `null` or one of their like; so many bytes have passed.
    Literal(Literal, u8),
    /// Within a skipped container, between its texts.
    Skip,
    /// Within a text of a skipped container, or one that nothing more is wanted of.
    SkipText,
    /// The same, after a backslash.
    SkipEscaped,
    /// The value has ended.
    Done,
    /// The value was malformed.
    Failed(JsonError),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Literal {
    Null,
    True,
    False,
    NotANumber,
    /// With or without a minus.
    Infinity,
}

/// Objects and arrays may be nested so deep.
const MAX_DEPTH: u16 = 512;
/// So many members of a container are looked at; of the rest only where they end. No request and no answer has as many
/// that anything is wanted of, and a megabyte may have a hundred thousand.
pub(super) const MAX_MEMBERS: u32 = 32 << 10;
/// A path has at most `MAX_PATH` containers on its way, and one may stand at its end.
const MAX_FRAMES: usize = MAX_PATH + 1;
/// `held` keeps so much capacity from one token to the next.
const KEPT_CAPACITY: usize = 256;

impl Scanner {
    /// Ready for a value.
    #[must_use]
    pub fn new() -> Self {
        Self {
            mode: Mode::Start(0),
            node: NodeId::DOCUMENT,
            depth: 0,
            skipped: 0,
            key: false,
            frames: [Frame { members: 0, node: NodeId::NOWHERE, container: Container::Object }; MAX_FRAMES],
            escape: Escape::default(),
            held: Vec::new(),
        }
    }

    /// Ready for another value, whatever became of the last.
    pub fn reset(&mut self) {
        (self.mode, self.node, self.depth, self.skipped) = (Mode::Start(0), NodeId::DOCUMENT, 0, 0);
        self.key = false;
        self.escape = Escape::default();
        self.let_go();
    }

    /// Takes the next bytes of the value and visits what is wanted of them. `paths` must be the same from the
    /// value's first byte to its last. After [`Progress::Done`] and [`Progress::Failed`] nothing more is
    /// taken until [`Scanner::reset`].
    pub fn push<F: Field>(
        &mut self,
        paths: &Paths<F>,
        input: &[u8],
        visitor: &mut impl Visitor<F>,
    ) -> Progress {
        let consumed = |rest: &[u8]| input.len().saturating_sub(rest.len());
        match (Run { scanner: self, paths, visitor }).run(input) {
            Stop::More(mode) => {
                self.mode = mode;
                Progress::More
            }
            Stop::Done(rest) => {
                self.mode = Mode::Done;
                Progress::Done { consumed: consumed(rest) }
            }
            Stop::Failed(error, rest) => {
                self.mode = Mode::Failed(error);
                self.let_go();
                Progress::Failed { consumed: consumed(rest), error }
            }
        }
    }

    /// The input has ended. A number at the top is complete by that, and visited.
    pub fn finish<F: Field>(&mut self, paths: &Paths<F>, visitor: &mut impl Visitor<F>) -> Finish {
        if self.mode == Mode::Number && self.depth == 0 {
            let number = std::mem::take(&mut self.held);
            let ended = Run { scanner: self, paths, visitor }.number(&number);
            self.mode = if ended.is_ok() { Mode::Done } else { Mode::Number };
        }
        match self.mode {
            Mode::Start(0) | Mode::Value if self.depth == 0 => Finish::Empty,
            Mode::Done => Finish::Complete,
            Mode::Failed(error) => Finish::Failed(error),
            _ => Finish::Cut,
        }
    }

    /// Whether white space would change nothing now: the value has begun, and none of its tokens is open.
    pub(crate) fn is_between_tokens(&self) -> bool {
        matches!(
            self.mode,
            Mode::Value
                | Mode::FirstElement
                | Mode::FirstKey
                | Mode::NextKey
                | Mode::Colon
                | Mode::AfterValue
                | Mode::Skip
        )
    }

    /// Empties `held`, and frees it where it has grown.
    fn let_go(&mut self) {
        if self.held.capacity() > KEPT_CAPACITY {
            self.held = Vec::new();
        }
        self.held.clear();
    }

    /// Appends to `held` while it is shorter than `bound`; tells whether all of `bytes` fitted.
    fn hold(&mut self, bytes: &[u8], bound: usize) -> bool {
        let room = bound.saturating_sub(self.held.len());
        match bytes.get(..room) {
            Some(fits) => self.held.extend_from_slice(fits),
            None => self.held.extend_from_slice(bytes),
        }
        bytes.len() <= room
    }
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Scanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is held is content of the exchange: it has no place in a log.
        f.debug_struct("Scanner")
            .field("mode", &self.mode)
            .field("depth", &self.depth)
            .finish_non_exhaustive()
    }
}

impl Literal {
    /// The one that begins with this byte; an infinity may have a minus before that.
    const fn beginning_with(first: u8) -> Option<Self> {
        Some(match first {
            b'n' => Self::Null,
            b't' => Self::True,
            b'f' => Self::False,
            b'N' => Self::NotANumber,
            b'I' => Self::Infinity,
            _ => return None,
        })
    }

    const fn word(self) -> &'static [u8] {
        match self {
            Self::Null => b"null",
            Self::True => b"true",
            Self::False => b"false",
            Self::NotANumber => b"NaN",
            Self::Infinity => b"Infinity",
        }
    }

    /// `None` for what is no JSON and says nothing.
    const fn value(self) -> Option<Value<'static>> {
        match self {
            Self::Null => Some(Value::Null),
            Self::True => Some(Value::Bool(true)),
            Self::False => Some(Value::Bool(false)),
            Self::NotANumber | Self::Infinity => None,
        }
    }
}
