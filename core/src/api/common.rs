//! Request fields that many formats share.
//!
//! Servers take each other's spellings: an OpenAI-shaped endpoint of vLLM has `top_k`, one of Mistral
//! `random_seed`, a gateway takes `max_tokens` for `max_completion_tokens`. So the generation parameters are
//! looked up under every name, at the top of the body first, then in the member where the format keeps them.

use super::request_field::words::*;
use super::{RequestField, Table};

/// The parameters under a prefix; ranks begin at `$rank` (at most 15 names of one fact).
macro_rules! parameters {
    ($prefix:literal, $rank:literal) => {
        &[
            (concat!($prefix, "temperature"), Number(Temperature, $rank)),
            (concat!($prefix, "top_p"), Number(TopP, $rank)),
            (concat!($prefix, "topP"), Number(TopP, $rank + 1)),
            (concat!($prefix, "top_k"), Number(TopK, $rank)),
            (concat!($prefix, "topK"), Number(TopK, $rank + 1)),
            (concat!($prefix, "max_completion_tokens"), Number(MaxTokens, $rank)),
            (concat!($prefix, "max_output_tokens"), Number(MaxTokens, $rank + 1)),
            (concat!($prefix, "maxOutputTokens"), Number(MaxTokens, $rank + 2)),
            (concat!($prefix, "max_tokens"), Number(MaxTokens, $rank + 3)),
            (concat!($prefix, "maxTokens"), Number(MaxTokens, $rank + 4)),
            (concat!($prefix, "max_tokens_to_sample"), Number(MaxTokens, $rank + 5)),
            (concat!($prefix, "maxTokenCount"), Number(MaxTokens, $rank + 6)),
            (concat!($prefix, "max_gen_len"), Number(MaxTokens, $rank + 7)),
            (concat!($prefix, "max_new_tokens"), Number(MaxTokens, $rank + 8)),
            (concat!($prefix, "num_predict"), Number(MaxTokens, $rank + 9)),
            (concat!($prefix, "maximum_tokens"), Number(MaxTokens, $rank + 10)),
            (concat!($prefix, "seed"), Number(Seed, $rank)),
            (concat!($prefix, "random_seed"), Number(Seed, $rank + 1)),
            (concat!($prefix, "presence_penalty"), Number(PresencePenalty, $rank)),
            (concat!($prefix, "presencePenalty"), Number(PresencePenalty, $rank + 1)),
            (concat!($prefix, "frequency_penalty"), Number(FrequencyPenalty, $rank)),
            (concat!($prefix, "frequencyPenalty"), Number(FrequencyPenalty, $rank + 1)),
            (concat!($prefix, "stop"), Stop($rank)),
            (concat!($prefix, "stop[]"), Stop($rank)),
            (concat!($prefix, "stop_sequences"), Stop($rank + 1)),
            (concat!($prefix, "stop_sequences[]"), Stop($rank + 1)),
            (concat!($prefix, "stopSequences"), Stop($rank + 2)),
            (concat!($prefix, "stopSequences[]"), Stop($rank + 2)),
            (concat!($prefix, "n"), Number(ChoiceCount, $rank)),
            (concat!($prefix, "candidateCount"), Number(ChoiceCount, $rank + 1)),
            (concat!($prefix, "candidate_count"), Number(ChoiceCount, $rank + 2)),
            (concat!($prefix, "num_generations"), Number(ChoiceCount, $rank + 3)),
            (concat!($prefix, "numResults"), Number(ChoiceCount, $rank + 4)),
        ]
    };
}

/// Generation parameters at the top of the body.
pub(super) const PARAMETERS: Table<RequestField> = parameters!("", 0);
/// Generation parameters of Ollama.
pub(super) const IN_OPTIONS: Table<RequestField> = parameters!("options.", 16);
/// Generation parameters of Text Generation Inference and watsonx.
pub(super) const IN_PARAMETERS: Table<RequestField> = parameters!("parameters.", 16);
/// Generation parameters of SGLang.
pub(super) const IN_SAMPLING_PARAMS: Table<RequestField> = parameters!("sampling_params.", 32);
/// Generation parameters of Gemini and Vertex AI.
pub(super) const IN_GENERATION_CONFIG: Table<RequestField> = parameters!("generationConfig.", 16);
/// Generation parameters of Gemini and Vertex AI in the other spelling they take.
pub(super) const IN_GENERATION_CONFIG_SNAKE: Table<RequestField> = parameters!("generation_config.", 32);
/// Generation parameters of Bedrock Converse and Nova.
pub(super) const IN_INFERENCE_CONFIG: Table<RequestField> = parameters!("inferenceConfig.", 16);
/// What Bedrock Converse hands on to the model as it is.
pub(super) const IN_ADDITIONAL_FIELDS: Table<RequestField> = parameters!("additionalModelRequestFields.", 32);
/// Generation parameters of Titan.
pub(super) const IN_TEXT_GENERATION_CONFIG: Table<RequestField> = parameters!("textGenerationConfig.", 32);

/// How hard the model is to think, under a prefix.
macro_rules! reasoning {
    ($prefix:literal) => {
        &[
            (concat!($prefix, "reasoning_effort"), Text(ReasoningLevel, 0)),
            (concat!($prefix, "reasoning.effort"), Text(ReasoningLevel, 1)),
            (concat!($prefix, "output_config.effort"), Text(ReasoningLevel, 2)),
            (concat!($prefix, "thinking.budget_tokens"), Number(ThinkingBudget, 0)),
            (concat!($prefix, "reasoning.max_tokens"), Number(ThinkingBudget, 1)),
        ]
    };
}

/// How hard the model is to think.
pub(super) const REASONING: Table<RequestField> = reasoning!("");
/// The same in what Bedrock Converse hands on to the model.
pub(super) const ADDITIONAL_REASONING: Table<RequestField> = reasoning!("additionalModelRequestFields.");
