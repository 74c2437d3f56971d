//! What docs/configuration.md says of token budgets: Envoy's own local rate limit cannot charge what a call used.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use host_test::rig::config::{Config, Filter, Listener, Upstream};
use host_test::rig::envoy::{Envoy, Options};
use host_test::rig::provider::{Pace, Provider, Scenario};
use host_test::rig::receiver::Receiver;
use serde_json::{Value, json};

use crate::world::{Case, binary, runtime, wasm};

/// The day an Envoy applies the policy this fails, and the documentation can say which one does.
#[test]
fn a_charge_at_the_end_of_the_stream_is_taken_and_never_applied() -> Result<()> {
    runtime()?.block_on(async {
        let used = json!({ "format": "%FILTER_STATE(wasm.inferspan.input_tokens:PLAIN)%" });
        let at_the_end = json!({ "hits_addend": used, "apply_on_stream_done": true });
        // Of 300 tokens each call uses 148, so that the third should empty the budget.
        assert_eq!(statuses(at_the_end).await?, [200; 4]);
        let at_the_request = json!({ "hits_addend": { "number": 200 } });
        assert_eq!(statuses(at_the_request).await?, [200, 429, 429, 429], "the budget is one");
        Ok(())
    })
}

/// How four calls are answered where calls are charged so.
async fn statuses(charge: Value) -> Result<Vec<u16>> {
    let (provider, receiver) = (Provider::start(Pace::FAST).await?, Receiver::start().await?);
    let filter = Filter { wasm: wasm().await?, configuration: json!({ "filter_state": ["input_tokens"] }) };
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let config = Config {
        listeners: vec![Listener { name: "filtered".to_owned(), address, filter: Some(filter) }],
        upstream: Upstream::plain(provider.address()),
        collector: Some(Upstream::plain(receiver.address())),
        tracing: false,
    };
    let document = |admin: &Path| with_budget(config.bootstrap(admin)?, charge);
    let options = Options { concurrency: 1, ..Options::default() };
    let envoy = Envoy::start_as(&binary().await?.path, document, options).await?;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let call = Case::new().openai(Scenario::Answer, false);
        statuses.push(call.send(envoy.listener("filtered")?).await?.status.as_u16());
    }
    Ok(statuses)
}

/// A bucket of 300 tokens, refilled next hour, before all other filters.
fn with_budget(mut document: Value, charge: Value) -> Result<Value> {
    let manager = &mut document["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0];
    let filters = manager["typed_config"]["http_filters"].as_array_mut().context("the chain of filters")?;
    let bucket =
        |tokens: u64| json!({ "max_tokens": tokens, "tokens_per_fill": tokens, "fill_interval": "3600s" });
    let always = json!({ "default_value": { "numerator": 100 } });
    let mut limit = json!({ "actions": [{ "generic_key": { "descriptor_value": "tokens" } }] });
    for (key, value) in charge.as_object().into_iter().flatten() {
        limit[key] = value.clone();
    }
    let budget = json!({ "name": "budget", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
        "stat_prefix": "budget",
        "token_bucket": bucket(1_000_000),
        "filter_enabled": always,
        "filter_enforced": always,
        "rate_limits": [limit],
        "descriptors": [{ "entries": [{ "key": "generic_key", "value": "tokens" }], "token_bucket": bucket(300) }],
    } });
    filters.insert(0, budget);
    Ok(document)
}
