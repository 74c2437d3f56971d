//! Gemini interactions: `POST …/v1beta/interactions`.
//!
//! Specification: <https://ai.google.dev/api/interactions-api>.

use super::{Ends, RequestField, ResponseField, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "gemini_interactions",
    operation: Some(Operation::GenerateContent),
    provider: "gcp.gemini",
    streams_by_default: false,
    request: &[common::PARAMETERS, common::IN_GENERATION_CONFIG_SNAKE, REQUEST],
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
        ("generation_config.thinking_level", Text(ReasoningLevel, 0)),
        ("generation_config.thinking_budget", Number(ThinkingBudget, 0)),
        ("response_mime_type", Output(Format)),
        ("response_format", Output(Schema)),
        ("response_modalities[]", Output(Modality)),
        ("service_tier", Text(ServiceTier, 0)),
        ("previous_interaction_id", Text(PreviousResponseId, 0)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = &[];
