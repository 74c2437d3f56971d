//! Cohere v1 generate: `POST …/v1/generate`.
//!
//! Specification: <https://docs.cohere.com/v1/reference/generate>.

use super::{Ends, RequestField, ResponseField, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "cohere_generate",
    operation: Some(Operation::TextCompletion),
    provider: "cohere",
    streams_by_default: false,
    request: &[common::PARAMETERS, REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Message,
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

pub(super) const RESPONSE: Table<ResponseField> = &[];
