//! Cohere v2 chat: `POST …/v2/chat`.
//!
//! Specification: <https://docs.cohere.com/reference/chat>.

use super::{Ends, RequestField, ResponseField, Spec, Table};

pub(super) const SPEC: Spec = Spec {
    name: "cohere_chat",
    provider: "cohere",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Message,
};

pub(super) const REQUEST: Table<RequestField> = &[];

pub(super) const RESPONSE: Table<ResponseField> = &[];
