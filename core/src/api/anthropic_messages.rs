//! Anthropic messages, on whatever host: `POST …/v1/messages`, `:rawPredict`; also the token count.
//!
//! Specification: <https://docs.anthropic.com/en/api/messages>.

use super::{Ends, Kind, RequestField, ResponseField, Signs, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "anthropic_messages",
    operation: Some(Operation::Chat),
    provider: "anthropic",
    streams_by_default: false,
    request: &[common::PARAMETERS, common::REASONING, REQUEST],
    shows: &[Signs::TURNS],
    response: &[USAGE, START_USAGE, RESPONSE],
    messages: MESSAGES,
    ends: Ends::Message,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("stream", Stream),
        ("messages", Input(Messages)),
        ("tools", Tools),
        ("tools[].name", ToolName),
        ("output_config.format.type", Output(Format)),
        ("output_format.type", Output(Format)),
        ("service_tier", Text(ServiceTier, 0)),
        ("messages[].role", Turn(Shape::Text)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("type", Name),
        // An answer alone.
        ("id", Id(0)),
        ("model", Model),
        ("stop_reason", FinishReason),
        ("content[]", ToolCall(OfKind("tool_use"))),
        ("content[].type", ToolCallKind),
        ("content[].id", ToolCallId),
        ("content[].name", ToolCallName),
        // `message_start`
        ("message.id", Id(0)),
        ("message.model", Model),
        // `content_block_start`; a block may begin with output.
        ("content_block", ToolCall(OfKind("tool_use"))),
        ("content_block.type", ToolCallKind),
        ("content_block.id", ToolCallId),
        ("content_block.name", ToolCallName),
        ("content_block.text", VISIBLE),
        ("content_block.thinking", REASONING),
        // `redacted_thinking`
        ("content_block.data", REASONING),
        // `content_block_delta`
        ("delta.text", VISIBLE),
        ("delta.thinking", REASONING),
        ("delta.partial_json", TOOL_ARGUMENT),
        // `message_delta`
        ("delta.stop_reason", FinishReason),
        ("content", Hint),
        // A token count.
        ("input_tokens", Hint),
    ]
};

/// What the events of a stream are called, where that matters.
pub(super) const MESSAGES: &[(&str, Kind)] = &[("message_stop", Kind::Final)];

/// Input does not include what was cached. The counts of `message_delta` are cumulative and replace those of
/// `message_start`, of which the output's is provisional.
macro_rules! usage {
    ($prefix:literal) => {{
        use super::response_field::words::*;
        &[
            (concat!($prefix, "usage.input_tokens"), Count(InputUncached, 0)),
            (concat!($prefix, "usage.output_tokens"), Count(Output, 0)),
            (concat!($prefix, "usage.cache_read_input_tokens"), Count(CacheRead, 0)),
            (concat!($prefix, "usage.cache_creation_input_tokens"), Count(CacheWrite, 0)),
            (concat!($prefix, "usage.cache_creation.*"), Sum(CacheWriteOther, 0)),
            (concat!($prefix, "usage.cache_creation.ephemeral_1h_input_tokens"), Count(CacheWriteHour, 0)),
            (concat!($prefix, "usage.output_tokens_details.thinking_tokens"), Count(Reasoning, 0)),
            (concat!($prefix, "usage.service_tier"), ServiceTier),
            // OpenRouter, xAI, Pydantic's gateway.
            (concat!($prefix, "usage.cost"), Cost),
            (concat!($prefix, "usage.cost_in_usd_ticks"), CostTicks),
            (concat!($prefix, "usage.pydantic_ai_gateway.cost_estimate"), Cost),
        ]
    }};
}

pub(super) const USAGE: Table<ResponseField> = usage!("");
pub(super) const START_USAGE: Table<ResponseField> = usage!("message.");
