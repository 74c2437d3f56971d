//! An Envoy without a collector says what the filter sees in its own log.

use std::net::SocketAddr;

use anyhow::Result;
use host_test::rig::config::{Config, Filter, Listener, Upstream};
use host_test::rig::envoy::{Envoy, Options};
use host_test::rig::provider::{Pace, Provider, Scenario};
use serde_json::{Value, json};

use crate::world::{Case, binary, runtime, wasm};

#[test]
fn without_a_collector_calls_are_in_envoys_log() -> Result<()> {
    runtime()?.block_on(async {
        let provider = Provider::start(Pace::FAST).await?;
        let filter = Filter { wasm: wasm().await?, configuration: json!({}) };
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = Config {
            listeners: vec![Listener { name: "filtered".to_owned(), address, filter: Some(filter) }],
            upstream: Upstream::plain(provider.address()),
            collector: None,
            tracing: false,
        };
        let options = Options { concurrency: 2, ..Options::default() };
        let envoy = Envoy::start(&binary().await?.path, &config, options).await?;
        let filtered = envoy.listener("filtered")?;
        let cases: Vec<Case> = (0..8).map(|_| Case::new()).collect();
        for case in &cases {
            assert_eq!(case.openai(Scenario::Answer, false).send(filtered).await?.status, 200);
        }
        let lines = until_logged(&envoy, cases.len()).await?;
        for case in &cases {
            let of_case: Vec<_> = lines.iter().filter(|line| line["trace_id"] == *case.trace_id).collect();
            assert_eq!(of_case.len(), 1, "{case:?}");
            assert_eq!(of_case[0]["gen_ai.response.model"], "gpt-5-mini-2026-08-07");
            assert_eq!(of_case[0]["parent_span_id"], *case.span_id);
        }
        let log = envoy.log();
        let said = |what: &str| log.iter().filter(|line| line.contains(what)).count();
        assert_eq!(said("conventions: gen_ai 1.42.0-dev"), 1, "not of each VM: {log:#?}");
        assert_eq!(said("Envoy has no cluster otel_collector"), 1, "{log:#?}");
        assert_eq!(envoy.settled(8).await?.exported, 8, "and they count as delivered");
        Ok(())
    })
}

/// The lines of calls in Envoy's log, as soon as there are so many.
async fn until_logged(envoy: &Envoy, many: usize) -> Result<Vec<Value>> {
    let calls_in = |log: &[String]| {
        let calls = log.iter().filter_map(|line| serde_json::from_str(&line[line.find('{')?..]).ok());
        let calls: Vec<Value> = calls.collect();
        (calls.len() >= many).then_some(calls)
    };
    envoy.until_logged(&format!("{many} calls"), calls_in).await
}
