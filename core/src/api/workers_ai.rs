//! Cloudflare Workers AI's own run: `POST …/ai/run/@cf/{vendor}/{model}`.
//!
//! Specification: <https://developers.cloudflare.com/workers-ai/>.

use super::{Answers, Ends, RequestField, ResponseField, Signs, Spec, Table, common, common_response};

pub(super) const SPEC: Spec = Spec {
    name: "workers_ai",
    operation: None,
    provider: "cloudflare",
    streams_by_default: false,
    request: &[common::PARAMETERS, REQUEST],
    shows: &[Signs::MODEL.and(Signs::TURNS), Signs::MODEL.and(Signs::PROMPT), Signs::MODEL.and(Signs::TEXTS)],
    response: &[
        common_response::OPENAI_USAGE,
        common_response::RESULT_USAGE,
        common_response::CHAT_CHOICES,
        common_response::RESULT_CHAT_CHOICES,
        RESPONSE,
    ],
    messages: &[],
    ends: Ends::Choices,
    answers: Answers::Any,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("stream", Stream),
        ("messages", Input(Messages)),
        ("prompt", Input(Prompt)),
        ("text", Input(Texts)),
        ("tools", Tools),
        ("tools[].name", ToolName),
        ("tools[].function.name", ToolName),
        ("response_format.type", Output(Format)),
        ("messages[].role", Turn(Shape::Text)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        // An answer alone is wrapped in `result`.
        ("result.id", Id(0)),
        ("result.model", Model),
        ("result.tool_calls[]", ToolCall(Each)),
        ("result.tool_calls[].id", ToolCallId),
        ("result.tool_calls[].name", ToolCallName),
        ("result.tool_calls[].function.name", ToolCallName),
        // In a stream.
        ("id", Id(0)),
        ("model", Model),
        ("response", VISIBLE),
        ("tool_calls[]", ToolCall(Each)),
        ("tool_calls[].id", ToolCallId),
        ("tool_calls[].name", ToolCallName),
        ("tool_calls[].function.name", ToolCallName),
        ("result", Hint),
    ]
};
