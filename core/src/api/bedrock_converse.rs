//! Bedrock Converse: `POST /model/{id}/converse`, `converse-stream`; also the token count.
//!
//! Specification: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>.

use super::{Ends, Kind, RequestField, ResponseField, Signs, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "bedrock_converse",
    operation: Some(Operation::Chat),
    provider: "aws.bedrock",
    streams_by_default: false,
    request: &[
        common::PARAMETERS,
        common::IN_INFERENCE_CONFIG,
        common::IN_ADDITIONAL_FIELDS,
        common::ADDITIONAL_REASONING,
        REQUEST,
    ],
    shows: &[Signs::TURNS],
    response: &[USAGE, RESPONSE],
    messages: &[("metadata", Kind::Final)],
    ends: Ends::Message,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("messages", Input(Messages)),
        // A token count wraps the request.
        ("input.converse.messages", Input(Messages)),
        ("additionalModelRequestFields.inferenceConfig.topK", Number(TopK, 48)),
        ("toolConfig.tools", Tools),
        ("toolConfig.tools[].toolSpec.name", ToolName),
        ("outputConfig.textFormat.type", Output(Format)),
        ("serviceTier.type", Text(ServiceTier, 0)),
        ("guardrailConfig.guardrailIdentifier", Text(GuardrailId, 0)),
        ("messages[].role", Turn(Shape::Text)),
        ("input.converse.messages[].role", Turn(Shape::Text)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        // An answer alone.
        ("stopReason", FinishReason),
        ("serviceTier.type", ServiceTier),
        ("output.message.content[].toolUse", ToolCall(ToolUse)),
        ("output.message.content[].toolUse.type", ToolCallKind),
        ("output.message.content[].toolUse.toolUseId", ToolCallId),
        ("output.message.content[].toolUse.name", ToolCallName),
        // `contentBlockStart`
        ("start.toolUse", ToolCall(ToolUse)),
        ("start.toolUse.type", ToolCallKind),
        ("start.toolUse.toolUseId", ToolCallId),
        ("start.toolUse.name", ToolCallName),
        // `contentBlockDelta`
        ("delta.text", VISIBLE),
        ("delta.image", VISIBLE),
        ("delta.reasoningContent.text", REASONING),
        ("delta.reasoningContent.redactedContent", REASONING),
        ("delta.toolUse.input", TOOL_ARGUMENT),
        ("output.message", Hint),
        // A token count.
        ("inputTokens", Hint),
    ]
};

/// Input does not include what was cached.
macro_rules! usage {
    ($prefix:literal) => {{
        use super::response_field::words::*;
        &[
            (concat!($prefix, "usage.inputTokens"), Count(InputUncached, 0)),
            (concat!($prefix, "usage.outputTokens"), Count(Output, 0)),
            (concat!($prefix, "usage.cacheReadInputTokens"), Count(CacheRead, 0)),
            (concat!($prefix, "usage.cacheReadInputTokenCount"), Count(CacheRead, 1)),
            (concat!($prefix, "usage.cacheWriteInputTokens"), Count(CacheWrite, 0)),
            (concat!($prefix, "usage.cacheWriteInputTokenCount"), Count(CacheWrite, 1)),
            (concat!($prefix, "usage.pydantic_ai_gateway.cost_estimate"), Cost),
            (concat!($prefix, "usage.cacheDetails[]"), CacheWriteEntry),
            (concat!($prefix, "usage.cacheDetails[].ttl"), CacheWriteTtl),
            (concat!($prefix, "usage.cacheDetails[].inputTokens"), CacheWriteTokens),
        ]
    }};
}

pub(super) const USAGE: Table<ResponseField> = usage!("");
/// In the `metadata` of Nova's own streams.
pub(super) const METADATA_USAGE: Table<ResponseField> = usage!("metadata.");
