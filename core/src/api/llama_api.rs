//! Meta's Llama API in its own form: `POST https://api.llama.com/v1/chat/completions`.
//!
//! Specification: <https://llama.developer.meta.com/docs/api/chat/>.

use super::{Count, Ends, ResponseField, Signs, Spec, Table, common, openai_chat};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "llama_api",
    operation: Some(Operation::Chat),
    provider: "meta_llama",
    request: &[common::PARAMETERS, openai_chat::REQUEST],
    shows: &[Signs::TURNS],
    response: &[METRICS, EVENT_METRICS, RESPONSE],
    messages: &[],
    ends: Ends::Choices,
    ..Spec::DEFAULT
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("id", Id(0)),
        ("completion_message.stop_reason", FinishReason),
        ("completion_message.tool_calls[]", ToolCall(Each)),
        ("completion_message.tool_calls[].id", ToolCallId),
        ("completion_message.tool_calls[].function.name", ToolCallName),
        // In a stream, whose counts come after its choice has ended.
        ("event.metrics", Usage),
        ("event.stop_reason", FinishReason),
        ("event.delta.text", VISIBLE),
        ("event.delta.reasoning", REASONING),
        ("event.delta", ToolCall(OfKind("tool_call"))),
        ("event.delta.type", ToolCallKind),
        ("event.delta.id", ToolCallId),
        ("event.delta.function.name", ToolCallName),
        ("event.delta.function.arguments", TOOL_ARGUMENT),
    ]
};

/// The counts are a list of names and values.
macro_rules! metrics {
    ($prefix:literal) => {{
        use super::response_field::words::*;
        &[
            (concat!($prefix, "metrics[]"), NamedCount),
            (concat!($prefix, "metrics[].metric"), CountName(COUNTS)),
            (concat!($prefix, "metrics[].value"), CountValue),
        ]
    }};
}

const METRICS: Table<ResponseField> = metrics!("");
const EVENT_METRICS: Table<ResponseField> = metrics!("event.");

const COUNTS: &[(&str, Count)] =
    &[("num_prompt_tokens", Count::Input), ("num_completion_tokens", Count::Output)];
