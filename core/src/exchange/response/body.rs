//! An answer's body: content coding off, messages out of the framing, fields out of the messages.
//!
//! Holds no message: the framer hands pieces to the scanner as they come. A message that cannot be read is
//! given up alone, counted, and the next one begins afresh.

use std::sync::Arc;

use super::credit::Credit;
use super::draft::Draft;
use super::headers::Head;
use super::message::Message;
use super::parts::Parts;
use super::reading::{Reading, Wrapped};
use super::repeats::{Before, Repeats};
use super::{Answer, is_failure};
use crate::api::{Answers, Compiled, ErrorWord, Kind, Spec};
use crate::budget::{Budget, Claim, Exhausted};
use crate::call::Losses;
use crate::content::{self, AnswerTap};
use crate::decode::{Coding, DecodeError, Decoder, Limits};
use crate::exchange::count_unread;
use crate::frame::{Frame, FrameEnd, Framer, Framing, Sniffed, Sniffer};
use crate::headers::Headers;
use crate::json::pattern::Learner;
use crate::json::{Finish, Progress, Scanner};
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

/// Reads messages.
#[derive(Debug)]
pub(super) struct Messages {
    spec: &'static Spec,
    tables: Arc<Compiled>,
    /// The answer failed: only its error is wanted.
    failed: bool,
    /// The body is in a coding: to see what follows a document costs memory, and so it is not read on for.
    coded: bool,
    /// An event stream is a body in parts: finds the framing of that one.
    parts: Option<Sniffer>,
    scanner: Scanner,
    /// Where the current message stands.
    state: State,
    /// What further messages may cost.
    credit: Credit,
    /// The last framed message was.
    last_was_whole: bool,
    message: Message,
    repeats: Repeats,
    wrapped: Option<Box<Wrapped>>,
    /// Where what is said goes.
    tap: Option<Box<AnswerTap>>,
    pub(super) draft: Draft,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No byte of it was there.
    Between,
    /// Within its document.
    Open,
    /// Its document has ended.
    Read,
    /// Its document has ended, and says what the last one said.
    Repeated,
    /// It was given up.
    GivenUp,
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
            answer.losses.unbudgeted_bodies = answer.losses.unbudgeted_bodies.saturating_add(1);
        }
        let messages = Messages {
            spec,
            tables: Arc::clone(tables),
            failed,
            coded: decoder.as_ref().is_some_and(Decoder::is_coded),
            parts: (spec.answers == Answers::Parts).then(|| Sniffer::new(head.part_type, false)),
            scanner: Scanner::new(),
            state: State::Between,
            credit: Credit::default(),
            last_was_whole: false,
            message: Message::default(),
            repeats: Repeats::default(),
            wrapped: None,
            tap,
            draft,
        };
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
        self.messages.scanner = Scanner::new();
        self.messages.wrapped = None;
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

impl Messages {
    /// More is asked of the reader than any answer would.
    fn is_excessive(&self) -> bool {
        self.credit.is_spent() || self.draft.excessive
    }

    /// A message begins.
    fn begin(&mut self) {
        self.scanner.reset();
        self.message = Message::default();
        self.state = State::Between;
        self.draft.begin_message();
        if let Some(tap) = &mut self.tap {
            tap.begin();
        }
    }

    fn begin_stream(&mut self, answer: &mut Answer) {
        if !self.failed {
            self.draft.begin_stream(answer);
        }
        if let Some(tap) = &mut self.tap {
            tap.stream();
        }
        self.begin();
    }

    /// The current message will not be completed, but others may follow.
    pub(super) fn give_up(&mut self, answer: &mut Answer) {
        self.cut(answer);
        self.begin();
    }

    pub(super) fn frame(&mut self, frame: Frame<'_>, answer: &mut Answer, now: UnixNanos) {
        self.tell_repeated_before(frame);
        self.repeats.frame(frame);
        let burden = match (frame, self.state) {
            (Frame::End, State::Repeated) => self.repeats.told().burden,
            (Frame::End, _) => self.message.burden,
            _ => 0,
        };
        if !self.credit.pay(frame) || !self.credit.bear(burden) {
            return;
        }
        match frame {
            Frame::Data(data) => self.data(data, answer),
            Frame::Name(name) => self.message.name(self.spec, name),
            Frame::Exception(name) => {
                if let Some(tap) = &mut self.tap {
                    tap.ignore();
                }
                self.message.kind = Some(Kind::Error);
                self.message.outside_of_stream = name.is_empty();
                let words = &mut self.message.error.get_or_insert_default().words;
                words.outer(ErrorWord::AwsType, &String::from_utf8_lossy(name));
            }
            Frame::Line if self.state == State::Read => {
                self.end(answer, now);
                self.begin();
            }
            Frame::Line => self.data(b"\n", answer),
            Frame::End if self.state == State::Repeated => self.end_repeated(answer, now),
            Frame::End => {
                self.last_was_whole = self.state == State::Read;
                match self.state {
                    State::Read => self.end(answer, now),
                    // An exception may come without a payload.
                    State::Between => self.message.cut(&mut self.draft, answer.stream.is_some()),
                    State::Open => count(&mut answer.losses.malformed_messages),
                    State::GivenUp | State::Repeated => {}
                }
                self.begin();
            }
            Frame::Done => self.draft.ended = true,
            Frame::Damaged { .. } => {
                count(&mut answer.losses.damaged_frames);
                self.repeats.forget();
                self.begin();
            }
        }
    }

    /// A piece of a framed message.
    #[inline]
    fn data(&mut self, data: &[u8], answer: &mut Answer) {
        match self.state {
            State::Between | State::Open => {
                let repeated = match self.state {
                    State::Between => self.repeats.after(&self.message, data),
                    _ => None,
                };
                if let Some(rest) = repeated {
                    self.state = State::Repeated;
                    self.after(rest, &mut answer.losses);
                } else if let Some(rest) = self.scan(data, answer) {
                    self.after(rest, &mut answer.losses);
                }
            }
            State::Read | State::Repeated => self.after(data, &mut answer.losses),
            State::GivenUp => {}
        }
    }

    /// A message that repeats the last one has ended: what it says is known, but that there is one more.
    fn end_repeated(&mut self, answer: &mut Answer, now: UnixNanos) {
        self.last_was_whole = true;
        self.state = State::Between;
        self.message.kind = None;
        self.draft.repeated(self.repeats.contents(), answer, now);
    }

    /// More comes of a message whose document was read: one that repeats the last one is told as if it had been scanned,
    /// and what was learnt of it does not hold for the next.
    #[inline]
    fn tell_repeated_before(&mut self, frame: Frame<'_>) {
        if matches!(frame, Frame::Data(_) | Frame::End | Frame::Done) {
            return;
        }
        if self.state == State::Repeated {
            self.message.repeat(self.repeats.told());
            self.state = State::Read;
        }
        if self.state != State::Between {
            self.repeats.forget();
        }
    }

    /// A piece that begins between two messages and equals the one that framed the last one: whether it was taken as that.
    #[inline]
    fn repeats_framed(&mut self, piece: &[u8], answer: &mut Answer, now: UnixNanos) -> bool {
        if self.state != State::Between {
            return false;
        }
        let Some(framed) = self.repeats.is_framed(piece) else { return false };
        if self.credit.repeat(framed, self.repeats.told().burden) {
            self.end_repeated(answer, now);
        }
        true
    }

    /// What comes after a message's document may only be space.
    fn after(&mut self, rest: &[u8], losses: &mut Losses) {
        let read = matches!(self.state, State::Read | State::Repeated);
        if read && !rest.trim_ascii_start().is_empty() {
            self.repeats.forget();
            self.state = State::GivenUp;
            count(&mut losses.malformed_messages);
        }
    }

    /// A piece of the only document, as far as is known; gives what comes after it once it has ended or was
    /// given up.
    fn document<'d>(&mut self, data: &'d [u8], answer: &mut Answer, now: UnixNanos) -> Option<&'d [u8]> {
        let rest = self.scan(data, answer)?;
        if self.state == State::Read {
            self.end(answer, now);
        }
        Some(rest)
    }

    fn finish_document(&mut self, answer: &mut Answer, now: UnixNanos) -> Finish {
        let Self { spec, tables, failed, scanner, message, wrapped, draft, .. } = self;
        let paths = if *failed { &tables.failure } else { &tables.response };
        let mut reading = Reading {
            spec,
            paths,
            message,
            draft,
            facts: &mut answer.facts,
            losses: &mut answer.losses,
            in_stream: false,
            wrapped: Some(wrapped),
            learner: None,
        };
        let finish = scanner.finish(paths, &mut reading);
        match finish {
            Finish::Complete => self.end(answer, now),
            Finish::Empty | Finish::Cut => self.cut(answer),
            Finish::Failed(_) => {}
        }
        finish
    }

    /// Scans on; gives what comes after the document once it has ended or was given up.
    #[inline]
    fn scan<'d>(&mut self, data: &'d [u8], answer: &mut Answer) -> Option<&'d [u8]> {
        let in_stream = answer.stream.is_some();
        let begins = self.state == State::Between && in_stream && !self.failed;
        // A repeat is not scanned, and what it says would not be captured.
        let learns = begins && self.tap.is_none() && self.repeats.begin();
        let learner = learns.then(|| Learner::new(data));
        let before = learner.is_some().then(|| self.before(answer));
        let Self { spec, tables, failed, scanner, message, wrapped, draft, .. } = self;
        let paths = if *failed { &tables.failure } else { &tables.response };
        let mut reading = Reading {
            spec,
            paths,
            message,
            draft,
            facts: &mut answer.facts,
            losses: &mut answer.losses,
            in_stream,
            wrapped: Some(wrapped),
            learner,
        };
        if let Some(tap) = &mut self.tap {
            tap.push(data);
        }
        match scanner.push(paths, data, &mut reading) {
            Progress::More => {
                self.state = State::Open;
                None
            }
            Progress::Done { consumed } => {
                if let (Some(learner), Some(before)) = (reading.learner.take(), before) {
                    let now = self.before(answer);
                    self.repeats.learn(&learner, consumed, before, now, &self.message);
                }
                self.state = State::Read;
                Some(data.get(consumed..).unwrap_or_default())
            }
            Progress::Failed { .. } => {
                self.state = State::GivenUp;
                count(&mut answer.losses.malformed_messages);
                Some(&[])
            }
        }
    }

    fn before(&self, answer: &Answer) -> Before {
        Before { named: self.message.kind, tool_calls: self.draft.tool_calls_told, losses: answer.losses }
    }

    /// The current message is complete.
    fn end(&mut self, answer: &mut Answer, now: UnixNanos) {
        let Self { message, draft, spec, tap, .. } = self;
        if let Some(tap) = tap {
            tap.end();
        }
        if self.failed {
            message.end_of_failure(draft);
        } else if draft.excessive {
            message.cut(draft, answer.stream.is_some());
        } else {
            message.end(draft, spec, answer, now);
        }
    }

    /// The current message will not be completed.
    fn cut(&mut self, answer: &mut Answer) {
        if let (State::Open, Some(tap)) = (self.state, &mut self.tap) {
            tap.cut();
        }
        match (self.state, self.failed) {
            (State::Open, true) => self.message.end_of_failure(&mut self.draft),
            (State::Open, false) => self.message.cut(&mut self.draft, answer.stream.is_some()),
            _ => {}
        }
    }
}

/// What an answer holds beside its decoder, in bytes: its state, and the texts that are kept.
const HELD: usize = 4 << 10;

/// Bytes that are read before it is asked whether messages may go on.
const PART: usize = 16 << 10;

/// One more of these.
fn count(losses: &mut u32) {
    *losses = losses.saturating_add(1);
}
