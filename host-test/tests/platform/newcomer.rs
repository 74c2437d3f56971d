//! `docs/getting-started.md`: its commands lead where it says.

use anyhow::{Context, Result, ensure};
use host_test::rig::instructions::Reader;
use serde_json::Value;

use crate::world::completion;

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_lead_to_spans_and_metrics() -> Result<()> {
    let page = include_str!("../../../docs/getting-started.md");
    let (first, rest) = page.split_once("\n## Envoy\n").context("the chapter")?;
    let (chapter, _) = rest.split_once("\n## ").context("the next chapter")?;
    let mut reader = Reader::new(&completion("gpt-5-mini-2026-08-07", 21)).await?;
    reader.follow(first)?;
    reader.follow(chapter)?;
    let said = reader.go().await?;

    for line in ["configuration 'envoy/envoy.yaml' OK", "LIVE", "wasmcustom.inferspan_spans_exported: 1"] {
        ensure!(chapter.contains(line), "the page does not say {line}");
        ensure!(said.lines().any(|one| one.ends_with(line)), "{line} is not said:\n{said}");
    }
    let spans = said.lines().rev().find(|line| line.starts_with("{\"resourceSpans\"")).context("spans")?;
    let spans: Value = serde_json::from_str(spans)?;
    let span = &spans["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    assert_eq!(span["name"], "chat gpt-5-mini");
    let attributes = span["attributes"].as_array().context("attributes")?;
    let server = attributes.iter().find(|one| one["key"] == "server.address").context("a server")?;
    assert_eq!(server["value"]["stringValue"], "api.openai.com");
    Ok(())
}
