//! The native generate of Text Generation Inference (`POST /generate`, `/generate_stream`, `/`), and SGLang's
//! of the same path.
//!
//! Specification: <https://huggingface.github.io/text-generation-inference/>, <https://docs.sglang.ai/basic_usage/native_api.html>.

use super::{Ends, RequestField, ResponseField, Spec, Table};

pub(super) const SPEC: Spec = Spec {
    name: "tgi",
    provider: "huggingface",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Choices,
};

pub(super) const REQUEST: Table<RequestField> = &[];

pub(super) const RESPONSE: Table<ResponseField> = &[];
