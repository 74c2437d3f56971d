//! What the tests share.

use std::path::{Path, PathBuf};

use anyhow::Result;
use host_test::rig::envoy::{Envoy, Options};
use host_test::rig::internet::{Internet, Site};
use host_test::rig::receiver::Receiver;
use host_test::rig::span::Span;
use host_test::rig::stand::{self, Case};
use serde_json::{Value, json};

use crate::files::{self, Places};

/// An Envoy with a file of `envoy/`, between a client on this machine, the providers and a collector.
pub(crate) struct World {
    pub(crate) envoy: Envoy,
    pub(crate) receiver: Receiver,
    pub(crate) internet: Internet,
    /// Has `llm.jsonl`, where the file has an access log.
    pub(crate) directory: tempfile::TempDir,
}

impl World {
    /// The file, with those providers. Each must have its place in it, on port 443.
    pub(crate) async fn start(file: &str, sites: &[Site]) -> Result<Self> {
        Self::start_with(file, sites, COLLECTOR, Vec::new()).await
    }

    /// The same where the file has the collector elsewhere, or further servers.
    pub(crate) async fn start_with(
        file: &str,
        sites: &[Site],
        collector: &str,
        more: Vec<(String, std::net::SocketAddr)>,
    ) -> Result<Self> {
        let internet = Internet::start(sites).await?;
        let receiver = Receiver::start().await?;
        let mut servers: Vec<_> =
            sites.iter().map(|site| (format!("{}:443", site.host), internet.address)).collect();
        servers.push((collector.to_owned(), receiver.address()));
        servers.extend(more);
        let directory = tempfile::tempdir()?;
        let access_log = directory.path().join("llm.jsonl");
        let places = Places { wasm: stand::wasm().await?, access_log, servers };
        let document = files::read(file)?;
        let options = Options { concurrency: 1, ..Options::default() };
        let placed = |admin: &Path| places.put(document, admin);
        let envoy = Envoy::start_as(&binary().await?, placed, options).await?;
        Ok(Self { envoy, receiver, internet, directory })
    }

    /// Makes a call that an application would make, and returns the status and the body of its answer.
    pub(crate) async fn call(&self, case: &Case, path: &str, body: &Value) -> Result<(u16, Vec<u8>)> {
        let request =
            case.post("llm.gateway.example", path, body.to_string()).header("accept-encoding", "identity");
        let answer = request.send(self.envoy.listener("llm_egress")?).await?;
        Ok((answer.status.as_u16(), answer.body.to_vec()))
    }

    /// The filter's only span of a case.
    pub(crate) async fn span(&self, case: &Case) -> Result<Span> {
        let is_it = |span: &Span| span.trace_id == case.trace_id && span.text("inferspan.api").is_some();
        self.receiver.span(&format!("the span of {}", case.id), is_it).await
    }
}

/// Who answered a call, by its span: provider, host, port, model, input tokens.
pub(crate) type Who<'a> = (Option<&'a str>, Option<&'a str>, Option<i64>, Option<&'a str>, Option<i64>);

/// Who answered a call.
pub(crate) fn who(span: &Span) -> Who<'_> {
    (
        span.text("gen_ai.provider.name"),
        span.text("server.address"),
        span.int("server.port"),
        span.text("gen_ai.request.model"),
        span.int("gen_ai.usage.input_tokens"),
    )
}

/// An answer of OpenAI's chat completions that used so many input tokens.
pub(crate) fn completion(model: &str, input: u64) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_795_000_000, "model": model,
        "choices": [{
            "index": 0, "message": { "role": "assistant", "content": "Hello." }, "finish_reason": "stop",
        }],
        "usage": { "prompt_tokens": input, "completion_tokens": 2, "total_tokens": input + 2 },
    })
}

/// A request of OpenAI's chat completions.
pub(crate) fn chat(model: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": "Hi" }] })
}

/// The Envoy to test with.
pub(crate) async fn binary() -> Result<PathBuf> {
    Ok(stand::binary().await?.path)
}

/// Where the files for an Envoy alone have the collector.
pub(crate) const COLLECTOR: &str = "127.0.0.1:4318";
