//! Rerank as Cohere introduced it; Voyage, Jina, OpenRouter, vLLM and llama.cpp followed: `POST …/rerank`.
//!
//! Specification: <https://docs.cohere.com/reference/rerank>.

use super::{Ends, RequestField, ResponseField, Spec, Table};

pub(super) const SPEC: Spec = Spec {
    name: "rerank",
    provider: "cohere",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Body,
};

pub(super) const REQUEST: Table<RequestField> = &[];

pub(super) const RESPONSE: Table<ResponseField> = &[];
