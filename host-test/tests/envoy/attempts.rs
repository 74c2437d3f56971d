//! Attempts: the filter in the cluster's own chain sees each one, and what Envoy knows is told of it.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use host_test::rig::config::{Config, Filter, Listener, Upstream};
use host_test::rig::envoy::{Envoy, Options};
use host_test::rig::provider::{Pace, Provider, Scenario};
use host_test::rig::receiver::Receiver;
use host_test::rig::span::{Span, Value as Told};
use serde_json::{Value, json};

use crate::world::{Case, binary, runtime, wasm};

#[test]
fn each_attempt_is_a_span_under_the_clients_or_under_the_call() -> Result<()> {
    runtime()?.block_on(async {
        let world = World::start(false).await?;
        let case = Case::new();
        world.call(&case, "attempts").await?;
        for attempt in world.spans(&case, 3).await? {
            assert_eq!(attempt.parent_id, case.span_id, "the filter stands in the cluster's chain alone");
            assert_eq!(attempt.int("http.response.status_code"), Some(503));
            assert_eq!(attempt.text("inferspan.envoy.cluster"), Some("upstream"));
            assert_eq!(attempt.text("inferspan.envoy.upstream_address"), Some(&*world.upstream()));
        }

        let case = Case::new();
        world.call(&case, "calls").await?;
        let spans = world.spans(&case, 4).await?;
        let (calls, attempts): (Vec<_>, Vec<_>) =
            spans.into_iter().partition(|span| span.parent_id == case.span_id);
        let [call] = calls.as_slice() else { panic!("{calls:#?}") };
        assert!(attempts.iter().all(|attempt| attempt.parent_id == call.span_id), "{attempts:#?}");
        assert_eq!(call.int("inferspan.envoy.attempt_count"), Some(3));
        let attempts: Vec<_> = call.events.iter().filter(|event| event.name == "api_attempt").collect();
        let [attempt] = attempts.as_slice() else { panic!("{:#?}", call.events) };
        assert_eq!(attempt.attributes["attempt"], Told::Int(3));
        assert_eq!(call.text("inferspan.envoy.cluster"), Some("upstream"));
        assert_eq!(call.text("inferspan.envoy.route"), Some("everything"));
        assert_eq!(call.text("inferspan.envoy.upstream_address"), Some(&*world.upstream()));
        assert_eq!(call.text("user.id"), Some("u 1"));
        assert_eq!(call.attributes.get("hidden"), None);
        Ok(())
    })
}

#[test]
fn where_envoy_traces_each_attempt_is_a_span_under_envoys() -> Result<()> {
    runtime()?.block_on(async {
        let world = World::start(true).await?;
        let case = Case::new();
        world.call(&case, "attempts").await?;
        let attempts = world.spans(&case, 3).await?;
        let parents: Vec<_> = attempts.iter().map(|attempt| attempt.parent_id.clone()).collect();
        let envoys = |span: &Span| span.trace_id == case.trace_id && parents.contains(&span.span_id);
        for parent in &parents {
            assert_ne!(*parent, case.span_id);
            let is_it = |span: &Span| envoys(span) && span.span_id == *parent;
            world.receiver.span("Envoy's span", is_it).await?;
        }
        Ok(())
    })
}

#[test]
fn environment_variables_reach_the_filter() -> Result<()> {
    runtime()?.block_on(async {
        let world = World::start(false).await?;
        let case = Case::new();
        world.call(&case, "attempts").await?;
        let span = world.spans(&case, 1).await?.remove(0);
        assert_eq!(span.resource["service.name"], Told::Text("from-env".to_owned()));
        assert_eq!(span.resource["team"], Told::Text("a,b".to_owned()));
        Ok(())
    })
}

/// An Envoy that tries thrice: a listener with the filter, one without, and a cluster that has it in its own chain.
struct World {
    receiver: Receiver,
    provider: Provider,
    envoy: Envoy,
}

impl World {
    async fn start(tracing: bool) -> Result<Self> {
        let receiver = Receiver::start().await?;
        let provider = Provider::start(Pace::FAST).await?;
        let listener = |name: &str, filter| Listener {
            name: name.to_owned(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            filter,
        };
        let configuration = json!({
            "trace": { "propagate": true, "baggage": ["user.id"] },
            "semconv": { "vocabularies": ["gen_ai", "llm"] },
        });
        let filter = Filter { wasm: wasm().await?, configuration };
        let config = Config {
            listeners: vec![listener("calls", Some(filter)), listener("attempts", None)],
            upstream: Upstream::plain(provider.address()),
            collector: Some(Upstream::plain(receiver.address())),
            tracing,
        };
        let document = |admin: &Path| trying_thrice(config.bootstrap(admin)?);
        let options = Options { concurrency: 1, ..Options::default() };
        let envoy = Envoy::start_as(&binary().await?.path, document, options).await?;
        Ok(Self { receiver, provider, envoy })
    }

    /// A call that fails at every attempt.
    async fn call(&self, case: &Case, listener: &str) -> Result<()> {
        let request = case.openai(Scenario::Overloaded, false).header("baggage", "user.id=u%201,hidden=1");
        // Envoy traces only what has an id by which to choose.
        let request = request.header("x-request-id", "6b3c1f0e-7d2a-4c5b-9e8f-0a1b2c3d4e5f");
        assert_eq!(request.send(self.envoy.listener(listener)?).await?.status, 503);
        Ok(())
    }

    /// So many spans of the filter's in the case's trace.
    async fn spans(&self, case: &Case, count: usize) -> Result<Vec<Span>> {
        let mut spans: Vec<Span> = Vec::new();
        while spans.len() < count {
            let known: Vec<_> = spans.iter().map(|span| span.span_id.clone()).collect();
            let is_new = |span: &Span| {
                span.trace_id == case.trace_id
                    && span.name.starts_with("chat ")
                    && !known.contains(&span.span_id)
            };
            spans.push(self.receiver.span("one more attempt", is_new).await?);
        }
        Ok(spans)
    }

    fn upstream(&self) -> String {
        self.provider.address().to_string()
    }
}

fn trying_thrice(mut document: Value) -> Result<Value> {
    let resources = &mut document["static_resources"];
    let manager = "/listeners/0/filter_chains/0/filters/0/typed_config";
    let filters = resources.pointer_mut(&format!("{manager}/http_filters")).and_then(Value::as_array_mut);
    let filter = filters.into_iter().flatten().find(|filter| filter["name"] == "inferspan");
    let filter = filter.context("the filter's place in the chain")?;
    filter["typed_config"]["config"]["vm_config"]["environment_variables"] = json!({ "key_values": {
        "OTEL_SERVICE_NAME": "from-env", "OTEL_RESOURCE_ATTRIBUTES": "team=a%2Cb",
    } });
    let mut filter = filter.clone();
    // A context that an attempt writes would be the next one's parent: the router sends the same headers again.
    filter["typed_config"]["config"]["configuration"]["value"] = json!("{}");
    resources["clusters"][0]["typed_extension_protocol_options"] = json!({ PROTOCOL_OPTIONS: {
        "@type": format!("type.googleapis.com/{PROTOCOL_OPTIONS}"),
        "explicit_http_config": { "http_protocol_options": {} },
        "http_filters": [filter, { "name": "codec", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec",
        } }],
    } });
    for listener in resources["listeners"].as_array_mut().into_iter().flatten() {
        let manager = &mut listener["filter_chains"][0]["filters"][0]["typed_config"];
        let routes = json!([{
            "name": "everything",
            "match": { "prefix": "/" },
            "route": { "cluster": "upstream", "retry_policy": {
                "retry_on": "5xx", "num_retries": 2,
                "retry_back_off": { "base_interval": "0.001s", "max_interval": "0.001s" },
            } },
        }]);
        manager["route_config"] =
            json!({ "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": routes }] });
    }
    Ok(document)
}

const PROTOCOL_OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
