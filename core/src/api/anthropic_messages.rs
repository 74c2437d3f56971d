//! Anthropic messages, on whatever host: `POST …/v1/messages`, `:rawPredict`; also the token count.
//!
//! Specification: <https://docs.anthropic.com/en/api/messages>.

use super::{Ends, RequestField, ResponseField, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "anthropic_messages",
    operation: Some(Operation::Chat),
    provider: "anthropic",
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
        ("tools[].name", ToolName),
        ("output_config.format.type", Output(Format)),
        ("output_format.type", Output(Format)),
        ("service_tier", Text(ServiceTier, 0)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = &[];
