//! Which API an exchange speaks and who answers, from the request's headers.
//!
//! Only a POST can be inference. Its path is matched at its end, segment by segment, so that the prefixes of
//! gateways do not matter; the host tells the provider, and decides where two formats share a path. What is
//! not listed here is no inference: models, files, batches, jobs, threads, tokenizers, jobs for video.
//!
//! Traffic that is no LLM call costs one walk to the pseudo-headers and a comparison of the path's last
//! segment with the short lists below.

use std::borrow::Cow;

use super::{Api, path, provider};
use crate::call::{Operation, Server};
use crate::headers::Headers;

/// What the request's headers tell of an LLM call.
#[derive(Clone, Debug, PartialEq)]
pub struct Detected {
    /// The wire format.
    pub api: Api,
    /// What is asked for; `None` where the body decides (Bedrock's invoke, Workers AI's run).
    pub operation: Option<Operation>,
    /// `gen_ai.provider.name`
    pub provider: Cow<'static, str>,
    /// Who answers, as the client addressed it.
    pub server: Server,
    /// The model, where the path names one.
    pub model: Option<PathModel>,
    /// Whether the path asks for a stream; `None` where the body does.
    pub stream: Option<bool>,
    /// What the body must show for this to be an LLM call.
    pub proof: Proof,
}

/// A model named by the path, percent-decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathModel {
    /// It is the model asked for, whatever the body says (Gemini, Vertex AI, Bedrock).
    Decides(String),
    /// It is the model asked for unless the body names one (an Azure deployment).
    Fallback(String),
}

/// What the request's body must show for the exchange to be an LLM call.
///
/// Paths like `/api/chat` are used by other software too. On the host of a known provider they are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Nothing: host or path are enough.
    None,
    /// A whole body without a model disproves it.
    Model,
    /// A whole body without a model, a prompt or messages disproves it.
    ModelOrInput,
    /// It is proved only by a prompt in the body.
    InputSeen,
}

/// What an operator says of hosts and paths; asked before the built-in tables. The first rule that names a
/// thing decides it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    /// In the order they are asked.
    pub rules: Vec<OverrideRule>,
}

/// What holds for the requests to some hosts and paths.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OverrideRule {
    /// Host without port, one `*` standing for any text; `None` for every host.
    pub host: Option<String>,
    /// The end of the path in whole segments, `*` standing for any one segment; `None` for every path.
    pub path: Option<String>,
    /// Who answers there.
    pub provider: Option<String>,
    /// The format spoken there. With it a path need not be one of the known ones.
    pub api: Option<Api>,
    /// What is asked for there; without it, what the format is mostly used for.
    pub operation: Option<Operation>,
}

/// Looks at the request's headers: `None` for traffic that is no LLM call.
#[must_use]
pub fn detect(request: &Headers<'_>, overrides: &Overrides) -> Option<Detected> {
    let line = RequestLine::read(request)?;
    let host = HostName::new(line.authority);
    let found =
        overridden_api(overrides, &host, line.path).or_else(|| match_path(&host, line.path, request))?;

    let provider = overrides
        .matching(&host, line.path)
        .find_map(|rule| rule.provider.clone())
        .map(Cow::Owned)
        .or_else(|| host.provider(line.path).map(Cow::Borrowed))
        .unwrap_or_else(|| Cow::Borrowed(default_provider(found.api, line.path)));
    let port = host.port.or(match line.scheme {
        b"http" => Some(80),
        _ => Some(443),
    });
    Some(Detected {
        api: found.api,
        operation: found.operation,
        provider,
        server: Server { address: String::from_utf8_lossy(host.name).into_owned(), port },
        model: found.model,
        stream: found.stream,
        proof: found.proof,
    })
}

/// The pseudo-headers of a request that can be inference.
struct RequestLine<'a> {
    authority: &'a [u8],
    scheme: &'a [u8],
    /// See [`path::of_target`].
    path: &'a [u8],
}

impl<'a> RequestLine<'a> {
    fn read(request: &Headers<'a>) -> Option<Self> {
        let (mut method, mut path, mut authority, mut scheme) = (None, None, None, None);
        for (name, value) in request.iter() {
            match name {
                b":method" if value != b"POST" => return None,
                b":method" => method = Some(value),
                b":path" => path = Some(path::of_target(value)),
                b":authority" => authority = Some(value),
                b":scheme" => scheme = Some(value),
                _ => continue,
            }
            if method.is_some() && path.is_some() && authority.is_some() && scheme.is_some() {
                break;
            }
        }
        method?;
        Some(Self {
            authority: authority.or_else(|| request.get("host")).unwrap_or_default(),
            scheme: scheme.unwrap_or(b"https"),
            path: path?,
        })
    }
}

/// An authority taken apart.
struct HostName<'a> {
    name: &'a [u8],
    port: Option<u16>,
}

impl<'a> HostName<'a> {
    fn new(authority: &'a [u8]) -> Self {
        let authority = authority.rsplit(|&b| b == b'@').next().unwrap_or(authority);
        // An IPv6 address stands in brackets and has colons of its own.
        let (name, port) = match authority.strip_prefix(b"[").and_then(|rest| path::split_once(rest, b']')) {
            Some((name, rest)) => (name, rest.strip_prefix(b":").unwrap_or_default()),
            None => path::split_once(authority, b':').unwrap_or((authority, b"")),
        };
        Self { name, port: std::str::from_utf8(port).ok().and_then(|port| port.parse().ok()) }
    }

    fn provider(&self, path: &[u8]) -> Option<&'static str> {
        provider::of_host(self.name, path)
    }
}

/// What path and overrides tell.
struct Found {
    api: Api,
    operation: Option<Operation>,
    model: Option<PathModel>,
    stream: Option<bool>,
    proof: Proof,
}

impl Overrides {
    fn matching<'a>(
        &'a self,
        host: &'a HostName<'_>,
        path: &'a [u8],
    ) -> impl Iterator<Item = &'a OverrideRule> {
        self.rules.iter().filter(move |rule| {
            rule.host.as_deref().is_none_or(|pattern| provider::matches_host(pattern, host.name))
                && rule.path.as_deref().is_none_or(|end| path::ends_with(path, end))
        })
    }
}

fn overridden_api(overrides: &Overrides, host: &HostName<'_>, path: &[u8]) -> Option<Found> {
    let rule = overrides.matching(host, path).find(|rule| rule.api.is_some())?;
    let api = rule.api?;
    Some(Found {
        api,
        operation: rule.operation.or(api.spec().operation),
        model: path_model(api, path),
        stream: None,
        proof: Proof::None,
    })
}

fn match_path(host: &HostName<'_>, path: &[u8], request: &Headers<'_>) -> Option<Found> {
    let last = path::last_segment(path);
    if let Some((resource, verb)) = path::split_verb(last) {
        return match_verb(path, resource, verb);
    }
    if last.is_empty() {
        return match_root(request);
    }
    let mut provider = None;
    for end in ENDS.iter().filter(|end| end.last.as_bytes() == last) {
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
    let name = model.as_deref().unwrap_or_default();
    let (api, operation, stream) = match verb {
        b"generateContent" => (Api::GeminiGenerate, Operation::GenerateContent, false),
        b"streamGenerateContent" => (Api::GeminiGenerate, Operation::GenerateContent, true),
        b"countTokens" => (Api::GeminiGenerate, Operation::CountTokens, false),
        b"embedContent" | b"batchEmbedContents" => (Api::GeminiEmbed, Operation::Embeddings, false),
        b"predict" if name.contains("embedding") => (Api::VertexPredict, Operation::Embeddings, false),
        b"predict" if name.contains("imagen") => (Api::VertexPredict, Operation::ImageGeneration, false),
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

/// `models/{m}`, `publishers/{p}/models/{m}` → `m`; other collections (`tunedModels/{m}`, `endpoints/{e}`) stay.
fn google_model(path: &[u8], resource: &[u8]) -> Option<String> {
    let resource = path::decode(resource);
    let collection = path.rsplit(|&b| b == b'/').nth(1).unwrap_or_default();
    let name = match collection {
        b"tunedModels" | b"endpoints" => format!("{}/{resource}", String::from_utf8_lossy(collection)),
        // A client that encodes `models/{m}` as one segment.
        _ => resource.strip_prefix("models/").unwrap_or(&resource).to_owned(),
    };
    Some(name).filter(|name| !name.is_empty())
}

/// The model of Bedrock's paths, the deployment of Azure's.
fn path_model(api: Api, path: &[u8]) -> Option<PathModel> {
    let name = |segment: &[u8]| Some(path::decode(segment)).filter(|name| !name.is_empty());
    if matches!(api, Api::BedrockConverse | Api::BedrockInvoke) {
        let rest = path::after_segment(path, b"model")?;
        // An ARN may come with its slashes as they are.
        let end = rest.iter().rposition(|&b| b == b'/')?;
        return name(rest.get(..end)?).map(PathModel::Decides);
    }
    let deployment = path::after_segment(path, b"deployments")
        .filter(|_| path::has_segment(path, b"openai"))
        // Cloudflare's AI Gateway: `azure-openai/{resource}/{deployment}/…`
        .or_else(|| Some(path::split_once(path::after_segment(path, b"azure-openai")?, b'/')?.1))?;
    name(deployment.split(|&b| b == b'/').next()?).map(PathModel::Fallback)
}

/// `@cf/{vendor}/{model}`, `@hf/…` to the end of the path.
fn workers_ai_model(path: &[u8]) -> Option<String> {
    memchr::memchr2(b'@', b'%', path)?;
    let start = ["/@cf/", "/@hf/", "/%40cf/", "/%40hf/"]
        .iter()
        .find_map(|prefix| memchr::memmem::find(path, prefix.as_bytes()))?;
    Some(path::decode(path.get(start.checked_add(1)?..)?))
}

/// Whose format it is, where the host is unknown.
fn default_provider(api: Api, path: &[u8]) -> &'static str {
    match api {
        _ if path::has_segment(path, b"publishers") => "gcp.vertex_ai",
        Api::Rerank if path::ends_with(path, "v2/rerank") => "cohere",
        _ => api.spec().provider,
    }
}

/// One way a path can end.
struct End {
    /// The last segment.
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
const ALEPH_ALPHA: On = On::UnknownOr("aleph_alpha");

/// The ends of paths that are inference; the first that fits wins.
#[rustfmt::skip]
const ENDS: &[End] = {
    use Operation::{
        Chat, CountTokens, Embeddings, GenerateContent, ImageGeneration, Moderation, Rerank, Speech,
        TextCompletion, Transcription, Translation,
    };
    &[
        end("chat", "completions", Api::OpenAiChat, Chat),
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
        end("v*", "interactions", Api::GeminiInteractions, GenerateContent).on(GEMINI),
        end("model/**", "converse", Api::BedrockConverse, Chat).stream(false),
        end("model/**", "converse-stream", Api::BedrockConverse, Chat).stream(true),
        end("model/**", "invoke", Api::BedrockInvoke, Chat).stream(false).any_operation(),
        end("model/**", "invoke-with-response-stream", Api::BedrockInvoke, Chat).stream(true).any_operation(),
        end("model/**", "count-tokens", Api::BedrockConverse, CountTokens).stream(false),
        end("v2", "chat", Api::CohereChat, Chat).proof(Proof::ModelOrInput),
        end("v1", "chat", Api::OpenAiChat, Chat).on(WRITER),
        end("v1", "chat", Api::CohereChatV1, Chat).on(COHERE),
        end("v*", "embed", Api::CohereEmbed, Embeddings).proof(Proof::ModelOrInput),
        end("api", "embed", Api::OllamaEmbed, Embeddings).proof(Proof::Model),
        end("", "embed", Api::CohereEmbed, Embeddings).on(COHERE),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn post(url: &str) -> Option<Detected> {
        with_headers("POST", url, &[])
    }

    fn with_headers(method: &str, url: &str, more: &[(&str, &str)]) -> Option<Detected> {
        let (authority, path) = url.split_once('/').unwrap_or((url, ""));
        let path = format!("/{path}");
        let mut pairs: Vec<(&[u8], &[u8])> = vec![
            (b":authority", authority.as_bytes()),
            (b":path", path.as_bytes()),
            (b":method", method.as_bytes()),
            (b":scheme", b"https"),
        ];
        pairs.extend(more.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())));
        detect(&Headers::new(&pairs), &Overrides::default())
    }

    fn facts(url: &str) -> (Api, Option<Operation>, String) {
        let found = post(url).unwrap_or_else(|| panic!("{url} is an LLM call"));
        (found.api, found.operation, found.provider.into_owned())
    }

    fn model(url: &str) -> Option<PathModel> {
        post(url).unwrap_or_else(|| panic!("{url} is an LLM call")).model
    }

    #[test]
    fn paths_tell_api_and_operation() {
        use Operation::{
            Chat, CountTokens, Embeddings, GenerateContent, ImageGeneration, Moderation, Rerank, Speech,
            TextCompletion, Transcription, Translation,
        };
        for (url, api, operation, provider) in [
            ("api.openai.com/v1/chat/completions", Api::OpenAiChat, Chat, "openai"),
            ("api.openai.com/v1/completions", Api::OpenAiCompletions, TextCompletion, "openai"),
            ("api.openai.com/v1/responses?beta=true", Api::OpenAiResponses, Chat, "openai"),
            ("api.openai.com/v1/responses/compact", Api::OpenAiResponses, Chat, "openai"),
            ("api.openai.com/v1/responses/input_tokens", Api::OpenAiResponses, CountTokens, "openai"),
            ("api.openai.com/v1/embeddings", Api::OpenAiEmbeddings, Embeddings, "openai"),
            ("api.openai.com/v1/images/edits", Api::OpenAiImages, ImageGeneration, "openai"),
            ("api.openai.com/v1/audio/transcriptions", Api::OpenAiTranscription, Transcription, "openai"),
            ("api.openai.com/v1/audio/translations", Api::OpenAiTranscription, Translation, "openai"),
            ("api.openai.com/v1/audio/speech", Api::OpenAiSpeech, Speech, "openai"),
            ("api.openai.com/v1/moderations", Api::OpenAiModerations, Moderation, "openai"),
            (
                "r.openai.azure.com//openai/deployments/d/chat/completions?api-version=1",
                Api::OpenAiChat,
                Chat,
                "azure.ai.openai",
            ),
            ("r.openai.azure.com/openai/v1/responses", Api::OpenAiResponses, Chat, "azure.ai.openai"),
            ("r.services.ai.azure.com/models/chat/completions", Api::OpenAiChat, Chat, "azure.ai.inference"),
            (
                "r.services.ai.azure.com/anthropic/v1/messages",
                Api::AnthropicMessages,
                Chat,
                "azure.ai.inference",
            ),
            ("api.anthropic.com/v1/messages?beta=true", Api::AnthropicMessages, Chat, "anthropic"),
            ("api.anthropic.com/v1/messages/count_tokens", Api::AnthropicMessages, CountTokens, "anthropic"),
            ("api.anthropic.com/v1/complete", Api::AnthropicComplete, TextCompletion, "anthropic"),
            (
                "bedrock-runtime.us-east-1.amazonaws.com/model/m/converse",
                Api::BedrockConverse,
                Chat,
                "aws.bedrock",
            ),
            (
                "bedrock-runtime.us-east-1.amazonaws.com/model/m/count-tokens",
                Api::BedrockConverse,
                CountTokens,
                "aws.bedrock",
            ),
            (
                "bedrock-mantle.us-east-1.api.aws/openai/v1/responses",
                Api::OpenAiResponses,
                Chat,
                "aws.bedrock",
            ),
            (
                "generativelanguage.googleapis.com/v1beta/models/g:generateContent",
                Api::GeminiGenerate,
                GenerateContent,
                "gcp.gemini",
            ),
            (
                "generativelanguage.googleapis.com/v1/models/g:countTokens?key=k",
                Api::GeminiGenerate,
                CountTokens,
                "gcp.gemini",
            ),
            (
                "generativelanguage.googleapis.com/v1beta/models/e:batchEmbedContents",
                Api::GeminiEmbed,
                Embeddings,
                "gcp.gemini",
            ),
            (
                "generativelanguage.googleapis.com/v1beta/openai/chat/completions",
                Api::OpenAiChat,
                Chat,
                "gcp.gemini",
            ),
            (
                "generativelanguage.googleapis.com/v1beta/interactions",
                Api::GeminiInteractions,
                GenerateContent,
                "gcp.gemini",
            ),
            (
                "aiplatform.googleapis.com/v1/publishers/google/models/text-embedding-005:predict",
                Api::VertexPredict,
                Embeddings,
                "gcp.vertex_ai",
            ),
            (
                "aiplatform.googleapis.com/v1/publishers/google/models/imagen-4:predict",
                Api::VertexPredict,
                ImageGeneration,
                "gcp.vertex_ai",
            ),
            (
                "us-east5-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/anthropic/models/c@1:streamRawPredict",
                Api::AnthropicMessages,
                Chat,
                "gcp.vertex_ai",
            ),
            (
                "aiplatform.googleapis.com/v1/publishers/anthropic/models/count-tokens:rawPredict",
                Api::AnthropicMessages,
                CountTokens,
                "gcp.vertex_ai",
            ),
            (
                "aiplatform.googleapis.com/v1/publishers/mistralai/models/m:rawPredict",
                Api::OpenAiChat,
                Chat,
                "gcp.vertex_ai",
            ),
            ("api.cohere.com/v2/chat", Api::CohereChat, Chat, "cohere"),
            ("api.cohere.ai/v1/chat", Api::CohereChatV1, Chat, "cohere"),
            ("api.cohere.ai/v1/generate", Api::CohereGenerate, TextCompletion, "cohere"),
            ("api.cohere.com/v1/embed", Api::CohereEmbed, Embeddings, "cohere"),
            ("api.cohere.com/v2/rerank", Api::Rerank, Rerank, "cohere"),
            ("api.mistral.ai/v1/fim/completions", Api::OpenAiCompletions, TextCompletion, "mistral_ai"),
            ("api.mistral.ai/v1/agents/completions", Api::OpenAiChat, Chat, "mistral_ai"),
            ("api.groq.com/openai/v1/chat/completions", Api::OpenAiChat, Chat, "groq"),
            ("api.deepseek.com/chat/completions", Api::OpenAiChat, Chat, "deepseek"),
            ("api.x.ai/v1/stt", Api::OpenAiTranscription, Transcription, "x_ai"),
            ("api.x.ai/v1/tts", Api::OpenAiSpeech, Speech, "x_ai"),
            ("openrouter.ai/api/v1/images", Api::OpenAiImages, ImageGeneration, "openrouter"),
            ("api.fireworks.ai/inference/v1/chat/completions", Api::OpenAiChat, Chat, "fireworks_ai"),
            ("router.huggingface.co/together/v1/chat/completions", Api::OpenAiChat, Chat, "huggingface"),
            (
                "e.us-east-1.aws.endpoints.huggingface.cloud/generate_stream",
                Api::TgiGenerate,
                TextCompletion,
                "huggingface",
            ),
            ("gateway.ai.cloudflare.com/v1/a/g/openai/chat/completions", Api::OpenAiChat, Chat, "cloudflare"),
            ("gateway.ai.cloudflare.com/v1/a/g/cohere/v1/chat", Api::CohereChatV1, Chat, "cloudflare"),
            ("localhost:11434/api/chat", Api::OllamaChat, Chat, "ollama"),
            ("localhost:11434/api/generate", Api::OllamaGenerate, TextCompletion, "ollama"),
            ("localhost:11434/api/embed", Api::OllamaEmbed, Embeddings, "ollama"),
            ("localhost:11434/api/embeddings", Api::OllamaEmbed, Embeddings, "ollama"),
            ("localhost:8080/completion", Api::LlamaCppCompletion, TextCompletion, "llama_cpp"),
            (
                "eu-de.ml.cloud.ibm.com/ml/v1/text/chat_stream?version=1",
                Api::WatsonxChat,
                Chat,
                "ibm.watsonx.ai",
            ),
            (
                "eu-de.ml.cloud.ibm.com/ml/v1-beta/generation/text",
                Api::WatsonxGeneration,
                TextCompletion,
                "ibm.watsonx.ai",
            ),
            (
                "eu-de.ml.cloud.ibm.com/ml/v1/deployments/d/text/generation_stream",
                Api::WatsonxGeneration,
                TextCompletion,
                "ibm.watsonx.ai",
            ),
            ("api.writer.com:443/v1/chat", Api::OpenAiChat, Chat, "writer"),
            ("api.voyageai.com/v1/rerank", Api::Rerank, Rerank, "voyage_ai"),
            ("api.aleph-alpha.com/complete", Api::AlephAlphaComplete, TextCompletion, "aleph_alpha"),
            ("llm.internal/proxy/v1/chat/completions", Api::OpenAiChat, Chat, "openai"),
            ("llm.internal/x/v1/messages", Api::AnthropicMessages, Chat, "anthropic"),
            ("llm.internal/v1/rerank", Api::Rerank, Rerank, "openai"),
            ("llm.internal/v2/rerank", Api::Rerank, Rerank, "cohere"),
            ("llm.internal/v2/embed", Api::CohereEmbed, Embeddings, "cohere"),
            (
                "llm.internal/v1/publishers/google/models/g:generateContent",
                Api::GeminiGenerate,
                GenerateContent,
                "gcp.vertex_ai",
            ),
            ("llm.internal/v1/models/g:generateContent", Api::GeminiGenerate, GenerateContent, "gcp.gemini"),
            ("llm.internal/model/m/converse", Api::BedrockConverse, Chat, "aws.bedrock"),
        ] {
            assert_eq!(facts(url), (api, Some(operation), provider.to_owned()), "{url}");
        }
    }

    #[test]
    fn the_body_decides_where_the_path_does_not() {
        let invoke =
            post("bedrock-runtime.us-east-1.amazonaws.com/model/m/invoke-with-response-stream").unwrap();
        assert_eq!((invoke.api, invoke.operation, invoke.stream), (Api::BedrockInvoke, None, Some(true)));
        let run =
            post("api.cloudflare.com/client/v4/accounts/a/ai/run/@cf/meta/llama-3.1-8b-instruct").unwrap();
        assert_eq!((run.api, run.operation, &*run.provider), (Api::WorkersAi, None, "cloudflare"));
        assert_eq!(run.model, Some(PathModel::Decides("@cf/meta/llama-3.1-8b-instruct".to_owned())));
    }

    #[test]
    fn what_is_no_inference_is_no_call() {
        for url in [
            "api.openai.com/v1/models",
            "api.openai.com/v1/files",
            "api.openai.com/v1/batches",
            "api.openai.com/v1/threads/thread_1/messages",
            "api.openai.com/v1/threads/thread_1/runs",
            "api.openai.com/v1/chat/completions/chatcmpl-1",
            "api.openai.com/v1/traces/ingest",
            "api.openai.com/v1/realtime/client_secrets",
            "api.openai.com/v1/videos",
            "api.anthropic.com/v1/messages/batches",
            "generativelanguage.googleapis.com/v1beta/models/g:batchGenerateContent",
            "generativelanguage.googleapis.com/v1beta/models/veo:predictLongRunning",
            "aiplatform.googleapis.com/v1/projects/p/locations/l/endpoints/1:predict",
            "bedrock-runtime.us-east-1.amazonaws.com/guardrail/g/version/1/apply",
            "bedrock-agent-runtime.us-east-1.amazonaws.com/agents/a/agentAliases/b/sessions/c/text",
            "api.mistral.ai/v1/ocr",
            "api.mistral.ai/v1/conversations",
            "api.replicate.com/v1/models/meta/llama/predictions",
            "api.replicate.com/v1/predictions",
            "llm.internal/tokenize",
            "shop.example/v1/chat",
            "shop.example/chain/invoke",
            "shop.example/v1/images",
            "shop.example/complete/order",
            "shop.example/",
            "shop.example",
        ] {
            assert_eq!(post(url), None, "{url}");
        }
        for method in ["GET", "DELETE", "PATCH", "OPTIONS", "CONNECT"] {
            assert_eq!(with_headers(method, "api.openai.com/v1/responses", &[]), None, "{method}");
        }
    }

    #[test]
    fn the_root_is_looked_into_where_the_body_is_json() {
        let json =
            with_headers("POST", "shop.example/", &[("content-type", "application/json; charset=utf-8")]);
        assert_eq!(json.map(|d| (d.api, d.proof)), Some((Api::TgiGenerate, Proof::InputSeen)));
    }

    #[test]
    fn paths_of_everyday_words_want_a_proof_on_unknown_hosts() {
        assert_eq!(post("shop.example/api/chat").map(|d| d.proof), Some(Proof::Model));
        assert_eq!(post("shop.example/v1/messages").map(|d| d.proof), Some(Proof::ModelOrInput));
        assert_eq!(post("shop.example/survey/responses").map(|d| d.proof), Some(Proof::ModelOrInput));
        assert_eq!(post("api.openai.com/v1/responses").map(|d| d.proof), Some(Proof::None));
        assert_eq!(post("shop.example/v1/chat/completions").map(|d| d.proof), Some(Proof::None));
    }

    #[test]
    fn paths_name_models() {
        let decides = |name: &str| Some(PathModel::Decides(name.to_owned()));
        let fallback = |name: &str| Some(PathModel::Fallback(name.to_owned()));
        assert_eq!(model("h/model/us.anthropic.claude-v1%3A0/converse"), decides("us.anthropic.claude-v1:0"));
        assert_eq!(model("h/model/us.anthropic.claude-v1:0/invoke"), decides("us.anthropic.claude-v1:0"));
        assert_eq!(
            model("h/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fp/converse"),
            decides("arn:aws:bedrock:us-east-1:1:inference-profile/p")
        );
        assert_eq!(
            model("h/model/arn:aws:bedrock:us-east-1:1:inference-profile/p/converse-stream"),
            decides("arn:aws:bedrock:us-east-1:1:inference-profile/p")
        );
        assert_eq!(model("h/v1beta/models/gemini-2.5-pro:generateContent"), decides("gemini-2.5-pro"));
        assert_eq!(model("h/v1beta/models/gemini-2.5-pro%3AgenerateContent"), decides("gemini-2.5-pro"));
        assert_eq!(model("h/v1beta/models%2Fgemini-2.5-pro:generateContent"), decides("gemini-2.5-pro"));
        assert_eq!(model("h/v1beta/tunedModels/mine:generateContent"), decides("tunedModels/mine"));
        assert_eq!(model("h/v1/publishers/anthropic/models/count-tokens:rawPredict"), None);
        assert_eq!(model("r.openai.azure.com/openai/deployments/my%20gpt/completions"), fallback("my gpt"));
        assert_eq!(
            model("gateway.ai.cloudflare.com/v1/a/g/azure-openai/r/gpt/chat/completions"),
            fallback("gpt")
        );
        assert_eq!(model("h/model/m/converse/?x"), decides("m"));
        assert_eq!(model("h/model/m/v1/chat/completions"), None);
        assert_eq!(model("api.openai.com/v1/chat/completions"), None);
    }

    #[test]
    fn the_server_is_the_authority() {
        let server = |address: &str, port| Server { address: address.to_owned(), port: Some(port) };
        let of = |url: &str| post(url).unwrap().server;
        assert_eq!(of("api.openai.com/v1/responses"), server("api.openai.com", 443));
        assert_eq!(of("api.writer.com:8443/v1/chat"), server("api.writer.com", 8443));
        assert_eq!(of("[::1]:8000/v1/completions"), server("::1", 8000));
        assert_eq!(of("[::1]/v1/completions"), server("::1", 443));
    }

    #[test]
    fn overrides_come_first() {
        let overrides = Overrides {
            rules: vec![
                OverrideRule {
                    host: Some("*.corp".to_owned()),
                    provider: Some("acme".to_owned()),
                    ..Default::default()
                },
                OverrideRule {
                    path: Some("ask/*".to_owned()),
                    api: Some(Api::OpenAiChat),
                    ..Default::default()
                },
            ],
        };
        let of = |authority: &str, path: &str| {
            let pairs: &[(&[u8], &[u8])] =
                &[(b":method", b"POST"), (b":authority", authority.as_bytes()), (b":path", path.as_bytes())];
            detect(&Headers::new(pairs), &overrides).map(|d| (d.api, d.operation, d.provider.into_owned()))
        };
        let chat = Some(Operation::Chat);
        assert_eq!(of("llm.corp", "/v1/messages"), Some((Api::AnthropicMessages, chat, "acme".to_owned())));
        assert_eq!(of("llm.corp:80", "/ask/me"), Some((Api::OpenAiChat, chat, "acme".to_owned())));
        assert_eq!(of("elsewhere", "/ask/me"), Some((Api::OpenAiChat, chat, "openai".to_owned())));
        assert_eq!(of("elsewhere", "/tell/me"), None);
    }
}
