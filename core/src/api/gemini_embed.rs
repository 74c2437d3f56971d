//! Gemini and Vertex AI embeddings: `:embedContent`, `:batchEmbedContents`.
//!
//! Specification: <https://ai.google.dev/api/embeddings>.

use super::{Ends, RequestField, ResponseField, Spec, Table};

pub(super) const SPEC: Spec = Spec {
    name: "gemini_embed",
    provider: "gcp.gemini",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Body,
};

pub(super) const REQUEST: Table<RequestField> = &[];

pub(super) const RESPONSE: Table<ResponseField> = &[];
