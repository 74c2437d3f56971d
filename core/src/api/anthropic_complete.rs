//! Anthropic's legacy text completions: `POST …/v1/complete`.
//!
//! Specification: <https://docs.anthropic.com/en/api/complete>.

use super::{Ends, RequestField, ResponseField, Spec, Table};

pub(super) const SPEC: Spec = Spec {
    name: "anthropic_complete",
    provider: "anthropic",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Choices,
};

pub(super) const REQUEST: Table<RequestField> = &[];

pub(super) const RESPONSE: Table<ResponseField> = &[];
