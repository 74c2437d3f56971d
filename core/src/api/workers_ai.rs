//! Cloudflare Workers AI's own run: `POST …/ai/run/@cf/{vendor}/{model}`.
//!
//! Specification: <https://developers.cloudflare.com/workers-ai/>.

use super::{Ends, RequestField, ResponseField, Spec, Table};

pub(super) const SPEC: Spec = Spec {
    name: "workers_ai",
    provider: "cloudflare",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Body,
};

pub(super) const REQUEST: Table<RequestField> = &[];

pub(super) const RESPONSE: Table<ResponseField> = &[];
