//! watsonx text generation: `POST …/ml/v1/text/generation`, `generation_stream`.
//!
//! Specification: <https://cloud.ibm.com/apidocs/watsonx-ai#text-generation>.

use super::{Ends, RequestField, ResponseField, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "watsonx_generation",
    operation: Some(Operation::TextCompletion),
    provider: "ibm.watsonx.ai",
    streams_by_default: false,
    request: &[common::PARAMETERS, common::IN_PARAMETERS, REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Choices,
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[("model_id", Text(Model, 0)), ("input", Input(RequestInput))]
};

pub(super) const RESPONSE: Table<ResponseField> = &[];
