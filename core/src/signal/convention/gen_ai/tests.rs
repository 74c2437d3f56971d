use std::borrow::Cow;

use super::*;
use crate::call::*;
use crate::signal::testing::{Lines, bare_call};
use crate::time::UnixNanos;

fn told(call: &Call, versions: &[Version]) -> Vec<String> {
    let mut lines = Lines::default();
    attributes(call, Versions::of(versions), &mut lines);
    lines.0
}

fn lines(call: &Call) -> Vec<String> {
    told(call, &[Version::V1_42Dev])
}

/// A call that tells all there is.
fn full_call() -> Call {
    let mut call = bare_call();
    call.request = Request {
        model: Some("gpt-4o".into()),
        stream: Some(true),
        temperature: Some(0.5),
        top_p: Some(1.0),
        top_k: Some(40.0),
        max_tokens: Some(100),
        seed: Some(-7),
        presence_penalty: Some(0.1),
        frequency_penalty: Some(-0.1),
        stop_sequences: vec!["forest".into(), "lived".into()],
        choice_count: Some(3),
        reasoning_level: Some("low".into()),
        output_type: Some("json"),
        service_tier: Some("flex".into()),
        conversation_id: Some("conv_asked".into()),
        previous_response_id: Some("resp_1".into()),
        prompt_name: Some("analyze-code".into()),
        prompt_version: Some("2".into()),
        dimensions: Some(512),
        ..Request::default()
    };
    call.response = Response {
        status: Some(200),
        id: Some("chatcmpl-123".into()),
        model: Some("gpt-4o-2024-08-06".into()),
        finish_reasons: vec!["stop".into(), "length".into()],
        service_tier: Some("default".into()),
        system_fingerprint: Some("fp_1".into()),
        conversation_id: Some("conv_told".into()),
        ..Response::default()
    };
    call.usage = Usage {
        input_tokens: Some(100),
        output_tokens: Some(180),
        cache_read_tokens: Some(50),
        cache_write_tokens: Some(0),
        reasoning_tokens: Some(20),
        input_audio_tokens: Some(4),
        output_audio_tokens: Some(3),
        input_image_tokens: Some(2),
        output_image_tokens: Some(1),
        input_text_tokens: Some(94),
        output_text_tokens: Some(156),
        cache_read_text_tokens: Some(47),
        cache_read_audio_tokens: Some(2),
        cache_read_image_tokens: Some(1),
        status: UsageStatus::Reported,
        ..Usage::default()
    };
    call.stream = Some(StreamFacts::default());
    call.timing.first_token = Some(UnixNanos(call.timing.start.0 + 250_000_000));
    call
}

#[test]
fn says_nothing_that_was_not_on_the_wire() {
    assert_eq!(
        lines(&bare_call()),
        [
            r#"gen_ai.operation.name="chat""#,
            r#"gen_ai.provider.name="openai""#,
            r#"openai.api.type="chat_completions""#,
        ]
    );
}

#[test]
fn tells_a_streamed_chat() {
    assert_eq!(
        lines(&full_call()),
        [
            r#"gen_ai.operation.name="chat""#,
            r#"gen_ai.provider.name="openai""#,
            r#"gen_ai.request.model="gpt-4o""#,
            "gen_ai.request.stream=true",
            r#"gen_ai.output.type="json""#,
            "gen_ai.request.choice.count=3",
            "gen_ai.request.max_tokens=100",
            "gen_ai.request.temperature=0.5",
            "gen_ai.request.top_p=1.0",
            "gen_ai.request.top_k=40",
            "gen_ai.request.frequency_penalty=-0.1",
            "gen_ai.request.presence_penalty=0.1",
            "gen_ai.request.seed=-7",
            r#"gen_ai.request.stop_sequences=["forest", "lived"]"#,
            r#"gen_ai.conversation.id="conv_told""#,
            r#"gen_ai.prompt.name="analyze-code""#,
            r#"gen_ai.prompt.version="2""#,
            r#"gen_ai.request.reasoning.level="low""#,
            r#"gen_ai.request.previous_response.id="resp_1""#,
            r#"gen_ai.response.id="chatcmpl-123""#,
            r#"gen_ai.response.model="gpt-4o-2024-08-06""#,
            r#"gen_ai.response.finish_reasons=["stop", "length"]"#,
            "gen_ai.response.time_to_first_chunk=0.25",
            "gen_ai.usage.input_tokens=100",
            "gen_ai.usage.output_tokens=180",
            "gen_ai.usage.cache_read.input_tokens=50",
            "gen_ai.usage.cache_creation.input_tokens=0",
            "gen_ai.usage.reasoning.output_tokens=20",
            r#"openai.api.type="chat_completions""#,
            r#"openai.request.service_tier="flex""#,
            r#"openai.response.service_tier="default""#,
            r#"openai.response.system_fingerprint="fp_1""#,
        ]
    );
}

#[test]
fn tells_the_same_by_the_names_of_1_36() {
    assert_eq!(
        told(&full_call(), &[Version::V1_36]),
        [
            r#"gen_ai.operation.name="chat""#,
            r#"gen_ai.system="openai""#,
            r#"gen_ai.request.model="gpt-4o""#,
            r#"gen_ai.output.type="json""#,
            "gen_ai.request.choice.count=3",
            "gen_ai.request.max_tokens=100",
            "gen_ai.request.temperature=0.5",
            "gen_ai.request.top_p=1.0",
            "gen_ai.request.top_k=40.0",
            "gen_ai.request.frequency_penalty=-0.1",
            "gen_ai.request.presence_penalty=0.1",
            "gen_ai.request.seed=-7",
            r#"gen_ai.request.stop_sequences=["forest", "lived"]"#,
            r#"gen_ai.conversation.id="conv_told""#,
            r#"gen_ai.response.id="chatcmpl-123""#,
            r#"gen_ai.response.model="gpt-4o-2024-08-06""#,
            r#"gen_ai.response.finish_reasons=["stop", "length"]"#,
            "gen_ai.usage.input_tokens=100",
            "gen_ai.usage.output_tokens=180",
            r#"gen_ai.openai.request.service_tier="flex""#,
            r#"gen_ai.openai.response.service_tier="default""#,
            r#"gen_ai.openai.response.system_fingerprint="fp_1""#,
        ]
    );
}

/// What one of them tells and the other does not.
fn difference(of: Version, against: Version, call: &Call) -> Vec<String> {
    let others = told(call, &[against]);
    told(call, &[of]).into_iter().filter(|line| !others.contains(line)).collect()
}

#[test]
fn names_of_1_41_are_those_of_1_42_but_for_what_was_added() {
    let call = full_call();
    assert_eq!(
        difference(Version::V1_42Dev, Version::V1_41, &call),
        [
            "gen_ai.request.top_k=40",
            r#"gen_ai.prompt.version="2""#,
            r#"gen_ai.request.reasoning.level="low""#,
            r#"gen_ai.request.previous_response.id="resp_1""#,
        ]
    );
    assert_eq!(difference(Version::V1_41, Version::V1_42Dev, &call), ["gen_ai.request.top_k=40.0"]);
}

#[test]
fn the_next_names_are_those_of_1_42_but_for_the_tokens() {
    let call = full_call();
    assert_eq!(
        difference(Version::Next, Version::V1_42Dev, &call),
        [
            "gen_ai.usage.cache_write.input_tokens=0",
            "gen_ai.usage.text.input_tokens=94",
            "gen_ai.usage.text.output_tokens=156",
            "gen_ai.usage.text.cache_read.input_tokens=47",
            "gen_ai.usage.audio.input_tokens=4",
            "gen_ai.usage.audio.output_tokens=3",
            "gen_ai.usage.audio.cache_read.input_tokens=2",
            "gen_ai.usage.image.input_tokens=2",
            "gen_ai.usage.image.output_tokens=1",
            "gen_ai.usage.image.cache_read.input_tokens=1",
        ]
    );
    assert_eq!(
        difference(Version::V1_42Dev, Version::Next, &call),
        ["gen_ai.usage.cache_creation.input_tokens=0"]
    );
}

#[test]
fn the_next_finish_reasons_tell_of_each_choice_that_broke_off() {
    let finish_reasons = |call: &Call| {
        let lines = told(call, &[Version::Next]).into_iter();
        lines.filter(|line| line.contains("finish_reasons")).collect::<Vec<_>>().concat()
    };
    let mut call = full_call();
    assert_eq!(
        finish_reasons(&call),
        r#"gen_ai.response.finish_reasons=["stop", "length"]"#,
        "complete, so none is missing"
    );
    call.outcome = Outcome::UpstreamReset;
    assert_eq!(finish_reasons(&call), r#"gen_ai.response.finish_reasons=["stop", "length", "error"]"#);
    call.request.choice_count = None;
    call.response.finish_reasons.clear();
    assert_eq!(finish_reasons(&call), r#"gen_ai.response.finish_reasons=["error"]"#);
    call.request.choice_count = Some(0);
    assert_eq!(finish_reasons(&call), r#"gen_ai.response.finish_reasons=["error"]"#);
    call.request.choice_count = Some(u64::MAX);
    assert_eq!(finish_reasons(&call).matches("error").count(), 64);
    call.operation = Operation::Embeddings;
    assert_eq!(finish_reasons(&call), "");
    call.operation = Operation::Chat;
    assert!(
        !told(&call, &[Version::V1_42Dev]).concat().contains("finish_reasons"),
        "as received, until then"
    );
}

#[test]
fn several_versions_tell_no_key_twice() {
    let all = Version::ALL;
    let mut call = full_call();
    call.outcome = Outcome::UpstreamReset;
    let lines = told(&call, &all);
    let mut keys: Vec<&str> = lines.iter().filter_map(|line| line.split('=').next()).collect();
    let told_once = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), told_once);
    for version in all {
        for key in told(&call, &[version]).iter().filter_map(|line| line.split('=').next()) {
            assert!(keys.contains(&key), "{key} of {version:?}");
        }
    }
    assert!(lines.contains(&"gen_ai.request.top_k=40".to_owned()), "as the newest of them means it");
}

#[test]
fn a_provider_is_called_as_its_version_calls_it() {
    for (provider, system) in [
        ("openai", "openai"),
        ("aws.bedrock", "aws.bedrock"),
        ("gcp.vertex_ai", "vertex_ai"),
        ("gcp.gemini", "gemini"),
        ("azure.ai.inference", "az.ai.inference"),
        ("azure.ai.openai", "az.ai.openai"),
        ("x_ai", "xai"),
    ] {
        let mut call = bare_call();
        call.provider = Cow::Borrowed(provider);
        assert_eq!(told(&call, &[Version::V1_36])[1], format!("gen_ai.system={system:?}"));
        for version in [Version::V1_41, Version::V1_42Dev, Version::Next] {
            assert_eq!(told(&call, &[version])[1], format!("gen_ai.provider.name={provider:?}"));
        }
    }
}

#[test]
fn leaves_defaults_unsaid() {
    let mut call = bare_call();
    call.request = Request {
        stream: Some(false),
        choice_count: Some(1),
        top_k: Some(0.5),
        service_tier: Some("auto".into()),
        ..Request::default()
    };
    call.timing.first_token = Some(call.timing.start);
    assert_eq!(lines(&call), lines(&bare_call()));
    assert!(told(&call, &[Version::V1_41]).contains(&"gen_ai.request.top_k=0.5".to_owned()));
}

#[test]
fn tells_embeddings() {
    let mut call = bare_call();
    call.operation = Operation::Embeddings;
    call.provider = Cow::Borrowed("mistral_ai");
    call.request.dimensions = Some(512);
    call.request.encoding_formats = vec!["float".into(), "base64".into()];
    let dimensions = "gen_ai.embeddings.dimension.count=512";
    let formats = r#"gen_ai.request.encoding_formats=["float", "base64"]"#;
    for version in [Version::V1_41, Version::V1_42Dev, Version::Next] {
        assert_eq!(
            told(&call, &[version]),
            [
                r#"gen_ai.operation.name="embeddings""#,
                r#"gen_ai.provider.name="mistral_ai""#,
                dimensions,
                formats
            ]
        );
    }
    assert_eq!(told(&call, &[Version::V1_36])[2..], [formats]);
}

#[test]
fn keeps_to_the_providers_page() {
    let mut call = bare_call();
    call.request.guardrail_id = Some("sgi5gkybzqak".into());
    call.response.service_tier = Some("priority".into());
    let mut own = |provider: &'static str| {
        call.provider = Cow::Borrowed(provider);
        lines(&call).split_off(2)
    };
    assert_eq!(own("groq"), [""; 0]);
    assert_eq!(own("aws.bedrock"), [r#"aws.bedrock.guardrail.id="sgi5gkybzqak""#]);
    assert_eq!(
        own("azure.ai.inference"),
        [r#"azure.resource_provider.namespace="Microsoft.CognitiveServices""#]
    );
    assert_eq!(
        own("azure.ai.openai"),
        [r#"openai.api.type="chat_completions""#, r#"openai.response.service_tier="priority""#]
    );
}

#[test]
fn a_span_is_named_by_operation_and_model() {
    let mut call = bare_call();
    assert_eq!(name(&call).concat(), "chat");
    call.request.model = Some("gpt-4o".into());
    assert_eq!(name(&call).concat(), "chat gpt-4o");
}

#[test]
fn the_newest_version_has_the_last_word() {
    for (versions, newest) in [
        (&[][..], None),
        (&[Version::V1_36], Some("https://opentelemetry.io/schemas/1.36.0")),
        (&[Version::V1_41, Version::V1_36], Some("https://opentelemetry.io/schemas/1.41.0")),
        (
            &[Version::V1_36, Version::V1_42Dev],
            Some("https://opentelemetry.io/schemas/gen-ai-dev/1.42.0-dev"),
        ),
        (&[Version::Next], Some("https://opentelemetry.io/schemas/gen-ai-dev/1.42.0-dev")),
    ] {
        assert_eq!(Versions::of(versions).newest().map(Version::schema_url), newest);
    }
}
