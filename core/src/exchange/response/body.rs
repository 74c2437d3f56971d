//! An answer's body: content coding off, messages out of the framing; `messages` reads those.

use std::sync::Arc;

use super::draft::Draft;
use super::headers::Head;
use super::messages::{Messages, State};
use super::parts::Parts;
use super::{Answer, count, is_failure};
use crate::api::{Answers, Compiled};
use crate::budget::{Budget, Claim, Exhausted};
use crate::content::{self, AnswerTap};
use crate::decode::{Coding, DecodeError, Decoder, Limits};
use crate::exchange::count_unread;
use crate::frame::{FrameEnd, Framer, Framing, Sniffed, Sniffer};
use crate::headers::Headers;
use crate::json::Finish;
use crate::time::UnixNanos;

/// Reads one body.
#[derive(Debug)]
pub(super) struct Body {
    /// `None` once nothing more is read.
    decoder: Option<Decoder>,
    stage: Stage,
    messages: Messages,
    /// Of [`HELD`].
    _claim: Option<Claim>,
}

#[derive(Debug)]
pub(super) enum Stage {
    /// The framing is not known yet.
    Sniffing(Sniffer),
    /// Messages come out of a framing.
    Framed(Box<Framer>),
    /// The messages' framing is itself cut into messages.
    Parts(Box<Parts>),
    /// One JSON document; it is not known yet whether others follow.
    Document,
    /// The document has ended; others may follow.
    AfterDocument,
    /// The document has ended, and whether others follow is not looked for.
    WholeDocument,
    /// It is not what the API answers with.
    Foreign,
    /// Nothing more is read, for a reason that says nothing of what the API answered.
    Passed,
}

/// How much of its format a body had when it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wholeness {
    /// It ends as its framing does; of a stream that does not say whether its last message was there.
    Whole,
    /// It ends inside its coding, its framing or its document, or is no such thing.
    Cut,
    /// It was not read, so it is not known.
    Unknown,
}

impl Body {
    /// The body that these headers announce.
    pub(super) fn new(
        headers: &Headers<'_>,
        head: &Head<'_>,
        draft: Draft,
        tables: &Arc<Compiled>,
        content: Option<content::Asked<'_>>,
        answer: &mut Answer,
        budget: &Budget,
    ) -> Self {
        let failed = head.status.is_some_and(is_failure);
        let spec = answer.api.spec();
        let expect_array = spec.answers == Answers::JsonArray && !failed;
        let codings = headers.iter().filter(|(name, _)| *name == b"content-encoding").map(|(_, value)| value);
        let claim = budget.claim(HELD);
        let decoder = match &claim {
            Ok(_) => Decoder::new(codings, Limits::RESPONSE, budget),
            Err(Exhausted) => Err(DecodeError::Budget(Coding::Identity)),
        };
        let (decoder, stage) = match decoder {
            Ok(decoder) => (Some(decoder), Stage::Sniffing(Sniffer::new(head.content_type, expect_array))),
            Err(error) => {
                count_unread(&mut answer.losses, error);
                (None, Stage::Passed)
            }
        };
        // An error may say again what it does not like.
        let content = content.filter(|_| !failed && decoder.is_some());
        let tap = content.and_then(|content| AnswerTap::new(content, answer.api, budget));
        if content.is_some() && tap.is_none() {
            count(&mut answer.losses.unbudgeted_bodies);
        }
        let coded = decoder.as_ref().is_some_and(Decoder::is_coded);
        let parts = (spec.answers == Answers::Parts).then(|| Sniffer::new(head.part_type, false));
        let messages = Messages::new(spec, tables, (failed, coded), parts, tap, draft);
        Self { decoder, stage, messages, _claim: claim.ok() }
    }

    /// Reads the next chunk.
    pub(super) fn push(&mut self, chunk: &[u8], answer: &mut Answer, now: UnixNanos) {
        let Self { decoder: Some(decoder), stage, messages, .. } = self else { return };
        let pushed = decoder.push(chunk, &mut |piece| {
            for part in piece.chunks(PART) {
                if !messages.is_excessive() {
                    stage.push(part, messages, answer, now);
                }
            }
        });
        if messages.is_excessive() {
            count(&mut answer.losses.excessive_bodies);
            self.give_up(answer);
        } else if matches!(self.stage, Stage::Foreign | Stage::Passed | Stage::WholeDocument) {
            self.let_go(answer);
        } else if let Err(error) = pushed {
            count_unread(&mut answer.losses, error);
            self.stage = Stage::Passed;
            self.let_go(answer);
        }
    }

    /// The last byte has passed.
    pub(super) fn finish(&mut self, answer: &mut Answer, now: UnixNanos) -> Wholeness {
        let Self { decoder, stage, messages, .. } = self;
        let decoded = decoder.as_mut().map_or(Ok(()), Decoder::finish);
        let wholeness = stage.finish(messages, answer, now);
        self.let_go(answer);
        let wholeness = if matches!(self.stage, Stage::Passed) { Wholeness::Unknown } else { wholeness };
        match decoded {
            Err(error @ DecodeError::Cut(_)) => {
                count_unread(&mut answer.losses, error);
                Wholeness::Cut
            }
            _ => wholeness,
        }
    }

    /// The exchange broke off inside the body: takes over what the last message had said until then.
    pub(super) fn break_off(&mut self, answer: &mut Answer) -> Wholeness {
        self.messages.cut(answer);
        Wholeness::Cut
    }

    /// Reads no further; what the current message has said is kept. Whether there was more to read.
    pub(super) fn stop(&mut self, answer: &mut Answer) -> bool {
        let reading = self.decoder.is_some();
        if reading {
            self.give_up(answer);
            self.messages.tap = None;
        }
        reading
    }

    fn give_up(&mut self, answer: &mut Answer) {
        self.messages.cut(answer);
        self.messages.state = State::GivenUp;
        self.stage = Stage::Passed;
        self.let_go(answer);
    }

    /// Nothing more is read: gives back what reading held.
    fn let_go(&mut self, answer: &mut Answer) {
        if self.decoder.take().is_some_and(|decoder| decoder.mislabelled()) {
            count(&mut answer.losses.mislabelled_bodies);
            // What cannot be read may be in the coding after all, or in another.
            if matches!(self.stage, Stage::Foreign) {
                self.stage = Stage::Passed;
            }
        }
        self.messages.let_go();
    }

    pub(super) fn draft(&self) -> &Draft {
        &self.messages.draft
    }

    /// The body was one JSON document and all of it was there.
    pub(super) fn is_whole_document(&self) -> bool {
        self.stage.is_whole_document()
    }

    /// What was taken of what the answer says.
    pub(super) fn take_tap(&mut self) -> Option<Box<AnswerTap>> {
        self.messages.tap.take()
    }

    pub(super) fn into_draft(self) -> Draft {
        self.messages.draft
    }
}

impl Stage {
    pub(super) fn push(
        &mut self,
        piece: &[u8],
        messages: &mut Messages,
        answer: &mut Answer,
        now: UnixNanos,
    ) {
        match self {
            Self::Framed(framer) => {
                let between = framer.is_between();
                if between && messages.repeats_framed(piece, answer, now) {
                    return;
                }
                messages.repeats.begin_piece(piece);
                framer.push(piece, &mut |frame| messages.frame(frame, answer, now));
                if between && framer.is_between() {
                    messages.repeats.end_piece(piece);
                }
            }
            Self::Parts(parts) => parts.push(piece, messages, answer, now),
            Self::Sniffing(sniffer) => {
                let Some(found) = sniffer.push(piece) else { return };
                let begun = Self::begin(found, messages, answer);
                if let Self::Sniffing(sniffer) = std::mem::replace(self, begun) {
                    self.push(sniffer.held(), messages, answer, now);
                }
                self.push(piece.get(found.skip..).unwrap_or_default(), messages, answer, now);
            }
            Self::Document => {
                if let Some(rest) = messages.document(piece, answer, now) {
                    *self = match messages.state {
                        State::Read if messages.coded => Self::WholeDocument,
                        State::Read => Self::AfterDocument,
                        _ => Self::Foreign,
                    };
                    self.push(rest, messages, answer, now);
                }
            }
            Self::AfterDocument => {
                let rest = piece.trim_ascii_start();
                match rest.first() {
                    None => {}
                    // Another document: they are a stream, whatever the content type says.
                    Some(b'{') if !messages.failed => {
                        messages.begin_stream(answer);
                        *self = Framer::new(Framing::Lines)
                            .map_or(Self::Passed, |framer| Self::Framed(Box::new(framer)));
                        self.push(rest, messages, answer, now);
                    }
                    Some(_) => {
                        count(&mut answer.losses.malformed_messages);
                        *self = Self::Passed;
                    }
                }
            }
            Self::WholeDocument | Self::Foreign | Self::Passed => {}
        }
    }

    pub(super) fn is_whole_document(&self) -> bool {
        match self {
            Self::AfterDocument | Self::WholeDocument => true,
            Self::Parts(parts) => parts.is_whole_document(),
            _ => false,
        }
    }

    fn begin(found: Sniffed, messages: &mut Messages, answer: &mut Answer) -> Self {
        if found.mislabelled {
            count(&mut answer.losses.mislabelled_bodies);
        }
        let parts = if found.framing == Framing::EventStream { messages.parts.take() } else { None };
        match (found.framing, Framer::new(found.framing)) {
            (_, Some(framer)) => {
                messages.begin_stream(answer);
                match parts {
                    Some(body) => Self::Parts(Box::new(Parts::new(body))),
                    None => Self::Framed(Box::new(framer)),
                }
            }
            (Framing::Json, None) => {
                messages.begin();
                Self::Document
            }
            (_, None) if messages.spec.answers == Answers::Any => Self::Passed,
            (_, None) => {
                if answer.facts.body_bytes > 0 {
                    count(&mut answer.losses.unread_bodies);
                }
                Self::Foreign
            }
        }
    }

    pub(super) fn finish(
        &mut self,
        messages: &mut Messages,
        answer: &mut Answer,
        now: UnixNanos,
    ) -> Wholeness {
        if let Self::Sniffing(sniffer) = self {
            let begun = Self::begin(sniffer.finish(), messages, answer);
            if let Self::Sniffing(sniffer) = std::mem::replace(self, begun) {
                self.push(sniffer.held(), messages, answer, now);
            }
        }
        match self {
            Self::Framed(framer) => match framer.finish(&mut |frame| messages.frame(frame, answer, now)) {
                FrameEnd::Clean => Wholeness::Whole,
                FrameEnd::OpenLine if messages.last_was_whole => Wholeness::Whole,
                FrameEnd::OpenLine | FrameEnd::Cut => Wholeness::Cut,
            },
            Self::Parts(parts) => parts.finish(messages, answer, now),
            Self::Document => match messages.finish_document(answer, now) {
                Finish::Complete => Wholeness::Whole,
                Finish::Empty | Finish::Cut | Finish::Failed(_) => Wholeness::Cut,
            },
            Self::AfterDocument | Self::WholeDocument => Wholeness::Whole,
            Self::Foreign => Wholeness::Cut,
            Self::Sniffing(_) | Self::Passed => Wholeness::Unknown,
        }
    }
}

/// What an answer holds beside its decoder, in bytes: its state, and the texts that are kept.
const HELD: usize = 4 << 10;

/// Bytes that are read before it is asked whether messages may go on.
const PART: usize = 16 << 10;
