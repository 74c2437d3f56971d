//! Google's `:predict`, where the model is an embedding model or Imagen.
//!
//! Specification: <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api>.

use super::{Ends, RequestField, ResponseField, Signs, Spec, Table};

pub(super) const SPEC: Spec = Spec {
    name: "vertex_predict",
    operation: None,
    provider: "gcp.vertex_ai",
    streams_by_default: false,
    request: &[REQUEST],
    shows: &[Signs::OWN],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Body,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("instances", Input(Requests)),
        ("parameters.outputDimensionality", Number(Dimensions, 0)),
        ("instances[].content", Own(Shape::Text)),
        ("instances[].prompt", Own(Shape::Text)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[("predictions[].embeddings.statistics.token_count", Sum(Input, 0)), ("predictions", Hint)]
};
