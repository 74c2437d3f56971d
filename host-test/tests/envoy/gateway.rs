//! A gateway: one host for all clients, and routes that rewrite host and path. Every span names who answered.

use std::net::SocketAddr;
use std::path::Path;
use std::slice::from_ref;

use anyhow::{Context, Result};
use host_test::rig::config::{Config, Filter, Listener, Upstream};
use host_test::rig::envoy::{Envoy, Options};
use host_test::rig::provider::{Pace, Provider, Scenario};
use host_test::rig::receiver::Receiver;
use serde_json::{Value, json};

use crate::world::{Case, binary, runtime, wasm};

#[test]
fn every_span_names_who_answered() -> Result<()> {
    runtime()?.block_on(async {
        let gateway = Gateway::start().await?;
        let port = |name: &str| gateway.port(name);
        let mut traces = Vec::new();
        for (listener, route, provider, address, port) in [
            // Host and path are rewritten.
            ("gateway", "/openai", "openai", "api.openai.com", port("openai")),
            ("gateway", "/groq", "groq", "api.groq.com", 8443),
            // The host is the endpoint's name.
            ("gateway", "/automatic", "deepseek", "api.deepseek.com", port("automatic")),
            // The first endpoint refuses the connection, another one answers.
            ("gateway", "/retry", "together_ai", "api.together.xyz", port("retry")),
            // The upstream sends Envoy elsewhere.
            ("gateway", "/moved", "openai", "api.openai.com", port("openai")),
            // Nothing is rewritten: metadata tells, or a rule.
            ("gateway", "/cluster", "acme", HOST, port("openai")),
            ("gateway", "/endpoint", "acme_endpoint", HOST, port("openai")),
            ("gateway", "/route", "acme_route", HOST, port("openai")),
            ("gateway", "/ruled", "ruled", HOST, port("openai")),
            // The cluster's name tells of its host and port, as Istio writes it.
            ("gateway", "/named", "mistral_ai", "api.mistral.ai", 443),
            // The filter stands in the cluster's own chain.
            ("unfiltered", "/inner", "cerebras", "api.cerebras.ai", port("openai")),
        ] {
            let case = Case::new();
            let path = format!("{route}/chat/completions");
            let answer = case
                .post(HOST, &path, r#"{"model":"m","messages":[{"role":"user","content":"Hi"}]}"#)
                .header("x-simulate", Scenario::Answer.name())
                .send(gateway.envoy.listener(listener)?)
                .await?;
            assert_eq!(answer.status, 200, "{route}");
            let span = gateway.receiver.span(route, |span| span.trace_id == case.trace_id).await?;
            let told =
                (span.text("gen_ai.provider.name"), span.text("server.address"), span.int("server.port"));
            assert_eq!(told, (Some(provider), Some(address), Some(i64::from(port))), "{route}");
            assert_eq!(span.text("inferspan.outcome"), Some("completed"), "{route}");
            traces.push(case.trace_id);
        }
        // One worker exports in order, so all but the last trace are whole.
        for trace in traces.iter().rev().skip(1) {
            let spans = gateway.receiver.spans();
            assert_eq!(spans.iter().filter(|span| span.trace_id == *trace).count(), 1, "spans of {trace}");
        }
        Ok(())
    })
}

/// The host that clients know.
const HOST: &str = "llm.gateway.example";

struct Gateway {
    receiver: Receiver,
    providers: Vec<(&'static str, Provider)>,
    envoy: Envoy,
}

impl Gateway {
    async fn start() -> Result<Self> {
        let receiver = Receiver::start().await?;
        let mut providers = Vec::new();
        for name in ["openai", "automatic", "retry"] {
            providers.push((name, Provider::start(Pace::FAST).await?));
        }
        let address = |name: &str| {
            let found = providers.iter().find(|(known, _)| *known == name);
            found.map(|(_, provider)| provider.address()).context("a provider of that name")
        };
        let listener = |name: &str, filter| Listener {
            name: name.to_owned(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            filter,
        };
        let configuration = json!({ "providers": [{ "cluster": "ruled-*", "provider": "ruled" }] });
        let filter = Filter { wasm: wasm().await?, configuration };
        let config = Config {
            listeners: vec![listener("gateway", Some(filter)), listener("unfiltered", None)],
            upstream: Upstream::plain(address("openai")?),
            collector: Some(Upstream::plain(receiver.address())),
            tracing: false,
        };
        let (automatic, retry) = (address("automatic")?, address("retry")?);
        let document = |admin: &Path| gateway(config.bootstrap(admin)?, admin, automatic, retry);
        let options = Options { concurrency: 1, ..Options::default() };
        let envoy = Envoy::start_as(&binary().await?.path, document, options).await?;
        Ok(Self { receiver, providers, envoy })
    }

    fn port(&self, name: &str) -> u16 {
        self.providers
            .iter()
            .find(|(known, _)| *known == name)
            .map_or(0, |(_, provider)| provider.address().port())
    }
}

/// Puts the gateway's routes and clusters into the document.
fn gateway(mut document: Value, admin: &Path, automatic: SocketAddr, retry: SocketAddr) -> Result<Value> {
    let moved = admin.with_file_name("moved.sock");
    let resources = &mut document["static_resources"];
    let upstream = resources["clusters"][0]["load_assignment"]["endpoints"][0]["lb_endpoints"][0].clone();
    let manager = "/listeners/0/filter_chains/0/filters/0/typed_config";
    let filters = resources.pointer(&format!("{manager}/http_filters")).and_then(Value::as_array);
    let filter = filters.into_iter().flatten().find(|filter| filter["name"] == "inferspan");
    let filter = filter.context("the filter's place in the chain")?.clone();

    let mut acme_endpoint = upstream.clone();
    acme_endpoint["metadata"] = metadata("acme_endpoint");
    let mut acme = cluster("acme", from_ref(&upstream));
    acme["metadata"] = metadata("acme");
    let mut inner = cluster("inner", from_ref(&upstream));
    inner["typed_extension_protocol_options"] = json!({ PROTOCOL_OPTIONS: {
        "@type": format!("type.googleapis.com/{PROTOCOL_OPTIONS}"),
        "explicit_http_config": { "http_protocol_options": {} },
        "http_filters": [filter, { "name": "codec", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec",
        } }],
    } });
    // Nothing listens on a port that only the system may give out.
    let refusing = SocketAddr::from(([127, 0, 0, 1], 1));
    let clusters = [
        acme,
        inner,
        cluster("acme-endpoint", &[acme_endpoint]),
        cluster("ruled-1", from_ref(&upstream)),
        cluster("outbound|443||api.mistral.ai", &[upstream]),
        cluster("automatic", &[endpoint(automatic, "api.deepseek.com")]),
        // Whichever is tried first, the one that answers is the second.
        cluster("retry", &[endpoint(refusing, "api.perplexity.ai"), endpoint(retry, "api.together.xyz")]),
        cluster("moved", &[json!({ "endpoint": { "address": { "pipe": { "path": &moved } } } })]),
    ];
    let known = resources["clusters"].as_array_mut().context("the clusters")?;
    known.extend(clusters);

    let again = json!({
        "retry_on": "connect-failure", "num_retries": 3, "host_selection_retry_max_attempts": "5",
        "retry_host_predicate": [{ "name": "previous_hosts", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
        } }],
    });
    let follow = json!({ "max_internal_redirects": 1, "redirect_response_codes": [307] });
    let mut by_route = route("/route", "upstream", json!({}));
    by_route["metadata"] = metadata("acme_route");
    let routes = json!([
        route("/openai", "upstream", json!({ "host_rewrite_literal": "api.openai.com" })),
        route("/groq", "upstream", json!({ "host_rewrite_literal": "api.groq.com:8443" })),
        route("/automatic", "automatic", json!({ "auto_host_rewrite": true })),
        route("/retry", "retry", json!({ "auto_host_rewrite": true, "retry_policy": again })),
        route("/moved", "moved", json!({ "internal_redirect_policy": follow })),
        route("/cluster", "acme", json!({})),
        route("/endpoint", "acme-endpoint", json!({})),
        by_route,
        route("/named", "outbound|443||api.mistral.ai", json!({})),
        route("/ruled", "ruled-1", json!({})),
    ]);
    let inner = json!([route("/inner", "inner", json!({ "host_rewrite_literal": "api.cerebras.ai" }))]);
    let elsewhere = json!([{ "match": { "prefix": "/" }, "redirect": {
        "path_redirect": "/openai/chat/completions", "response_code": "TEMPORARY_REDIRECT",
    } }]);
    let listeners = resources["listeners"].as_array_mut().context("the listeners")?;
    let mut third = listeners.last().context("a listener")?.clone();
    third["name"] = json!("moved");
    third["address"] = json!({ "pipe": { "path": moved } });
    listeners.push(third);
    for (listener, routes) in listeners.iter_mut().zip([routes, inner, elsewhere]) {
        let manager = &mut listener["filter_chains"][0]["filters"][0]["typed_config"];
        manager["route_config"] = json!({
            "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": routes }],
        });
    }
    Ok(document)
}

fn cluster(name: &str, endpoints: &[Value]) -> Value {
    json!({
        "name": name,
        "type": "STATIC",
        "load_assignment": { "cluster_name": name, "endpoints": [{ "lb_endpoints": endpoints }] },
    })
}

fn endpoint(address: SocketAddr, hostname: &str) -> Value {
    let socket = json!({ "address": address.ip().to_string(), "port_value": address.port() });
    json!({ "endpoint": { "address": { "socket_address": socket }, "hostname": hostname } })
}

fn route(prefix: &str, cluster: &str, more: Value) -> Value {
    let mut action = more;
    action["cluster"] = json!(cluster);
    action["prefix_rewrite"] = json!("/v1");
    json!({ "match": { "prefix": prefix }, "route": action })
}

fn metadata(provider: &str) -> Value {
    json!({ "filter_metadata": { "inferspan": { "provider": provider } } })
}

const PROTOCOL_OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
