//! Gemini and Vertex AI embeddings: `:embedContent`, `:batchEmbedContents`.
//!
//! Specification: <https://ai.google.dev/api/embeddings>.

use super::{Ends, RequestField, ResponseField, Signs, Spec, Table, gemini_generate};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "gemini_embed",
    operation: Some(Operation::Embeddings),
    provider: "gcp.gemini",
    streams_by_default: false,
    request: &[REQUEST],
    shows: &[Signs::TURNS],
    response: &[gemini_generate::USAGE, RESPONSE],
    messages: &[],
    ends: Ends::Body,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("requests", Input(Requests)),
        ("content", Input(Content)),
        ("outputDimensionality", Number(Dimensions, 0)),
        ("output_dimensionality", Number(Dimensions, 1)),
        ("requests[].outputDimensionality", Number(Dimensions, 2)),
        ("requests[].output_dimensionality", Number(Dimensions, 3)),
        ("content.parts", Turn(Shape::List)),
        ("requests[].content.parts", Turn(Shape::List)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[("embedding", Embedding), ("embeddings", Embedding)]
};
