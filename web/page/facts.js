"use strict";
// The facts of a call, as the attributes of its span tell them, in whatever vocabulary.
//
// A row: the fact's name, its label, its kind, the group it is shown in, and the attributes that tell it, those that
// count first standing first. A test of the command line holds the attributes against the filter's own list.

const FACTS = [
  ["operation", "Operation", "text", "Model", ["gen_ai.operation.name", "openinference.span.kind", "llm.request.type"]],
  ["provider", "Provider", "text", "Model", ["gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system"]],
  ["request_model", "Asked for", "text", "Model", ["gen_ai.request.model", "llm.request.model_name", "llm.model_name", "llm.model", "embedding.model_name", "reranker.model_name"]],
  ["response_model", "Answered", "text", "Model", ["gen_ai.response.model", "llm.response.model_name"]],
  ["substituted", "Another model answered", "flag", "Model", ["inferspan.model.substituted"]],
  ["api", "Wire format", "text", "Model", ["inferspan.api"]],
  ["openai_api", "API", "text", "Model", ["openai.api.type"]],
  ["server_address", "Server", "text", "Model", ["server.address"]],
  ["server_port", "Port", "plain", "Model", ["server.port"]],
  ["upstream_provider", "Answered behind a router", "text", "Model", ["inferspan.response.upstream_provider"]],
  ["service_tier", "Tier", "text", "Model", ["openai.response.service_tier", "inferspan.response.service_tier", "gen_ai.openai.response.service_tier"]],
  ["system_fingerprint", "Fingerprint", "text", "Model", ["openai.response.system_fingerprint", "inferspan.response.system_fingerprint", "gen_ai.openai.response.system_fingerprint"]],
  ["response_id", "Answer's id", "text", "Model", ["gen_ai.response.id"]],
  ["provider_request_id", "Request's id", "text", "Model", ["inferspan.response.request_id"]],

  ["outcome", "Outcome", "text", "Outcome", ["inferspan.outcome"]],
  ["finish_reasons", "Finish reason", "texts", "Outcome", ["gen_ai.response.finish_reasons", "llm.finish_reason"]],
  ["http_status", "HTTP status", "plain", "Outcome", ["http.response.status_code"]],
  ["error_type", "Error", "text", "Outcome", ["error.type"]],
  ["error_code", "Provider's code", "text", "Outcome", ["inferspan.error.code"]],
  ["retry_count", "Tried before", "count", "Outcome", ["http.request.resend_count"]],
  ["losses", "Could not be read or kept", "texts", "Outcome", ["inferspan.losses"]],

  ["input_tokens", "In", "count", "Tokens", ["gen_ai.usage.input_tokens", "llm.token_count.prompt", "llm.usage.prompt_tokens", "llm.tokens.input", "gen_ai.usage.prompt_tokens"]],
  ["cache_read_tokens", "… from the cache", "count", "Tokens", ["gen_ai.usage.cache_read.input_tokens", "llm.token_count.prompt_details.cache_read"]],
  ["cache_write_tokens", "… written to the cache", "count", "Tokens", ["gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens", "llm.token_count.prompt_details.cache_write"]],
  ["cache_write_1h_tokens", "… for an hour", "count", "Tokens", ["inferspan.usage.cache_creation_1h.input_tokens"]],
  ["input_audio_tokens", "… audio", "count", "Tokens", ["inferspan.usage.audio.input_tokens", "gen_ai.usage.audio.input_tokens", "llm.token_count.prompt_details.audio"]],
  ["input_image_tokens", "… images", "count", "Tokens", ["inferspan.usage.image.input_tokens", "gen_ai.usage.image.input_tokens"]],
  ["input_text_tokens", "… text", "count", "Tokens", ["inferspan.usage.text.input_tokens", "gen_ai.usage.text.input_tokens"]],
  ["cache_read_text_tokens", "… text from the cache", "count", "Tokens", ["inferspan.usage.text.cache_read.input_tokens"]],
  ["cache_read_audio_tokens", "… audio from the cache", "count", "Tokens", ["inferspan.usage.audio.cache_read.input_tokens"]],
  ["cache_read_image_tokens", "… images from the cache", "count", "Tokens", ["inferspan.usage.image.cache_read.input_tokens"]],
  ["output_tokens", "Out", "count", "Tokens", ["gen_ai.usage.output_tokens", "llm.token_count.completion", "llm.usage.completion_tokens", "llm.tokens.output", "gen_ai.usage.completion_tokens"]],
  ["reasoning_tokens", "… reasoning", "count", "Tokens", ["gen_ai.usage.reasoning.output_tokens", "llm.token_count.completion_details.reasoning"]],
  ["output_text_tokens", "… text", "count", "Tokens", ["inferspan.usage.text.output_tokens", "gen_ai.usage.text.output_tokens"]],
  ["output_audio_tokens", "… audio", "count", "Tokens", ["inferspan.usage.audio.output_tokens", "gen_ai.usage.audio.output_tokens", "llm.token_count.completion_details.audio"]],
  ["output_image_tokens", "… images", "count", "Tokens", ["inferspan.usage.image.output_tokens", "gen_ai.usage.image.output_tokens"]],
  ["usage_status", "Told by the provider", "text", "Tokens", ["inferspan.usage.status"]],

  ["cost", "Cost", "dollars", "Cost", ["inferspan.usage.cost", "llm.cost.total"]],
  ["cost_input", "… of the input", "dollars", "Cost", ["inferspan.cost.input", "llm.cost.prompt"]],
  ["cost_output", "… of the output", "dollars", "Cost", ["inferspan.cost.output", "llm.cost.completion"]],
  ["cost_source", "Says", "text", "Cost", ["inferspan.cost.source"]],

  ["first_byte", "First byte after", "seconds", "Timing", ["inferspan.time_to_first_byte"]],
  ["first_token", "First token after", "seconds", "Timing", ["gen_ai.response.time_to_first_chunk"]],
  ["first_reasoning", "First reasoning after", "seconds", "Timing", ["inferspan.time_to_first_reasoning"]],
  ["first_visible", "First visible text after", "seconds", "Timing", ["inferspan.time_to_first_visible"]],
  ["max_gap", "Longest pause", "seconds", "Timing", ["inferspan.stream.max_gap"]],
  ["stream_messages", "Messages of the stream", "count", "Timing", ["inferspan.stream.messages"]],
  ["content_events", "… with output", "count", "Timing", ["inferspan.stream.content_events"]],

  ["tool_calls", "Called", "texts", "Tools", ["inferspan.response.tool_call.names"]],
  ["tool_call_ids", "Calls' ids", "texts", "Tools", ["inferspan.response.tool_call.ids"]],
  ["tool_count", "Offered", "count", "Tools", ["inferspan.request.tool_count"]],
  ["tool_names", "Their names", "texts", "Tools", ["inferspan.request.tool_names"]],

  ["request_stream", "Stream asked for", "flag", "Request", ["gen_ai.request.stream", "llm.streaming"]],
  ["message_count", "Messages", "count", "Request", ["inferspan.request.message_count", "request.message_count"]],
  ["max_tokens", "Most tokens", "count", "Request", ["gen_ai.request.max_tokens"]],
  ["temperature", "Temperature", "plain", "Request", ["gen_ai.request.temperature", "llm.request.temperature"]],
  ["top_p", "Top p", "plain", "Request", ["gen_ai.request.top_p"]],
  ["top_k", "Top k", "plain", "Request", ["gen_ai.request.top_k"]],
  ["seed", "Seed", "plain", "Request", ["gen_ai.request.seed"]],
  ["presence_penalty", "Presence penalty", "plain", "Request", ["gen_ai.request.presence_penalty"]],
  ["frequency_penalty", "Frequency penalty", "plain", "Request", ["gen_ai.request.frequency_penalty"]],
  ["stop_sequences", "Stop sequences", "texts", "Request", ["gen_ai.request.stop_sequences"]],
  ["choice_count", "Choices", "count", "Request", ["gen_ai.request.choice.count"]],
  ["reasoning_level", "Reasoning", "text", "Request", ["gen_ai.request.reasoning.level", "llm.reasoning.effort"]],
  ["thinking_budget", "Thinking budget", "count", "Request", ["inferspan.request.thinking_budget"]],
  ["output_type", "Output", "text", "Request", ["gen_ai.output.type"]],
  ["request_service_tier", "Tier asked for", "text", "Request", ["openai.request.service_tier", "inferspan.request.service_tier", "gen_ai.openai.request.service_tier"]],
  ["dimensions", "Dimensions", "count", "Request", ["gen_ai.embeddings.dimension.count"]],
  ["encoding_formats", "Encoding", "texts", "Request", ["gen_ai.request.encoding_formats"]],
  ["prompt_name", "Prompt", "text", "Request", ["gen_ai.prompt.name"]],
  ["prompt_version", "Its version", "text", "Request", ["gen_ai.prompt.version"]],
  ["guardrail_id", "Guardrail", "text", "Request", ["aws.bedrock.guardrail.id"]],
  ["request_size", "Request", "bytes", "Request", ["inferspan.request.body_size"]],
  ["response_size", "Answer", "bytes", "Request", ["inferspan.response.body_size"]],

  ["session_id", "Session", "text", "Client", ["inferspan.request.session_id", "session.id"]],
  ["conversation_id", "Conversation", "text", "Client", ["gen_ai.conversation.id"]],
  ["previous_response_id", "Answers to", "text", "Client", ["gen_ai.request.previous_response.id"]],
  ["sdk_name", "SDK", "text", "Client", ["inferspan.client.sdk.name"]],
  ["sdk_version", "Its version", "text", "Client", ["inferspan.client.sdk.version"]],

  ["ratelimit_remaining_requests", "Requests left", "count", "Limits", ["inferspan.ratelimit.remaining_requests"]],
  ["ratelimit_limit_requests", "… of", "count", "Limits", ["inferspan.ratelimit.limit_requests"]],
  ["ratelimit_remaining_tokens", "Tokens left", "count", "Limits", ["inferspan.ratelimit.remaining_tokens"]],
  ["ratelimit_limit_tokens", "… of", "count", "Limits", ["inferspan.ratelimit.limit_tokens"]],
  ["retry_after", "Retry after (s)", "count", "Limits", ["inferspan.ratelimit.retry_after"]],
  ["cache_status", "Gateway's cache", "text", "Limits", ["inferspan.response.cache_status"]],

  ["envoy_cluster", "Cluster", "text", "Envoy", ["inferspan.envoy.cluster"]],
  ["envoy_route", "Route", "text", "Envoy", ["inferspan.envoy.route"]],
  ["envoy_attempts", "Sent", "count", "Envoy", ["inferspan.envoy.attempt_count"]],
  ["envoy_address", "Endpoint", "text", "Envoy", ["inferspan.envoy.upstream_address"]],
];

/** What was said, where it is captured. */
const CONTENT = [
  ["gen_ai.system_instructions", "Instructions"],
  ["gen_ai.input.messages", "Sent"],
  ["gen_ai.output.messages", "Answered"],
  ["gen_ai.tool.definitions", "Tools"],
  ["input.value", "Sent"],
  ["output.value", "Answered"],
];

/** By an attribute's key: the fact, and how much this key counts among those that tell it. */
const BY_KEY = new Map(FACTS.flatMap(([name, , , , keys]) => keys.map((key, rank) => [key, [name, rank]])));

/** An attribute's value as a value of the page; OTLP/JSON writes integers as texts. */
function plainValue(value) {
  if (value === null || typeof value !== "object") return null;
  if ("stringValue" in value) return String(value.stringValue);
  if ("intValue" in value) return Number(value.intValue);
  if ("doubleValue" in value) return Number(value.doubleValue);
  if ("boolValue" in value) return Boolean(value.boolValue);
  if ("arrayValue" in value) return (value.arrayValue?.values ?? []).map(plainValue);
  if ("bytesValue" in value) return String(value.bytesValue);
  if ("kvlistValue" in value) return JSON.stringify(value.kvlistValue);
  return null;
}

/** The facts that a list of attributes tells: an object by their names. */
function readFacts(attributes) {
  const facts = {};
  const ranks = {};
  for (const attribute of attributes) {
    const known = BY_KEY.get(attribute?.key);
    if (known === undefined) continue;
    const [name, rank] = known;
    if (name in ranks && ranks[name] <= rank) continue;
    const value = plainValue(attribute.value);
    if (value === null) continue;
    ranks[name] = rank;
    facts[name] = value;
  }
  return facts;
}
