//! Cohere embed: `POST …/v2/embed`, `/v1/embed`.
//!
//! Specification: <https://docs.cohere.com/reference/embed>.

use super::{Ends, RequestField, ResponseField, Signs, Spec, Table, common_response};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "cohere_embed",
    operation: Some(Operation::Embeddings),
    provider: "cohere",
    streams_by_default: false,
    request: &[REQUEST],
    shows: &[Signs::MODEL.and(Signs::TEXTS), Signs::MODEL.and(Signs::INPUT)],
    response: &[common_response::COHERE_META, RESPONSE],
    messages: &[],
    ends: Ends::Body,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("texts", Input(Texts)),
        ("inputs", Input(Inputs)),
        ("output_dimension", Number(Dimensions, 0)),
        ("embedding_types", EncodingFormat),
        ("embedding_types[]", EncodingFormat),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[("id", Id(0)), ("embeddings", Hint)]
};
