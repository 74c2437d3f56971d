//! OpenAI text to speech: `POST …/audio/speech`.
//!
//! Specification: <https://platform.openai.com/docs/api-reference/audio/createSpeech>.

use super::{Answers, Content, Ends, Kind, RequestField, ResponseField, Signs, Spec, Table, common_response};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "openai_speech",
    operation: Some(Operation::Speech),
    provider: "openai",
    streams_by_default: false,
    request: &[REQUEST],
    shows: &[Signs::MODEL.and(Signs::INPUT), Signs::INPUT.and(Signs::OWN)],
    response: &[common_response::OPENAI_USAGE, common_response::OPENAI_USAGE_NEW, RESPONSE],
    messages: MESSAGES,
    ends: Ends::Body,
    answers: Answers::Any,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("input", Input(Inputs)),
        // xAI.
        ("text", Input(Texts)),
        ("voice", Own(Shape::Text)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("type", Name),
        ("audio", Delta),
        // Mistral.
        ("audio_data", Delta),
    ]
};

/// What the messages of a stream are called, where that matters.
const MESSAGES: &[(&str, Kind)] =
    &[("speech.audio.delta", Kind::Delta(Content::Visible)), ("speech.audio.done", Kind::Final)];
