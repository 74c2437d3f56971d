//! Cohere v1 chat: `POST …/v1/chat`.
//!
//! Specification: <https://docs.cohere.com/v1/reference/chat>.

use super::{Ends, Kind, RequestField, ResponseField, Signs, Spec, Table, common, common_response};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "cohere_chat_v1",
    operation: Some(Operation::Chat),
    provider: "cohere",
    streams_by_default: false,
    request: &[common::PARAMETERS, REQUEST],
    shows: &[Signs::MODEL.and(Signs::MESSAGE), Signs::HISTORY.and(Signs::MESSAGE)],
    response: &[common_response::COHERE_META, common_response::COHERE_RESPONSE_META, RESPONSE],
    messages: &[("stream-end", Kind::Final)],
    ends: Ends::Message,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("stream", Stream),
        ("message", Input(Message)),
        ("chat_history", Input(History)),
        ("tools", Tools),
        ("tools[].name", ToolName),
        ("p", Number(TopP, 2)),
        ("k", Number(TopK, 2)),
        ("response_format.type", Output(Format)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("event_type", Name),
        ("response_id", Id(0)),
        ("generation_id", Id(1)),
        ("finish_reason", FinishReason),
        ("tool_calls[]", ToolCall(Each)),
        ("tool_calls[].name", ToolCallName),
        ("text", VISIBLE),
        ("tool_call_delta.name", TOOL_ARGUMENT),
        ("tool_call_delta.parameters", TOOL_ARGUMENT),
        ("is_finished", Finished),
        // `stream-end` repeats the whole answer.
        ("response.response_id", Id(0)),
        ("response.generation_id", Id(1)),
        ("response.finish_reason", FinishReason),
        ("response.tool_calls[]", ToolCall(Summary)),
        ("response.tool_calls[].name", ToolCallName),
    ]
};
