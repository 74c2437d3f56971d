//! Attributes of ours, for what no convention names. Few, all under `inferspan.`:
//!
//! | attribute | type | what it says |
//! |---|---|---|
//! | `inferspan.api` | string | the wire format of the call, e.g. `openai_chat` |
//! | `inferspan.outcome` | string | how the exchange ended: `completed`, `client_cancelled`, `upstream_reset`, `timeout`, `truncated`, `error`, `no_response` |
//! | `inferspan.usage.status` | string | whether the token counts are whole: `reported`, `partial`, `missing` |
//! | `inferspan.usage.cost` | double | USD: what the answer reports, else what its tokens cost at the configured prices |
//! | `inferspan.cost.source` | string | who says so: `provider` (the answer, a gateway's too), `configuration` |
//! | `inferspan.cost.input`, `inferspan.cost.output` | double | USD for the input and the output, where the cost is computed |
//! | `inferspan.usage.cache_creation_1h.input_tokens` | int | the part of the tokens written to the cache that is kept for an hour |
//! | `inferspan.usage.audio.input_tokens`, `.output_tokens` | int | audio tokens, a part of the counts, where there are any |
//! | `inferspan.usage.image.input_tokens`, `.output_tokens` | int | image tokens, a part of the counts, where there are any |
//! | `inferspan.usage.text.input_tokens`, `.output_tokens` | int | text tokens, a part of the counts, where the provider counts them |
//! | `inferspan.usage.text.cache_read.input_tokens`, `.audio.`, `.image.` | int | parts of what came from the cache, where there are any |
//! | `inferspan.request.message_count` | int | messages, contents or inputs of the request |
//! | `inferspan.request.tool_count` | int | tools offered |
//! | `inferspan.request.tool_names` | string\[\] | their names, the first ones |
//! | `inferspan.request.thinking_budget` | int | tokens allowed for thinking |
//! | `inferspan.request.service_tier` | string | tier asked for, of a provider without a page in the conventions |
//! | `inferspan.request.body_size` | int | bytes of the body, as they passed |
//! | `inferspan.request.session_id` | string | a session that the client names |
//! | `inferspan.client.sdk.name`, `.version` | string | the SDK that asks |
//! | `inferspan.response.tool_call.names`, `.ids` | string\[\] | what the model asks its client to run; both arrays have one entry for each tool call, empty where it has none |
//! | `inferspan.response.service_tier` | string | tier used, of a provider without a page in the conventions |
//! | `inferspan.response.system_fingerprint` | string | the backend's configuration, of a provider without a page in the conventions |
//! | `inferspan.response.body_size` | int | bytes of the body, as they passed |
//! | `inferspan.response.request_id` | string | what one quotes to the provider's support |
//! | `inferspan.response.upstream_provider` | string | who answered behind a router |
//! | `inferspan.response.cache_status` | string | a gateway's cache: `hit`, `miss` … |
//! | `inferspan.error.code` | string | the provider's own code of the error |
//! | `inferspan.ratelimit.remaining_requests`, `.remaining_tokens`, `.limit_requests`, `.limit_tokens` | int | the provider's rate limit |
//! | `inferspan.ratelimit.retry_after` | int | seconds to wait |
//! | `inferspan.time_to_first_byte` | double | seconds until the body's first byte |
//! | `inferspan.time_to_first_reasoning`, `.time_to_first_visible` | double | seconds until the stream's first reasoning, and its first visible text, where it had both |
//! | `inferspan.stream.messages` | int | stream messages that hold a JSON document; there only if the answer is a stream |
//! | `inferspan.stream.content_events` | int | stream messages that carry generated output |
//! | `inferspan.stream.max_gap` | double | the longest pause between two of them, in seconds |
//! | `inferspan.model.substituted` | boolean | true where another model answered than was asked for |
//! | `inferspan.envoy.cluster`, `.route` | string | names of Envoy's cluster and route that the request took |
//! | `inferspan.envoy.attempt_count` | int | how often Envoy sent the request, 1 without a retry |
//! | `inferspan.envoy.upstream_address` | string | address and port of the endpoint that answered |
//! | *key of the baggage* | string | an entry of the client's baggage that the configuration names |
//! | `inferspan.content.truncated`, `.redactions` | int | values of captured content that were cut or left out at a bound, and what was replaced in it, where there were any |
//! | `inferspan.losses` | string\[\] | what could not be read of this exchange: `malformed_messages`, `damaged_frames`, `undecoded_bodies`, `mislabelled_bodies`, `unread_bodies`, `truncated_values`, `dropped_values` |

pub(super) mod metrics;

use super::common;
use crate::call::facts::{self, Value};
use crate::call::{Call, Losses};
use crate::content::Content;
use crate::signal::log::{LogKind, LogRow, Severity};
use crate::signal::{AttributeSink, EventRow};

/// The attributes of ours of the call's span. `in_part` says that values will be cut where they are written.
pub fn attributes(call: &Call, in_part: bool, sink: &mut dyn AttributeSink) {
    let Call { request, response, usage, timing, .. } = call;
    facts::own(call, common::has_openai_page(call), |key, value| tell(key, value, sink));
    if let Some(cost) = &usage.cost {
        sink.text("inferspan.cost.source", cost.source.name());
        sink.double_if("inferspan.cost.input", cost.input_usd);
        sink.double_if("inferspan.cost.output", cost.output_usd);
    }
    sink.int_if("inferspan.request.body_size", Some(request.body_bytes).filter(|n| *n > 0));
    sink.int_if("inferspan.response.body_size", Some(response.body_bytes).filter(|n| *n > 0));
    if !response.tool_calls.is_empty() {
        let calls = response.tool_calls.iter();
        let mut names = calls.clone().map(|c| c.name.as_deref().unwrap_or_default());
        sink.texts("inferspan.response.tool_call.names", &mut names);
        let mut ids = calls.map(|c| c.id.as_deref().unwrap_or_default());
        sink.texts("inferspan.response.tool_call.ids", &mut ids);
    }
    sink.seconds_if("inferspan.time_to_first_byte", timing.first_byte.map(|t| t.since(timing.start)));
    if let (Some(reasoning), Some(visible)) = (timing.first_reasoning, timing.first_visible) {
        sink.seconds_if("inferspan.time_to_first_reasoning", Some(reasoning.since(timing.start)));
        sink.seconds_if("inferspan.time_to_first_visible", Some(visible.since(timing.start)));
    }
    if let Some(stream) = &call.stream {
        sink.seconds_if("inferspan.stream.max_gap", Some(stream.gap_max).filter(|_| stream.gap_count > 0));
    }
    if call.is_model_substituted() {
        sink.flag("inferspan.model.substituted", true);
    }
    sink.text_if("inferspan.envoy.cluster", call.proxy.cluster.as_deref());
    sink.text_if("inferspan.envoy.route", call.proxy.route.as_deref());
    sink.int_if("inferspan.envoy.attempt_count", call.proxy.attempt_count);
    sink.text_if("inferspan.envoy.upstream_address", call.proxy.upstream_address.as_deref());
    for (key, value) in &call.client.baggage {
        sink.text(key, value);
    }
    let mut losses = call.losses;
    losses.truncated_values = losses.truncated_values.saturating_add(u32::from(in_part));
    if losses != Losses::default() {
        sink.texts("inferspan.losses", &mut losses.kinds());
    }
}

/// What became of the content that the call tells.
pub(super) fn content(content: &Content, sink: &mut dyn AttributeSink) {
    let counts = [
        ("inferspan.content.truncated", content.truncated()),
        ("inferspan.content.redactions", content.redactions()),
    ];
    for (key, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        sink.int(key, i64::from(count));
    }
}

/// A fact as an attribute. Those that are told by several are told elsewhere.
#[inline(never)]
fn tell(key: &str, value: Value<'_>, sink: &mut dyn AttributeSink) {
    match value {
        Value::None | Value::ToolCalls(_) | Value::Losses(_) => {}
        Value::Text(text) => sink.text(key, text),
        Value::Int(int) => sink.int(key, int),
        Value::Double(double) => sink.double(key, double),
        Value::Flag(flag) => sink.flag(key, flag),
        Value::Texts(texts) => sink.texts_unless_empty(key, texts),
    }
}

/// What happens within a call that an operator looks for:
///
/// | event | when | attributes |
/// |---|---|---|
/// | `inferspan.first_token` | a stream's first content event came | |
/// | `inferspan.rate_limited` | the provider refused for its rate limit (429) | `inferspan.ratelimit.*` |
/// | `inferspan.retried` | the client says that it had tried before | `http.request.resend_count` |
/// | `inferspan.cost.threshold_exceeded` | the call has ended and cost more than `cost.threshold_usd` | `inferspan.usage.cost`, `inferspan.cost.source`, `inferspan.cost.threshold` (USD) |
pub const EVENTS: &[EventRow] = &[
    EventRow {
        name: "inferspan.retried",
        when: |call| call.client.retry_count.filter(|n| *n > 0).map(|_| call.timing.start),
        attributes: |call, sink| sink.int_if("http.request.resend_count", call.client.retry_count),
    },
    EventRow {
        name: "inferspan.first_token",
        when: |call| call.stream.and(call.timing.first_token),
        attributes: |_, _| {},
    },
    EventRow {
        name: "inferspan.rate_limited",
        when: |call| {
            (call.response.status == Some(429)).then(|| call.timing.response_start.unwrap_or(call.timing.end))
        },
        attributes: rate_limit,
    },
    EventRow {
        name: "inferspan.cost.threshold_exceeded",
        when: |call| call.usage.cost.and_then(|cost| cost.exceeded_usd).map(|_| call.timing.end),
        attributes: threshold,
    },
];

/// The log event of ours, like the span event of its name; it says what was asked of whom, too.
///
/// | event | when | severity |
/// |---|---|---|
/// | `inferspan.cost.threshold_exceeded` | the call has ended and cost more than `cost.threshold_usd` | WARN |
pub(super) const LOGS: &[LogRow] = &[LogRow {
    kind: LogKind::CostThreshold,
    name: "inferspan.cost.threshold_exceeded",
    severity: Severity::Warn,
    when: |call| call.usage.cost.and_then(|cost| cost.exceeded_usd).map(|_| call.timing.end),
    attributes: |call, conventions, sink| {
        threshold(call, sink);
        conventions.identity(call, sink);
    },
}];

fn threshold(call: &Call, sink: &mut dyn AttributeSink) {
    if let Some(cost) = &call.usage.cost {
        sink.double("inferspan.usage.cost", cost.usd);
        sink.text("inferspan.cost.source", cost.source.name());
        sink.double_if("inferspan.cost.threshold", cost.exceeded_usd);
    }
}

fn rate_limit(call: &Call, sink: &mut dyn AttributeSink) {
    let response = &call.response;
    sink.int_if("inferspan.ratelimit.remaining_requests", response.ratelimit_remaining_requests);
    sink.int_if("inferspan.ratelimit.remaining_tokens", response.ratelimit_remaining_tokens);
    sink.int_if("inferspan.ratelimit.limit_requests", response.ratelimit_limit_requests);
    sink.int_if("inferspan.ratelimit.limit_tokens", response.ratelimit_limit_tokens);
    sink.int_if("inferspan.ratelimit.retry_after", response.retry_after);
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::call::*;
    use crate::cost::{Cost, CostSource};
    use crate::signal::Event;
    use crate::signal::testing::{Lines, bare_call};
    use crate::time::UnixNanos;

    fn lines(call: &Call) -> Vec<String> {
        let mut lines = Lines::default();
        attributes(call, false, &mut lines);
        lines.0
    }

    #[test]
    fn always_tells_the_outcome_and_the_state_of_the_usage() {
        assert_eq!(
            lines(&bare_call()),
            [
                r#"inferspan.api="openai_chat""#,
                r#"inferspan.outcome="completed""#,
                r#"inferspan.usage.status="missing""#
            ]
        );
    }

    #[test]
    fn tells_what_the_conventions_do_not_name() {
        let mut call = bare_call();
        let after = |millis: u64| Some(UnixNanos(1_700_000_000_000_000_000 + millis * 1_000_000));
        call.provider = Cow::Borrowed("anthropic");
        call.outcome = Outcome::Error;
        call.usage = Usage {
            cost: Some(Cost::reported(0.25)),
            cache_write_1h_tokens: Some(9),
            input_audio_tokens: Some(0),
            output_audio_tokens: Some(3),
            input_image_tokens: Some(5),
            output_text_tokens: Some(4),
            status: UsageStatus::Partial,
            ..Usage::default()
        };
        call.client = ClientFacts {
            sdk_name: Some("Anthropic/Python".into()),
            sdk_version: Some("2.11".into()),
            retry_count: Some(1),
            baggage: vec![("tenant.id".into(), "t-1".into())],
        };
        call.proxy = ProxyFacts {
            cluster: Some("gpu".into()),
            route: Some("chat".into()),
            attempt_count: Some(2),
            upstream_address: Some("10.0.0.7:443".into()),
        };
        call.request = Request {
            model: Some("claude-opus-4-1".into()),
            message_count: Some(2),
            tool_count: Some(1),
            tool_names: vec!["get_weather".into()],
            thinking_budget: Some(1024),
            body_bytes: 300,
            session_id: Some("s-1".into()),
            service_tier: Some("auto".into()),
            ..Request::default()
        };
        call.response = Response {
            model: Some("claude-haiku-4-5".into()),
            tool_calls: vec![
                ToolCall { id: Some("toolu_1".into()), name: Some("get_weather".into()) },
                ToolCall { id: None, name: Some("get_time".into()) },
            ],
            service_tier: Some("standard".into()),
            system_fingerprint: Some("fp_1".into()),
            body_bytes: 4000,
            provider_request_id: Some("req_1".into()),
            upstream_provider: Some("Anthropic".into()),
            cache_status: Some("miss".into()),
            ratelimit_remaining_requests: Some(49),
            ratelimit_remaining_tokens: Some(0),
            ratelimit_limit_requests: Some(50),
            ratelimit_limit_tokens: Some(10_000),
            retry_after: Some(7),
            ..Response::default()
        };
        call.error = Some(ErrorFacts { kind: "_OTHER".into(), code: Some("overloaded_error".into()) });
        call.stream = Some(StreamFacts {
            messages: 9,
            content_events: 5,
            gap_count: 4,
            gap_max: 500_000_000,
            ..StreamFacts::default()
        });
        call.timing.first_byte = after(100);
        call.timing.first_reasoning = after(200);
        call.timing.first_visible = after(750);
        call.losses = Losses { malformed_messages: 2, truncated_values: 1, ..Losses::default() };
        let mut expected = [
            r#"inferspan.api="openai_chat""#,
            r#"inferspan.outcome="error""#,
            r#"inferspan.usage.status="partial""#,
            "inferspan.usage.cost=0.25",
            r#"inferspan.cost.source="provider""#,
            "inferspan.usage.cache_creation_1h.input_tokens=9",
            "inferspan.usage.audio.output_tokens=3",
            "inferspan.usage.image.input_tokens=5",
            "inferspan.usage.text.output_tokens=4",
            "inferspan.request.message_count=2",
            "inferspan.request.tool_count=1",
            r#"inferspan.request.tool_names=["get_weather"]"#,
            "inferspan.request.thinking_budget=1024",
            "inferspan.request.body_size=300",
            r#"inferspan.request.session_id="s-1""#,
            r#"inferspan.client.sdk.name="Anthropic/Python""#,
            r#"inferspan.client.sdk.version="2.11""#,
            r#"inferspan.response.tool_call.names=["get_weather", "get_time"]"#,
            r#"inferspan.response.tool_call.ids=["toolu_1", ""]"#,
            r#"inferspan.request.service_tier="auto""#,
            r#"inferspan.response.service_tier="standard""#,
            r#"inferspan.response.system_fingerprint="fp_1""#,
            "inferspan.response.body_size=4000",
            r#"inferspan.response.request_id="req_1""#,
            r#"inferspan.response.upstream_provider="Anthropic""#,
            r#"inferspan.response.cache_status="miss""#,
            r#"inferspan.error.code="overloaded_error""#,
            "inferspan.ratelimit.remaining_requests=49",
            "inferspan.ratelimit.remaining_tokens=0",
            "inferspan.ratelimit.limit_requests=50",
            "inferspan.ratelimit.limit_tokens=10000",
            "inferspan.ratelimit.retry_after=7",
            "inferspan.time_to_first_byte=0.1",
            "inferspan.time_to_first_reasoning=0.2",
            "inferspan.time_to_first_visible=0.75",
            "inferspan.stream.messages=9",
            "inferspan.stream.content_events=5",
            "inferspan.stream.max_gap=0.5",
            "inferspan.model.substituted=true",
            r#"inferspan.envoy.cluster="gpu""#,
            r#"inferspan.envoy.route="chat""#,
            "inferspan.envoy.attempt_count=2",
            r#"inferspan.envoy.upstream_address="10.0.0.7:443""#,
            r#"tenant.id="t-1""#,
            r#"inferspan.losses=["malformed_messages", "truncated_values"]"#,
        ];
        let mut told = lines(&call);
        expected.sort_unstable();
        told.sort_unstable();
        assert_eq!(told, expected);
    }

    /// The call's events, each as its name, the milliseconds after the call's start, and its attributes.
    fn events(call: &Call) -> Vec<(&'static str, u64, Vec<String>)> {
        let events = EVENTS.iter().filter_map(|row| Event::new(row, call));
        let told = events.map(|event| {
            let mut lines = Lines::default();
            event.attributes(&mut lines);
            (event.name(), event.time().since(call.timing.start) / 1_000_000, lines.0)
        });
        told.collect()
    }

    #[test]
    fn tells_who_reckoned_the_cost_and_its_parts() {
        let mut call = bare_call();
        let computed = Cost {
            input_usd: Some(0.5),
            output_usd: Some(0.25),
            source: CostSource::Configuration,
            ..Cost::reported(0.75)
        };
        call.usage.cost = Some(computed);
        let of_cost = |lines: Vec<String>| -> Vec<String> {
            lines.into_iter().filter(|line| line.contains("cost")).collect()
        };
        assert_eq!(
            of_cost(lines(&call)),
            [
                "inferspan.usage.cost=0.75",
                r#"inferspan.cost.source="configuration""#,
                "inferspan.cost.input=0.5",
                "inferspan.cost.output=0.25",
            ]
        );
        assert_eq!(events(&call), [], "there is no threshold, or it is kept");
        call.usage.cost = Some(Cost { exceeded_usd: Some(0.5), ..computed });
        let told = [
            "inferspan.usage.cost=0.75",
            r#"inferspan.cost.source="configuration""#,
            "inferspan.cost.threshold=0.5",
        ];
        let told = told.map(str::to_owned).to_vec();
        assert_eq!(events(&call), [("inferspan.cost.threshold_exceeded", 2_000, told)]);
    }

    #[test]
    fn tells_what_happened_within_a_call() {
        let mut call = bare_call();
        call.client.retry_count = Some(0);
        call.response.status = Some(200);
        call.timing.first_token = Some(UnixNanos(call.timing.start.0 + 250_000_000));
        assert_eq!(events(&call), [], "no stream, no retry, no refusal");
        call.stream = Some(StreamFacts::default());
        assert_eq!(events(&call), [("inferspan.first_token", 250, vec![])]);
    }

    #[test]
    fn tells_a_rate_limit_with_its_numbers() {
        let mut call = bare_call();
        call.client.retry_count = Some(2);
        call.response.status = Some(429);
        call.response.retry_after = Some(7);
        call.response.ratelimit_limit_tokens = Some(30_000);
        call.timing.response_start = Some(UnixNanos(call.timing.start.0 + 40_000_000));
        let limits = ["inferspan.ratelimit.limit_tokens=30000", "inferspan.ratelimit.retry_after=7"];
        assert_eq!(
            events(&call),
            [
                ("inferspan.retried", 0, vec!["http.request.resend_count=2".to_owned()]),
                ("inferspan.rate_limited", 40, limits.map(str::to_owned).to_vec()),
            ]
        );
    }
}
