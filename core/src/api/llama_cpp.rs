//! llama.cpp's own completion: `POST /completion`, `/infill`.
//!
//! Specification: <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>.

use super::{Ends, RequestField, ResponseField, Spec, Table};

pub(super) const SPEC: Spec = Spec {
    name: "llama_cpp",
    provider: "llama_cpp",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Message,
};

pub(super) const REQUEST: Table<RequestField> = &[];

pub(super) const RESPONSE: Table<ResponseField> = &[];
