//! Bedrock InvokeModel: `POST /model/{id}/invoke`, `invoke-with-response-stream`, with the model family's own
//! body.
//!
//! Specification: <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html>.

use super::{Ends, RequestField, ResponseField, Spec, Table};

pub(super) const SPEC: Spec = Spec {
    name: "bedrock_invoke",
    provider: "aws.bedrock",
    streams_by_default: false,
    request: &[REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Choices,
};

pub(super) const REQUEST: Table<RequestField> = &[];

pub(super) const RESPONSE: Table<ResponseField> = &[];
