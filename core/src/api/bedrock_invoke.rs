//! Bedrock InvokeModel: `POST /model/{id}/invoke`, `invoke-with-response-stream`, with the model family's own
//! body.
//!
//! Specification: <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html>.

use super::{Ends, RequestField, ResponseField, Spec, Table, common};

pub(super) const SPEC: Spec = Spec {
    name: "bedrock_invoke",
    operation: None,
    provider: "aws.bedrock",
    streams_by_default: false,
    request: &[
        common::PARAMETERS,
        common::IN_INFERENCE_CONFIG,
        common::IN_TEXT_GENERATION_CONFIG,
        common::REASONING,
        REQUEST,
    ],
    response: &[RESPONSE],
    messages: &[],
    ends: Ends::Choices,
};

pub(super) const REQUEST: Table<RequestField> = {
    use super::request_field::words::*;
    &[
        // Anthropic, Nova, AI21, Mistral, OpenAI's open models.
        ("messages", Input(Messages)),
        ("tools", Tools),
        ("tools[].name", ToolName),
        ("tools[].function.name", ToolName),
        ("toolConfig.tools", Tools),
        ("toolConfig.tools[].toolSpec.name", ToolName),
        ("output_config.format.type", Output(Format)),
        ("output_format.type", Output(Format)),
        ("response_format.type", Output(Format)),
        // Llama, Mistral, older Anthropic, Cohere and AI21 models.
        ("prompt", Input(Prompt)),
        // Titan.
        ("inputText", Input(Prompt)),
        ("dimensions", Number(Dimensions, 0)),
        ("embeddingTypes", EncodingFormat),
        ("embeddingTypes[]", EncodingFormat),
        ("normalize", EmbeddingHint),
        ("embeddingConfig", EmbeddingHint),
        ("imageGenerationConfig", ImageHint),
        // Cohere.
        ("message", Input(Message)),
        ("chat_history", Input(History)),
        ("p", Number(TopP, 48)),
        ("k", Number(TopK, 48)),
        ("texts", Input(Texts)),
        ("input_type", EmbeddingHint),
        ("embedding_types", EncodingFormat),
        ("embedding_types[]", EncodingFormat),
        ("output_dimension", Number(Dimensions, 1)),
        ("query", Input(Query)),
        // Nova's embeddings.
        ("singleEmbeddingParams", EmbeddingHint),
        ("segmentedEmbeddingParams", EmbeddingHint),
        ("singleEmbeddingParams.embeddingDimension", Number(Dimensions, 2)),
        // Stability.
        ("text_prompts", ImageHint),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = &[];
