//! A body that comes as the parts of an AWS event stream (SageMaker): a `PayloadPart` carries a piece of it, cut
//! anywhere, and only the pieces together have a framing of their own.
//!
//! What is held is what the two framers hold. Parts do not nest: the body in them is framed, not taken apart
//! again.

use super::Answer;
use super::body::{Stage, Wholeness};
use super::messages::Messages;
use crate::frame::{EventStream, Frame, FrameEnd, Sniffer};
use crate::time::UnixNanos;

/// Reads such a body.
#[derive(Debug)]
pub(super) struct Parts {
    events: EventStream,
    /// What the current event is.
    event: Event,
    /// Of the body that the parts add up to.
    body: Stage,
    /// A part is missing from the body.
    damaged: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Part,
    Exception,
    Unknown,
}

impl Parts {
    /// `body` finds the framing of the body in the parts.
    pub(super) fn new(body: Sniffer) -> Self {
        Self {
            events: EventStream::default(),
            event: Event::Unknown,
            body: Stage::Sniffing(body),
            damaged: false,
        }
    }

    pub(super) fn push(
        &mut self,
        piece: &[u8],
        messages: &mut Messages,
        answer: &mut Answer,
        now: UnixNanos,
    ) {
        let Self { events, event, body, damaged } = self;
        events.push(piece, &mut |frame| match frame {
            Frame::Name(name) => *event = if name == PART { Event::Part } else { Event::Unknown },
            Frame::Data(data) => match event {
                Event::Part => body.push(data, messages, answer, now),
                Event::Exception => messages.frame(frame, answer, now),
                Event::Unknown => {}
            },
            // It stands beside the body, whose last message stays as it is.
            Frame::Exception(_) => {
                *event = Event::Exception;
                *body = Stage::Passed;
                messages.give_up(answer);
                messages.frame(frame, answer, now);
            }
            Frame::End => {
                if *event == Event::Exception {
                    messages.frame(frame, answer, now);
                }
                *event = Event::Unknown;
            }
            // What follows a gap must not be joined to what was before it.
            Frame::Damaged { .. } => {
                *damaged = true;
                *body = Stage::Passed;
                messages.frame(frame, answer, now);
            }
            Frame::Line | Frame::Done => {}
        });
    }

    pub(super) fn finish(
        &mut self,
        messages: &mut Messages,
        answer: &mut Answer,
        now: UnixNanos,
    ) -> Wholeness {
        let events = self.events.finish(&mut |_| {});
        match self.body.finish(messages, answer, now) {
            wholeness if events == FrameEnd::Clean && !self.damaged => wholeness,
            _ => Wholeness::Cut,
        }
    }

    /// The body in the parts was one JSON document and all of it was there.
    pub(super) fn is_whole_document(&self) -> bool {
        self.body.is_whole_document()
    }
}

/// What the events are called that are parts.
const PART: &[u8] = b"PayloadPart";
