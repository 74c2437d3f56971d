//! watsonx text generation: `POST …/ml/v1/text/generation`, `generation_stream`; and of the same kind
//! `…/text/embeddings`, `…/text/rerank`.
//!
//! Specification: <https://cloud.ibm.com/apidocs/watsonx-ai#text-generation>.

use super::{Ends, RequestField, ResponseField, Signs, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "watsonx_generation",
    operation: Some(Operation::TextCompletion),
    provider: "ibm.watsonx.ai",
    streams_by_default: false,
    request: &[common::PARAMETERS, common::IN_PARAMETERS, REQUEST],
    shows: &[Signs::MODEL.and(Signs::INPUT)],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Choices,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[("model_id", Text(Model, 0)), ("input", Input(Inputs)), ("inputs", Input(Inputs))]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("model_id", Model),
        ("results[]", Choice),
        ("results[].generated_text", VISIBLE),
        ("results[].stop_reason", FinishReasonUnless("not_finished")),
        // In a stream only the first event tells it, the others say 0.
        ("results[].input_token_count", CountUnlessZero(Input)),
        ("results[].generated_token_count", Count(Output, 0)),
        // Of embeddings and rerank.
        ("input_token_count", Count(Input, 0)),
    ]
};
