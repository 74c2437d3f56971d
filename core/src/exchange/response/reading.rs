//! What the fields of a message say, as the scanner comes upon them.
//!
//! What stands alone (ids, models, counts) becomes a fact at once; what belongs to a container goes into the
//! [`Message`].

use super::choices::Told;
use super::credit::{CHOICE, END, MOST, TOOL_CALL};
use super::draft::Draft;
use super::message::{
    Message, Modality, OpenCacheWrite, OpenChoice, OpenModality, OpenNamedCount, OpenPart, UsageTold,
};
use crate::api::{ErrorWord, ResponseField, Spec, ToolCallRule, gemini_generate};
use crate::call::{Losses, Response, ToolCall};
use crate::frame::Base64;
use crate::json::pattern::{GapKind, Learner};
use crate::json::{Container, Number, Passed, Paths, Position, Progress, Scanner, Text, Value, Visitor};

/// JSON inside a text of the message, in progress.
#[derive(Debug, Default)]
pub(super) struct Wrapped {
    base64: Base64,
    scanner: Scanner,
    state: WrappedState,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum WrappedState {
    #[default]
    Open,
    Done,
    Failed,
}

/// Takes a message's fields.
pub(super) struct Reading<'a, 'd> {
    pub(super) spec: &'static Spec,
    pub(super) paths: &'a Paths<ResponseField>,
    pub(super) message: &'a mut Message,
    pub(super) draft: &'a mut Draft,
    pub(super) facts: &'a mut Response,
    pub(super) losses: &'a mut Losses,
    /// The message is one of a stream, as far as is known.
    pub(super) in_stream: bool,
    /// `None` inside a wrapped message: they do not nest.
    pub(super) wrapped: Option<&'a mut Option<Box<Wrapped>>>,
    /// Where the message is to be learnt.
    pub(super) learner: Option<Learner<'d>>,
}

impl Visitor<ResponseField> for Reading<'_, '_> {
    fn visit(&mut self, field: ResponseField, at: &Position<'_>, value: Value<'_>) {
        if self.draft.excessive {
            return;
        }
        match value {
            Value::Null => {
                if field == ResponseField::Usage && self.message.usage == UsageTold::No {
                    self.message.usage = UsageTold::Later;
                }
            }
            Value::Bool(value) => self.bool(field, value),
            Value::Number(number) => self.number(field, number),
            Value::Text(text) => {
                if !(text.whole && text.bytes.is_empty()) {
                    if let (Some(learner), []) = (&mut self.learner, text.bytes) {
                        learner.gap(text.bytes, GapKind::Presence);
                    }
                    self.text(field, text);
                }
            }
            Value::Begin(container) => self.begin(field, container, at),
            Value::End(container, _) => self.end(field, container),
            Value::Piece(piece) => self.piece(piece),
            Value::TextEnd => self.piece_end(),
        }
    }

    #[inline]
    fn pass(&mut self, passed: Passed<'_>) {
        if let Some(learner) = &mut self.learner {
            match passed {
                Passed::Text(text) => learner.gap(text, GapKind::Text),
                Passed::Number(number) => learner.gap(number.as_str().as_bytes(), GapKind::Number),
            }
        }
    }
}

impl Reading<'_, '_> {
    fn text(&mut self, field: ResponseField, text: Text<'_>) {
        use ResponseField as F;
        match field {
            F::Content(content) => self.message.content(content),
            F::Delta => {
                self.message.delta = true;
                self.draft.hinted = true;
            }
            F::Mark => self.draft.marked = true,
            F::Hint => self.draft.hinted = true,
            F::PartText => self.message.part.text = true,
            F::Name => self.message.name(self.spec, text.bytes),
            F::Id(rank) if self.facts.id.is_none() || rank < self.draft.id_rank => {
                self.draft.id_rank = rank;
                self.facts.id = Some(owned(text, self.losses));
            }
            F::Model => first(&mut self.facts.model, text, self.losses),
            F::ModelResource => {
                let name = text.bytes.strip_prefix(b"models/").unwrap_or(text.bytes);
                first(&mut self.facts.model, Text { bytes: name, ..text }, self.losses);
            }
            F::SystemFingerprint => first(&mut self.facts.system_fingerprint, text, self.losses),
            F::UpstreamProvider => {
                first(&mut self.facts.upstream_provider, text, self.losses);
            }
            F::ConversationId => first(&mut self.facts.conversation_id, text, self.losses),
            F::PreviousResponseId => first(&mut self.facts.previous_response_id, text, self.losses),
            F::ServiceTier => last(&mut self.facts.service_tier, text, self.losses),
            F::Status => last(&mut self.draft.status, text, self.losses),
            F::IncompleteReason => last(&mut self.draft.incomplete_reason, text, self.losses),
            F::Blocked => self.message.last = true,
            F::BlockedIf(word) => self.message.last |= text.bytes == word.as_bytes(),
            F::FinishReasonUnless(going_on) if text.bytes == going_on.as_bytes() => {}
            F::FinishReason | F::GoogleFinishReason | F::FinishReasonUnless(_) => {
                self.bear(END);
                self.message.finish_reason(self.draft, owned(text, self.losses));
            }
            F::ToolCallId => {
                if let Some(open) = &mut self.message.tool_call {
                    open.told.tool_call.id = Some(owned(text, self.losses));
                }
            }
            F::ToolCallName => {
                if let Some(open) = &mut self.message.tool_call {
                    open.told.tool_call.name = Some(owned(text, self.losses));
                }
            }
            F::ToolCallKind => {
                if let Some(open) = &mut self.message.tool_call {
                    open.role = open.told.rule.role(text.bytes);
                }
            }
            F::Modality => self.message.modality.modality = Modality::named(text.bytes),
            F::CountName(names) => {
                let known = names.iter().find(|(name, _)| name.as_bytes() == text.bytes);
                self.message.named_count.count = known.map(|(_, count)| *count);
            }
            F::CacheWriteTtl => self.message.cache_write.hour = text.bytes == b"1h",
            F::Error if says(text.bytes) => self.message.error().certain = true,
            F::InnerErrorMessage if says(text.bytes) => self.message.error().object_says = true,
            F::OuterErrorMessage if says(text.bytes) => self.message.error().message_says = true,
            F::InnerErrorWord(kind) => {
                let error = self.message.error();
                error.object_says |= says(text.bytes);
                error.words.inner(kind, &text.to_string_lossy());
            }
            F::OuterErrorWord(kind) => {
                let error = self.message.error();
                error.words_say |= says(text.bytes) && (kind != ErrorWord::Type || names_error(text.bytes));
                error.words.outer(kind, &text.to_string_lossy());
            }
            _ => {}
        }
    }

    fn number(&mut self, field: ResponseField, number: Number<'_>) {
        use ResponseField as F;
        match field {
            F::Hint => self.draft.hinted = true,
            F::Count(count, rank) => {
                if let Some(value) = number.as_u64() {
                    self.draft.counts.set(count, rank, value);
                }
            }
            F::Sum(count, rank) => {
                if let Some(value) = number.as_u64() {
                    self.draft.counts.add(count, rank, value);
                }
            }
            F::CountUnlessZero(count) => {
                if let Some(value) = number.as_u64() {
                    self.draft.counts.set_unless_zero(count, value);
                }
            }
            F::Cost => {
                if let Some(usd) = number.as_f64() {
                    self.draft.counts.set_cost(usd);
                }
            }
            F::CostTicks => {
                if let Some(ticks) = number.as_f64() {
                    self.draft.counts.set_cost_ticks(ticks);
                }
            }
            F::ChoiceIndex => {
                if let (Some(choice), Some(index)) = (&mut self.message.choice, as_u32(number)) {
                    choice.index = index;
                }
            }
            F::ToolCallIndex => {
                if let (Some(open), Some(index)) = (&mut self.message.tool_call, as_u32(number)) {
                    open.told.index = index;
                }
            }
            F::GoogleFinishReason => {
                if let Some(name) = as_u32(number)
                    .and_then(|n| gemini_generate::finish_reason(n, self.draft.quirks.numbers_of_vertex))
                {
                    self.bear(END);
                    self.message.finish_reason(self.draft, name.to_owned());
                }
            }
            F::Modality => {
                let name = as_u32(number).and_then(gemini_generate::modality);
                self.message.modality.modality = name.and_then(|name| Modality::named(name.as_bytes()));
            }
            F::ModalityTokens => self.message.modality.tokens = number.as_u64(),
            F::CountValue => self.message.named_count.value = number.as_u64(),
            F::VectorItem => self.draft.embeds = true,
            F::CacheWriteTokens => self.message.cache_write.tokens = number.as_u64(),
            F::Blocked => self.message.last |= number.as_u64() != Some(0),
            F::InnerErrorWord(kind) => {
                let error = self.message.error();
                error.object_says |= number.as_i64() != Some(0);
                error.words.inner_number(kind, number.as_str());
            }
            F::OuterErrorWord(kind) => {
                let error = self.message.error();
                error.words_say |= number.as_i64() != Some(0);
                error.words.outer_number(kind, number.as_str());
            }
            F::FailureCode if number.as_i64() != Some(0) => {
                let error = self.message.error();
                error.certain = true;
                error.words.outer_number(ErrorWord::Code, number.as_str());
            }
            _ => {}
        }
    }

    fn bool(&mut self, field: ResponseField, value: bool) {
        match field {
            ResponseField::Finished => {
                self.message.last |= value;
                self.draft.hinted = true;
            }
            ResponseField::PartThought => self.message.part.thought = value,
            ResponseField::Success if !value => self.message.error().certain = true,
            _ => {}
        }
    }

    fn begin(&mut self, field: ResponseField, container: Container, at: &Position<'_>) {
        use ResponseField as F;
        match (field, container) {
            (F::Usage, _) => self.message.usage = UsageTold::Yes,
            (F::Choice, Container::Object) => {
                self.bear(CHOICE);
                self.message.choice_seen = true;
                self.message.choice = Some(OpenChoice::new(at.index(0)));
            }
            (F::ToolCall(rule), Container::Object) => {
                self.bear(TOOL_CALL);
                let index = if rule == ToolCallRule::Legacy { u32::MAX } else { at.index(1) };
                let told = Told { rule, index, tool_call: ToolCall::default(), output: false };
                self.message.begin_tool_call(told);
            }
            (F::Part, Container::Object) => self.message.part = OpenPart::default(),
            (F::ModalityCount(_), Container::Object) => self.message.modality = OpenModality::default(),
            (F::CacheWriteEntry, Container::Object) => self.message.cache_write = OpenCacheWrite::default(),
            (F::Content(content), Container::Object) => self.message.content(content),
            (F::LastMetrics, Container::Object) => self.message.last = true,
            (F::NamedCount, Container::Object) => self.message.named_count = OpenNamedCount::default(),
            (F::Embedding, _) | (F::VectorItem, Container::Array) => self.draft.embeds = true,
            (F::Hint, _) => self.draft.hinted = true,
            _ => {}
        }
    }

    /// The message has something in it that costs more than its bytes.
    fn bear(&mut self, cost: usize) {
        self.message.burden = self.message.burden.saturating_add(cost);
        self.draft.excessive |= self.message.burden > MOST;
    }

    fn end(&mut self, field: ResponseField, container: Container) {
        use ResponseField as F;
        match (field, container) {
            (F::Choice, Container::Object) => self.message.end_choice(self.draft, self.in_stream),
            (F::ToolCall(_), Container::Object) => self.message.end_tool_call(),
            (F::Part, Container::Object) => self.message.end_part(),
            (F::ModalityCount(side), Container::Object) => {
                self.message.end_modality(&mut self.draft.counts, side);
            }
            (F::NamedCount, Container::Object) => self.message.end_named_count(&mut self.draft.counts),
            (F::CacheWriteEntry, Container::Object) => self.message.end_cache_write(&mut self.draft.counts),
            (F::Error, Container::Object) => {
                if let Some(error) = self.message.error.as_mut().filter(|error| error.object_says) {
                    error.certain = true;
                    error.words.object();
                }
            }
            _ => {}
        }
    }

    fn piece(&mut self, piece: &[u8]) {
        let Some(slot) = self.wrapped.as_deref_mut() else { return };
        let Wrapped { base64, scanner, state } = &mut **slot.get_or_insert_default();
        let mut inner = Reading {
            spec: self.spec,
            paths: self.paths,
            message: &mut *self.message,
            draft: &mut *self.draft,
            facts: &mut *self.facts,
            losses: &mut *self.losses,
            in_stream: self.in_stream,
            wrapped: None,
            learner: None,
        };
        let pushed = base64.push(piece, &mut |json| {
            if *state == WrappedState::Open {
                match scanner.push(inner.paths, json, &mut inner) {
                    Progress::More => {}
                    Progress::Done { .. } => *state = WrappedState::Done,
                    Progress::Failed { .. } => *state = WrappedState::Failed,
                }
            }
        });
        if pushed.is_err() {
            *state = WrappedState::Failed;
        }
    }

    fn piece_end(&mut self) {
        if let Some(learner) = &mut self.learner {
            learner.spoil();
        }
        let Some(Some(wrapped)) = self.wrapped.as_deref_mut() else { return };
        // A JSON text needs no padding bits of its own: what a last group gives is its closing bracket.
        let Wrapped { base64, scanner, state } = &mut **wrapped;
        let mut inner = Reading {
            spec: self.spec,
            paths: self.paths,
            message: &mut *self.message,
            draft: &mut *self.draft,
            facts: &mut *self.facts,
            losses: &mut *self.losses,
            in_stream: self.in_stream,
            wrapped: None,
            learner: None,
        };
        let finished = base64.finish(&mut |json| {
            if *state == WrappedState::Open
                && matches!(scanner.push(inner.paths, json, &mut inner), Progress::Done { .. })
            {
                *state = WrappedState::Done;
            }
        });
        if finished.is_err() || *state != WrappedState::Done {
            self.losses.malformed_messages = self.losses.malformed_messages.saturating_add(1);
        }
        wrapped.scanner.reset();
        wrapped.base64 = Base64::default();
        wrapped.state = WrappedState::Open;
    }
}

/// Whether a word of an error, or its message, says something: some answers have an `error` that says that
/// there is none.
fn says(text: &[u8]) -> bool {
    !NOTHING.iter().any(|nothing| text.eq_ignore_ascii_case(nothing.as_bytes()))
}

/// Whether a `type` beside a message is an error's.
fn names_error(kind: &[u8]) -> bool {
    memchr::memmem::find(kind, b"rror").is_some()
}

const NOTHING: &[&str] = &["", "0", "ok", "success", "none", "null"];

fn first(slot: &mut Option<String>, text: Text<'_>, losses: &mut Losses) {
    if slot.is_none() && !text.bytes.is_empty() {
        *slot = Some(owned(text, losses));
    }
}

fn last(slot: &mut Option<String>, text: Text<'_>, losses: &mut Losses) {
    if slot.as_ref().is_none_or(|known| known.as_bytes() != text.bytes) {
        *slot = Some(owned(text, losses));
    }
}

fn owned(text: Text<'_>, losses: &mut Losses) -> String {
    if !text.whole {
        losses.truncated_values = losses.truncated_values.saturating_add(1);
    }
    text.to_string_lossy().into_owned()
}

fn as_u32(number: Number<'_>) -> Option<u32> {
    number.as_u64().and_then(|number| u32::try_from(number).ok())
}
