//! The scanner: one JSON value in progress.
//!
//! A push parser. [`Mode`] says what the next byte belongs to; each step takes as much as it can of the input
//! and gives the next mode. A token that lies whole in the input is read where it lies; only one that the
//! input ends in, or that has escapes, goes through `held`.

use std::fmt;

use super::escape::{Decoded, Escape, Step};
use super::find::{quote_or_backslash, quote_or_bracket};
use super::paths::{MAX_PATH, Node, NodeId, Paths};
use super::{Container, Field, JsonError, Number, Text, Value, Visitor, Want};

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
    /// Within `true`, `false` or `null`; so many bytes have passed.
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
}

/// Objects and arrays may be nested so deep.
const MAX_DEPTH: u16 = 512;
/// A path has at most `MAX_PATH` containers on its way, and one may stand at its end.
const MAX_FRAMES: usize = MAX_PATH + 1;
/// A longer number is no count of anything; it is passed over.
const MAX_NUMBER: usize = 64;
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
            frames: [Frame { members: 0, node: NodeId::NOWHERE, container: Container::Object }; MAX_FRAMES],
            escape: Escape::default(),
            held: Vec::new(),
        }
    }

    /// Ready for another value, whatever became of the last.
    pub fn reset(&mut self) {
        (self.mode, self.node, self.depth, self.skipped) = (Mode::Start(0), NodeId::DOCUMENT, 0, 0);
        self.escape = Escape::default();
        self.let_go();
    }

    /// Takes the next bytes of the value and visits what is wanted of them. `paths` must be the same from the
    /// value's first byte to its last. After [`Progress::Done`] and [`Progress::Failed`] nothing more is
    /// taken until [`Scanner::reset`].
    #[inline]
    pub fn push<F: Field>(
        &mut self,
        paths: &Paths<F>,
        input: &[u8],
        visitor: &mut impl Visitor<F>,
    ) -> Progress {
        let mut run = Run { scanner: self, paths, visitor, rest: input };
        let stop = run.run();
        let consumed = input.len().saturating_sub(run.rest.len());
        match stop {
            Stop::More(mode) => {
                self.mode = mode;
                Progress::More
            }
            Stop::Done => {
                self.mode = Mode::Done;
                Progress::Done { consumed }
            }
            Stop::Failed(error) => {
                self.mode = Mode::Failed(error);
                self.let_go();
                Progress::Failed { consumed, error }
            }
        }
    }

    /// The input has ended. A number at the top is complete by that, and visited.
    pub fn finish<F: Field>(&mut self, paths: &Paths<F>, visitor: &mut impl Visitor<F>) -> Finish {
        if self.mode == Mode::Number && self.depth == 0 {
            let number = std::mem::take(&mut self.held);
            let mut run = Run { scanner: self, paths, visitor, rest: &[] };
            self.mode = if run.number(&number).is_ok() { Mode::Done } else { Mode::Number };
        }
        match self.mode {
            Mode::Start(0) | Mode::Value if self.depth == 0 => Finish::Empty,
            Mode::Done => Finish::Complete,
            Mode::Failed(error) => Finish::Failed(error),
            _ => Finish::Cut,
        }
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

/// The scanner at work on one input.
struct Run<'s, 'i, F, V> {
    scanner: &'s mut Scanner,
    paths: &'s Paths<F>,
    visitor: &'s mut V,
    /// The input that is not taken yet.
    rest: &'i [u8],
}

/// Why a run ends.
enum Stop {
    /// The input is used up; this is how to go on.
    More(Mode),
    Done,
    Failed(JsonError),
}

impl<'i, F: Field, V: Visitor<F>> Run<'_, 'i, F, V> {
    fn run(&mut self) -> Stop {
        let mut mode = self.scanner.mode;
        loop {
            let next = match mode {
                Mode::Start(passed) => self.start(passed),
                Mode::Value | Mode::FirstElement => self.value(mode),
                Mode::FirstKey | Mode::NextKey => self.key(mode),
                Mode::Key => self.split_key(),
                Mode::Colon => self.colon(),
                Mode::AfterValue => self.after_value(),
                Mode::Text => self.split_text(),
                Mode::Number => self.split_number(),
                Mode::Literal(literal, passed) => self.split_literal(literal, passed),
                Mode::Skip => self.skip(),
                Mode::SkipText => self.skip_text(),
                Mode::SkipEscaped => self.skip_escaped(),
                Mode::Done => Err(Stop::Done),
                Mode::Failed(error) => Err(Stop::Failed(error)),
            };
            match next {
                Ok(next) => mode = next,
                Err(stop) => return stop,
            }
        }
    }

    /// Passes over a byte order mark.
    fn start(&mut self, passed: u8) -> Result<Mode, Stop> {
        const MARK: [u8; 3] = *b"\xEF\xBB\xBF";
        if passed == 0 {
            // Until there is a byte of the value nothing has come.
            self.peek(Mode::Start(0))?;
        }
        let mark = MARK.iter().skip(usize::from(passed));
        for (passed, expected) in (passed..).zip(mark) {
            match self.rest {
                [] => return Err(Stop::More(Mode::Start(passed))),
                [byte, rest @ ..] if byte == expected => self.rest = rest,
                _ if passed == 0 => break,
                _ => return Err(Stop::Failed(JsonError::ExpectedValue)),
            }
        }
        Ok(Mode::Value)
    }

    /// `mode`: [`Mode::Value`] or [`Mode::FirstElement`].
    #[inline]
    fn value(&mut self, mode: Mode) -> Result<Mode, Stop> {
        let byte = self.peek(mode)?;
        if mode == Mode::FirstElement {
            if byte == b']' {
                return self.close();
            }
            self.element();
        }
        match byte {
            b'"' => {
                self.advance(1);
                self.text()
            }
            b'{' => self.open(Container::Object),
            b'[' => self.open(Container::Array),
            b'-' | b'0'..=b'9' => self.whole_number(),
            b'n' => self.whole_literal(Literal::Null),
            b't' => self.whole_literal(Literal::True),
            b'f' => self.whole_literal(Literal::False),
            _ => Err(Stop::Failed(JsonError::ExpectedValue)),
        }
    }

    /// `mode`: [`Mode::FirstKey`] or [`Mode::NextKey`].
    #[inline]
    fn key(&mut self, mode: Mode) -> Result<Mode, Stop> {
        match self.peek(mode)? {
            b'"' => self.advance(1),
            b'}' if mode == Mode::FirstKey => return self.close(),
            _ => return Err(Stop::Failed(JsonError::ExpectedKey)),
        }
        if let Some(frame) = self.frame() {
            frame.members = frame.members.saturating_add(1);
        }
        let rest = self.rest;
        match quote_or_backslash(rest) {
            Some(length) if rest.get(length) == Some(&b'"') => {
                self.member(rest, length);
                self.advance(length.wrapping_add(1));
                self.colon()
            }
            _ => Ok(Mode::Key),
        }
    }

    /// A key that the input ends in or that has escapes.
    fn split_key(&mut self) -> Result<Mode, Stop> {
        // One byte more than the longest wanted key tells that this is none of them.
        let bound = self.paths.longest_key().saturating_add(1);
        loop {
            match self.part(Mode::Key)? {
                Part::Plain(bytes) => self.scanner.hold(bytes, bound),
                Part::Decoded(decoded) => self.scanner.hold(decoded.bytes(), bound),
                Part::End => break,
            };
        }
        let key = std::mem::take(&mut self.scanner.held);
        self.member(&key, key.len());
        self.scanner.held = key;
        self.scanner.let_go();
        self.colon()
    }

    /// The value that comes next is the member whose key `input` begins with.
    #[inline]
    fn member(&mut self, input: &[u8], length: usize) {
        let object = self.frame().map_or(NodeId::NOWHERE, |frame| frame.node);
        self.scanner.node =
            self.paths.node(object).map_or(NodeId::NOWHERE, |node| self.paths.member(node, input, length));
    }

    #[inline]
    fn colon(&mut self) -> Result<Mode, Stop> {
        match self.peek(Mode::Colon)? {
            b':' => self.advance(1),
            _ => return Err(Stop::Failed(JsonError::ExpectedColon)),
        }
        self.value(Mode::Value)
    }

    #[inline]
    fn after_value(&mut self) -> Result<Mode, Stop> {
        let Some(&mut Frame { container, .. }) = self.frame() else { return Err(Stop::Done) };
        match (self.peek(Mode::AfterValue)?, container) {
            (b',', Container::Object) => {
                self.advance(1);
                self.key(Mode::NextKey)
            }
            (b',', Container::Array) => {
                self.advance(1);
                self.element();
                Ok(Mode::Value)
            }
            (b'}', Container::Object) | (b']', Container::Array) => self.close(),
            _ => Err(Stop::Failed(JsonError::ExpectedCommaOrEnd)),
        }
    }

    /// The value that comes next is an element of the innermost array.
    #[inline]
    fn element(&mut self) {
        let array = self.frame().map_or(NodeId::NOWHERE, |frame| {
            frame.members = frame.members.saturating_add(1);
            frame.node
        });
        self.scanner.node = self.paths.node(array).map_or(NodeId::NOWHERE, |node| node.elements);
    }

    /// At the bracket that begins a container.
    fn open(&mut self, container: Container) -> Result<Mode, Stop> {
        let node = self.scanner.node;
        let wanted = self.paths.node(node).filter(|node| node.wants(container));
        let Some(&Node { field, .. }) = wanted else {
            self.advance(1);
            self.scanner.skipped = 1;
            return self.skip();
        };
        if let Some(field) = field {
            self.visit(field, Value::Begin(container));
        }
        let depth = usize::from(self.scanner.depth);
        let Some(frame) = self.scanner.frames.get_mut(depth) else {
            return Err(Stop::Failed(JsonError::TooDeep));
        };
        *frame = Frame { members: 0, node, container };
        self.scanner.depth = self.scanner.depth.saturating_add(1);
        self.advance(1);
        Ok(match container {
            Container::Object => Mode::FirstKey,
            Container::Array => Mode::FirstElement,
        })
    }

    /// At the bracket that ends the innermost container.
    fn close(&mut self) -> Result<Mode, Stop> {
        self.advance(1);
        if let Some(&mut Frame { members, node, container }) = self.frame() {
            self.scanner.depth = self.scanner.depth.saturating_sub(1);
            if let Some(field) = self.paths.node(node).and_then(|node| node.field) {
                self.visit(field, Value::End(container, members));
            }
        }
        Ok(Mode::AfterValue)
    }

    /// After the quote that begins a text which is a value.
    fn text(&mut self) -> Result<Mode, Stop> {
        let Some(field) = self.field() else { return self.skip_text() };
        let Want::Value { text } = field.want() else { return self.split_text() };
        let (rest, bound) = (self.rest, usize::from(text));
        let found = quote_or_backslash(rest);
        let plain = found.and_then(|length| rest.get(..length)).unwrap_or(rest);
        if let Some(bytes) = plain.get(..bound).filter(|_| plain.len() > bound) {
            self.visit(field, Value::Text(Text { bytes, whole: false }));
            self.advance(plain.len());
            return self.skip_text();
        }
        if rest.get(plain.len()) == Some(&b'"') {
            self.visit(field, Value::Text(Text { bytes: plain, whole: true }));
            self.advance(plain.len().wrapping_add(1));
            return Ok(Mode::AfterValue);
        }
        self.split_text()
    }

    /// A wanted text that the input ends in, that has escapes, or that is wanted in pieces.
    fn split_text(&mut self) -> Result<Mode, Stop> {
        let Some(field) = self.field() else { return self.skip_text() };
        let want = field.want();
        loop {
            let part = self.part(Mode::Text)?;
            let bytes = match &part {
                Part::Plain(bytes) => bytes,
                Part::Decoded(decoded) => decoded.bytes(),
                Part::End => break,
            };
            match want {
                Want::Pieces => self.visit(field, Value::Piece(bytes)),
                Want::Value { text } => {
                    let whole = self.scanner.hold(bytes, usize::from(text));
                    if !whole {
                        self.visit_held(field, whole);
                        // A high surrogate may be open, never a backslash.
                        self.scanner.escape = Escape::default();
                        return self.skip_text();
                    }
                }
            }
        }
        match want {
            Want::Pieces => self.visit(field, Value::TextEnd),
            Want::Value { .. } => self.visit_held(field, true),
        }
        Ok(Mode::AfterValue)
    }

    /// The next part of a key or text, escapes decoded. `mode` is how to go on where the input ends.
    fn part(&mut self, mode: Mode) -> Result<Part<'i>, Stop> {
        loop {
            let rest = self.rest;
            let Some(&byte) = rest.first() else { return Err(Stop::More(mode)) };
            let escape = &mut self.scanner.escape;
            if escape.active() {
                match escape.feed(byte) {
                    Step::Taken => self.advance(1),
                    Step::Before(decoded) => return Ok(Part::Decoded(decoded)),
                    Step::Decoded(decoded) => {
                        self.advance(1);
                        return Ok(Part::Decoded(decoded));
                    }
                    Step::Invalid => return Err(Stop::Failed(JsonError::Escape)),
                }
                continue;
            }
            match byte {
                b'"' => {
                    self.advance(1);
                    return Ok(Part::End);
                }
                b'\\' => {
                    escape.begin();
                    self.advance(1);
                }
                _ => {
                    let length = quote_or_backslash(rest).unwrap_or(rest.len());
                    self.advance(length);
                    return Ok(Part::Plain(rest.get(..length).unwrap_or_default()));
                }
            }
        }
    }

    /// At the first byte of a number.
    fn whole_number(&mut self) -> Result<Mode, Stop> {
        let rest = self.rest;
        let Some(length) = number_end(rest) else { return self.split_number() };
        self.advance(length);
        self.number(rest.get(..length).unwrap_or_default())?;
        Ok(Mode::AfterValue)
    }

    /// A number that the input ends in.
    fn split_number(&mut self) -> Result<Mode, Stop> {
        let rest = self.rest;
        let end = number_end(rest);
        let length = end.unwrap_or(rest.len());
        self.scanner.hold(rest.get(..length).unwrap_or_default(), MAX_NUMBER.saturating_add(1));
        self.advance(length);
        if end.is_none() {
            return Err(Stop::More(Mode::Number));
        }
        let number = std::mem::take(&mut self.scanner.held);
        self.number(&number)?;
        self.scanner.held = number;
        self.scanner.let_go();
        Ok(Mode::AfterValue)
    }

    /// A number is complete.
    fn number(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        if bytes.len() > MAX_NUMBER {
            return Ok(());
        }
        let number = Number::parse(bytes).ok_or(Stop::Failed(JsonError::Number))?;
        if let Some(field) = self.field() {
            self.visit(field, Value::Number(number));
        }
        Ok(())
    }

    /// At the first byte of a literal.
    fn whole_literal(&mut self, literal: Literal) -> Result<Mode, Stop> {
        match self.rest.strip_prefix(literal.word()) {
            Some(rest) => self.rest = rest,
            None => return self.split_literal(literal, 0),
        }
        self.literal(literal);
        Ok(Mode::AfterValue)
    }

    /// A literal that the input ends in, or that is none.
    fn split_literal(&mut self, literal: Literal, passed: u8) -> Result<Mode, Stop> {
        for (passed, expected) in (passed..).zip(literal.word().iter().skip(usize::from(passed))) {
            match self.rest {
                [] => return Err(Stop::More(Mode::Literal(literal, passed))),
                [byte, rest @ ..] if byte == expected => self.rest = rest,
                _ => return Err(Stop::Failed(JsonError::Literal)),
            }
        }
        self.literal(literal);
        Ok(Mode::AfterValue)
    }

    /// A literal is complete.
    fn literal(&mut self, literal: Literal) {
        if let Some(field) = self.field() {
            self.visit(field, literal.value());
        }
    }

    /// Passes over what is left of a container that nothing is wanted of.
    fn skip(&mut self) -> Result<Mode, Stop> {
        let bound = MAX_DEPTH.saturating_sub(u16::from(self.scanner.depth));
        while self.scanner.skipped > 0 {
            let Some(passed) = quote_or_bracket(self.rest) else {
                self.rest = &[];
                return Err(Stop::More(Mode::Skip));
            };
            self.advance(passed);
            match self.rest.first() {
                Some(b'"') => {
                    self.advance(1);
                    self.text_end()?;
                    continue;
                }
                Some(b'{' | b'[') if self.scanner.skipped >= bound => {
                    return Err(Stop::Failed(JsonError::TooDeep));
                }
                Some(b'{' | b'[') => self.scanner.skipped = self.scanner.skipped.saturating_add(1),
                _ => self.scanner.skipped = self.scanner.skipped.saturating_sub(1),
            }
            self.advance(1);
        }
        Ok(Mode::AfterValue)
    }

    /// Passes over what is left of a text that nothing more is wanted of.
    fn skip_text(&mut self) -> Result<Mode, Stop> {
        self.text_end()?;
        Ok(if self.scanner.skipped > 0 { Mode::Skip } else { Mode::AfterValue })
    }

    /// The same, after a backslash.
    fn skip_escaped(&mut self) -> Result<Mode, Stop> {
        if self.rest.is_empty() {
            return Err(Stop::More(Mode::SkipEscaped));
        }
        self.advance(1);
        self.skip_text()
    }

    /// Passes over a text up to its closing quote.
    #[inline]
    fn text_end(&mut self) -> Result<(), Stop> {
        loop {
            let Some(passed) = quote_or_backslash(self.rest) else {
                self.rest = &[];
                return Err(Stop::More(Mode::SkipText));
            };
            self.advance(passed);
            match self.rest {
                [b'"', rest @ ..] => {
                    self.rest = rest;
                    return Ok(());
                }
                [_, _, rest @ ..] => self.rest = rest,
                _ => {
                    self.rest = &[];
                    return Err(Stop::More(Mode::SkipEscaped));
                }
            }
        }
    }

    /// The next byte that is no whitespace, which stays. `mode` is how to go on where there is none.
    #[inline]
    fn peek(&mut self, mode: Mode) -> Result<u8, Stop> {
        loop {
            match self.rest {
                [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] => self.rest = rest,
                [byte, ..] => return Ok(*byte),
                [] => return Err(Stop::More(mode)),
            }
        }
    }

    #[inline]
    fn advance(&mut self, length: usize) {
        self.rest = self.rest.get(length..).unwrap_or_default();
    }

    /// The innermost open container.
    #[inline]
    fn frame(&mut self) -> Option<&mut Frame> {
        let innermost = usize::from(self.scanner.depth).checked_sub(1)?;
        self.scanner.frames.get_mut(innermost)
    }

    /// What the current value means.
    #[inline]
    fn field(&self) -> Option<F> {
        self.paths.node(self.scanner.node).and_then(|node| node.field)
    }

    #[inline]
    fn visit(&mut self, field: F, value: Value<'_>) {
        let frames = self.scanner.frames.get(..usize::from(self.scanner.depth));
        self.visitor.visit(field, &Position(frames.unwrap_or_default()), value);
    }

    fn visit_held(&mut self, field: F, whole: bool) {
        let held = std::mem::take(&mut self.scanner.held);
        self.visit(field, Value::Text(Text { bytes: &held, whole }));
        self.scanner.held = held;
        self.scanner.let_go();
    }
}

/// What a key or text goes on with.
enum Part<'i> {
    /// Bytes as they stand in the input; not empty.
    Plain(&'i [u8]),
    /// What an escape stands for.
    Decoded(Decoded),
    /// The closing quote.
    End,
}

impl Literal {
    const fn word(self) -> &'static [u8] {
        match self {
            Self::Null => b"null",
            Self::True => b"true",
            Self::False => b"false",
        }
    }

    const fn value(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::True => Value::Bool(true),
            Self::False => Value::Bool(false),
        }
    }
}

/// Where the first byte stands that cannot belong to a number.
#[inline]
fn number_end(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'))
}
