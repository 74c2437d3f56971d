//! One push: the scanner at work on one input.
//!
//! Each step takes as much as it can of the input and gives the mode to go on with. A token that lies whole in
//! the input is read where it lies; only one that the input ends in, or that has escapes, goes through
//! `held`. The steps on the way of a stream event are inlined into one loop: a call for each would cost as much
//! as what they do.

mod scalar;
mod skip;
mod text;

use super::super::paths::{Node, NodeId, Paths};
use super::super::{Container, Field, JsonError, Text, Value, Visitor, Want};
use super::{Frame, Literal, Mode, Position, Scanner};
use scalar::plain_number;
use text::plain_text;

/// The scanner at work on one input. Each step is given the input that is not taken yet and gives back what
/// it leaves: in a register, where a field would be in memory.
pub(super) struct Run<'s, F, V> {
    pub(super) scanner: &'s mut Scanner,
    pub(super) paths: &'s Paths<F>,
    pub(super) visitor: &'s mut V,
}

/// What a step came to: what the next byte belongs to, and the input from there on.
type Next<'i> = Result<(Mode, &'i [u8]), Stop<'i>>;

/// Why a run ends.
pub(super) enum Stop<'i> {
    /// The input is used up; this is how to go on.
    More(Mode),
    /// The value ended before this.
    Done(&'i [u8]),
    /// The first byte of this could not be.
    Failed(JsonError, &'i [u8]),
}

impl<F: Field, V: Visitor<F>> Run<'_, F, V> {
    pub(super) fn run<'i>(&mut self, input: &'i [u8]) -> Stop<'i> {
        let mut next = (self.scanner.mode, input);
        loop {
            let (mode, rest) = next;
            let step = match mode {
                Mode::FirstKey | Mode::NextKey => self.key(rest, mode),
                Mode::AfterValue => self.after_value(rest),
                Mode::Value => self.values(rest),
                Mode::FirstElement => self.first_element(rest),
                Mode::Colon => self.colon(rest),
                Mode::Skip => self.skip(rest),
                Mode::SkipText => self.skip_text(rest),
                Mode::SkipEscaped => self.skip_escaped(rest),
                Mode::Start(passed) => start(rest, passed),
                Mode::Key => self.split_key(rest),
                Mode::Text => self.split_text(rest),
                Mode::Number => self.split_number(rest),
                Mode::Literal(literal, passed) => self.split_literal(rest, literal, passed),
                Mode::Done => Err(Stop::Done(rest)),
                Mode::Failed(error) => Err(Stop::Failed(error, rest)),
            };
            match step {
                Ok(step) => next = step,
                Err(stop) => return stop,
            }
        }
    }

    /// `mode`: [`Mode::FirstKey`] or [`Mode::NextKey`].
    #[inline(always)]
    fn key<'i>(&mut self, rest: &'i [u8], mode: Mode) -> Next<'i> {
        match token(rest, mode)? {
            [b'"', rest @ ..] => self.members(rest),
            [b'}', rest @ ..] if mode == Mode::FirstKey => Ok(self.close(rest)),
            rest => Err(Stop::Failed(JsonError::ExpectedKey, rest)),
        }
    }

    /// After the quote that begins a key. Goes from member to member of the object as long as they are as
    /// compact JSON has them and need not be entered; all else is left to the mode that is right for it.
    #[inline(always)]
    fn members<'i>(&mut self, mut rest: &'i [u8]) -> Next<'i> {
        loop {
            let object = self.frame().map_or(NodeId::NOWHERE, |frame| {
                frame.members = frame.members.saturating_add(1);
                frame.node
            });
            let Some((key, after)) = plain_text(rest) else { return Ok((Mode::Key, rest)) };
            self.scanner.node = self.paths.member(object, rest, key.len());
            let [b':', after @ ..] = after else { return Ok((Mode::Colon, after)) };
            match self.value(after)? {
                (Mode::AfterValue, [b',', b'"', after @ ..]) => rest = after,
                (Mode::AfterValue, [b'}', after @ ..]) => return Ok(self.close(after)),
                next => return Ok(next),
            }
        }
    }

    #[inline]
    fn colon<'i>(&mut self, rest: &'i [u8]) -> Next<'i> {
        match token(rest, Mode::Colon)? {
            [b':', rest @ ..] => Ok((Mode::Value, rest)),
            rest => Err(Stop::Failed(JsonError::ExpectedColon, rest)),
        }
    }

    #[inline(always)]
    fn after_value<'i>(&mut self, rest: &'i [u8]) -> Next<'i> {
        let Some(&mut Frame { container, .. }) = self.frame() else { return Err(Stop::Done(rest)) };
        match (token(rest, Mode::AfterValue)?, container) {
            ([b',', rest @ ..], Container::Object) => Ok((Mode::NextKey, rest)),
            ([b',', rest @ ..], Container::Array) => {
                self.element();
                Ok((Mode::Value, rest))
            }
            ([b'}', rest @ ..], Container::Object) | ([b']', rest @ ..], Container::Array) => {
                Ok(self.close(rest))
            }
            (rest, _) => Err(Stop::Failed(JsonError::ExpectedCommaOrEnd, rest)),
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

    #[inline]
    fn first_element<'i>(&mut self, rest: &'i [u8]) -> Next<'i> {
        match token(rest, Mode::FirstElement)? {
            [b']', rest @ ..] => Ok(self.close(rest)),
            rest => {
                self.element();
                Ok((Mode::Value, rest))
            }
        }
    }

    /// The next value. In an array it goes from element to element as long as they are as compact JSON has them and
    /// need not be entered.
    #[inline(always)]
    fn values<'i>(&mut self, mut rest: &'i [u8]) -> Next<'i> {
        let in_array = self.frame().is_some_and(|frame| frame.container == Container::Array);
        loop {
            if in_array {
                rest = self.plain_elements(rest);
            }
            match self.value(rest)? {
                (Mode::AfterValue, [b',', after @ ..]) if in_array => {
                    self.element();
                    rest = after;
                }
                (Mode::AfterValue, [b']', after @ ..]) if in_array => return Ok(self.close(after)),
                next => return Ok(next),
            }
        }
    }

    /// Passes over elements that are counts or empty texts, or empty where nothing is wanted of them, as long as commas
    /// follow: there may be a million of them. What it leaves begins with an element.
    #[inline]
    fn plain_elements<'i>(&mut self, mut rest: &'i [u8]) -> &'i [u8] {
        let field = self.field();
        let unwanted = self.scanner.node == NodeId::NOWHERE;
        loop {
            let after = match rest {
                [b'{', b'}', b',', after @ ..] | [b'[', b']', b',', after @ ..] if unwanted => after,
                [b'"', b'"', b',', after @ ..] => {
                    match field {
                        Some(field) if field.want() == Want::Pieces => return rest,
                        Some(field) => self.visit(field, Value::Text(Text { bytes: &[], whole: true })),
                        None => {}
                    }
                    after
                }
                [b'0'..=b'9', ..] => match plain_number(rest) {
                    Some((number, [b',', after @ ..])) => {
                        if let Some(field) = field {
                            self.visit(field, Value::Number(number));
                        }
                        after
                    }
                    _ => return rest,
                },
                _ => return rest,
            };
            if let Some(array) = self.frame() {
                array.members = array.members.saturating_add(1);
            }
            rest = after;
        }
    }

    #[inline(always)]
    fn value<'i>(&mut self, rest: &'i [u8]) -> Next<'i> {
        let rest = token(rest, Mode::Value)?;
        match rest {
            [b'"', rest @ ..] => self.text(rest),
            [b'{', rest @ ..] => self.open(rest, Container::Object),
            [b'[', rest @ ..] => self.open(rest, Container::Array),
            [b'-' | b'0'..=b'9', ..] => self.whole_number(rest),
            [b'n', ..] => self.whole_literal(rest, Literal::Null),
            [b't', ..] => self.whole_literal(rest, Literal::True),
            [b'f', ..] => self.whole_literal(rest, Literal::False),
            [b'N', ..] => self.split_literal(rest, Literal::NotANumber, 0),
            [b'I', ..] => self.split_literal(rest, Literal::Infinity, 0),
            _ => Err(Stop::Failed(JsonError::ExpectedValue, rest)),
        }
    }

    /// After the bracket that begins a container.
    fn open<'i>(&mut self, rest: &'i [u8], container: Container) -> Next<'i> {
        let node = self.scanner.node;
        let wanted = self.paths.node(node).filter(|node| node.wants(container));
        let Some(&Node { field, .. }) = wanted else {
            self.scanner.skipped = 1;
            return self.skip(rest);
        };
        if let Some(field) = field {
            self.visit(field, Value::Begin(container));
        }
        // An empty one need not be entered.
        if let ([b'}', rest @ ..], Container::Object) | ([b']', rest @ ..], Container::Array) =
            (rest, container)
        {
            if let Some(field) = field {
                self.visit(field, Value::End(container, 0));
            }
            return Ok((Mode::AfterValue, rest));
        }
        let depth = usize::from(self.scanner.depth);
        // `Paths` has no path so deep that this could fail.
        let Some(frame) = self.scanner.frames.get_mut(depth) else {
            return Err(Stop::Failed(JsonError::TooDeep, rest));
        };
        *frame = Frame { members: 0, node, container };
        self.scanner.depth = self.scanner.depth.saturating_add(1);
        Ok(match container {
            Container::Object => (Mode::FirstKey, rest),
            Container::Array => (Mode::FirstElement, rest),
        })
    }

    /// After the bracket that ends the innermost container.
    fn close<'i>(&mut self, rest: &'i [u8]) -> (Mode, &'i [u8]) {
        if let Some(&mut Frame { members, node, container }) = self.frame() {
            self.scanner.depth = self.scanner.depth.saturating_sub(1);
            if let Some(field) = self.paths.node(node).and_then(|node| node.field) {
                self.visit(field, Value::End(container, members));
            }
        }
        (Mode::AfterValue, rest)
    }

    /// The innermost open container.
    #[inline(always)]
    fn frame(&mut self) -> Option<&mut Frame> {
        let innermost = usize::from(self.scanner.depth).checked_sub(1)?;
        self.scanner.frames.get_mut(innermost)
    }

    /// What the current value means.
    #[inline(always)]
    fn field(&self) -> Option<F> {
        self.paths.node(self.scanner.node).and_then(|node| node.field)
    }

    #[inline]
    fn visit(&mut self, field: F, value: Value<'_>) {
        let frames = self.scanner.frames.get(..usize::from(self.scanner.depth));
        self.visitor.visit(field, &Position(frames.unwrap_or_default()), value);
    }
}

/// Passes over a byte order mark, of which so many bytes have passed.
fn start(mut rest: &[u8], passed: u8) -> Next<'_> {
    const MARK: [u8; 3] = *b"\xEF\xBB\xBF";
    if passed == 0 {
        // Until there is a byte of the value nothing has come.
        rest = token(rest, Mode::Start(0))?;
    }
    for (passed, expected) in (passed..).zip(MARK.iter().skip(usize::from(passed))) {
        match rest {
            [] => return Err(Stop::More(Mode::Start(passed))),
            [byte, after @ ..] if byte == expected => rest = after,
            _ if passed == 0 => break,
            _ => return Err(Stop::Failed(JsonError::ExpectedValue, rest)),
        }
    }
    Ok((Mode::Value, rest))
}

/// Passes over whitespace; what comes back is not empty. `mode` is how to go on where it would be.
#[inline(always)]
fn token(mut rest: &[u8], mode: Mode) -> Result<&[u8], Stop<'_>> {
    loop {
        match rest {
            [byte, ..] if *byte > b' ' => return Ok(rest),
            [b' ' | b'\n' | b'\r' | b'\t', after @ ..] => rest = after,
            [_, ..] => return Ok(rest),
            [] => return Err(Stop::More(mode)),
        }
    }
}
