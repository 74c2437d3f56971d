//! OpenAI's legacy completions, and fill-in-the-middle: `POST …/completions`.
//!
//! Specification: <https://platform.openai.com/docs/api-reference/completions>.

use super::{Ends, RequestField, ResponseField, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "openai_completions",
    operation: Some(Operation::TextCompletion),
    provider: "openai",
    streams_by_default: false,
    request: &[common::PARAMETERS, common::REASONING, REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Body,
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("stream", Stream),
        ("prompt", Input(Prompt)),
        ("prompt[]", InputItem(Prompt)),
        ("response_format.type", Output(Format)),
        ("service_tier", Text(ServiceTier, 0)),
        ("session_id", Text(SessionId, 0)),
        ("litellm_session_id", Text(SessionId, 1)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = &[];
