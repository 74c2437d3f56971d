//! OpenAI images: `POST …/images/generations`, `edits`, `variations`; JSON or multipart.
//!
//! Specification: <https://platform.openai.com/docs/api-reference/images>.

use super::{Ends, RequestField, ResponseField, Spec, Table};

pub(super) const SPEC: Spec = Spec {
    name: "openai_images",
    provider: "openai",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Message,
};

pub(super) const REQUEST: Table<RequestField> = &[];

pub(super) const RESPONSE: Table<ResponseField> = &[];
