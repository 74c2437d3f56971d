//! OpenAI embeddings and its relatives: `POST …/embeddings`.
//!
//! Specification: <https://platform.openai.com/docs/api-reference/embeddings>.

use super::{RequestField, ResponseField, Spec, Table};

pub(super) const SPEC: Spec = Spec {
    name: "openai_embeddings",
    provider: "openai",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
};

pub(super) const REQUEST: Table<RequestField> = &[];

pub(super) const RESPONSE: Table<ResponseField> = &[];
