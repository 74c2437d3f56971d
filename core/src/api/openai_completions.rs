//! OpenAI's legacy completions, and fill-in-the-middle: `POST …/completions`.
//!
//! Specification: <https://platform.openai.com/docs/api-reference/completions>.

use super::{Ends, ErrorWord, RequestField, ResponseField, Signs, Spec, Table, common, common_response};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "openai_completions",
    operation: Some(Operation::TextCompletion),
    provider: "openai",
    streams_by_default: false,
    request: &[common::PARAMETERS, common::REASONING, REQUEST],
    shows: &[Signs::MODEL.and(Signs::PROMPT), Signs::PROMPT.and(Signs::PARAMETER)],
    response: &[common_response::OPENAI_USAGE, RESPONSE],
    messages: &[],
    ends: Ends::Body,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("stream", Stream),
        ("stream_options.include_usage", StreamUsage),
        ("prompt", Input(Prompt)),
        ("prompt[]", InputItem(Prompt)),
        ("n_predict", Number(MaxTokens, 11)),
        ("response_format.type", Output(Format)),
        ("service_tier", Text(ServiceTier, 0)),
        ("session_id", Text(SessionId, 0)),
        ("litellm_session_id", Text(SessionId, 1)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        ("id", Id(0)),
        ("model", Model),
        ("service_tier", ServiceTier),
        ("system_fingerprint", SystemFingerprint),
        ("provider", UpstreamProvider),
        ("choices[]", Choice),
        ("choices[].index", ChoiceIndex),
        ("choices[].finish_reason", FinishReason),
        ("choices[].text", VISIBLE),
        ("choices[].reasoning", REASONING),
        // Mistral's fill-in-the-middle answers as chat does.
        ("choices[].delta.content", VISIBLE),
        // Writer's streams.
        ("value", VISIBLE),
        // llama.cpp's own format answers here, too.
        ("content", VISIBLE),
        ("stop", Finished),
        ("stop_type", FinishReasonUnless("none")),
        ("tokens_evaluated", Count(Input, 8)),
        ("tokens_predicted", Count(Output, 8)),
        ("timings.cache_n", Count(CacheRead, 8)),
        // vLLM, SGLang: an error without an `error`.
        ("message", OuterErrorMessage),
        ("type", OuterErrorWord(ErrorWord::Type)),
    ]
};
