//! What the tests share: an Envoy with the filter, and what stands on its two sides.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::LazyLock;

use anyhow::{Result, anyhow};
use host_test::rig::config::Upstream;
use host_test::rig::envoy::Envoy;
use host_test::rig::provider::{Event, Provider};
use host_test::rig::receiver::Receiver;
use host_test::rig::span::Span;
pub(crate) use host_test::rig::stand::{Case, binary, wasm};
use host_test::rig::stand::{Plan, Stand};
use host_test::rig::{PATIENCE, poll};
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
        let to = Upstream::plain(receiver.address());
        let to = if configuration["otlp"]["protocol"] == "grpc" { to.http2() } else { to };
        let plan = Plan { tracing, ..Plan::new(configuration, to) };
        let Stand { provider, envoy, filtered, plain } = Stand::start(plan).await?;
        Ok(Self { provider, receiver, envoy, filtered, plain })
    }

    /// The span of a request that was made by [`Case::post`].
    pub(crate) async fn span_of(&self, case: &Case) -> Result<Span> {
        let what = format!("the span of {}", case.id);
        self.receiver.span(&what, |span| span.trace_id == case.trace_id).await
    }

    /// Waits until Envoy's counter of that name is more than that.
    pub(crate) async fn until_more_than(&self, counter: &str, count: u64) -> Result<()> {
        until_more_than(&self.envoy, counter, count).await
    }

    /// Awaits an event of the provider about a request of this case.
    pub(crate) async fn event(&self, what: &str, case: &Case, is_it: fn(&Event) -> bool) -> Result<Event> {
        let mine =
            |event: &Event| event.request().headers.get("x-case").is_some_and(|id| id == case.id.as_str());
        self.provider.events().find(what, |event| (mine(event) && is_it(event)).then(|| event.clone())).await
    }
}

/// Waits until Envoy's counter of that name is more than that.
pub(crate) async fn until_more_than(envoy: &Envoy, counter: &str, count: u64) -> Result<()> {
    poll::until(&format!("{counter} is more than {count}"), PATIENCE, async || {
        Ok((envoy.admin().stat(counter).await? > count).then_some(()))
    })
    .await
}
