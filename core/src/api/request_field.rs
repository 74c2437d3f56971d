//! What can stand at a path of a request.
//!
//! A fact may be spelled in several ways in one body (`max_completion_tokens` beside `max_tokens`). Its rows
//! carry a rank, the lower one wins; so the fact does not depend on the order of the document's members.

use crate::json::{Field, Want};

/// Bytes kept of an id or a model's name.
pub(crate) const ID_BYTES: u16 = 256;
/// Bytes kept of a stop sequence.
pub(crate) const STOP_BYTES: u16 = 128;
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
    /// What makes an element of the input one of a conversation: its role, its parts.
    Turn(Shape),
    /// The member that goes with the input in this format alone.
    Own(Shape),
    /// What an operator wants as an attribute: the index of its place.
    Attribute(u8),
}

impl RequestField {
    /// Whether a row with it tells no fact, but that the body is of this format.
    pub(crate) fn only_proves(self) -> bool {
        matches!(self, Self::Turn(_) | Self::Own(_))
    }
}

/// The type that a member has to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A text that is not empty.
    Text,
    /// A list that is not empty.
    List,
    /// An object, empty or not.
    Object,
}

/// What a request shows of its format, as a set: members with the types they have there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signs(u32);

impl Signs {
    /// A model's name, in the body or the path.
    pub(crate) const MODEL: Self = Self(1);
    /// [`RequestField::Turn`]
    pub(crate) const TURNS: Self = Self(1 << 1);
    /// [`RequestField::Own`]
    pub(crate) const OWN: Self = Self(1 << 2);
    /// A generation parameter, or whether to stream.
    pub(crate) const PARAMETER: Self = Self(1 << 3);
    /// A file in a form.
    pub(crate) const FILE: Self = Self(1 << 4);
    /// A named prompt, an earlier response: what stands for input.
    pub(crate) const REFERENCE: Self = Self(1 << 5);
    /// [`RequestField::EmbeddingHint`], [`RequestField::ImageHint`]
    pub(crate) const HINT: Self = Self(1 << 6);
    /// `message`, a text.
    pub(crate) const MESSAGE: Self = Self::input(Input::Message);
    /// `chat_history`, a list.
    pub(crate) const HISTORY: Self = Self::input(Input::History);
    /// `input`, `inputs`: a text or a list.
    pub(crate) const INPUT: Self = Self::input(Input::Inputs);
    /// `contents`
    pub(crate) const CONTENTS: Self = Self::input(Input::Contents);
    /// `texts`, `text`
    pub(crate) const TEXTS: Self = Self::input(Input::Texts);
    /// `prompt`
    pub(crate) const PROMPT: Self = Self::input(Input::Prompt);
    /// `query`
    pub(crate) const QUERY: Self = Self::input(Input::Query);

    /// Input of this kind, a text or a list that is not empty.
    pub(crate) const fn input(input: Input) -> Self {
        Self(1_u32.wrapping_shl(8_u32.wrapping_add(input as u32)))
    }

    /// Both.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of these are among them.
    pub(crate) const fn have(self, these: Self) -> bool {
        self.0 & these.0 == these.0
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }
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
    /// Each kind, in their order.
    pub(crate) const ALL: [Self; Self::LEN] = [
        Self::Messages,
        Self::History,
        Self::Message,
        Self::Contents,
        Self::Inputs,
        Self::Texts,
        Self::Prompt,
        Self::Requests,
        Self::Content,
        Self::Query,
    ];
    /// How many there are.
    pub(crate) const LEN: usize = Self::Query as usize + 1;
}

/// The vocabulary of the tables.
pub(super) mod words {
    pub(in crate::api) use super::{Input::*, Number::*, OutputHint::*, RequestField::*, Shape, Text::*};
}

impl Field for RequestField {
    fn want(self) -> Want {
        let text = match self {
            Self::Text(Text::ReasoningLevel | Text::ServiceTier, _) => WORD_BYTES,
            Self::Text(..) | Self::Attribute(..) => ID_BYTES,
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
            | Self::ImageHint
            | Self::Turn(_)
            | Self::Own(_) => 0,
        };
        Want::Value { text }
    }
}
