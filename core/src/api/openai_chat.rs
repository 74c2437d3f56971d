//! OpenAI chat completions and its relatives: `POST …/chat/completions`.
//!
//! Specification: <https://platform.openai.com/docs/api-reference/chat>.

use super::{Ends, RequestField, ResponseField, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "openai_chat",
    operation: Some(Operation::Chat),
    provider: "openai",
    streams_by_default: false,
    request: &[common::PARAMETERS, common::REASONING, REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Choices,
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("stream", Stream),
        ("messages", Input(Messages)),
        ("tools", Tools),
        ("tools[].function.name", ToolName),
        ("tools[].custom.name", ToolName),
        ("response_format.type", Output(Format)),
        ("modalities[]", Output(Modality)),
        ("service_tier", Text(ServiceTier, 0)),
        // OpenRouter; LiteLLM.
        ("session_id", Text(SessionId, 0)),
        ("litellm_session_id", Text(SessionId, 1)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = &[];
