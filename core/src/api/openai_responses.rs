//! OpenAI responses: `POST …/responses`, also its compaction and its token count.
//!
//! Specification: <https://platform.openai.com/docs/api-reference/responses>.

use super::{Ends, RequestField, ResponseField, Spec, Table};

pub(super) const SPEC: Spec = Spec {
    name: "openai_responses",
    provider: "openai",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Message,
};

pub(super) const REQUEST: Table<RequestField> = &[];

pub(super) const RESPONSE: Table<ResponseField> = &[];
