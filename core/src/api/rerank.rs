//! Rerank as Cohere introduced it; Voyage, Jina, OpenRouter, vLLM and llama.cpp followed: `POST …/rerank`.
//!
//! Specification: <https://docs.cohere.com/reference/rerank>.

use super::{Ends, RequestField, ResponseField, Spec, Table};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "rerank",
    operation: Some(Operation::Rerank),
    provider: "cohere",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Body,
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[("model", Text(Model, 0)), ("query", Input(Query))]
};

pub(super) const RESPONSE: Table<ResponseField> = &[];
