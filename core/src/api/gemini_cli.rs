//! Gemini as Google's Code Assist serves it to Gemini CLI: `POST …/v1internal:generateContent`,
//! `:streamGenerateContent`, `:countTokens`. The request of Gemini's own API stands within `request`, its answer
//! within `response`, and the body names the model.
//!
//! Specification: <https://github.com/google-gemini/gemini-cli/blob/main/packages/core/src/code_assist/converter.ts>.

use super::{Answers, Ends, RequestField, Spec, Table, common, gemini_generate};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "gemini_cli",
    operation: Some(Operation::GenerateContent),
    provider: "gcp.gemini",
    request: &[common::IN_WRAPPED_GENERATION_CONFIG, gemini_generate::WRAPPED_REQUEST, REQUEST],
    response: &[gemini_generate::WRAPPED_USAGE, gemini_generate::WRAPPED_RESPONSE],
    messages: &[],
    ends: Ends::Choices,
    answers: Answers::JsonArray,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[("model", Text(Model, 0)), ("request.session_id", Text(SessionId, 0))]
};
