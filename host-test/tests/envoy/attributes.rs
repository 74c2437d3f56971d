//! What an operator says of calls, in a real Envoy: attributes from each place that they may come from, requests that are
//! none of our business, and models by their names.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use host_test::rig::config::{Config, Filter, Listener, Upstream};
use host_test::rig::envoy::{Envoy, Options};
use host_test::rig::provider::{Pace, Provider, Scenario};
use host_test::rig::receiver::Receiver;
use serde_json::{Value, json};

use crate::world::{Case, binary, runtime, wasm};

#[test]
fn what_an_operator_says_of_calls_is_told() -> Result<()> {
    runtime()?.block_on(async {
        let (provider, receiver) = (Provider::start(Pace::FAST).await?, Receiver::start().await?);
        let configuration = json!({
            "hash_key": "0123456789abcdef",
            "providers": [
                { "host": "*.internal.example", "ignore": true },
                { "host": "api.openai.com", "models": { "deployment-1": "gpt-5-mini" } },
            ],
            "attributes": [
                { "name": "team", "value": "search" },
                { "name": "user.id", "body": ["safety_identifier", "user"] },
                { "name": "user.hash", "body": "user", "hash": true },
                { "name": "session.id", "header": "x-session" },
                { "name": "tenant", "metadata": ["dynamic", "acme", "tenant"] },
                { "name": "seats", "metadata": ["dynamic", "acme", "nested", "seats"] },
                { "name": "nested", "metadata": ["dynamic", "acme", "nested"] },
                { "name": "owner", "metadata": ["route", "acme", "owner"] },
                { "name": "region", "metadata": ["cluster", "acme", "region"] },
                { "name": "beta", "metadata": ["cluster", "acme", "beta"] },
                { "name": "zone", "metadata": ["endpoint", "acme", "zone"] },
                { "name": "missing", "metadata": ["endpoint", "acme", "missing"] },
            ],
        });
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let filter = Filter { wasm: wasm().await?, configuration };
        let config = Config {
            listeners: vec![Listener { name: "listener".to_owned(), address, filter: Some(filter) }],
            upstream: Upstream::plain(provider.address()),
            collector: Some(Upstream::plain(receiver.address())),
            tracing: false,
        };
        let document = |admin: &Path| with_metadata(config.bootstrap(admin)?);
        let options = Options { concurrency: 1, ..Options::default() };
        let envoy = Envoy::start_as(&binary().await?.path, document, options).await?;
        let address = envoy.listener("listener")?;

        let (ignored, case) = (Case::new(), Case::new());
        let body = json!({
            "model": "deployment-1", "user": "alice", "messages": [{ "role": "user", "content": "Hi" }],
        });
        for (case, host) in [(&ignored, "llm.internal.example"), (&case, "api.openai.com")] {
            let request = case
                .post(host, "/v1/chat/completions", body.to_string())
                .header("x-simulate", Scenario::Answer.name())
                .header("x-session", "s-1");
            assert_eq!(request.send(address).await?.status, 200, "{host}");
        }
        let span = receiver.span("the call", |span| span.trace_id == case.trace_id).await?;
        for (name, value) in [
            ("gen_ai.request.model", Some("gpt-5-mini")),
            ("team", Some("search")),
            ("user.id", Some("alice")),
            ("user.hash", Some("fdbf8b1cacd3d578e062d0e41104357d")),
            ("session.id", Some("s-1")),
            ("tenant", Some("t-1")),
            ("seats", Some("42")),
            ("nested", None),
            ("owner", Some("web")),
            ("region", Some("eu")),
            ("beta", Some("true")),
            ("zone", Some("z-1")),
            ("missing", None),
        ] {
            assert_eq!(span.text(name), value, "{name}");
        }
        // One worker exports in order.
        let spans = receiver.spans();
        assert_eq!(spans.iter().filter(|span| span.trace_id == ignored.trace_id).count(), 0, "it is ignored");
        Ok(())
    })
}

/// Puts metadata wherever Envoy has some.
fn with_metadata(mut document: Value) -> Result<Value> {
    let resources = &mut document["static_resources"];
    let acme = |value: Value| json!({ "filter_metadata": { "acme": value } });
    let cluster = &mut resources["clusters"][0];
    cluster["metadata"] = acme(json!({ "region": "eu", "beta": true }));
    cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["metadata"] =
        acme(json!({ "zone": "z-1" }));
    let manager = &mut resources["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"];
    for host in manager["route_config"]["virtual_hosts"].as_array_mut().context("the hosts")? {
        host["routes"][0]["metadata"] = acme(json!({ "owner": "web" }));
    }
    let filters = manager["http_filters"].as_array_mut().context("the filters")?;
    // Behind ours, as an authentication may be: what it says is known when the call is over.
    let told = json!({ "tenant": "t-1", "nested": { "seats": 42 } });
    filters.insert(
        2,
        json!({ "name": "set_metadata", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.set_metadata.v3.Config",
        "metadata": [{ "metadata_namespace": "acme", "value": told }],
    } }),
    );
    Ok(document)
}
