//! One content coding of a body: whether the bytes are in it at all, and the bound on what it gives.

use super::deflate::Deflate;
use super::gzip::Gzip;
use super::work::Work;
use super::{Coding, DecodeError, Limits, Out};
use crate::budget::Budget;

/// One coding on its way off.
#[derive(Debug)]
pub(super) struct Stage {
    coding: Coding,
    /// Bytes that a br or zstd stream may refer back.
    #[cfg(any(feature = "brotli", feature = "zstd"))]
    window: usize,
    budget: Budget,
    /// Bytes that it may still give.
    left: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The first bytes do not tell yet whether the body is in the coding: `len < HEAD`.
    Undecided {
        head: [u8; HEAD],
        len: usize,
    },
    /// It is not.
    Plain,
    Gzip(Box<Gzip>),
    Deflate(Box<Deflate>),
    #[cfg(feature = "brotli")]
    Brotli(Box<super::brotli::Brotli>),
    #[cfg(feature = "zstd")]
    Zstd(Box<super::zstd::Zstd>),
}

impl Stage {
    pub(super) fn new(coding: Coding, limits: Limits, budget: &Budget) -> Result<Self, DecodeError> {
        let unsupported = match coding {
            Coding::Identity | Coding::Gzip | Coding::Deflate => false,
            Coding::Brotli => cfg!(not(feature = "brotli")),
            Coding::Zstd => cfg!(not(feature = "zstd")),
        };
        if unsupported {
            return Err(DecodeError::Unsupported(coding));
        }
        Ok(Self {
            coding,
            #[cfg(any(feature = "brotli", feature = "zstd"))]
            window: limits.window,
            budget: budget.clone(),
            left: limits.output,
            state: State::Undecided { head: [0; HEAD], len: 0 },
        })
    }

    pub(super) fn push(&mut self, bytes: &[u8], work: &Work, out: &mut Out<'_>) -> Result<(), DecodeError> {
        let State::Undecided { mut head, mut len } = self.state else {
            return self.decode(bytes, work, out);
        };
        let mut rest = bytes;
        loop {
            let known = head.get(..len).unwrap_or_default();
            if let Some(coded) = is_coded(self.coding, known) {
                self.decide(coded)?;
                self.decode(known, work, out)?;
                return self.decode(rest, work, out);
            }
            let (Some((&byte, after)), Some(room)) = (rest.split_first(), head.get_mut(len)) else { break };
            *room = byte;
            len = len.saturating_add(1);
            rest = after;
        }
        self.state = State::Undecided { head, len };
        Ok(())
    }

    pub(super) fn finish(&self) -> Result<(), DecodeError> {
        let whole = match &self.state {
            State::Undecided { len, .. } => *len == 0,
            State::Plain => true,
            State::Gzip(decoder) => decoder.is_complete(),
            State::Deflate(decoder) => decoder.is_complete(),
            #[cfg(feature = "brotli")]
            State::Brotli(decoder) => decoder.is_complete(),
            #[cfg(feature = "zstd")]
            State::Zstd(decoder) => decoder.is_complete(),
        };
        if whole { Ok(()) } else { Err(DecodeError::Cut(self.coding)) }
    }

    pub(super) fn is_mislabelled(&self) -> bool {
        matches!(self.state, State::Plain) && self.coding != Coding::Identity
    }

    fn decide(&mut self, coded: bool) -> Result<(), DecodeError> {
        let budget = &self.budget;
        self.state = match self.coding {
            Coding::Identity => State::Plain,
            _ if !coded => State::Plain,
            Coding::Gzip => State::Gzip(Box::new(Gzip::new(budget)?)),
            Coding::Deflate => State::Deflate(Box::new(Deflate::new(budget))),
            #[cfg(feature = "brotli")]
            Coding::Brotli => State::Brotli(Box::new(super::brotli::Brotli::new(self.window, budget)?)),
            #[cfg(feature = "zstd")]
            Coding::Zstd => State::Zstd(Box::new(super::zstd::Zstd::new(self.window, budget)?)),
            #[cfg(not(all(feature = "brotli", feature = "zstd")))]
            unsupported => return Err(DecodeError::Unsupported(unsupported)),
        };
        Ok(())
    }

    fn decode(&mut self, bytes: &[u8], work: &Work, out: &mut Out<'_>) -> Result<(), DecodeError> {
        if bytes.is_empty() {
            return Ok(());
        }
        let (too_large, too_dear) = (DecodeError::TooLarge(self.coding), DecodeError::Work(self.coding));
        let left = &mut self.left;
        let mut bounded = |piece: &[u8]| {
            let room = usize::try_from(*left).unwrap_or(usize::MAX).min(piece.len());
            let paid = work.spend_most(piece.get(..room).unwrap_or(piece));
            *left = left.saturating_sub(u64::try_from(paid).unwrap_or(u64::MAX));
            match piece.get(..paid) {
                Some(piece) if !piece.is_empty() => out(piece)?,
                _ => {}
            }
            match paid {
                _ if paid < room => Err(too_dear),
                _ if room < piece.len() => Err(too_large),
                _ => Ok(()),
            }
        };
        match &mut self.state {
            State::Undecided { .. } | State::Plain => out(bytes),
            State::Gzip(decoder) => decoder.push(bytes, work, &mut bounded),
            State::Deflate(decoder) => decoder.push(bytes, work, &mut bounded),
            #[cfg(feature = "brotli")]
            State::Brotli(decoder) => decoder.push(bytes, work, &mut bounded),
            #[cfg(feature = "zstd")]
            State::Zstd(decoder) => decoder.push(bytes, work, &mut bounded),
        }
    }
}

/// Whether a body that begins with these bytes is in the coding; `None` if more are needed.
///
/// gzip and zstd have magic numbers: what begins otherwise is not in them. br and raw deflate have none; of
/// these, what begins like JSON or server-sent events, after white space or at once, is taken for that. (No br stream
/// begins with `{`; a deflate stream that began with `{"` would give 0xE4 first, which begins neither JSON nor an event;
/// many br streams begin with `[`, so all of the head must be text behind it; the others are too long to be hit by chance.)
fn is_coded(coding: Coding, head: &[u8]) -> Option<bool> {
    match coding {
        Coding::Identity => Some(false),
        Coding::Gzip => begins_with(head, &[[0x1F, 0x8B].as_slice()]),
        Coding::Zstd => match head {
            // Skippable frames: 0x184D2A50 ..= 0x184D2A5F, low byte first.
            [0x50..=0x5F, rest @ ..] => begins_with(rest, &[[0x2A, 0x4D, 0x18].as_slice()]),
            _ => begins_with(head, &[[0x28, 0xB5, 0x2F, 0xFD].as_slice()]),
        },
        // What may be a text for so long is one.
        Coding::Deflate | Coding::Brotli if head.len() >= HEAD => Some(!may_be_text(head).unwrap_or(true)),
        Coding::Deflate | Coding::Brotli => may_be_text(head).map(|text| !text),
    }
}

/// Whether bytes begin like JSON or server-sent events, perhaps after white space; `None` if more are needed.
fn may_be_text(head: &[u8]) -> Option<bool> {
    match *head.trim_ascii_start() {
        [] | [b'{' | b'['] => None,
        [b'{', second, ..] => Some(matches!(second, b'"' | b'}') || second.is_ascii_whitespace()),
        [b'[', second, ..] => {
            let begins = matches!(second, b'"' | b'{' | b'[' | b']') || second.is_ascii_whitespace();
            // That it may be one is all there is to say.
            if begins && is_text(head) { None } else { Some(false) }
        }
        _ => begins_with(head.trim_ascii_start(), &[b"data:", b"event:", b"id:", b"retry:"]),
    }
}

/// Whether bytes are UTF-8 without control characters, but for a character that is cut at their end.
fn is_text(bytes: &[u8]) -> bool {
    let control = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    let utf8 = match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    utf8 && !bytes.iter().any(control)
}

/// Whether bytes begin with one of these; `None` if more are needed to tell.
fn begins_with(head: &[u8], any: &[&[u8]]) -> Option<bool> {
    if any.iter().any(|magic| head.starts_with(magic)) {
        Some(true)
    } else if any.iter().any(|magic| magic.starts_with(head)) {
        None
    } else {
        Some(false)
    }
}

/// More than `is_coded` ever needs.
const HEAD: usize = 16;
