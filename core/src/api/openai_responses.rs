//! OpenAI responses: `POST …/responses`, also its compaction and its token count.
//!
//! Specification: <https://platform.openai.com/docs/api-reference/responses>.

use super::{Ends, RequestField, ResponseField, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "openai_responses",
    operation: Some(Operation::Chat),
    provider: "openai",
    streams_by_default: false,
    request: &[common::PARAMETERS, common::REASONING, REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Message,
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("stream", Stream),
        ("input", Input(RequestInput)),
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

pub(super) const RESPONSE: Table<ResponseField> = &[];
