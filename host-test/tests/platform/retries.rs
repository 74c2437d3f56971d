//! `envoy/failover.yaml`: the call's span names who answered in the end, and each attempt is a span under it.

use anyhow::Result;
use host_test::rig::internet::Site;
use host_test::rig::span::Span;
use host_test::rig::stand::Case;
use serde_json::json;

use crate::world::{World, chat, completion, who};

#[tokio::test(flavor = "multi_thread")]
async fn a_second_provider_answers_where_the_first_does_not() -> Result<()> {
    let overloaded =
        json!({ "error": { "message": "overloaded", "type": "server_error", "code": "overloaded" } });
    let own =
        Site { status: 503, ..Site::new("vllm.internal.example.com", "/v1/chat/completions", &overloaded) };
    let hosted = Site::new("api.together.xyz", "/v1/chat/completions", &completion("llama-4", 31));
    let world = World::start("failover.yaml", &[own, hosted]).await?;
    let case = Case::new();
    let (status, answer) = world.call(&case, "/v1/chat/completions", &chat("llama-4")).await?;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));

    let port = Some(i64::from(world.internet.address.port()));
    let of = async |service: &str, key: &str, value: &str| {
        let is_it = |span: &Span| {
            span.trace_id == case.trace_id
                && span.resource.get("service.name") == Some(&service.into())
                && span.text(key) == Some(value)
        };
        world.receiver.span(&format!("the span of {service} with {key} = {value}"), is_it).await
    };
    let call = of("llm-egress", "inferspan.outcome", "completed").await?;
    let expected = (Some("together_ai"), Some("api.together.xyz"), port, Some("llama-4"), Some(31));
    assert_eq!(who(&call), expected);
    assert_eq!(
        (call.parent_id.as_str(), call.int("inferspan.envoy.attempt_count")),
        (&*case.span_id, Some(2))
    );

    let failed = of("llm-egress-attempts", "gen_ai.provider.name", "vllm").await?;
    assert_eq!(
        (failed.int("http.response.status_code"), failed.int("gen_ai.usage.input_tokens")),
        (Some(503), None)
    );
    let answered = of("llm-egress-attempts", "gen_ai.provider.name", "together_ai").await?;
    assert_eq!(answered.int("http.response.status_code"), Some(200));
    assert_eq!(answered.int("gen_ai.usage.input_tokens"), Some(31));
    for attempt in [&failed, &answered] {
        assert_eq!(attempt.parent_id, call.span_id);
        assert_eq!(attempt.text("inferspan.envoy.cluster"), Some("llm"));
    }
    Ok(())
}
