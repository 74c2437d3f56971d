//! What was said: content of calls, captured where an operator asks for it, bounded, redacted.
//!
//! In: the bytes of both bodies as they pass, once their codings and framings are off. Out: [`Content`], the JSON of the
//! GenAI conventions. Off by default, and then nothing of this runs. Invariants: what an exchange holds is claimed from
//! the VM's budget first and is at most [`Settings::bytes`]; what comes out is JSON whatever came in, depends on the
//! bytes alone and not on how they were cut, and has passed the [`Redactor`]; base64 of media is never held.
//!
//! ```text
//! request ─▶ tape ─┐                                  kept until the end, the oldest messages go first
//!                  ├─▶ store ─▶ write (redact) ─▶ Content
//! answer  ─▶ tape ─┘                                  a tape for each message of a stream, joined in the store
//! ```

mod answer;
#[cfg(any(test, feature = "fuzz"))]
#[doc(hidden)]
pub mod fuzz;
mod openinference;
mod part;
mod redact;
mod request;
mod secret;
mod store;
mod tape;
mod write;

use std::fmt;
use std::sync::Arc;

pub use redact::{Pattern, PatternError, Redactor};
pub use secret::Secret;

use crate::api::Api;
use crate::budget::{Budget, Claim};
use crate::call::Operation;
use crate::frame::Base64;
use crate::sampling::Sampler;
use store::{Growth, Message, Store};
use tape::Recorder;
use write::{Json, Shown};

/// What is captured, and what becomes of it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Instructions, apart from the messages or among them.
    pub system_instructions: bool,
    /// What the model is asked.
    pub input_messages: bool,
    /// What it answers.
    pub output_messages: bool,
    /// What tools it is offered.
    pub tool_definitions: bool,
    /// What tools are called with, and what they give. Names and ids of calls are told in any case.
    pub tool_calls: bool,
    /// Bytes that an exchange holds at most, half of them for its request; and the most that is told of its request,
    /// and of its answer.
    pub bytes: usize,
    /// Tell it on spans.
    pub spans: bool,
    /// Tell it in log events of their own.
    pub logs: bool,
    /// Only of calls whose span is sampled.
    pub sampled_only: bool,
    /// Of which calls: those whose rule's ratio is not 0.
    pub calls: Sampler,
    /// What is replaced in it.
    pub redactor: Redactor,
    /// Count the characters of the answer's text.
    pub lengths: bool,
}

impl Default for Settings {
    /// All of every call, on spans, 16 KiB, with every known kind of secret replaced.
    fn default() -> Self {
        Self {
            system_instructions: true,
            input_messages: true,
            output_messages: true,
            tool_definitions: true,
            tool_calls: true,
            bytes: 16 << 10,
            spans: true,
            logs: false,
            sampled_only: false,
            calls: Sampler::new(1.0, Vec::new()),
            redactor: Redactor::new(Secret::ALL.to_vec(), Vec::new(), Vec::new()),
            lengths: false,
        }
    }
}

impl Settings {
    /// Nothing is captured; the characters of answers are counted.
    #[must_use]
    pub fn lengths_alone() -> Self {
        Self {
            system_instructions: false,
            input_messages: false,
            output_messages: false,
            tool_definitions: false,
            tool_calls: false,
            bytes: COUNTED_BYTES,
            spans: false,
            lengths: true,
            ..Self::default()
        }
    }

    fn wants_request(&self) -> bool {
        self.system_instructions || self.input_messages || self.tool_definitions
    }

    /// Of which calls it is told.
    pub(crate) fn calls(&self) -> &Sampler {
        &self.calls
    }

    /// Bytes that are held of a request, and of an answer: a half, without what is held beside texts.
    fn half(&self) -> usize {
        (self.bytes / 2).saturating_sub(self.bytes / 16)
    }

    pub(crate) fn is_sampled_only(&self) -> bool {
        self.sampled_only
    }
}

/// What was captured of a call: JSON in the schemas of the GenAI conventions.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// `gen_ai.system_instructions`
    pub system_instructions: Option<String>,
    /// `gen_ai.input.messages`
    pub input_messages: Option<String>,
    /// `gen_ai.output.messages`
    pub output_messages: Option<String>,
    /// `gen_ai.tool.definitions`
    pub tool_definitions: Option<String>,
    /// Values that were cut or left out at a bound.
    pub truncated: u32,
    /// What was replaced.
    pub redactions: u32,
    /// It is to be told on the call's span.
    pub spans: bool,
    /// It is to be told in a log event.
    pub logs: bool,
}

impl Content {
    /// Each of its attributes: the name and the JSON.
    pub fn attributes(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            ("gen_ai.system_instructions", &self.system_instructions),
            ("gen_ai.input.messages", &self.input_messages),
            ("gen_ai.output.messages", &self.output_messages),
            ("gen_ai.tool.definitions", &self.tool_definitions),
        ];
        all.into_iter().filter_map(|(name, json)| json.as_deref().map(|json| (name, json)))
    }

    /// The same as OpenInference tells it, in texts and lists by number.
    pub fn openinference(&self, see: &mut dyn FnMut(&str, &str)) {
        openinference::attributes(self, see);
    }

    /// Bytes of its JSON.
    #[must_use]
    pub fn len(&self) -> usize {
        self.attributes().map(|(_, json)| json.len()).sum()
    }

    /// Whether it is told on the call's span, or in its log event.
    pub(crate) fn is_told(&self, in_log: bool) -> bool {
        if in_log { self.logs } else { self.spans }
    }

    /// Whether spans tell the tools that are offered by it.
    pub(crate) fn has_tools(&self) -> bool {
        self.spans && self.tool_definitions.is_some()
    }

    /// Whether spans tell the answer by it.
    pub(crate) fn has_output(&self) -> bool {
        self.spans && self.output_messages.is_some()
    }

    pub(crate) fn truncated(&self) -> u32 {
        self.truncated
    }

    pub(crate) fn redactions(&self) -> u32 {
        self.redactions
    }

    /// Whether there is nothing of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.attributes().next().is_none()
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What was said has no place in a log.
        f.debug_struct("Content").field("bytes", &self.len()).finish_non_exhaustive()
    }
}

/// What is asked for of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'s> {
    pub(crate) settings: &'s Settings,
    /// Its request wants messages that tell what is new, where they may tell all anew.
    pub(crate) increments: bool,
}

/// Takes what is wanted of a request's body.
pub(crate) struct RequestTap {
    recorder: Recorder,
    _claim: Claim,
}

/// Takes what is wanted of an answer's body.
pub(crate) struct AnswerTap {
    api: Api,
    recorder: Recorder,
    store: Store,
    /// The current message is an error, or tells nothing.
    ignored: bool,
    _claim: Claim,
}

impl RequestTap {
    /// `None` where the budget has nothing left for it.
    pub(crate) fn new(settings: &Settings, budget: &Budget) -> Option<Box<Self>> {
        if !settings.wants_request() {
            return None;
        }
        let bytes = settings.half();
        let claim = budget.claim(bytes).ok()?;
        Some(Box::new(Self { recorder: Recorder::new(request::ROWS, bytes), _claim: claim }))
    }

    /// The next decoded bytes of the body.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.recorder.push(piece);
    }

    /// Whether it asks for an answer whose messages tell what is new. To be asked when the body has ended.
    pub(crate) fn asks_for_increments(&mut self) -> bool {
        request::asks_for_increments(self.recorder.finish().0)
    }
}

impl AnswerTap {
    /// `None` where the budget has nothing left for it.
    pub(crate) fn new(
        Asked { settings, increments }: Asked<'_>,
        api: Api,
        budget: &Budget,
    ) -> Option<Box<Self>> {
        let bytes = settings.half();
        let claim = budget.claim(bytes).ok()?;
        let mut store = Store::new(bytes, false);
        // Its messages tell all that was said by then, unless that is turned off, as some models do by themselves.
        if api == Api::DashScope && !increments {
            store.growth = Growth::Unknown;
        }
        Some(Box::new(Self {
            api,
            recorder: Recorder::new(answer::rows(api), bytes),
            store,
            ignored: false,
            _claim: claim,
        }))
    }

    /// Characters of the text that was answered, in all choices; `None` where that is not asked for, where there is no
    /// message, or where not all of it was held.
    pub(crate) fn characters(&self, settings: &Settings) -> Option<u64> {
        let held = settings.lengths && self.store.cut == 0 && !self.store.messages.is_empty();
        held.then(|| self.store.messages.iter().map(Message::characters).sum())
    }

    /// The answer is a stream of messages.
    pub(crate) fn stream(&mut self) {
        self.store.stream = true;
    }

    /// A message begins.
    pub(crate) fn begin(&mut self) {
        // What a message says is held twice until it has joined the others.
        let room = if self.store.stream { self.store.room / 2 } else { self.store.room };
        self.recorder.reset(room);
        self.ignored = false;
    }

    /// The next bytes of the message.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        if !self.ignored {
            self.recorder.push(piece);
        }
    }

    /// The current message is no part of the answer.
    pub(crate) fn ignore(&mut self) {
        self.ignored = true;
    }

    /// The message is complete, or, where an answer is one alone, will not be.
    pub(crate) fn end(&mut self) {
        if self.ignored {
            return;
        }
        let (root, cut) = self.recorder.finish();
        self.store.cut = self.store.cut.saturating_add(cut);
        self.store.event_cut = cut > 0;
        // Bedrock's streams wrap messages in base64.
        if let Some(wrapped) = root.get("bytes").text() {
            let mut inner = Recorder::new(answer::rows(self.api), wrapped.len().saturating_add(64));
            let mut base64 = Base64::default();
            let whole = base64.push(wrapped.as_bytes(), &mut |piece| inner.push(piece));
            let _ = whole.and_then(|()| base64.finish(&mut |piece| inner.push(piece)));
            let (root, cut) = inner.finish();
            self.store.event_cut |= cut > 0;
            answer::read(&mut self.store, self.api, root);
        } else {
            answer::read(&mut self.store, self.api, root);
        }
        self.ignored = true;
        if !self.store.stream {
            self.recorder.reset(0);
        }
    }

    /// The message will not be completed. Of a stream it is left out, as a client would; an answer alone is taken as far
    /// as it came.
    pub(crate) fn cut(&mut self) {
        if !self.store.stream {
            self.end();
            self.store.break_off();
        }
        self.ignored = true;
    }
}

/// What there is to be told of an exchange. `finish_reasons`: of the answer's choices, in order; `whole`: nothing of the
/// answer is missing.
pub(crate) fn finish(
    settings: &Arc<Settings>,
    request: Option<Box<RequestTap>>,
    answer: Option<Box<AnswerTap>>,
    operation: Operation,
    finish_reasons: &[String],
    whole: bool,
) -> Option<Box<Content>> {
    use Operation::{Rerank, Transcription, Translation};
    // What is ranked is no message.
    if operation == Rerank {
        return None;
    }
    let mut content = Content { spans: settings.spans, logs: settings.logs, ..Content::default() };
    if let Some(mut tap) = request {
        let (root, cut) = tap.recorder.finish();
        content.truncated = cut;
        request::write(root, settings, &mut content);
    }
    let has_text = operation.is_generation() || matches!(operation, Transcription | Translation);
    if let Some(mut tap) = answer.filter(|_| has_text) {
        if !whole {
            tap.store.break_off();
        }
        content.truncated = content.truncated.saturating_add(tap.store.cut);
        if settings.output_messages && !tap.store.messages.is_empty() {
            let mut json = Json::new(settings.bytes, Some(&settings.redactor));
            json.begin("", '[');
            for (place, message) in tap.store.messages.iter().enumerate() {
                let reason = finish_reasons.get(place).map_or("", String::as_str);
                json.message(message, Some(reason), Shown { tool_calls: settings.tool_calls });
            }
            json.end(']');
            content.output_messages = Some(content.take(json));
        }
    }
    (!content.is_empty()).then(|| Box::new(content))
}

impl Content {
    /// Counts what was left out of this JSON, and gives it.
    fn take(&mut self, json: Json<'_>) -> String {
        self.truncated = self.truncated.saturating_add(json.cut);
        self.redactions = self.redactions.saturating_add(json.redacted);
        json.out
    }
}

impl fmt::Debug for RequestTap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestTap").finish_non_exhaustive()
    }
}

impl fmt::Debug for AnswerTap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerTap").finish_non_exhaustive()
    }
}

/// Held of an answer whose characters are counted: more text is told of no length.
const COUNTED_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::fuzz::fuzz_content;

    /// Texts that look like bodies, with what makes them hard.
    fn body() -> impl Strategy<Value = Vec<u8>> {
        const WORDS: &[&str] = &[
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\\",
            "\n",
            "\"messages\":[",
            "\"choices\":[{\"delta\":{",
            "\"content\":\"",
            "\"role\":\"tool\"",
            "\"type\":\"text\"",
            "\"tool_calls\":[{\"index\":1,",
            "\\ud83d",
            "\\u00e9",
            "\u{e9}\u{1f600}",
            "data:image/png;base64,AAAA",
            "\"data\":\"",
            "x@example.com",
            "sk-0123456789abcdefghij",
            "-----BEGIN RSA PRIVATE KEY-----",
            "12345",
            "1e9",
            "true",
            "null",
            " ",
            "\u{1}",
            "\"arguments\":\"{\\\"a\\\":",
            "\"input\":{",
            "\"parts\":[{\"text\":\"",
            "\"bytes\":\"eyJjb250ZW50",
        ];
        let word = prop_oneof![
            8 => prop::sample::select(WORDS).prop_map(|word| word.as_bytes().to_vec()),
            1 => prop::collection::vec(any::<u8>(), 0..4),
            1 => "[a-z ]{0,200}".prop_map(String::into_bytes),
        ];
        prop::collection::vec(word, 0..60).prop_map(|words| words.concat())
    }

    proptest! {
        #[test]
        fn whatever_comes_is_json_within_its_bound_at_any_split(head in any::<[u8; 3]>(), body in body()) {
            fuzz_content(&[&head[..], &body].concat());
        }
    }
}
