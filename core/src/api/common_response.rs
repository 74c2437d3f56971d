//! Response fields that many formats share.

use super::response_field::words::*;
use super::{ErrorWord, ResponseField, Table};

/// The error in a message of a successful answer; a format's own rows go after these and replace them.
pub(crate) const IN_STREAM_ERROR: Table<ResponseField> = &[
    ("error", Error),
    ("error.message", InnerErrorMessage),
    ("error.code", InnerErrorWord(ErrorWord::Code)),
    ("error.type", InnerErrorWord(ErrorWord::Type)),
    ("error.status", InnerErrorWord(ErrorWord::Status)),
    ("error.error_type", InnerErrorWord(ErrorWord::ErrorType)),
    ("code", OuterErrorWord(ErrorWord::Code)),
    ("error_type", OuterErrorWord(ErrorWord::ErrorType)),
    // MiniMax.
    ("base_resp.status_code", FailureCode),
    // Cloudflare, watsonx.
    ("success", Success),
    ("errors[].code", OuterErrorWord(ErrorWord::Code)),
];

/// The same further inside.
macro_rules! error {
    ($prefix:literal) => {
        &[
            (concat!($prefix, "error"), Error),
            (concat!($prefix, "error.message"), InnerErrorMessage),
            (concat!($prefix, "error.code"), InnerErrorWord(ErrorWord::Code)),
            (concat!($prefix, "error.type"), InnerErrorWord(ErrorWord::Type)),
        ]
    };
}

/// In the events of a Responses stream.
pub(super) const RESPONSE_ERROR: Table<ResponseField> = error!("response.");
/// In the events of Gemini interactions.
pub(super) const INTERACTION_ERROR: Table<ResponseField> = error!("interaction.");
/// Cohere's, at a stream's end.
pub(super) const DELTA_ERROR: Table<ResponseField> = error!("delta.");
/// Groq's, where a stream stopped early.
pub(super) const GROQ_ERROR: Table<ResponseField> = error!("x_groq.");
/// OpenRouter's, of one choice.
pub(super) const CHOICE_ERROR: Table<ResponseField> = error!("choices[].");

/// The body of a failed answer, of any format: it tells nothing else.
pub(crate) const ERROR_BODY: &[Table<ResponseField>] = {
    macro_rules! error_body {
        ($prefix:literal) => {
            &[
                (concat!($prefix, "error"), Error),
                (concat!($prefix, "error.message"), InnerErrorMessage),
                (concat!($prefix, "error.code"), InnerErrorWord(ErrorWord::Code)),
                (concat!($prefix, "error.type"), InnerErrorWord(ErrorWord::Type)),
                (concat!($prefix, "error.status"), InnerErrorWord(ErrorWord::Status)),
                (concat!($prefix, "error.error_type"), InnerErrorWord(ErrorWord::ErrorType)),
                (concat!($prefix, "__type"), OuterErrorWord(ErrorWord::AwsType)),
                (concat!($prefix, "code"), OuterErrorWord(ErrorWord::Code)),
                (concat!($prefix, "type"), OuterErrorWord(ErrorWord::Type)),
                (concat!($prefix, "status"), OuterErrorWord(ErrorWord::Status)),
                (concat!($prefix, "error_type"), OuterErrorWord(ErrorWord::ErrorType)),
                // Databricks.
                (concat!($prefix, "error_code"), OuterErrorWord(ErrorWord::ErrorType)),
            ]
        };
    }
    // Gemini puts the error of an array stream in an array.
    &[error_body!(""), error_body!("[].")]
};

/// An OpenAI-shaped `usage`. The names of the details vary; the cached and the reasoning tokens also stand
/// beside the counts.
macro_rules! openai_usage {
    ($prefix:literal, $rank:literal) => {
        &[
            (concat!($prefix, "usage"), Usage),
            (concat!($prefix, "usage.prompt_tokens"), Count(Input, $rank)),
            (concat!($prefix, "usage.completion_tokens"), Count(Output, $rank)),
            (concat!($prefix, "usage.total_tokens"), Count(Total, $rank)),
            (concat!($prefix, "usage.prompt_tokens_details.cached_tokens"), Count(CacheRead, $rank)),
            // Writer.
            (concat!($prefix, "usage.prompt_token_details.cached_tokens"), Count(CacheRead, $rank + 1)),
            // DeepSeek.
            (concat!($prefix, "usage.prompt_cache_hit_tokens"), Count(CacheRead, $rank + 2)),
            // Mistral.
            (concat!($prefix, "usage.num_cached_tokens"), Count(CacheRead, $rank + 3)),
            // Together, Hugging Face.
            (concat!($prefix, "usage.cached_tokens"), Count(CacheRead, $rank + 4)),
            // What gateways keep of Anthropic's; here the input includes it.
            (concat!($prefix, "usage.cache_read_input_tokens"), Count(CacheRead, $rank + 5)),
            (concat!($prefix, "usage.prompt_tokens_details.cache_write_tokens"), Count(CacheWrite, $rank)),
            // DashScope; LiteLLM and others after Anthropic.
            (
                concat!($prefix, "usage.prompt_tokens_details.cache_creation_input_tokens"),
                Count(CacheWrite, $rank + 1),
            ),
            (
                concat!($prefix, "usage.prompt_tokens_details.cache_creation_tokens"),
                Count(CacheWrite, $rank + 2),
            ),
            (concat!($prefix, "usage.cache_creation_input_tokens"), Count(CacheWrite, $rank + 3)),
            (
                concat!($prefix, "usage.prompt_tokens_details.cache_creation.ephemeral_5m_input_tokens"),
                Count(CacheWriteOther, $rank),
            ),
            (
                concat!($prefix, "usage.prompt_tokens_details.cache_creation.ephemeral_1h_input_tokens"),
                Count(CacheWriteHour, $rank),
            ),
            (concat!($prefix, "usage.prompt_tokens_details.audio_tokens"), Count(InputAudio, $rank)),
            (concat!($prefix, "usage.prompt_tokens_details.image_tokens"), Count(InputImage, $rank)),
            (concat!($prefix, "usage.prompt_tokens_details.text_tokens"), Count(InputText, $rank)),
            (concat!($prefix, "usage.completion_tokens_details.reasoning_tokens"), Count(Reasoning, $rank)),
            (
                concat!($prefix, "usage.completion_token_details.reasoning_tokens"),
                Count(Reasoning, $rank + 1),
            ),
            (concat!($prefix, "usage.reasoning_tokens"), Count(Reasoning, $rank + 2)),
            (concat!($prefix, "usage.completion_tokens_details.audio_tokens"), Count(OutputAudio, $rank)),
            (concat!($prefix, "usage.completion_tokens_details.image_tokens"), Count(OutputImage, $rank)),
            (concat!($prefix, "usage.completion_tokens_details.text_tokens"), Count(OutputText, $rank)),
            (concat!($prefix, "usage.service_tier"), ServiceTier),
            (concat!($prefix, "usage.cost"), Cost),
            // Perplexity.
            (concat!($prefix, "usage.cost.total_cost"), Cost),
            // xAI.
            (concat!($prefix, "usage.cost_in_usd_ticks"), CostTicks),
            // Pydantic's gateway.
            (concat!($prefix, "usage.pydantic_ai_gateway.cost_estimate"), Cost),
        ]
    };
}

/// The `usage` of OpenAI's newer formats: Responses, images, audio.
macro_rules! openai_usage_new {
    ($prefix:literal) => {
        &[
            (concat!($prefix, "usage.input_tokens"), Count(Input, 0)),
            (concat!($prefix, "usage.output_tokens"), Count(Output, 0)),
            (concat!($prefix, "usage.total_tokens"), Count(Total, 0)),
            (concat!($prefix, "usage.input_tokens_details.cached_tokens"), Count(CacheRead, 0)),
            (concat!($prefix, "usage.input_tokens_details.cache_write_tokens"), Count(CacheWrite, 0)),
            (
                concat!($prefix, "usage.input_tokens_details.cache_creation_input_tokens"),
                Count(CacheWrite, 1),
            ),
            (concat!($prefix, "usage.input_tokens_details.cache_creation_tokens"), Count(CacheWrite, 2)),
            (concat!($prefix, "usage.cache_creation_input_tokens"), Count(CacheWrite, 3)),
            (concat!($prefix, "usage.cache_read_input_tokens"), Count(CacheRead, 1)),
            (concat!($prefix, "usage.input_tokens_details.audio_tokens"), Count(InputAudio, 0)),
            (concat!($prefix, "usage.input_tokens_details.image_tokens"), Count(InputImage, 0)),
            (concat!($prefix, "usage.input_tokens_details.text_tokens"), Count(InputText, 0)),
            (concat!($prefix, "usage.output_tokens_details.reasoning_tokens"), Count(Reasoning, 0)),
            (concat!($prefix, "usage.output_tokens_details.audio_tokens"), Count(OutputAudio, 0)),
            (concat!($prefix, "usage.output_tokens_details.image_tokens"), Count(OutputImage, 0)),
            (concat!($prefix, "usage.output_tokens_details.text_tokens"), Count(OutputText, 0)),
            (concat!($prefix, "usage.service_tier"), ServiceTier),
            (concat!($prefix, "usage.cost"), Cost),
            (concat!($prefix, "usage.cost.total_cost"), Cost),
            (concat!($prefix, "usage.cost_in_usd_ticks"), CostTicks),
            (concat!($prefix, "usage.pydantic_ai_gateway.cost_estimate"), Cost),
        ]
    };
}

pub(super) const OPENAI_USAGE: Table<ResponseField> = openai_usage!("", 0);
/// Groq's older streams.
pub(super) const GROQ_USAGE: Table<ResponseField> = openai_usage!("x_groq.", 8);
/// Workers AI wraps its answers.
pub(super) const RESULT_USAGE: Table<ResponseField> = openai_usage!("result.", 8);
pub(super) const OPENAI_USAGE_NEW: Table<ResponseField> = openai_usage_new!("");
/// In the events of a Responses stream.
pub(super) const RESPONSE_USAGE: Table<ResponseField> = openai_usage_new!("response.");

/// The choices of chat completions.
macro_rules! chat_choices {
    ($prefix:literal) => {
        &[
            (concat!($prefix, "choices[]"), Choice),
            (concat!($prefix, "choices[].index"), ChoiceIndex),
            (concat!($prefix, "choices[].finish_reason"), FinishReason),
            (concat!($prefix, "choices[].delta.content"), VISIBLE),
            (concat!($prefix, "choices[].delta.refusal"), VISIBLE),
            (concat!($prefix, "choices[].delta.audio.data"), VISIBLE),
            (concat!($prefix, "choices[].delta.audio.transcript"), VISIBLE),
            // OpenRouter's pictures.
            (concat!($prefix, "choices[].delta.images[]"), VISIBLE),
            // DeepSeek and many after it; OpenRouter, Groq, Cerebras, newer vLLM.
            (concat!($prefix, "choices[].delta.reasoning_content"), REASONING),
            (concat!($prefix, "choices[].delta.reasoning"), REASONING),
            // Mistral: content as a list of parts.
            (concat!($prefix, "choices[].delta.content[].text"), VISIBLE),
            (concat!($prefix, "choices[].delta.content[].thinking[].text"), REASONING),
            (concat!($prefix, "choices[].delta.tool_calls[]"), ToolCall(Indexed)),
            (concat!($prefix, "choices[].delta.tool_calls[].index"), ToolCallIndex),
            (concat!($prefix, "choices[].delta.tool_calls[].id"), ToolCallId),
            (concat!($prefix, "choices[].delta.tool_calls[].function.name"), ToolCallName),
            (concat!($prefix, "choices[].delta.tool_calls[].function.arguments"), TOOL_ARGUMENT),
            (concat!($prefix, "choices[].delta.tool_calls[].custom.name"), ToolCallName),
            (concat!($prefix, "choices[].delta.tool_calls[].custom.input"), TOOL_ARGUMENT),
            (concat!($prefix, "choices[].delta.function_call"), ToolCall(Legacy)),
            (concat!($prefix, "choices[].delta.function_call.name"), ToolCallName),
            (concat!($prefix, "choices[].delta.function_call.arguments"), TOOL_ARGUMENT),
            (concat!($prefix, "choices[].message.tool_calls[]"), ToolCall(Listed)),
            (concat!($prefix, "choices[].message.tool_calls[].index"), ToolCallIndex),
            (concat!($prefix, "choices[].message.tool_calls[].id"), ToolCallId),
            (concat!($prefix, "choices[].message.tool_calls[].function.name"), ToolCallName),
            (concat!($prefix, "choices[].message.tool_calls[].custom.name"), ToolCallName),
            (concat!($prefix, "choices[].message.function_call"), ToolCall(Legacy)),
            (concat!($prefix, "choices[].message.function_call.name"), ToolCallName),
        ]
    };
}

/// A choice's own usage (Moonshot); it goes behind the answer's.
pub(super) const CHOICE_USAGE: Table<ResponseField> = &[
    ("choices[].usage", Usage),
    ("choices[].usage.prompt_tokens", Count(Input, 24)),
    ("choices[].usage.completion_tokens", Count(Output, 24)),
    ("choices[].usage.total_tokens", Count(Total, 24)),
    ("choices[].usage.cached_tokens", Count(CacheRead, 25)),
    ("choices[].usage.prompt_tokens_details.cached_tokens", Count(CacheRead, 24)),
    ("choices[].usage.completion_tokens_details.reasoning_tokens", Count(Reasoning, 24)),
];

pub(super) const CHAT_CHOICES: Table<ResponseField> = chat_choices!("");
pub(super) const RESULT_CHAT_CHOICES: Table<ResponseField> = chat_choices!("result.");

/// Cohere's counts: what is billed before what was used.
macro_rules! cohere_usage {
    ($prefix:literal) => {
        &[
            (concat!($prefix, "billed_units.input_tokens"), Count(Input, 0)),
            (concat!($prefix, "tokens.input_tokens"), Count(Input, 1)),
            (concat!($prefix, "billed_units.output_tokens"), Count(Output, 0)),
            (concat!($prefix, "tokens.output_tokens"), Count(Output, 1)),
            (concat!($prefix, "billed_units.reasoning_tokens"), Count(Reasoning, 0)),
            (concat!($prefix, "tokens.reasoning_tokens"), Count(Reasoning, 1)),
            (concat!($prefix, "cached_tokens"), Count(CacheRead, 0)),
        ]
    };
}

pub(super) const COHERE_USAGE: Table<ResponseField> = cohere_usage!("usage.");
pub(super) const COHERE_DELTA_USAGE: Table<ResponseField> = cohere_usage!("delta.usage.");
pub(super) const COHERE_META: Table<ResponseField> = cohere_usage!("meta.");
pub(super) const COHERE_RESPONSE_META: Table<ResponseField> = cohere_usage!("response.meta.");
