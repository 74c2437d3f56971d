//! Snowflake Cortex: `POST …/api/v2/cortex/inference:complete`.
//!
//! Specification: <https://docs.snowflake.com/en/user-guide/snowflake-cortex/cortex-rest-api>.

use super::{Ends, RequestField, ResponseField, Signs, Spec, Table, common, common_response};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "snowflake_complete",
    operation: Some(Operation::Chat),
    provider: "snowflake",
    request: &[common::PARAMETERS, REQUEST],
    shows: &[Signs::MODEL.and(Signs::TURNS)],
    response: &[common_response::OPENAI_USAGE, common_response::CHAT_CHOICES, RESPONSE],
    messages: &[],
    // Its finish reasons come with some models only.
    ends: Ends::Unmarked,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("stream", Stream),
        ("messages", Input(Messages)),
        ("tools", Tools),
        ("tools[].tool_spec.name", ToolName),
        ("response_format.type", Output(Format)),
        ("messages[].role", Turn(Shape::Text)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("id", Id(0)),
        ("model", Model),
        ("choices[].message.content_list[].tool_use", ToolCall(Each)),
        ("choices[].message.content_list[].tool_use.tool_use_id", ToolCallId),
        ("choices[].message.content_list[].tool_use.name", ToolCallName),
        // In a stream.
        ("choices[].delta", ToolCall(OfKind("tool_use"))),
        ("choices[].delta.type", ToolCallKind),
        ("choices[].delta.tool_use_id", ToolCallId),
        ("choices[].delta.name", ToolCallName),
        ("choices[].delta.input", TOOL_ARGUMENT),
    ]
};
