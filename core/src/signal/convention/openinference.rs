//! OpenInference: the vocabulary of Arize Phoenix. Spans only; it has no metrics.
//!
//! | attribute | type | what it says |
//! |---|---|---|
//! | `openinference.span.kind` | string | `LLM`, `EMBEDDING`, `RERANKER`; `GUARDRAIL` for moderation, `CHAIN` for a count of tokens |
//! | `llm.system` | string | who made the model, where its name tells, else who answers; LLM spans only, like all of `llm.` |
//! | `llm.provider` | string | who answers |
//! | `llm.model_name` | string | the model that answered, else the one that was asked for |
//! | `llm.request.model_name`, `llm.response.model_name` | string | each of them |
//! | `llm.invocation_parameters` | string | what was asked for beside the input, as a JSON object |
//! | `llm.tools.N.tool.json_schema` | string | the name of each tool that was offered, as the JSON that offers it; the first 8 |
//! | `llm.finish_reason` | string | the first choice's |
//! | `llm.output_messages.0.message.role`, `.tool_calls.N.tool_call.id`, `.tool_calls.N.tool_call.function.name` | string | tools that the model called; the first 8 |
//! | `llm.token_count.prompt`, `.completion`, `.total` | int | tokens; the total where both are known |
//! | `llm.token_count.prompt_details.cache_read`, `.cache_write`, `.audio` | int | parts of the input |
//! | `llm.token_count.completion_details.reasoning`, `.audio` | int | parts of the output |
//! | `llm.cost.total` | double | USD, where known |
//! | `llm.cost.prompt`, `llm.cost.completion` | double | USD for the input and the output, where the cost is computed |
//! | `embedding.model_name`, `embedding.invocation_parameters` | string | the same of embeddings |
//! | `reranker.model_name` | string | the model of a rerank |
//! | `session.id` | string | a session that the client names, else the conversation |
//!
//! Spans are `INTERNAL` and named after what is asked for: `ChatCompletion`, `CreateEmbeddings` … A failed call has
//! the event `exception` with `exception.type` (its `error.type`) and `exception.message` (the provider's code of
//! the error, where there is one). No content is told.

mod json;
#[cfg(test)]
mod tests;

use super::common::{self, total_tokens};
use crate::call::{Call, Operation, ToolCall};
use crate::content::Content;
use crate::signal::{AttributeSink, EventRow};
use json::Object;

/// Name of the call's span.
pub(super) fn name(call: &Call) -> &'static str {
    kind(call.operation).1
}

/// Kind and name of the spans of an operation.
fn kind(operation: Operation) -> (&'static str, &'static str) {
    match operation {
        Operation::Chat | Operation::GenerateContent => ("LLM", "ChatCompletion"),
        Operation::TextCompletion => ("LLM", "Completion"),
        Operation::ImageGeneration => ("LLM", "ImageGeneration"),
        Operation::Transcription => ("LLM", "Transcription"),
        Operation::Translation => ("LLM", "Translation"),
        Operation::Speech => ("LLM", "Speech"),
        Operation::Embeddings => ("EMBEDDING", "CreateEmbeddings"),
        Operation::Rerank => ("RERANKER", "Rerank"),
        Operation::Moderation => ("GUARDRAIL", "Moderation"),
        Operation::CountTokens => ("CHAIN", "CountTokens"),
    }
}

/// The attributes of the call's span; `shared` says that those whose keys are another vocabulary's, too, are told
/// here.
pub(super) fn attributes(call: &Call, shared: bool, sink: &mut dyn AttributeSink) {
    let Call { request, response, usage, .. } = call;
    sink.text("openinference.span.kind", kind(call.operation).0);
    let model = response.model.as_deref().or(request.model.as_deref());
    match call.operation {
        Operation::Embeddings => {
            sink.text_if("embedding.model_name", model);
            sink.text_if("embedding.invocation_parameters", parameters(call).as_deref());
        }
        Operation::Rerank => sink.text_if("reranker.model_name", model),
        _ => llm(call, model, shared, sink),
    }
    if call.operation != Operation::CountTokens {
        sink.int_if("llm.token_count.prompt", usage.input_tokens);
        sink.int_if("llm.token_count.completion", usage.output_tokens);
        sink.int_if("llm.token_count.total", total_tokens(call));
        sink.int_if("llm.token_count.prompt_details.cache_read", usage.cache_read_tokens);
        sink.int_if("llm.token_count.prompt_details.cache_write", usage.cache_write_tokens);
        let some = |count: Option<u64>| count.filter(|n| *n > 0);
        sink.int_if("llm.token_count.prompt_details.audio", some(usage.input_audio_tokens));
        sink.int_if("llm.token_count.completion_details.reasoning", usage.reasoning_tokens);
        sink.int_if("llm.token_count.completion_details.audio", some(usage.output_audio_tokens));
    }
    if let Some(cost) = &usage.cost {
        if shared {
            sink.double("llm.cost.total", cost.usd);
        }
        sink.double_if("llm.cost.prompt", cost.input_usd);
        sink.double_if("llm.cost.completion", cost.output_usd);
    }
    // A configured entry of the client's baggage has the last word, and is told with ours.
    if !call.client.baggage.iter().any(|(key, _)| key == "session.id") {
        let conversation = response.conversation_id.as_ref().or(request.conversation_id.as_ref());
        sink.text_if("session.id", request.session_id.as_ref().or(conversation).map(String::as_str));
    }
}

/// What is told of a model's answer.
fn llm(call: &Call, model: Option<&str>, shared: bool, sink: &mut dyn AttributeSink) {
    let Call { request, response, .. } = call;
    let (system, provider) = system_and_provider(&call.provider, model.unwrap_or_default());
    sink.text("llm.system", system);
    if shared {
        sink.text("llm.provider", provider);
    }
    sink.text_if("llm.model_name", model);
    sink.text_if("llm.request.model_name", request.model.as_deref());
    sink.text_if("llm.response.model_name", response.model.as_deref());
    sink.text_if("llm.invocation_parameters", parameters(call).as_deref());
    // Captured content tells the same, and more.
    let content = call.content.as_deref();
    let offered: &[String] = if content.is_some_and(Content::has_tools) { &[] } else { &request.tool_names };
    for (key, name) in TOOLS.iter().zip(offered) {
        let mut function = Object::default();
        function.text("name", name);
        let mut tool = Object::default();
        tool.text("type", "function");
        tool.object("function", function);
        sink.text(key, &tool.finish());
    }
    sink.text_if("llm.finish_reason", response.finish_reasons.first().map(String::as_str));
    if !response.tool_calls.is_empty() && !content.is_some_and(Content::has_output) {
        sink.text("llm.output_messages.0.message.role", "assistant");
        for ((id, name), ToolCall { id: told_id, name: told_name }) in
            TOOL_CALL_IDS.iter().zip(TOOL_CALL_NAMES).zip(&response.tool_calls)
        {
            sink.text_if(id, told_id.as_deref());
            sink.text_if(name, told_name.as_deref());
        }
    }
}

/// What was asked for beside the input, as most APIs call it.
fn parameters(call: &Call) -> Option<String> {
    let request = &call.request;
    let mut object = Object::default();
    object.text_if("model", request.model.as_deref());
    if let Some(stream) = request.stream {
        object.raw("stream", stream);
    }
    object.raw_if("temperature", request.temperature);
    object.raw_if("top_p", request.top_p);
    object.raw_if("top_k", request.top_k);
    object.raw_if("max_tokens", request.max_tokens);
    object.raw_if("seed", request.seed);
    object.raw_if("presence_penalty", request.presence_penalty);
    object.raw_if("frequency_penalty", request.frequency_penalty);
    object.raw_if("n", request.choice_count);
    object.text_if("reasoning_effort", request.reasoning_level.as_deref());
    object.raw_if("thinking_budget", request.thinking_budget);
    object.text_if("service_tier", request.service_tier.as_deref());
    object.raw_if("dimensions", request.dimensions);
    object.text_if("encoding_format", request.encoding_formats.first().map(String::as_str));
    object.texts("stop", &request.stop_sequences);
    (!object.is_empty()).then(|| object.finish())
}

/// Who made the model and who answers, as OpenInference calls them.
fn system_and_provider<'c>(provider: &'c str, model: &str) -> (&'c str, &'c str) {
    let known = PROVIDERS.iter().find(|(name, ..)| *name == provider);
    let (_, makes, system, provider) = known.copied().unwrap_or(("", Makes::Others, provider, provider));
    let maker = match makes {
        Makes::Own => None,
        Makes::Others => MAKERS.iter().find(|(part, _)| contains(model, part)),
    };
    (maker.map_or(system, |(_, maker)| maker), provider)
}

/// Whose models a provider serves.
#[derive(Clone, Copy)]
enum Makes {
    Own,
    Others,
}

/// `gen_ai.provider.name`, whose models it serves, `llm.system` where the model's name does not tell it, and
/// `llm.provider`. Those that are not here are called as they are.
const PROVIDERS: &[(&str, Makes, &str, &str)] = &[
    ("openai", Makes::Own, "openai", "openai"),
    ("azure.ai.openai", Makes::Own, "openai", "azure"),
    ("azure.ai.inference", Makes::Others, "azure", "azure"),
    ("anthropic", Makes::Own, "anthropic", "anthropic"),
    ("aws.bedrock", Makes::Others, "amazon", "aws"),
    ("gcp.vertex_ai", Makes::Own, "vertexai", "google"),
    ("gcp.gemini", Makes::Own, "vertexai", "google"),
    ("gcp.gen_ai", Makes::Own, "vertexai", "google"),
    ("cohere", Makes::Own, "cohere", "cohere"),
    ("mistral_ai", Makes::Own, "mistralai", "mistralai"),
    ("x_ai", Makes::Own, "xai", "xai"),
    ("deepseek", Makes::Own, "deepseek", "deepseek"),
    ("moonshot_ai", Makes::Own, "moonshot", "moonshot"),
    ("fireworks_ai", Makes::Others, "fireworks", "fireworks"),
    ("together_ai", Makes::Others, "together", "together"),
];

/// Parts of models' names, and who makes them, as `llm.system` calls him. The first that fits.
const MAKERS: &[(&str, &str)] = &[
    ("deepseek", "deepseek"),
    ("claude", "anthropic"),
    ("gpt", "openai"),
    ("llama", "meta"),
    ("mistral", "mistralai"),
    ("mixtral", "mistralai"),
    ("command", "cohere"),
    ("cohere", "cohere"),
    ("gemini", "vertexai"),
    ("gemma", "vertexai"),
    ("grok", "xai"),
    ("jamba", "ai21"),
    ("amazon", "amazon"),
];

/// Whether the text has this part, in letters of any case.
fn contains(text: &str, part: &str) -> bool {
    text.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

/// Names with each of the first numbers in their midst.
macro_rules! numbered {
    ($before:literal, $after:literal) => {
        [
            concat!($before, "0", $after),
            concat!($before, "1", $after),
            concat!($before, "2", $after),
            concat!($before, "3", $after),
            concat!($before, "4", $after),
            concat!($before, "5", $after),
            concat!($before, "6", $after),
            concat!($before, "7", $after),
        ]
    };
}

const TOOLS: [&str; 8] = numbered!("llm.tools.", ".tool.json_schema");
const TOOL_CALL_IDS: [&str; 8] = numbered!("llm.output_messages.0.message.tool_calls.", ".tool_call.id");
const TOOL_CALL_NAMES: [&str; 8] =
    numbered!("llm.output_messages.0.message.tool_calls.", ".tool_call.function.name");

/// What happens within a call.
pub(super) const EVENTS: &[EventRow] = &[EventRow {
    name: "exception",
    when: |call| call.error.as_ref().map(|_| call.timing.end),
    attributes: common::exception,
}];
