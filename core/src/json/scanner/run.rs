//! One push: the scanner at work on one input.
//!
//! Each step takes as much as it can of the input and gives the mode to go on with. A token that lies whole in
//! the input is read where it lies; only one that the input ends in, or that has escapes, goes through
//! `held`. The steps on the way of a stream event are inlined into one loop: a call for each would cost as much
//! as what they do.

use super::super::escape::{self, Decoded, Escape, Step};
use super::super::find::{quote_or_backslash, quote_or_bracket};
use super::super::number::{MAX_NUMBER, may_hold};
use super::super::paths::{Node, NodeId, Paths};
use super::super::{Container, Field, JsonError, Number, Passed, Text, Value, Visitor, Want};
use super::{Frame, KEPT_CAPACITY, Literal, MAX_DEPTH, Mode, Position, Scanner};

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

    /// A key that the input ends in or that has escapes.
    #[cold]
    fn split_key<'i>(&mut self, mut rest: &'i [u8]) -> Next<'i> {
        // One byte more than the longest wanted key tells that this is none of them.
        let bound = self.paths.longest_key().saturating_add(1);
        let ended = loop {
            rest = self.gather(rest, bound);
            if let ([b'"', after @ ..], false) = (rest, self.scanner.escape.active()) {
                rest = after;
                break true;
            }
            let (part, after) = self.part(rest, Mode::Key)?;
            rest = after;
            match part {
                Part::Plain(bytes) => self.scanner.hold(bytes, bound),
                Part::Decoded(decoded) => self.scanner.hold(decoded.bytes(), bound),
                Part::End => break true,
            };
            if self.scanner.held.len() >= bound {
                break false;
            }
        };
        let object = self.frame().map_or(NodeId::NOWHERE, |frame| frame.node);
        let key = &self.scanner.held;
        self.scanner.node = self.paths.member(object, key, key.len());
        self.scanner.let_go();
        if ended {
            return Ok(match rest {
                [b':', rest @ ..] => (Mode::Value, rest),
                rest => (Mode::Colon, rest),
            });
        }
        // A high surrogate may be open, never a backslash.
        self.scanner.escape = Escape::default();
        self.scanner.key = true;
        self.skip_text(rest)
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

    /// After the quote that begins a text which is a value.
    #[inline(always)]
    fn text<'i>(&mut self, rest: &'i [u8]) -> Next<'i> {
        let Some(field) = self.field() else {
            return match plain_text(rest) {
                Some((text, rest)) => {
                    self.visitor.pass(Passed::Text(text));
                    Ok((Mode::AfterValue, rest))
                }
                None => self.skip_text(rest),
            };
        };
        let Want::Value { text: bound } = field.want() else { return self.split_text(rest) };
        let bound = usize::from(bound);
        let Some((bytes, after)) = plain_text(rest) else { return self.long_text(rest, field, bound) };
        let text = match bytes.get(..bound) {
            Some(bytes_wanted) => Text { bytes: bytes_wanted, whole: bytes.len() == bound },
            None => Text { bytes, whole: true },
        };
        self.visit(field, Value::Text(text));
        Ok((Mode::AfterValue, after))
    }

    /// The same for a text that has escapes or that the input ends in.
    #[inline(never)]
    fn long_text<'i>(&mut self, rest: &'i [u8], field: F, bound: usize) -> Next<'i> {
        if let [b'\\', ..] = rest {
            let rest = self.gather(rest, bound);
            return match rest {
                [b'"', after @ ..] => {
                    self.visit_held(field, true);
                    Ok((Mode::AfterValue, after))
                }
                rest => self.split_text(rest),
            };
        }
        let plain = quote_or_backslash(rest).unwrap_or(rest.len());
        match rest.split_at_checked(bound) {
            Some((bytes, rest)) if plain > bound => {
                self.visit(field, Value::Text(Text { bytes, whole: false }));
                self.skip_text(rest)
            }
            _ => self.split_text(rest),
        }
    }

    /// A wanted text that the input ends in, that has escapes, or that is wanted in pieces.
    fn split_text<'i>(&mut self, mut rest: &'i [u8]) -> Next<'i> {
        let Some(field) = self.field() else { return self.skip_text(rest) };
        let want = field.want();
        loop {
            rest = match want {
                Want::Value { text } => self.gather(rest, usize::from(text)),
                Want::Pieces => self.escaped_piece(rest, field),
            };
            if let ([b'"', after @ ..], false) = (rest, self.scanner.escape.active()) {
                rest = after;
                break;
            }
            let (part, after) = self.part(rest, Mode::Text)?;
            rest = after;
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
                        return self.skip_text(rest);
                    }
                }
            }
        }
        match want {
            Want::Pieces => self.visit(field, Value::TextEnd),
            Want::Value { .. } => self.visit_held(field, true),
        }
        Ok((Mode::AfterValue, rest))
    }

    /// Takes of a key or text what is plain or an escape that lies whole in the input, as far as the bound goes; the
    /// rest is for [`Self::part`]. One step of that costs ten times as much, and a text may be nothing but escapes.
    #[inline(never)]
    fn gather<'i>(&mut self, mut rest: &'i [u8], bound: usize) -> &'i [u8] {
        if self.scanner.escape.active() {
            return rest;
        }
        let held = &mut self.scanner.held;
        loop {
            let room = bound.saturating_sub(held.len());
            match rest {
                [b'\\', b'u', ..] if room >= MAX_UTF8 => match escape::whole(rest) {
                    Some((decoded, after)) => {
                        held.extend_from_slice(decoded.bytes());
                        rest = after;
                    }
                    None => return rest,
                },
                [b'\\', byte, after @ ..] if room > 0 => match escape::short(*byte) {
                    Some(decoded) => {
                        held.push(decoded);
                        rest = after;
                    }
                    None => return rest,
                },
                [byte, ..] if room > 0 && !matches!(byte, b'"' | b'\\') => {
                    let length = quote_or_backslash(rest).unwrap_or(rest.len()).min(room);
                    let Some((plain, after)) = rest.split_at_checked(length) else { return rest };
                    held.extend_from_slice(plain);
                    rest = after;
                }
                _ => return rest,
            }
        }
    }

    /// Hands over, as one piece, what of a text begins with an escape.
    fn escaped_piece<'i>(&mut self, rest: &'i [u8], field: F) -> &'i [u8] {
        if !matches!(rest, [b'\\', ..]) {
            return rest;
        }
        let rest = self.gather(rest, KEPT_CAPACITY);
        let held = std::mem::take(&mut self.scanner.held);
        if !held.is_empty() {
            self.visit(field, Value::Piece(&held));
        }
        self.scanner.held = held;
        self.scanner.let_go();
        rest
    }

    /// The next part of a key or text, escapes decoded. `mode` is how to go on where the input ends.
    fn part<'i>(&mut self, mut rest: &'i [u8], mode: Mode) -> Result<(Part<'i>, &'i [u8]), Stop<'i>> {
        let pending = &mut self.scanner.escape;
        loop {
            let [byte, after @ ..] = rest else { return Err(Stop::More(mode)) };
            if pending.active() {
                match pending.feed(*byte) {
                    Step::Taken => rest = after,
                    Step::Before(decoded) => return Ok((Part::Decoded(decoded), rest)),
                    Step::Decoded(decoded) => return Ok((Part::Decoded(decoded), after)),
                    Step::Invalid => return Err(Stop::Failed(JsonError::Escape, rest)),
                }
                continue;
            }
            match byte {
                b'"' => return Ok((Part::End, after)),
                b'\\' => match escape::whole(rest) {
                    Some((decoded, after)) => return Ok((Part::Decoded(decoded), after)),
                    None => {
                        pending.begin();
                        rest = after;
                    }
                },
                _ => {
                    let length = quote_or_backslash(rest).unwrap_or(rest.len());
                    let (plain, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
                    return Ok((Part::Plain(plain), after));
                }
            }
        }
    }

    /// At the first byte of a number.
    #[inline(always)]
    fn whole_number<'i>(&mut self, rest: &'i [u8]) -> Next<'i> {
        if let Some((number, after)) = plain_number(rest) {
            match self.field() {
                Some(field) => self.visit(field, Value::Number(number)),
                None => self.visitor.pass(Passed::Number(number)),
            }
            return Ok((Mode::AfterValue, after));
        }
        match number_end(rest).and_then(|length| rest.split_at_checked(length)) {
            Some((b"-", rest @ [b'I', ..])) => self.split_literal(rest, Literal::Infinity, 0),
            Some((number, rest)) => match self.number(number) {
                Ok(()) => Ok((Mode::AfterValue, rest)),
                Err(error) => Err(Stop::Failed(error, rest)),
            },
            None => self.split_number(rest),
        }
    }

    /// A number that the input ends in.
    #[cold]
    fn split_number<'i>(&mut self, rest: &'i [u8]) -> Next<'i> {
        let end = number_end(rest);
        let (digits, rest) = end.and_then(|length| rest.split_at_checked(length)).unwrap_or((rest, &[]));
        self.scanner.hold(digits, MAX_NUMBER.saturating_add(1));
        if end.is_none() {
            return Err(Stop::More(Mode::Number));
        }
        let number = std::mem::take(&mut self.scanner.held);
        let infinite = number == b"-" && rest.first() == Some(&b'I');
        let ended = if infinite { Ok(()) } else { self.number(&number) };
        self.scanner.held = number;
        self.scanner.let_go();
        match ended {
            Ok(()) if infinite => self.split_literal(rest, Literal::Infinity, 0),
            Ok(()) => Ok((Mode::AfterValue, rest)),
            Err(error) => Err(Stop::Failed(error, rest)),
        }
    }

    /// A number is complete.
    #[inline]
    pub(super) fn number(&mut self, bytes: &[u8]) -> Result<(), JsonError> {
        if bytes.len() > MAX_NUMBER {
            return Ok(());
        }
        let number = Number::parse(bytes).ok_or(JsonError::Number)?;
        if let Some(field) = self.field() {
            self.visit(field, Value::Number(number));
        }
        Ok(())
    }

    /// At the first byte of a literal.
    #[inline(always)]
    fn whole_literal<'i>(&mut self, rest: &'i [u8], literal: Literal) -> Next<'i> {
        // Arrays of known length compare as one word.
        let after = match literal {
            Literal::Null => {
                rest.split_first_chunk().filter(|(word, _)| *word == b"null").map(|(_, after)| after)
            }
            Literal::True => {
                rest.split_first_chunk().filter(|(word, _)| *word == b"true").map(|(_, after)| after)
            }
            Literal::False => {
                rest.split_first_chunk().filter(|(word, _)| *word == b"false").map(|(_, after)| after)
            }
            Literal::NotANumber | Literal::Infinity => None,
        };
        match after {
            Some(rest) => {
                self.literal(literal);
                Ok((Mode::AfterValue, rest))
            }
            None => self.split_literal(rest, literal, 0),
        }
    }

    /// A literal that the input ends in, or that is none; `passed` bytes of it have passed.
    #[cold]
    fn split_literal<'i>(&mut self, mut rest: &'i [u8], literal: Literal, passed: u8) -> Next<'i> {
        for (passed, expected) in (passed..).zip(literal.word().iter().skip(usize::from(passed))) {
            match rest {
                [] => return Err(Stop::More(Mode::Literal(literal, passed))),
                [byte, after @ ..] if byte == expected => rest = after,
                _ => return Err(Stop::Failed(JsonError::Literal, rest)),
            }
        }
        self.literal(literal);
        Ok((Mode::AfterValue, rest))
    }

    /// A literal is complete.
    #[inline]
    fn literal(&mut self, literal: Literal) {
        if let (Some(field), Some(value)) = (self.field(), literal.value()) {
            self.visit(field, value);
        }
    }

    /// Passes over what is left of a container that nothing is wanted of. What stands close together is looked at byte
    /// by byte: a jump that ends at once costs more than what it jumps over.
    fn skip<'i>(&mut self, mut rest: &'i [u8]) -> Next<'i> {
        let bound = MAX_DEPTH.saturating_sub(u16::from(self.scanner.depth));
        let mut open = self.scanner.skipped;
        loop {
            let [byte, after @ ..] = rest else {
                self.scanner.skipped = open;
                return Err(Stop::More(Mode::Skip));
            };
            rest = match byte {
                b'"' => match text_end(after) {
                    Ok(after) => after,
                    Err(stop) => {
                        self.scanner.skipped = open;
                        return Err(stop);
                    }
                },
                b',' | b':' => after,
                b'{' | b'[' if open >= bound => return Err(Stop::Failed(JsonError::TooDeep, rest)),
                b'{' | b'[' => {
                    open = open.saturating_add(1);
                    after
                }
                b'}' | b']' => {
                    open = open.saturating_sub(1);
                    if open == 0 {
                        self.scanner.skipped = 0;
                        return Ok((Mode::AfterValue, after));
                    }
                    after
                }
                _ => quote_or_bracket(after).and_then(|passed| after.get(passed..)).unwrap_or_default(),
            };
        }
    }

    /// Passes over what is left of a text that nothing more is wanted of.
    fn skip_text<'i>(&mut self, rest: &'i [u8]) -> Next<'i> {
        let rest = text_end(rest)?;
        let key = std::mem::take(&mut self.scanner.key);
        let mode = match self.scanner.skipped {
            0 if key => Mode::Colon,
            0 => Mode::AfterValue,
            _ => Mode::Skip,
        };
        Ok((mode, rest))
    }

    /// The same, after a backslash.
    fn skip_escaped<'i>(&mut self, rest: &'i [u8]) -> Next<'i> {
        match rest {
            [_, rest @ ..] => self.skip_text(rest),
            [] => Err(Stop::More(Mode::SkipEscaped)),
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

    fn visit_held(&mut self, field: F, whole: bool) {
        let held = std::mem::take(&mut self.scanner.held);
        self.visit(field, Value::Text(Text { bytes: &held, whole }));
        self.scanner.held = held;
        self.scanner.let_go();
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

/// A text without escapes whose closing quote is there, and what follows that.
#[inline(always)]
fn plain_text(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (text, rest) = rest.split_at_checked(quote_or_backslash(rest)?)?;
    match rest {
        [b'"', rest @ ..] => Some((text, rest)),
        _ => None,
    }
}

/// Passes over a text up to and with its closing quote.
#[inline]
fn text_end(mut rest: &[u8]) -> Result<&[u8], Stop<'_>> {
    loop {
        let found = quote_or_backslash(rest).and_then(|passed| rest.get(passed..));
        rest = match found {
            None => return Err(Stop::More(Mode::SkipText)),
            Some([b'"', rest @ ..]) => return Ok(rest),
            Some([_, _, rest @ ..]) => rest,
            Some(_) => return Err(Stop::More(Mode::SkipEscaped)),
        }
    }
}

/// The longest character, in bytes.
const MAX_UTF8: usize = 4;

/// What a key or text goes on with.
enum Part<'i> {
    /// Bytes as they stand in the input; not empty.
    Plain(&'i [u8]),
    /// What an escape stands for.
    Decoded(Decoded),
    /// The closing quote.
    End,
}

/// A plain count and what follows it, as nearly all numbers are; not where the input ends in it.
#[inline]
fn plain_number(rest: &[u8]) -> Option<(Number<'_>, &[u8])> {
    let length = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    let (digits, after) = rest.split_at_checked(length)?;
    match (digits, after) {
        ([b'1'..=b'9', ..] | [b'0'], [end, ..]) if length <= MAX_NUMBER && !may_hold(*end) => {
            Some((Number::plain(digits), after))
        }
        _ => None,
    }
}

/// Where the first byte stands that cannot belong to a number.
#[inline]
fn number_end(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| !may_hold(*byte))
}
