//! Triton's generate: `POST /v2/models/{model}/generate`, `generate_stream`, with or without `versions/{version}`.
//!
//! Specification: <https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_generate.md>.

use super::{Ends, RequestField, ResponseField, Signs, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "triton",
    operation: Some(Operation::TextCompletion),
    provider: "triton",
    request: &[common::PARAMETERS, common::IN_PARAMETERS, REQUEST],
    shows: &[Signs::PROMPT],
    response: &[RESPONSE],
    messages: &[],
    // Nothing in a stream says that it is the last message.
    ends: Ends::Body,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[("stream", Stream), ("parameters.stream", Stream), ("text_input", Input(Prompt))]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("model_name", Model),
        ("text_output", VISIBLE),
        // vLLM behind it, if asked.
        ("finish_reason", FinishReason),
    ]
};
