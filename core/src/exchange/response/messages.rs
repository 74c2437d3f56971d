//! An answer's messages: fields out of each, and what is told of it when it has ended.
//!
//! Holds no message: the framer hands pieces to the scanner as they come. A message that cannot be read is
//! given up alone, counted, and the next one begins afresh.

use std::sync::Arc;

use super::Answer;
use super::count;
use super::credit::{Credit, MESSAGE};
use super::draft::Draft;
use super::message::Message;
use super::reading::{Reading, Wrapped};
use super::repeats::{Before, Repeats};
use crate::api::{Compiled, ErrorWord, Kind, Spec};
use crate::call::Losses;
use crate::content::AnswerTap;
use crate::frame::{Frame, Sniffer};
use crate::json::pattern::Learner;
use crate::json::{Finish, Progress, Scanner};
use crate::time::UnixNanos;

/// Reads messages.
#[derive(Debug)]
pub(super) struct Messages {
    pub(super) spec: &'static Spec,
    tables: Arc<Compiled>,
    /// The answer failed: only its error is wanted.
    pub(super) failed: bool,
    /// The body is in a coding: to see what follows a document costs memory, and so it is not read on for.
    pub(super) coded: bool,
    /// An event stream is a body in parts: finds the framing of that one.
    pub(super) parts: Option<Sniffer>,
    scanner: Scanner,
    /// Where the current message stands.
    pub(super) state: State,
    /// What further messages may cost.
    credit: Credit,
    /// The last framed message was.
    pub(super) last_was_whole: bool,
    message: Message,
    pub(super) repeats: Repeats,
    wrapped: Option<Box<Wrapped>>,
    /// Where what is said goes.
    pub(super) tap: Option<Box<AnswerTap>>,
    pub(super) draft: Draft,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
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

impl Messages {
    /// Of an answer that failed, or not, in a coding or not. `parts` is there where an event stream is a body in parts.
    pub(super) fn new(
        spec: &'static Spec,
        tables: &Arc<Compiled>,
        (failed, coded): (bool, bool),
        parts: Option<Sniffer>,
        tap: Option<Box<AnswerTap>>,
        draft: Draft,
    ) -> Self {
        Self {
            spec,
            tables: Arc::clone(tables),
            failed,
            coded,
            parts,
            scanner: Scanner::new(),
            state: State::Between,
            credit: Credit::default(),
            last_was_whole: false,
            message: Message::default(),
            repeats: Repeats::default(),
            wrapped: None,
            tap,
            draft,
        }
    }

    /// More is asked of the reader than any answer would.
    pub(super) fn is_excessive(&self) -> bool {
        self.credit.is_spent() || self.draft.excessive
    }

    /// A message begins.
    pub(super) fn begin(&mut self) {
        self.scanner.reset();
        self.message = Message::default();
        self.state = State::Between;
        self.draft.begin_message();
        if let Some(tap) = &mut self.tap {
            tap.begin();
        }
    }

    pub(super) fn begin_stream(&mut self, answer: &mut Answer) {
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
            // Where events are parted by one line end, a line ends a message.
            (Frame::Line, State::Read) => self.message.burden.saturating_add(MESSAGE),
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
            Frame::Line
                if self.state == State::Open && self.tap.is_none() && self.scanner.is_between_tokens() => {}
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
    pub(super) fn repeats_framed(&mut self, piece: &[u8], answer: &mut Answer, now: UnixNanos) -> bool {
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
    pub(super) fn document<'d>(
        &mut self,
        data: &'d [u8],
        answer: &mut Answer,
        now: UnixNanos,
    ) -> Option<&'d [u8]> {
        let rest = self.scan(data, answer)?;
        if self.state == State::Read {
            self.end(answer, now);
        }
        Some(rest)
    }

    pub(super) fn finish_document(&mut self, answer: &mut Answer, now: UnixNanos) -> Finish {
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
    pub(super) fn cut(&mut self, answer: &mut Answer) {
        if let (State::Open, Some(tap)) = (self.state, &mut self.tap) {
            tap.cut();
        }
        match (self.state, self.failed) {
            (State::Open, true) => self.message.end_of_failure(&mut self.draft),
            (State::Open, false) => self.message.cut(&mut self.draft, answer.stream.is_some()),
            _ => {}
        }
    }

    /// Nothing more is read: gives back what reading held.
    pub(super) fn let_go(&mut self) {
        self.scanner = Scanner::new();
        self.wrapped = None;
    }
}
