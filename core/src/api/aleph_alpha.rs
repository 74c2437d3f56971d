//! Aleph Alpha complete: `POST /complete`.
//!
//! Specification: <https://docs.aleph-alpha.com/api/complete/>.

use super::{Ends, Kind, RequestField, ResponseField, Signs, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "aleph_alpha",
    operation: Some(Operation::TextCompletion),
    provider: "aleph_alpha",
    streams_by_default: false,
    request: &[common::PARAMETERS, REQUEST],
    shows: &[Signs::MODEL.and(Signs::PROMPT)],
    response: &[RESPONSE],
    messages: &[("completion_summary", Kind::Final)],
    ends: Ends::Message,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[("model", Text(Model, 0)), ("stream", Stream), ("prompt", Input(Prompt))]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("model_version", Model),
        ("completions[]", Choice),
        ("completions[].finish_reason", FinishReason),
        ("num_tokens_prompt_total", Count(Input, 0)),
        ("num_tokens_generated", Count(Output, 0)),
        // In a stream.
        ("type", Name),
        ("completion", VISIBLE),
        ("finish_reason", FinishReason),
    ]
};
