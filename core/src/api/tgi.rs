//! The native generate of Text Generation Inference (`POST /generate`, `/generate_stream`, `/`), and SGLang's
//! of the same path.
//!
//! Specification: <https://huggingface.github.io/text-generation-inference/>, <https://docs.sglang.ai/basic_usage/native_api.html>.

use super::{Count, Ends, RequestField, ResponseField, Signs, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "tgi",
    operation: Some(Operation::TextCompletion),
    provider: "huggingface",
    streams_by_default: false,
    request: &[common::PARAMETERS, common::IN_PARAMETERS, common::IN_SAMPLING_PARAMS, REQUEST],
    shows: &[
        Signs::INPUT.and(Signs::OWN),
        Signs::INPUT.and(Signs::MODEL),
        Signs::INPUT.and(Signs::PARAMETER),
        Signs::TEXTS.and(Signs::OWN),
        Signs::TEXTS.and(Signs::PARAMETER),
        Signs::PROMPT,
    ],
    response: &[ALONE, IN_LIST, RESPONSE],
    messages: &[],
    ends: Ends::Choices,
    count_headers: &[("x-prompt-tokens", Count::Input), ("x-generated-tokens", Count::Output)],
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("stream", Stream),
        ("inputs", Input(Inputs)),
        ("parameters.grammar", Output(Schema)),
        // SGLang.
        ("text", Input(Texts)),
        ("input_ids", Input(Prompt)),
        ("input_ids[]", InputItem(Prompt)),
        ("sampling_params.json_schema", Output(Schema)),
        ("parameters", Own(Shape::Object)),
        ("sampling_params", Own(Shape::Object)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("[]", Choice),
        // In a stream.
        ("token.text", VISIBLE),
        // SGLang; what it has generated so far comes in every message.
        ("text", VISIBLE),
        ("meta_info", Hint),
        ("meta_info.id", Id(0)),
        ("meta_info.finish_reason.type", FinishReason),
        ("meta_info.prompt_tokens", Count(Input, 0)),
        ("meta_info.completion_tokens", Count(Output, 0)),
        ("meta_info.cached_tokens", Count(CacheRead, 0)),
        ("generated_text", Mark),
        ("[].generated_text", Mark),
    ]
};

/// A generation, alone or as an element of the list that `POST /` answers with.
macro_rules! generation {
    ($prefix:literal) => {{
        use super::response_field::words::*;
        &[
            (concat!($prefix, "details.finish_reason"), FinishReason),
            (concat!($prefix, "details.input_length"), Sum(Input, 0)),
            (concat!($prefix, "details.generated_tokens"), Sum(Output, 0)),
        ]
    }};
}

pub(super) const ALONE: Table<ResponseField> = generation!("");
pub(super) const IN_LIST: Table<ResponseField> = generation!("[].");
