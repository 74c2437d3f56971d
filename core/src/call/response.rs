//! What was answered, and what it counts for.

/// The response's facts (docs/facts.md, “Finish reasons, ids, tool calls”).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    /// HTTP status; `None` when no answer came.
    pub status: Option<u16>,
    /// Id as sent: the first non-empty.
    pub id: Option<String>,
    /// Model that answered: the first non-empty.
    pub model: Option<String>,
    /// One per choice, in the order of the choice index; the provider's words.
    pub finish_reasons: Vec<String>,
    /// What the model asks its client to run, in order.
    pub tool_calls: Vec<ToolCall>,
    /// Service tier: the last.
    pub service_tier: Option<String>,
    /// Backend fingerprint: the first.
    pub system_fingerprint: Option<String>,
    /// OpenRouter's `provider`.
    pub upstream_provider: Option<String>,
    /// Conversation named by the answer, else the request.
    pub conversation_id: Option<String>,
    /// Earlier response used as context, from the answer, else the request.
    pub previous_response_id: Option<String>,
    /// What one quotes to the provider's support.
    pub provider_request_id: Option<String>,
    /// Remaining requests of the rate limit.
    pub ratelimit_remaining_requests: Option<i64>,
    /// Remaining tokens of the rate limit.
    pub ratelimit_remaining_tokens: Option<i64>,
    /// Limit of requests.
    pub ratelimit_limit_requests: Option<i64>,
    /// Limit of tokens.
    pub ratelimit_limit_tokens: Option<i64>,
    /// Seconds to wait before another try.
    pub retry_after: Option<u64>,
    /// Cache status of a gateway (`hit`, `miss` …, lower case); a CDN's is none.
    pub cache_status: Option<String>,
    /// Bytes of the body as they passed.
    pub body_bytes: u64,
}

/// A tool call the model made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolCall {
    /// Its id, where the API has one.
    pub id: Option<String>,
    /// The tool's name.
    pub name: Option<String>,
}

/// Token counts and cost (docs/facts.md, “Tokens”). Input includes cached tokens, output includes reasoning.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// All input tokens.
    pub input_tokens: Option<u64>,
    /// All output tokens.
    pub output_tokens: Option<u64>,
    /// Input tokens served from the provider's cache.
    pub cache_read_tokens: Option<u64>,
    /// Input tokens written to the provider's cache.
    pub cache_write_tokens: Option<u64>,
    /// The part of `cache_write_tokens` kept for an hour.
    pub cache_write_1h_tokens: Option<u64>,
    /// Reasoning tokens, a part of the output.
    pub reasoning_tokens: Option<u64>,
    /// Audio tokens, a part of the input.
    pub input_audio_tokens: Option<u64>,
    /// Image tokens, a part of the input.
    pub input_image_tokens: Option<u64>,
    /// Audio tokens, a part of the output.
    pub output_audio_tokens: Option<u64>,
    /// Image tokens, a part of the output.
    pub output_image_tokens: Option<u64>,
    /// USD, where the answer reports it.
    pub cost: Option<f64>,
    /// Whether the counts above are whole.
    pub status: UsageStatus,
}

/// Whether the provider told its usage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UsageStatus {
    /// No usage was seen.
    #[default]
    Missing,
    /// Some counts were seen, but the stream ended before its final ones.
    Partial,
    /// The final counts were seen.
    Reported,
}

impl UsageStatus {
    /// The status as it is emitted.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Partial => "partial",
            Self::Reported => "reported",
        }
    }
}

/// The course of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamFacts {
    /// Messages that hold a JSON document (no `[DONE]`, no comments).
    pub messages: u64,
    /// Messages that carry generated output.
    pub content_events: u64,
    /// Gaps between content events.
    pub gap_count: u64,
    /// Their sum, in nanoseconds.
    pub gap_sum: u64,
    /// The longest, in nanoseconds.
    pub gap_max: u64,
}
