//! `envoy/grafana` and `envoy/prometheus`: rules and queries on what the filter really told, in a real Prometheus that
//! scrapes a real Collector.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use host_test::build;
use host_test::rig::backend::prometheus::{Programs, Prometheus, Sample, find};
use host_test::rig::collector::{Collector, install};
use host_test::rig::config::Upstream;
use host_test::rig::provider::Scenario;
use host_test::rig::stand::{Case, Plan, Stand};
use serde_json::{Value, json};

use crate::files;

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_say_what_they_should() -> Result<()> {
    let promtool = programs().await?.promtool;
    for file in rules() {
        succeed(Command::new(&promtool).args(["check", "rules"]).arg(file))?;
    }
    let tests = build::workspace().join("host-test/tests/platform/rules.test.yaml");
    succeed(Command::new(&promtool).args(["test", "rules"]).arg(tests))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_gives_data() -> Result<()> {
    let programs = programs().await?;
    let otelcol = tokio::task::spawn_blocking(|| install::find(&mut |line| eprintln!("{line}"))).await??;
    let mut collector = Collector::down(&otelcol)?;
    let filter = json!({
        "otlp": {
            "signals": ["traces", "metrics"], "max_batch_age_ms": 100,
            "max_batch_bytes": 4096, "max_queue_bytes": 16384, "max_burst_bytes": 0,
        },
        "metrics": { "interval_ms": 1000 },
        "prices": [{ "model": "gpt-5-mini-*", "usd_per_million": { "input": 1, "output": 10 } }],
    });
    let stand = Stand::start(Plan::new(filter, Upstream::plain(collector.http()))).await?;
    // While the collector is down exports fail, and more spans come than the queue takes.
    for _ in 0..60 {
        calls(&stand).await?;
    }
    stand.envoy.counted(180).await?;
    collector.up().await?;
    let prometheus = Prometheus::start(&programs, collector.prometheus(), &rules()).await?;
    let seen = |samples: &[Sample]| samples.iter().map(|sample| sample.value).sum::<f64>() >= 180.0;
    prometheus.until("gen_ai_client_operation_duration_seconds_count", seen).await?;
    // A rate is of what is added while Prometheus looks.
    calls(&stand).await?;

    let queries = dashboard()?.into_iter().chain(alerts()?).chain(recorded()?);
    for query in queries {
        let has_data =
            |samples: &[Sample]| !samples.is_empty() && samples.iter().all(|sample| sample.value.is_finite());
        prometheus.until(&query, has_data).await.with_context(|| query.clone())?;
    }
    // 148 of the input tokens and 128 of them from the cache, as the provider tells each time.
    let cached =
        prometheus.query("inferspan:cache_read:ratio5m{gen_ai_request_model=\"gpt-5-mini\"}").await?;
    ensure!(matches!(cached.as_slice(), [one] if (one.value - 128.0 / 148.0).abs() < 1e-6), "{cached:?}");
    ensure!(stand.envoy.stop().await?.success(), "Envoy ends in good order");
    Ok(())
}

/// A stream that is answered, and two calls that are refused.
async fn calls(stand: &Stand) -> Result<()> {
    for (request, status) in [
        (Case::new().openai(Scenario::Answer, true), 200),
        (Case::new().openai(Scenario::RateLimited, false), 429),
        (Case::new().anthropic(Scenario::RateLimited, false), 429),
    ] {
        let answered = request.send(stand.filtered).await?.status;
        ensure!(answered == status, "{answered} in place of {status}");
    }
    Ok(())
}

async fn programs() -> Result<Programs> {
    tokio::task::spawn_blocking(|| find(&mut |line| eprintln!("{line}"))).await?
}

fn rules() -> [PathBuf; 2] {
    ["rules.yaml", "alerts.yaml"].map(|file| build::workspace().join("envoy/prometheus").join(file))
}

fn succeed(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("run {:?}", command.get_program()))?;
    let said = [output.stdout, output.stderr].concat();
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&said));
    Ok(())
}

/// The expressions of the dashboard's panels, with its variables as they are when nothing is chosen.
fn dashboard() -> Result<Vec<String>> {
    let dashboard = files::read("grafana/inferspan.json")?;
    let panels = dashboard["panels"].as_array().context("no panels")?;
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    let expressions = targets.filter_map(|target| target["expr"].as_str());
    let expressions: Vec<String> = expressions
        .map(|expression| {
            [("$provider", ".*"), ("$model", ".*"), ("$__rate_interval", "1m"), ("$__range", "1h")]
                .iter()
                .fold(expression.to_owned(), |text, (variable, value)| text.replace(variable, value))
        })
        .collect();
    ensure!(expressions.len() > 25, "the panels are not where they were: {}", expressions.len());
    ensure!(!expressions.iter().any(|expression| expression.contains('$') && !expression.contains("\"$1\"")));
    Ok(expressions)
}

/// The expressions of the alerts, without the thresholds at the ends of their lines: what is compared, not whether it is
/// too much.
fn alerts() -> Result<Vec<String>> {
    let compared = |line: &str| {
        let at = line.rfind(" > ").or_else(|| line.rfind(" < "));
        let is_threshold = |at: &usize| line.get(at + 3..).is_some_and(|rest| rest.parse::<f64>().is_ok());
        at.filter(is_threshold).and_then(|at| line.get(..at)).unwrap_or(line).to_owned()
    };
    let without = |text: String| text.lines().map(compared).collect::<Vec<_>>().join("\n");
    Ok(expressions("prometheus/alerts.yaml")?.into_iter().map(without).collect())
}

/// The names under which rules record.
fn recorded() -> Result<Vec<String>> {
    let file = files::read("prometheus/rules.yaml")?;
    let rules = file.pointer("/groups/0/rules").and_then(Value::as_array).context("no rules")?;
    let names = rules.iter().map(|rule| rule["record"].as_str().map(str::to_owned));
    names.collect::<Option<_>>().context("a rule without a name")
}

fn expressions(file: &str) -> Result<Vec<String>> {
    let file = files::read(file)?;
    let groups = file["groups"].as_array().context("no groups")?;
    let rules = groups.iter().filter_map(|group| group["rules"].as_array()).flatten();
    rules
        .map(|rule| rule["expr"].as_str().map(str::to_owned))
        .collect::<Option<_>>()
        .context("a rule without expr")
}
