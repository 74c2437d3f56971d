//! Cohere v2 chat: `POST …/v2/chat`.
//!
//! Specification: <https://docs.cohere.com/reference/chat>.

use super::{Ends, RequestField, ResponseField, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "cohere_chat",
    operation: Some(Operation::Chat),
    provider: "cohere",
    streams_by_default: false,
    request: &[common::PARAMETERS, common::REASONING, REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Message,
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("stream", Stream),
        ("messages", Input(Messages)),
        ("tools", Tools),
        ("tools[].function.name", ToolName),
        ("p", Number(TopP, 2)),
        ("k", Number(TopK, 2)),
        ("response_format.type", Output(Format)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = &[];
