//! OpenAI audio to text: `POST …/audio/transcriptions`, `translations`; multipart or JSON.
//!
//! Specification: <https://platform.openai.com/docs/api-reference/audio>.

use super::{Answers, Content, Ends, Kind, RequestField, ResponseField, Signs, Spec, Table, common_response};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "openai_transcription",
    operation: Some(Operation::Transcription),
    provider: "openai",
    streams_by_default: false,
    request: &[REQUEST],
    shows: &[Signs::MODEL.and(Signs::FILE), Signs::MODEL.and(Signs::OWN)],
    response: &[common_response::OPENAI_USAGE, common_response::OPENAI_USAGE_NEW, RESPONSE],
    messages: MESSAGES,
    ends: Ends::Message,
    answers: Answers::Any,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("stream", Stream),
        // Mistral.
        ("file_url", Own(Shape::Text)),
        ("file_id", Own(Shape::Text)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        // No id: a stream's segments have ids, the answer has none.
        ("model", Model),
        ("type", Name),
        ("delta", Delta),
        ("text", Delta),
    ]
};

/// What the messages of a stream are called, where that matters.
const MESSAGES: &[(&str, Kind)] = &[
    ("transcript.text.delta", Kind::Delta(Content::Visible)),
    ("transcript.text.segment", Kind::Delta(Content::Visible)),
    ("transcript.text.done", Kind::Final),
    // Mistral.
    ("transcription.text.delta", Kind::Delta(Content::Visible)),
    ("transcription.segment", Kind::Delta(Content::Visible)),
    ("transcription.done", Kind::Final),
];
