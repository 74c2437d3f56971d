//! The native generate of Text Generation Inference (`POST /generate`, `/generate_stream`, `/`), and SGLang's
//! of the same path.
//!
//! Specification: <https://huggingface.github.io/text-generation-inference/>, <https://docs.sglang.ai/basic_usage/native_api.html>.

use super::{Ends, RequestField, ResponseField, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "tgi",
    operation: Some(Operation::TextCompletion),
    provider: "huggingface",
    streams_by_default: false,
    request: &[common::PARAMETERS, common::IN_PARAMETERS, common::IN_SAMPLING_PARAMS, REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Choices,
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("stream", Stream),
        ("inputs", Input(RequestInput)),
        ("parameters.grammar", Output(Schema)),
        // SGLang.
        ("text", Input(Texts)),
        ("input_ids", Input(Prompt)),
        ("input_ids[]", InputItem(Prompt)),
        ("sampling_params.json_schema", Output(Schema)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = &[];
