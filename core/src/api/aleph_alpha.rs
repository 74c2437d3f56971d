//! Aleph Alpha complete: `POST /complete`.
//!
//! Specification: <https://docs.aleph-alpha.com/api/complete/>.

use super::{Ends, RequestField, ResponseField, Spec, Table};

pub(super) const SPEC: Spec = Spec {
    name: "aleph_alpha",
    provider: "aleph_alpha",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Body,
};

pub(super) const REQUEST: Table<RequestField> = &[];

pub(super) const RESPONSE: Table<ResponseField> = &[];
