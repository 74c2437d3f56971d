//! Ollama's own chat: `POST /api/chat`.
//!
//! Specification: <https://github.com/ollama/ollama/blob/main/docs/api.md>.

use super::{Ends, RequestField, ResponseField, Signs, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "ollama_chat",
    operation: Some(Operation::Chat),
    provider: "ollama",
    streams_by_default: true,
    request: &[common::PARAMETERS, common::IN_OPTIONS, REQUEST],
    shows: &[Signs::MODEL.and(Signs::TURNS)],
    response: &[RESPONSE],
    messages: &[],
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
        ("format", Output(Schema)),
        ("messages[].role", Turn(Shape::Text)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("model", Model),
        ("message.content", VISIBLE),
        ("message.thinking", REASONING),
        ("message.tool_calls[]", ToolCall(Each)),
        ("message.tool_calls[].id", ToolCallId),
        ("message.tool_calls[].function.name", ToolCallName),
        ("done", Finished),
        ("done_reason", FinishReason),
        // Missing where the whole prompt was cached.
        ("prompt_eval_count", Count(Input, 0)),
        ("eval_count", Count(Output, 0)),
    ]
};
