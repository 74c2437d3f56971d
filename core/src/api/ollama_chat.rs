//! Ollama's own chat: `POST /api/chat`.
//!
//! Specification: <https://github.com/ollama/ollama/blob/main/docs/api.md>.

use super::{Ends, RequestField, ResponseField, Spec, Table};

pub(super) const SPEC: Spec = Spec {
    name: "ollama_chat",
    provider: "ollama",
    streams_by_default: true,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Message,
};

pub(super) const REQUEST: Table<RequestField> = &[];

pub(super) const RESPONSE: Table<ResponseField> = &[];
