//! watsonx text chat: `POST …/ml/v1/text/chat`, `chat_stream`; chat completions with `model_id`.
//!
//! Specification: <https://cloud.ibm.com/apidocs/watsonx-ai#text-chat>.

use super::{Ends, RequestField, ResponseField, Spec, Table};

pub(super) const SPEC: Spec = Spec {
    name: "watsonx_chat",
    provider: "ibm.watsonx.ai",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Choices,
};

pub(super) const REQUEST: Table<RequestField> = &[];

pub(super) const RESPONSE: Table<ResponseField> = &[];
