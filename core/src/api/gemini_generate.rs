//! Gemini and Vertex AI: `:generateContent`, `:streamGenerateContent`, `:countTokens`.
//!
//! Specification: <https://ai.google.dev/api/generate-content>.

use super::{Answers, Ends, RequestField, ResponseField, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "gemini_generate",
    operation: Some(Operation::GenerateContent),
    provider: "gcp.gemini",
    streams_by_default: false,
    request: &[common::PARAMETERS, common::IN_GENERATION_CONFIG, common::IN_GENERATION_CONFIG_SNAKE, REQUEST],
    response: &[USAGE, RESPONSE],
    messages: &[],
    ends: Ends::Choices,
    answers: Answers::JsonArray,
    ..Spec::DEFAULT
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

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("responseId", Id(0)),
        ("modelVersion", ModelResource),
        ("promptFeedback.blockReason", Blocked),
        ("candidates[]", Choice),
        ("candidates[].index", ChoiceIndex),
        ("candidates[].finishReason", GoogleFinishReason),
        ("candidates[].content.parts[]", Part),
        ("candidates[].content.parts[].text", PartText),
        ("candidates[].content.parts[].thought", PartThought),
        ("candidates[].content.parts[].inlineData", VISIBLE),
        ("candidates[].content.parts[].executableCode", VISIBLE),
        ("candidates[].content.parts[].functionCall", ToolCall(Each)),
        ("candidates[].content.parts[].functionCall.id", ToolCallId),
        ("candidates[].content.parts[].functionCall.name", ToolCallName),
        ("candidates[].content.parts[].functionCall.partialArgs[]", TOOL_ARGUMENT),
    ]
};

/// The prompt's tokens include cached ones, not those of tool results; the candidates' not those of thoughts.
pub(super) const USAGE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("usageMetadata", Usage),
        ("usageMetadata.promptTokenCount", Count(Input, 0)),
        ("usageMetadata.toolUsePromptTokenCount", Count(InputOfTools, 0)),
        ("usageMetadata.candidatesTokenCount", Count(OutputVisible, 0)),
        ("usageMetadata.thoughtsTokenCount", Count(ReasoningApart, 0)),
        ("usageMetadata.cachedContentTokenCount", Count(CacheRead, 0)),
        ("usageMetadata.serviceTier", ServiceTier),
        ("usageMetadata.pydantic_ai_gateway.cost_estimate", Cost),
        ("usageMetadata.promptTokensDetails[]", ModalityCount(Side::Input)),
        ("usageMetadata.promptTokensDetails[].modality", Modality),
        ("usageMetadata.promptTokensDetails[].tokenCount", ModalityTokens),
        ("usageMetadata.candidatesTokensDetails[]", ModalityCount(Side::Output)),
        ("usageMetadata.candidatesTokensDetails[].modality", Modality),
        ("usageMetadata.candidatesTokensDetails[].tokenCount", ModalityTokens),
    ]
};

/// The name of a finish reason told as a number (`enum-encoding=int`).
///
/// Specification: `FinishReason` of `Candidate` in
/// <https://github.com/googleapis/googleapis/blob/master/google/ai/generativelanguage/v1beta/generative_service.proto>
/// and <https://github.com/googleapis/googleapis/blob/master/google/cloud/aiplatform/v1/content.proto>.
pub(crate) fn finish_reason(number: u32, vertex: bool) -> Option<&'static str> {
    const COMMON: [&str; 6] = ["", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER"];
    const GEMINI: [&str; 8] = [
        "LANGUAGE",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "MALFORMED_FUNCTION_CALL",
        "IMAGE_SAFETY",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
    ];
    const VERTEX: [&str; 5] =
        ["BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL", "MODEL_ARMOR"];
    let further: &[&str] = if vertex { &VERTEX } else { &GEMINI };
    let name = COMMON.iter().chain(further).nth(usize::try_from(number).ok()?)?;
    if name.is_empty() { None } else { Some(name) }
}

/// The name of a modality told as a number.
pub(crate) fn modality(number: u32) -> Option<&'static str> {
    const NAMES: [&str; 6] = ["", "TEXT", "IMAGE", "VIDEO", "AUDIO", "DOCUMENT"];
    NAMES.get(usize::try_from(number).ok()?).copied()
}
