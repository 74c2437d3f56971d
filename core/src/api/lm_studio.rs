//! LM Studio's own chat: `POST /api/v1/chat`.
//!
//! The tools in its answers are those that LM Studio ran itself.
//!
//! Specification: <https://lmstudio.ai/docs/developer/rest/chat>.

use super::{Content, Ends, Kind, RequestField, ResponseField, Signs, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "lm_studio",
    operation: Some(Operation::Chat),
    provider: "lm_studio",
    request: &[common::PARAMETERS, REQUEST],
    shows: &[Signs::MODEL.and(Signs::INPUT)],
    response: &[ALONE, IN_LAST_EVENT, EVENT],
    messages: MESSAGES,
    ends: Ends::Message,
    ..Spec::DEFAULT
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("model", Text(Model, 0)),
        ("stream", Stream),
        ("input", Input(Inputs)),
        ("reasoning", Text(ReasoningLevel, 0)),
        ("previous_response_id", Text(PreviousResponseId, 0)),
    ]
};

const EVENT: Table<ResponseField> = {
    use super::response_field::words::*;
    &[("type", Name), ("content", Delta), ("output", Hint)]
};

/// What the messages of a stream are called, where that matters.
const MESSAGES: &[(&str, Kind)] = &[
    ("message.delta", Kind::Delta(Content::Visible)),
    ("reasoning.delta", Kind::Delta(Content::Reasoning)),
    ("chat.end", Kind::Final),
];

/// An answer, alone or in the stream's last event.
macro_rules! answer {
    ($prefix:literal) => {{
        use super::response_field::words::*;
        &[
            (concat!($prefix, "response_id"), Id(0)),
            (concat!($prefix, "model_instance_id"), Model),
            (concat!($prefix, "stats.input_tokens"), Count(Input, 0)),
            (concat!($prefix, "stats.total_output_tokens"), Count(Output, 0)),
            (concat!($prefix, "stats.reasoning_output_tokens"), Count(Reasoning, 0)),
        ]
    }};
}

const ALONE: Table<ResponseField> = answer!("");
const IN_LAST_EVENT: Table<ResponseField> = answer!("result.");
