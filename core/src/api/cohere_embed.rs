//! Cohere embed: `POST …/v2/embed`, `/v1/embed`.
//!
//! Specification: <https://docs.cohere.com/reference/embed>.

use super::{Ends, RequestField, ResponseField, Spec, Table};

pub(super) const SPEC: Spec = Spec {
    name: "cohere_embed",
    provider: "cohere",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Body,
};

pub(super) const REQUEST: Table<RequestField> = &[];

pub(super) const RESPONSE: Table<ResponseField> = &[];
