//! Rerank as Cohere introduced it; Voyage, Jina, OpenRouter, vLLM and llama.cpp followed: `POST …/rerank`.
//!
//! Specification: <https://docs.cohere.com/reference/rerank>.

use super::{Ends, RequestField, ResponseField, Signs, Spec, Table, common_response};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "rerank",
    operation: Some(Operation::Rerank),
    provider: "openai",
    streams_by_default: false,
    request: &[REQUEST],
    shows: &[Signs::QUERY.and(Signs::OWN).and(Signs::MODEL)],
    response: &[common_response::OPENAI_USAGE, RESPONSE],
    messages: &[],
    ends: Ends::Body,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[("model", Text(Model, 0)), ("query", Input(Query)), ("documents", Own(Shape::List))]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[("id", Id(0)), ("model", Model), ("provider", UpstreamProvider), ("results", Hint), ("data", Hint)]
};
