//! A call's facts as one JSON object a line.
//!
//! An exchange that is no LLM call has `"operation": null` and nothing else.

use anyhow::Result;
use inferspan_core::call;
use serde::Serialize;

use super::runner::Observation;

/// The line, with its end.
pub(super) fn line(id: &str, observation: &Observation) -> Result<String> {
    let mut line = match observation {
        Observation::Nothing => serde_json::to_string(&Nothing { id, operation: None })?,
        Observation::Call(call, _) => serde_json::to_string(&Facts { id, facts: call::Facts(call) })?,
        #[cfg(feature = "wasm")]
        Observation::Export(export) => of_span::line(id, export)?,
    };
    line.push('\n');
    Ok(line)
}

#[derive(Serialize)]
struct Nothing<'a> {
    id: &'a str,
    operation: Option<&'a str>,
}

#[derive(Serialize)]
struct Facts<'a> {
    id: &'a str,
    #[serde(flatten)]
    facts: call::Facts<'a>,
}

/// The facts as the attributes of a span tell them.
#[cfg(feature = "wasm")]
mod of_span {
    use anyhow::{Context, Result};
    use host_test::rig::span::{Span, Value};
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use serde_json::{Map, json};

    pub(super) fn line(id: &str, export: &ExportTraceServiceRequest) -> Result<String> {
        let spans = Span::all(export);
        let [span] = spans.as_slice() else { anyhow::bail!("{} spans for one exchange", spans.len()) };
        let mut facts = Map::new();
        facts.insert("id".to_owned(), json!(id));
        for (fact, attribute) in ATTRIBUTES {
            if let Some(value) = span.get(attribute) {
                facts.entry(*fact).or_insert(plain(value));
            }
        }
        if facts.contains_key("stream_messages") {
            facts.insert("stream".to_owned(), json!(true));
        }
        let (names, ids) = (span.texts(TOOL_NAMES), span.texts(TOOL_IDS));
        if !names.is_empty() {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let calls =
                ids.into_iter().zip(names).map(|(id, name)| json!({"id": some(id), "name": some(name)}));
            facts.insert("tool_calls".to_owned(), calls.collect());
        }
        serde_json::to_string(&facts).context("write the facts")
    }

    fn plain(value: &Value) -> serde_json::Value {
        match value {
            Value::Text(text) | Value::Other(text) => json!(text),
            Value::Int(int) => json!(int),
            Value::Double(double) => json!(double),
            Value::Bool(bool) => json!(bool),
            Value::List(values) => values.iter().map(plain).collect(),
        }
    }

    const TOOL_NAMES: &str = "inferspan.response.tool_call.names";
    const TOOL_IDS: &str = "inferspan.response.tool_call.ids";

    /// Facts and the attributes that tell them; where several do, the first that is there.
    const ATTRIBUTES: &[(&str, &str)] = &[
        ("operation", "gen_ai.operation.name"),
        ("provider", "gen_ai.provider.name"),
        ("outcome", "inferspan.outcome"),
        ("server_address", "server.address"),
        ("server_port", "server.port"),
        ("request_model", "gen_ai.request.model"),
        ("temperature", "gen_ai.request.temperature"),
        ("top_p", "gen_ai.request.top_p"),
        ("top_k", "gen_ai.request.top_k"),
        ("max_tokens", "gen_ai.request.max_tokens"),
        ("seed", "gen_ai.request.seed"),
        ("presence_penalty", "gen_ai.request.presence_penalty"),
        ("frequency_penalty", "gen_ai.request.frequency_penalty"),
        ("stop_sequences", "gen_ai.request.stop_sequences"),
        ("choice_count", "gen_ai.request.choice.count"),
        ("message_count", "inferspan.request.message_count"),
        ("tool_count", "inferspan.request.tool_count"),
        ("tool_names", "inferspan.request.tool_names"),
        ("reasoning_level", "gen_ai.request.reasoning.level"),
        ("thinking_budget", "inferspan.request.thinking_budget"),
        ("output_type", "gen_ai.output.type"),
        ("request_stream", "gen_ai.request.stream"),
        ("request_service_tier", "openai.request.service_tier"),
        ("request_service_tier", "inferspan.request.service_tier"),
        ("dimensions", "gen_ai.embeddings.dimension.count"),
        ("encoding_formats", "gen_ai.request.encoding_formats"),
        ("prompt_name", "gen_ai.prompt.name"),
        ("prompt_version", "gen_ai.prompt.version"),
        ("session_id", "inferspan.request.session_id"),
        ("guardrail_id", "aws.bedrock.guardrail.id"),
        ("response_model", "gen_ai.response.model"),
        ("response_id", "gen_ai.response.id"),
        ("finish_reasons", "gen_ai.response.finish_reasons"),
        ("service_tier", "openai.response.service_tier"),
        ("service_tier", "inferspan.response.service_tier"),
        ("system_fingerprint", "openai.response.system_fingerprint"),
        ("system_fingerprint", "inferspan.response.system_fingerprint"),
        ("upstream_provider", "inferspan.response.upstream_provider"),
        ("conversation_id", "gen_ai.conversation.id"),
        ("previous_response_id", "gen_ai.request.previous_response.id"),
        ("input_tokens", "gen_ai.usage.input_tokens"),
        ("output_tokens", "gen_ai.usage.output_tokens"),
        ("cache_read_tokens", "gen_ai.usage.cache_read.input_tokens"),
        ("cache_write_tokens", "gen_ai.usage.cache_creation.input_tokens"),
        ("cache_write_1h_tokens", "inferspan.usage.cache_creation_1h.input_tokens"),
        ("reasoning_tokens", "gen_ai.usage.reasoning.output_tokens"),
        ("input_audio_tokens", "inferspan.usage.audio.input_tokens"),
        ("input_image_tokens", "inferspan.usage.image.input_tokens"),
        ("output_audio_tokens", "inferspan.usage.audio.output_tokens"),
        ("output_image_tokens", "inferspan.usage.image.output_tokens"),
        ("cost", "inferspan.usage.cost"),
        ("usage_status", "inferspan.usage.status"),
        ("error_type", "error.type"),
        ("error_code", "inferspan.error.code"),
        ("provider_request_id", "inferspan.response.request_id"),
        ("ratelimit_remaining_requests", "inferspan.ratelimit.remaining_requests"),
        ("ratelimit_remaining_tokens", "inferspan.ratelimit.remaining_tokens"),
        ("ratelimit_limit_requests", "inferspan.ratelimit.limit_requests"),
        ("ratelimit_limit_tokens", "inferspan.ratelimit.limit_tokens"),
        ("retry_after", "inferspan.ratelimit.retry_after"),
        ("cache_status", "inferspan.response.cache_status"),
        ("retry_count", "http.request.resend_count"),
        ("sdk_name", "inferspan.client.sdk.name"),
        ("sdk_version", "inferspan.client.sdk.version"),
        ("stream_messages", "inferspan.stream.messages"),
        ("content_events", "inferspan.stream.content_events"),
        ("losses", "inferspan.losses"),
    ];
}
