//! watsonx text chat: `POST …/ml/v1/text/chat`, `chat_stream`; chat completions with `model_id`.
//!
//! Specification: <https://cloud.ibm.com/apidocs/watsonx-ai#text-chat>.

use super::{Ends, RequestField, ResponseField, Signs, Spec, Table, common, common_response, openai_chat};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "watsonx_chat",
    operation: Some(Operation::Chat),
    provider: "ibm.watsonx.ai",
    streams_by_default: false,
    request: &[common::PARAMETERS, common::REASONING, openai_chat::REQUEST, REQUEST],
    shows: &[Signs::MODEL.and(Signs::TURNS)],
    response: &[common_response::OPENAI_USAGE, common_response::CHAT_CHOICES, RESPONSE],
    messages: &[],
    ends: Ends::Choices,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[("model_id", Text(Model, 1))]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[("id", Id(0)), ("model_id", Model), ("model", Model)]
};
