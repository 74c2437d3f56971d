//! Gemini and Vertex AI: `:generateContent`, `:streamGenerateContent`, `:countTokens`.
//!
//! Specification: <https://ai.google.dev/api/generate-content>.

use super::{Answers, Ends, RequestField, ResponseField, Signs, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "gemini_generate",
    operation: Some(Operation::GenerateContent),
    provider: "gcp.gemini",
    streams_by_default: false,
    request: &[common::PARAMETERS, common::IN_GENERATION_CONFIG, common::IN_GENERATION_CONFIG_SNAKE, REQUEST],
    shows: &[Signs::TURNS],
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
        ("contents[].parts", Turn(Shape::List)),
        ("contents.parts", Turn(Shape::List)),
        ("generateContentRequest.contents[].parts", Turn(Shape::List)),
    ]
};

/// What is generated.
macro_rules! answer {
    ($prefix:literal) => {{
        use super::response_field::words::*;
        &[
            (concat!($prefix, "responseId"), Id(0)),
            (concat!($prefix, "modelVersion"), ModelResource),
            (concat!($prefix, "promptFeedback.blockReason"), Blocked),
            (concat!($prefix, "candidates[]"), Choice),
            (concat!($prefix, "candidates[].index"), ChoiceIndex),
            (concat!($prefix, "candidates[].finishReason"), GoogleFinishReason),
            (concat!($prefix, "candidates[].content.parts[]"), Part),
            (concat!($prefix, "candidates[].content.parts[].text"), PartText),
            (concat!($prefix, "candidates[].content.parts[].thought"), PartThought),
            (concat!($prefix, "candidates[].content.parts[].inlineData"), VISIBLE),
            (concat!($prefix, "candidates[].content.parts[].executableCode"), VISIBLE),
            (concat!($prefix, "candidates[].content.parts[].functionCall"), ToolCall(Each)),
            (concat!($prefix, "candidates[].content.parts[].functionCall.id"), ToolCallId),
            (concat!($prefix, "candidates[].content.parts[].functionCall.name"), ToolCallName),
            (concat!($prefix, "candidates[].content.parts[].functionCall.partialArgs[]"), TOOL_ARGUMENT),
            // A token count.
            (concat!($prefix, "totalTokens"), Hint),
        ]
    }};
}

/// The prompt's tokens include cached ones, not those of tool results; the candidates' not those of thoughts.
macro_rules! usage {
    ($prefix:literal) => {{
        use super::response_field::words::*;
        &[
            (concat!($prefix, "usageMetadata.promptTokenCount"), Count(Input, 0)),
            (concat!($prefix, "usageMetadata.toolUsePromptTokenCount"), Count(InputOfTools, 0)),
            (concat!($prefix, "usageMetadata.candidatesTokenCount"), Count(OutputVisible, 0)),
            (concat!($prefix, "usageMetadata.thoughtsTokenCount"), Count(ReasoningApart, 0)),
            (concat!($prefix, "usageMetadata.cachedContentTokenCount"), Count(CacheRead, 0)),
            (concat!($prefix, "usageMetadata.serviceTier"), ServiceTier),
            (concat!($prefix, "usageMetadata.pydantic_ai_gateway.cost_estimate"), Cost),
            (concat!($prefix, "usageMetadata.promptTokensDetails[]"), ModalityCount(Side::Input)),
            (concat!($prefix, "usageMetadata.promptTokensDetails[].modality"), Modality),
            (concat!($prefix, "usageMetadata.promptTokensDetails[].tokenCount"), ModalityTokens),
            (concat!($prefix, "usageMetadata.candidatesTokensDetails[]"), ModalityCount(Side::Output)),
            (concat!($prefix, "usageMetadata.candidatesTokensDetails[].modality"), Modality),
            (concat!($prefix, "usageMetadata.candidatesTokensDetails[].tokenCount"), ModalityTokens),
            (concat!($prefix, "usageMetadata.cacheTokensDetails[]"), ModalityCount(Side::CacheRead)),
            (concat!($prefix, "usageMetadata.cacheTokensDetails[].modality"), Modality),
            (concat!($prefix, "usageMetadata.cacheTokensDetails[].tokenCount"), ModalityTokens),
        ]
    }};
}

pub(super) const RESPONSE: Table<ResponseField> = answer!("");
pub(super) const USAGE: Table<ResponseField> = usage!("");
// Of the format that wraps this one.
pub(super) const WRAPPED_RESPONSE: Table<ResponseField> = answer!("response.");
pub(super) const WRAPPED_USAGE: Table<ResponseField> = usage!("response.");

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
