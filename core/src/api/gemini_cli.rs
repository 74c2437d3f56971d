//! Gemini as Google's Code Assist serves it to Gemini CLI: `POST …/v1internal:generateContent`,
//! `:streamGenerateContent`, `:countTokens`. The request of Gemini's own API stands within `request`, its answer
//! within `response`, and the body names the model.
//!
//! Specification: <https://github.com/google-gemini/gemini-cli/blob/main/packages/core/src/code_assist/converter.ts>.

use super::{Answers, Ends, RequestField, Signs, Spec, Table, gemini_generate};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "gemini_cli",
    operation: Some(Operation::GenerateContent),
    provider: "gcp.gemini",
    request: &[REQUEST],
    shows: &[Signs::TURNS],
    response: &[gemini_generate::WRAPPED_USAGE, gemini_generate::WRAPPED_RESPONSE],
    messages: &[],
    ends: Ends::Choices,
    answers: Answers::JsonArray,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("request.session_id", Text(SessionId, 0)),
        ("request.contents", Input(Contents)),
        ("request.contents[].parts", Turn(Shape::List)),
        ("request.tools", Tools),
        ("request.tools[].functionDeclarations[].name", ToolName),
        ("request.generationConfig.temperature", Number(Temperature, 0)),
        ("request.generationConfig.topP", Number(TopP, 0)),
        ("request.generationConfig.topK", Number(TopK, 0)),
        ("request.generationConfig.maxOutputTokens", Number(MaxTokens, 0)),
        ("request.generationConfig.candidateCount", Number(ChoiceCount, 0)),
        ("request.generationConfig.seed", Number(Seed, 0)),
        ("request.generationConfig.presencePenalty", Number(PresencePenalty, 0)),
        ("request.generationConfig.frequencyPenalty", Number(FrequencyPenalty, 0)),
        ("request.generationConfig.stopSequences[]", Stop(0)),
        ("request.generationConfig.responseMimeType", Output(Format)),
        ("request.generationConfig.responseModalities[]", Output(Modality)),
        ("request.generationConfig.thinkingConfig.thinkingLevel", Text(ReasoningLevel, 0)),
        ("request.generationConfig.thinkingConfig.thinkingBudget", Number(ThinkingBudget, 0)),
    ]
};
