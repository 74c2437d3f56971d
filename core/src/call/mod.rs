//! The normalised facts of one exchange, whatever the API: what every later stage reads.
//!
//! A field that is `None` or empty was not on the wire; nothing is invented (an explicit 0 is a fact and
//! stays 0). Texts are bounded when they are captured.

mod brief;
pub mod facts;
mod outcome;
mod proxy;
mod request;
mod response;
mod substitution;
mod timing;

use std::borrow::Cow;

pub use brief::Brief;
#[cfg(any(test, feature = "tools"))]
pub use facts::Facts;
pub use outcome::{End, ErrorFacts, Outcome};
pub use proxy::ProxyFacts;
pub use request::{ClientFacts, Request, Server};
pub use response::{GAP_BOUNDS, Response, StreamFacts, ToolCall, Usage, UsageStatus};
pub use timing::Timing;

use crate::api::Api;
use crate::content::Content;

/// `gen_ai.operation.name`, or a name of ours where the conventions have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `chat`
    Chat,
    /// `text_completion`
    TextCompletion,
    /// `generate_content`
    GenerateContent,
    /// `embeddings`
    Embeddings,
    /// `rerank`
    Rerank,
    /// `image_generation`
    ImageGeneration,
    /// `transcription`
    Transcription,
    /// `translation`
    Translation,
    /// `speech`
    Speech,
    /// `moderation`
    Moderation,
    /// `count_tokens`
    CountTokens,
}

impl Operation {
    /// Every operation.
    pub const ALL: &[Self] = &[
        Self::Chat,
        Self::TextCompletion,
        Self::GenerateContent,
        Self::Embeddings,
        Self::Rerank,
        Self::ImageGeneration,
        Self::Transcription,
        Self::Translation,
        Self::Speech,
        Self::Moderation,
        Self::CountTokens,
    ];

    /// Whether what is asked for is generated text, so that there are messages.
    pub(crate) fn is_generation(self) -> bool {
        matches!(self, Self::Chat | Self::TextCompletion | Self::GenerateContent)
    }

    /// The operation of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|operation| operation.name() == name)
    }

    /// The name as it is emitted.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::TextCompletion => "text_completion",
            Self::GenerateContent => "generate_content",
            Self::Embeddings => "embeddings",
            Self::Rerank => "rerank",
            Self::ImageGeneration => "image_generation",
            Self::Transcription => "transcription",
            Self::Translation => "translation",
            Self::Speech => "speech",
            Self::Moderation => "moderation",
            Self::CountTokens => "count_tokens",
        }
    }
}

/// The facts of one exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The wire format.
    pub api: Api,
    /// What was asked for.
    pub operation: Operation,
    /// `gen_ai.provider.name`: a name of the registry, or one of ours (docs/facts.md, “Provider”).
    pub provider: Cow<'static, str>,
    /// Who answers, as the client addressed it.
    pub server: Server,
    /// Who asks, as its headers say.
    pub client: ClientFacts,
    /// What was asked.
    pub request: Request,
    /// What was answered.
    pub response: Response,
    /// Tokens and cost.
    pub usage: Usage,
    /// What went wrong, if anything did.
    pub error: Option<ErrorFacts>,
    /// The stream's course; `None` when the answer was no stream.
    pub stream: Option<StreamFacts>,
    /// What the proxy knows beside the exchange; nobody's to tell but the proxy's.
    pub proxy: ProxyFacts,
    /// When things happened.
    pub timing: Timing,
    /// How the exchange ended.
    pub outcome: Outcome,
    /// What could not be read, by reason.
    pub losses: Losses,
    /// What was said, where it is captured: nothing, unless an operator asks for it.
    pub content: Option<Box<Content>>,
}

/// What was not understood or not kept, counted. All zero for a well-formed exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Messages given up as malformed JSON.
    pub malformed_messages: u32,
    /// Messages with damaged framing (CRC, lengths).
    pub damaged_frames: u32,
    /// Bodies whose content coding could not be undone, or not to the end.
    pub undecoded_bodies: u32,
    /// Bodies not read, or not to the end, or whose content was not captured, because the VM's budget had no memory
    /// left for it.
    pub unbudgeted_bodies: u32,
    /// Bodies not read to the end because reading them would cost too much for their size.
    pub excessive_bodies: u32,
    /// Bodies whose content-type or content-encoding did not fit their bytes.
    pub mislabelled_bodies: u32,
    /// Bodies in a framing or of a type nobody here reads.
    pub unread_bodies: u32,
    /// Texts cut at the capture bound.
    pub truncated_values: u32,
    /// Choices and tool calls beyond the bounds on their number.
    pub dropped_values: u32,
}

impl Losses {
    /// Those of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            malformed_messages: self.malformed_messages.saturating_add(other.malformed_messages),
            damaged_frames: self.damaged_frames.saturating_add(other.damaged_frames),
            undecoded_bodies: self.undecoded_bodies.saturating_add(other.undecoded_bodies),
            unbudgeted_bodies: self.unbudgeted_bodies.saturating_add(other.unbudgeted_bodies),
            excessive_bodies: self.excessive_bodies.saturating_add(other.excessive_bodies),
            mislabelled_bodies: self.mislabelled_bodies.saturating_add(other.mislabelled_bodies),
            unread_bodies: self.unread_bodies.saturating_add(other.unread_bodies),
            truncated_values: self.truncated_values.saturating_add(other.truncated_values),
            dropped_values: self.dropped_values.saturating_add(other.dropped_values),
        }
    }

    /// The kinds of loss that happened, by the names they are counted under.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.by_kind().into_iter().filter(|(_, count)| *count > 0).map(|(kind, _)| kind)
    }

    /// Each kind of loss by the name it is counted under.
    #[must_use]
    pub fn by_kind(&self) -> [(&'static str, u32); 9] {
        [
            ("malformed_messages", self.malformed_messages),
            ("damaged_frames", self.damaged_frames),
            ("undecoded_bodies", self.undecoded_bodies),
            ("unbudgeted_bodies", self.unbudgeted_bodies),
            ("excessive_bodies", self.excessive_bodies),
            ("mislabelled_bodies", self.mislabelled_bodies),
            ("unread_bodies", self.unread_bodies),
            ("truncated_values", self.truncated_values),
            ("dropped_values", self.dropped_values),
        ]
    }
}
