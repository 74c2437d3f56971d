//! OpenAI images: `POST …/images/generations`, `edits`, `variations`; JSON or multipart.
//!
//! Specification: <https://platform.openai.com/docs/api-reference/images>.

use super::{Ends, RequestField, ResponseField, Spec, Table};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "openai_images",
    operation: Some(Operation::ImageGeneration),
    provider: "openai",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Message,
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[("model", Text(Model, 0)), ("stream", Stream), ("prompt", Input(Prompt)), ("n", Number(ChoiceCount, 0))]
};

pub(super) const RESPONSE: Table<ResponseField> = &[];
