//! Alibaba's DashScope in its own form, everything within `input` and `output`:
//! `POST …/api/v1/services/aigc/{text,multimodal}-generation/generation`, `…/services/embeddings/…`,
//! `…/services/rerank/…`.
//!
//! Specification: <https://www.alibabacloud.com/help/en/model-studio/dashscope-api-reference/>.

use super::{Ends, RequestField, ResponseField, Signs, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "dashscope",
    operation: Some(Operation::Chat),
    provider: "dashscope",
    request: &[common::IN_PARAMETERS, REQUEST],
    shows: &[
        Signs::MODEL.and(Signs::TURNS),
        Signs::MODEL.and(Signs::PROMPT),
        Signs::MODEL.and(Signs::TEXTS),
        Signs::MODEL.and(Signs::CONTENTS),
        Signs::QUERY.and(Signs::OWN),
    ],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Choices,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("input.messages", Input(Messages)),
        ("input.prompt", Input(Prompt)),
        ("input.texts", Input(Texts)),
        // Multimodal embeddings.
        ("input.contents", Input(Contents)),
        ("input.query", Input(Query)),
        ("parameters.tools", Tools),
        ("parameters.tools[].function.name", ToolName),
        ("parameters.response_format.type", Output(Format)),
        ("parameters.thinking_budget", Number(ThinkingBudget, 0)),
        ("parameters.dimension", Number(Dimensions, 0)),
        ("parameters.output_type", EncodingFormat),
        ("input.messages[].role", Turn(Shape::Text)),
        ("input.documents", Own(Shape::List)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("output.choices[]", Choice),
        // A choice that goes on says so in a text.
        ("output.choices[].finish_reason", FinishReasonUnless("null")),
        ("output.choices[].message.content", VISIBLE),
        ("output.choices[].message.content[].text", VISIBLE),
        ("output.choices[].message.reasoning_content", REASONING),
        ("output.choices[].message.tool_calls[]", ToolCall(Listed)),
        ("output.choices[].message.tool_calls[].index", ToolCallIndex),
        ("output.choices[].message.tool_calls[].id", ToolCallId),
        ("output.choices[].message.tool_calls[].function.name", ToolCallName),
        ("output.choices[].message.tool_calls[].function.arguments", TOOL_ARGUMENT),
        // `result_format: "text"` has no choices.
        ("output.text", VISIBLE),
        ("output.finish_reason", FinishReasonUnless("null")),
        ("usage.input_tokens", Count(Input, 0)),
        ("usage.output_tokens", Count(Output, 0)),
        // All that embeddings and rerank tell.
        ("usage.total_tokens", Count(Total, 0)),
        ("usage.prompt_tokens_details.cached_tokens", Count(CacheRead, 0)),
        ("usage.prompt_tokens_details.cache_creation_input_tokens", Count(CacheWrite, 0)),
        ("usage.output_tokens_details.reasoning_tokens", Count(Reasoning, 0)),
        ("usage.input_tokens_details.image_tokens", Count(InputImage, 0)),
        ("usage.input_tokens_details.text_tokens", Count(InputText, 0)),
        ("usage.output_tokens_details.text_tokens", Count(OutputText, 0)),
        ("usage.image_tokens", Count(InputImage, 1)),
        ("usage.audio_tokens", Count(InputAudio, 1)),
        // The error in an event of a stream stands at its top.
        ("message", OuterErrorMessage),
        ("output", Hint),
    ]
};
