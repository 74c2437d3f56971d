//! The facts of an answer while they are gathered, and what makes a whole of them.

use super::Answer;
use super::choices::{Choices, Told};
use super::counts::Counts;
use super::message::{Contents, Message, UsageTold};
use crate::api::{Api, CallRule, Ends, Kind, Spec, openai_responses};
use crate::call::{StreamFacts, ToolCall};
use crate::time::UnixNanos;

/// What is known so far and is not in the [`Answer`] yet.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) counts: Counts,
    pub(super) choices: Choices,
    /// The rank of the id that was taken.
    pub(super) id_rank: u8,
    /// `provider` in the answer is a fact, not a name of something else.
    pub(super) names_upstream: bool,
    /// Google's numbers mean what Vertex AI means by them.
    pub(super) vertex: bool,
    /// A stream whose choices have ended is not over until it has told its usage.
    usage_follows: bool,
    /// The answer has vectors in it.
    pub(super) embeds: bool,
    /// Status of the whole answer, the last (Responses).
    pub(super) status: Option<String>,
    pub(super) incomplete_reason: Option<String>,
    /// The final message was seen: nothing of the answer is missing.
    pub(super) ended: bool,
    /// The first error, with its code if it has one.
    pub(super) error: Option<Option<String>>,
    /// The code that a header tells.
    pub(super) header_error: Option<String>,
    /// A usage was told that is not `null`.
    usage_told: bool,
    /// A call was told before the current message.
    called_before: bool,
    /// Messages so far that hold a JSON document.
    messages: u64,
    /// The first message, until it is known whether it is a stream's.
    first: Option<(Contents, UnixNanos)>,
}

impl Draft {
    /// For an answer of this provider. `usage_follows`: a stream's usage comes after its choices have ended.
    pub(super) fn new(provider: &str, usage_follows: bool) -> Self {
        let (names_upstream, vertex) = (provider == "openrouter", provider == "gcp.vertex_ai");
        Self { names_upstream, vertex, usage_follows, ..Self::default() }
    }

    /// A message begins.
    pub(super) fn begin_message(&mut self) {
        self.counts.begin_message();
        self.called_before = self.choices.any_call();
    }

    /// A tool call; `false` where it is one of those known.
    pub(super) fn call(&mut self, choice: u32, told: Told, in_stream: bool) -> bool {
        let late = told.rule == CallRule::Summary && self.called_before;
        !late && self.choices.call(choice, told, in_stream)
    }

    /// The message has ended; `answer.stream` tells whether it is one of a stream.
    pub(super) fn end_message(
        &mut self,
        mut message: Message,
        spec: &Spec,
        answer: &mut Answer,
        now: UnixNanos,
    ) {
        self.cut_message(&mut message, answer.stream.is_some());
        // A line `error: …` is no message by the standard of event streams.
        self.messages = self.messages.saturating_add(u64::from(!message.outside_of_stream));
        if message.last || message.kind == Some(Kind::Final) {
            self.ended = true;
        }
        self.usage_told |= message.usage == UsageTold::Yes;
        if matches!(spec.ends, Ends::Choices | Ends::Body) && self.choices.all_finished() {
            self.ended |= match message.usage {
                UsageTold::Yes => true,
                UsageTold::Later => false,
                UsageTold::No => message.choice_finished && !self.usage_follows,
            };
        }
        match answer.stream {
            Some(_) => self.stream_message(message.content, answer, now),
            None => self.first = Some((message.content, now)),
        }
    }

    /// A message of an answer that failed has ended: it tells the error's code.
    pub(super) fn failed_message(&mut self, message: Message) {
        let code = message.error.and_then(|error| error.words.into_code());
        let known = self.error.take().flatten();
        self.error = Some(known.or(code));
    }

    /// What a message says that may not have come to its end.
    pub(super) fn cut_message(&mut self, message: &mut Message, in_stream: bool) {
        message.end(self, in_stream);
        for told in std::mem::take(&mut message.calls) {
            if self.call(0, told, in_stream) {
                message.content.tool_argument = true;
            }
        }
        let certain =
            message.kind == Some(Kind::Error) || message.error.as_ref().is_some_and(|error| error.certain);
        if certain && self.error.is_none() {
            self.error = Some(message.error.take().and_then(|error| error.words.into_code()));
        }
    }

    /// Whether a stream that is over may be whole, though no final message was seen: some servers send none,
    /// and some of those no finish reason either.
    pub(super) fn may_have_ended(&self, api: Api) -> bool {
        match api.spec().ends {
            Ends::Body | Ends::MessageMostly => true,
            Ends::Choices => self.choices.any_finished() || self.usage_told,
            Ends::Message => self.choices.any_finished(),
        }
    }

    /// The finish reasons and the tool calls.
    pub(super) fn into_choices(self, api: Api) -> (Vec<String>, Vec<ToolCall>) {
        let (mut finish_reasons, tool_calls) = self.choices.into_facts();
        if api == Api::OpenAiResponses {
            let incomplete = self.incomplete_reason.as_deref();
            let reason = self.status.as_deref().and_then(|status| {
                openai_responses::finish_reason(status, incomplete, !tool_calls.is_empty())
            });
            finish_reasons.extend(reason.map(str::to_owned));
        }
        (finish_reasons, tool_calls)
    }

    /// The answer turns out to be a stream; what may have been its first message is one.
    pub(super) fn begin_stream(&mut self, answer: &mut Answer) {
        if answer.stream.is_some() {
            return;
        }
        answer.stream = Some(StreamFacts::default());
        self.messages = 0;
        if let Some((contents, then)) = self.first.take() {
            self.messages = 1;
            self.stream_message(contents, answer, then);
        }
    }

    fn stream_message(&mut self, contents: Contents, answer: &mut Answer, now: UnixNanos) {
        let (Some(stream), timing) = (&mut answer.stream, &mut answer.timing) else { return };
        stream.messages = self.messages;
        timing.first_message.get_or_insert(now);
        if !contents.any() {
            return;
        }
        stream.content_events = stream.content_events.saturating_add(1);
        if let Some(last) = timing.last_token {
            let gap = now.since(last);
            stream.gap_count = stream.gap_count.saturating_add(1);
            stream.gap_sum = stream.gap_sum.saturating_add(gap);
            stream.gap_max = stream.gap_max.max(gap);
        }
        timing.last_token = Some(now);
        timing.first_token.get_or_insert(now);
        if contents.reasoning {
            timing.first_reasoning.get_or_insert(now);
        }
        if contents.visible {
            timing.first_visible.get_or_insert(now);
        }
        if contents.tool_argument {
            timing.first_tool_argument.get_or_insert(now);
        }
    }
}
