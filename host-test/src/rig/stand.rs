//! An Envoy with the filter between a simulated provider and a collector, and calls that can be told apart.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::client::Request;
use super::config::{Config, Filter, Listener, Upstream};
use super::envoy::{Envoy, Options};
use super::install::{self, Binary};
use super::provider::{Pace, Provider, Scenario};
use crate::build;

/// Envoy between a provider and a collector, which is somebody else's.
#[derive(Debug)]
pub struct Stand {
    /// What answers the calls.
    pub provider: Provider,
    /// What they pass.
    pub envoy: Envoy,
    /// The listener with the filter.
    pub filtered: SocketAddr,
    /// The listener without.
    pub plain: SocketAddr,
}

/// What a stand is made of, besides the binaries.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The filter's configuration.
    pub filter: Value,
    /// Where it exports to.
    pub collector: Upstream,
    /// Whether Envoy traces, too.
    pub tracing: bool,
    /// How fast the provider answers.
    pub pace: Pace,
    /// Who answers in its place, if anybody.
    pub upstream: Option<SocketAddr>,
    /// How Envoy runs.
    pub options: Options,
}

/// One call of a test, which can be told from all others.
#[derive(Clone, Debug)]
pub struct Case {
    /// The value of its header `x-case`.
    pub id: String,
    /// The trace it says it is part of.
    pub trace_id: String,
    /// The span that it says called.
    pub span_id: String,
}

impl Plan {
    /// One worker, and a provider that answers as fast as a test likes.
    pub fn new(filter: Value, collector: Upstream) -> Self {
        let options = Options { concurrency: 1, ..Options::default() };
        Self { filter, collector, tracing: false, pace: Pace::FAST, upstream: None, options }
    }
}

impl Stand {
    /// Starts it, with what has to be fetched or built for it.
    pub async fn start(plan: Plan) -> Result<Self> {
        let provider = Provider::start(plan.pace).await?;
        let listener = |name: &str, filter| Listener {
            name: name.to_owned(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            filter,
        };
        let filter = Filter { wasm: wasm().await?, configuration: plan.filter };
        let config = Config {
            listeners: vec![listener("filtered", Some(filter)), listener("plain", None)],
            upstream: Upstream::plain(plan.upstream.unwrap_or(provider.address())),
            collector: Some(plan.collector),
            tracing: plan.tracing,
        };
        let envoy = Envoy::start(&binary().await?.path, &config, plan.options).await?;
        let (filtered, plain) = (envoy.listener("filtered")?, envoy.listener("plain")?);
        Ok(Self { provider, envoy, filtered, plain })
    }
}

impl Default for Case {
    fn default() -> Self {
        Self::new()
    }
}

impl Case {
    /// A new one.
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            id: format!("case-{number}"),
            trace_id: format!("{:032x}", 0xca5e_0000_0000_0000_0000_0000_0000_0000_u128 + u128::from(number)),
            span_id: format!("{:016x}", 0xca5e_0000_0000_0000_u64 + number),
        }
    }

    /// A POST that carries the case's mark and a `traceparent` of its own.
    pub fn post(&self, host: &str, path: &str, body: impl Into<Vec<u8>>) -> Request {
        Request::post(host, path, body.into())
            .header("x-case", self.id.as_str())
            .header("traceparent", format!("00-{}-{}-01", self.trace_id, self.span_id))
    }

    /// A call of OpenAI's chat completions.
    pub fn openai(&self, scenario: Scenario, stream: bool) -> Request {
        let mut body = json!({ "model": "gpt-5-mini", "messages": [{ "role": "user", "content": "Hi" }] });
        if stream {
            body["stream"] = json!(true);
            body["stream_options"] = json!({ "include_usage": true });
        }
        self.post("api.openai.com", "/v1/chat/completions", body.to_string())
            .header("x-simulate", scenario.name())
    }

    /// A call of Anthropic's messages.
    pub fn anthropic(&self, scenario: Scenario, stream: bool) -> Request {
        let messages = json!([{ "role": "user", "content": "Hi" }]);
        let body =
            json!({ "model": "claude-sonnet-5", "max_tokens": 64, "messages": messages, "stream": stream });
        self.post("api.anthropic.com", "/v1/messages", body.to_string())
            .header("anthropic-version", "2023-06-01")
            .header("x-simulate", scenario.name())
    }
}

/// The compiled filter, built where it is not.
pub async fn wasm() -> Result<PathBuf> {
    tokio::task::spawn_blocking(|| build::filter(&mut |line| eprintln!("{line}")))
        .await
        .context("build the filter")?
}

/// The Envoy to test with, fetched where there is none.
pub async fn binary() -> Result<Binary> {
    tokio::task::spawn_blocking(|| install::find(&mut |line| eprintln!("{line}")))
        .await
        .context("find Envoy")?
}
