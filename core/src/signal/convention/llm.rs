//! `llm`: the names that instrumentation made by hand gave to calls before there were conventions, so that the
//! dashboards, queries and alerts that read them go on working. Where two names were in use for the same, both are
//! told.
//!
//! | attribute | type | what it says |
//! |---|---|---|
//! | `llm.provider` | string | the provider's name for people ([`Settings`]), else `gen_ai.provider.name` |
//! | `llm.model` | string | the model that answered, else the one that was asked for |
//! | `llm.latency_ms` | double | from the request's last byte, or its first where that was not seen, to the answer's end |
//! | `total.duration_ms` | double | the whole exchange |
//! | `response.length`, `llm.response.length` | int | characters of the generated text, in all choices |
//! | `request.message_count` | int | messages, contents or inputs of the request |
//! | `llm.usage.prompt_tokens`, `llm.tokens.input` | int | all input tokens |
//! | `llm.usage.completion_tokens`, `llm.tokens.output` | int | all output tokens |
//! | `llm.usage.total_tokens`, `llm.tokens.total` | int | their sum |
//! | `llm.cost.total` | double | USD, where known |
//! | `llm.streaming` | boolean | the answer is a stream |
//! | `llm.request.temperature` | double | as asked for |
//! | `llm.reasoning.effort` | string | as asked for |
//! | `cache.hit` | boolean | whether a gateway answered from its cache, where its header tells |
//! | `provider.attempt` | int | how often Envoy sent the request, 1 without a retry |
//! | `provider.used` | string | `gen_ai.provider.name` |
//! | `provider.success` | boolean | the call completed |
//! | `providers.available` | int | how many providers the configuration's rules name; absent where they name none |
//! | `providers.list` | string\[\] | which |
//! | `endpoint.name` | string | Envoy's route |
//!
//! A span is named `llm.{provider}.generate`, that of a stream `llm.{provider}.stream`.

pub(super) mod metrics;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::common::total_tokens;
use crate::call::{Call, Outcome};
use crate::signal::{AttributeSink, EventRow};

/// What an operator says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Providers' names for people, by their `gen_ai.provider.name`.
    pub display_names: BTreeMap<String, String>,
    /// The providers that his rules name.
    pub providers: Vec<String>,
}

impl Settings {
    /// The provider's name for people.
    fn display_name<'c>(&'c self, provider: &'c str) -> &'c str {
        let built_in = || DISPLAY_NAMES.iter().find(|(name, _)| *name == provider).map(|(_, shown)| *shown);
        self.display_names.get(provider).map(String::as_str).or_else(built_in).unwrap_or(provider)
    }
}

/// Names for people that were in use.
const DISPLAY_NAMES: &[(&str, &str)] =
    &[("gcp.gemini", "Google Gemini"), ("openrouter", "OpenRouter"), ("cloudflare", "Cloudflare Workers AI")];

/// Name of the call's span, in parts.
pub(super) fn name(call: &Call) -> [&str; 3] {
    ["llm.", &call.provider, if call.stream.is_some() { ".stream" } else { ".generate" }]
}

/// The attributes of the call's span; `shared` says that those whose keys are another vocabulary's, too, are told
/// here.
pub(super) fn attributes(call: &Call, settings: &Settings, shared: bool, sink: &mut dyn AttributeSink) {
    let Call { request, usage, timing, .. } = call;
    if shared {
        sink.text("llm.provider", settings.display_name(&call.provider));
    }
    sink.text_if("llm.model", model(call));
    let asked = timing.request_end.unwrap_or(timing.start);
    sink.double("llm.latency_ms", millis(timing.end.since(asked)));
    sink.double("total.duration_ms", millis(timing.end.since(timing.start)));
    for key in ["response.length", "llm.response.length"] {
        sink.int_if(key, call.response.text_characters);
    }
    sink.int_if("request.message_count", request.message_count);
    for key in ["llm.usage.prompt_tokens", "llm.tokens.input"] {
        sink.int_if(key, usage.input_tokens);
    }
    for key in ["llm.usage.completion_tokens", "llm.tokens.output"] {
        sink.int_if(key, usage.output_tokens);
    }
    for key in ["llm.usage.total_tokens", "llm.tokens.total"] {
        sink.int_if(key, total_tokens(call));
    }
    if shared {
        sink.double_if("llm.cost.total", usage.cost.map(|cost| cost.usd));
    }
    sink.flag("llm.streaming", call.stream.is_some());
    sink.double_if("llm.request.temperature", request.temperature);
    sink.text_if("llm.reasoning.effort", request.reasoning_level.as_deref());
    if let Some(hit) = cache_hit(call) {
        sink.flag("cache.hit", hit);
    }
    sink.int_if("provider.attempt", call.proxy.attempt_count);
    sink.text("provider.used", &call.provider);
    sink.flag("provider.success", call.outcome == Outcome::Completed);
    sink.int_if("providers.available", Some(settings.providers.len()).filter(|n| *n > 0));
    sink.texts_unless_empty("providers.list", &settings.providers);
    sink.text_if("endpoint.name", call.proxy.route.as_deref());
}

/// The model that answered, else the one that was asked for.
fn model(call: &Call) -> Option<&str> {
    call.response.model.as_deref().or(call.request.model.as_deref())
}

/// Whether a gateway answered from its cache, where its header says one or the other.
fn cache_hit(call: &Call) -> Option<bool> {
    let status = call.response.cache_status.as_deref()?;
    match (status.contains("hit"), status.contains("miss")) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

fn millis(nanos: u64) -> f64 {
    nanos as f64 / 1e6
}

/// What happens within a call:
///
/// | event | when | attributes |
/// |---|---|---|
/// | `api_attempt` | Envoy says how often it sent the request; of the last time, though at the call's start, for Envoy does not tell when | `attempt` |
/// | `rate_limited` | the provider refused for its rate limit (429) | `retry_after` (s), `limit.requests`, `limit.tokens`, `remaining.requests`, `remaining.tokens` |
/// | `cost.calculated` | the call has ended, its cost known | `cost.usd`, `cost.cents` |
/// | `cost.threshold_exceeded` | the call has ended and cost more than `cost.threshold_usd` | `cost.usd`, `cost.cents`, `threshold.usd`, `threshold.cents` |
/// | `context.window.exceeded` | the provider refused for the input's length, by its error's code, or counted more tokens than the configuration's window of the model | `tokens`, `max_tokens`, `exceeded_by` |
pub(super) const EVENTS: &[EventRow] = &[
    EventRow {
        name: "api_attempt",
        when: |call| call.proxy.attempt_count.map(|_| call.timing.start),
        attributes: |call, sink| sink.int_if("attempt", call.proxy.attempt_count),
    },
    EventRow {
        name: "rate_limited",
        when: |call| {
            (call.response.status == Some(429)).then(|| call.timing.response_start.unwrap_or(call.timing.end))
        },
        attributes: |call, sink| {
            let response = &call.response;
            sink.int_if("retry_after", response.retry_after);
            sink.int_if("limit.requests", response.ratelimit_limit_requests);
            sink.int_if("limit.tokens", response.ratelimit_limit_tokens);
            sink.int_if("remaining.requests", response.ratelimit_remaining_requests);
            sink.int_if("remaining.tokens", response.ratelimit_remaining_tokens);
        },
    },
    EventRow {
        name: "cost.calculated",
        when: |call| call.usage.cost.map(|_| call.timing.end),
        attributes: |call, sink| {
            in_usd_and_cents("cost.usd", "cost.cents", call.usage.cost.map(|cost| cost.usd), sink)
        },
    },
    EventRow {
        name: "cost.threshold_exceeded",
        when: |call| call.usage.cost.and_then(|cost| cost.exceeded_usd).map(|_| call.timing.end),
        attributes: |call, sink| {
            let cost = call.usage.cost;
            in_usd_and_cents("cost.usd", "cost.cents", cost.map(|cost| cost.usd), sink);
            let threshold = cost.and_then(|cost| cost.exceeded_usd);
            in_usd_and_cents("threshold.usd", "threshold.cents", threshold, sink);
        },
    },
    EventRow {
        name: "context.window.exceeded",
        when: |call| {
            let code = call.error.as_ref().and_then(|error| error.code.as_deref());
            let refused = code.is_some_and(|code| TOO_LONG.iter().any(|part| code.contains(part)));
            (refused || beyond_window(call).is_some())
                .then(|| call.timing.response_start.unwrap_or(call.timing.end))
        },
        attributes: |call, sink| {
            sink.int_if("tokens", call.usage.input_tokens);
            sink.int_if("max_tokens", call.request.context_window);
            sink.int_if("exceeded_by", beyond_window(call));
        },
    },
];

fn in_usd_and_cents(usd: &str, cents: &str, value: Option<f64>, sink: &mut dyn AttributeSink) {
    sink.double_if(usd, value);
    sink.double_if(cents, value.map(|usd| usd * 100.0));
}

/// By how many tokens the input is beyond what the configuration says that the model takes.
fn beyond_window(call: &Call) -> Option<u64> {
    let beyond = call.usage.input_tokens?.checked_sub(call.request.context_window?)?;
    (beyond > 0).then_some(beyond)
}

/// What is in the codes of errors that refuse an input for its length.
const TOO_LONG: &[&str] = &["context_length", "context_window", "prompt_too_long"];
