//! Anthropic's legacy text completions: `POST …/v1/complete`.
//!
//! Specification: <https://docs.anthropic.com/en/api/complete>.

use super::{Ends, RequestField, ResponseField, Signs, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "anthropic_complete",
    operation: Some(Operation::TextCompletion),
    provider: "anthropic",
    streams_by_default: false,
    request: &[common::PARAMETERS, REQUEST],
    shows: &[Signs::MODEL.and(Signs::PROMPT)],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Choices,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[("model", Text(Model, 0)), ("stream", Stream), ("prompt", Input(Prompt))]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[("id", Id(0)), ("model", Model), ("completion", VISIBLE), ("stop_reason", FinishReason)]
};
