//! Several filters in one chain, each with its own configuration, and routes that choose among them.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use host_test::rig::config::{Config, Filter, Listener, Upstream};
use host_test::rig::envoy::{Envoy, Options};
use host_test::rig::provider::{Pace, Provider, Scenario};
use host_test::rig::receiver::Receiver;
use host_test::rig::span::{Span, Value as Told};
use serde_json::{Value, json};

use crate::world::{Case, binary, runtime, wasm};

#[test]
fn each_route_chooses_among_the_filters_of_a_chain() -> Result<()> {
    runtime()?.block_on(async {
        let (provider, receiver) = (Provider::start(Pace::FAST).await?, Receiver::start().await?);
        let filter = Filter { wasm: wasm().await?, configuration: json!({}) };
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = Config {
            listeners: vec![Listener { name: "chain".to_owned(), address, filter: Some(filter) }],
            upstream: Upstream::plain(provider.address()),
            collector: Some(Upstream::plain(receiver.address())),
            tracing: false,
        };
        let options = Options { concurrency: 1, ..Options::default() };
        let document = |admin: &Path| several(config.bootstrap(admin)?);
        let envoy = Envoy::start_as(&binary().await?.path, document, options).await?;
        for (route, expected) in [
            ("any", &["first", "second"][..]),
            ("first", &["first"]),
            ("second", &["second"]),
            ("third", &["first", "second", "third"]),
            ("none", &[]),
        ] {
            let case = Case::new();
            let request = case.openai(Scenario::Answer, false).header("x-route", route);
            let answer = request.send(envoy.listener("chain")?).await?;
            ensure!(answer.status == 200, "{route}: {}", answer.status);
            // Behind it comes a call that all of them tell of: with one worker, what is to come has come by then.
            let last = Case::new();
            last.openai(Scenario::Answer, false).send(envoy.listener("chain")?).await?;
            for name in ["first", "second"] {
                let is_it = |span: &&Span| span.trace_id == last.trace_id && service(span) == Some(name);
                receiver.span(name, |span| is_it(&span)).await?;
            }
            if expected.contains(&"third") {
                receiver
                    .span("third", |span| span.trace_id == case.trace_id && service(span) == Some("third"))
                    .await?;
            }
            let spans = receiver.spans();
            let told: BTreeSet<_> =
                spans.iter().filter(|span| span.trace_id == case.trace_id).filter_map(service).collect();
            assert_eq!(told, expected.iter().copied().collect(), "{route}");
        }
        Ok(())
    })
}

fn service(span: &Span) -> Option<&str> {
    match span.resource.get("service.name")? {
        Told::Text(name) => Some(name),
        _ => None,
    }
}

/// Three filters in the chain, of which the last one sleeps, and routes that turn them on and off.
fn several(mut document: Value) -> Result<Value> {
    let listener = &mut document["static_resources"]["listeners"][0];
    let manager = &mut listener["filter_chains"][0]["filters"][0]["typed_config"];
    let filters = manager["http_filters"].as_array_mut().context("the filters")?;
    let pattern = filters.remove(1);
    for name in ["third", "second", "first"] {
        let mut filter = pattern.clone();
        filter["name"] = json!(name);
        filter["disabled"] = json!(name == "third");
        let plugin = &mut filter["typed_config"]["config"];
        plugin["name"] = json!(name);
        let own = json!({ "service_name": name, "otlp": { "max_batch_age_ms": 10 } });
        plugin["configuration"]["value"] = json!(own.to_string());
        filters.insert(1, filter);
    }
    for host in manager["route_config"]["virtual_hosts"].as_array_mut().context("the hosts")? {
        let routes = host["routes"].as_array_mut().context("the routes")?;
        for (name, off, on) in [
            ("first", &["second"][..], &[][..]),
            ("second", &["first"], &[]),
            ("third", &[], &["third"]),
            ("none", &["first", "second"], &[]),
        ] {
            let mut route = routes.last().context("a route")?.clone();
            let header = json!({ "name": "x-route", "string_match": { "exact": name } });
            route["match"] = json!({ "prefix": "/", "headers": [header] });
            for (names, disabled) in [(off, true), (on, false)] {
                for name in names {
                    route["typed_per_filter_config"][*name] = json!({
                        "@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig",
                        "disabled": disabled,
                        "config": {},
                    });
                }
            }
            routes.insert(0, route);
        }
    }
    Ok(document)
}
