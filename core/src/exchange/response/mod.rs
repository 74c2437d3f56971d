//! The answer of an exchange: from its headers, chunks and end to what was answered and how it ended.
//!
//! [`ResponseSide`] is handed what passes; `body` takes messages out of the bytes, `messages` and `reading` fields out of a
//! message, `message` makes facts of them, `draft` gathers those until the end.

mod body;
mod choices;
mod counts;
mod credit;
mod draft;
mod error;
mod headers;
mod message;
mod messages;
mod outcome;
mod parts;
mod reading;
mod repeats;

use std::sync::Arc;

use body::{Body, Wholeness};
use counts::Reckoning;
use draft::Draft;

use super::Unread;
use crate::api::{Api, Compiled, Quirks};
use crate::budget::Budget;
use crate::call::{End, ErrorFacts, Losses, Operation, Outcome, Response, StreamFacts, Timing, Usage};
use crate::content::{self, AnswerTap};
use crate::headers::Headers;
use crate::time::UnixNanos;

/// The answer of one exchange, as far as it has passed.
#[derive(Debug)]
pub(super) struct ResponseSide {
    answer: Answer,
    /// Of the body. `None` until there are headers.
    content_length: Option<u64>,
    /// There once the headers were.
    body: Option<Box<Body>>,
    /// Why it is not to be read when it comes.
    unread: Option<Unread>,
    budget: Budget,
}

/// What is known of the answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) api: Api,
    pub(super) facts: Response,
    pub(super) usage: Usage,
    pub(super) error: Option<ErrorFacts>,
    pub(super) stream: Option<StreamFacts>,
    /// Times of both sides of the exchange.
    pub(super) timing: Timing,
    pub(super) outcome: Outcome,
    pub(super) losses: Losses,
    pub(super) likeness: Likeness,
    /// Where what is said went.
    pub(super) tap: Option<Box<AnswerTap>>,
}

/// Whether an answer is one of its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Likeness {
    /// It has what no other software's answers have.
    Certain,
    /// It has what others' may have, too.
    Likely,
    /// It failed, is nothing that can be told apart, or was not read.
    Unknown,
    /// It is a whole successful answer with nothing of the format in it.
    None,
}

impl ResponseSide {
    /// Of an exchange that began then.
    pub(super) fn new(api: Api, budget: Budget, start: UnixNanos) -> Self {
        let answer = Answer {
            api,
            facts: Response::default(),
            usage: Usage::default(),
            error: None,
            stream: None,
            timing: Timing { start, ..Timing::default() },
            outcome: Outcome::NoResponse,
            losses: Losses::default(),
            likeness: Likeness::Unknown,
            tap: None,
        };
        Self { answer, content_length: None, body: None, unread: None, budget }
    }

    /// The request's last byte has passed.
    pub(super) fn request_end(&mut self, now: UnixNanos) {
        self.answer.timing.request_end = Some(now);
    }

    /// The headers.
    pub(super) fn headers(
        &mut self,
        headers: &Headers<'_>,
        quirks: Quirks,
        usage_follows: bool,
        tables: &Arc<Compiled>,
        content: Option<content::Asked<'_>>,
        now: UnixNanos,
    ) {
        let Self { answer, content_length, body, budget, .. } = self;
        let mut draft = Draft::new(quirks, usage_follows);
        let head = headers::read(headers, answer.api.spec(), &mut draft, &mut answer.facts);
        answer.timing.response_start = Some(now);
        *content_length = head.content_length;
        *body = Some(Box::new(Body::new(headers, &head, draft, tables, content, answer, budget)));
        if let Some(why) = self.unread.take() {
            self.stop(why);
        }
    }

    /// Reads no further, or, before the headers, nothing at all of the body.
    pub(super) fn stop(&mut self, why: Unread) {
        let Some(body) = &mut self.body else {
            self.unread = Some(why);
            return;
        };
        if body.stop(&mut self.answer) {
            why.count(&mut self.answer.losses);
        }
    }

    /// A chunk of the body.
    pub(super) fn body(&mut self, chunk: &[u8], now: UnixNanos) {
        let Self { answer, body: Some(body), .. } = self else { return };
        if !chunk.is_empty() {
            answer.timing.first_byte.get_or_insert(now);
            answer.facts.body_bytes = answer.facts.body_bytes.saturating_add(chunk.len() as u64);
            body.push(chunk, answer, now);
        }
    }

    /// The answer's status, once its headers have come.
    pub(super) fn status(&self) -> Option<u16> {
        self.answer.facts.status
    }

    /// Whether there are vectors in the answer, as far as it has passed.
    pub(super) fn embeds(&self) -> bool {
        self.body.as_ref().is_some_and(|body| body.draft().embeds)
    }

    /// The exchange is over, and this is what it was.
    pub(super) fn finish(self, end: End, operation: Operation, quirks: Quirks, now: UnixNanos) -> Answer {
        let Self { mut answer, content_length, body, .. } = self;
        answer.timing.end = now;
        let Some(mut body) = body.filter(|_| !outcome::is_stand_in(end)) else {
            // What was not read of a stand-in's words is no loss.
            answer.losses = Losses::default();
            answer.end_as(outcome::without_answer(end));
            return answer;
        };
        let all_passed = content_length.is_some_and(|length| answer.facts.body_bytes >= length);
        let end = if all_passed { End::Complete } else { end };
        let wholeness = match end {
            End::Complete => body.finish(&mut answer, now),
            _ => body.break_off(&mut answer),
        };
        let whole_document = body.is_whole_document();
        answer.tap = body.take_tap();
        let mut draft = body.into_draft();

        if let Some(status) = answer.facts.status.filter(|status| is_failure(*status)) {
            let code = draft.header_error.or(draft.error.flatten());
            answer.fail(ErrorFacts { kind: status.to_string(), code });
            return answer;
        }
        let succeeded = answer.facts.status.is_none_or(|status| (200..300).contains(&status));
        answer.likeness = draft.likeness(succeeded && wholeness == Wholeness::Whole, &answer);
        let ended = draft.is_whole() || whole_document;
        let truncated = match wholeness {
            Wholeness::Cut => true,
            Wholeness::Whole => answer.stream.is_some() && !draft.may_have_ended(answer.api.spec()),
            Wholeness::Unknown => false,
        };
        let failed = draft.has_failed().then_some(None);
        match draft.error.take().or(failed) {
            Some(code) => {
                let kind = code.clone().unwrap_or_else(|| UNNAMED_ERROR.to_owned());
                answer.fail(ErrorFacts { kind, code });
            }
            None if ended => answer.end_as(Outcome::Completed),
            None => answer.end_as(outcome::of_end(end, truncated)),
        }
        answer.usage = draft.counts.usage(Reckoning {
            whole: ended || answer.outcome == Outcome::Completed,
            nothing_generated: matches!(operation, Operation::Embeddings | Operation::Rerank),
            reasoning_beside_output: quirks.reasoning_beside_output,
        });
        answer.losses.dropped_values = draft.choices.lost();
        (answer.facts.finish_reasons, answer.facts.tool_calls) = draft.into_choices(answer.api.spec());
        answer
    }
}

impl Answer {
    /// The provider told of an error.
    fn fail(&mut self, error: ErrorFacts) {
        self.outcome = Outcome::Error;
        self.error = Some(error);
    }

    /// It did not. A failure of the path is named after the outcome.
    fn end_as(&mut self, outcome: Outcome) {
        self.outcome = outcome;
        self.error = outcome::is_failure_of_path(outcome)
            .then(|| ErrorFacts { kind: outcome.name().to_owned(), code: None });
    }
}

/// `error.type` of an error without a code, by the semantic conventions.
const UNNAMED_ERROR: &str = "_OTHER";

fn is_failure(status: u16) -> bool {
    status >= 400
}

/// One more of these.
fn count(losses: &mut u32) {
    *losses = losses.saturating_add(1);
}
