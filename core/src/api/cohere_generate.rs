//! Cohere v1 generate: `POST …/v1/generate`.
//!
//! Specification: <https://docs.cohere.com/v1/reference/generate>.

use super::{Ends, RequestField, ResponseField, Signs, Spec, Table, common, common_response};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "cohere_generate",
    operation: Some(Operation::TextCompletion),
    provider: "cohere",
    streams_by_default: false,
    request: &[common::PARAMETERS, REQUEST],
    shows: &[Signs::MODEL.and(Signs::PROMPT)],
    response: &[common_response::COHERE_META, common_response::COHERE_RESPONSE_META, RESPONSE],
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
        ("p", Number(TopP, 2)),
        ("k", Number(TopK, 2)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("id", Id(0)),
        ("generations[]", Choice),
        ("generations[].index", ChoiceIndex),
        ("generations[].finish_reason", FinishReason),
        // In a stream.
        ("text", VISIBLE),
        ("is_finished", Finished),
        ("finish_reason", FinishReason),
        ("response.id", Id(0)),
    ]
};
