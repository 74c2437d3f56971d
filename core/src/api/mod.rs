//! What the fields of each API mean: one file per wire format, and detection.
//!
//! A format is data more than code. Its file holds two tables from JSON paths to fields of the call, one for
//! requests and one for responses; what a table cannot say is a rule of the field's type (`RequestField`,
//! `ResponseField`), written once for all formats. [`detect()`] tells from the request's headers which format
//! an exchange speaks and who answers.
//!
//! To add a provider that speaks a known format: a line in `provider.rs`, and a line in `detect/routes.rs` where its
//! path is new. To add a format: its file here, its variant in [`Api`], its path in `detect/routes.rs`, its fixtures.

mod aleph_alpha;
mod anthropic_complete;
mod anthropic_messages;
mod baidu_chat;
mod bedrock_converse;
mod bedrock_invoke;
mod cohere_chat;
mod cohere_chat_v1;
mod cohere_embed;
mod cohere_generate;
mod common;
mod common_response;
mod compiled;
#[cfg(test)]
mod completeness;
mod dashscope;
mod detect;
mod gemini_cli;
mod gemini_embed;
pub(crate) mod gemini_generate;
mod gemini_interactions;
mod invocations;
mod llama_api;
mod llama_cpp;
mod lm_studio;
mod mistral_conversations;
mod oci;
mod ollama_chat;
mod ollama_embed;
mod ollama_generate;
mod openai_chat;
mod openai_completions;
mod openai_embeddings;
mod openai_images;
mod openai_moderations;
mod openai_responses;
mod openai_speech;
mod openai_transcription;
mod path;
mod provider;
mod quirks;
mod request_field;
mod rerank;
mod response_field;
mod snowflake_complete;
mod tgi;
mod triton;
mod vertex_predict;
mod watsonx_chat;
mod watsonx_generation;
mod workers_ai;

pub(crate) use compiled::{Compiled, Rows, Tables};
pub use detect::{Detected, Metadata, Models, OverrideRule, Overrides, PathModel, Proxy, ProxyFact, detect};
pub(crate) use provider::{Page, Pattern, named as provider_named};
pub(crate) use quirks::Quirks;
pub(crate) use request_field::{Input, Number, OutputHint, RequestField, Shape, Signs, Text};
pub(crate) use response_field::{
    Content, Count, Ends, ErrorWord, Kind, ResponseField, Side, ToolCallRule, ToolRole,
};

use crate::call::Operation;

/// A wire format. Many providers speak the same one: who answers is [`Detected::provider`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Api {
    /// OpenAI chat completions and its many relatives.
    OpenAiChat,
    /// OpenAI's legacy completions, and fill-in-the-middle.
    OpenAiCompletions,
    /// OpenAI responses.
    OpenAiResponses,
    /// OpenAI embeddings and its relatives (Mistral, Voyage, vLLM …).
    OpenAiEmbeddings,
    /// OpenAI images: generations, edits, variations.
    OpenAiImages,
    /// OpenAI audio to text: transcriptions and translations.
    OpenAiTranscription,
    /// OpenAI text to speech.
    OpenAiSpeech,
    /// OpenAI moderations.
    OpenAiModerations,
    /// Rerank, as Cohere introduced it and others followed.
    Rerank,
    /// Anthropic messages, on whatever host.
    AnthropicMessages,
    /// Anthropic's legacy text completions.
    AnthropicComplete,
    /// Gemini and Vertex AI: generateContent, streamGenerateContent, countTokens.
    GeminiGenerate,
    /// Gemini and Vertex AI: embedContent, batchEmbedContents.
    GeminiEmbed,
    /// Gemini interactions.
    GeminiInteractions,
    /// Google's `:predict`: Vertex embeddings, Imagen.
    VertexPredict,
    /// Bedrock Converse, ConverseStream, CountTokens.
    BedrockConverse,
    /// Bedrock InvokeModel and its stream: the model family's own body.
    BedrockInvoke,
    /// Cohere v2 chat.
    CohereChat,
    /// Cohere v1 chat.
    CohereChatV1,
    /// Cohere v1 generate.
    CohereGenerate,
    /// Cohere embed, v1 and v2.
    CohereEmbed,
    /// Ollama's own chat.
    OllamaChat,
    /// Ollama's own generate.
    OllamaGenerate,
    /// Ollama's own embed and the older embeddings.
    OllamaEmbed,
    /// The native generate of Text Generation Inference, and SGLang's of the same path.
    TgiGenerate,
    /// llama.cpp's own completion and infill.
    LlamaCppCompletion,
    /// watsonx text chat.
    WatsonxChat,
    /// watsonx text generation.
    WatsonxGeneration,
    /// Aleph Alpha complete.
    AlephAlphaComplete,
    /// Cloudflare Workers AI's own run.
    WorkersAi,
    /// Baidu's ERNIE chat.
    BaiduChat,
    /// Alibaba's DashScope in its own form.
    DashScope,
    /// Gemini within the wrapping of Google's Code Assist.
    GeminiCli,
    /// A model in somebody's container: Databricks, SageMaker, Vertex AI's endpoints, Hugging Face.
    Invocations,
    /// Meta's Llama API.
    LlamaApi,
    /// LM Studio's own chat.
    LmStudio,
    /// Mistral conversations.
    MistralConversations,
    /// Oracle's OCI Generative AI.
    Oci,
    /// Snowflake Cortex complete.
    SnowflakeComplete,
    /// Triton's generate.
    Triton,
}

impl Api {
    /// Every format, in the order of the enum.
    pub const ALL: &[Self] = &[
        Self::OpenAiChat,
        Self::OpenAiCompletions,
        Self::OpenAiResponses,
        Self::OpenAiEmbeddings,
        Self::OpenAiImages,
        Self::OpenAiTranscription,
        Self::OpenAiSpeech,
        Self::OpenAiModerations,
        Self::Rerank,
        Self::AnthropicMessages,
        Self::AnthropicComplete,
        Self::GeminiGenerate,
        Self::GeminiEmbed,
        Self::GeminiInteractions,
        Self::VertexPredict,
        Self::BedrockConverse,
        Self::BedrockInvoke,
        Self::CohereChat,
        Self::CohereChatV1,
        Self::CohereGenerate,
        Self::CohereEmbed,
        Self::OllamaChat,
        Self::OllamaGenerate,
        Self::OllamaEmbed,
        Self::TgiGenerate,
        Self::LlamaCppCompletion,
        Self::WatsonxChat,
        Self::WatsonxGeneration,
        Self::AlephAlphaComplete,
        Self::WorkersAi,
        Self::BaiduChat,
        Self::DashScope,
        Self::GeminiCli,
        Self::Invocations,
        Self::LlamaApi,
        Self::LmStudio,
        Self::MistralConversations,
        Self::Oci,
        Self::SnowflakeComplete,
        Self::Triton,
    ];

    /// The name by which configuration, fixtures and `inferspan replay` call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// The format of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|api| api.name() == name)
    }

    /// What its file says.
    #[must_use]
    pub(crate) fn spec(self) -> &'static Spec {
        #[cfg(test)]
        if let Some(spec) = completeness::instead_of(self) {
            return spec;
        }
        match self {
            Self::OpenAiChat => &openai_chat::SPEC,
            Self::OpenAiCompletions => &openai_completions::SPEC,
            Self::OpenAiResponses => &openai_responses::SPEC,
            Self::OpenAiEmbeddings => &openai_embeddings::SPEC,
            Self::OpenAiImages => &openai_images::SPEC,
            Self::OpenAiTranscription => &openai_transcription::SPEC,
            Self::OpenAiSpeech => &openai_speech::SPEC,
            Self::OpenAiModerations => &openai_moderations::SPEC,
            Self::Rerank => &rerank::SPEC,
            Self::AnthropicMessages => &anthropic_messages::SPEC,
            Self::AnthropicComplete => &anthropic_complete::SPEC,
            Self::GeminiGenerate => &gemini_generate::SPEC,
            Self::GeminiEmbed => &gemini_embed::SPEC,
            Self::GeminiInteractions => &gemini_interactions::SPEC,
            Self::VertexPredict => &vertex_predict::SPEC,
            Self::BedrockConverse => &bedrock_converse::SPEC,
            Self::BedrockInvoke => &bedrock_invoke::SPEC,
            Self::CohereChat => &cohere_chat::SPEC,
            Self::CohereChatV1 => &cohere_chat_v1::SPEC,
            Self::CohereGenerate => &cohere_generate::SPEC,
            Self::CohereEmbed => &cohere_embed::SPEC,
            Self::OllamaChat => &ollama_chat::SPEC,
            Self::OllamaGenerate => &ollama_generate::SPEC,
            Self::OllamaEmbed => &ollama_embed::SPEC,
            Self::TgiGenerate => &tgi::SPEC,
            Self::LlamaCppCompletion => &llama_cpp::SPEC,
            Self::WatsonxChat => &watsonx_chat::SPEC,
            Self::WatsonxGeneration => &watsonx_generation::SPEC,
            Self::AlephAlphaComplete => &aleph_alpha::SPEC,
            Self::WorkersAi => &workers_ai::SPEC,
            Self::BaiduChat => &baidu_chat::SPEC,
            Self::DashScope => &dashscope::SPEC,
            Self::GeminiCli => &gemini_cli::SPEC,
            Self::Invocations => &invocations::SPEC,
            Self::LlamaApi => &llama_api::SPEC,
            Self::LmStudio => &lm_studio::SPEC,
            Self::MistralConversations => &mistral_conversations::SPEC,
            Self::Oci => &oci::SPEC,
            Self::SnowflakeComplete => &snowflake_complete::SPEC,
            Self::Triton => &triton::SPEC,
        }
    }
}

/// What a format's file says about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spec {
    /// See [`Api::name`].
    pub(crate) name: &'static str,
    /// What it is used for where nothing tells; `None` where the body always tells.
    pub(crate) operation: Option<Operation>,
    /// Provider where the host is unknown: whose format it is.
    pub(crate) provider: &'static str,
    /// Whether the answer is a stream where the request's body does not say otherwise.
    pub(crate) streams_by_default: bool,
    /// The request's fields; the tables are read as one.
    pub(crate) request: &'static [Table<RequestField>],
    /// What a request shows that is one of this format, on a host that nobody knows: all of one of these.
    pub(crate) shows: &'static [Signs],
    /// The response's fields, of a plain answer and of a stream's messages; the tables are read as one.
    pub(crate) response: &'static [Table<ResponseField>],
    /// Names of stream messages ([`ResponseField::Name`]) that tell something; the most frequent first.
    pub(crate) messages: &'static [(&'static str, Kind)],
    /// What tells that a stream is whole.
    pub(crate) ends: Ends,
    /// What a successful answer is that is no stream of framed messages.
    pub(crate) answers: Answers,
    /// Headers of the answer that count what its body may leave out.
    pub(crate) count_headers: &'static [(&'static str, Count)],
    /// Makes a finish reason of the status, where the answer has that in its stead.
    pub(crate) finish_reason: Option<FinishReason>,
    /// Its paths serve nothing but inference, so what the body leaves open is a chat.
    pub(crate) only_inference: bool,
}

impl Spec {
    /// What most formats do not say: to be replaced by each where it does.
    pub(crate) const DEFAULT: Self = Self {
        name: "",
        operation: None,
        provider: "",
        streams_by_default: false,
        request: &[],
        shows: &[],
        response: &[],
        messages: &[],
        ends: Ends::Body,
        answers: Answers::Json,
        count_headers: &[],
        finish_reason: None,
        only_inference: false,
    };
}

/// What a successful answer is that is no stream of framed messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answers {
    /// One JSON document.
    Json,
    /// One JSON document, or a stream as one JSON array.
    JsonArray,
    /// One JSON document, or a stream as the parts of an AWS event stream.
    Parts,
    /// Not always JSON: audio, a picture, plain text.
    Any,
}

/// From a status, why the answer is incomplete, and whether it calls tools, the finish reason that chat
/// completions would have given.
pub(crate) type FinishReason = for<'a> fn(&str, Option<&'a str>, bool) -> Option<&'a str>;

/// JSON paths and what stands there. `a.b` is member `b` of member `a`, `a[]` every element of `a`.
pub(crate) type Table<F> = &'static [(&'static str, F)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_in_the_order_of_the_enum_and_names_are_unique() {
        for (i, &api) in Api::ALL.iter().enumerate() {
            assert_eq!(api as usize, i, "{}", api.name());
            assert_eq!(Api::from_name(api.name()), Some(api));
        }
    }
}
