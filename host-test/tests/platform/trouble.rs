//! `docs/troubleshooting.md`: what goes wrong is logged in the words of that page.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use host_test::rig::collector::{Collector, install};
use host_test::rig::config::{Config, Filter, Listener, Upstream};
use host_test::rig::envoy::{Envoy, Options};
use host_test::rig::port::Port;
use host_test::rig::provider::{Pace, Provider, Scenario};
use host_test::rig::stand::{Case, Plan, Stand};
use serde_json::{Value, json};

use crate::world::binary;

const PAGE: &str = include_str!("../../../docs/troubleshooting.md");

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_not_reached_is_told_as_the_page_has_it() -> Result<()> {
    let otelcol = tokio::task::spawn_blocking(|| install::find(&mut |line| eprintln!("{line}"))).await??;
    let mut collector = Collector::down(&otelcol)?;
    collector.up().await?;
    let nobody = Port::reserve()?;
    let (http, grpc) = (Upstream::plain(collector.http()), Upstream::plain(collector.grpc()));
    let kept = |status: u16| format!("answered {status}: the spans are kept and sent again later");
    let cases: [(&str, Value, Upstream, String); 7] = [
        (
            "no such cluster",
            json!({ "cluster": "otel_colector" }),
            http.clone(),
            "Envoy has no such cluster".to_owned(),
        ),
        ("nobody listens", json!({}), Upstream::plain(nobody.address()), kept(503)),
        ("TLS to a plain port", json!({}), Upstream { tls: true, ..http.clone() }, kept(503)),
        ("HTTP to the gRPC port", json!({}), grpc.clone(), kept(502)),
        ("gRPC to the HTTP port", json!({ "protocol": "grpc" }), http.clone().http2(), kept(200)),
        ("gRPC by HTTP/1", json!({ "protocol": "grpc" }), grpc, kept(200)),
        (
            "another path",
            json!({ "traces_path": "/traces" }),
            http,
            "answered 404: N spans refused for good".to_owned(),
        ),
    ];
    for (name, otlp, to, expected) in cases {
        ensure!(PAGE.contains(&expected), "{name}: the page does not have {expected:?}");
        let stand = Stand::start(Plan::new(json!({ "otlp": otlp }), to)).await?;
        let status = Case::new().openai(Scenario::Answer, false).send(stand.filtered).await?.status;
        assert_eq!(status, 200, "{name}: the call is none of the collector's business");
        logged(&stand.envoy, &expected.replace("N spans", "1 spans")).await.context(name)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_looks_as_the_page_has_it() -> Result<()> {
    let wasm = tempfile::Builder::new().suffix(".wasm").tempfile()?;
    std::fs::write(wasm.path(), wat::parse_str(TRAPS)?)?;
    let provider = Provider::start(Pace::FAST).await?;
    let filter = Filter { wasm: wasm.path().to_owned(), configuration: json!({}) };
    let config = Config {
        listeners: vec![Listener {
            name: "filtered".to_owned(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            filter: Some(filter),
        }],
        upstream: Upstream::plain(provider.address()),
        collector: None,
        tracing: false,
    };
    let options = Options { concurrency: 1, ..Options::default() };
    let envoy = Envoy::start(&binary().await?, &config, options).await?;
    // The call is cut; how, is Envoy's affair.
    let _ = Case::new().openai(Scenario::Answer, false).send(envoy.listener("filtered")?).await;
    let expected = "Function: proxy_on_response_body failed: Uncaught RuntimeError: unreachable";
    ensure!(PAGE.contains(expected), "the page does not have {expected:?}");
    logged(&envoy, expected).await?;
    Ok(())
}

/// Waits until Envoy's log has a line with that in it.
async fn logged(envoy: &Envoy, expected: &str) -> Result<()> {
    let is_there = |log: &[String]| log.iter().any(|line| line.contains(expected)).then_some(());
    envoy.until_logged(&format!("{expected:?}"), is_there).await
}

/// A filter that traps at a response's body.
const TRAPS: &str = r#"(module
    (memory (export "memory") 2)
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "_initialize"))
    (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 1024))
    (func (export "proxy_on_context_create") (param i32 i32))
    (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
    (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1))
    (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32) (unreachable))
)"#;
