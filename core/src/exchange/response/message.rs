//! One message of an answer: what its fields say, gathered until what belongs together is there.
//!
//! Members of a JSON object come in any order: a choice's index may follow its finish reason, a block's type
//! its name. So what a container says becomes a fact when it ends, and what the whole message says when that
//! does. A message that is given up leaves behind no choice, tool call, content event or error of its
//! unfinished containers; ids and counts that stood in it before the damage stay.
//!
//! `reading` fills a message in; what it tells goes to the `Draft`, which knows no message.

use super::Answer;
use super::choices::{MAX_TOOL_CALLS, Told};
use super::counts::Counts;
use super::draft::{Contents, Draft};
use super::error::ErrorWords;
use crate::api::{Content, Count, Ends, Kind, Side, Spec, ToolRole};
use crate::time::UnixNanos;

/// What the current message has told so far.
#[derive(Debug, Default)]
pub(super) struct Message {
    /// What its name tells.
    pub(super) kind: Option<Kind>,
    /// The output it carries.
    pub(super) content: Contents,
    /// It says that it is the last one.
    pub(super) last: bool,
    /// It only reports on the stream.
    pub(super) outside_of_stream: bool,
    /// There is a choice in it.
    pub(super) choice_seen: bool,
    /// A choice ended in it.
    pub(super) choice_finished: bool,
    pub(super) usage: UsageTold,
    /// What the choices and tool calls in it cost, in bytes of [`super::credit`].
    pub(super) burden: usize,
    /// Tool calls outside of choices.
    pub(super) tool_calls: Vec<Told>,
    /// Tool calls beyond the bound on their number.
    dropped: u32,
    pub(super) error: Option<Box<ErrorTold>>,
    /// It has output whose kind its name tells.
    pub(super) delta: bool,
    pub(super) choice: Option<OpenChoice>,
    pub(super) tool_call: Option<OpenToolCall>,
    pub(super) part: OpenPart,
    pub(super) modality: OpenModality,
    pub(super) cache_write: OpenCacheWrite,
    pub(super) named_count: OpenNamedCount,
}

/// What a message told that may be told again as it is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Summary {
    kind: Option<Kind>,
    content: Contents,
    last: bool,
    choice_seen: bool,
    usage: UsageTold,
    delta: bool,
    pub(super) burden: usize,
}

/// Whether a message has `usage`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum UsageTold {
    #[default]
    No,
    /// It is `null`: to come in a later one.
    Later,
    Yes,
}

/// What a message says of an error.
#[derive(Debug, Default)]
pub(super) struct ErrorTold {
    /// There is one, not only words that could belong to one.
    pub(super) certain: bool,
    /// The error object says something.
    pub(super) object_says: bool,
    /// Words outside of an error object say something.
    pub(super) words_say: bool,
    /// So does a message outside of one.
    pub(super) message_says: bool,
    pub(super) words: ErrorWords,
}

#[derive(Debug)]
pub(super) struct OpenChoice {
    pub(super) index: u32,
    pub(super) finish_reason: Option<String>,
    /// There is output in it.
    pub(super) content: bool,
    /// The tool calls in it.
    pub(super) tool_calls: Vec<Told>,
}

#[derive(Debug)]
pub(super) struct OpenToolCall {
    pub(super) told: Told,
    /// What it is by its kind.
    pub(super) role: ToolRole,
}

#[derive(Debug, Default)]
pub(super) struct OpenPart {
    pub(super) text: bool,
    pub(super) thought: bool,
}

#[derive(Debug, Default)]
pub(super) struct OpenModality {
    pub(super) modality: Option<Modality>,
    pub(super) tokens: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Modality {
    Audio,
    Image,
    Text,
}

impl Modality {
    /// That of this name, where it is one that is counted.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"AUDIO" => Some(Self::Audio),
            b"IMAGE" => Some(Self::Image),
            b"TEXT" => Some(Self::Text),
            _ => None,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct OpenNamedCount {
    pub(super) count: Option<Count>,
    pub(super) value: Option<u64>,
}

#[derive(Debug, Default)]
pub(super) struct OpenCacheWrite {
    pub(super) hour: bool,
    pub(super) tokens: Option<u64>,
}

impl OpenChoice {
    pub(super) fn new(index: u32) -> Self {
        Self { index, finish_reason: None, content: false, tool_calls: Vec::new() }
    }
}

impl Summary {
    /// The output that it carries, with what its name tells.
    pub(super) fn contents(self) -> Contents {
        let mut contents = self.content;
        if let (true, Some(Kind::Delta(content))) = (self.delta, self.kind) {
            contents.add(content);
        }
        contents
    }
}

impl Message {
    /// Its name, where the framing tells it.
    pub(super) fn name(&mut self, spec: &Spec, name: &[u8]) {
        if let Some(kind) = kind(spec, name) {
            self.kind = Some(kind);
        }
    }

    /// What it told, with its document read; `None` where that counts but once.
    pub(super) fn summary(&self) -> Option<Summary> {
        let Self { kind, content, last, choice_seen, usage, delta, burden, .. } = *self;
        let once = self.outside_of_stream
            || self.choice_finished
            || self.dropped > 0
            || self.error.is_some()
            || self.kind == Some(Kind::Error)
            || !self.tool_calls.is_empty()
            || self.choice.is_some()
            || self.tool_call.is_some();
        (!once).then_some(Summary { kind, content, last, choice_seen, usage, delta, burden })
    }

    /// It tells what another told.
    #[inline]
    pub(super) fn repeat(&mut self, told: Summary) {
        let Summary { kind, content, last, choice_seen, usage, delta, burden } = told;
        (self.kind, self.content, self.last) = (kind, content, last);
        (self.choice_seen, self.usage, self.delta, self.burden) = (choice_seen, usage, delta, burden);
    }

    /// It has come to its end; `answer.stream` tells whether it is one of a stream.
    pub(super) fn end(&mut self, draft: &mut Draft, spec: &Spec, answer: &mut Answer, now: UnixNanos) {
        self.cut(draft, answer.stream.is_some());
        // A line `error: …` is no message by the standard of event streams.
        draft.messages = draft.messages.saturating_add(u64::from(!self.outside_of_stream));
        if self.last || self.kind == Some(Kind::Final) {
            draft.ended = true;
            draft.hinted = true;
        }
        draft.usage_told |= self.usage == UsageTold::Yes;
        if spec.ends != Ends::Message {
            draft.choices_ended = draft.choices.all_finished()
                && match self.usage {
                    UsageTold::Yes => true,
                    UsageTold::No if self.choice_finished && !draft.usage_follows => true,
                    UsageTold::No | UsageTold::Later => draft.choices_ended,
                };
        }
        draft.content(self.content, answer, now);
    }

    /// It is one of an answer that failed, and has ended: it tells the error's code.
    pub(super) fn end_of_failure(&mut self, draft: &mut Draft) {
        let code = self.error.take().and_then(|error| error.words.into_code());
        let known = draft.error.take().flatten();
        draft.error = Some(known.or(code));
    }

    /// What it says though it may not have come to its end: whatever is still open ends here; then the
    /// content that the name tells is known, too.
    pub(super) fn cut(&mut self, draft: &mut Draft, in_stream: bool) {
        self.end_tool_call();
        self.end_choice(draft, in_stream);
        if let (true, Some(Kind::Delta(content))) = (self.delta, self.kind) {
            self.content.add(content);
        }
        for told in std::mem::take(&mut self.tool_calls) {
            if draft.tool_call(0, told, in_stream) {
                self.content.add(Content::ToolArgument);
            }
        }
        draft.choices.lose(std::mem::take(&mut self.dropped));
        if self.is_error() && draft.error.is_none() {
            draft.error = Some(self.error.take().and_then(|error| error.words.into_code()));
        }
    }

    /// There is output of this kind in it.
    pub(super) fn content(&mut self, content: Content) {
        self.content.add(content);
        if let Some(choice) = &mut self.choice {
            choice.content = true;
        }
    }

    /// One begins; beyond the bound it is only counted.
    pub(super) fn begin_tool_call(&mut self, told: Told) {
        let known = self.choice.as_ref().map_or(&self.tool_calls, |choice| &choice.tool_calls).len();
        self.tool_call = None;
        if known < MAX_TOOL_CALLS {
            let role = told.rule.role(b"");
            self.tool_call = Some(OpenToolCall { told, role });
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    pub(super) fn end_tool_call(&mut self) {
        let Some(OpenToolCall { mut told, role }) = self.tool_call.take() else { return };
        match role {
            ToolRole::Other => return,
            ToolRole::ToolCall => {}
            ToolRole::ToolCallOf(name) => told.tool_call.name = Some(name.to_owned()),
            ToolRole::Output => told.output = true,
        }
        if told.tool_call.id.is_none() && (told.output || told.tool_call.name.is_none()) {
            return;
        }
        let tool_calls = match &mut self.choice {
            Some(choice) => &mut choice.tool_calls,
            None => &mut self.tool_calls,
        };
        tool_calls.push(told);
    }

    pub(super) fn end_choice(&mut self, draft: &mut Draft, in_stream: bool) {
        let Some(choice) = &mut self.choice else { return };
        let index = choice.index;
        draft.choices.see(index);
        match choice.finish_reason.take() {
            Some(reason) => {
                self.choice_finished = true;
                draft.choices.finish(index, reason);
            }
            // Gemini may give a reason after each of several steps.
            None if choice.content => draft.choices.go_on(index),
            None => {}
        }
        if !choice.tool_calls.is_empty() {
            for told in std::mem::take(&mut choice.tool_calls) {
                if draft.tool_call(index, told, in_stream) {
                    self.content.add(Content::ToolArgument);
                }
            }
        }
        self.choice = None;
    }

    pub(super) fn finish_reason(&mut self, draft: &mut Draft, reason: String) {
        match &mut self.choice {
            Some(choice) => choice.finish_reason = Some(reason),
            None => {
                self.choice_finished = true;
                draft.choices.finish(0, reason);
            }
        }
    }

    pub(super) fn end_part(&mut self) {
        let OpenPart { text, thought } = std::mem::take(&mut self.part);
        if text {
            self.content(if thought { Content::Reasoning } else { Content::Visible });
        }
    }

    pub(super) fn end_modality(&mut self, counts: &mut Counts, side: Side) {
        let OpenModality { modality: Some(modality), tokens: Some(tokens) } =
            std::mem::take(&mut self.modality)
        else {
            return;
        };
        let count = match (side, modality) {
            (Side::Input, Modality::Audio) => Count::InputAudio,
            (Side::Input, Modality::Image) => Count::InputImage,
            (Side::Input, Modality::Text) => Count::InputText,
            (Side::Output, Modality::Audio) => Count::OutputAudio,
            (Side::Output, Modality::Image) => Count::OutputImage,
            (Side::Output, Modality::Text) => Count::OutputText,
            (Side::CacheRead, Modality::Audio) => Count::CacheReadAudio,
            (Side::CacheRead, Modality::Image) => Count::CacheReadImage,
            (Side::CacheRead, Modality::Text) => Count::CacheReadText,
        };
        counts.add(count, 0, tokens);
    }

    pub(super) fn end_named_count(&mut self, counts: &mut Counts) {
        if let OpenNamedCount { count: Some(count), value: Some(value) } =
            std::mem::take(&mut self.named_count)
        {
            counts.set(count, 0, value);
        }
    }

    pub(super) fn end_cache_write(&mut self, counts: &mut Counts) {
        if let OpenCacheWrite { hour: true, tokens: Some(tokens) } = std::mem::take(&mut self.cache_write) {
            counts.add(Count::CacheWriteHour, 0, tokens);
        }
    }

    /// It has an error object that says something, a mark of failure, or, without choices and usage, a
    /// message with a code or the like.
    fn is_error(&self) -> bool {
        let bare = !self.choice_seen && self.usage != UsageTold::Yes;
        let told = |error: &ErrorTold| error.certain || (bare && error.message_says && error.words_say);
        self.kind == Some(Kind::Error) || self.error.as_deref().is_some_and(told)
    }

    pub(super) fn error(&mut self) -> &mut ErrorTold {
        self.error.get_or_insert_default()
    }
}

/// What a message's name tells, if anything.
fn kind(spec: &Spec, name: &[u8]) -> Option<Kind> {
    let known = spec.messages.iter().find(|(known, _)| known.as_bytes() == name);
    known.map(|(_, kind)| *kind).or((name == b"error").then_some(Kind::Error))
}
