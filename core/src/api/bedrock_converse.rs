//! Bedrock Converse: `POST /model/{id}/converse`, `converse-stream`; also the token count.
//!
//! Specification: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>.

use super::{Ends, RequestField, ResponseField, Spec, Table};

pub(super) const SPEC: Spec = Spec {
    name: "bedrock_converse",
    provider: "aws.bedrock",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Message,
};

pub(super) const REQUEST: Table<RequestField> = &[];

pub(super) const RESPONSE: Table<ResponseField> = &[];
