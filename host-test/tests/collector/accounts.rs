//! Records of every signal through an outage: what was queued is delivered, or lost and counted, or still held; and what
//! is delivered is what the Collector wrote.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use host_test::rig::PATIENCE;
use host_test::rig::collector::{Collector, Written};
use host_test::rig::config::Upstream;
use host_test::rig::provider::Scenario;
use host_test::rig::stand::{Case, Plan, Stand};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use serde_json::json;
use tokio::time::{Duration, sleep, timeout};

use crate::collector;

#[tokio::test(flavor = "multi_thread")]
async fn every_record_of_every_signal_is_accounted_for() -> Result<()> {
    let mut collector = collector().await?;
    let filter = json!({
        // So little that an outage costs something, of each signal.
        "otlp": {
            "signals": ["traces", "metrics", "logs"], "max_queue_bytes": 32_768, "max_batch_bytes": 4096,
            "max_burst_bytes": 0, "max_batch_age_ms": 100,
        },
        "metrics": { "interval_ms": 1000, "temporality": "delta" },
        "logs": { "events": ["inference_details"] },
    });
    let stand = Stand::start(Plan::new(filter, Upstream::plain(collector.http()))).await?;
    call(&stand, 60).await?;
    let down = settled(&stand, |of| of.queued >= 60 && of.held > 0 && of.dropped > 0).await?;
    assert!(down.values().all(|of| of.exported == 0), "nobody is there: {down:?}");
    assert_eq!([down["spans"].queued, down["log_records"].queued], [60, 60]);

    collector.up().await?;
    call(&stand, 20).await?;
    let all = settled(&stand, |of| of.queued >= 80 && of.held == 0 && of.exported > 0).await?;
    assert_eq!([all["spans"].queued, all["log_records"].queued], [80, 80]);
    // The Collector was never killed, so it has what it acknowledged, once.
    stand.envoy.stop().await?;
    collector.stop().await?;
    let written = written(&collector)?;
    for records in RECORDS {
        // What is collected while nothing is looked at comes on top.
        let (of, written) = (all[records], written[records]);
        assert!(written >= of.exported, "{records}: {of:?}, {written} written");
        assert!(records == "metric_points" || written == of.exported, "{records}: {of:?}, {written} written");
    }
    Ok(())
}

async fn call(stand: &Stand, times: u32) -> Result<()> {
    for _ in 0..times {
        assert_eq!(Case::new().openai(Scenario::Answer, false).send(stand.filtered).await?.status, 200);
    }
    Ok(())
}

/// What became of the records of one signal.
#[derive(Clone, Copy, Debug, Default)]
struct Account {
    queued: u64,
    exported: u64,
    dropped: u64,
    held: u64,
}

/// The accounts, as soon as those of spans and log records are as wanted. They are closed whenever they are read.
async fn settled(
    stand: &Stand,
    wanted: impl Fn(&Account) -> bool,
) -> Result<BTreeMap<&'static str, Account>> {
    let mut last = BTreeMap::new();
    let reading = async {
        loop {
            let stats = stand.envoy.admin().stats().await?;
            let of = |name: &str| stats.get(&format!("wasmcustom.inferspan_{name}")).copied().unwrap_or(0);
            last = accounts(&of);
            let held: u64 = last.values().map(|of| of.held).sum();
            // All of a worker's counters are told one after the other.
            let is_closed = held == of("queue_records");
            if is_closed && ["spans", "log_records"].iter().all(|records| wanted(&last[records])) {
                return anyhow::Ok(());
            }
            // Envoy tells its counters only when asked.
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE * 2, reading).await.with_context(|| format!("{last:?}"))??;
    Ok(last)
}

fn accounts(of: &dyn Fn(&str) -> u64) -> BTreeMap<&'static str, Account> {
    let account = |records: &'static str| {
        let queued = of(&format!("{records}_queued"));
        let exported = of(&format!("{records}_exported"));
        let why = ["queue_full", "expired", "refused", "rejected", "shutdown"];
        let dropped = why.iter().map(|why| of(&format!("{records}_dropped_{why}"))).sum();
        (records, Account { queued, exported, dropped, held: queued.saturating_sub(exported + dropped) })
    };
    RECORDS.map(account).into()
}

fn written(collector: &Collector) -> Result<BTreeMap<&'static str, u64>> {
    let written = collector.written()?;
    let logs = written.logs.iter().flat_map(|request| &request.resource_logs);
    let logs: usize = logs.flat_map(|logs| &logs.scope_logs).map(|scope| scope.log_records.len()).sum();
    let counts = [written.spans().len(), points(&written), logs].map(|count| count as u64);
    Ok(RECORDS.into_iter().zip(counts).collect())
}

fn points(written: &Written) -> usize {
    let of_resource = written.metrics.iter().flat_map(|request| &request.resource_metrics);
    let metrics = of_resource.flat_map(|metrics| &metrics.scope_metrics).flat_map(|scope| &scope.metrics);
    metrics
        .map(|metric| match &metric.data {
            Some(Data::Sum(sum)) => sum.data_points.len(),
            Some(Data::Gauge(gauge)) => gauge.data_points.len(),
            Some(Data::Histogram(histogram)) => histogram.data_points.len(),
            _ => 0,
        })
        .sum()
}

/// What the filter calls them, by signal: traces, metrics, logs.
const RECORDS: [&str; 3] = ["spans", "metric_points", "log_records"];
