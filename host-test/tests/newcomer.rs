//! `docs/getting-started.md`: its commands lead where it says, on a machine that is nobody's ([`machine`]). Not among the
//! tests that run by default, as such a machine wants root, or user namespaces for everybody: `cargo test -p host-test
//! --test newcomer`.

use anyhow::{Context, Result, ensure};
use host_test::rig::instructions::Reader;
use host_test::rig::machine;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_lead_to_spans_and_metrics() -> Result<()> {
    let page = include_str!("../../docs/getting-started.md");
    let (first, rest) = page.split_once("\n## Envoy\n").context("the chapter")?;
    let (chapter, _) = rest.split_once("\n## ").context("the next chapter")?;
    let mut reader = Reader::new(&answer()).await?;
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

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_on_nobodys_machine_stays_there() -> Result<()> {
    let script = "echo 127.0.0.1 there >>/etc/hosts && mkdir /there && tail -n 1 /etc/hosts && ls -d /there";
    assert!(machine::run(script, true).await?.ends_with("127.0.0.1 there\n/there\n"));
    assert!(!std::path::Path::new("/there").exists());
    let failed = machine::run("echo well; exit 3", true).await.err().context("the script fails")?;
    assert!(failed.to_string().contains("well"));
    Ok(())
}

fn answer() -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_795_000_000, "model": "gpt-5-mini-2026-08-07",
        "choices": [{
            "index": 0, "message": { "role": "assistant", "content": "Hello." }, "finish_reason": "stop",
        }],
        "usage": { "prompt_tokens": 21, "completion_tokens": 2, "total_tokens": 23 },
    })
}
