//! Paths that are inference.

use super::models::{google_model, path_model, workers_ai_model};
use super::request_line::HostName;
use super::{Found, PathModel, Proof};
use crate::api::{Api, path};
use crate::call::Operation;
use crate::headers::Headers;

/// What the path says is asked for, and how.
pub(super) fn find(host: &HostName<'_>, path: &[u8], request: &Headers<'_>) -> Option<Found> {
    let last = path::last_segment(path);
    if let Some((resource, verb)) = path::split_verb(last) {
        return match_verb(path, resource, verb);
    }
    if last.is_empty() {
        return match_root(request);
    }
    let mut provider = None;
    let ends = ENDS.iter().filter(|end| end.last.as_bytes() == last);
    for end in ends.chain(NAMED) {
        if !path::before_last_ends_with(path, end.before) {
            continue;
        }
        let provider = *provider.get_or_insert_with(|| host.provider(path));
        if !end.on.allows(provider, path) {
            continue;
        }
        return Some(Found {
            api: end.api,
            operation: end.operation,
            model: path_model(end.api, path),
            stream: end.stream,
            proof: if provider.is_some() { Proof::None } else { end.proof },
        });
    }
    workers_ai_model(path).map(|model| Found {
        api: Api::WorkersAi,
        operation: None,
        model: Some(PathModel::Decides(model)),
        stream: None,
        proof: Proof::None,
    })
}

/// Text Generation Inference answers at the root, which everything else has too: only JSON is looked into.
fn match_root(request: &Headers<'_>) -> Option<Found> {
    let json = b"application/json";
    let is_json =
        request.get("content-type").and_then(|value| value.get(..json.len())).is_some_and(|t| t == json);
    is_json.then_some(Found {
        api: Api::TgiGenerate,
        operation: Some(Operation::TextCompletion),
        model: None,
        stream: None,
        proof: Proof::InputSeen,
    })
}

/// Google's custom methods, `{resource}:{verb}`.
fn match_verb(path: &[u8], resource: &[u8], verb: &[u8]) -> Option<Found> {
    let model = google_model(path, resource);
    // Google's Code Assist has no model in its path.
    let (model, gemini) = match resource {
        b"v1internal" => (None, Api::GeminiCli),
        _ => (model, Api::GeminiGenerate),
    };
    let name = model.as_deref().unwrap_or_default();
    let (api, operation, stream) = match verb {
        b"generateContent" => (gemini, Operation::GenerateContent, false),
        b"streamGenerateContent" => (gemini, Operation::GenerateContent, true),
        b"countTokens" => (gemini, Operation::CountTokens, false),
        b"complete" if resource == b"inference" => {
            return Some(plain(Api::SnowflakeComplete, Operation::Chat));
        }
        b"embed" if resource == b"inference" => {
            return Some(plain(Api::OpenAiEmbeddings, Operation::Embeddings));
        }
        b"embedContent" | b"batchEmbedContents" => (Api::GeminiEmbed, Operation::Embeddings, false),
        b"predict" if name.contains("embedding") => (Api::VertexPredict, Operation::Embeddings, false),
        b"predict" if name.contains("imagen") => (Api::VertexPredict, Operation::ImageGeneration, false),
        b"rawPredict" | b"streamRawPredict" if name.starts_with("endpoints/") => {
            return Some(Found {
                api: Api::Invocations,
                operation: None,
                model: model.map(PathModel::Fallback),
                stream: Some(verb == b"streamRawPredict"),
                proof: Proof::None,
            });
        }
        b"rawPredict" | b"streamRawPredict" => {
            let operation = if name == "count-tokens" { Operation::CountTokens } else { Operation::Chat };
            let anthropic = path::has_segment(path, b"anthropic") || !path::has_segment(path, b"publishers");
            let api = if anthropic { Api::AnthropicMessages } else { Api::OpenAiChat };
            (api, operation, verb == b"streamRawPredict")
        }
        _ => return None,
    };
    // The token count of Claude is addressed as a model of its own; the body names the real one.
    let model = model.filter(|name| name != "count-tokens").map(PathModel::Decides);
    Some(Found { api, operation: Some(operation), model, stream: Some(stream), proof: Proof::None })
}

/// A path that tells nothing but this.
fn plain(api: Api, operation: Operation) -> Found {
    Found { api, operation: Some(operation), model: None, stream: None, proof: Proof::None }
}

/// One way a path can end.
struct End {
    /// The last segment; empty for any.
    last: &'static str,
    /// How the segments before it must end: `*` any segment, `**` one or more, `v*` a version.
    before: &'static str,
    api: Api,
    operation: Option<Operation>,
    stream: Option<bool>,
    /// The hosts it holds on.
    on: On,
    /// On unknown hosts.
    proof: Proof,
}

/// Where a path means what it says.
#[derive(Clone, Copy)]
enum On {
    Any,
    /// On this provider's hosts, and behind a gateway that names it in the path (`/cohere/v1/chat`).
    Only(&'static str, &'static [u8]),
    /// On no known host but this provider's.
    UnknownOr(&'static str),
}

impl On {
    fn allows(self, provider: Option<&str>, path: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::Only(name, slug) => provider == Some(name) || path::has_segment(path, slug),
            Self::UnknownOr(name) => provider.is_none_or(|p| p == name),
        }
    }
}

const fn end(before: &'static str, last: &'static str, api: Api, operation: Operation) -> End {
    End { last, before, api, operation: Some(operation), stream: None, on: On::Any, proof: Proof::None }
}

impl End {
    const fn on(self, on: On) -> Self {
        Self { on, ..self }
    }

    const fn proof(self, proof: Proof) -> Self {
        Self { proof, ..self }
    }

    const fn stream(self, stream: bool) -> Self {
        Self { stream: Some(stream), ..self }
    }

    /// The body decides what is asked for.
    const fn any_operation(self) -> Self {
        Self { operation: None, ..self }
    }
}

const COHERE: On = On::Only("cohere", b"cohere");
const WRITER: On = On::Only("writer", b"writer");
const X_AI: On = On::Only("x_ai", b"x-ai");
const OPENROUTER: On = On::Only("openrouter", b"openrouter");
const GEMINI: On = On::Only("gcp.gemini", b"google-ai-studio");
const META_LLAMA: On = On::Only("meta_llama", b"meta-llama");
const MISTRAL: On = On::Only("mistral_ai", b"mistral");
const HUGGING_FACE: On = On::Only("huggingface", b"huggingface");
const AZURE_INFERENCE: On = On::Only("azure.ai.inference", b"azure-inference");
const ALEPH_ALPHA: On = On::UnknownOr("aleph_alpha");

/// The ends of paths that are inference; the first that fits wins.
#[rustfmt::skip]
const ENDS: &[End] = {
    use Operation::{
        Chat, CountTokens, Embeddings, GenerateContent, ImageGeneration, Moderation, Rerank, Speech,
        TextCompletion, Transcription, Translation,
    };
    &[
        end("compat/v1/chat", "completions", Api::OpenAiChat, Chat),
        end("chat", "completions", Api::LlamaApi, Chat).on(META_LLAMA),
        end("chat", "completions", Api::OpenAiChat, Chat),
        end("v*", "sonar", Api::OpenAiChat, Chat).proof(Proof::Model),
        end("text", "chatcompletion_v2", Api::OpenAiChat, Chat).proof(Proof::Model),
        end("agents", "completions", Api::OpenAiChat, Chat),
        end("", "completions", Api::OpenAiCompletions, TextCompletion).proof(Proof::ModelOrInput),
        end("v*", "messages", Api::AnthropicMessages, Chat).proof(Proof::ModelOrInput),
        end("", "responses", Api::OpenAiResponses, Chat).proof(Proof::ModelOrInput),
        end("responses", "compact", Api::OpenAiResponses, Chat),
        end("responses", "input_tokens", Api::OpenAiResponses, CountTokens),
        end("chat/completions", "input_tokens", Api::OpenAiChat, CountTokens),
        end("messages", "count_tokens", Api::AnthropicMessages, CountTokens),
        end("v*", "complete", Api::AnthropicComplete, TextCompletion),
        end("", "complete", Api::AlephAlphaComplete, TextCompletion).on(ALEPH_ALPHA).proof(Proof::ModelOrInput),
        end("ml/v*/text", "embeddings", Api::WatsonxGeneration, Embeddings).stream(false).proof(Proof::ModelOrInput),
        end("ml/v*/text", "rerank", Api::WatsonxGeneration, Rerank).stream(false).proof(Proof::ModelOrInput),
        end("embeddings", "multimodal", Api::OpenAiEmbeddings, Embeddings).proof(Proof::Model),
        end("v*", "multimodalembeddings", Api::OpenAiEmbeddings, Embeddings).proof(Proof::Model),
        end("v*", "contextualizedembeddings", Api::OpenAiEmbeddings, Embeddings).proof(Proof::Model),
        end("api", "embeddings", Api::OllamaEmbed, Embeddings).proof(Proof::Model),
        end("", "embeddings", Api::OpenAiEmbeddings, Embeddings).proof(Proof::ModelOrInput),
        end("images", "generations", Api::OpenAiImages, ImageGeneration),
        end("images", "edits", Api::OpenAiImages, ImageGeneration),
        end("images", "variations", Api::OpenAiImages, ImageGeneration),
        end("api/v*", "images", Api::OpenAiImages, ImageGeneration).on(OPENROUTER),
        end("audio", "transcriptions", Api::OpenAiTranscription, Transcription),
        end("audio", "translations", Api::OpenAiTranscription, Translation),
        end("audio", "speech", Api::OpenAiSpeech, Speech),
        end("v*", "stt", Api::OpenAiTranscription, Transcription).on(X_AI),
        end("v*", "tts", Api::OpenAiSpeech, Speech).on(X_AI),
        end("", "moderations", Api::OpenAiModerations, Moderation).proof(Proof::ModelOrInput),
        end("", "rerank", Api::Rerank, Rerank).proof(Proof::ModelOrInput),
        end("v1beta", "interactions", Api::GeminiInteractions, GenerateContent).proof(Proof::ModelOrInput),
        end("locations/*", "interactions", Api::GeminiInteractions, GenerateContent).proof(Proof::ModelOrInput),
        end("v*", "interactions", Api::GeminiInteractions, GenerateContent).on(GEMINI),
        end("model/**", "converse", Api::BedrockConverse, Chat).stream(false),
        end("model/**", "converse-stream", Api::BedrockConverse, Chat).stream(true),
        end("model/**", "invoke", Api::BedrockInvoke, Chat).stream(false).any_operation(),
        end("model/**", "invoke-with-response-stream", Api::BedrockInvoke, Chat).stream(true).any_operation(),
        end("model/**", "count-tokens", Api::BedrockConverse, CountTokens).stream(false),
        end("v2", "chat", Api::CohereChat, Chat).proof(Proof::ModelOrInput),
        end("api/v1", "chat", Api::LmStudio, Chat).proof(Proof::Model),
        end("v1", "chat", Api::OpenAiChat, Chat).on(WRITER),
        end("v1", "chat", Api::CohereChatV1, Chat).on(COHERE),
        end("v1", "chat", Api::CohereChatV1, Chat).on(AZURE_INFERENCE),
        end("v1", "chat", Api::CohereChatV1, Chat).on(On::UnknownOr("cohere")).proof(Proof::Model),
        end("actions", "chat", Api::Oci, Chat).proof(Proof::Model),
        end("actions", "embedText", Api::Oci, Embeddings).proof(Proof::Model),
        end("actions", "rerankText", Api::Oci, Rerank).proof(Proof::Model),
        end("text-generation", "generation", Api::DashScope, Chat).proof(Proof::Model),
        end("multimodal-generation", "generation", Api::DashScope, Chat).proof(Proof::Model),
        end("text-embedding", "text-embedding", Api::DashScope, Embeddings).proof(Proof::Model),
        end("multimodal-embedding", "multimodal-embedding", Api::DashScope, Embeddings).proof(Proof::Model),
        end("text-rerank", "text-rerank", Api::DashScope, Rerank).proof(Proof::Model),
        end("v*", "conversations", Api::MistralConversations, Chat).on(MISTRAL),
        end("conversations/*", "restart", Api::MistralConversations, Chat).on(MISTRAL),
        end("v*", "embed", Api::CohereEmbed, Embeddings).proof(Proof::ModelOrInput),
        end("api", "embed", Api::OllamaEmbed, Embeddings).proof(Proof::Model),
        end("", "embed", Api::CohereEmbed, Embeddings).on(COHERE),
        end("", "embed", Api::Invocations, Embeddings).proof(Proof::InputSeen),
        end("models/**/pipeline", "feature-extraction", Api::Invocations, Embeddings).on(HUGGING_FACE),
        end("", "invocations", Api::Invocations, Chat).any_operation().proof(Proof::InputSeen),
        end("", "invocations-response-stream", Api::Invocations, Chat).stream(true).any_operation().proof(Proof::InputSeen),
        end("v2/models/*", "generate", Api::Triton, TextCompletion).proof(Proof::InputSeen),
        end("v2/models/*", "generate_stream", Api::Triton, TextCompletion).stream(true).proof(Proof::InputSeen),
        end("v2/models/*/versions/*", "generate", Api::Triton, TextCompletion).proof(Proof::InputSeen),
        end("v2/models/*/versions/*", "generate_stream", Api::Triton, TextCompletion).stream(true).proof(Proof::InputSeen),
        end("v1", "generate", Api::CohereGenerate, TextCompletion).on(COHERE),
        end("api", "chat", Api::OllamaChat, Chat).proof(Proof::Model),
        end("api", "generate", Api::OllamaGenerate, TextCompletion).proof(Proof::Model),
        end("text", "chat", Api::WatsonxChat, Chat).stream(false).proof(Proof::ModelOrInput),
        end("text", "chat_stream", Api::WatsonxChat, Chat).stream(true).proof(Proof::ModelOrInput),
        end("text", "generation", Api::WatsonxGeneration, TextCompletion).stream(false),
        end("text", "generation_stream", Api::WatsonxGeneration, TextCompletion).stream(true),
        end("generation", "text", Api::WatsonxGeneration, TextCompletion).stream(false).proof(Proof::ModelOrInput),
        end("generation", "text_stream", Api::WatsonxGeneration, TextCompletion).stream(true).proof(Proof::ModelOrInput),
        end("", "generate", Api::TgiGenerate, TextCompletion).proof(Proof::InputSeen),
        end("", "generate_stream", Api::TgiGenerate, TextCompletion).stream(true).proof(Proof::ModelOrInput),
        end("", "completion", Api::LlamaCppCompletion, TextCompletion).proof(Proof::InputSeen),
        end("", "infill", Api::LlamaCppCompletion, TextCompletion).proof(Proof::InputSeen),
    ]
};

/// The same, of those that end in a name: a model's, a conversation's.
#[rustfmt::skip]
const NAMED: &[End] = {
    use Operation::Chat;
    &[
        end("conversations", "", Api::MistralConversations, Chat).on(MISTRAL),
        end("wenxinworkshop/chat", "", Api::BaiduChat, Chat),
        end("models", "", Api::Invocations, Chat).any_operation().on(HUGGING_FACE),
        end("models/**", "", Api::Invocations, Chat).any_operation().on(HUGGING_FACE),
    ]
};
