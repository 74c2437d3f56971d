//! The list of a call's facts: by what name each is known, which attribute tells it, and where it stands in a call.
//!
//! What reads facts reads this list: `inferspan replay --format facts`, the tree that people see, the fixtures, and
//! the attributes of ours ([`crate::signal::convention::own`]). What is not on the wire is left out. Times are not
//! facts.

#[cfg(any(test, feature = "tools"))]
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Call, Losses, ToolCall};

/// One fact of a call.
#[derive(Clone, Copy, Debug)]
pub struct Fact {
    /// Its name.
    pub name: &'static str,
    /// The attribute of a span that tells it.
    pub told: Told,
    value: fn(&Call) -> Value<'_>,
}

/// Which attribute tells a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// One of the GenAI conventions, or of those they build on.
    Standard(&'static str),
    /// One of ours.
    Own(&'static str),
    /// One of ours, where it is not 0.
    OwnUnlessZero(&'static str),
    /// One of OpenAI's page of the conventions for who speaks by it, one of ours for the others.
    OpenAiOrOwn(&'static str, &'static str),
    /// By several attributes, or by that others are there.
    Otherwise,
}

/// A fact's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'c> {
    /// The fact is not known.
    None,
    /// A text.
    Text(&'c str),
    /// An integer.
    Int(i64),
    /// A number.
    Double(f64),
    /// Whether something is so.
    Flag(bool),
    /// Texts, of which there is at least one.
    Texts(&'c [String]),
    /// What the model asks its client to run, at least once.
    ToolCalls(&'c [ToolCall]),
    /// What could not be read, of some kind at least.
    Losses(Losses),
}

impl Fact {
    /// Its value in a call.
    #[must_use]
    pub fn of<'c>(&self, call: &'c Call) -> Value<'c> {
        (self.value)(call)
    }

    /// The attributes that tell it, of which a span has one at the most.
    pub fn attributes(&self) -> impl Iterator<Item = &'static str> + use<> {
        let (first, second) = match self.told {
            Told::Standard(key) | Told::Own(key) | Told::OwnUnlessZero(key) => (Some(key), None),
            Told::OpenAiOrOwn(page, own) => (Some(page), Some(own)),
            Told::Otherwise => (None, None),
        };
        first.into_iter().chain(second)
    }
}

/// Declares the facts: a name, which attribute tells it, and its value in a call `c`.
macro_rules! facts {
    ($c:ident; $($name:ident: $told:ident $(($($key:literal),+))? = $value:expr;)*) => {
        /// All facts, in the order in which they are shown.
        pub const FACTS: &[Fact] = &[$(
            Fact { name: stringify!($name), told: Told::$told $(($($key),+))?, value: |$c| $value },
        )*];

        /// Hands over what is known of those that attributes of ours tell, each with its attribute. `has_page`:
        /// OpenAI's page of the conventions tells some of them. Every span pays for this: it is no walk over the
        /// list.
        pub(crate) fn own<'c>($c: &'c Call, has_page: bool, mut tell: impl FnMut(&'static str, Value<'c>)) {
            $(own!(tell, has_page, $told $(($($key),+))?, $value);)*
        }
    };
}

/// Hands over one of them.
macro_rules! own {
    ($tell:ident, $has_page:ident, Own($key:literal), $value:expr) => {
        match $value {
            Value::None => {}
            value => $tell($key, value),
        }
    };
    ($tell:ident, $has_page:ident, OwnUnlessZero($key:literal), $value:expr) => {
        match $value {
            Value::None | Value::Int(0) => {}
            value => $tell($key, value),
        }
    };
    ($tell:ident, $has_page:ident, OpenAiOrOwn($page:literal, $key:literal), $value:expr) => {
        if !$has_page {
            own!($tell, $has_page, Own($key), $value);
        }
    };
    ($($other:tt)*) => {};
}

facts! {
    c;

    operation: Standard("gen_ai.operation.name") = Value::Text(c.operation.name());
    provider: Standard("gen_ai.provider.name") = Value::Text(&c.provider);
    api: Own("inferspan.api") = Value::Text(c.api.name());
    outcome: Own("inferspan.outcome") = Value::Text(c.outcome.name());
    server_address: Standard("server.address") = text(Some(&c.server.address));
    server_port: Standard("server.port") = int(c.server.port);
    request_model: Standard("gen_ai.request.model") = text(c.request.model.as_ref());
    temperature: Standard("gen_ai.request.temperature") = double(c.request.temperature);
    top_p: Standard("gen_ai.request.top_p") = double(c.request.top_p);
    top_k: Standard("gen_ai.request.top_k") = double(c.request.top_k);
    max_tokens: Standard("gen_ai.request.max_tokens") = int(c.request.max_tokens);
    seed: Standard("gen_ai.request.seed") = int(c.request.seed);
    presence_penalty: Standard("gen_ai.request.presence_penalty") = double(c.request.presence_penalty);
    frequency_penalty: Standard("gen_ai.request.frequency_penalty") = double(c.request.frequency_penalty);
    stop_sequences: Standard("gen_ai.request.stop_sequences") = texts(&c.request.stop_sequences);
    choice_count: Standard("gen_ai.request.choice.count") = int(c.request.choice_count);
    message_count: Own("inferspan.request.message_count") = int(c.request.message_count);
    tool_count: Own("inferspan.request.tool_count") = int(c.request.tool_count);
    tool_names: Own("inferspan.request.tool_names") = texts(&c.request.tool_names);
    reasoning_level: Standard("gen_ai.request.reasoning.level") = text(c.request.reasoning_level.as_ref());
    thinking_budget: Own("inferspan.request.thinking_budget") = int(c.request.thinking_budget);
    output_type: Standard("gen_ai.output.type") = c.request.output_type.map_or(Value::None, Value::Text);
    request_stream: Standard("gen_ai.request.stream") = c.request.stream.map_or(Value::None, Value::Flag);
    request_service_tier: OpenAiOrOwn("openai.request.service_tier", "inferspan.request.service_tier") = text(c.request.service_tier.as_ref());
    dimensions: Standard("gen_ai.embeddings.dimension.count") = int(c.request.dimensions);
    encoding_formats: Standard("gen_ai.request.encoding_formats") = texts(&c.request.encoding_formats);
    prompt_name: Standard("gen_ai.prompt.name") = text(c.request.prompt_name.as_ref());
    prompt_version: Standard("gen_ai.prompt.version") = text(c.request.prompt_version.as_ref());
    session_id: Own("inferspan.request.session_id") = text(c.request.session_id.as_ref());
    guardrail_id: Standard("aws.bedrock.guardrail.id") = text(c.request.guardrail_id.as_ref());
    stream: Otherwise = c.stream.map_or(Value::None, |_| Value::Flag(true));
    response_model: Standard("gen_ai.response.model") = text(c.response.model.as_ref());
    response_id: Standard("gen_ai.response.id") = text(c.response.id.as_ref());
    finish_reasons: Standard("gen_ai.response.finish_reasons") = texts(&c.response.finish_reasons);
    tool_calls: Otherwise = match c.response.tool_calls.as_slice() { [] => Value::None, calls => Value::ToolCalls(calls), };
    service_tier: OpenAiOrOwn("openai.response.service_tier", "inferspan.response.service_tier") = text(c.response.service_tier.as_ref());
    system_fingerprint: OpenAiOrOwn("openai.response.system_fingerprint", "inferspan.response.system_fingerprint") = text(c.response.system_fingerprint.as_ref());
    upstream_provider: Own("inferspan.response.upstream_provider") = text(c.response.upstream_provider.as_ref());
    conversation_id: Standard("gen_ai.conversation.id") = text(c.response.conversation_id.as_ref());
    previous_response_id: Standard("gen_ai.request.previous_response.id") = text(c.response.previous_response_id.as_ref());
    input_tokens: Standard("gen_ai.usage.input_tokens") = int(c.usage.input_tokens);
    output_tokens: Standard("gen_ai.usage.output_tokens") = int(c.usage.output_tokens);
    cache_read_tokens: Standard("gen_ai.usage.cache_read.input_tokens") = int(c.usage.cache_read_tokens);
    cache_write_tokens: Standard("gen_ai.usage.cache_creation.input_tokens") = int(c.usage.cache_write_tokens);
    cache_write_1h_tokens: Own("inferspan.usage.cache_creation_1h.input_tokens") = int(c.usage.cache_write_1h_tokens);
    reasoning_tokens: Standard("gen_ai.usage.reasoning.output_tokens") = int(c.usage.reasoning_tokens);
    input_audio_tokens: OwnUnlessZero("inferspan.usage.audio.input_tokens") = int(c.usage.input_audio_tokens);
    input_image_tokens: OwnUnlessZero("inferspan.usage.image.input_tokens") = int(c.usage.input_image_tokens);
    output_audio_tokens: OwnUnlessZero("inferspan.usage.audio.output_tokens") = int(c.usage.output_audio_tokens);
    output_image_tokens: OwnUnlessZero("inferspan.usage.image.output_tokens") = int(c.usage.output_image_tokens);
    input_text_tokens: OwnUnlessZero("inferspan.usage.text.input_tokens") = int(c.usage.input_text_tokens);
    output_text_tokens: OwnUnlessZero("inferspan.usage.text.output_tokens") = int(c.usage.output_text_tokens);
    cache_read_text_tokens: OwnUnlessZero("inferspan.usage.text.cache_read.input_tokens") = int(c.usage.cache_read_text_tokens);
    cache_read_audio_tokens: OwnUnlessZero("inferspan.usage.audio.cache_read.input_tokens") = int(c.usage.cache_read_audio_tokens);
    cache_read_image_tokens: OwnUnlessZero("inferspan.usage.image.cache_read.input_tokens") = int(c.usage.cache_read_image_tokens);
    cost: Own("inferspan.usage.cost") = double(c.usage.cost.as_ref().map(|cost| cost.usd));
    usage_status: Own("inferspan.usage.status") = Value::Text(c.usage.status.name());
    error_type: Standard("error.type") = text(c.error.as_ref().map(|error| &error.kind));
    error_code: Own("inferspan.error.code") = text(c.error.as_ref().and_then(|error| error.code.as_ref()));
    provider_request_id: Own("inferspan.response.request_id") = text(c.response.provider_request_id.as_ref());
    ratelimit_remaining_requests: Own("inferspan.ratelimit.remaining_requests") = int(c.response.ratelimit_remaining_requests);
    ratelimit_remaining_tokens: Own("inferspan.ratelimit.remaining_tokens") = int(c.response.ratelimit_remaining_tokens);
    ratelimit_limit_requests: Own("inferspan.ratelimit.limit_requests") = int(c.response.ratelimit_limit_requests);
    ratelimit_limit_tokens: Own("inferspan.ratelimit.limit_tokens") = int(c.response.ratelimit_limit_tokens);
    retry_after: Own("inferspan.ratelimit.retry_after") = int(c.response.retry_after);
    cache_status: Own("inferspan.response.cache_status") = text(c.response.cache_status.as_ref());
    retry_count: Standard("http.request.resend_count") = int(c.client.retry_count);
    sdk_name: Own("inferspan.client.sdk.name") = text(c.client.sdk_name.as_ref());
    sdk_version: Own("inferspan.client.sdk.version") = text(c.client.sdk_version.as_ref());
    stream_messages: Own("inferspan.stream.messages") = int(c.stream.map(|stream| stream.messages));
    content_events: Own("inferspan.stream.content_events") = int(c.stream.map(|stream| stream.content_events));
    losses: Otherwise = match c.losses.kinds().next() { None => Value::None, Some(_) => Value::Losses(c.losses), };
}

/// A text, unless it is empty.
fn text(text: Option<&String>) -> Value<'_> {
    text.filter(|text| !text.is_empty()).map_or(Value::None, |text| Value::Text(text))
}

/// An integer; what is beyond `i64` is as good as its greatest.
fn int<'c>(number: Option<impl TryInto<i64>>) -> Value<'c> {
    number.map_or(Value::None, |number| Value::Int(number.try_into().unwrap_or(i64::MAX)))
}

fn double<'c>(number: Option<f64>) -> Value<'c> {
    number.map_or(Value::None, Value::Double)
}

fn texts(texts: &[String]) -> Value<'_> {
    if texts.is_empty() { Value::None } else { Value::Texts(texts) }
}

/// Writes a call's facts as the members of one object, in the order of the list.
#[cfg(any(test, feature = "tools"))]
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a>(pub &'a Call);

#[cfg(any(test, feature = "tools"))]
impl Serialize for Facts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        for fact in FACTS {
            let name = fact.name;
            match fact.of(self.0) {
                Value::None => {}
                Value::Text(text) => members.serialize_entry(name, text)?,
                Value::Int(int) => members.serialize_entry(name, &int)?,
                Value::Double(double) => members.serialize_entry(name, &double)?,
                Value::Flag(flag) => members.serialize_entry(name, &flag)?,
                Value::Texts(texts) => members.serialize_entry(name, texts)?,
                Value::ToolCalls(calls) => {
                    let calls: Vec<_> = calls.iter().map(Tool::new).collect();
                    members.serialize_entry(name, &calls)?;
                }
                Value::Losses(losses) => {
                    members.serialize_entry(name, &losses.kinds().collect::<Vec<_>>())?;
                }
            }
        }
        members.end()
    }
}

#[cfg(any(test, feature = "tools"))]
#[derive(serde::Serialize)]
struct Tool<'a> {
    id: Option<&'a str>,
    name: Option<&'a str>,
}

#[cfg(any(test, feature = "tools"))]
impl<'a> Tool<'a> {
    fn new(call: &'a ToolCall) -> Self {
        Self { id: call.id.as_deref(), name: call.name.as_deref() }
    }
}
