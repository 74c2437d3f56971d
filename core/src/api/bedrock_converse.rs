//! Bedrock Converse: `POST /model/{id}/converse`, `converse-stream`; also the token count.
//!
//! Specification: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>.

use super::{Ends, RequestField, ResponseField, Spec, Table, common};
use crate::call::Operation;

pub(super) const SPEC: Spec = Spec {
    name: "bedrock_converse",
    operation: Some(Operation::Chat),
    provider: "aws.bedrock",
    streams_by_default: false,
    request: &[common::PARAMETERS, common::IN_INFERENCE_CONFIG, REQUEST],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Message,
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        ("messages", Input(Messages)),
        // A token count wraps the request.
        ("input.converse.messages", Input(Messages)),
        ("additionalModelRequestFields.top_k", Number(TopK, 32)),
        ("additionalModelRequestFields.inferenceConfig.topK", Number(TopK, 33)),
        ("toolConfig.tools", Tools),
        ("toolConfig.tools[].toolSpec.name", ToolName),
        ("outputConfig.textFormat.type", Output(Format)),
        ("serviceTier.type", Text(ServiceTier, 0)),
        ("guardrailConfig.guardrailIdentifier", Text(GuardrailId, 0)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = &[];
