//! What can stand at a path of a request.
//!
//! A fact may be spelled in several ways in one body (`max_completion_tokens` beside `max_tokens`). Its rows
//! carry a rank, the lower one wins; so the fact does not depend on the order of the document's members.

use crate::json::{Field, Want};

/// Bytes kept of an id or a model's name.
pub(crate) const ID_BYTES: u16 = 512;
/// Bytes kept of a stop sequence.
pub(crate) const STOP_BYTES: u16 = 256;
/// Bytes kept of a tool's name.
pub(crate) const TOOL_NAME_BYTES: u16 = 128;
/// Bytes kept of a word of a small vocabulary: a format, a modality.
pub(crate) const WORD_BYTES: u16 = 64;

/// What a path of a request means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestField {
    /// A number, by rank. Anything else at this path says nothing.
    Number(Number, u8),
    /// A text, by rank. Anything else at this path says nothing.
    Text(Text, u8),
    /// `stream`
    Stream,
    /// Whether a stream's usage was asked for, which then comes after its last choice has ended.
    StreamUsage,
    /// The stop texts, by rank: the one text here, or the elements of the list here.
    Stop(u8),
    /// What the model is asked to work on.
    Input(Input),
    /// The elements of a list of inputs that may be token numbers, which are one input together.
    InputItem(Input),
    /// The list of tools offered.
    Tools,
    /// The name of a tool offered.
    ToolName,
    /// An encoding asked for: the one text here, or the elements of the list here.
    EncodingFormat,
    /// Something that tells the output type.
    Output(OutputHint),
    /// A member that only embeddings have.
    EmbeddingHint,
    /// A member that only the making of images has.
    ImageHint,
}

/// Facts that are numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    /// Sampling temperature.
    Temperature,
    /// Nucleus sampling.
    TopP,
    /// Top-k sampling.
    TopK,
    /// Cap on generated tokens.
    MaxTokens,
    /// Sampling seed.
    Seed,
    /// Presence penalty.
    PresencePenalty,
    /// Frequency penalty.
    FrequencyPenalty,
    /// Choices, candidates, images asked for.
    ChoiceCount,
    /// Thinking budget in tokens.
    ThinkingBudget,
    /// Embedding dimensions asked for.
    Dimensions,
}

/// Facts that are texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// Model as asked for.
    Model,
    /// Reasoning effort.
    ReasoningLevel,
    /// Service tier asked for.
    ServiceTier,
    /// Conversation named by the request.
    ConversationId,
    /// Earlier response used as context.
    PreviousResponseId,
    /// Named prompt template.
    PromptName,
    /// Its version.
    PromptVersion,
    /// A session the client names.
    SessionId,
    /// Guardrail to apply.
    GuardrailId,
}

/// What the model is asked to work on.
///
/// A list counts as many as it has, a text as one; a list of token numbers is one text, a list of such lists
/// as many as it has. An empty list counts as absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// `messages`: a chat.
    Messages,
    /// `chat_history`: what went before [`Self::Message`], counted together with it.
    History,
    /// `message`: the newest message of a chat whose others stand in [`Self::History`].
    Message,
    /// `contents`
    Contents,
    /// `input`, `inputs`
    Inputs,
    /// `texts`, `text`
    Texts,
    /// `prompt`
    Prompt,
    /// A list of embedding requests or instances.
    Requests,
    /// One content, an object.
    Content,
    /// `query`: asked of documents, not counted.
    Query,
}

/// What tells the output type (`gen_ai.output.type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutputHint {
    /// A format's name or MIME type: `text`, `json_object`, `json_schema`, `text/plain`, `application/json`.
    Format,
    /// A schema or grammar: JSON. Where a format's name stands instead of it, that.
    Schema,
    /// A modality: `text`, `image`, `audio`.
    Modality,
}

impl Number {
    /// How many there are.
    pub(crate) const LEN: usize = Self::Dimensions as usize + 1;
}

impl Text {
    /// How many there are.
    pub(crate) const LEN: usize = Self::GuardrailId as usize + 1;
}

impl Input {
    /// How many there are.
    pub(crate) const LEN: usize = Self::Query as usize + 1;
}

/// The vocabulary of the tables.
pub(super) mod words {
    pub(in crate::api) use super::{Input::*, Number::*, OutputHint::*, RequestField::*, Text::*};
}

impl Field for RequestField {
    fn want(self) -> Want {
        let text = match self {
            Self::Text(..) => ID_BYTES,
            Self::Stop(_) => STOP_BYTES,
            Self::ToolName => TOOL_NAME_BYTES,
            Self::EncodingFormat | Self::Output(_) => WORD_BYTES,
            // Whether a text is empty is all that is asked of the others.
            Self::Number(..)
            | Self::Stream
            | Self::StreamUsage
            | Self::Input(_)
            | Self::InputItem(_)
            | Self::Tools
            | Self::EmbeddingHint
            | Self::ImageHint => 0,
        };
        Want::Value { text }
    }
}
