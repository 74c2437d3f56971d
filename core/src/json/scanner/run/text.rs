//! Texts and keys: where they lie, or, with escapes or across inputs, through `held`.

use super::super::super::escape::{self, Decoded, Escape, Step};
use super::super::super::paths::NodeId;
use super::super::super::{Field, JsonError, Passed, Text, Value, Visitor, Want};
use super::super::{KEPT_CAPACITY, Mode};
use super::{Next, Run, Stop};
use crate::find::quote_or_backslash;

impl<F: Field, V: Visitor<F>> Run<'_, F, V> {
    /// A key that the input ends in or that has escapes.
    #[inline(never)]
    pub(super) fn split_key<'i>(&mut self, mut rest: &'i [u8]) -> Next<'i> {
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

    /// A text without escapes that is a value. Gives false where it is wanted in pieces, and nothing was done yet.
    #[inline(always)]
    pub(super) fn plain_value(&mut self, bytes: &[u8]) -> bool {
        let Some(field) = self.field() else {
            self.visitor.pass(Passed::Text(bytes));
            return true;
        };
        let Want::Value { text: bound } = field.want() else { return false };
        let bound = usize::from(bound);
        let text = match bytes.get(..bound) {
            Some(wanted) => Text { bytes: wanted, whole: bytes.len() == bound },
            None => Text { bytes, whole: true },
        };
        self.visit(field, Value::Text(text));
        true
    }

    /// After the quote that begins a text which is a value, and has escapes, or that the input ends in, or that is wanted in
    /// pieces.
    #[inline(never)]
    pub(super) fn text<'i>(&mut self, rest: &'i [u8]) -> Next<'i> {
        let Some(field) = self.field() else { return self.skip_text(rest) };
        let Want::Value { text: bound } = field.want() else { return self.split_text(rest) };
        let bound = usize::from(bound);
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
    pub(super) fn split_text<'i>(&mut self, mut rest: &'i [u8]) -> Next<'i> {
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

    fn visit_held(&mut self, field: F, whole: bool) {
        let held = std::mem::take(&mut self.scanner.held);
        self.visit(field, Value::Text(Text { bytes: &held, whole }));
        self.scanner.held = held;
        self.scanner.let_go();
    }
}

/// A text without escapes whose closing quote is there, and what follows that.
#[inline(always)]
pub(super) fn plain_text(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (text, rest) = rest.split_at_checked(quote_or_backslash(rest)?)?;
    match rest {
        [b'"', rest @ ..] => Some((text, rest)),
        _ => None,
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
