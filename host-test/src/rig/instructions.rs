//! Instructions for people, as a reader would follow them: the commands of a page, on a machine that has the programs which
//! they call, and an Internet with OpenAI's API.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Result;
use serde_json::Value;
use tempfile::TempDir;

use super::collector::install;
use super::internet::{self, Site, tls};
use super::{machine, stand};
use crate::build;

/// Somebody who has Rust, Envoy and a Collector, and a checkout of this repository.
#[derive(Debug)]
pub struct Reader {
    tools: TempDir,
    script: String,
}

impl Reader {
    /// The API answers chat completions with that document.
    pub async fn new(answer: &Value) -> Result<Self> {
        let tools = tempfile::tempdir()?;
        equip(tools.path()).await?;
        let script = prepared(tools.path(), answer)?;
        Ok(Self { tools, script })
    }

    /// Gives a further program: what it does, as a script of bash.
    pub fn has(&self, name: &str, does: &str) -> Result<()> {
        program(self.tools.path(), name, does)
    }

    /// Has a line of bash done, which no page says.
    pub fn prepare(&mut self, line: &str) -> Result<()> {
        Ok(writeln!(self.script, "{line}")?)
    }

    /// Has them follow a page: each of its commands, as it stands there.
    pub fn follow(&mut self, page: &str) -> Result<()> {
        for command in commands(page) {
            writeln!(self.script, "{command}")?;
        }
        Ok(())
    }

    /// Does it all, waits until `spans.jsonl` has a span with counts and `metrics.jsonl` their metric, and returns what was
    /// said, and in the end the file with the spans.
    pub async fn go(mut self) -> Result<String> {
        self.script.push_str(
            "come() { for _ in $(seq 600); do grep -q $2 $1 2>/dev/null && return; sleep 0.1; done; exit 1; }\n\
             come spans.jsonl gen_ai.usage.input_tokens\n\
             come metrics.jsonl gen_ai.client.token.usage\n\
             curl -s http://127.0.0.1:9464/metrics | grep ^gen_ai_client_token_usage\n\
             echo; cat spans.jsonl\n",
        );
        machine::run(&self.script, true).await
    }
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
        ("envoy", format!("exec {} \"$@\"", stand::binary().await?.path.display())),
        ("otelcol-contrib", format!("exec {} \"$@\"", otelcol.display())),
        ("rustup", format!("[ \"$*\" = \"target add {}\" ]", build::TARGET)),
        ("cargo", cargo),
        ("sudo", "exec \"$@\"".to_owned()),
    ] {
        program(tools, name, &does)?;
    }
    Ok(())
}

fn program(tools: &Path, name: &str, does: &str) -> Result<()> {
    let program = tools.join(name);
    fs::write(&program, format!("#!/bin/bash\n{does}\n"))?;
    Ok(fs::set_permissions(program, fs::Permissions::from_mode(0o755))?)
}

/// The machine's beginnings: a checkout, the tools, and the API on the Internet, which has a certificate.
fn prepared(tools: &Path, answer: &Value) -> Result<String> {
    let site = Site::new("api.openai.com", "/v1/chat/completions", answer);
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

/// The commands of a text's blocks of code, each as one would type it: what stands after `$ ` in a `console` block, over
/// several lines where one ends in `\`.
pub fn commands(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for (_, block) in blocks(text).into_iter().filter(|(language, _)| language == "console") {
        let mut lines = block.lines();
        while let Some(line) = lines.next() {
            let Some(begun) = line.strip_prefix("$ ") else { continue };
            let mut command = begun.to_owned();
            while command.ends_with('\\') {
                command.push('\n');
                command.push_str(lines.next().unwrap_or_default());
            }
            commands.push(command);
        }
    }
    commands
}

/// Blocks of code with the language they are said to be in.
pub fn blocks(text: &str) -> Vec<(String, String)> {
    let mut blocks: Vec<(String, String)> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        match line.trim_start().strip_prefix("```") {
            Some(_) if open => open = false,
            Some(language) => {
                open = true;
                blocks.push((language.to_owned(), String::new()));
            }
            None if open => {
                if let Some((_, block)) = blocks.last_mut() {
                    block.push_str(line);
                    block.push('\n');
                }
            }
            None => {}
        }
    }
    blocks
}
