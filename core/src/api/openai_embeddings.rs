//! OpenAI embeddings and its relatives: `POST …/embeddings`.
//!
//! Specification: <https://platform.openai.com/docs/api-reference/embeddings>.

use super::{Ends, RequestField, ResponseField, Signs, Spec, Table, common_response};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "openai_embeddings",
    operation: Some(Operation::Embeddings),
    provider: "openai",
    streams_by_default: false,
    request: &[REQUEST],
    shows: &[Signs::MODEL.and(Signs::INPUT)],
    response: &[common_response::OPENAI_USAGE, RESPONSE],
    messages: &[],
    ends: Ends::Body,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("input", Input(Inputs)),
        ("input[]", InputItem(Inputs)),
        // Voyage's for pictures and for context.
        ("inputs", Input(Inputs)),
        // MiniMax; Snowflake.
        ("texts", Input(Texts)),
        ("text", Input(Texts)),
        ("dimensions", Number(Dimensions, 0)),
        // Voyage, Mistral.
        ("output_dimension", Number(Dimensions, 1)),
        ("encoding_format", EncodingFormat),
        ("output_dtype", EncodingFormat),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("id", Id(0)),
        ("model", Model),
        ("provider", UpstreamProvider),
        // MiniMax.
        ("total_tokens", Count(Total, 1)),
        ("data", Hint),
    ]
};
