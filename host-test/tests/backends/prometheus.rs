//! Prometheus scrapes the Collector, and answers the questions that docs/telemetry.md writes down.

use anyhow::{Context, Result, ensure};
use host_test::rig::backend::prometheus::{Prometheus, Sample, find};
use host_test::rig::collector::{Collector, install};
use host_test::rig::config::Upstream;
use host_test::rig::provider::Scenario;
use host_test::rig::stand::{Case, Plan, Stand};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn it_answers_the_documented_queries() -> Result<()> {
    let programs = tokio::task::spawn_blocking(|| find(&mut |line| eprintln!("{line}"))).await??;
    let otelcol = tokio::task::spawn_blocking(|| install::find(&mut |line| eprintln!("{line}"))).await??;
    let mut collector = Collector::down(&otelcol)?;
    collector.up().await?;
    let prometheus = Prometheus::start(&programs, collector.prometheus(), &[]).await?;
    let filter = json!({
        "otlp": { "signals": ["metrics"] },
        "metrics": { "interval_ms": 1000 },
        "semconv": { "vocabularies": ["gen_ai", "llm"] },
        "prices": [{ "model": "gpt-5-mini-*", "usd_per_million": { "input": 1, "output": 10 } }],
    });
    let stand = Stand::start(Plan::new(filter, Upstream::plain(collector.http()))).await?;

    // A rate wants two different values of each series.
    for calls in 1..=2 {
        let (streamed, refused) = (Case::new(), Case::new());
        let answered = streamed.openai(Scenario::Answer, true).send(stand.filtered).await?.status;
        let limited = refused.openai(Scenario::RateLimited, false).send(stand.filtered).await?.status;
        assert_eq!((answered.as_u16(), limited.as_u16()), (200, 429));
        let seen = |samples: &[Sample]| sum(samples) == f64::from(2 * calls);
        prometheus.until("gen_ai_client_operation_duration_seconds_count", seen).await?;
    }
    // The provider's answer tells of 148 tokens in and 97 out, at $1 and $10 a million.
    for (expression, total) in [
        (r#"gen_ai_client_token_usage_sum{gen_ai_token_type="input"}"#, 296.0),
        (r#"gen_ai_client_token_usage_sum{gen_ai_token_type="output"}"#, 194.0),
        ("llm_cost_usd_total", 2.0 * (148.0 + 970.0) / 1e6),
        ("inferspan_exchanges_completed_total", 2.0),
    ] {
        let samples = prometheus.query(expression).await?;
        assert!((sum(&samples) - total).abs() < 1e-9, "{expression}: {samples:?}");
    }
    for query in documented() {
        let samples = prometheus.query(&query).await.with_context(|| query.clone())?;
        ensure!(!samples.is_empty(), "nothing answers {query}");
        ensure!(samples.iter().all(|sample| sample.value.is_finite()), "{query}: {samples:?}");
    }
    ensure!(stand.envoy.stop().await?.success(), "Envoy ends in good order");
    Ok(())
}

fn sum(samples: &[Sample]) -> f64 {
    samples.iter().map(|sample| sample.value).sum()
}

/// The expressions of docs/telemetry.md, each in a line of a block of its own kind.
fn documented() -> Vec<String> {
    let documentation = include_str!("../../../docs/telemetry.md");
    let blocks = documentation.split("```promql\n").skip(1).filter_map(|block| block.split("```").next());
    let lines = blocks.flat_map(str::lines).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let queries: Vec<_> = lines.map(str::to_owned).collect();
    assert!(queries.len() > 5, "they are in the documentation: {queries:?}");
    queries
}
