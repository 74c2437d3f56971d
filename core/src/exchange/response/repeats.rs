//! Messages of a stream that say what the one before said, but for the word that they carry.
//!
//! Most of a stream's messages are such. What the last one told is kept with its pattern, and one that is equal outside of
//! the pattern's gaps tells the same without being scanned. Invariant: the facts are those that scanning would give. So
//! only a message is learnt that may be taken twice, and what was learnt holds until another message is scanned.

use super::draft::Contents;
use super::message::{Message, Summary};
use crate::api::Kind;
use crate::call::Losses;
use crate::frame::Frame;
use crate::json::pattern::{Learner, Pattern};

/// What is known of the last message.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    pattern: Pattern,
    told: Summary,
    /// What its name told before its document began.
    named: Option<Kind>,
    /// The message that taught it was told.
    known: bool,
    /// How often it was given up to be learnt with its frame.
    anew: u8,
    /// Its frame names it.
    named_in_frame: bool,
    /// What framed messages the current piece of the body holds.
    piece: Piece,
    /// Messages since the last one that repeated another.
    misses: u8,
}

/// What a piece of a body holds.
#[derive(Clone, Copy, Debug, Default)]
struct Piece {
    /// Where it stands in memory.
    start: usize,
    /// Where in it the document stands that was learnt.
    document: Option<u16>,
    data: u8,
    names: u8,
    ends: u8,
    others: u8,
}

/// What was so before a message that may be learnt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    pub(super) named: Option<Kind>,
    pub(super) tool_calls: u32,
    pub(super) losses: Losses,
}

impl Repeats {
    /// What follows a document that these bytes begin with, where it says what the last one said. `None` where it must be
    /// scanned.
    #[inline]
    pub(super) fn after<'d>(&mut self, message: &Message, data: &'d [u8]) -> Option<&'d [u8]> {
        if !self.known || message.kind != self.named || message.error.is_some() {
            return None;
        }
        let rest = self.pattern.after(data)?;
        self.misses = 0;
        Some(rest)
    }

    /// What it said.
    pub(super) fn told(&self) -> Summary {
        self.told
    }

    /// The output that it carried.
    pub(super) fn contents(&self) -> Contents {
        self.told.contents()
    }

    /// A message is scanned: whether it is to be learnt. Where nothing repeats itself few are.
    pub(super) fn begin(&mut self) -> bool {
        self.forget();
        self.misses = self.misses.wrapping_add(1);
        self.misses < EACH || self.misses.is_multiple_of(EACH)
    }

    /// A message was scanned to the end of its document, and may be learnt if it said nothing that would count twice.
    pub(super) fn learn(
        &mut self,
        learner: &Learner<'_>,
        length: usize,
        before: Before,
        now: Before,
        message: &Message,
    ) {
        let same = before.tool_calls == now.tool_calls && before.losses == now.losses;
        if let (true, Some(told)) = (same, message.summary()) {
            self.told = told;
            self.named = before.named;
            self.known = self.pattern.learn(learner, length);
            let start = u16::try_from(learner.start().wrapping_sub(self.piece.start)).ok();
            self.piece.document = start.filter(|_| self.known);
        }
    }

    /// Nothing is known: what the last message said was not taken, or not as it was learnt.
    pub(super) fn forget(&mut self) {
        self.pattern.forget();
        self.known = false;
        self.piece.document = None;
    }

    /// What a piece of the body says that is equal to the one that framed the last message.
    #[inline]
    pub(super) fn is_framed(&mut self, piece: &[u8]) -> Option<Framed> {
        if !self.known || !self.pattern.is_framed(piece) {
            return None;
        }
        self.misses = 0;
        Some(Framed { data: piece.len().saturating_sub(self.pattern.framing()), named: self.named_in_frame })
    }

    /// A piece begins, between two messages.
    pub(super) fn begin_piece(&mut self, piece: &[u8]) {
        self.piece = Piece { start: piece.as_ptr().addr(), ..Piece::default() };
    }

    /// This stands in it.
    #[inline]
    pub(super) fn frame(&mut self, frame: Frame<'_>) {
        let count = match frame {
            Frame::Data(_) => &mut self.piece.data,
            Frame::Name(_) => &mut self.piece.names,
            Frame::End => &mut self.piece.ends,
            Frame::Exception(_) | Frame::Line | Frame::Done | Frame::Damaged { .. } => &mut self.piece.others,
        };
        *count = count.saturating_add(1);
    }

    /// The piece has ended, between two messages.
    pub(super) fn end_piece(&mut self, piece: &[u8]) {
        let Piece { document, data: 1, names: names @ (0 | 1), ends: 1, others: 0, .. } = self.piece else {
            return;
        };
        match document {
            // A byte order mark is passed over once.
            Some(document) if piece.first() != Some(&0xEF) => {
                self.named_in_frame = names == 1;
                self.pattern.learn_framing(piece, document);
            }
            // It was learnt in a piece that framed others, too: the next one will teach it anew.
            None if self.known && self.pattern.framing() == 0 && self.anew < EACH => {
                self.anew = self.anew.saturating_add(1);
                self.forget();
            }
            _ => {}
        }
    }
}

/// What frames there are in a piece of a body that repeats the last one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Framed {
    /// Bytes of payload.
    pub(super) data: usize,
    /// The message has a name.
    pub(super) named: bool,
}

/// The first messages are learnt, then each of so many.
const EACH: u8 = 8;
