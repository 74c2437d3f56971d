//! `docs/getting-started.md`: its commands, as they stand there, on a machine that has the programs that they call, and an
//! Internet with the API.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use host_test::build;
use host_test::rig::collector::install;
use host_test::rig::{machine, stand};
use serde_json::Value;

use crate::docs::commands;
use crate::files::tls;
use crate::internet::{self, Site};
use crate::world::{binary, completion};

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_lead_to_spans_and_metrics() -> Result<()> {
    let page = include_str!("../../../docs/getting-started.md");
    let (first, rest) = page.split_once("\n## Envoy\n").context("the chapter")?;
    let (chapter, _) = rest.split_once("\n## ").context("the next chapter")?;
    let tools = tempfile::tempdir()?;
    equip(tools.path()).await?;

    let mut script = prepared(tools.path())?;
    for command in commands(first).into_iter().chain(commands(chapter)) {
        writeln!(script, "{command}")?;
    }
    // They come with the next batch and the next collection.
    script.push_str(
        "come() { for _ in $(seq 600); do grep -q $2 $1 2>/dev/null && return; sleep 0.1; done; exit 1; }\n\
         come spans.jsonl gen_ai.usage.input_tokens\n\
         come metrics.jsonl gen_ai.client.token.usage\n\
         curl -s http://127.0.0.1:9464/metrics | grep ^gen_ai_client_token_usage\n\
         echo; cat spans.jsonl\n",
    );
    let said = machine::run(&script, true).await?;

    for line in ["configuration 'envoy/envoy.yaml' OK", "LIVE", "wasmcustom.inferspan_spans_exported: 1"] {
        ensure!(page.contains(line), "the page does not say {line}");
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

/// The programs that somebody has who has Rust, Envoy and a Collector.
async fn equip(tools: &Path) -> Result<()> {
    let otelcol = tokio::task::spawn_blocking(|| install::find(&mut |line| eprintln!("{line}"))).await??;
    let wasm = stand::wasm().await?;
    // What cargo would build is built already.
    let cargo = format!(
        "[ \"$*\" = \"build --profile filter --target {} -p inferspan-plugin\" ] || exit 1\n\
         install -D {} target/{}/filter/inferspan.wasm",
        build::TARGET,
        wasm.display(),
        build::TARGET
    );
    for (name, does) in [
        ("envoy", format!("exec {} \"$@\"", binary().await?.display())),
        ("otelcol-contrib", format!("exec {} \"$@\"", otelcol.display())),
        ("rustup", format!("[ \"$*\" = \"target add {}\" ]", build::TARGET)),
        ("cargo", cargo),
        ("sudo", "exec \"$@\"".to_owned()),
    ] {
        let program = tools.join(name);
        fs::write(&program, format!("#!/bin/bash\n{does}\n"))?;
        fs::set_permissions(program, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// The machine's beginnings: a checkout, the tools, and the API on the Internet, which has a certificate.
fn prepared(tools: &Path) -> Result<String> {
    let site = Site::new("api.openai.com", "/v1/chat/completions", &completion("gpt-5-mini-2026-08-07", 21));
    let internet = tools.join("internet.json");
    fs::write(&internet, internet::document(&[site], 443).to_string())?;
    Ok(format!(
        "set -e\n\
         cd {checkout}\n\
         export PATH={tools}:$PATH OPENAI_API_KEY=sk-nobodys\n\
         echo 127.0.0.1 api.openai.com >>/etc/hosts\n\
         mkdir -p /etc/ssl/certs\n\
         cp {authority} /etc/ssl/certs/ca-certificates.crt\n\
         rm -rf /etc/envoy\n\
         envoy --disable-hot-restart --log-level error -c {internet} &\n",
        checkout = build::workspace().display(),
        tools = tools.display(),
        authority = tls("authority.pem"),
        internet = internet.display(),
    ))
}
