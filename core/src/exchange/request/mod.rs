//! The request's side of an exchange: from its headers and body to what was asked.
//!
//! In: what detection found, the headers, the body's chunks. Out: [`Request`], and what the body says of the
//! operation. Nothing of the body is held but the wanted values, each bounded; a body that is cut short or
//! cannot be read gives what was seen of it.

mod facts;
mod form;
mod own;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use facts::Facts;
use form::Form;
use own::Own;

use super::{Unread, count_unread};
use crate::api::{Api, Detected, PathModel, RequestField, Signs};
use crate::attributes::Attributes;
use crate::budget::{Budget, Claim, Exhausted};
use crate::call::{Losses, Operation, Request};
use crate::content::{self, RequestTap};
use crate::decode::{Coding, DecodeError, Decoder, Limits};
use crate::headers::Headers;
use crate::json::{Finish, Paths, Progress, Scanner};
use crate::trace_context::baggage::Entry;

/// The request of one exchange, as far as it has passed.
#[derive(Debug)]
pub(super) struct RequestSide {
    api: Api,
    /// What the path says.
    operation: Option<Operation>,
    model: Option<PathModel>,
    stream: Option<bool>,
    decoder: Decoder,
    reading: Reading,
    facts: Facts,
    losses: Losses,
    body_bytes: u64,
    /// Its last byte has passed.
    ended: bool,
    /// It was read no further, whatever it is.
    stopped: bool,
    /// It is a form.
    form: bool,
    /// Where what is said goes.
    tap: Option<Box<RequestTap>>,
    /// What looks for attributes of an operator's own.
    own: Option<Box<Own>>,
    /// Of [`HELD`].
    _claim: Option<Claim>,
}

/// What a body shows of its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// Members of the format, of their types.
    Format,
    /// None of them, as far as it was read.
    Nothing,
    /// It is of another kind altogether: empty, no JSON, a form where none is taken.
    Otherwise,
}

/// How the body is read.
#[derive(Debug)]
enum Reading {
    /// As JSON. `labelled` if its type said so; some SDKs give none.
    Json { scanner: Box<Scanner>, labelled: bool },
    /// As a form.
    Form(Form),
    /// Nothing more is to be read of it.
    Over {
        /// All there was to read was read, and it was well-formed.
        whole: bool,
    },
}

impl RequestSide {
    /// Begins with what is known from the headers.
    pub(super) fn new(
        detected: &Detected,
        headers: &Headers<'_>,
        budget: &Budget,
        content: Option<&content::Settings>,
        attributes: &Arc<Attributes>,
    ) -> Self {
        let (mut content_type, mut facts) = (None, Facts::default());
        for (name, value) in headers.iter() {
            match name {
                b"content-type" => content_type = Some(value),
                b"x-amzn-bedrock-guardrailidentifier" => facts.guardrail_header(value),
                b"x-amzn-bedrock-service-tier" => facts.service_tier_header(value),
                // By which clients name the session or conversation that a request belongs to: OpenRouter, Codex, Claude
                // Code, Helicone.
                b"x-session-id"
                | b"session_id"
                | b"session-id"
                | b"x-claude-code-session-id"
                | b"helicone-session-id" => facts.session_header(value),
                _ => {}
            }
        }
        let encodings =
            headers.iter().filter(|(name, _)| *name == b"content-encoding").map(|(_, value)| value);
        let claim = budget.claim(HELD);
        let decoder = match &claim {
            Ok(_) => Decoder::new(encodings, Limits::REQUEST, budget),
            Err(Exhausted) => Err(DecodeError::Budget(Coding::Identity)),
        };
        let mut losses = Losses::default();
        let reading =
            match (&decoder, content_type.and_then(|value| Form::new(value, detected.api.spec().request))) {
                (Err(error), _) => {
                    count_unread(&mut losses, *error);
                    Reading::Over { whole: false }
                }
                (Ok(_), Some(form)) => Reading::Form(form),
                (Ok(_), None) => {
                    Reading::Json { scanner: Box::default(), labelled: content_type.is_some_and(is_json) }
                }
            };
        let form = matches!(reading, Reading::Form(_));
        let tap = match content {
            Some(content) if matches!(reading, Reading::Json { .. }) => {
                let tap = RequestTap::new(content, budget);
                losses.unbudgeted_bodies = losses.unbudgeted_bodies.saturating_add(u32::from(tap.is_none()));
                tap
            }
            _ => None,
        };
        let own = if matches!(reading, Reading::Json { .. }) { Own::new(attributes) } else { None };
        Self {
            api: detected.api,
            operation: detected.operation,
            model: detected.model.clone(),
            stream: detected.stream,
            decoder: decoder.unwrap_or_default(),
            reading,
            facts,
            losses,
            body_bytes: 0,
            ended: false,
            stopped: false,
            form,
            tap,
            own,
            _claim: claim.ok(),
        }
    }

    /// A chunk of the body. `paths` are those of the API's requests.
    pub(super) fn body(&mut self, paths: &Paths<RequestField>, chunk: &[u8]) {
        self.body_bytes = self.body_bytes.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        if matches!(self.reading, Reading::Over { .. }) {
            return;
        }
        let Self { decoder, reading, facts, losses, tap, own, .. } = self;
        let decoded = decoder.push(chunk, &mut |piece| {
            if let Some(tap) = tap {
                tap.push(piece);
            }
            if let Some(own) = own {
                own.push(piece, facts);
            }
            reading.push(paths, piece, facts, losses);
        });
        // What follows after all that was wanted of it is not decoded either, so its damage does not count.
        if let (Err(error), false) = (decoded, matches!(self.reading, Reading::Over { .. })) {
            count_unread(&mut self.losses, error);
            self.reading = Reading::Over { whole: false };
        }
        if matches!(self.reading, Reading::Over { .. }) {
            self.losses.mislabelled_bodies = u32::from(self.decoder.mislabelled());
            self.decoder = Decoder::default();
        }
    }

    /// Reads no further.
    pub(super) fn stop(&mut self, why: Unread) {
        if !matches!(self.reading, Reading::Over { .. }) {
            why.count(&mut self.losses);
            self.stopped = true;
            self.decoder = Decoder::default();
            self.tap = None;
            self.reading = Reading::Over { whole: false };
        }
    }

    /// The body's last byte has passed.
    pub(super) fn end(&mut self, paths: &Paths<RequestField>) {
        self.ended = true;
        if !matches!(self.reading, Reading::Over { .. }) {
            let cut = self.decoder.finish();
            let whole = self.reading.finish(paths, &mut self.facts, &mut self.losses);
            if let Err(error) = cut {
                count_unread(&mut self.losses, error);
            }
            self.losses.mislabelled_bodies = u32::from(self.decoder.mislabelled());
            self.decoder = Decoder::default();
            self.reading = Reading::Over { whole: whole && cut.is_ok() && self.body_bytes > 0 };
        }
    }

    /// What the body shows of the format.
    pub(super) fn shown(&self) -> Shown {
        let body = self.facts.signs();
        let signs = if self.model.is_some() { body.and(Signs::MODEL) } else { body };
        let sets = self.api.spec().shows;
        if self.form && !sets.iter().any(|set| set.have(Signs::FILE)) {
            Shown::Otherwise
        } else if sets.iter().any(|set| signs.have(*set)) {
            Shown::Format
        } else if (self.ended && self.body_bytes == 0) || (body.is_empty() && self.is_no_json()) {
            Shown::Otherwise
        } else {
            Shown::Nothing
        }
    }

    fn is_no_json(&self) -> bool {
        !self.stopped && (self.losses.malformed_messages > 0 || self.losses.unread_bodies > 0)
    }

    /// What is asked for, by path and body. Where the path leaves it to the body (Bedrock's invoke, Workers AI's
    /// run) an answer with embeddings in it knows better. `None` if the body was read and is no inference.
    pub(super) fn operation(&self) -> Option<Operation> {
        let model = match &self.model {
            Some(PathModel::Decides(model) | PathModel::Fallback(model)) => model,
            None => "",
        };
        // A body that was not seen to its end may be a chat.
        let unknown = || (self.api.spec().only_inference || !self.was_read()).then_some(Operation::Chat);
        self.operation.or_else(|| self.facts.operation(model)).or_else(unknown)
    }

    /// Whether a stream is to tell its usage after its choices, as far as the body has passed.
    pub(super) fn asks_for_stream_usage(&self) -> bool {
        self.facts.stream_usage
    }

    /// Whether messages of the answer are to tell what is new, as far as that is captured.
    pub(super) fn asks_for_increments(&mut self) -> bool {
        let ended = self.ended;
        self.tap.as_mut().filter(|_| ended).is_some_and(|tap| tap.asks_for_increments())
    }

    /// Whether there was a body and it was read to its end, so that what was not seen is not in it.
    fn was_read(&self) -> bool {
        matches!(self.reading, Reading::Over { whole: true })
    }

    /// What was asked, what was taken of what it says, and what of it could not be read.
    pub(super) fn into_facts(
        mut self,
        operation: Operation,
        entries: &mut Vec<Entry>,
    ) -> (Request, Option<Box<RequestTap>>, Losses) {
        if let Some(own) = self.own {
            own.tell(&self.facts.take_own(), entries);
        }
        let mut losses = self.losses;
        losses.truncated_values = self.facts.truncated;
        let mut request = self.facts.into_request(operation);
        request.body_bytes = self.body_bytes;
        request.model = match self.model {
            Some(PathModel::Decides(model)) => Some(model),
            Some(PathModel::Fallback(model)) => request.model.or(Some(model)),
            None => request.model,
        };
        let by_default = self.api.spec().streams_by_default.then_some(true);
        request.stream = self.stream.or(request.stream).or(by_default);
        (request, self.tap, losses)
    }
}

impl Reading {
    fn push(&mut self, paths: &Paths<RequestField>, piece: &[u8], facts: &mut Facts, losses: &mut Losses) {
        match self {
            Self::Json { scanner, labelled } => match scanner.push(paths, piece, facts) {
                Progress::More => {}
                Progress::Done { .. } => *self = Self::Over { whole: true },
                Progress::Failed { .. } => {
                    match labelled {
                        true => losses.malformed_messages = losses.malformed_messages.saturating_add(1),
                        false => losses.unread_bodies = 1,
                    }
                    *self = Self::Over { whole: false };
                }
            },
            Self::Form(form) => {
                form.push(piece, facts);
                if form.is_excessive() {
                    losses.excessive_bodies = losses.excessive_bodies.saturating_add(1);
                    *self = Self::Over { whole: false };
                }
            }
            Self::Over { .. } => {}
        }
    }

    /// Whether the body was whole and well-formed.
    fn finish(&mut self, paths: &Paths<RequestField>, facts: &mut Facts, losses: &mut Losses) -> bool {
        match self {
            Self::Json { scanner, .. } => match scanner.finish(paths, facts) {
                Finish::Complete | Finish::Empty => true,
                Finish::Cut | Finish::Failed(_) => {
                    losses.malformed_messages = losses.malformed_messages.saturating_add(1);
                    false
                }
            },
            Self::Form(form) => form.finish(),
            Self::Over { whole } => *whole,
        }
    }
}

/// What a request holds beside its decoder, in bytes: its state, and the texts that are kept.
const HELD: usize = 4 << 10;

fn is_json(content_type: &[u8]) -> bool {
    content_type.windows(4).any(|part| part == b"json")
}
