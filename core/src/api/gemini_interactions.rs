//! Gemini interactions: `POST …/v1beta/interactions`.
//!
//! Specification: <https://ai.google.dev/api/interactions-api>.

use super::{Ends, Kind, RequestField, ResponseField, Signs, Spec, Table, common, common_response};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "gemini_interactions",
    operation: Some(Operation::GenerateContent),
    provider: "gcp.gemini",
    streams_by_default: false,
    request: &[common::PARAMETERS, common::IN_GENERATION_CONFIG_SNAKE, REQUEST],
    shows: &[Signs::MODEL.and(Signs::INPUT)],
    response: &[USAGE, EVENT_USAGE, common_response::INTERACTION_ERROR, RESPONSE],
    messages: MESSAGES,
    ends: Ends::Message,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("stream", Stream),
        ("input", Input(Inputs)),
        ("tools", Tools),
        ("tools[].name", ToolName),
        ("generation_config.thinking_level", Text(ReasoningLevel, 0)),
        ("generation_config.thinking_budget", Number(ThinkingBudget, 0)),
        ("response_mime_type", Output(Format)),
        ("response_format", Output(Schema)),
        ("response_modalities[]", Output(Modality)),
        ("service_tier", Text(ServiceTier, 0)),
        ("previous_interaction_id", Text(PreviousResponseId, 0)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("event_type", Name),
        // An interaction alone. Its status is no finish reason.
        ("id", Id(0)),
        ("model", Model),
        ("status", Status),
        ("service_tier", ServiceTier),
        ("steps[]", ToolCall(OfKind("function_call"))),
        ("steps[].type", ToolCallKind),
        ("steps[].id", ToolCallId),
        ("steps[].name", ToolCallName),
        ("outputs[]", ToolCall(OfKind("function_call"))),
        ("outputs[].type", ToolCallKind),
        ("outputs[].id", ToolCallId),
        ("outputs[].name", ToolCallName),
        // In the events of a stream.
        ("interaction.id", Id(0)),
        ("interaction.model", Model),
        ("interaction.status", Status),
        ("interaction.service_tier", ServiceTier),
        ("step", ToolCall(OfKind("function_call"))),
        ("step.type", ToolCallKind),
        ("step.id", ToolCallId),
        ("step.name", ToolCallName),
        ("delta", ToolCall(OfKind("function_call"))),
        ("delta.type", ToolCallKind),
        ("delta.id", ToolCallId),
        ("delta.name", ToolCallName),
        ("delta.text", VISIBLE),
        ("delta.data", VISIBLE),
        ("delta.content.text", REASONING),
        ("delta.arguments", TOOL_ARGUMENT),
        ("outputs", Hint),
        ("steps", Hint),
        ("interaction", Hint),
    ]
};

/// What the messages of a stream are called, where that matters.
const MESSAGES: &[(&str, Kind)] = &[
    ("interaction.completed", Kind::Final),
    ("interaction.complete", Kind::Final),
    ("interaction.failed", Kind::Final),
    ("interaction.cancelled", Kind::Final),
    ("interaction.requires_action", Kind::Final),
];

macro_rules! usage {
    ($prefix:literal) => {{
        use super::response_field::words::*;
        &[
            (concat!($prefix, "usage.total_input_tokens"), Count(Input, 0)),
            (concat!($prefix, "usage.total_tool_use_tokens"), Count(InputOfTools, 0)),
            (concat!($prefix, "usage.total_output_tokens"), Count(OutputVisible, 0)),
            (concat!($prefix, "usage.total_thought_tokens"), Count(ReasoningApart, 0)),
            (concat!($prefix, "usage.total_cached_tokens"), Count(CacheRead, 0)),
        ]
    }};
}

const USAGE: Table<ResponseField> = usage!("");
const EVENT_USAGE: Table<ResponseField> = usage!("interaction.");
