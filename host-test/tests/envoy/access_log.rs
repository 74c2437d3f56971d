//! Envoy's access log and its own spans tell facts of calls, as docs/configuration.md shows it.

use std::fs;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use host_test::rig::config::{Config, Filter, Listener, Upstream};
use host_test::rig::envoy::{Envoy, Options};
use host_test::rig::provider::{Pace, Provider, Scenario};
use host_test::rig::receiver::Receiver;
use serde_json::{Map, Value, json};

use crate::world::{Case, binary, runtime, wasm};

#[test]
fn they_tell_facts_of_calls() -> Result<()> {
    runtime()?.block_on(async {
        let facts = documented();
        assert!(facts.len() > 5, "they are in the documentation: {facts:?}");
        let names: Vec<_> = facts.iter().map(|(name, _)| name.as_str()).collect();
        let (provider, receiver, envoy) =
            (Provider::start(Pace::FAST).await?, Receiver::start().await?, binary().await?);
        let configuration = json!({
            "filter_state": names,
            "prices": [{ "model": "gpt-5-mini-*", "usd_per_million": { "input": 1, "output": 10 } }],
        });
        let filter = Filter { wasm: wasm().await?, configuration };
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = Config {
            listeners: vec![Listener { name: "filtered".to_owned(), address, filter: Some(filter) }],
            upstream: Upstream::plain(provider.address()),
            collector: Some(Upstream::plain(receiver.address())),
            tracing: true,
        };
        // Until 1.37 a custom tag cannot read filter state.
        let has_tags = !envoy.version.starts_with("1.36.");
        let directory = tempfile::tempdir()?;
        let log = directory.path().join("access.jsonl");
        let document = |admin: &std::path::Path| {
            let mut document = config.bootstrap(admin)?;
            let manager = &mut document["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0];
            let manager = &mut manager["typed_config"];
            let mut format: Map<String, Value> = facts.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
            format.insert("trace".to_owned(), json!("%REQ(traceparent)%"));
            format.insert("client".to_owned(), json!("%REQ(x-case)%"));
            manager["access_log"] = json!([{ "name": "file", "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
                "path": log, "log_format": { "json_format": format },
            } }]);
            if has_tags {
                let tags = facts.iter().map(|(k, v)| json!({ "tag": format!("llm.{k}"), "value": v }));
                manager["tracing"]["custom_tags"] = tags.collect();
            }
            Ok(document)
        };
        let running =
            Envoy::start_as(&envoy.path, document, Options { concurrency: 1, ..Options::default() }).await?;
        let filtered = running.listener("filtered")?;
        let (whole, streamed, refused) = (Case::new(), Case::new(), Case::new());
        let traced = |call: host_test::rig::client::Request| {
            call.header("x-request-id", "6b3c1f0e-7d2a-4c5b-9e8f-0a1b2c3d4e5f").send(filtered)
        };
        assert_eq!(traced(whole.openai(Scenario::Answer, false)).await?.status, 200);
        assert_eq!(traced(streamed.openai(Scenario::Answer, true)).await?.status, 200);
        assert_eq!(traced(refused.anthropic(Scenario::RateLimited, false)).await?.status, 429);
        if has_tags {
            for (case, outcome, tokens) in [
                (&whole, "completed", Some("148")),
                (&streamed, "completed", Some("148")),
                (&refused, "error", None),
            ] {
                let is_envoys = |span: &host_test::rig::span::Span| {
                    span.trace_id == case.trace_id && span.text("inferspan.outcome").is_none()
                };
                let span = receiver.span("Envoy's own span", is_envoys).await?;
                assert_eq!(span.text("llm.outcome"), Some(outcome), "{span:?}");
                assert_eq!(span.text("llm.input_tokens"), tokens, "{span:?}");
            }
        }
        running.stop().await?;
        let log = fs::read_to_string(log).context("read the access log")?;
        let line_of = |case: &Case| -> Result<Value> {
            let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            lines.into_iter().find(|line| line["client"] == *case.id).with_context(|| log.clone())
        };
        for case in [&whole, &streamed] {
            let line = line_of(case)?;
            assert_eq!(
                [&line["model"], &line["provider"], &line["operation"], &line["outcome"]],
                ["gpt-5-mini-2026-08-07", "openai", "chat", "completed"]
            );
            assert_eq!([&line["input_tokens"], &line["output_tokens"]], ["148", "97"]);
            // 148 tokens at $1 a million, 97 at $10.
            assert_eq!(line["cost_usd"], "0.001118");
            assert_eq!(line["error_type"], Value::Null);
        }
        assert!(
            line_of(&streamed)?["time_to_first_token_ms"]
                .as_str()
                .is_some_and(|ms| ms.parse::<u64>().is_ok())
        );
        let line = line_of(&refused)?;
        assert_eq!([&line["outcome"], &line["error_type"]], ["error", "429"]);
        Ok(())
    })
}

/// The operators that docs/configuration.md gives to copy, by the facts' names.
fn documented() -> Vec<(String, String)> {
    let documentation = include_str!("../../../docs/configuration.md");
    let (_, chapter) = documentation.split_once("json_format:").unwrap_or_default();
    let (format, _) = chapter.split_once("```").unwrap_or_default();
    let lines = format.lines().filter_map(|line| line.trim().split_once(": "));
    let operators = lines.filter(|(_, operator)| operator.contains("%FILTER_STATE("));
    operators.map(|(name, operator)| (name.to_owned(), operator.trim_matches('"').to_owned())).collect()
}
