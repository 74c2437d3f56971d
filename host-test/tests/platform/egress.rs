//! The egress gateway, as a file for Envoy and as those of Kubernetes and Compose: every span names the provider that
//! answered, though all clients address one host.

use anyhow::Result;
use host_test::rig::internet::Site;
use host_test::rig::stand::Case;
use serde_json::{Value, json};

use crate::world::{World, chat, completion, who};

#[tokio::test(flavor = "multi_thread")]
async fn eight_providers_behind_one_host() -> Result<()> {
    eight_providers(World::start("egress.yaml", &sites()).await?).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_in_kubernetes() -> Result<()> {
    let collector = "otel-collector.observability.svc.cluster.local:4318";
    eight_providers(World::start_with("kubernetes/envoy.yaml", &sites(), collector, Vec::new()).await?).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_in_compose() -> Result<()> {
    let world = World::start_with("compose/envoy.yaml", &sites(), "otel-collector:4318", Vec::new()).await?;
    eight_providers(world).await
}

fn sites() -> [Site; 8] {
    [
        Site::new("api.openai.com", "/v1/chat/completions", &completion("gpt-5-mini-2026-08-07", 11)),
        Site::new("api.anthropic.com", "/v1/messages", &message(12)),
        Site::new(
            "generativelanguage.googleapis.com",
            "/v1beta/models/gemini-3-flash:generateContent",
            &generated(13),
        ),
        Site::new("api.mistral.ai", "/v1/chat/completions", &completion("mistral-large-2607", 14)),
        Site::new("api.groq.com", "/openai/v1/chat/completions", &completion("openai/gpt-oss-120b", 15)),
        Site::new("api.deepseek.com", "/chat/completions", &completion("deepseek-chat", 16)),
        Site::new("api.cohere.com", "/v2/chat", &cohere(17)),
        Site::new(
            "your-resource.openai.azure.com",
            "/openai/deployments/mini/chat/completions",
            &completion("gpt-5-mini-2026-08-07", 18),
        ),
    ]
}

async fn eight_providers(world: World) -> Result<()> {
    let port = i64::from(world.internet.address.port());
    for (path, body, provider, host, model, input) in [
        ("/openai/v1/chat/completions", chat("gpt-5-mini"), "openai", "api.openai.com", "gpt-5-mini", 11),
        (
            "/anthropic/v1/messages",
            json!({ "max_tokens": 64, "model": "claude-sonnet-5", "messages": [{ "role": "user", "content": "Hi" }] }),
            "anthropic",
            "api.anthropic.com",
            "claude-sonnet-5",
            12,
        ),
        (
            "/gemini/v1beta/models/gemini-3-flash:generateContent",
            json!({ "contents": [{ "role": "user", "parts": [{ "text": "Hi" }] }] }),
            "gcp.gemini",
            "generativelanguage.googleapis.com",
            "gemini-3-flash",
            13,
        ),
        (
            "/mistral/v1/chat/completions",
            chat("mistral-large-latest"),
            "mistral_ai",
            "api.mistral.ai",
            "mistral-large-latest",
            14,
        ),
        (
            "/groq/openai/v1/chat/completions",
            chat("openai/gpt-oss-120b"),
            "groq",
            "api.groq.com",
            "openai/gpt-oss-120b",
            15,
        ),
        (
            "/deepseek/chat/completions",
            chat("deepseek-chat"),
            "deepseek",
            "api.deepseek.com",
            "deepseek-chat",
            16,
        ),
        ("/cohere/v2/chat", chat("command-a-03-2025"), "cohere", "api.cohere.com", "command-a-03-2025", 17),
        (
            "/azure/openai/deployments/mini/chat/completions?api-version=2025-04-01-preview",
            json!({ "messages": [{ "role": "user", "content": "Hi" }] }),
            "azure.ai.openai",
            "your-resource.openai.azure.com",
            "mini",
            18,
        ),
    ] {
        let case = Case::new();
        let (status, answer) = world.call(&case, path, &body).await?;
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&answer));
        let span = world.span(&case).await?;
        assert_eq!(
            who(&span),
            (Some(provider), Some(host), Some(port), Some(model), Some(input)),
            "{path}: {span:#?}"
        );
        assert_eq!(span.text("inferspan.outcome"), Some("completed"), "{path}");
        assert_eq!(span.text("inferspan.envoy.cluster"), path.split('/').nth(1), "{path}");
        assert_eq!(span.text("inferspan.envoy.route"), path.split('/').nth(1), "{path}");
    }
    // What no route takes goes nowhere.
    let (status, _) = world.call(&Case::new(), "/v1/chat/completions", &chat("m")).await?;
    assert_eq!(status, 404);
    Ok(())
}

fn message(input: u64) -> Value {
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-5-20260801",
        "content": [{ "type": "text", "text": "Hello." }], "stop_reason": "end_turn", "stop_sequence": null,
        "usage": { "input_tokens": input, "output_tokens": 2 },
    })
}

fn generated(input: u64) -> Value {
    json!({
        "candidates": [{ "content": { "role": "model", "parts": [{ "text": "Hello." }] }, "finishReason": "STOP", "index": 0 }],
        "usageMetadata": { "promptTokenCount": input, "candidatesTokenCount": 2, "totalTokenCount": input + 2 },
        "modelVersion": "gemini-3-flash",
    })
}

fn cohere(input: u64) -> Value {
    json!({
        "id": "c1", "finish_reason": "COMPLETE",
        "message": { "role": "assistant", "content": [{ "type": "text", "text": "Hello." }] },
        "usage": {
            "billed_units": { "input_tokens": input, "output_tokens": 2 },
            "tokens": { "input_tokens": input, "output_tokens": 2 },
        },
    })
}
