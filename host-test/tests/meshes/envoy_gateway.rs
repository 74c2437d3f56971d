//! `docs/getting-started.md` has a reader run Envoy Gateway without Kubernetes: it pulls the filter's image, and calls through
//! the Envoy that it starts have spans and metrics.

use anyhow::{Context, Result};
use host_test::build;
use host_test::rig::instructions::Reader;
use host_test::rig::mesh::envoy_gateway;
use host_test::rig::stand;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_lead_to_spans_and_metrics() -> Result<()> {
    let gateway =
        tokio::task::spawn_blocking(|| envoy_gateway::find(&mut |line| eprintln!("{line}"))).await??;
    let page = include_str!("../../../docs/getting-started.md");
    let (_, rest) = page.split_once("\n## Envoy Gateway\n").context("the chapter")?;
    let (chapter, _) = rest.split_once("\n## ").context("the next chapter")?;
    let mut reader = Reader::new(&json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_795_000_000, "model": "gpt-5-mini-2026-08-07",
        "choices": [{
            "index": 0, "message": { "role": "assistant", "content": "Hello." }, "finish_reason": "stop",
        }],
        "usage": { "prompt_tokens": 21, "completion_tokens": 2, "total_tokens": 23 },
    }))
    .await?;
    reader.has("envoy-gateway", &format!("exec {} \"$@\"", gateway.display()))?;
    // What it would download is there.
    let envoy = stand::binary().await?.path;
    reader.prepare("versions=~/.local/share/envoy-gateway/envoy-versions/1.40.0/bin; mkdir -p $versions")?;
    reader.prepare(&format!("ln -sf {} $versions/envoy", envoy.display()))?;
    // A registry on this machine has the image that the release would have pushed.
    reader.prepare(&format!(
        "export IMAGE_SHA256=$({} {} 1.2.3 /registry)",
        build::workspace().join("host-test/tests/meshes/registry").display(),
        stand::wasm().await?.display()
    ))?;
    reader.prepare(
        "sed -i 's#ghcr.io/inferspan/inferspan:0.1.0#127.0.0.1:5000/inferspan/inferspan:1.2.3#' \
         envoy/envoy-gateway/inferspan.yaml",
    )?;
    reader.follow(chapter)?;
    let said = reader.go().await?;

    let spans = said.lines().rev().find(|line| line.starts_with("{\"resourceSpans\"")).context("spans")?;
    let spans: Value = serde_json::from_str(spans)?;
    let span = &spans["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    assert_eq!(span["name"], "chat gpt-5-mini");
    let attributes = span["attributes"].as_array().context("attributes")?;
    let of = |key: &str| attributes.iter().find(|one| one["key"] == key).map(|one| one["value"].clone());
    assert_eq!(of("server.address"), Some(json!({ "stringValue": "api.openai.com" })));
    assert_eq!(of("gen_ai.usage.input_tokens"), Some(json!({ "intValue": "21" })));
    Ok(())
}
