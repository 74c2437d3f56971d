//! What was answered, and what it counts for.

use crate::cost::Cost;

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
    /// Characters of the text that was generated, in all choices; only where a vocabulary tells it.
    pub text_characters: Option<u64>,
    /// Bytes of the body as they passed.
    pub body_bytes: u64,
}

impl Response {
    /// Whether a gateway answered from its cache, and asked no provider.
    #[must_use]
    pub fn is_from_cache(&self) -> bool {
        self.cache_status.as_deref().is_some_and(|status| status.contains("hit"))
    }
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
    /// Text tokens, a part of the input.
    pub input_text_tokens: Option<u64>,
    /// Text tokens, a part of the output.
    pub output_text_tokens: Option<u64>,
    /// Text tokens, a part of those from the cache.
    pub cache_read_text_tokens: Option<u64>,
    /// Audio tokens, a part of those from the cache.
    pub cache_read_audio_tokens: Option<u64>,
    /// Image tokens, a part of those from the cache.
    pub cache_read_image_tokens: Option<u64>,
    /// What the call costs: as the answer reports it, else by configured prices.
    pub cost: Option<Cost>,
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
    /// The shortest, in nanoseconds; 0 where there are none.
    pub gap_min: u64,
    /// The longest, in nanoseconds.
    pub gap_max: u64,
    /// How many were up to 10 ms, up to 20 ms, and so on, each bound twice the one before; the last counts those
    /// above [`GAP_BOUNDS`].
    pub gap_buckets: [u32; GAP_BOUNDS + 1],
}

impl StreamFacts {
    /// Counts a gap of so many nanoseconds. This runs for each event of a stream, so the bucket is computed: the
    /// one that `gap` belongs to is the base-2 logarithm, rounded up, of its tens of milliseconds.
    pub(crate) fn add_gap(&mut self, gap: u64) {
        self.gap_min = if self.gap_count == 0 { gap } else { self.gap_min.min(gap) };
        self.gap_max = self.gap_max.max(gap);
        self.gap_sum = self.gap_sum.saturating_add(gap);
        self.gap_count = self.gap_count.saturating_add(1);
        let whole_before = gap.saturating_sub(1) / FIRST_GAP_BOUND;
        let bucket = u64::BITS.saturating_sub(whole_before.leading_zeros()) as usize;
        if let Some(count) = self.gap_buckets.get_mut(bucket.min(GAP_BOUNDS)) {
            *count = count.saturating_add(1);
        }
    }
}

/// Bounds of the distribution of gaps: 10 ms · 2^k, for k from 0 on. They are those that the GenAI conventions
/// advise for durations.
pub const GAP_BOUNDS: usize = 14;
/// In nanoseconds.
const FIRST_GAP_BOUND: u64 = 10_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_gap_counts_below_the_least_bound_that_it_does_not_exceed() {
        for (gap, bucket) in [
            (0, 0),
            (1, 0),
            (10 * MS, 0),
            (10 * MS + 1, 1),
            (20 * MS, 1),
            (20 * MS + 1, 2),
            (40 * MS, 2),
            (1_280 * MS, 7),
            (1_280 * MS + 1, 8),
            (81_920 * MS, 13),
            (81_920 * MS + 1, 14),
            (u64::MAX, 14),
        ] {
            let mut stream = StreamFacts::default();
            stream.add_gap(gap);
            let mut expected = [0; 15];
            expected[bucket] = 1;
            assert_eq!(stream.gap_buckets, expected, "{gap}");
        }
    }

    #[test]
    fn gaps_are_summed_up() {
        let mut stream = StreamFacts::default();
        for gap in [30 * MS, 5 * MS, 35 * MS] {
            stream.add_gap(gap);
        }
        assert_eq!((stream.gap_count, stream.gap_sum), (3, 70 * MS));
        assert_eq!((stream.gap_min, stream.gap_max), (5 * MS, 35 * MS));
        assert_eq!(stream.gap_buckets[..4], [1, 0, 2, 0]);
    }
}
