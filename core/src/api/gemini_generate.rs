//! Gemini and Vertex AI: `:generateContent`, `:streamGenerateContent`, `:countTokens`.
//!
//! Specification: <https://ai.google.dev/api/generate-content>.

use super::{Ends, RequestField, ResponseField, Spec, Table};

pub(super) const SPEC: Spec = Spec {
    name: "gemini_generate",
    provider: "gcp.gemini",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Choices,
};

pub(super) const REQUEST: Table<RequestField> = &[];

pub(super) const RESPONSE: Table<ResponseField> = &[];
