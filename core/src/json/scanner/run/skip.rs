//! What nothing is wanted of.

use super::super::super::{Field, JsonError, Visitor};
use super::super::{MAX_DEPTH, Mode};
use super::{Next, Run, Stop};
use crate::find::{quote_or_backslash, quote_or_bracket};

impl<F: Field, V: Visitor<F>> Run<'_, F, V> {
    /// Passes over what is left of a container that nothing is wanted of. What stands close together is looked at byte
    /// by byte: a jump that ends at once costs more than what it jumps over.
    #[inline(never)]
    pub(super) fn skip<'i>(&mut self, mut rest: &'i [u8]) -> Next<'i> {
        let bound = MAX_DEPTH.saturating_sub(u16::from(self.scanner.depth));
        let mut open = self.scanner.skipped;
        loop {
            let [byte, after @ ..] = rest else {
                self.scanner.skipped = open;
                return Err(Stop::More(Mode::Skip));
            };
            rest = match byte {
                b'"' if matches!(after, [b'"', ..]) => after.get(1..).unwrap_or_default(),
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
    pub(super) fn skip_text<'i>(&mut self, rest: &'i [u8]) -> Next<'i> {
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
    pub(super) fn skip_escaped<'i>(&mut self, rest: &'i [u8]) -> Next<'i> {
        match rest {
            [_, rest @ ..] => self.skip_text(rest),
            [] => Err(Stop::More(Mode::SkipEscaped)),
        }
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
