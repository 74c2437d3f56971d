//! Every row of every table matters: taken out, some fixture gives other facts.
//!
//! A row that no fixture needs is untested, or says nothing. Rows that cannot be noticed stand in
//! [`UNNOTICED`], each with its reason. A table that several formats share is one table: its row must matter to
//! one of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../../tests/support/mod.rs"]
mod support;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::LazyLock;

use support::{Case, Cut, cases};

use super::{Api, Spec, Table, Tables, common_response};
use crate::exchange::Observer;

/// Rows that no exchange can show: the table, a format that has it (none for the tables of errors, which all
/// have), the row's path or name, why.
const UNNOTICED: &[(&str, &str, &str, &str)] = &[
    ("in a stream", "", "error.error_type", NOT_YET),
    ("in the body of an error", "", "[].__type", NOT_YET),
    ("in the body of an error", "", "[].code", NOT_YET),
    ("in the body of an error", "", "[].error.code", NOT_YET),
    ("in the body of an error", "", "[].error.error_type", NOT_YET),
    ("in the body of an error", "", "[].error.type", NOT_YET),
    ("in the body of an error", "", "[].error_code", NOT_YET),
    ("in the body of an error", "", "[].error_type", NOT_YET),
    ("in the body of an error", "", "[].status", NOT_YET),
    ("in the body of an error", "", "[].type", NOT_YET),
    ("in the body of an error", "", "__type", NOT_YET),
    ("in the body of an error", "", "error.error_type", NOT_YET),
    ("in the body of an error", "", "status", NOT_YET),
    ("messages", "aleph_alpha", "completion_summary", NOT_YET),
    ("messages", "anthropic_messages", "message_stop", NOT_YET),
    ("messages", "bedrock_converse", "metadata", NOT_YET),
    ("messages", "cohere_chat", "message-end", NOT_YET),
    ("messages", "cohere_chat_v1", "stream-end", NOT_YET),
    ("messages", "gemini_interactions", "interaction.cancelled", NOT_YET),
    ("messages", "gemini_interactions", "interaction.complete", NOT_YET),
    ("messages", "gemini_interactions", "interaction.completed", NOT_YET),
    ("messages", "gemini_interactions", "interaction.failed", NOT_YET),
    ("messages", "gemini_interactions", "interaction.requires_action", NOT_YET),
    ("messages", "openai_images", "image_edit.completed", NOT_YET),
    ("messages", "openai_images", "image_edit.partial_image", NOT_YET),
    ("messages", "openai_responses", "response.apply_patch_call_operation_diff.delta", NOT_YET),
    ("messages", "openai_responses", "response.audio.delta", NOT_YET),
    ("messages", "openai_responses", "response.audio.transcript.delta", NOT_YET),
    ("messages", "openai_responses", "response.code_interpreter_call_code.delta", NOT_YET),
    ("messages", "openai_responses", "response.custom_tool_call_input.delta", NOT_YET),
    ("messages", "openai_responses", "response.failed", NOT_YET),
    ("messages", "openai_responses", "response.reasoning_text.delta", NOT_YET),
    ("messages", "openai_responses", "response.refusal.delta", NOT_YET),
    ("messages", "openai_responses", "response.shell_call_command.delta", NOT_YET),
    ("messages", "openai_speech", "speech.audio.done", NOT_YET),
    ("messages", "openai_transcription", "transcript.text.done", NOT_YET),
    ("messages", "openai_transcription", "transcript.text.segment", NOT_YET),
    ("messages", "openai_transcription", "transcription.segment", NOT_YET),
    ("request", "anthropic_messages", "output_format.type", NOT_YET),
    ("request", "bedrock_converse", "additionalModelRequestFields.top_k", NOT_YET),
    ("request", "bedrock_converse", "outputConfig.textFormat.type", NOT_YET),
    ("request", "bedrock_invoke", "embeddingConfig", NOT_YET),
    ("request", "bedrock_invoke", "embeddingTypes", NOT_YET),
    ("request", "bedrock_invoke", "embedding_types", NOT_YET),
    ("request", "bedrock_invoke", "imageGenerationConfig", NOT_YET),
    ("request", "bedrock_invoke", "input_type", NOT_YET),
    ("request", "bedrock_invoke", "normalize", NOT_YET),
    ("request", "bedrock_invoke", "output_config.format.type", NOT_YET),
    ("request", "bedrock_invoke", "output_format.type", NOT_YET),
    ("request", "bedrock_invoke", "query", NOT_YET),
    ("request", "bedrock_invoke", "response_format.type", NOT_YET),
    ("request", "bedrock_invoke", "segmentedEmbeddingParams", NOT_YET),
    ("request", "bedrock_invoke", "singleEmbeddingParams", NOT_YET),
    ("request", "bedrock_invoke", "singleEmbeddingParams.embeddingDimension", NOT_YET),
    ("request", "bedrock_invoke", "text_prompts", NOT_YET),
    ("request", "bedrock_invoke", "toolConfig.tools", NOT_YET),
    ("request", "bedrock_invoke", "toolConfig.tools[].toolSpec.name", NOT_YET),
    ("request", "bedrock_invoke", "tools[].function.name", NOT_YET),
    ("request", "cohere_chat_v1", "k", NOT_YET),
    ("request", "cohere_chat_v1", "p", NOT_YET),
    ("request", "cohere_chat_v1", "response_format.type", NOT_YET),
    ("request", "cohere_embed", "embedding_types", NOT_YET),
    ("request", "cohere_embed", "inputs", NOT_YET),
    ("request", "gemini_embed", "outputDimensionality", NOT_YET),
    ("request", "gemini_embed", "requests[].output_dimensionality", NOT_YET),
    ("request", "gemini_generate", "generationConfig.responseModalities[]", NOT_YET),
    ("request", "gemini_generate", "generation_config.response_mime_type", NOT_YET),
    ("request", "gemini_generate", "generation_config.thinking_config.thinking_budget", NOT_YET),
    ("request", "gemini_generate", "generation_config.thinking_config.thinking_level", NOT_YET),
    ("request", "gemini_generate", "serviceTier", NOT_YET),
    ("request", "gemini_generate", "service_tier", NOT_YET),
    ("request", "gemini_generate", "tools[].function_declarations[].name", NOT_YET),
    ("request", "gemini_interactions", "generation_config.thinking_budget", NOT_YET),
    ("request", "gemini_interactions", "response_format", NOT_YET),
    ("request", "gemini_interactions", "response_mime_type", NOT_YET),
    ("request", "gemini_interactions", "response_modalities[]", NOT_YET),
    ("request", "gemini_interactions", "service_tier", NOT_YET),
    ("request", "llama_cpp", "input_prefix", NOT_YET),
    ("request", "llama_cpp", "model", NOT_YET),
    ("request", "ollama_embed", "dimensions", NOT_YET),
    ("request", "ollama_generate", "format", NOT_YET),
    ("request", "openai_chat", "litellm_session_id", NOT_YET),
    ("request", "openai_chat", "modalities[]", NOT_YET),
    ("request", "openai_chat", "stream_options.include_usage", NOT_YET),
    ("request", "openai_completions", "litellm_session_id", NOT_YET),
    ("request", "openai_completions", "response_format.type", NOT_YET),
    ("request", "openai_completions", "service_tier", NOT_YET),
    ("request", "openai_completions", "session_id", NOT_YET),
    ("request", "openai_completions", "stream_options.include_usage", NOT_YET),
    ("request", "openai_embeddings", "input[]", NOT_YET),
    ("request", "openai_moderations", "messages", NOT_YET),
    ("request", "openai_responses", "conversation", NOT_YET),
    ("request", "openai_responses", "conversation.id", NOT_YET),
    ("request", "openai_responses", "litellm_session_id", NOT_YET),
    ("request", "openai_responses", "previous_response_id", NOT_YET),
    ("request", "openai_responses", "session_id", NOT_YET),
    ("request", "dashscope", "input.query", OF_PROOF),
    ("request", "oci", "input", OF_PROOF),
    ("request", "rerank", "query", OF_PROOF),
    ("request", "tgi", "input_ids", NOT_YET),
    ("request", "tgi", "input_ids[]", NOT_YET),
    ("request", "tgi", "model", NOT_YET),
    ("request", "tgi", "parameters.grammar", NOT_YET),
    ("request", "tgi", "sampling_params.json_schema", NOT_YET),
    ("request", "watsonx_generation", "query", OF_PROOF),
    ("request", "workers_ai", "response_format.type", NOT_YET),
    ("request", "workers_ai", "tools[].function.name", NOT_YET),
    ("response", "aleph_alpha", "completions[]", NOT_YET),
    ("response", "aleph_alpha", "type", NOT_YET),
    ("response", "anthropic_messages", "content_block.text", NOT_YET),
    ("response", "anthropic_messages", "content_block.thinking", NOT_YET),
    ("response", "anthropic_messages", "message.usage", NOT_YET),
    ("response", "anthropic_messages", "message.usage.cost", NOT_YET),
    ("response", "anthropic_messages", "message.usage.cost_in_usd_ticks", NOT_YET),
    ("response", "anthropic_messages", "message.usage.output_tokens_details.thinking_tokens", NOT_YET),
    ("response", "anthropic_messages", "message.usage.pydantic_ai_gateway.cost_estimate", NOT_YET),
    ("response", "anthropic_messages", "type", NOT_YET),
    ("response", "anthropic_messages", "usage", NOT_YET),
    ("response", "anthropic_messages", "usage.cache_creation.*", NOT_YET),
    ("response", "anthropic_messages", "usage.cache_creation_input_tokens", NOT_YET),
    ("response", "anthropic_messages", "usage.cost", NOT_YET),
    ("response", "anthropic_messages", "usage.cost_in_usd_ticks", NOT_YET),
    ("response", "anthropic_messages", "usage.pydantic_ai_gateway.cost_estimate", NOT_YET),
    ("response", "bedrock_converse", "delta.image", NOT_YET),
    ("response", "bedrock_converse", "delta.reasoningContent.redactedContent", NOT_YET),
    ("response", "bedrock_converse", "start.toolUse.type", NOT_YET),
    ("response", "bedrock_converse", "usage", NOT_YET),
    ("response", "bedrock_converse", "usage.pydantic_ai_gateway.cost_estimate", NOT_YET),
    ("response", "bedrock_invoke", "amazon-bedrock-invocationMetrics", NOT_YET),
    ("response", "bedrock_invoke", "amazon-bedrock-invocationMetrics.cacheWriteInputTokenCount", NOT_YET),
    ("response", "bedrock_invoke", "choices[].text", NOT_YET),
    ("response", "bedrock_invoke", "completion", NOT_YET),
    ("response", "bedrock_invoke", "contentBlockDelta.delta.reasoningContent.reasoningText.text", NOT_YET),
    ("response", "bedrock_invoke", "contentBlockDelta.delta.reasoningContent.text", NOT_YET),
    ("response", "bedrock_invoke", "contentBlockStart.start.toolUse.type", NOT_YET),
    ("response", "bedrock_invoke", "embeddings", NOT_YET),
    ("response", "bedrock_invoke", "generation_id", NOT_YET),
    ("response", "bedrock_invoke", "generations[]", NOT_YET),
    ("response", "bedrock_invoke", "generations[].finish_reason", NOT_YET),
    ("response", "bedrock_invoke", "is_finished", NOT_YET),
    ("response", "bedrock_invoke", "metadata.usage", NOT_YET),
    ("response", "bedrock_invoke", "metadata.usage.cacheDetails[]", NOT_YET),
    ("response", "bedrock_invoke", "metadata.usage.cacheDetails[].inputTokens", NOT_YET),
    ("response", "bedrock_invoke", "metadata.usage.cacheDetails[].ttl", NOT_YET),
    ("response", "bedrock_invoke", "metadata.usage.cacheReadInputTokens", NOT_YET),
    ("response", "bedrock_invoke", "metadata.usage.cacheWriteInputTokens", NOT_YET),
    ("response", "bedrock_invoke", "metadata.usage.outputTokens", NOT_YET),
    ("response", "bedrock_invoke", "metadata.usage.pydantic_ai_gateway.cost_estimate", NOT_YET),
    ("response", "bedrock_invoke", "outputs[]", NOT_YET),
    ("response", "bedrock_invoke", "response.generation_id", NOT_YET),
    ("response", "bedrock_invoke", "response.response_id", NOT_YET),
    ("response", "bedrock_invoke", "results[]", NOT_YET),
    ("response", "bedrock_invoke", "system_fingerprint", NOT_YET),
    ("response", "bedrock_invoke", "text", NOT_YET),
    ("response", "bedrock_invoke", "tool_calls[]", NOT_YET),
    ("response", "bedrock_invoke", "tool_calls[].name", NOT_YET),
    ("response", "bedrock_invoke", "totalOutputTextTokenCount", NOT_YET),
    ("response", "cohere_chat", "delta.usage.billed_units.reasoning_tokens", NOT_YET),
    ("response", "cohere_chat", "delta.usage.cached_tokens", NOT_YET),
    ("response", "cohere_chat", "delta.usage.tokens.input_tokens", NOT_YET),
    ("response", "cohere_chat", "delta.usage.tokens.output_tokens", NOT_YET),
    ("response", "cohere_chat", "type", NOT_YET),
    ("response", "cohere_chat", "usage.billed_units.reasoning_tokens", NOT_YET),
    ("response", "cohere_chat", "usage.tokens.input_tokens", NOT_YET),
    ("response", "cohere_chat", "usage.tokens.output_tokens", NOT_YET),
    ("response", "cohere_chat", "usage.tokens.reasoning_tokens", NOT_YET),
    ("response", "cohere_chat_v1", "event_type", NOT_YET),
    ("response", "cohere_chat_v1", "generation_id", NOT_YET),
    ("response", "cohere_chat_v1", "is_finished", NOT_YET),
    ("response", "cohere_chat_v1", "meta.billed_units.reasoning_tokens", NOT_YET),
    ("response", "cohere_chat_v1", "meta.cached_tokens", NOT_YET),
    ("response", "cohere_chat_v1", "meta.tokens.input_tokens", NOT_YET),
    ("response", "cohere_chat_v1", "meta.tokens.output_tokens", NOT_YET),
    ("response", "cohere_chat_v1", "meta.tokens.reasoning_tokens", NOT_YET),
    ("response", "cohere_chat_v1", "response.finish_reason", NOT_YET),
    ("response", "cohere_chat_v1", "response.generation_id", NOT_YET),
    ("response", "cohere_chat_v1", "response.meta.billed_units.reasoning_tokens", NOT_YET),
    ("response", "cohere_chat_v1", "response.meta.cached_tokens", NOT_YET),
    ("response", "cohere_chat_v1", "response.meta.tokens.input_tokens", NOT_YET),
    ("response", "cohere_chat_v1", "response.meta.tokens.output_tokens", NOT_YET),
    ("response", "cohere_chat_v1", "response.meta.tokens.reasoning_tokens", NOT_YET),
    ("response", "cohere_chat_v1", "response.tool_calls[]", NOT_YET),
    ("response", "cohere_chat_v1", "response.tool_calls[].name", NOT_YET),
    ("response", "cohere_generate", "generations[].index", NOT_YET),
    ("response", "gemini_embed", "embedding", NOT_YET),
    ("response", "gemini_embed", "embeddings", NOT_YET),
    ("response", "gemini_cli", "response.candidates[].content.parts[].thought", OF_TIME),
    ("response", "gemini_cli", "response.usageMetadata", NOT_YET),
    ("response", "gemini_generate", "candidates[].content.parts[].executableCode", NOT_YET),
    ("response", "gemini_generate", "candidates[].content.parts[].functionCall.partialArgs[]", NOT_YET),
    ("response", "gemini_generate", "candidates[].content.parts[].inlineData", NOT_YET),
    ("response", "gemini_generate", "candidates[].content.parts[].thought", NOT_YET),
    ("response", "gemini_generate", "promptFeedback.blockReason", NOT_YET),
    ("response", "gemini_generate", "usageMetadata", NOT_YET),
    ("response", "gemini_generate", "usageMetadata.pydantic_ai_gateway.cost_estimate", NOT_YET),
    ("response", "gemini_interactions", "delta", NOT_YET),
    ("response", "gemini_interactions", "delta.data", NOT_YET),
    ("response", "gemini_interactions", "delta.id", NOT_YET),
    ("response", "gemini_interactions", "delta.name", NOT_YET),
    ("response", "gemini_interactions", "delta.type", NOT_YET),
    ("response", "gemini_interactions", "event_type", NOT_YET),
    ("response", "gemini_interactions", "interaction.usage", NOT_YET),
    ("response", "gemini_interactions", "outputs[]", NOT_YET),
    ("response", "gemini_interactions", "outputs[].id", NOT_YET),
    ("response", "gemini_interactions", "outputs[].name", NOT_YET),
    ("response", "gemini_interactions", "outputs[].type", NOT_YET),
    ("response", "gemini_interactions", "steps[]", NOT_YET),
    ("response", "gemini_interactions", "steps[].id", NOT_YET),
    ("response", "gemini_interactions", "steps[].name", NOT_YET),
    ("response", "gemini_interactions", "steps[].type", NOT_YET),
    ("response", "gemini_interactions", "usage", NOT_YET),
    ("response", "llama_cpp", "stop", NOT_YET),
    ("response", "llama_cpp", "timings.cache_n", NOT_YET),
    ("response", "ollama_generate", "thinking", NOT_YET),
    ("response", "openai_chat", "choices[].delta.audio.data", NOT_YET),
    ("response", "openai_chat", "choices[].delta.audio.transcript", NOT_YET),
    ("response", "openai_chat", "choices[].delta.content[].text", NOT_YET),
    ("response", "openai_chat", "choices[].delta.content[].thinking[].text", NOT_YET),
    ("response", "openai_chat", "choices[].delta.images[]", NOT_YET),
    ("response", "openai_chat", "choices[].delta.refusal", NOT_YET),
    ("response", "openai_chat", "choices[].delta.tool_calls[].index", NOT_YET),
    ("response", "openai_chat", "choices[].message.function_call", NOT_YET),
    ("response", "openai_chat", "choices[].message.function_call.name", NOT_YET),
    ("response", "openai_chat", "choices[].message.tool_calls[].index", NOT_YET),
    ("response", "openai_chat", "usage", NOT_YET),
    ("response", "openai_chat", "x_groq.usage", NOT_YET),
    ("response", "openai_completions", "choices[].delta.content", NOT_YET),
    ("response", "openai_completions", "choices[].index", NOT_YET),
    ("response", "openai_completions", "choices[].reasoning", NOT_YET),
    ("response", "openai_completions", "message", NOT_YET),
    ("response", "openai_completions", "provider", NOT_YET),
    ("response", "openai_completions", "service_tier", NOT_YET),
    ("response", "openai_completions", "stop", NOT_YET),
    ("response", "openai_completions", "system_fingerprint", NOT_YET),
    ("response", "openai_completions", "type", NOT_YET),
    ("response", "openai_embeddings", "provider", NOT_YET),
    ("response", "openai_images", "id", NOT_YET),
    ("response", "openai_images", "model", NOT_YET),
    ("response", "openai_images", "provider", NOT_YET),
    ("response", "openai_images", "type", NOT_YET),
    ("response", "openai_responses", "error", NOT_YET),
    ("response", "openai_responses", "error.code", NOT_YET),
    ("response", "openai_responses", "error.type", NOT_YET),
    ("response", "openai_responses", "item.name", NOT_YET),
    ("response", "openai_responses", "partial_image_b64", NOT_YET),
    ("response", "openai_responses", "previous_response_id", NOT_YET),
    ("response", "openai_responses", "provider", NOT_YET),
    ("response", "openai_responses", "response.conversation.id", NOT_YET),
    ("response", "openai_responses", "response.error.type", NOT_YET),
    ("response", "openai_responses", "response.output[]", NOT_YET),
    ("response", "openai_responses", "response.output[].name", NOT_YET),
    ("response", "openai_responses", "response.output[].type", NOT_YET),
    ("response", "openai_responses", "response.provider", NOT_YET),
    ("response", "openai_responses", "response.system_fingerprint", NOT_YET),
    ("response", "openai_responses", "response.usage", NOT_YET),
    ("response", "openai_responses", "system_fingerprint", NOT_YET),
    ("response", "openai_responses", "usage", NOT_YET),
    ("response", "openai_speech", "audio_data", NOT_YET),
    ("response", "rerank", "provider", NOT_YET),
    ("response", "tgi", "[]", NOT_YET),
    ("response", "tgi", "text", NOT_YET),
    ("response", "vertex_predict", "predictions[].embeddings", NOT_YET),
    ("response", "watsonx_chat", "model", NOT_YET),
    ("response", "watsonx_generation", "results[]", NOT_YET),
    ("response", "workers_ai", "id", NOT_YET),
    ("response", "workers_ai", "model", NOT_YET),
    ("response", "workers_ai", "result.choices[]", NOT_YET),
    ("response", "workers_ai", "result.choices[].delta.audio.data", NOT_YET),
    ("response", "workers_ai", "result.choices[].delta.audio.transcript", NOT_YET),
    ("response", "workers_ai", "result.choices[].delta.content", NOT_YET),
    ("response", "workers_ai", "result.choices[].delta.content[].text", NOT_YET),
    ("response", "workers_ai", "result.choices[].delta.content[].thinking[].text", NOT_YET),
    ("response", "workers_ai", "result.choices[].delta.function_call", NOT_YET),
    ("response", "workers_ai", "result.choices[].delta.function_call.arguments", NOT_YET),
    ("response", "workers_ai", "result.choices[].delta.function_call.name", NOT_YET),
    ("response", "workers_ai", "result.choices[].delta.images[]", NOT_YET),
    ("response", "workers_ai", "result.choices[].delta.reasoning", NOT_YET),
    ("response", "workers_ai", "result.choices[].delta.reasoning_content", NOT_YET),
    ("response", "workers_ai", "result.choices[].delta.refusal", NOT_YET),
    ("response", "workers_ai", "result.choices[].delta.tool_calls[]", NOT_YET),
    ("response", "workers_ai", "result.choices[].delta.tool_calls[].custom.input", NOT_YET),
    ("response", "workers_ai", "result.choices[].delta.tool_calls[].custom.name", NOT_YET),
    ("response", "workers_ai", "result.choices[].delta.tool_calls[].function.arguments", NOT_YET),
    ("response", "workers_ai", "result.choices[].delta.tool_calls[].function.name", NOT_YET),
    ("response", "workers_ai", "result.choices[].delta.tool_calls[].id", NOT_YET),
    ("response", "workers_ai", "result.choices[].delta.tool_calls[].index", NOT_YET),
    ("response", "workers_ai", "result.choices[].index", NOT_YET),
    ("response", "workers_ai", "result.choices[].message.function_call", NOT_YET),
    ("response", "workers_ai", "result.choices[].message.function_call.name", NOT_YET),
    ("response", "workers_ai", "result.choices[].message.tool_calls[]", NOT_YET),
    ("response", "workers_ai", "result.choices[].message.tool_calls[].custom.name", NOT_YET),
    ("response", "workers_ai", "result.choices[].message.tool_calls[].function.name", NOT_YET),
    ("response", "workers_ai", "result.choices[].message.tool_calls[].id", NOT_YET),
    ("response", "workers_ai", "result.choices[].message.tool_calls[].index", NOT_YET),
    ("response", "workers_ai", "result.tool_calls[].function.name", NOT_YET),
    ("response", "workers_ai", "result.tool_calls[].id", NOT_YET),
    ("response", "workers_ai", "result.usage", NOT_YET),
    ("response", "workers_ai", "tool_calls[].function.name", NOT_YET),
    ("response", "workers_ai", "tool_calls[].id", NOT_YET),
];
/// A fixture is still to be written.
const NOT_YET: &str = "no fixture yet";
/// Tells only that there is something to work on.
const OF_PROOF: &str = "not counted";
/// Tells apart times, which are no facts.
const OF_TIME: &str = "of times alone";

#[test]
fn every_row_of_a_request_table_is_noticed() {
    let rows = rows(|spec| spec.request.to_vec(), |spec, tables| Spec { request: leak(tables), ..spec });
    check("request", &rows);
}

#[test]
fn every_row_of_a_response_table_is_noticed() {
    let rows = rows(|spec| spec.response.to_vec(), |spec, tables| Spec { response: leak(tables), ..spec });
    check("response", &rows);
}

#[test]
fn every_name_of_a_message_is_noticed() {
    let rows = rows(|spec| vec![spec.messages], |spec, tables| Spec { messages: tables[0], ..spec });
    check("messages", &rows);
}

#[test]
fn every_row_of_the_tables_of_errors_is_noticed() {
    let in_stream = common_response::IN_STREAM_ERROR.to_vec();
    let body = common_response::ERROR_BODY.concat();
    let mut unnoticed = Vec::new();
    let mut look = |table, path, in_stream: &[_], body: &[_]| {
        let tables = Tables::with_errors(in_stream, body);
        let observer = Observer::with_tables(tables);
        let listed = UNNOTICED.iter().any(|(of, _, row, _)| *of == table && *row == path);
        if listed == CASES.iter().any(|case| differs(case, &observer)) {
            unnoticed.push(format!("{table}: {path}"));
        }
    };
    for at in 0..in_stream.len() {
        look("in a stream", in_stream[at].0, &without(&in_stream, at), &body);
    }
    for at in 0..body.len() {
        look("in the body of an error", body[at].0, &in_stream, &without(&body, at));
    }
    assert!(unnoticed.is_empty(), "not needed by a fixture, or needed and listed:\n{}", unnoticed.join("\n"));
}

/// One row of a table, and the formats that have it, without it.
struct Row {
    name: &'static str,
    without: Vec<(Api, &'static Spec)>,
}

/// The rows of the tables that `of` gives; `with` puts others in their place.
fn rows<F: Copy + Debug + 'static>(
    of: impl Fn(&Spec) -> Vec<Table<F>>,
    with: impl Fn(Spec, Vec<Table<F>>) -> Spec,
) -> Vec<Row> {
    let mut users: BTreeMap<String, Vec<(Api, usize)>> = BTreeMap::new();
    for &api in Api::ALL {
        for (place, table) in of(api.spec()).iter().enumerate() {
            users.entry(format!("{table:?}")).or_default().push((api, place));
        }
    }
    let mut rows = Vec::new();
    for users in users.values() {
        let (api, place) = users[0];
        let table = of(api.spec())[place];
        for at in 0..table.len() {
            let shorter = leak(without(table, at));
            let spec = |&(api, place): &(Api, usize)| {
                let mut tables = of(api.spec());
                tables[place] = shorter;
                (api, &leak(vec![with(*api.spec(), tables)])[0])
            };
            rows.push(Row { name: table[at].0, without: users.iter().map(spec).collect() });
        }
    }
    rows
}

fn check(table: &str, rows: &[Row]) {
    let mut wrong = Vec::new();
    for Row { name, without } in rows {
        let listed = UNNOTICED.iter().any(|(of, api, row, _)| {
            *of == table && row == name && without.iter().any(|(user, _)| user.name() == *api)
        });
        let noticed = without.iter().any(|&(api, spec)| {
            INSTEAD.set(Some((api, spec)));
            let observer = Observer::default();
            CASES.iter().filter(|case| case.api == api.name()).any(|case| differs(case, &observer))
        });
        INSTEAD.set(None);
        let users: Vec<&str> = without.iter().map(|(api, _)| api.name()).collect();
        match (noticed, listed) {
            (false, false) => wrong.push(format!("{}: {name}: no fixture needs it", users.join(", "))),
            (true, true) => {
                wrong.push(format!("{}: {name}: a fixture needs it, so unlist it", users.join(", ")))
            }
            _ => {}
        }
    }
    assert!(
        wrong.is_empty(),
        "{} rows of {} for the {table}:\n{}",
        wrong.len(),
        rows.len(),
        wrong.join("\n")
    );
}

/// The specification that a test puts in the place of this format's.
pub(super) fn instead_of(api: Api) -> Option<&'static Spec> {
    INSTEAD.get().filter(|(of, _)| *of == api).map(|(_, spec)| spec)
}

thread_local! {
    static INSTEAD: Cell<Option<(Api, &'static Spec)>> = const { Cell::new(None) };
}

static CASES: LazyLock<Vec<Case>> = LazyLock::new(cases);

fn differs(case: &Case, observer: &Observer) -> bool {
    case.difference(observer, Cut::Whole).is_some()
}

fn without<T: Copy>(rows: &[T], at: usize) -> Vec<T> {
    let mut rows = rows.to_vec();
    rows.remove(at);
    rows
}

fn leak<T>(rows: Vec<T>) -> &'static [T] {
    Box::leak(rows.into())
}
