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
/// Bytes kept of a word of a small vocabulary: an effort, a tier, a format.
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
    /// The stop texts, by rank: one text here, or the elements of the list here.
    Stop(u8),
    /// What [`message_count`](crate::call::Request::message_count) counts, by rank: a text is one, a list as
    /// long as it is.
    Messages(u8),
    /// The elements of a list of [`Self::Messages`] that may be token numbers: these are one input together.
    MessageToken(u8),
    /// One more message, whatever it is: Cohere v1's `message` beside its `chat_history`.
    OneMessage,
    /// The list of tools offered.
    Tools,
    /// The name of a tool offered.
    ToolName,
    /// An encoding asked for: one text here, or the elements of the list here.
    EncodingFormat,
    /// Something that tells the output type.
    Output(OutputHint),
    /// Something that tells the operation or that the body is what the path promised.
    Evidence(Evidence),
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

/// What tells the output type (`gen_ai.output.type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutputHint {
    /// A format's name or MIME type: `text`, `json_object`, `json_schema`, `text/plain`, `application/json`.
    Format,
    /// A schema or grammar is given: JSON.
    Schema,
    /// A modality: `text`, `image`, `audio`.
    Modality,
}

/// What tells the operation of a path that serves several, or confirms a path that others use too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// `messages` or `message`: a chat.
    Chat,
    /// `prompt`, `inputText`, `inputs`: a text completion.
    Prompt,
    /// Texts or images to embed.
    Embed,
    /// An image to make.
    Image,
    /// `query` and `documents`.
    Rerank,
}

impl Field for RequestField {
    fn want(self) -> Want {
        let text = match self {
            Self::Text(..) => ID_BYTES,
            Self::Stop(_) => STOP_BYTES,
            Self::ToolName => TOOL_NAME_BYTES,
            Self::EncodingFormat | Self::Output(_) => WORD_BYTES,
            // Whether the text is empty is all that is asked of these.
            Self::Messages(_) | Self::OneMessage => 1,
            Self::Number(..) | Self::Stream | Self::MessageToken(_) | Self::Tools | Self::Evidence(_) => 0,
        };
        Want::Value { text }
    }
}
