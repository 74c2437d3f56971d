//! OpenAI responses: `POST …/responses`, also its compaction and its token count.
//!
//! Specification: <https://platform.openai.com/docs/api-reference/responses>.

use super::{Content, Ends, Kind, RequestField, ResponseField, Signs, Spec, Table, common, common_response};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "openai_responses",
    operation: Some(Operation::Chat),
    provider: "openai",
    streams_by_default: false,
    request: &[common::PARAMETERS, common::REASONING, REQUEST],
    shows: &[
        Signs::MODEL.and(Signs::INPUT),
        Signs::MODEL.and(Signs::REFERENCE),
        Signs::REFERENCE.and(Signs::INPUT),
    ],
    response: &[
        common_response::OPENAI_USAGE_NEW,
        common_response::RESPONSE_USAGE,
        ALONE,
        IN_EVENT,
        common_response::RESPONSE_ERROR,
        RESPONSE,
    ],
    messages: MESSAGES,
    ends: Ends::Message,
    finish_reason: Some(finish_reason),
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
        ("text.format.type", Output(Format)),
        ("service_tier", Text(ServiceTier, 0)),
        ("conversation", Text(ConversationId, 0)),
        ("conversation.id", Text(ConversationId, 1)),
        ("previous_response_id", Text(PreviousResponseId, 0)),
        ("prompt.id", Text(PromptName, 0)),
        ("prompt.version", Text(PromptVersion, 0)),
        ("session_id", Text(SessionId, 0)),
        ("litellm_session_id", Text(SessionId, 1)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("type", Name),
        ("delta", Delta),
        // `response.image_generation_call.partial_image`
        ("partial_image_b64", VISIBLE),
        ("item", ToolCall(Item)),
        ("item.type", ToolCallKind),
        ("item.call_id", ToolCallId),
        ("item.name", ToolCallName),
        ("output", Hint),
        ("response", Hint),
        // A token count.
        ("input_tokens", Hint),
    ]
};

/// What the messages of a stream are called, where that matters.
const MESSAGES: &[(&str, Kind)] = &[
    ("response.output_text.delta", Kind::Delta(Content::Visible)),
    ("response.function_call_arguments.delta", Kind::Delta(Content::ToolArgument)),
    ("response.reasoning_summary_text.delta", Kind::Delta(Content::Reasoning)),
    ("response.reasoning_text.delta", Kind::Delta(Content::Reasoning)),
    ("response.custom_tool_call_input.delta", Kind::Delta(Content::ToolArgument)),
    ("response.mcp_call_arguments.delta", Kind::Delta(Content::ToolArgument)),
    ("response.code_interpreter_call_code.delta", Kind::Delta(Content::ToolArgument)),
    ("response.shell_call_command.delta", Kind::Delta(Content::ToolArgument)),
    ("response.apply_patch_call_operation_diff.delta", Kind::Delta(Content::ToolArgument)),
    ("response.refusal.delta", Kind::Delta(Content::Visible)),
    ("response.audio.delta", Kind::Delta(Content::Visible)),
    ("response.audio.transcript.delta", Kind::Delta(Content::Visible)),
    ("response.completed", Kind::Final),
    ("response.incomplete", Kind::Final),
    ("response.failed", Kind::Final),
];

/// A response's members, alone or in an event of a stream.
macro_rules! response {
    ($prefix:literal) => {{
        use super::response_field::words::*;
        &[
            (concat!($prefix, "id"), Id(0)),
            (concat!($prefix, "model"), Model),
            (concat!($prefix, "service_tier"), ServiceTier),
            (concat!($prefix, "system_fingerprint"), SystemFingerprint),
            (concat!($prefix, "provider"), UpstreamProvider),
            (concat!($prefix, "conversation.id"), ConversationId),
            (concat!($prefix, "previous_response_id"), PreviousResponseId),
            (concat!($prefix, "status"), Status),
            (concat!($prefix, "incomplete_details.reason"), IncompleteReason),
            (concat!($prefix, "output[]"), ToolCall(Item)),
            (concat!($prefix, "output[].type"), ToolCallKind),
            (concat!($prefix, "output[].call_id"), ToolCallId),
            (concat!($prefix, "output[].name"), ToolCallName),
        ]
    }};
}

const ALONE: Table<ResponseField> = response!("");
const IN_EVENT: Table<ResponseField> = response!("response.");

/// The finish reason that chat completions would have given.
fn finish_reason<'a>(status: &str, incomplete_reason: Option<&'a str>, calls_tools: bool) -> Option<&'a str> {
    match status {
        "completed" if calls_tools => Some("tool_calls"),
        "completed" => Some("stop"),
        "incomplete" => match incomplete_reason {
            Some("max_output_tokens") => Some("length"),
            reason => reason,
        },
        "failed" | "cancelled" => Some("error"),
        _ => None,
    }
}
