//! OpenAI chat completions and its relatives: `POST …/chat/completions`.
//!
//! Specification: <https://platform.openai.com/docs/api-reference/chat>.

use super::{Ends, RequestField, ResponseField, Spec, Table};

pub(super) const SPEC: Spec = Spec {
    name: "openai_chat",
    provider: "openai",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Choices,
};

pub(super) const REQUEST: Table<RequestField> = &[];

pub(super) const RESPONSE: Table<ResponseField> = &[];
