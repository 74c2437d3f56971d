//! Mistral conversations: `POST …/v1/conversations`, `…/conversations/{id}`, `…/conversations/{id}/restart`.
//!
//! Specification: <https://docs.mistral.ai/api/#tag/beta.conversations>.

use super::{Ends, Kind, RequestField, ResponseField, Signs, Spec, Table, common_response};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "mistral_conversations",
    operation: Some(Operation::Chat),
    provider: "mistral_ai",
    request: &[REQUEST],
    shows: &[Signs::MODEL.and(Signs::INPUT)],
    response: &[common_response::OPENAI_USAGE, RESPONSE],
    messages: MESSAGES,
    ends: Ends::Message,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("stream", Stream),
        ("inputs", Input(Inputs)),
        ("tools", Tools),
        ("tools[].function.name", ToolName),
        ("completion_args.temperature", Number(Temperature, 0)),
        ("completion_args.top_p", Number(TopP, 0)),
        ("completion_args.max_tokens", Number(MaxTokens, 0)),
        ("completion_args.random_seed", Number(Seed, 0)),
        ("completion_args.presence_penalty", Number(PresencePenalty, 0)),
        ("completion_args.frequency_penalty", Number(FrequencyPenalty, 0)),
        ("completion_args.stop", Stop(0)),
        ("completion_args.stop[]", Stop(0)),
        ("completion_args.response_format.type", Output(Format)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("conversation_id", ConversationId),
        // An answer alone. An entry has an id, a response none.
        ("outputs[]", ToolCall(OfKind("function.call"))),
        ("outputs[].type", ToolCallKind),
        ("outputs[].tool_call_id", ToolCallId),
        ("outputs[].name", ToolCallName),
        ("outputs[].model", Model),
        // An event of a stream, whose name is its kind.
        ("", ToolCall(OfKind("function.call.delta"))),
        ("type", ToolCallKind),
        ("tool_call_id", ToolCallId),
        ("name", ToolCallName),
        ("arguments", TOOL_ARGUMENT),
        ("model", Model),
        ("content", VISIBLE),
        ("outputs", Hint),
    ]
};

/// What the messages of a stream are called, where that matters.
const MESSAGES: &[(&str, Kind)] =
    &[("conversation.response.done", Kind::Final), ("conversation.response.error", Kind::Error)];
