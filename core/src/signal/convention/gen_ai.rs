//! The OpenTelemetry GenAI conventions: the inference span, the embeddings span, the provider pages, and the
//! `gen_ai/metrics.rs`.
//!
//! Versions share most of their names, so one table stands for all of them: a row without a version stands for
//! each, the others say which they are for. Several versions may be told at once; a key that they share is told
//! once, as the newest of them means it.

pub(super) mod metrics;
#[cfg(test)]
mod metrics_tests;
#[cfg(test)]
mod tests;

use super::common;
use crate::api::{Api, Page, provider_named};
use crate::call::{Call, Operation, Outcome};
use crate::signal::AttributeSink;
use crate::signal::log::{LogKind, LogRow, Severity};

/// A version of the GenAI conventions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 1.36.0: what instrumentations told for long and many dashboards read.
    V1_36,
    /// 1.41.0: the last one in the repository of all conventions.
    V1_41,
    /// 1.42.0-dev: the first that the conventions' own repository released, and what today's backends read. With
    /// what was merged there until 2026-08-03 (fe5608e).
    #[default]
    V1_42Dev,
    /// What was merged since, until 2026-10-06 (pull requests 363, 374, 440 and 521 among it).
    Next,
}

impl Version {
    const ALL: [Self; 4] = [Self::V1_36, Self::V1_41, Self::V1_42Dev, Self::Next];

    /// Where it is described for programs.
    pub(super) fn schema_url(self) -> &'static str {
        match self {
            Self::V1_36 => "https://opentelemetry.io/schemas/1.36.0",
            Self::V1_41 => "https://opentelemetry.io/schemas/1.41.0",
            // There is no newer one yet.
            Self::V1_42Dev | Self::Next => "https://opentelemetry.io/schemas/gen-ai-dev/1.42.0-dev",
        }
    }
}

/// A set of versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions(u8);

impl Versions {
    /// None of them.
    pub const NONE: Self = Self(0);

    /// Those.
    #[must_use]
    pub const fn of(mut versions: &[Version]) -> Self {
        let mut set = 0;
        while let [version, rest @ ..] = versions {
            set |= 1 << *version as u8;
            versions = rest;
        }
        Self(set)
    }

    /// The newest of them.
    pub(super) fn newest(self) -> Option<Version> {
        Version::ALL.into_iter().rfind(|version| self.any(Self::of(&[*version])))
    }

    /// Whether any of those is among them.
    const fn any(self, those: Self) -> bool {
        self.0 & those.0 != 0
    }
}

/// What a row may stand for.
const V1_36: Versions = Versions::of(&[Version::V1_36]);
const SINCE_1_41: Versions = Versions::of(&[Version::V1_41, Version::V1_42Dev, Version::Next]);
const V1_41_AND_42: Versions = Versions::of(&[Version::V1_41, Version::V1_42Dev]);
const SINCE_1_42: Versions = Versions::of(&[Version::V1_42Dev, Version::Next]);
const NEXT: Versions = Versions::of(&[Version::Next]);

/// Name of the call's span, in parts.
pub(super) fn name(call: &Call) -> [&str; 3] {
    match call.request.model.as_deref() {
        Some(model) => [call.operation.name(), " ", model],
        None => [call.operation.name(), "", ""],
    }
}

/// The attributes of the call's span.
pub(super) fn attributes(call: &Call, versions: Versions, sink: &mut dyn AttributeSink) {
    let Call { request, response, usage, timing, .. } = call;
    let since_1_41 = versions.any(SINCE_1_41);
    let since_1_42 = versions.any(SINCE_1_42);
    let next = versions.any(NEXT);
    identity(call, versions, sink);

    if since_1_41 && request.stream == Some(true) {
        sink.flag("gen_ai.request.stream", true);
    }
    sink.text_if("gen_ai.output.type", request.output_type);
    sink.int_if("gen_ai.request.choice.count", request.choice_count.filter(|n| *n != 1));
    sink.int_if("gen_ai.request.max_tokens", request.max_tokens);
    sink.double_if("gen_ai.request.temperature", request.temperature);
    sink.double_if("gen_ai.request.top_p", request.top_p);
    match since_1_42 {
        true => sink.int_if("gen_ai.request.top_k", request.top_k.and_then(whole)),
        false => sink.double_if("gen_ai.request.top_k", request.top_k),
    }
    sink.double_if("gen_ai.request.frequency_penalty", request.frequency_penalty);
    sink.double_if("gen_ai.request.presence_penalty", request.presence_penalty);
    sink.int_if("gen_ai.request.seed", request.seed);
    sink.texts_unless_empty("gen_ai.request.stop_sequences", &request.stop_sequences);
    let conversation = response.conversation_id.as_ref().or(request.conversation_id.as_ref());
    sink.text_if("gen_ai.conversation.id", conversation.map(String::as_str));
    if since_1_41 {
        sink.text_if("gen_ai.prompt.name", request.prompt_name.as_deref());
    }
    if since_1_42 {
        sink.text_if("gen_ai.prompt.version", request.prompt_version.as_deref());
        sink.text_if("gen_ai.request.reasoning.level", request.reasoning_level.as_deref());
        let previous = response.previous_response_id.as_ref().or(request.previous_response_id.as_ref());
        sink.text_if("gen_ai.request.previous_response.id", previous.map(String::as_str));
    }
    if call.operation == Operation::Embeddings {
        if since_1_41 {
            sink.int_if("gen_ai.embeddings.dimension.count", request.dimensions);
        }
        sink.texts_unless_empty("gen_ai.request.encoding_formats", &request.encoding_formats);
    }

    sink.text_if("gen_ai.response.id", response.id.as_deref());
    sink.text_if("gen_ai.response.model", response.model.as_deref());
    let missing = if next { missing_finish_reasons(call) } else { 0 };
    if missing > 0 {
        let missing = std::iter::repeat_n("error", missing);
        let reasons = response.finish_reasons.iter().map(String::as_str).chain(missing);
        sink.texts("gen_ai.response.finish_reasons", &mut { reasons });
    } else {
        sink.texts_unless_empty("gen_ai.response.finish_reasons", &response.finish_reasons);
    }
    if since_1_41 && call.stream.is_some() {
        let first = timing.first_token.map(|t| t.since(timing.start));
        sink.seconds_if("gen_ai.response.time_to_first_chunk", first);
    }
    sink.int_if("gen_ai.usage.input_tokens", usage.input_tokens);
    sink.int_if("gen_ai.usage.output_tokens", usage.output_tokens);
    if since_1_41 {
        sink.int_if("gen_ai.usage.cache_read.input_tokens", usage.cache_read_tokens);
        if versions.any(V1_41_AND_42) {
            sink.int_if("gen_ai.usage.cache_creation.input_tokens", usage.cache_write_tokens);
        }
        sink.int_if("gen_ai.usage.reasoning.output_tokens", usage.reasoning_tokens);
    }
    if next {
        sink.int_if("gen_ai.usage.cache_write.input_tokens", usage.cache_write_tokens);
        for (key, count) in [
            ("gen_ai.usage.text.input_tokens", usage.input_text_tokens),
            ("gen_ai.usage.text.output_tokens", usage.output_text_tokens),
            ("gen_ai.usage.text.cache_read.input_tokens", usage.cache_read_text_tokens),
            ("gen_ai.usage.audio.input_tokens", usage.input_audio_tokens),
            ("gen_ai.usage.audio.output_tokens", usage.output_audio_tokens),
            ("gen_ai.usage.audio.cache_read.input_tokens", usage.cache_read_audio_tokens),
            ("gen_ai.usage.image.input_tokens", usage.input_image_tokens),
            ("gen_ai.usage.image.output_tokens", usage.output_image_tokens),
            ("gen_ai.usage.image.cache_read.input_tokens", usage.cache_read_image_tokens),
        ] {
            sink.int_if(key, count.filter(|n| *n > 0));
        }
    }

    match provider_named(&call.provider).page {
        Page::OpenAi => openai(call, versions, sink),
        Page::Bedrock => sink.text_if("aws.bedrock.guardrail.id", request.guardrail_id.as_deref()),
        Page::AzureInference => {
            sink.text("azure.resource_provider.namespace", "Microsoft.CognitiveServices");
        }
        Page::Common => {}
    }
}

/// What was asked of whom.
pub(super) fn identity(call: &Call, versions: Versions, sink: &mut dyn AttributeSink) {
    sink.text("gen_ai.operation.name", call.operation.name());
    if versions.any(V1_36) {
        sink.text("gen_ai.system", system(&call.provider));
    }
    if versions.any(SINCE_1_41) {
        sink.text("gen_ai.provider.name", &call.provider);
    }
    sink.text_if("gen_ai.request.model", call.request.model.as_deref());
}

/// The log events. Neither has content, nor any text of the provider's, which may quote the prompt.
///
/// | event | when | severity | attributes |
/// |---|---|---|---|
/// | `gen_ai.client.inference.operation.details` | a call has ended | | those of its span, but for `inferspan.*` |
/// | `gen_ai.client.operation.exception` | it failed | WARN | `exception.type` (its `error.type`), `exception.message` (the provider's code of the error), and what was asked of whom |
pub(super) const LOGS: &[LogRow] = &[
    LogRow {
        kind: LogKind::InferenceDetails,
        name: "gen_ai.client.inference.operation.details",
        severity: Severity::Unspecified,
        when: |call| Some(call.timing.end),
        attributes: |call, conventions, sink| {
            attributes(call, conventions.gen_ai, sink);
            common::attributes(call, sink);
            if call.content.is_some() {
                conventions.content(call, true, sink);
            }
        },
    },
    LogRow {
        kind: LogKind::Exceptions,
        name: "gen_ai.client.operation.exception",
        severity: Severity::Warn,
        when: |call| call.error.as_ref().map(|_| call.timing.end),
        attributes: |call, conventions, sink| {
            common::exception(call, sink);
            identity(call, conventions.gen_ai, sink);
            common::server(call, sink);
        },
    },
];

/// The OpenAI page. Azure OpenAI speaks the same API and has no page of its own.
fn openai(call: &Call, versions: Versions, sink: &mut dyn AttributeSink) {
    let asked = call.request.service_tier.as_deref().filter(|tier| *tier != "auto");
    if versions.any(V1_36) {
        sink.text_if("gen_ai.openai.request.service_tier", asked);
    }
    if versions.any(SINCE_1_41) {
        sink.text_if("openai.api.type", openai_api_type(call.api));
        sink.text_if("openai.request.service_tier", asked);
    }
    openai_answer(call, versions, sink);
}

/// What the OpenAI page says of answers.
fn openai_answer(call: &Call, versions: Versions, sink: &mut dyn AttributeSink) {
    let tier = call.response.service_tier.as_deref();
    let fingerprint = call.response.system_fingerprint.as_deref();
    if versions.any(V1_36) {
        sink.text_if("gen_ai.openai.response.service_tier", tier);
        sink.text_if("gen_ai.openai.response.system_fingerprint", fingerprint);
    }
    if versions.any(SINCE_1_41) {
        sink.text_if("openai.response.service_tier", tier);
        sink.text_if("openai.response.system_fingerprint", fingerprint);
    }
}

fn openai_api_type(api: Api) -> Option<&'static str> {
    match api {
        Api::OpenAiChat => Some("chat_completions"),
        Api::OpenAiResponses => Some("responses"),
        _ => None,
    }
}

/// What `gen_ai.system` was for the provider, before `gen_ai.provider.name`.
fn system(provider: &str) -> &str {
    let known = SYSTEMS.iter().find(|(name, _)| *name == provider);
    known.map_or(provider, |(_, system)| system)
}

const SYSTEMS: &[(&str, &str)] = &[
    ("gcp.vertex_ai", "vertex_ai"),
    ("gcp.gemini", "gemini"),
    ("azure.ai.inference", "az.ai.inference"),
    ("azure.ai.openai", "az.ai.openai"),
    ("x_ai", "xai"),
];

/// Choices that were asked for and broke off without their finish reason.
fn missing_finish_reasons(call: &Call) -> usize {
    if call.outcome == Outcome::Completed || !is_inference(call.operation) {
        return 0;
    }
    let asked = call.request.choice_count.unwrap_or(1).clamp(1, MOST_CHOICES) as usize;
    asked.saturating_sub(call.response.finish_reasons.len())
}

/// Choices beyond these are not told of: nobody asks for so many.
const MOST_CHOICES: u64 = 64;

/// Whether a model generates something. The others are operations of their own in the conventions, or none.
fn is_inference(operation: Operation) -> bool {
    !matches!(
        operation,
        Operation::Embeddings | Operation::Rerank | Operation::Moderation | Operation::CountTokens
    )
}

/// An integer that was sent as a number with a point; a fraction is none.
fn whole(value: f64) -> Option<i64> {
    (value.fract() == 0.0 && value.abs() < 9e15).then_some(value as i64)
}
