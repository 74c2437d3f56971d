//! Paths that are inference.

use super::models::{google_model, path_model, workers_ai_model};
use super::who::Who;
use super::{Found, PathModel};
use crate::api::{Api, path};
use crate::call::Operation;
use crate::headers::Headers;

/// What the path says is asked for, and how.
pub(super) fn find(who: &Who<'_>, request: &Headers<'_>) -> Option<Found> {
    let path = who.path;
    let last = path::last_segment(path);
    if let Some((resource, verb)) = path::split_verb(last) {
        return match_verb(path, resource, verb);
    }
    if last.is_empty() {
        return match_root(who, request);
    }
    let before = path::BeforeLast::of(path, last.len());
    let fits = |end: &&End| before.ends_with(end.before) && end.on.allows(who);
    let is_last = |end: &&End| path::is(last, end.last.as_bytes());
    let end = rows(ENDS).find(|end| is_last(end) && fits(end)).or_else(|| rows(NAMED).find(fits));
    if let Some(end) = end {
        // Where the host decides the format, so does metadata.
        let named = match end.on {
            On::Any if !end.doubtful => None,
            _ if who.known().is_some() => None,
            _ => who.api_of_metadata(),
        };
        let api = named.unwrap_or(end.api);
        return Some(Found {
            api,
            operation: if api == end.api { end.operation } else { api.spec().operation },
            model: path_model(api, path),
            stream: end.stream,
            doubtful: end.doubtful,
            vouched: named.is_some(),
        });
    }
    workers_ai_model(path).map(|model| Found {
        api: Api::WorkersAi,
        operation: None,
        model: Some(PathModel::Decides(model)),
        stream: None,
        doubtful: false,
        vouched: false,
    })
}

/// Text Generation Inference answers at the root, which everything else has too: only JSON is looked into. On
/// Hugging Face's endpoints any model does.
fn match_root(who: &Who<'_>, request: &Headers<'_>) -> Option<Found> {
    let json = b"application/json";
    let is_json =
        request.get("content-type").and_then(|value| value.get(..json.len())).is_some_and(|t| t == json);
    let (api, operation) = match HUGGING_FACE.allows(who) {
        true => (Api::Invocations, None),
        false => (Api::TgiGenerate, Some(Operation::TextCompletion)),
    };
    is_json.then_some(Found { api, operation, model: None, stream: None, doubtful: true, vouched: false })
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
                doubtful: false,
                vouched: false,
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
    Some(Found {
        api,
        operation: Some(operation),
        model,
        stream: Some(stream),
        doubtful: false,
        vouched: false,
    })
}

/// A path that tells nothing but this.
fn plain(api: Api, operation: Operation) -> Found {
    Found { api, operation: Some(operation), model: None, stream: None, doubtful: false, vouched: false }
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
    /// It serves other things too, whoever answers: the bodies must show the API on every host.
    doubtful: bool,
}

/// Where a path means what it says.
#[derive(Clone, Copy)]
enum On {
    Any,
    /// On this provider's hosts, and behind a gateway that names it in the path (`/cohere/v1/chat`).
    Only(&'static str, &'static [u8]),
    /// The same, and where metadata or the cluster's name tell of it: where one path means two things.
    Likely(&'static str, &'static [u8]),
    /// On no known host but this provider's.
    UnknownOr(&'static str),
}

impl On {
    fn allows(self, who: &Who<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::Only(name, slug) => {
                who.known().is_some_and(|known| known.name == name) || path::has_segment(who.path, slug)
            }
            Self::Likely(name, slug) => path::has_segment(who.path, slug) || who.likely() == Some(name),
            Self::UnknownOr(name) => who.known().is_none_or(|known| known.name == name),
        }
    }
}

const fn end(before: &'static str, last: &'static str, api: Api, operation: Operation) -> End {
    End { last, before, api, operation: Some(operation), stream: None, on: On::Any, doubtful: false }
}

impl End {
    const fn on(self, on: On) -> Self {
        Self { on, ..self }
    }

    const fn doubtful(self) -> Self {
        Self { doubtful: true, ..self }
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
const LIKELY_COHERE: On = On::Likely("cohere", b"cohere");
const LIKELY_WRITER: On = On::Likely("writer", b"writer");
const X_AI: On = On::Only("x_ai", b"x-ai");
const OPENROUTER: On = On::Only("openrouter", b"openrouter");
const GEMINI: On = On::Only("gcp.gemini", b"google-ai-studio");
const META_LLAMA: On = On::Only("meta_llama", b"meta-llama");
const MISTRAL: On = On::Only("mistral_ai", b"mistral");
const HUGGING_FACE: On = On::Only("huggingface", b"huggingface");
const AZURE_INFERENCE: On = On::Only("azure.ai.inference", b"azure-inference");
const COHERE_OR_UNKNOWN: On = On::UnknownOr("cohere");
const ALEPH_ALPHA: On = On::UnknownOr("aleph_alpha");

#[cfg(not(test))]
fn rows(table: &'static [End]) -> impl Iterator<Item = &'static End> {
    table.iter()
}

/// Without the one that a test takes out.
#[cfg(test)]
fn rows(table: &'static [End]) -> impl Iterator<Item = &'static End> {
    let out = completeness::TAKEN_OUT.get();
    table.iter().enumerate().filter(move |(at, _)| out != Some((table.len(), *at))).map(|(_, end)| end)
}

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
        end("wenxinworkshop/chat", "completions", Api::BaiduChat, Chat),
        end("chat", "completions", Api::OpenAiChat, Chat),
        end("v*", "sonar", Api::OpenAiChat, Chat),
        end("text", "chatcompletion_v2", Api::OpenAiChat, Chat),
        end("agents", "completions", Api::OpenAiChat, Chat),
        end("", "completions", Api::OpenAiCompletions, TextCompletion),
        end("v*", "messages", Api::AnthropicMessages, Chat),
        end("", "responses", Api::OpenAiResponses, Chat),
        end("responses", "compact", Api::OpenAiResponses, Chat),
        end("responses", "input_tokens", Api::OpenAiResponses, CountTokens),
        end("chat/completions", "input_tokens", Api::OpenAiChat, CountTokens),
        end("messages", "count_tokens", Api::AnthropicMessages, CountTokens),
        end("v*", "complete", Api::AnthropicComplete, TextCompletion),
        end("", "complete", Api::AlephAlphaComplete, TextCompletion).on(ALEPH_ALPHA),
        end("ml/v*/text", "embeddings", Api::WatsonxGeneration, Embeddings).stream(false),
        end("ml/v*/text", "rerank", Api::WatsonxGeneration, Rerank).stream(false),
        end("embeddings", "multimodal", Api::OpenAiEmbeddings, Embeddings),
        end("v*", "multimodalembeddings", Api::OpenAiEmbeddings, Embeddings),
        end("v*", "contextualizedembeddings", Api::OpenAiEmbeddings, Embeddings),
        end("api", "embeddings", Api::OllamaEmbed, Embeddings),
        end("", "embeddings", Api::OpenAiEmbeddings, Embeddings),
        end("images", "generations", Api::OpenAiImages, ImageGeneration),
        end("images", "edits", Api::OpenAiImages, ImageGeneration),
        end("images", "variations", Api::OpenAiImages, ImageGeneration),
        end("api/v*", "images", Api::OpenAiImages, ImageGeneration).on(OPENROUTER),
        end("audio", "transcriptions", Api::OpenAiTranscription, Transcription),
        end("audio", "translations", Api::OpenAiTranscription, Translation),
        end("audio", "speech", Api::OpenAiSpeech, Speech),
        end("v*", "stt", Api::OpenAiTranscription, Transcription).on(X_AI),
        end("v*", "tts", Api::OpenAiSpeech, Speech).on(X_AI),
        end("", "moderations", Api::OpenAiModerations, Moderation),
        end("", "rerank", Api::Rerank, Rerank),
        end("v1beta", "interactions", Api::GeminiInteractions, GenerateContent),
        end("locations/*", "interactions", Api::GeminiInteractions, GenerateContent),
        end("v*", "interactions", Api::GeminiInteractions, GenerateContent).on(GEMINI),
        end("model/**", "converse", Api::BedrockConverse, Chat).stream(false),
        end("model/**", "converse-stream", Api::BedrockConverse, Chat).stream(true),
        end("model/**", "invoke", Api::BedrockInvoke, Chat).stream(false).any_operation(),
        end("model/**", "invoke-with-response-stream", Api::BedrockInvoke, Chat).stream(true).any_operation(),
        end("model/**", "count-tokens", Api::BedrockConverse, CountTokens).stream(false),
        end("v2", "chat", Api::CohereChat, Chat),
        end("api/v1", "chat", Api::LmStudio, Chat),
        end("v1", "chat", Api::OpenAiChat, Chat).on(LIKELY_WRITER),
        end("v1", "chat", Api::CohereChatV1, Chat).on(LIKELY_COHERE),
        end("v1", "chat", Api::CohereChatV1, Chat).on(AZURE_INFERENCE),
        end("v1", "chat", Api::CohereChatV1, Chat).on(COHERE_OR_UNKNOWN),
        end("actions", "chat", Api::Oci, Chat),
        end("actions", "embedText", Api::Oci, Embeddings),
        end("actions", "rerankText", Api::Oci, Rerank),
        end("text-generation", "generation", Api::DashScope, Chat),
        end("multimodal-generation", "generation", Api::DashScope, Chat),
        end("text-embedding", "text-embedding", Api::DashScope, Embeddings),
        end("multimodal-embedding", "multimodal-embedding", Api::DashScope, Embeddings),
        end("text-rerank", "text-rerank", Api::DashScope, Rerank),
        end("v*", "conversations", Api::MistralConversations, Chat).on(MISTRAL),
        end("conversations/*", "restart", Api::MistralConversations, Chat).on(MISTRAL),
        end("v*", "embed", Api::CohereEmbed, Embeddings),
        end("api", "embed", Api::OllamaEmbed, Embeddings),
        end("", "embed", Api::CohereEmbed, Embeddings).on(COHERE),
        end("", "embed", Api::Invocations, Embeddings).doubtful(),
        end("", "embed_all", Api::Invocations, Embeddings).doubtful(),
        end("", "embed_sparse", Api::Invocations, Embeddings).doubtful(),
        end("models/**/pipeline", "feature-extraction", Api::Invocations, Embeddings).on(HUGGING_FACE),
        end("", "invocations", Api::Invocations, Chat).any_operation().doubtful(),
        end("", "invocations-response-stream", Api::Invocations, Chat).stream(true).any_operation().doubtful(),
        end("v2/models/*", "generate", Api::Triton, TextCompletion),
        end("v2/models/*", "generate_stream", Api::Triton, TextCompletion).stream(true),
        end("v2/models/*/versions/*", "generate", Api::Triton, TextCompletion),
        end("v2/models/*/versions/*", "generate_stream", Api::Triton, TextCompletion).stream(true),
        end("v1", "generate", Api::CohereGenerate, TextCompletion).on(COHERE),
        end("api", "chat", Api::OllamaChat, Chat),
        end("api", "generate", Api::OllamaGenerate, TextCompletion),
        end("text", "chat", Api::WatsonxChat, Chat).stream(false),
        end("text", "chat_stream", Api::WatsonxChat, Chat).stream(true),
        end("text", "generation", Api::WatsonxGeneration, TextCompletion).stream(false),
        end("text", "generation_stream", Api::WatsonxGeneration, TextCompletion).stream(true),
        end("generation", "text", Api::WatsonxGeneration, TextCompletion).stream(false),
        end("generation", "text_stream", Api::WatsonxGeneration, TextCompletion).stream(true),
        end("", "generate", Api::TgiGenerate, TextCompletion),
        end("", "generate_stream", Api::TgiGenerate, TextCompletion).stream(true),
        end("", "completion", Api::LlamaCppCompletion, TextCompletion),
        end("", "infill", Api::LlamaCppCompletion, TextCompletion),
    ]
};

/// The same, of those that end in a name: a model's, a conversation's.
#[rustfmt::skip]
const NAMED: &[End] = {
    use Operation::{Chat, Embeddings, TextCompletion};
    &[
        end("conversations", "", Api::MistralConversations, Chat).on(MISTRAL),
        end("wenxinworkshop/chat", "", Api::BaiduChat, Chat),
        end("wenxinworkshop/completions", "", Api::BaiduChat, TextCompletion),
        end("wenxinworkshop/embeddings", "", Api::OpenAiEmbeddings, Embeddings),
        end("models", "", Api::Invocations, Chat).any_operation().on(HUGGING_FACE).doubtful(),
        end("models/**", "", Api::Invocations, Chat).any_operation().on(HUGGING_FACE).doubtful(),
    ]
};

#[cfg(test)]
mod completeness {
    use std::cell::Cell;

    use super::{ENDS, End, NAMED};
    use crate::api::completeness::CASES;
    use crate::api::detect::{Overrides, detect};

    thread_local! {
        /// A row: the length of its table, which tells the tables apart, and its place there.
        pub(super) static TAKEN_OUT: Cell<Option<(usize, usize)>> = const { Cell::new(None) };
    }

    /// An end that no request needs is an end that nobody checked.
    #[test]
    fn every_end_is_needed_by_a_fixture() {
        let found = || -> Vec<_> {
            let of = |case: &crate::api::completeness::Case| {
                case.exchange.request.show(|headers| detect(headers, &Overrides::default(), &()))
            };
            CASES.iter().map(|case| of(case).map(|found| (found.api, found.operation, found.model))).collect()
        };
        let all = found();
        let mut unneeded = Vec::new();
        for table in [ENDS, NAMED] {
            for (at, End { before, last, .. }) in table.iter().enumerate() {
                TAKEN_OUT.set(Some((table.len(), at)));
                if found() == all {
                    unneeded.push(format!("row {at}: {before}/{last}"));
                }
            }
        }
        TAKEN_OUT.set(None);
        assert!(unneeded.is_empty(), "a fixture is missing for\n{}", unneeded.join("\n"));
    }
}
