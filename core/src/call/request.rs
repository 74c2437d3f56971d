//! What was asked, by whom, of whom.

/// Who answers, as the client addressed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// `server.address`: the authority without its port.
    pub address: String,
    /// `server.port`: the authority's port, else the scheme's.
    pub port: Option<u16>,
}

/// Who asks, as its headers say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientFacts {
    /// SDK, e.g. `OpenAI/Python`.
    pub sdk_name: Option<String>,
    /// Its version.
    pub sdk_version: Option<String>,
    /// How often the SDK had tried before (`x-stainless-retry-count`; `attempt` of `amz-sdk-request` less one).
    pub retry_count: Option<u32>,
    /// Entries of its baggage that were asked for, and attributes that an operator adds: key and value.
    pub baggage: Vec<(String, String)>,
}

/// The request's facts, named as the GenAI conventions name them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// Model as asked for.
    pub model: Option<String>,
    /// Whether the request asked for a stream.
    pub stream: Option<bool>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// Top-k sampling.
    pub top_k: Option<f64>,
    /// Cap on generated tokens, as sent: some servers take -1 for none.
    pub max_tokens: Option<i64>,
    /// Sampling seed.
    pub seed: Option<i64>,
    /// Presence penalty.
    pub presence_penalty: Option<f64>,
    /// Frequency penalty.
    pub frequency_penalty: Option<f64>,
    /// Stop texts.
    pub stop_sequences: Vec<String>,
    /// Candidates asked for.
    pub choice_count: Option<u64>,
    /// Messages, contents or inputs; a system prompt apart not counted.
    pub message_count: Option<u64>,
    /// Entries of `tools`.
    pub tool_count: Option<u64>,
    /// Names of the tools offered, bounded in number and length.
    pub tool_names: Vec<String>,
    /// Reasoning effort as sent.
    pub reasoning_level: Option<String>,
    /// Tokens that the model takes at most, by the configuration.
    pub context_window: Option<u64>,
    /// Thinking budget in tokens.
    pub thinking_budget: Option<i64>,
    /// Output type asked for (`gen_ai.output.type`): `text`, `json`, `image`, `speech`.
    pub output_type: Option<&'static str>,
    /// Service tier asked for.
    pub service_tier: Option<String>,
    /// Embedding dimensions asked for.
    pub dimensions: Option<u64>,
    /// Embedding encodings asked for.
    pub encoding_formats: Vec<String>,
    /// Conversation named by the request.
    pub conversation_id: Option<String>,
    /// Earlier response used as context.
    pub previous_response_id: Option<String>,
    /// Named prompt template.
    pub prompt_name: Option<String>,
    /// Its version.
    pub prompt_version: Option<String>,
    /// A session the client names (header or body), never made up.
    pub session_id: Option<String>,
    /// `aws.bedrock.guardrail.id`
    pub guardrail_id: Option<String>,
    /// Bytes of the body as they passed.
    pub body_bytes: u64,
}
