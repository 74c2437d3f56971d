//! OpenAI images: `POST …/images/generations`, `edits`, `variations`; JSON or multipart.
//!
//! Specification: <https://platform.openai.com/docs/api-reference/images>.

use super::{Content, Ends, Kind, RequestField, ResponseField, Signs, Spec, Table, common_response};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "openai_images",
    operation: Some(Operation::ImageGeneration),
    provider: "openai",
    streams_by_default: false,
    request: &[REQUEST],
    shows: &[
        Signs::MODEL.and(Signs::PROMPT),
        Signs::PROMPT.and(Signs::OWN),
        Signs::PROMPT.and(Signs::FILE),
        Signs::MODEL.and(Signs::FILE),
    ],
    response: &[common_response::OPENAI_USAGE, common_response::OPENAI_USAGE_NEW, RESPONSE],
    messages: MESSAGES,
    ends: Ends::Message,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("stream", Stream),
        ("prompt", Input(Prompt)),
        ("n", Number(ChoiceCount, 0)),
        ("size", Own(Shape::Text)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("id", Id(0)),
        ("model", Model),
        ("provider", UpstreamProvider),
        ("type", Name),
        ("b64_json", Delta),
        ("data", Hint),
    ]
};

/// What the messages of a stream are called, where that matters.
const MESSAGES: &[(&str, Kind)] = &[
    ("image_generation.partial_image", Kind::Delta(Content::Visible)),
    ("image_edit.partial_image", Kind::Delta(Content::Visible)),
    ("image_generation.completed", Kind::Final),
    ("image_edit.completed", Kind::Final),
];
