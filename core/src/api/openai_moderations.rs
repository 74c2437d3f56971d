//! OpenAI moderations: `POST …/moderations`.
//!
//! Specification: <https://platform.openai.com/docs/api-reference/moderations>.

use super::{Ends, RequestField, ResponseField, Signs, Spec, Table};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "openai_moderations",
    operation: Some(Operation::Moderation),
    provider: "openai",
    streams_by_default: false,
    request: &[REQUEST],
    shows: &[Signs::MODEL.and(Signs::INPUT), Signs::MODEL.and(Signs::TURNS)],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Body,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("input", Input(Inputs)),
        // Mistral's moderation of chats.
        ("messages", Input(Messages)),
        ("messages[].role", Turn(Shape::Text)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[("id", Id(0)), ("model", Model), ("results", Hint)]
};
