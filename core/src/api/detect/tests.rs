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
    detect(&Headers::new(&pairs), &Overrides::default(), &())
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
        ("llm.internal/v1/chat", Api::CohereChatV1, Chat, "cohere"),
        (
            "corp.azure-api.net/openai/deployments/d/chat/completions",
            Api::OpenAiChat,
            Chat,
            "azure.ai.openai",
        ),
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
    assert_eq!(json.map(|d| (d.api, d.vouched)), Some((Api::TgiGenerate, false)));
}

#[test]
fn on_unknown_hosts_nobody_vouches_for_a_path() {
    let vouched = |url: &str| post(url).map(|d| d.vouched);
    assert_eq!(vouched("shop.example/api/chat"), Some(false));
    assert_eq!(vouched("shop.example/v1/chat/completions"), Some(false));
    assert_eq!(vouched("corp.azure-api.net/openai/deployments/d/embeddings"), Some(false));
    assert_eq!(vouched("api.openai.com/v1/responses"), Some(true));
}

#[test]
fn paths_are_read_as_servers_read_them() {
    for url in [
        "llm.internal/V1/Chat/Completions",
        "llm.internal/v1%2Fchat%2fcompletions",
        "llm.internal/v1/chat;v=1/completions;jsessionid=0a1b",
        "llm.internal/v1/chat/completions/;x",
    ] {
        assert_eq!(post(url).map(|d| d.api), Some(Api::OpenAiChat), "{url}");
    }
    assert_eq!(post("llm.internal/v1%2Fmodels"), None);
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
    let of = |url: &str| post(url).unwrap().server;
    assert_eq!(of("api.openai.com/v1/responses"), server("api.openai.com", 443));
    assert_eq!(of("api.writer.com:8443/v1/chat"), server("api.writer.com", 8443));
    assert_eq!(of("[::1]:8000/v1/completions"), server("::1", 8000));
    assert_eq!(of("[::1]/v1/completions"), server("::1", 443));
    assert_eq!(of("API.OpenAI.com.:443/v1/responses"), server("api.openai.com", 443));
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
        detect(&Headers::new(pairs), &overrides, &()).map(|d| (d.api, d.operation, d.provider.into_owned()))
    };
    let chat = Some(Operation::Chat);
    assert_eq!(of("llm.corp", "/v1/messages"), Some((Api::AnthropicMessages, chat, "acme".to_owned())));
    assert_eq!(of("llm.corp:80", "/ask/me"), Some((Api::OpenAiChat, chat, "acme".to_owned())));
    assert_eq!(of("elsewhere", "/ask/me"), Some((Api::OpenAiChat, chat, "openai".to_owned())));
    assert_eq!(of("elsewhere", "/tell/me"), None);
}

/// What a proxy would tell, and how often it was asked.
#[derive(Default)]
struct Told {
    facts: Vec<(ProxyFact, &'static str)>,
    asked: std::cell::Cell<usize>,
}

impl Proxy for Told {
    fn fact(&self, fact: ProxyFact) -> Option<Vec<u8>> {
        self.asked.set(self.asked.get() + 1);
        let told = self.facts.iter().find(|(known, _)| *known == fact)?;
        Some(told.1.as_bytes().to_vec())
    }
}

fn request(url: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (authority, path) = url.split_once('/').unwrap_or((url, ""));
    [(":authority", authority.to_owned()), (":path", format!("/{path}")), (":method", "POST".to_owned())]
        .into_iter()
        .chain([(":scheme", "http".to_owned())])
        .map(|(name, value)| (name.as_bytes().to_vec(), value.into_bytes()))
        .collect()
}

/// What was found by the addressed URL, and what came of it with the one that was sent.
fn settled(addressed: &str, sent: &str, rules: Vec<OverrideRule>, proxy: &Told) -> Detected {
    let overrides = Overrides { rules };
    let show = |url: &str, see: &mut dyn FnMut(&Headers<'_>)| {
        let owned = request(url);
        let pairs: Vec<(&[u8], &[u8])> = owned.iter().map(|(n, v)| (&n[..], &v[..])).collect();
        see(&Headers::new(&pairs));
    };
    let mut detected = None;
    show(addressed, &mut |headers| detected = detect(headers, &overrides, proxy));
    let mut detected = detected.unwrap_or_else(|| panic!("{addressed} is an LLM call"));
    show(sent, &mut |headers| detected.settle(headers, &overrides, proxy));
    detected
}

fn server(address: &str, port: u16) -> Server {
    Server { address: address.to_owned(), port: Some(port) }
}

#[test]
fn the_server_is_the_one_behind_the_proxy() {
    let chat = "gateway.corp:8080/groq/v1/chat/completions";
    let endpoint = || Told { facts: vec![(ProxyFact::Address, "10.0.0.7:8443")], ..Told::default() };
    let rewritten = settled(chat, "api.groq.com/openai/v1/chat/completions", vec![], &endpoint());
    assert_eq!((&*rewritten.provider, rewritten.vouched), ("groq", true));
    assert_eq!(rewritten.server, server("api.groq.com", 8443));

    let with_port = settled(chat, "llm.svc:9000/v1/chat/completions", vec![], &endpoint());
    assert_eq!((&*with_port.provider, with_port.vouched), ("openai", false));
    assert_eq!(with_port.server, server("llm.svc", 9000));

    let as_addressed = settled(chat, chat, vec![], &endpoint());
    assert_eq!(as_addressed.server, server("gateway.corp", 8080));

    let unanswered = settled(chat, "api.groq.com/openai/v1/chat/completions", vec![], &Told::default());
    assert_eq!(unanswered.server, server("api.groq.com", 8080));
}

#[test]
fn a_request_that_is_seen_as_it_is_sent_is_settled_without_it() {
    let of = |url: &str, facts: Vec<(ProxyFact, &'static str)>| {
        let owned = request(url);
        let pairs: Vec<(&[u8], &[u8])> = owned.iter().map(|(n, v)| (&n[..], &v[..])).collect();
        let mut detected = detect(&Headers::new(&pairs), &Overrides::default(), &()).unwrap();
        detected.settle_as_seen(&Told { facts, ..Told::default() });
        (detected.provider.into_owned(), detected.server)
    };
    let address = (ProxyFact::Address, "10.0.0.7:8443");
    let groq = of("api.groq.com/openai/v1/chat/completions", vec![address]);
    assert_eq!(groq, ("groq".to_owned(), server("api.groq.com", 8443)));
    let named = of("llm.svc:9000/v1/chat/completions", vec![address]);
    assert_eq!(named, ("openai".to_owned(), server("llm.svc", 9000)));
    let told = vec![(ProxyFact::Provider(Metadata::Cluster), "acme")];
    let acme = of("llm.svc/openai/deployments/d/chat/completions", told);
    assert_eq!(acme, ("acme".to_owned(), server("llm.svc", 80)));
}

#[test]
fn an_upstream_that_the_request_does_not_name_is_named_by_its_cluster_or_its_certificate() {
    let chat = "gateway.corp/v1/chat/completions";
    let of = |fact: ProxyFact, name: &'static str| {
        let facts = vec![(fact, name), (ProxyFact::Address, "162.159.140.245:443")];
        let settled = settled(chat, chat, vec![], &Told { facts, ..Told::default() });
        (settled.provider.into_owned(), settled.server)
    };
    let deepseek = ("deepseek".to_owned(), server("api.deepseek.com", 443));
    assert_eq!(of(ProxyFact::Cluster, "api.deepseek.com"), deepseek);
    assert_eq!(of(ProxyFact::Cluster, "outbound|443||api.deepseek.com"), deepseek);
    assert_eq!(of(ProxyFact::CertificateName, "api.deepseek.com"), deepseek);
    let unknown = ("openai".to_owned(), server("gateway.corp", 443));
    assert_eq!(of(ProxyFact::Cluster, "llm"), unknown);
    assert_eq!(of(ProxyFact::CertificateName, "*.api.openai.com"), unknown);
}

#[test]
fn rules_go_before_metadata_and_metadata_before_hosts() {
    let chat = "gateway.corp/v1/chat/completions";
    let sent = "api.groq.com/openai/v1/chat/completions";
    let told = |of: Metadata| Told { facts: vec![(ProxyFact::Provider(of), "acme")], ..Told::default() };
    for of in [Metadata::Endpoint, Metadata::Cluster, Metadata::Route] {
        let settled = settled(chat, sent, vec![], &told(of));
        assert_eq!((&*settled.provider, settled.vouched), ("acme", true), "{of:?}");
    }
    let rule = |rule: OverrideRule| vec![OverrideRule { provider: Some("ruled".to_owned()), ..rule }];
    let by_addressed = OverrideRule { host: Some("gateway.*".to_owned()), ..Default::default() };
    let by_sent = OverrideRule { path_prefix: Some("/openai".to_owned()), ..Default::default() };
    for by in [by_addressed, by_sent] {
        assert_eq!(settled(chat, sent, rule(by), &told(Metadata::Cluster)).provider, "ruled");
    }
}

#[test]
fn rules_match_where_the_proxy_routes_to() {
    let chat = "gateway.corp/v1/chat/completions";
    for (fact, rule) in [
        (ProxyFact::Cluster, OverrideRule { cluster: Some("gpu-*".to_owned()), ..Default::default() }),
        (ProxyFact::Route, OverrideRule { route: Some("gpu-*".to_owned()), ..Default::default() }),
        (
            ProxyFact::VirtualHost,
            OverrideRule { virtual_host: Some("gpu-*".to_owned()), ..Default::default() },
        ),
    ] {
        let rule = vec![OverrideRule { provider: Some("vllm".to_owned()), ..rule }];
        let told = |name| Told { facts: vec![(fact, name)], ..Told::default() };
        assert_eq!(settled(chat, chat, rule.clone(), &told("gpu-7")).provider, "vllm", "{fact:?}");
        assert_eq!(settled(chat, chat, rule, &told("cpu-7")).provider, "openai", "{fact:?}");
    }
}

#[test]
fn rules_match_paths_by_end_beginning_and_whole() {
    let of = |rule: OverrideRule, path: &str| {
        let overrides = Overrides { rules: vec![OverrideRule { api: Some(Api::OpenAiChat), ..rule }] };
        let owned = request(&format!("llm.corp{path}"));
        let pairs: Vec<(&[u8], &[u8])> = owned.iter().map(|(n, v)| (&n[..], &v[..])).collect();
        detect(&Headers::new(&pairs), &overrides, &()).is_some()
    };
    let prefix = || OverrideRule { path_prefix: Some("/team/*/llm".to_owned()), ..Default::default() };
    assert!(of(prefix(), "/team/a/llm/ask"));
    assert!(!of(prefix(), "/x/team/a/llm/ask"));
    assert!(!of(prefix(), "/team/a"));
    let glob = || OverrideRule { path_glob: Some("/team/**/ask/*".to_owned()), ..Default::default() };
    for (path, fits) in [
        ("/team/ask/me", true),
        ("/team/a/b/ask/me", true),
        ("/team/ask/ask/me", true),
        ("/team/a/ask", false),
        ("/team/a/ask/me/now", false),
        ("/a/team/ask/me", false),
    ] {
        assert_eq!(of(glob(), path), fits, "{path}");
    }
}

#[test]
fn metadata_tells_the_format_where_the_host_would() {
    let facts = vec![
        (ProxyFact::Provider(Metadata::Cluster), "writer"),
        (ProxyFact::Api(Metadata::Cluster), "openai_chat"),
    ];
    let chat = "gateway.corp/v1/chat";
    let told = settled(chat, chat, vec![], &Told { facts, ..Told::default() });
    assert_eq!((told.api, &*told.provider, told.vouched), (Api::OpenAiChat, "writer", true));
    let writer = Told { facts: vec![(ProxyFact::Cluster, "api.writer.com")], ..Told::default() };
    assert_eq!(settled(chat, chat, vec![], &writer).api, Api::OpenAiChat);
    assert_eq!(settled(chat, chat, vec![], &Told::default()).api, Api::CohereChatV1);
}

#[test]
fn the_proxy_is_asked_only_where_it_matters() {
    let asked = |url: &str| {
        let told = Told::default();
        let owned = request(url);
        let pairs: Vec<(&[u8], &[u8])> = owned.iter().map(|(n, v)| (&n[..], &v[..])).collect();
        let _ = detect(&Headers::new(&pairs), &Overrides::default(), &told);
        told.asked.get()
    };
    assert_eq!(asked("shop.example/order"), 0);
    assert_eq!(asked("shop.example/v1/chat/completions"), 0);
    assert_eq!(asked("api.cohere.com/v1/chat"), 0);
}
