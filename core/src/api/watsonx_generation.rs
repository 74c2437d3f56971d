//! watsonx text generation: `POST …/ml/v1/text/generation`, `generation_stream`.
//!
//! Specification: <https://cloud.ibm.com/apidocs/watsonx-ai#text-generation>.

use super::{Ends, RequestField, ResponseField, Spec, Table};

pub(super) const SPEC: Spec = Spec {
    name: "watsonx_generation",
    provider: "ibm.watsonx.ai",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Choices,
};

pub(super) const REQUEST: Table<RequestField> = &[];

pub(super) const RESPONSE: Table<ResponseField> = &[];
