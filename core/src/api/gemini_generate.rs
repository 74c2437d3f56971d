//! Gemini and Vertex AI: `:generateContent`, `:streamGenerateContent`, `:countTokens`.
//!
//! Specification: <https://ai.google.dev/api/generate-content>.

use super::{RequestField, ResponseField, Spec, Table};

pub(super) const SPEC: Spec = Spec {
    name: "gemini_generate",
    provider: "gcp.gemini",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
};

pub(super) const REQUEST: Table<RequestField> = &[];

pub(super) const RESPONSE: Table<ResponseField> = &[];
