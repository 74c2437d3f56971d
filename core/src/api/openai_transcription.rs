//! OpenAI audio to text: `POST …/audio/transcriptions`, `translations`; multipart or JSON.
//!
//! Specification: <https://platform.openai.com/docs/api-reference/audio>.

use super::{Ends, RequestField, ResponseField, Spec, Table};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "openai_transcription",
    operation: Some(Operation::Transcription),
    provider: "openai",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Message,
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[("model", Text(Model, 0)), ("stream", Stream)]
};

pub(super) const RESPONSE: Table<ResponseField> = &[];
