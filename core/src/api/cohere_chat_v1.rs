//! Cohere v1 chat: `POST …/v1/chat`.
//!
//! Specification: <https://docs.cohere.com/v1/reference/chat>.

use super::{Ends, RequestField, ResponseField, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "cohere_chat_v1",
    operation: Some(Operation::Chat),
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
        ("message", Input(Message)),
        ("chat_history", Input(History)),
        ("tools", Tools),
        ("tools[].name", ToolName),
        ("p", Number(TopP, 2)),
        ("k", Number(TopK, 2)),
        ("response_format.type", Output(Format)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = &[];
