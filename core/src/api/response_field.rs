//! What can stand at a path of a response.
//!
//! A count may be spelled in several ways in one answer (`prompt_tokens_details.cached_tokens` beside
//! `prompt_cache_hit_tokens`). Its rows carry a rank, the lower one wins, whatever the order of members and
//! messages; of the same rank the last one wins, as counts of a stream are cumulative.

use super::request_field::{ID_BYTES, WORD_BYTES};
use crate::json::{Field, Want};

/// Bytes kept of the name of a tool that the model calls, and of an error's code.
const NAME_BYTES: u16 = 256;

/// What a path of a response means. `null`, an empty text and a value of another type say nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseField {
    /// The response's id, by rank: the first of the lowest.
    Id(u8),
    /// The model that answered: the first.
    Model,
    /// The same, where a resource's name may come (`models/…`).
    ModelResource,
    /// The last.
    ServiceTier,
    /// The first.
    SystemFingerprint,
    /// Whom OpenRouter asked: the first.
    UpstreamProvider,
    /// The conversation it belongs to: the first.
    ConversationId,
    /// The response it goes on from: the first.
    PreviousResponseId,

    /// `usage` itself: `null` in a stream promises that it is still to come.
    Usage,
    /// A count, by rank.
    Count(Count, u8),
    /// A count told in parts, in one message, by rank.
    Sum(Count, u8),
    /// A count of which a 0 says nothing once another value was told.
    CountUnlessZero(Count),
    /// An element of a list of counts by modality, of the input, the output, or what was read from the cache.
    ModalityCount(Side),
    /// Its modality: a name, or Google's number for it.
    Modality,
    /// Its count.
    ModalityTokens,
    /// An element of a list of counts that names each.
    NamedCount,
    /// Its name, and the counts by their names.
    CountName(&'static [(&'static str, Count)]),
    /// Its count.
    CountValue,
    /// An element of a list of cache writes by lifetime.
    CacheWriteEntry,
    /// Its lifetime.
    CacheWriteTtl,
    /// Its count.
    CacheWriteTokens,
    /// USD.
    Cost,
    /// Ten billionths of a USD.
    CostTicks,

    /// The message's own name, looked up in [`Spec::messages`](super::Spec::messages).
    Name,
    /// `true`: the stream's last message.
    Finished,
    /// The last chunk's metrics (Bedrock): nothing follows.
    LastMetrics,
    /// State of the whole answer, the last one (Responses, Gemini interactions). `failed` is an error.
    Status,
    /// Why the answer is incomplete (Responses).
    IncompleteReason,
    /// The prompt was blocked: nothing will be generated.
    Blocked,
    /// The same, where this text says so.
    BlockedIf(&'static str),
    /// Vectors: the answer is one of embeddings, whatever the path said.
    Embedding,
    /// A number or a list where vectors may stand: then the same.
    VectorItem,

    /// An element of the list of choices, whatever that list is called. Its array is the first on its path.
    Choice,
    /// The choice's index, where it is told.
    ChoiceIndex,
    /// Why the choice ended; outside a [`Self::Choice`] it is the first choice's.
    FinishReason,
    /// The same, where Google's number for it may stand.
    GoogleFinishReason,
    /// The same, where this text means that the choice goes on.
    FinishReasonUnless(&'static str),

    /// A tool call, or what may be one.
    ToolCall(ToolCallRule),
    /// The tool call's index in its choice. Without it, its place in its array, the second on its path.
    ToolCallIndex,
    /// The tool call's id.
    ToolCallId,
    /// The tool's name.
    ToolCallName,
    /// What kind of call, block or item it is.
    ToolCallKind,

    /// Generated output: anything that is not empty. Of an object, that it begins.
    Content(Content),
    /// Generated output whose kind the message's name tells ([`Kind::Delta`]).
    Delta,
    /// A part of Gemini's content: its text is reasoning if it is a thought.
    Part,
    /// The part's text.
    PartText,
    /// Whether the part is a thought.
    PartThought,
    /// JSON as base64 in a text: the real message (Bedrock).
    Wrapped,

    /// A member that no other software's answers have.
    Mark,
    /// A member that the format's answers have, and others' may.
    Hint,

    /// The error: an object that says something, or a text.
    Error,
    /// A word of the error object.
    InnerErrorWord(ErrorWord),
    /// The error object's message.
    InnerErrorMessage,
    /// A word of the error beside it, or without it.
    OuterErrorWord(ErrorWord),
    /// A message at the top: with an [`Self::OuterErrorWord`], without choices or usage, an error.
    OuterErrorMessage,
    /// Other than 0 it is an error, and its code.
    FailureCode,
    /// `false` is an error.
    Success,
}

/// What is counted in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    /// All of the input.
    Input,
    /// The input without what came from or went to the cache: that is to be added.
    InputUncached,
    /// What tools put into the input: to be added.
    InputOfTools,
    /// Input and output together: the input, where nothing else is told and nothing is generated; else it
    /// tells whether reasoning is in the output.
    Total,
    /// All of the output.
    Output,
    /// The output without reasoning: that is to be added.
    OutputVisible,
    /// Read from the cache.
    CacheRead,
    /// Written to the cache.
    CacheWrite,
    /// Of a list of cache writes by lifetime: all but those of an hour.
    CacheWriteOther,
    /// Written to the cache for an hour.
    CacheWriteHour,
    /// Reasoning, a part of [`Self::Output`].
    Reasoning,
    /// Reasoning, told beside [`Self::OutputVisible`].
    ReasoningApart,
    /// Audio, a part of the input.
    InputAudio,
    /// Images, a part of the input.
    InputImage,
    /// Audio, a part of the output.
    OutputAudio,
    /// Images, a part of the output.
    OutputImage,
    /// Text, a part of the input.
    InputText,
    /// Text, a part of the output.
    OutputText,
    /// Text, a part of what was read from the cache.
    CacheReadText,
    /// Audio, a part of what was read from the cache.
    CacheReadAudio,
    /// Images, a part of what was read from the cache.
    CacheReadImage,
    /// The host's own metering, for what the model's body does not tell: input without cache.
    MeteredInput,
    /// … output.
    MeteredOutput,
    /// … read from the cache.
    MeteredCacheRead,
    /// … written to the cache.
    MeteredCacheWrite,
}

impl Count {
    /// How many there are.
    pub(crate) const LEN: usize = Self::MeteredCacheWrite as usize + 1;
}

/// Side of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// What was asked.
    Input,
    /// What was answered.
    Output,
    /// What was asked and came from the cache.
    CacheRead,
}

/// What kind of output a content event carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// What the user is to see or hear: text, refusal, audio, a picture.
    Visible,
    /// Reasoning.
    Reasoning,
    /// A tool call's name or argument.
    ToolArgument,
}

/// When a container is a tool call that the client is to run, and when it is one seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToolCallRule {
    /// OpenAI's list: the first of its (choice, index) that has an id or a name opens it, another id opens
    /// a further one; the rest are its fragments.
    Indexed,
    /// OpenAI's list in a whole message: each is one. Some servers repeat it in a stream, beside the
    /// [`Self::Indexed`] one.
    Listed,
    /// OpenAI's legacy `function_call`: one for each choice.
    Legacy,
    /// Whatever has an id or a name is one.
    Each,
    /// The same, in a summary at the stream's end: only if none was seen before.
    Summary,
    /// OpenAI's Responses: items of the kinds that the client runs, told again in later events with the same
    /// id; not those whose output is in the same answer.
    Item,
    /// Blocks and steps of this kind, as others stand in the same list.
    OfKind(&'static str),
    /// Bedrock's `toolUse`: not those of the kind `server_tool_use`.
    ToolUse,
}

/// What a container is that may be a tool call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToolRole {
    /// No tool call of the client's.
    Other,
    /// A tool call, which names its tool.
    ToolCall,
    /// A tool call whose kind stands for the tool's name.
    ToolCallOf(&'static str),
    /// What came of the tool call of the same id: the server ran it.
    Output,
}

impl ToolCallRule {
    /// What a container is whose kind is this; empty where it has none.
    pub(crate) fn role(self, kind: &[u8]) -> ToolRole {
        let when = |is_one: bool| if is_one { ToolRole::ToolCall } else { ToolRole::Other };
        match self {
            Self::Indexed | Self::Listed | Self::Legacy | Self::Each | Self::Summary => ToolRole::ToolCall,
            Self::OfKind(wanted) => when(kind == wanted.as_bytes()),
            Self::ToolUse => when(kind != b"server_tool_use"),
            Self::Item => match kind {
                b"function_call" | b"custom_tool_call" => ToolRole::ToolCall,
                b"computer_call" => ToolRole::ToolCallOf("computer"),
                b"local_shell_call" => ToolRole::ToolCallOf("local_shell"),
                b"shell_call" => ToolRole::ToolCallOf("shell"),
                b"apply_patch_call" => ToolRole::ToolCallOf("apply_patch"),
                kind if kind.ends_with(b"_call_output") => ToolRole::Output,
                _ => ToolRole::Other,
            },
        }
    }
}

/// A word of an error that can be its code; the earlier variant goes before the later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ErrorWord {
    /// AWS: a type, behind a `#` if there is one.
    AwsType,
    /// `code`: as a text before all other words, as a number after them.
    Code,
    /// `type`, if it is not just `error`.
    Type,
    /// `status`
    Status,
    /// `error_type`
    ErrorType,
}

/// What a stream message's own name tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Its [`ResponseField::Delta`] is output of this kind.
    Delta(Content),
    /// The stream's last message.
    Final,
    /// An error.
    Error,
}

/// What tells that a stream is whole. Whatever the format, `[DONE]` does, and so does the body's end once
/// every choice that was seen has its finish reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    /// A message that says so: [`Kind::Final`], [`ResponseField::Finished`], [`ResponseField::LastMetrics`].
    Message,
    /// Every choice's finish reason, and the usage where it is to follow.
    Choices,
    /// The same; where it has no choices, the body's end.
    Body,
    /// Nothing is known to: the body's end.
    Unmarked,
}

/// The words of the tables.
pub(super) mod words {
    pub(in crate::api) use super::Count::*;
    pub(in crate::api) use super::ResponseField::{self, *};
    pub(in crate::api) use super::Side;
    pub(in crate::api) use super::ToolCallRule::*;

    pub(in crate::api) const VISIBLE: ResponseField = Content(super::Content::Visible);
    pub(in crate::api) const REASONING: ResponseField = Content(super::Content::Reasoning);
    pub(in crate::api) const TOOL_ARGUMENT: ResponseField = Content(super::Content::ToolArgument);
}

impl ResponseField {
    /// Whether a row with it tells no fact, but that the body is of this format.
    pub(crate) fn only_proves(self) -> bool {
        matches!(self, Self::Mark | Self::Hint)
    }
}

impl Field for ResponseField {
    fn want(self) -> Want {
        let text = match self {
            Self::Id(_)
            | Self::Model
            | Self::ModelResource
            | Self::ConversationId
            | Self::PreviousResponseId
            | Self::ToolCallId => ID_BYTES,
            Self::ToolCallName
            | Self::InnerErrorWord(_)
            | Self::OuterErrorWord(_)
            | Self::SystemFingerprint => NAME_BYTES,
            Self::ServiceTier
            | Self::UpstreamProvider
            | Self::Name
            | Self::Status
            | Self::IncompleteReason
            | Self::FinishReason
            | Self::GoogleFinishReason
            | Self::FinishReasonUnless(_)
            | Self::BlockedIf(_)
            | Self::ToolCallKind
            | Self::Modality
            | Self::CountName(_)
            | Self::CacheWriteTtl
            | Self::Error
            | Self::InnerErrorMessage
            | Self::OuterErrorMessage => WORD_BYTES,
            Self::Wrapped => return Want::Pieces,
            // Of these only whether a text is empty is asked, or no text is expected.
            Self::Usage
            | Self::Count(..)
            | Self::Sum(..)
            | Self::CountUnlessZero(_)
            | Self::ModalityCount(_)
            | Self::ModalityTokens
            | Self::NamedCount
            | Self::CountValue
            | Self::CacheWriteEntry
            | Self::CacheWriteTokens
            | Self::Cost
            | Self::CostTicks
            | Self::Finished
            | Self::LastMetrics
            | Self::Blocked
            | Self::Embedding
            | Self::VectorItem
            | Self::Choice
            | Self::ChoiceIndex
            | Self::ToolCall(_)
            | Self::ToolCallIndex
            | Self::Content(_)
            | Self::Delta
            | Self::Part
            | Self::PartText
            | Self::PartThought
            | Self::Mark
            | Self::Hint
            | Self::FailureCode
            | Self::Success => 0,
        };
        Want::Value { text }
    }
}
