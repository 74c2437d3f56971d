//! Cohere v2 chat: `POST …/v2/chat`.
//!
//! Specification: <https://docs.cohere.com/reference/chat>.

use super::{Ends, Kind, RequestField, ResponseField, Signs, Spec, Table, common, common_response};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "cohere_chat",
    operation: Some(Operation::Chat),
    provider: "cohere",
    streams_by_default: false,
    request: &[common::PARAMETERS, common::REASONING, REQUEST],
    shows: &[Signs::MODEL.and(Signs::TURNS)],
    response: &[
        common_response::COHERE_USAGE,
        common_response::COHERE_DELTA_USAGE,
        common_response::DELTA_ERROR,
        RESPONSE,
    ],
    messages: &[("message-end", Kind::Final)],
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
        ("tools[].function.name", ToolName),
        ("p", Number(TopP, 2)),
        ("k", Number(TopK, 2)),
        ("response_format.type", Output(Format)),
        ("messages[].role", Turn(Shape::Text)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("type", Name),
        // `message-start` has an id, too. No answer names its model.
        ("id", Id(0)),
        ("finish_reason", FinishReason),
        ("message.tool_calls[]", ToolCall(Each)),
        ("message.tool_calls[].id", ToolCallId),
        ("message.tool_calls[].function.name", ToolCallName),
        // `content-delta`
        ("delta.message.content.text", VISIBLE),
        ("delta.message.content.thinking", REASONING),
        // `tool-plan-delta`
        ("delta.message.tool_plan", REASONING),
        // `tool-call-start`, `tool-call-delta`
        ("delta.message.tool_calls", ToolCall(Each)),
        ("delta.message.tool_calls.id", ToolCallId),
        ("delta.message.tool_calls.function.name", ToolCallName),
        ("delta.message.tool_calls.function.arguments", TOOL_ARGUMENT),
        // `message-end`
        ("delta.finish_reason", FinishReason),
        ("message", Hint),
        ("delta.message.role", Hint),
    ]
};
