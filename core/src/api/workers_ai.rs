//! Cloudflare Workers AI's own run: `POST …/ai/run/@cf/{vendor}/{model}`.
//!
//! Specification: <https://developers.cloudflare.com/workers-ai/>.

use super::{Ends, RequestField, ResponseField, Spec, Table, common};

pub(super) const SPEC: Spec = Spec {
    name: "workers_ai",
    operation: None,
    provider: "cloudflare",
    streams_by_default: false,
    request: &[common::PARAMETERS, REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Body,
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("stream", Stream),
        ("messages", Input(Messages)),
        ("prompt", Input(Prompt)),
        ("text", Input(Texts)),
        ("tools", Tools),
        ("tools[].name", ToolName),
        ("tools[].function.name", ToolName),
        ("response_format.type", Output(Format)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = &[];
