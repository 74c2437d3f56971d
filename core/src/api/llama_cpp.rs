//! llama.cpp's own completion: `POST /completion`, `/infill`.
//!
//! Specification: <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>.

use super::{Ends, RequestField, ResponseField, Signs, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "llama_cpp",
    operation: Some(Operation::TextCompletion),
    provider: "llama_cpp",
    streams_by_default: false,
    request: &[common::PARAMETERS, REQUEST],
    shows: &[Signs::PROMPT.and(Signs::PARAMETER), Signs::TEXTS.and(Signs::OWN)],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Message,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("stream", Stream),
        ("prompt", Input(Prompt)),
        ("prompt[]", InputItem(Prompt)),
        ("input_prefix", Input(Texts)),
        ("n_predict", Number(MaxTokens, 11)),
        ("json_schema", Output(Schema)),
        ("input_suffix", Own(Shape::Text)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("model", Model),
        ("content", VISIBLE),
        ("stop", Finished),
        ("stop_type", FinishReasonUnless("none")),
        ("tokens_evaluated", Count(Input, 0)),
        ("tokens_predicted", Count(Output, 0)),
        ("timings.cache_n", Count(CacheRead, 0)),
    ]
};
