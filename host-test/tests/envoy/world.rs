//! What the tests share: an Envoy with the filter, and what stands on its two sides.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, anyhow};
use host_test::build;
use host_test::rig::client::Request;
use host_test::rig::config::{Config, Filter, Listener, Upstream};
use host_test::rig::envoy::{Envoy, Options};
use host_test::rig::install::{self, Binary};
use host_test::rig::provider::{Event, Pace, Provider, Scenario};
use host_test::rig::receiver::Receiver;
use host_test::rig::span::Span;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Envoy with the filter between a provider and a receiver.
pub(crate) struct World {
    pub(crate) provider: Provider,
    pub(crate) receiver: Receiver,
    pub(crate) envoy: Envoy,
    /// The listener with the filter.
    pub(crate) filtered: SocketAddr,
    /// The listener without.
    pub(crate) plain: SocketAddr,
}

/// Runs a test in the world that all share.
pub(crate) fn run<F>(test: impl FnOnce(&'static World) -> F) -> Result<()>
where
    F: Future<Output = Result<()>>,
{
    let world = WORLD.as_ref().map_err(|why| anyhow!("the world did not start: {why}"))?;
    runtime()?.block_on(test(world))
}

/// The runtime that everything lives in, longer than any test.
pub(crate) fn runtime() -> Result<&'static Runtime> {
    static RUNTIME: LazyLock<std::io::Result<Runtime>> = LazyLock::new(Runtime::new);
    RUNTIME.as_ref().map_err(|error| anyhow!("the runtime did not start: {error}"))
}

static WORLD: LazyLock<Result<World, String>> = LazyLock::new(|| {
    let world = runtime().and_then(|runtime| runtime.block_on(World::start(json!({}))));
    world.map_err(|error| format!("{error:#}"))
});

impl World {
    /// A world whose filter is configured so.
    pub(crate) async fn start(configuration: Value) -> Result<Self> {
        Self::start_with(configuration, Receiver::start().await?).await
    }

    /// A world whose filter exports to this receiver.
    pub(crate) async fn start_with(configuration: Value, receiver: Receiver) -> Result<Self> {
        Self::start_as(configuration, receiver, false).await
    }

    /// A world whose Envoy traces, too.
    pub(crate) async fn start_tracing(configuration: Value) -> Result<Self> {
        Self::start_as(configuration, Receiver::start().await?, true).await
    }

    async fn start_as(configuration: Value, receiver: Receiver, tracing: bool) -> Result<Self> {
        let provider = Provider::start(Pace::FAST).await?;
        let listener = |name: &str, filter| Listener {
            name: name.to_owned(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            filter,
        };
        let filter = Filter { wasm: wasm().await?, configuration };
        let config = Config {
            listeners: vec![listener("filtered", Some(filter)), listener("plain", None)],
            upstream: Upstream::plain(provider.address()),
            collector: Some(Upstream::plain(receiver.address())),
            tracing,
        };
        let options = Options { concurrency: 1, ..Options::default() };
        let envoy = Envoy::start(&binary().await?.path, &config, options).await?;
        let (filtered, plain) = (envoy.listener("filtered")?, envoy.listener("plain")?);
        Ok(Self { provider, receiver, envoy, filtered, plain })
    }

    /// The span of a request that was made by [`Case::post`].
    pub(crate) async fn span_of(&self, case: &Case) -> Result<Span> {
        let what = format!("the span of {}", case.id);
        self.receiver.span(&what, |span| span.trace_id == case.trace_id).await
    }

    /// Awaits an event of the provider about a request of this case.
    pub(crate) async fn event(&self, what: &str, case: &Case, is_it: fn(&Event) -> bool) -> Result<Event> {
        let mine =
            |event: &Event| event.request().headers.get("x-case").is_some_and(|id| id == case.id.as_str());
        self.provider.events().find(what, |event| (mine(event) && is_it(event)).then(|| event.clone())).await
    }
}

/// One exchange of a test, which can be told from all others.
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) trace_id: String,
    pub(crate) span_id: String,
}

impl Case {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            id: format!("case-{number}"),
            trace_id: format!("{:032x}", 0xca5e_0000_0000_0000_0000_0000_0000_0000_u128 + u128::from(number)),
            span_id: format!("{:016x}", 0xca5e_0000_0000_0000_u64 + number),
        }
    }

    /// A POST that carries the case's mark and a `traceparent` of its own.
    pub(crate) fn post(&self, host: &str, path: &str, body: impl Into<Vec<u8>>) -> Request {
        Request::post(host, path, body.into())
            .header("x-case", self.id.as_str())
            .header("traceparent", format!("00-{}-{}-01", self.trace_id, self.span_id))
    }

    /// A call of OpenAI's chat completions.
    pub(crate) fn openai(&self, scenario: Scenario, stream: bool) -> Request {
        let mut body = json!({ "model": "gpt-5-mini", "messages": [{ "role": "user", "content": "Hi" }] });
        if stream {
            body["stream"] = json!(true);
            body["stream_options"] = json!({ "include_usage": true });
        }
        self.post("api.openai.com", "/v1/chat/completions", body.to_string())
            .header("x-simulate", scenario.name())
    }

    /// A call of Anthropic's messages.
    pub(crate) fn anthropic(&self, scenario: Scenario, stream: bool) -> Request {
        let messages = json!([{ "role": "user", "content": "Hi" }]);
        let body =
            json!({ "model": "claude-sonnet-5", "max_tokens": 64, "messages": messages, "stream": stream });
        self.post("api.anthropic.com", "/v1/messages", body.to_string())
            .header("anthropic-version", "2023-06-01")
            .header("x-simulate", scenario.name())
    }
}

/// The compiled filter.
pub(crate) async fn wasm() -> Result<PathBuf> {
    tokio::task::spawn_blocking(|| build::filter(&mut |line| eprintln!("{line}")))
        .await
        .context("build the filter")?
}

/// The Envoy to test with.
pub(crate) async fn binary() -> Result<Binary> {
    tokio::task::spawn_blocking(|| install::find(&mut |line| eprintln!("{line}")))
        .await
        .context("find Envoy")?
}
