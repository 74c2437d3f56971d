//! Ollama's own generate: `POST /api/generate`.
//!
//! Specification: <https://github.com/ollama/ollama/blob/main/docs/api.md>.

use super::{Ends, RequestField, ResponseField, Signs, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "ollama_generate",
    operation: Some(Operation::TextCompletion),
    provider: "ollama",
    streams_by_default: true,
    request: &[common::PARAMETERS, common::IN_OPTIONS, REQUEST],
    shows: &[Signs::MODEL.and(Signs::PROMPT)],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Message,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[("model", Text(Model, 0)), ("stream", Stream), ("prompt", Input(Prompt)), ("format", Output(Schema))]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("model", Model),
        ("response", VISIBLE),
        ("thinking", REASONING),
        ("done", Finished),
        ("done_reason", FinishReason),
        // Missing where the whole prompt was cached.
        ("prompt_eval_count", Count(Input, 0)),
        ("eval_count", Count(Output, 0)),
    ]
};
