//! Whole exchanges whose cost is counted: what passes, and in which chunks.
//!
//! Every byte is made here and is the same on every machine, so that counts can be compared between machines
//! and commits.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

/// One exchange as it passes a proxy.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What the tables of counts call it.
    pub name: &'static str,
    /// Request headers, pseudo-headers among them.
    pub request_headers: Vec<(&'static str, &'static str)>,
    /// The request's body.
    pub request: Vec<u8>,
    /// Response headers, `:status` among them.
    pub response_headers: Vec<(&'static str, &'static str)>,
    /// The response's body.
    pub response: Vec<u8>,
    /// Where each chunk of the response ends, in bytes from its start.
    pub chunk_ends: Vec<usize>,
    /// What is told of it.
    pub told: Told,
}

/// What is told of an exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Told {
    /// Nothing: what observing alone costs.
    Nothing,
    /// Its span, as by default.
    #[default]
    Span,
    /// Its span, and what it adds to metrics.
    Metrics,
    /// Its span, and a log record of its details.
    Logs,
}

impl Told {
    /// The filter's configuration that tells that.
    #[must_use]
    pub fn configuration(self) -> &'static str {
        match self {
            Self::Nothing => r#"{"trace":{"sample_ratio":0}}"#,
            Self::Span => "",
            Self::Metrics => r#"{"otlp":{"signals":["traces","metrics"]}}"#,
            Self::Logs => r#"{"otlp":{"signals":["traces","logs"]},"logs":{"events":["inference_details"]}}"#,
        }
    }
}

/// Bytes that Envoy reads from a connection at a time, and so the size of a large body's chunks.
pub const CHUNK: usize = 16 << 10;
/// Events of each stream.
pub const EVENTS: usize = 200;

/// All exchanges that are counted.
#[must_use]
pub fn all() -> Vec<Exchange> {
    let told = |name, told| Exchange { name, told, ..json() };
    vec![
        json(),
        told("JSON, 1 KB, of which nothing is told", Told::Nothing),
        told("JSON, 1 KB, with metrics", Told::Metrics),
        told("JSON, 1 KB, with a log record", Told::Logs),
        long_request(),
        sse(),
        Exchange { name: "SSE, 200 events, with metrics", told: Told::Metrics, ..sse() },
        ndjson(),
        event_stream(),
        gzip(),
        no_call(),
    ]
}

impl Exchange {
    fn new(name: &'static str, path: &'static str, request: impl Into<Vec<u8>>) -> Self {
        let request_headers = vec![
            (":method", "POST"),
            (":scheme", "https"),
            (":authority", "api.openai.com"),
            (":path", path),
            ("accept", "application/json"),
            ("accept-encoding", "gzip, deflate"),
            ("authorization", "Bearer sk-0123456789abcdefghijklmnopqrstuvwxyz"),
            ("content-type", "application/json"),
            ("user-agent", "OpenAI/Python 1.108.1"),
            ("x-forwarded-proto", "https"),
            ("x-request-id", "0f5b1f0e-7f53-4d0e-9b63-6a3d3f6a4b11"),
        ];
        Self {
            name,
            request_headers,
            request: request.into(),
            response_headers: Vec::new(),
            response: Vec::new(),
            chunk_ends: Vec::new(),
            told: Told::default(),
        }
    }

    fn from(mut self, host: &'static str) -> Self {
        for (name, value) in &mut self.request_headers {
            if *name == ":authority" {
                *value = host;
            }
        }
        self
    }

    /// Answers with this body in large chunks.
    fn answer(mut self, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        self.response = body.into();
        let last = self.response.len();
        self.chunk_ends = (CHUNK..last).step_by(CHUNK).chain([last]).collect();
        self.headed(content_type)
    }

    /// Answers with these messages, each in a chunk of its own.
    fn stream(mut self, content_type: &'static str, messages: impl IntoIterator<Item = Vec<u8>>) -> Self {
        for message in messages {
            self.response.extend(message);
            self.chunk_ends.push(self.response.len());
        }
        self.headed(content_type)
    }

    fn headed(mut self, content_type: &'static str) -> Self {
        self.response_headers = vec![
            (":status", "200"),
            ("date", "Tue, 02 Sep 2025 09:00:00 GMT"),
            ("content-type", content_type),
            ("openai-processing-ms", "412"),
            ("openai-version", "2020-10-01"),
            ("x-request-id", "req_0f5b1f0e7f534d0e9b636a3d3f6a4b11"),
            ("x-envoy-upstream-service-time", "420"),
        ];
        self
    }
}

/// A chat of about 1 KB: the usual small call.
fn json() -> Exchange {
    let request = br#"{"model":"gpt-4o-mini","temperature":0.2,"max_tokens":256,"messages":[{"role":"system","content":"You are a helpful assistant that answers in one paragraph."},{"role":"user","content":"Why is the sky blue at noon and red at sunset? Explain it so that a child understands it."}]}"#;
    let answer = format!(
        r#"{{"id":"chatcmpl-9xyzABCDEFGHIJKLMNOPQRSTUVWX","object":"chat.completion","created":1721075653,"model":"gpt-4o-mini-2024-07-18","choices":[{{"index":0,"message":{{"role":"assistant","content":"{}","refusal":null}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":43,"completion_tokens":87,"total_tokens":130,"prompt_tokens_details":{{"cached_tokens":0,"audio_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0,"audio_tokens":0}}}},"service_tier":"default","system_fingerprint":"fp_d33f7b429e"}}"#,
        "Light of all colours comes from the sun. ".repeat(12)
    );
    Exchange::new("JSON, 1 KB", CHAT, request).answer("application/json", answer)
}

/// A conversation of 200 messages, 198 KB in all.
fn long_request() -> Exchange {
    let text = "What was said before stays in the context, turn after turn. ".repeat(16);
    let messages: Vec<String> = (0..200)
        .map(|turn| {
            let role = if turn % 2 == 0 { "user" } else { "assistant" };
            format!(r#"{{"role":"{role}","content":"{}"}}"#, &text[..950])
        })
        .collect();
    let request = format!(r#"{{"model":"gpt-4o-mini","messages":[{}]}}"#, messages.join(","));
    Exchange { name: "request of 198 KB", request: request.into_bytes(), ..json() }
}

/// OpenAI's chat as server-sent events.
fn sse() -> Exchange {
    let event = |delta: &str, rest: &str| {
        format!(
            "data: {{\"id\":\"chatcmpl-9xyzABCDEFGHIJKLMNOPQRSTUVWX\",\"object\":\"chat.completion.chunk\",\
             \"created\":1721075653,\"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\",\
             \"system_fingerprint\":\"fp_d33f7b429e\",\"choices\":[{{\"index\":0,\"delta\":{delta},\"logprobs\":null,\
             {rest}\n\n"
        )
        .into_bytes()
    };
    let open = "\"finish_reason\":null}],\"usage\":null,\"obfuscation\":\"Kq7d\"}";
    let last = "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":43,\"completion_tokens\":200,\
                \"total_tokens\":243}}";
    let words = (1..EVENTS).map(|_| event(r#"{"content":" word"}"#, open));
    let events = words.chain([event("{}", last), b"data: [DONE]\n\n".to_vec()]);
    Exchange::new("SSE, 200 events", CHAT, STREAMED).stream("text/event-stream; charset=utf-8", events)
}

/// Ollama's own chat as lines of JSON.
fn ndjson() -> Exchange {
    let line = |content: &str, rest: &str| {
        format!(
            "{{\"model\":\"llama3.2\",\"created_at\":\"2025-09-02T09:00:00.123456789Z\",\"message\":\
             {{\"role\":\"assistant\",\"content\":\"{content}\"}},{rest}}}\n"
        )
        .into_bytes()
    };
    let last = "\"done\":true,\"done_reason\":\"stop\",\"total_duration\":4883583458,\"load_duration\":1334875,\
                \"prompt_eval_count\":26,\"prompt_eval_duration\":342546000,\"eval_count\":200,\
                \"eval_duration\":4535599000";
    let lines = (1..EVENTS).map(|_| line(" word", "\"done\":false")).chain([line("", last)]);
    Exchange::new("NDJSON, 200 events", "/api/chat", STREAMED)
        .from("ollama:11434")
        .stream("application/x-ndjson", lines)
}

/// Bedrock's ConverseStream as an AWS event stream.
fn event_stream() -> Exchange {
    let start = aws("messageStart", r#"{"p":"abcdefghi","role":"assistant"}"#);
    let delta = r#"{"contentBlockIndex":0,"delta":{"text":" word"},"p":"abcdefghijklmnop"}"#;
    let words = (3..EVENTS).map(|_| aws("contentBlockDelta", delta));
    let stop = aws("messageStop", r#"{"p":"abcdefgh","stopReason":"end_turn"}"#);
    let usage = r#"{"metrics":{"latencyMs":912},"p":"abc","usage":{"inputTokens":26,"outputTokens":200,"totalTokens":226}}"#;
    let messages = [start].into_iter().chain(words).chain([stop, aws("metadata", usage)]);
    let request =
        r#"{"messages":[{"role":"user","content":[{"text":"Hello"}]}],"inferenceConfig":{"maxTokens":256}}"#;
    Exchange::new(
        "AWS event stream, 200 events",
        "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse-stream",
        request,
    )
    .from("bedrock-runtime.us-east-1.amazonaws.com")
    .stream("application/vnd.amazon.eventstream", messages)
}

/// A chat's answer of 20 KB, compressed.
fn gzip() -> Exchange {
    let mut exchange = json();
    exchange.name = "gzip, 20 KB";
    // Text that does not repeat, so that it compresses like text does.
    let mut state = 1_u32;
    let words: String = (0..3200)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let word = WORDS.get(state as usize >> 27).copied().unwrap_or_default();
            format!("{word} ")
        })
        .collect();
    let plain = String::from_utf8_lossy(&exchange.response).replace("Light of all", &words);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    // Writing to a Vec does not fail.
    let _ = encoder.write_all(plain.as_bytes());
    let mut exchange = exchange.answer("application/json", encoder.finish().unwrap_or_default());
    exchange.response_headers.push(("content-encoding", "gzip"));
    exchange
}

/// Traffic of a web application, which is no LLM call.
fn no_call() -> Exchange {
    let mut exchange = Exchange::new("no call", "/static/app.js?v=20250902", "")
        .from("www.example.com")
        .answer("text/javascript", "export const answer = 42;\n".repeat(40));
    for (name, value) in &mut exchange.request_headers {
        if *name == ":method" {
            *value = "GET";
        }
    }
    exchange
}

/// A message of an AWS event stream.
fn aws(event: &str, payload: &str) -> Vec<u8> {
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes();
    let mut headers = Vec::new();
    let pairs = [(":event-type", event), (":content-type", "application/json"), (":message-type", "event")];
    for (name, value) in pairs {
        headers.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        headers.extend_from_slice(name.as_bytes());
        headers.push(7);
        headers.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    let mut message = Vec::new();
    message.extend_from_slice(&length(headers.len() + payload.len() + 16));
    message.extend_from_slice(&length(headers.len()));
    message.extend_from_slice(&crc32fast::hash(&message).to_be_bytes());
    message.extend_from_slice(&headers);
    message.extend_from_slice(payload.as_bytes());
    message.extend_from_slice(&crc32fast::hash(&message).to_be_bytes());
    message
}

const CHAT: &str = "/v1/chat/completions";
const STREAMED: &str = r#"{"model":"gpt-4o-mini","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"Hello"}]}"#;
const WORDS: [&str; 32] = [
    "light",
    "of",
    "all",
    "colours",
    "comes",
    "from",
    "the",
    "sun",
    "and",
    "is",
    "scattered",
    "by",
    "air",
    "blue",
    "most",
    "because",
    "its",
    "waves",
    "are",
    "short",
    "at",
    "noon",
    "it",
    "takes",
    "a",
    "short",
    "way",
    "while",
    "sunset",
    "shows",
    "red",
    "far",
];
