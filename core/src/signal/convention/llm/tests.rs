use std::borrow::Cow;

use super::*;
use crate::call::*;
use crate::cost::Cost;
use crate::signal::Event;
use crate::signal::testing::{Lines, Points, bare_call};
use crate::time::UnixNanos;

fn lines(call: &Call) -> Vec<String> {
    let mut lines = Lines::default();
    attributes(call, &Settings::default(), true, &mut lines);
    lines.0
}

fn points(call: &Call) -> Vec<String> {
    let mut points = Points::default();
    metrics::points(call, &Settings::default(), &mut points);
    points.0
}

fn after(millis: u64) -> Option<UnixNanos> {
    Some(UnixNanos(1_700_000_000_000_000_000 + millis * 1_000_000))
}

/// A chat with OpenRouter that tells all there is.
fn full_call() -> Call {
    let mut call = bare_call();
    call.provider = Cow::Borrowed("openrouter");
    call.request = Request {
        model: Some("auto".into()),
        temperature: Some(0.5),
        reasoning_level: Some("low".into()),
        message_count: Some(3),
        ..Request::default()
    };
    call.response = Response {
        model: Some("gpt-4o".into()),
        cache_status: Some("miss".into()),
        text_characters: Some(12),
        ..Response::default()
    };
    call.usage = Usage {
        input_tokens: Some(100),
        output_tokens: Some(20),
        cache_read_tokens: Some(40),
        cost: Some(Cost::reported(0.25)),
        ..Usage::default()
    };
    call.proxy.attempt_count = Some(2);
    call.proxy.route = Some("chat-route".into());
    call.timing.request_end = after(500);
    call
}

#[test]
fn tells_what_is_always_known() {
    assert_eq!(
        lines(&bare_call()),
        [
            r#"llm.provider="openai""#,
            "llm.latency_ms=2000.0",
            "total.duration_ms=2000.0",
            "llm.streaming=false",
            r#"provider.used="openai""#,
            "provider.success=true",
        ]
    );
}

#[test]
fn tells_a_chat() {
    let mut call = full_call();
    call.outcome = Outcome::Truncated;
    call.stream = Some(StreamFacts::default());
    assert_eq!(
        lines(&call),
        [
            r#"llm.provider="OpenRouter""#,
            r#"llm.model="gpt-4o""#,
            "llm.latency_ms=1500.0",
            "total.duration_ms=2000.0",
            "response.length=12",
            "llm.response.length=12",
            "request.message_count=3",
            "llm.usage.prompt_tokens=100",
            "llm.tokens.input=100",
            "llm.usage.completion_tokens=20",
            "llm.tokens.output=20",
            "llm.usage.total_tokens=120",
            "llm.tokens.total=120",
            "llm.cost.total=0.25",
            "llm.streaming=true",
            "llm.request.temperature=0.5",
            r#"llm.reasoning.effort="low""#,
            "cache.hit=false",
            "provider.attempt=2",
            r#"provider.used="openrouter""#,
            "provider.success=false",
            r#"endpoint.name="chat-route""#,
        ]
    );
}

#[test]
fn says_what_the_configuration_says() {
    let settings = Settings {
        display_names: BTreeMap::from([("openai".into(), "OpenAI".into()), ("groq".into(), "Groq".into())]),
        providers: vec!["openai".into(), "vllm".into()],
    };
    let mut lines = Lines::default();
    attributes(&bare_call(), &settings, true, &mut lines);
    assert_eq!(lines.0[0], r#"llm.provider="OpenAI""#);
    assert_eq!(lines.0[6..], ["providers.available=2", r#"providers.list=["openai", "vllm"]"#]);
}

#[test]
fn providers_have_names_for_people() {
    let settings = Settings {
        display_names: BTreeMap::from([("openrouter".into(), "OR".into())]),
        ..Settings::default()
    };
    for (provider, shown) in [
        ("openrouter", "OR"),
        ("gcp.gemini", "Google Gemini"),
        ("cloudflare", "Cloudflare Workers AI"),
        ("anthropic", "anthropic"),
    ] {
        assert_eq!(settings.display_name(provider), shown);
    }
    assert_eq!(Settings::default().display_name("openrouter"), "OpenRouter");
}

#[test]
fn keys_of_another_vocabulary_are_told_once() {
    let mut told = lines(&full_call());
    let mut beside = Lines::default();
    attributes(&full_call(), &Settings::default(), false, &mut beside);
    told.retain(|line| !beside.0.contains(line));
    assert_eq!(told, [r#"llm.provider="OpenRouter""#, "llm.cost.total=0.25"]);
}

#[test]
fn a_cache_is_told_of_where_its_header_says_something() {
    for (status, hit) in
        [("hit", Some(true)), ("semantic-hit", Some(true)), ("miss", Some(false)), ("bypass", None)]
    {
        let mut call = bare_call();
        call.response.cache_status = Some(status.into());
        assert_eq!(cache_hit(&call), hit, "{status}");
    }
    assert_eq!(cache_hit(&bare_call()), None);
}

#[test]
fn names_spans() {
    let mut call = bare_call();
    assert_eq!(name(&call).concat(), "llm.openai.generate");
    call.stream = Some(StreamFacts::default());
    assert_eq!(name(&call).concat(), "llm.openai.stream");
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
fn tells_what_happened_within_a_call() {
    assert_eq!(events(&bare_call()), []);
    let mut call = full_call();
    assert_eq!(events(&call)[0], ("api_attempt", 0, vec!["attempt=2".to_owned()]));
    call.proxy.attempt_count = None;
    assert_eq!(
        events(&call),
        [("cost.calculated", 2000, vec!["cost.usd=0.25".to_owned(), "cost.cents=25.0".to_owned()])]
    );
    call.usage.cost = Some(Cost { exceeded_usd: Some(0.125), ..Cost::reported(0.25) });
    let costs = ["cost.usd=0.25", "cost.cents=25.0", "threshold.usd=0.125", "threshold.cents=12.5"];
    assert_eq!(events(&call)[1], ("cost.threshold_exceeded", 2000, costs.map(str::to_owned).to_vec()));
    let counted = points(&call);
    assert!(counted.contains(&"llm.cost.threshold.exceeded.total 1".to_owned()));
    call.usage.cost = None;
    call.timing.response_start = after(40);
    call.response = Response {
        status: Some(429),
        retry_after: Some(7),
        ratelimit_limit_requests: Some(50),
        ratelimit_limit_tokens: Some(10_000),
        ratelimit_remaining_requests: Some(49),
        ratelimit_remaining_tokens: Some(0),
        ..Response::default()
    };
    let limits = [
        "retry_after=7",
        "limit.requests=50",
        "limit.tokens=10000",
        "remaining.requests=49",
        "remaining.tokens=0",
    ];
    assert_eq!(events(&call), [("rate_limited", 40, limits.map(str::to_owned).to_vec())]);
}

#[test]
fn tells_a_refusal_for_length() {
    let mut call = bare_call();
    call.response.status = Some(400);
    for (code, told) in [
        ("context_length_exceeded", true),
        ("model_context_window_exceeded", true),
        ("prompt_too_long", true),
        ("invalid_request_error", false),
    ] {
        call.error = Some(ErrorFacts { kind: "400".into(), code: Some(code.into()) });
        let expected = told.then_some(("context.window.exceeded", 2000, vec![]));
        assert_eq!(events(&call), Vec::from_iter(expected), "{code}");
    }
}

#[test]
fn tells_an_input_beyond_the_configured_window() {
    let mut call = bare_call();
    call.timing.response_start = after(40);
    for (tokens, window, told) in [
        (Some(8193), Some(8192), Some(["tokens=8193", "max_tokens=8192", "exceeded_by=1"])),
        (Some(8192), Some(8192), None),
        (Some(8193), None, None),
        (None, Some(8192), None),
    ] {
        (call.usage.input_tokens, call.request.context_window) = (tokens, window);
        let told = told.map(|told| ("context.window.exceeded", 40, told.map(str::to_owned).to_vec()));
        assert_eq!(events(&call), Vec::from_iter(told), "{tokens:?} {window:?}");
    }
    call.error = Some(ErrorFacts { kind: "400".into(), code: Some("context_length_exceeded".into()) });
    assert_eq!(events(&call), [("context.window.exceeded", 40, vec!["max_tokens=8192".to_owned()])]);
}

#[test]
fn counts_a_call() {
    assert_eq!(
        points(&full_call()),
        [
            r#"provider="OpenRouter" model="gpt-4o""#,
            "llm.requests.total 1",
            "llm.request.duration 2000",
            "llm_request_duration_seconds 2",
            "llm.tokens.prompt 100",
            "llm.tokens.input.total 100",
            "llm.tokens.completion 20",
            "llm.tokens.output.total 20",
            "llm.tokens.total 120",
            "llm.cache.read.tokens.total 40",
            "llm.cost.total.usd 0.25",
            "llm.cache.misses.total 1",
        ]
    );
    let mut call = bare_call();
    call.response.cache_status = Some("hit".into());
    assert_eq!(
        points(&call),
        [
            r#"provider="openai""#,
            "llm.requests.total 1",
            "llm.request.duration 2000",
            "llm_request_duration_seconds 2",
            "llm.cache.hits.total 1",
        ]
    );
    call.operation = Operation::CountTokens;
    call.usage.input_tokens = Some(7);
    assert!(!points(&call).concat().contains("token"), "what is only counted is not used");
}

#[test]
fn counts_failures_and_streams() {
    let mut call = bare_call();
    call.outcome = Outcome::UpstreamReset;
    call.error = Some(ErrorFacts { kind: "upstream_reset".into(), code: None });
    call.stream = Some(StreamFacts { content_events: 5, ..StreamFacts::default() });
    call.timing.response_start = after(500);
    assert_eq!(
        points(&call)[4..],
        [
            r#"provider="openai" type="upstream_reset""#,
            "llm.errors.total 1",
            "llm.requests.failed.total 1",
            r#"provider="openai" outcome="upstream_reset""#,
            "llm.streams.total 1",
            "llm.stream.chunks.total 5",
            "llm.stream.duration 1500",
        ]
    );
}
