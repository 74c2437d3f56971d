//! OpenAI audio to text: `POST …/audio/transcriptions`, `translations`; multipart or JSON.
//!
//! Specification: <https://platform.openai.com/docs/api-reference/audio>.

use super::{Ends, RequestField, ResponseField, Spec, Table};

pub(super) const SPEC: Spec = Spec {
    name: "openai_transcription",
    provider: "openai",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Message,
};

pub(super) const REQUEST: Table<RequestField> = &[];

pub(super) const RESPONSE: Table<ResponseField> = &[];
