//! Gemini interactions: `POST …/v1beta/interactions`.
//!
//! Specification: <https://ai.google.dev/api/interactions-api>.

use super::{Ends, RequestField, ResponseField, Spec, Table};

pub(super) const SPEC: Spec = Spec {
    name: "gemini_interactions",
    provider: "gcp.gemini",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Message,
};

pub(super) const REQUEST: Table<RequestField> = &[];

pub(super) const RESPONSE: Table<ResponseField> = &[];
