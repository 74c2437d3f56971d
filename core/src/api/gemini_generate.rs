//! Gemini and Vertex AI: `:generateContent`, `:streamGenerateContent`, `:countTokens`.
//!
//! Specification: <https://ai.google.dev/api/generate-content>.

use super::{Ends, RequestField, ResponseField, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "gemini_generate",
    operation: Some(Operation::GenerateContent),
    provider: "gcp.gemini",
    streams_by_default: false,
    request: &[common::PARAMETERS, common::IN_GENERATION_CONFIG, common::IN_GENERATION_CONFIG_SNAKE, REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Choices,
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("contents", Input(Contents)),
        // A token count may wrap the whole request.
        ("generateContentRequest.contents", Input(Contents)),
        ("tools", Tools),
        ("tools[].functionDeclarations[].name", ToolName),
        ("tools[].function_declarations[].name", ToolName),
        ("generationConfig.thinkingConfig.thinkingLevel", Text(ReasoningLevel, 0)),
        ("generationConfig.thinkingConfig.thinkingBudget", Number(ThinkingBudget, 0)),
        ("generation_config.thinking_config.thinking_level", Text(ReasoningLevel, 1)),
        ("generation_config.thinking_config.thinking_budget", Number(ThinkingBudget, 1)),
        ("generationConfig.responseMimeType", Output(Format)),
        ("generation_config.response_mime_type", Output(Format)),
        ("generationConfig.responseModalities[]", Output(Modality)),
        ("generation_config.response_modalities[]", Output(Modality)),
        ("serviceTier", Text(ServiceTier, 0)),
        ("service_tier", Text(ServiceTier, 1)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = &[];
