//! Ollama's own embeddings: `POST /api/embed`, and the older `/api/embeddings`.
//!
//! Specification: <https://github.com/ollama/ollama/blob/main/docs/api.md>.

use super::{Ends, RequestField, ResponseField, Spec, Table};

pub(super) const SPEC: Spec = Spec {
    name: "ollama_embed",
    provider: "ollama",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Body,
};

pub(super) const REQUEST: Table<RequestField> = &[];

pub(super) const RESPONSE: Table<ResponseField> = &[];
