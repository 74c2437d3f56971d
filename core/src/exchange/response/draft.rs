//! The facts of an answer while they are gathered, and what makes a whole of them.

use super::choices::{Choices, Told};
use super::counts::Counts;
use super::{Answer, Likeness};
use crate::api::{Content, Ends, Quirks, Spec, ToolCallRule};
use crate::call::{StreamFacts, ToolCall};
use crate::time::UnixNanos;

/// What is known so far and is not in the [`Answer`] yet.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) counts: Counts,
    pub(super) choices: Choices,
    /// The rank of the id that was taken.
    pub(super) id_rank: u8,
    /// What is special about whom it comes from.
    pub(super) quirks: Quirks,
    /// A stream whose choices have ended is not over until it has told its usage.
    pub(super) usage_follows: bool,
    /// The answer has vectors in it.
    pub(super) embeds: bool,
    /// Status of the whole answer, the last (Responses).
    pub(super) status: Option<String>,
    pub(super) incomplete_reason: Option<String>,
    /// The final message was seen.
    pub(super) ended: bool,
    /// Every choice that was seen has ended, and nothing else is to follow.
    pub(super) choices_ended: bool,
    /// The first error, with its code if it has one.
    pub(super) error: Option<Option<String>>,
    /// The code that a header tells.
    pub(super) header_error: Option<String>,
    /// A usage was told that is not `null`.
    pub(super) usage_told: bool,
    /// It has a member that no other software's answers have.
    pub(super) marked: bool,
    /// It has a member that the format's answers have, and others' may.
    pub(super) hinted: bool,
    /// A tool call was told before the current message.
    tool_called_before: bool,
    /// A message has more in it than any answer has: nothing more is taken.
    pub(super) excessive: bool,
    /// How often a tool call was told.
    pub(super) tool_calls_told: u32,
    /// Messages so far that hold a JSON document.
    pub(super) messages: u64,
    /// The first message, until it is known whether it is a stream's.
    first: Option<(Contents, UnixNanos)>,
}

/// What kinds of output a message carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) visible: bool,
    pub(super) reasoning: bool,
    pub(super) tool_argument: bool,
}

impl Draft {
    /// `usage_follows`: a stream's usage comes after its choices have ended.
    pub(super) fn new(quirks: Quirks, usage_follows: bool) -> Self {
        Self { quirks, usage_follows, ..Self::default() }
    }

    /// A message begins.
    pub(super) fn begin_message(&mut self) {
        self.counts.begin_message();
        self.tool_called_before = self.choices.any_tool_call();
    }

    /// A tool call; `false` where it is one of those known.
    pub(super) fn tool_call(&mut self, choice: u32, told: Told, in_stream: bool) -> bool {
        self.tool_calls_told = self.tool_calls_told.wrapping_add(1);
        let late = told.rule == ToolCallRule::Summary && self.tool_called_before;
        !late && self.choices.tool_call(choice, told, in_stream)
    }

    /// What kinds of output the message that has ended carries; `answer.stream` tells whether it is one of a
    /// stream.
    pub(super) fn content(&mut self, contents: Contents, answer: &mut Answer, now: UnixNanos) {
        match answer.stream {
            Some(_) => self.stream_message(contents, answer, now),
            None => self.first = Some((contents, now)),
        }
    }

    /// A message of a stream has ended that says what the one before said, with this output.
    pub(super) fn repeated(&mut self, contents: Contents, answer: &mut Answer, now: UnixNanos) {
        self.messages = self.messages.saturating_add(1);
        self.stream_message(contents, answer, now);
    }

    /// Nothing of the answer is missing, whoever hangs up now.
    pub(super) fn is_whole(&self) -> bool {
        self.ended || self.choices_ended
    }

    /// Whether a stream whose body has ended may be whole, though it does not say so.
    pub(super) fn may_have_ended(&self, spec: &Spec) -> bool {
        let by_its_body = match spec.ends {
            Ends::Message | Ends::Choices => false,
            Ends::Body => !self.choices.any_seen(),
            Ends::Unmarked => true,
        };
        (by_its_body && self.messages > 0) || self.choices.all_finished()
    }

    /// The answer's status is that it failed.
    pub(super) fn has_failed(&self) -> bool {
        self.status.as_deref() == Some("failed")
    }

    /// Whether the answer is one of the format, as far as it was read. `whole`: it was, to its end.
    pub(super) fn likeness(&self, whole: bool, answer: &Answer) -> Likeness {
        let Self { counts, choices, .. } = self;
        let content = answer.stream.is_some_and(|stream| stream.content_events > 0)
            || self.first.is_some_and(|(contents, _)| contents.any());
        let said_all = self.ended && content;
        if self.marked || counts.any() || choices.any_finished() || choices.any_tool_call() || said_all {
            Likeness::Certain
        } else if self.hinted || choices.any_seen() || self.usage_told || self.embeds || content {
            Likeness::Likely
        } else if whole && self.messages > 0 && self.error.is_none() {
            Likeness::None
        } else {
            Likeness::Unknown
        }
    }

    /// The finish reasons and the tool calls.
    pub(super) fn into_choices(self, spec: &Spec) -> (Vec<String>, Vec<ToolCall>) {
        let (mut finish_reasons, tool_calls) = self.choices.into_facts();
        if let (Some(finish_reason), Some(status)) = (spec.finish_reason, self.status) {
            let reason = finish_reason(&status, self.incomplete_reason.as_deref(), !tool_calls.is_empty());
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
            stream.add_gap(now.since(last));
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

impl Contents {
    pub(super) fn add(&mut self, content: Content) {
        match content {
            Content::Visible => self.visible = true,
            Content::Reasoning => self.reasoning = true,
            Content::ToolArgument => self.tool_argument = true,
        }
    }

    fn any(self) -> bool {
        self != Self::default()
    }
}
