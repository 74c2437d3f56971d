//! `envoy/access-log.yaml`: Envoy's access log has what a call used and cost.

use anyhow::{Context, Result};
use host_test::rig::internet::Site;
use host_test::rig::stand::Case;
use serde_json::{Value, json};

use crate::world::{World, chat, completion};

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_tokens_and_cost() -> Result<()> {
    let site =
        Site::new("api.openai.com", "/v1/chat/completions", &completion("gpt-5-mini-2026-08-07", 1000));
    let world = World::start("access-log.yaml", &[site]).await?;
    let case = Case::new();
    assert_eq!(world.call(&case, "/v1/chat/completions", &chat("gpt-5-mini")).await?.0, 200);
    world.span(&case).await?;
    // Envoy writes what it has logged before it ends.
    world.envoy.stop().await?;
    let log = std::fs::read_to_string(world.directory.path().join("llm.jsonl"))?;
    let line: Value = serde_json::from_str(log.lines().next().context("a line")?)?;
    let told = |key: &str| line[key].clone();
    assert_eq!(told("status"), 200);
    assert_eq!(told("provider"), "openai");
    assert_eq!(told("model"), "gpt-5-mini-2026-08-07");
    assert_eq!((told("input_tokens"), told("output_tokens")), (json!("1000"), json!("2")));
    // 1000 tokens at $0.25 a million, 2 at $2.
    assert_eq!(told("cost_usd"), "0.000254");
    assert_eq!((told("outcome"), told("error_type")), (json!("completed"), Value::Null));
    assert!(told("trace").as_str().is_some_and(|trace| trace.contains(&case.trace_id)), "{line}");
    Ok(())
}
