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
        ("r.services.ai.azure.com/anthropic/v1/messages", Api::AnthropicMessages, Chat, "azure.ai.inference"),
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
        ("bedrock-mantle.us-east-1.api.aws/openai/v1/responses", Api::OpenAiResponses, Chat, "aws.bedrock"),
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
        ("eu-de.ml.cloud.ibm.com/ml/v1/text/chat_stream?version=1", Api::WatsonxChat, Chat, "ibm.watsonx.ai"),
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
    let invoke = post("bedrock-runtime.us-east-1.amazonaws.com/model/m/invoke-with-response-stream").unwrap();
    assert_eq!((invoke.api, invoke.operation, invoke.stream), (Api::BedrockInvoke, None, Some(true)));
    let run = post("api.cloudflare.com/client/v4/accounts/a/ai/run/@cf/meta/llama-3.1-8b-instruct").unwrap();
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
        "api.openai.com/v1/conversations",
        "api.replicate.com/v1/models/meta/llama/predictions",
        "api.replicate.com/v1/predictions",
        "llm.internal/tokenize",
        "shop.example/chat",
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
    let json = with_headers("POST", "shop.example/", &[("content-type", "application/json; charset=utf-8")]);
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
            OverrideRule { path: Some("ask/*".to_owned()), api: Some(Api::OpenAiChat), ..Default::default() },
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
