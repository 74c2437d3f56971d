//! Oracle's OCI Generative AI: `POST …/20231130/actions/chat`, in the forms GENERIC and COHERE, `embedText` and
//! `rerankText`.
//!
//! Specification: <https://docs.oracle.com/en-us/iaas/api/#/en/generative-ai-inference/20231130/>.

use super::{Ends, RequestField, ResponseField, Signs, Spec, Table};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "oci",
    operation: Some(Operation::Chat),
    provider: "oci",
    request: &[REQUEST],
    shows: &[
        Signs::TURNS,
        Signs::MODEL.and(Signs::MESSAGE),
        Signs::MODEL.and(Signs::INPUT),
        Signs::MODEL.and(Signs::QUERY),
    ],
    response: &[USAGE, CHAT_USAGE, RESPONSE],
    messages: &[],
    ends: Ends::Choices,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("servingMode.modelId", Text(Model, 0)),
        // A model on hardware of one's own is named by its endpoint.
        ("servingMode.endpointId", Text(Model, 1)),
        // GENERIC
        ("chatRequest.messages", Input(Messages)),
        ("chatRequest.maxCompletionTokens", Number(MaxTokens, 0)),
        ("chatRequest.numGenerations", Number(ChoiceCount, 0)),
        ("chatRequest.stop", Stop(0)),
        ("chatRequest.stop[]", Stop(0)),
        ("chatRequest.reasoningEffort", Text(ReasoningLevel, 0)),
        // COHERE
        ("chatRequest.message", Input(Message)),
        ("chatRequest.chatHistory", Input(History)),
        ("chatRequest.stopSequences[]", Stop(1)),
        // Both.
        ("chatRequest.maxTokens", Number(MaxTokens, 1)),
        ("chatRequest.temperature", Number(Temperature, 0)),
        ("chatRequest.topP", Number(TopP, 0)),
        ("chatRequest.topK", Number(TopK, 0)),
        ("chatRequest.seed", Number(Seed, 0)),
        ("chatRequest.presencePenalty", Number(PresencePenalty, 0)),
        ("chatRequest.frequencyPenalty", Number(FrequencyPenalty, 0)),
        ("chatRequest.isStream", Stream),
        ("chatRequest.tools", Tools),
        ("chatRequest.tools[].name", ToolName),
        // `embedText`
        ("inputs", Input(Inputs)),
        ("outputDimensions", Number(Dimensions, 0)),
        // `rerankText`
        ("input", Input(Query)),
        ("chatRequest.messages[].role", Turn(Shape::Text)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        // Of embeddings and rerank.
        ("id", Id(0)),
        ("modelId", Model),
        ("chatResponse.choices[]", Choice),
        ("chatResponse.choices[].index", ChoiceIndex),
        ("chatResponse.choices[].finishReason", FinishReason),
        ("chatResponse.choices[].message.toolCalls[]", ToolCall(Listed)),
        ("chatResponse.choices[].message.toolCalls[].id", ToolCallId),
        ("chatResponse.choices[].message.toolCalls[].name", ToolCallName),
        ("chatResponse.finishReason", FinishReason),
        ("chatResponse.toolCalls[]", ToolCall(Each)),
        ("chatResponse.toolCalls[].name", ToolCallName),
        // In a stream.
        ("message.content[].text", VISIBLE),
        ("message.reasoningContent", REASONING),
        ("message.toolCalls[]", ToolCall(Each)),
        ("message.toolCalls[].id", ToolCallId),
        ("message.toolCalls[].name", ToolCallName),
        ("message.toolCalls[].arguments", TOOL_ARGUMENT),
        ("text", VISIBLE),
        ("toolCalls[]", ToolCall(Each)),
        ("toolCalls[].name", ToolCallName),
        ("finishReason", FinishReason),
        ("embeddings", Hint),
        ("documentRanks", Hint),
    ]
};

macro_rules! usage {
    ($prefix:literal) => {{
        use super::response_field::words::*;
        &[
            (concat!($prefix, "usage.promptTokens"), Count(Input, 0)),
            (concat!($prefix, "usage.completionTokens"), Count(Output, 0)),
            (concat!($prefix, "usage.promptTokensDetails.cachedTokens"), Count(CacheRead, 0)),
            (concat!($prefix, "usage.completionTokensDetails.reasoningTokens"), Count(Reasoning, 0)),
        ]
    }};
}

const USAGE: Table<ResponseField> = usage!("");
const CHAT_USAGE: Table<ResponseField> = usage!("chatResponse.");
