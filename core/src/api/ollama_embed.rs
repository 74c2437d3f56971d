//! Ollama's own embeddings: `POST /api/embed`, and the older `/api/embeddings`.
//!
//! Specification: <https://github.com/ollama/ollama/blob/main/docs/api.md>.

use super::{Ends, RequestField, ResponseField, Signs, Spec, Table, common_response};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "ollama_embed",
    operation: Some(Operation::Embeddings),
    provider: "ollama",
    streams_by_default: false,
    request: &[REQUEST],
    shows: &[Signs::MODEL.and(Signs::INPUT), Signs::MODEL.and(Signs::PROMPT)],
    // A gateway may serve OpenAI's embeddings under the older path.
    response: &[common_response::OPENAI_USAGE, RESPONSE],
    messages: &[],
    ends: Ends::Body,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("input", Input(Inputs)),
        ("prompt", Input(Prompt)),
        ("dimensions", Number(Dimensions, 0)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[("model", Model), ("prompt_eval_count", Count(Input, 0)), ("embedding", Hint), ("embeddings", Hint)]
};
