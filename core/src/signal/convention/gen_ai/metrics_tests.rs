use std::borrow::Cow;

use super::metrics::points;
use super::{Version, Versions};
use crate::call::*;
use crate::signal::testing::{Points, bare_call};
use crate::time::UnixNanos;

fn told(call: &Call, versions: &[Version]) -> Vec<String> {
    let mut lines = Points::default();
    points(call, Versions::of(versions), &mut lines);
    lines.0
}

/// A whole chat with Anthropic that took two seconds.
fn chat() -> Call {
    let mut call = bare_call();
    call.provider = Cow::Borrowed("anthropic");
    call.server = Server { address: "api.anthropic.com".into(), port: Some(443) };
    call.request.model = Some("claude".into());
    call.response.model = Some("claude-1".into());
    call.usage.input_tokens = Some(100);
    call.usage.output_tokens = Some(20);
    call
}

/// The same as a stream with content after a quarter of a second, then after 30 ms, 5 ms and 35 ms.
fn stream() -> Call {
    let mut call = chat();
    call.timing.first_token = Some(UnixNanos(call.timing.start.0 + 250_000_000));
    let mut stream = StreamFacts::default();
    for gap in [30_000_000, 5_000_000, 35_000_000] {
        stream.add_gap(gap);
    }
    call.stream = Some(stream);
    call
}

const SHARED: &str = r#"gen_ai.operation.name="chat" gen_ai.provider.name="anthropic" gen_ai.request.model="claude" gen_ai.response.model="claude-1" server.address="api.anthropic.com" server.port=443"#;

#[test]
fn a_call_adds_its_tokens_and_its_duration() {
    for version in [Version::V1_41, Version::V1_42Dev] {
        assert_eq!(
            told(&chat(), &[version]),
            [
                SHARED,
                "gen_ai.client.token.usage{input} 100",
                "gen_ai.client.token.usage{output} 20",
                "gen_ai.client.operation.duration 2",
            ]
        );
    }
    assert_eq!(
        told(&chat(), &[Version::V1_36]),
        [
            &SHARED.replace("provider.name", "system"),
            "gen_ai.client.token.usage{input} 100",
            "gen_ai.client.token.usage{output} 20",
            "gen_ai.client.operation.duration 2",
        ]
    );
}

#[test]
fn a_stream_adds_when_its_chunks_came() {
    let gaps = "[1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] 0.07 0.005 0.035";
    assert_eq!(
        told(&stream(), &[Version::V1_42Dev]),
        [
            SHARED.to_owned(),
            "gen_ai.client.operation.time_to_first_chunk 0.25".to_owned(),
            format!("gen_ai.client.operation.time_per_output_chunk {gaps}"),
            "gen_ai.client.token.usage{input} 100".to_owned(),
            "gen_ai.client.token.usage{output} 20".to_owned(),
            "gen_ai.client.operation.duration 2".to_owned(),
        ]
    );
    assert_eq!(told(&stream(), &[Version::V1_36]).len(), 4, "there were none of these");
    let mut empty = stream();
    empty.timing.first_token = None;
    empty.stream = Some(StreamFacts::default());
    assert_eq!(told(&empty, &[Version::V1_42Dev]), told(&chat(), &[Version::V1_42Dev]));
}

#[test]
fn the_next_version_counts_tokens_and_names_what_is_inference() {
    let mut call = stream();
    call.usage = Usage {
        input_tokens: Some(100),
        output_tokens: Some(20),
        cache_read_tokens: Some(40),
        cache_write_tokens: Some(0),
        reasoning_tokens: Some(7),
        input_audio_tokens: Some(30),
        input_image_tokens: Some(10),
        output_audio_tokens: Some(20),
        output_image_tokens: Some(0),
        input_text_tokens: Some(55),
        output_text_tokens: Some(1),
        cache_read_text_tokens: Some(25),
        cache_read_image_tokens: Some(15),
        ..Usage::default()
    };
    assert_eq!(
        told(&call, &[Version::Next]),
        [
            SHARED,
            "gen_ai.client.inference.time_to_first_chunk 0.25",
            "gen_ai.client.inference.time_per_output_chunk [1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] 0.07 0.005 0.035",
            "gen_ai.client.inference.usage.input_tokens{audio} 30",
            "gen_ai.client.inference.usage.input_tokens{image} 10",
            "gen_ai.client.inference.usage.input_tokens{text} 55",
            "gen_ai.client.inference.usage.input_tokens{unknown} 5",
            "gen_ai.client.inference.usage.output_tokens{audio} 20",
            "gen_ai.client.inference.usage.cache_read.input_tokens{image} 15",
            "gen_ai.client.inference.usage.cache_read.input_tokens{text} 25",
            "gen_ai.client.inference.usage.cache_write.input_tokens{unknown} 0",
            "gen_ai.client.inference.usage.reasoning.output_tokens{unknown} 7",
            "gen_ai.client.inference.duration 2",
            "gen_ai.client.inference.operation.input_tokens 100",
            "gen_ai.client.inference.operation.output_tokens 20",
        ]
    );
}

#[test]
fn the_next_version_counts_a_call_without_usage_as_none() {
    let mut call = bare_call();
    call.provider = Cow::Borrowed("groq");
    call.error = Some(ErrorFacts { kind: "503".into(), code: None });
    let shared = r#"gen_ai.operation.name="chat" gen_ai.provider.name="groq""#;
    assert_eq!(
        told(&call, &[Version::Next]),
        [
            shared,
            "gen_ai.client.inference.usage.input_tokens{unknown} 0",
            "gen_ai.client.inference.usage.output_tokens{unknown} 0",
            &format!(r#"{shared} error.type="503""#),
            "gen_ai.client.inference.duration 2",
            "gen_ai.client.inference.operation.input_tokens 0",
            "gen_ai.client.inference.operation.output_tokens 0",
        ]
    );
}

#[test]
fn a_failed_call_tells_why_on_its_duration_alone() {
    let mut call = bare_call();
    call.provider = Cow::Borrowed("groq");
    call.error = Some(ErrorFacts { kind: "429".into(), code: Some("slow_down".into()) });
    let shared = r#"gen_ai.operation.name="chat" gen_ai.provider.name="groq""#;
    let failed = format!(r#"{shared} error.type="429""#);
    assert_eq!(told(&call, &[Version::V1_42Dev]), [&failed, "gen_ai.client.operation.duration 2"]);
    call.usage.input_tokens = Some(0);
    assert_eq!(
        told(&call, &[Version::V1_42Dev]),
        [shared, "gen_ai.client.token.usage{input} 0", &failed, "gen_ai.client.operation.duration 2"]
    );
}

#[test]
fn openai_has_its_tier_and_fingerprint_on_tokens_and_durations() {
    let mut call = bare_call();
    call.usage.input_tokens = Some(100);
    call.response.service_tier = Some("default".into());
    call.response.system_fingerprint = Some("fp_1".into());
    let shared = r#"gen_ai.operation.name="chat" gen_ai.provider.name="openai""#;
    let refined = format!(
        r#"{shared} openai.response.service_tier="default" openai.response.system_fingerprint="fp_1""#
    );
    let (tokens, duration) = ("gen_ai.client.token.usage{input} 100", "gen_ai.client.operation.duration 2");
    assert_eq!(told(&call, &[Version::V1_42Dev]), [&refined, tokens, duration]);
    assert_eq!(
        told(&call, &[Version::V1_36]),
        [
            r#"gen_ai.operation.name="chat" gen_ai.system="openai" gen_ai.openai.response.service_tier="default" gen_ai.openai.response.system_fingerprint="fp_1""#,
            tokens,
            duration
        ]
    );
    call.stream = stream().stream;
    let told_of_stream = told(&call, &[Version::V1_42Dev]);
    assert_eq!(told_of_stream[0], shared);
    assert!(told_of_stream[1].starts_with("gen_ai.client.operation.time_per_output_chunk "));
    assert_eq!(told_of_stream[2..], [&refined, tokens, duration]);
    call.provider = Cow::Borrowed("mistral_ai");
    assert_eq!(told(&call, &[Version::V1_42Dev]).concat().matches("tier").count(), 0);
}

#[test]
fn what_is_no_inference_keeps_its_names() {
    let mut call = chat();
    call.operation = Operation::Embeddings;
    let shared = SHARED.replace("chat", "embeddings");
    assert_eq!(told(&call, &[Version::Next]), [&shared, "gen_ai.client.operation.duration 2"]);
    assert_eq!(
        told(&call, &[Version::Next, Version::V1_42Dev]),
        [
            &shared,
            "gen_ai.client.token.usage{input} 100",
            "gen_ai.client.token.usage{output} 20",
            "gen_ai.client.operation.duration 2"
        ]
    );
    call.operation = Operation::CountTokens;
    let shared = SHARED.replace("chat", "count_tokens");
    assert_eq!(
        told(&call, &[Version::V1_42Dev]),
        [&shared, "gen_ai.client.operation.duration 2"],
        "nobody used the tokens"
    );
}

#[test]
fn a_metric_that_versions_share_is_told_once() {
    let mut names: Vec<String> = told(&stream(), &Version::ALL)
        .iter()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect();
    let points = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), points);
    assert!(
        told(&stream(), &Version::ALL)[0]
            .contains(r#"gen_ai.system="anthropic" gen_ai.provider.name="anthropic""#)
    );
}

#[test]
fn bounds_are_those_that_are_advised() {
    let seconds = super::metrics::SECONDS;
    assert_eq!(seconds.len(), GAP_BOUNDS, "a stream's gaps are counted between them");
    for (power, bound) in seconds.iter().enumerate() {
        assert_eq!(*bound, f64::from(10 << power) / 1000.0, "10 ms, doubling");
    }
    let tokens = super::metrics::TOKENS;
    assert_eq!((tokens[0], tokens[13], tokens.len()), (1.0, 67_108_864.0, 14));
    assert!(tokens.windows(2).all(|pair| pair[1] == pair[0] * 4.0));
}
