//! Numbers and literals.

use super::super::super::number::{MAX_NUMBER, may_hold};
use super::super::super::{Field, JsonError, Number, Value, Visitor};
use super::super::{Literal, Mode};
use super::{Next, Run, Stop};

impl<F: Field, V: Visitor<F>> Run<'_, F, V> {
    /// At the first byte of a number that is no plain count.
    #[inline(never)]
    pub(super) fn odd_number<'i>(&mut self, rest: &'i [u8]) -> Next<'i> {
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
    pub(super) fn split_number<'i>(&mut self, rest: &'i [u8]) -> Next<'i> {
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
    pub(in super::super) fn number(&mut self, bytes: &[u8]) -> Result<(), JsonError> {
        if bytes.len() > MAX_NUMBER {
            return Ok(());
        }
        let number = Number::parse(bytes).ok_or(JsonError::Number)?;
        if let Some(field) = self.field() {
            self.visit(field, Value::Number(number));
        }
        Ok(())
    }

    /// A literal that the input ends in, or that is none; `passed` bytes of it have passed.
    #[cold]
    pub(super) fn split_literal<'i>(&mut self, mut rest: &'i [u8], literal: Literal, passed: u8) -> Next<'i> {
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
    pub(super) fn literal(&mut self, literal: Literal) {
        if let (Some(field), Some(value)) = (self.field(), literal.value()) {
            self.visit(field, value);
        }
    }
}

/// A plain count and what follows it, as nearly all numbers are; not where the input ends in it.
#[inline]
pub(super) fn plain_number(rest: &[u8]) -> Option<(Number<'_>, &[u8])> {
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
