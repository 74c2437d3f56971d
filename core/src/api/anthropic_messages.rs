//! Anthropic messages, on whatever host: `POST …/v1/messages`, `:rawPredict`; also the token count.
//!
//! Specification: <https://docs.anthropic.com/en/api/messages>.

use super::{Ends, RequestField, ResponseField, Spec, Table};

pub(super) const SPEC: Spec = Spec {
    name: "anthropic_messages",
    provider: "anthropic",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Message,
};

pub(super) const REQUEST: Table<RequestField> = &[];

pub(super) const RESPONSE: Table<ResponseField> = &[];
