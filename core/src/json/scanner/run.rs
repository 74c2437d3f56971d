//! One push: the scanner at work on one input.
//!
//! Each step takes as much as it can of the input and gives the mode to go on with. A token that lies whole in
//! the input is read where it lies; only one that the input ends in, or that has escapes, goes through
//! `held`. What stands between tokens is one loop, [`Run::values`]: a call or a mode for each step would cost more than
//! what it does.

mod scalar;
mod skip;
mod text;

use super::super::paths::{NodeId, Paths};
use super::super::{Container, Field, JsonError, Passed, Text, Value, Visitor, Want};
use super::{Frame, Literal, MAX_MEMBERS, Mode, Position, Scanner};
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

/// Where the loop of a run goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A value must come.
    Value,
    /// Behind the bracket that begins the innermost container.
    First,
    /// Behind a value.
    Behind,
}

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
                Mode::Value => self.values(rest, Place::Value),
                Mode::AfterValue => self.values(rest, Place::Behind),
                Mode::FirstKey | Mode::FirstElement => self.values(rest, Place::First),
                Mode::NextKey => self.next_key(rest),
                Mode::Key => self.split_key(rest),
                Mode::Colon => colon(rest).map(|rest| (Mode::Value, rest)),
                Mode::Skip => self.skip(rest),
                Mode::SkipText => self.skip_text(rest),
                Mode::SkipEscaped => self.skip_escaped(rest),
                Mode::Start(passed) => start(rest, passed),
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

    /// From value to value, into the containers that something is wanted of and out of them again, as long as the input
    /// goes. What it ends in is left to the mode that is right for it.
    #[inline(never)]
    fn values<'i>(&mut self, mut rest: &'i [u8], mut place: Place) -> Next<'i> {
        loop {
            if place == Place::Value {
                rest = token(rest, Mode::Value)?;
                place = Place::Behind;
                // What goes on in another mode leaves; all else stays in registers.
                let left = match rest {
                    [b'"', text @ ..] => match plain_text(text) {
                        Some((bytes, after)) if self.plain_value(bytes) => {
                            rest = after;
                            None
                        }
                        _ => Some(self.text(text)?),
                    },
                    [bracket @ (b'{' | b'['), inside @ ..] => {
                        let container = if *bracket == b'{' { Container::Object } else { Container::Array };
                        let node = self.scanner.node;
                        match self.paths.node(node).filter(|node| node.wants(container)) {
                            Some(wanted) => {
                                let field = wanted.field;
                                if let Some(field) = field {
                                    self.visit(field, Value::Begin(container));
                                }
                                place = self.enter(inside, Frame { members: 0, node, container }, field)?;
                                rest = match place {
                                    Place::Behind => inside.get(1..).unwrap_or_default(),
                                    _ => inside,
                                };
                                None
                            }
                            None => {
                                self.scanner.skipped = 1;
                                Some(self.skip(inside)?)
                            }
                        }
                    }
                    [b'0'..=b'9', ..] => match plain_number(rest) {
                        Some((number, after)) => {
                            rest = after;
                            match self.field() {
                                Some(field) => self.visit(field, Value::Number(number)),
                                None => self.visitor.pass(Passed::Number(number)),
                            }
                            None
                        }
                        None => Some(self.odd_number(rest)?),
                    },
                    [b'-', ..] => Some(self.odd_number(rest)?),
                    [b'n', b'u', b'l', b'l', after @ ..] => {
                        rest = after;
                        self.literal(Literal::Null);
                        None
                    }
                    [b't', b'r', b'u', b'e', after @ ..] => {
                        rest = after;
                        self.literal(Literal::True);
                        None
                    }
                    [b'f', b'a', b'l', b's', b'e', after @ ..] => {
                        rest = after;
                        self.literal(Literal::False);
                        None
                    }
                    [first, ..] => match Literal::beginning_with(*first) {
                        Some(literal) => Some(self.split_literal(rest, literal, 0)?),
                        None => return Err(Stop::Failed(JsonError::ExpectedValue, rest)),
                    },
                    [] => return Err(Stop::More(Mode::Value)),
                };
                match left {
                    None => {}
                    Some((Mode::AfterValue, after)) => rest = after,
                    Some(next) => return Ok(next),
                }
            }
            let first = place == Place::First;
            place = Place::Behind;
            let innermost = usize::from(self.scanner.depth).wrapping_sub(1);
            let Some(frame) = self.scanner.frames.get_mut(innermost) else { return Err(Stop::Done(rest)) };
            let node = frame.node;
            if frame.members >= MAX_MEMBERS {
                self.close();
                self.scanner.skipped = 1;
                match self.skip(rest)? {
                    (Mode::AfterValue, after) => rest = after,
                    next => return Ok(next),
                }
                continue;
            }
            if frame.container == Container::Object {
                rest = token(rest, if first { Mode::FirstKey } else { Mode::AfterValue })?;
                let key = match rest {
                    [b',', b'"', key @ ..] if !first => key,
                    [b'}', after @ ..] => {
                        self.close();
                        rest = after;
                        continue;
                    }
                    [b'"', key @ ..] if first => key,
                    [b',', after @ ..] if !first => key(after, Mode::NextKey)?,
                    _ if first => return Err(Stop::Failed(JsonError::ExpectedKey, rest)),
                    _ => return Err(Stop::Failed(JsonError::ExpectedCommaOrEnd, rest)),
                };
                frame.members = frame.members.saturating_add(1);
                rest = match plain_text(key) {
                    Some((name, after)) => {
                        self.scanner.node = self.paths.member(node, key, name.len());
                        colon(after)?
                    }
                    None => match self.split_key(key)? {
                        (Mode::Value, after) => after,
                        other => return Ok(other),
                    },
                };
            } else {
                rest = token(rest, if first { Mode::FirstElement } else { Mode::AfterValue })?;
                rest = match rest {
                    [b',', after @ ..] if !first => after,
                    [b']', after @ ..] => {
                        self.close();
                        rest = after;
                        continue;
                    }
                    _ if first => rest,
                    _ => return Err(Stop::Failed(JsonError::ExpectedCommaOrEnd, rest)),
                };
                frame.members = frame.members.saturating_add(1);
                self.scanner.node = self.paths.node(node).map_or(NodeId::NOWHERE, |node| node.elements);
                if let [b'0'..=b'9', ..] | [b'"', b'"', ..] | [b'{', b'}', ..] | [b'[', b']', ..] = rest {
                    rest = self.plain_elements(rest);
                }
            }
            place = Place::Value;
        }
    }

    /// After the `,` in an object, where the input before ended.
    #[cold]
    fn next_key<'i>(&mut self, rest: &'i [u8]) -> Next<'i> {
        let key = key(rest, Mode::NextKey)?;
        if let Some(object) = self.frame() {
            object.members = object.members.saturating_add(1);
        }
        Ok((Mode::Key, key))
    }

    /// Passes over elements that are counts or empty texts, or empty where nothing is wanted of them, as long as commas
    /// follow: there may be a million of them. What it leaves begins with an element.
    #[inline]
    fn plain_elements<'i>(&mut self, mut rest: &'i [u8]) -> &'i [u8] {
        let field = self.field();
        let unwanted = self.scanner.node == NodeId::NOWHERE;
        let members = self.frame().map_or(0, |array| array.members);
        let mut passed = 0_u32;
        while members.saturating_add(passed) < MAX_MEMBERS {
            let after = match rest {
                [b'{', b'}', b',', after @ ..] | [b'[', b']', b',', after @ ..] if unwanted => after,
                [b'"', b'"', b',', after @ ..] => {
                    match field {
                        Some(field) if field.want() == Want::Pieces => break,
                        Some(field) => self.visit(field, Value::Text(Text { bytes: &[], whole: true })),
                        None => {}
                    }
                    after
                }
                [b'0'..=b'9', b',', after @ ..] if field.is_none() => after,
                [b'0'..=b'9', ..] => match plain_number(rest) {
                    Some((number, [b',', after @ ..])) => {
                        if let Some(field) = field {
                            self.visit(field, Value::Number(number));
                        }
                        after
                    }
                    _ => break,
                },
                _ => break,
            };
            rest = after;
            passed = passed.saturating_add(1);
            // The next one is visited with its own index.
            if let (Some(_), Some(array)) = (field, self.frame()) {
                array.members = members.saturating_add(passed);
            }
        }
        if let Some(array) = self.frame() {
            array.members = members.saturating_add(passed);
        }
        rest
    }

    /// After the bracket that begins a container that something is wanted of: where to go on. An empty one has ended, with the
    /// first byte of the rest.
    #[inline(always)]
    fn enter<'i>(&mut self, rest: &'i [u8], frame: Frame, field: Option<F>) -> Result<Place, Stop<'i>> {
        if let ([b'}', ..], Container::Object) | ([b']', ..], Container::Array) = (rest, frame.container) {
            if let Some(field) = field {
                self.visit(field, Value::End(frame.container, 0));
            }
            return Ok(Place::Behind);
        }
        let depth = usize::from(self.scanner.depth);
        // `Paths` has no path so deep that this could fail.
        let Some(free) = self.scanner.frames.get_mut(depth) else {
            return Err(Stop::Failed(JsonError::TooDeep, rest));
        };
        *free = frame;
        self.scanner.depth = self.scanner.depth.saturating_add(1);
        Ok(Place::First)
    }

    /// The innermost container has ended.
    #[inline]
    fn close(&mut self) {
        if let Some(&mut Frame { members, node, container }) = self.frame() {
            self.scanner.depth = self.scanner.depth.saturating_sub(1);
            if let Some(field) = self.paths.node(node).and_then(|node| node.field) {
                self.visit(field, Value::End(container, members));
            }
        }
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

/// Passes over the colon behind a key.
#[inline(always)]
fn colon(rest: &[u8]) -> Result<&[u8], Stop<'_>> {
    if let [b':', rest @ ..] = rest {
        return Ok(rest);
    }
    match token(rest, Mode::Colon)? {
        [b':', rest @ ..] => Ok(rest),
        rest => Err(Stop::Failed(JsonError::ExpectedColon, rest)),
    }
}

/// Passes over the quote that begins a key.
#[inline]
fn key(rest: &[u8], mode: Mode) -> Result<&[u8], Stop<'_>> {
    match token(rest, mode)? {
        [b'"', key @ ..] => Ok(key),
        rest => Err(Stop::Failed(JsonError::ExpectedKey, rest)),
    }
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
