//! The few facts of a call that a proxy's own logs and spans are told, as short texts.

use super::Call;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brief {
    /// Who answered.
    Provider,
    /// What was asked for.
    Operation,
    /// The model that answered, else the one that was asked for.
    Model,
    /// The model that was asked for.
    RequestModel,
    /// All input tokens.
    InputTokens,
    /// All output tokens.
    OutputTokens,
    /// Both together.
    TotalTokens,
    /// What the call cost, in USD.
    CostUsd,
    /// How the exchange ended.
    Outcome,
    /// What went wrong, if anything did.
    ErrorType,
    /// Milliseconds until a stream's first content.
    TimeToFirstTokenMs,
}

impl Brief {
    /// Every one of them.
    pub const ALL: &[Self] = &[
        Self::Provider,
        Self::Operation,
        Self::Model,
        Self::RequestModel,
        Self::InputTokens,
        Self::OutputTokens,
        Self::TotalTokens,
        Self::CostUsd,
        Self::Outcome,
        Self::ErrorType,
        Self::TimeToFirstTokenMs,
    ];

    /// Its name as filter state of Envoy's, which knows it as `wasm.` and this.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Provider => "inferspan.provider",
            Self::Operation => "inferspan.operation",
            Self::Model => "inferspan.model",
            Self::RequestModel => "inferspan.request_model",
            Self::InputTokens => "inferspan.input_tokens",
            Self::OutputTokens => "inferspan.output_tokens",
            Self::TotalTokens => "inferspan.total_tokens",
            Self::CostUsd => "inferspan.cost_usd",
            Self::Outcome => "inferspan.outcome",
            Self::ErrorType => "inferspan.error_type",
            Self::TimeToFirstTokenMs => "inferspan.time_to_first_token_ms",
        }
    }

    /// What is known of it. A text is cut at 256 bytes.
    #[must_use]
    pub fn of(self, call: &Call) -> Option<String> {
        let Call { request, response, usage, timing, .. } = call;
        let text = |text: &str| {
            let end = text.floor_char_boundary(MAX_LENGTH);
            text.get(..end).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let count = |count: Option<u64>| count.map(|count| count.to_string());
        match self {
            Self::Provider => text(&call.provider),
            Self::Operation => text(call.operation.name()),
            Self::Model => text(response.model.as_deref().or(request.model.as_deref())?),
            Self::RequestModel => text(request.model.as_deref()?),
            Self::InputTokens => count(usage.input_tokens),
            Self::OutputTokens => count(usage.output_tokens),
            Self::TotalTokens => match (usage.input_tokens, usage.output_tokens) {
                (None, None) => None,
                (input, output) => {
                    count(Some(input.unwrap_or_default().saturating_add(output.unwrap_or_default())))
                }
            },
            Self::CostUsd => usage.cost.map(|cost| cost.usd.to_string()),
            Self::Outcome => text(call.outcome.name()),
            Self::ErrorType => text(&call.error.as_ref()?.kind),
            Self::TimeToFirstTokenMs => {
                call.stream?;
                count(Some(timing.first_token?.since(timing.start) / 1_000_000))
            }
        }
    }
}

/// Bytes of a text at most.
const MAX_LENGTH: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{ErrorFacts, Outcome, StreamFacts};
    use crate::cost::Cost;
    use crate::signal::testing::bare_call;
    use crate::time::UnixNanos;

    fn all(call: &Call) -> Vec<String> {
        let known = Brief::ALL.iter().filter_map(|brief| Some((brief.name(), brief.of(call)?)));
        known.map(|(name, text)| format!("{name}={text}")).collect()
    }

    #[test]
    fn tells_what_is_known() {
        let mut call = bare_call();
        assert_eq!(
            all(&call),
            ["inferspan.provider=openai", "inferspan.operation=chat", "inferspan.outcome=completed"]
        );
        call.request.model = Some("auto".into());
        call.usage.input_tokens = Some(148);
        call.usage.output_tokens = Some(97);
        call.usage.cost = Some(Cost::reported(0.000_000_25));
        call.outcome = Outcome::Error;
        call.error = Some(ErrorFacts { kind: "429".into(), code: Some("slow_down".into()) });
        call.stream = Some(StreamFacts::default());
        call.timing.first_token = Some(UnixNanos(call.timing.start.0 + 1_250_999_999));
        assert_eq!(
            all(&call),
            [
                "inferspan.provider=openai",
                "inferspan.operation=chat",
                "inferspan.model=auto",
                "inferspan.request_model=auto",
                "inferspan.input_tokens=148",
                "inferspan.output_tokens=97",
                "inferspan.total_tokens=245",
                "inferspan.cost_usd=0.00000025",
                "inferspan.outcome=error",
                "inferspan.error_type=429",
                "inferspan.time_to_first_token_ms=1250",
            ]
        );
        call.response.model = Some(format!("{}\u{f6}", "m".repeat(255)));
        assert_eq!(Brief::Model.of(&call).unwrap(), "m".repeat(255), "cut, and at no part of a character");
    }
}
