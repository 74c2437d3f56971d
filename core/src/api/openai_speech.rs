//! OpenAI text to speech: `POST …/audio/speech`.
//!
//! Specification: <https://platform.openai.com/docs/api-reference/audio/createSpeech>.

use super::{Ends, RequestField, ResponseField, Spec, Table};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "openai_speech",
    operation: Some(Operation::Speech),
    provider: "openai",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Body,
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("input", Input(RequestInput)),
        // xAI.
        ("text", Input(Texts)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = &[];
