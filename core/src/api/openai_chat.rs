//! OpenAI chat completions and its relatives: `POST …/chat/completions`.
//!
//! Specification: <https://platform.openai.com/docs/api-reference/chat>.

use super::{Ends, ErrorWord, RequestField, ResponseField, Signs, Spec, Table, common, common_response};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "openai_chat",
    operation: Some(Operation::Chat),
    provider: "openai",
    streams_by_default: false,
    request: &[common::PARAMETERS, common::REASONING, REQUEST],
    shows: &[Signs::TURNS],
    response: &[
        common_response::OPENAI_USAGE,
        common_response::GROQ_USAGE,
        common_response::GROQ_ERROR,
        common_response::CHAT_CHOICES,
        common_response::CHOICE_USAGE,
        common_response::CHOICE_ERROR,
        RESPONSE,
    ],
    messages: &[],
    ends: Ends::Choices,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("stream", Stream),
        ("stream_options.include_usage", StreamUsage),
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
        ("messages[].role", Turn(Shape::Text)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("id", Id(0)),
        ("model", Model),
        ("service_tier", ServiceTier),
        ("system_fingerprint", SystemFingerprint),
        ("provider", UpstreamProvider),
        // vLLM, SGLang: an error without an `error`.
        ("message", OuterErrorMessage),
        ("type", OuterErrorWord(ErrorWord::Type)),
        // A token count.
        ("input_tokens", Hint),
    ]
};
