//! Bedrock InvokeModel: `POST /model/{id}/invoke`, `invoke-with-response-stream`, with the model family's own
//! body.
//!
//! Specification: <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html>.

use super::{
    Count, Ends, RequestField, ResponseField, Signs, Spec, Table, anthropic_messages, bedrock_converse,
    common, common_response,
};

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
    shows: &[
        Signs::TURNS,
        Signs::PROMPT,
        Signs::MESSAGE,
        Signs::TEXTS.and(Signs::HINT),
        Signs::HINT.and(Signs::OWN),
        Signs::QUERY.and(Signs::OWN),
    ],
    response: &[
        anthropic_messages::USAGE,
        anthropic_messages::START_USAGE,
        anthropic_messages::RESPONSE,
        bedrock_converse::USAGE,
        bedrock_converse::METADATA_USAGE,
        bedrock_converse::RESPONSE,
        common_response::OPENAI_USAGE,
        common_response::CHAT_CHOICES,
        RESPONSE,
    ],
    messages: anthropic_messages::MESSAGES,
    ends: Ends::Message,
    count_headers: &[
        ("x-amzn-bedrock-input-token-count", Count::MeteredInput),
        ("x-amzn-bedrock-output-token-count", Count::MeteredOutput),
        ("x-amzn-bedrock-cache-read-input-token-count", Count::MeteredCacheRead),
        ("x-amzn-bedrock-cache-write-input-token-count", Count::MeteredCacheWrite),
    ],
    only_inference: true,
    ..Spec::DEFAULT
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
        ("messages[].role", Turn(Shape::Text)),
        ("documents", Own(Shape::List)),
    ]
};

pub(super) const RESPONSE: Table<ResponseField> = {
    use super::response_field::words::*;
    &[
        // A stream's chunk.
        ("bytes", Wrapped),
        // What a guardrail puts in place of the answer ends without more.
        ("amazon-bedrock-guardrailAction", BlockedIf("INTERVENED")),
        ("amazon-bedrock-invocationMetrics", LastMetrics),
        ("amazon-bedrock-invocationMetrics.inputTokenCount", Count(MeteredInput, 0)),
        ("amazon-bedrock-invocationMetrics.outputTokenCount", Count(MeteredOutput, 0)),
        ("amazon-bedrock-invocationMetrics.cacheReadInputTokenCount", Count(MeteredCacheRead, 0)),
        ("amazon-bedrock-invocationMetrics.cacheWriteInputTokenCount", Count(MeteredCacheWrite, 0)),
        // Nova's streams: events as members.
        ("contentBlockStart.start.toolUse", ToolCall(ToolUse)),
        ("contentBlockStart.start.toolUse.type", ToolCallKind),
        ("contentBlockStart.start.toolUse.toolUseId", ToolCallId),
        ("contentBlockStart.start.toolUse.name", ToolCallName),
        ("contentBlockDelta.delta.text", VISIBLE),
        ("contentBlockDelta.delta.reasoningContent.text", REASONING),
        ("contentBlockDelta.delta.reasoningContent.reasoningText.text", REASONING),
        ("contentBlockDelta.delta.toolUse.input", TOOL_ARGUMENT),
        ("messageStop.stopReason", FinishReason),
        // Titan.
        ("inputTextTokenCount", Count(Input, 0)),
        ("results[]", Choice),
        ("results[].tokenCount", Sum(Output, 1)),
        ("results[].completionReason", FinishReason),
        ("outputText", VISIBLE),
        ("totalOutputTextTokenCount", Count(Output, 0)),
        ("completionReason", FinishReason),
        // Llama.
        ("generation", VISIBLE),
        ("prompt_token_count", Count(Input, 0)),
        ("generation_token_count", Count(Output, 0)),
        // Anthropic's older models.
        ("completion", VISIBLE),
        // Mistral.
        ("outputs[]", Choice),
        ("outputs[].text", VISIBLE),
        ("outputs[].stop_reason", FinishReason),
        // AI21's older models. Their `id` is a number, the same for all.
        ("completions[]", Choice),
        ("completions[].finishReason.reason", FinishReason),
        // Cohere.
        ("generations[]", Choice),
        ("generations[].finish_reason", FinishReason),
        ("response_id", Id(1)),
        ("generation_id", Id(2)),
        ("response.response_id", Id(1)),
        ("response.generation_id", Id(2)),
        ("text", VISIBLE),
        ("finish_reason", FinishReason),
        ("is_finished", Finished),
        ("tool_calls[]", ToolCall(Each)),
        ("tool_calls[].name", ToolCallName),
        ("embedding", Embedding),
        ("embeddings", Embedding),
        // OpenAI's open models, AI21, Qwen, DeepSeek.
        ("choices[].text", VISIBLE),
        // Mistral's newer models, DeepSeek.
        ("choices[].stop_reason", FinishReason),
        ("system_fingerprint", SystemFingerprint),
        ("service_tier", ServiceTier),
    ]
};
