//! What became of the records of each signal: by the filter's counters, and by what the Collector wrote.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use host_test::rig::collector::{Collector, Written};
use host_test::rig::envoy::Envoy;
use host_test::rig::{PATIENCE, poll};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;

/// What the filter calls them, by signal: traces, metrics, logs.
pub(crate) const RECORDS: [&str; 3] = ["spans", "metric_points", "log_records"];

/// What became of the records of one signal.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Account {
    pub(crate) queued: u64,
    pub(crate) exported: u64,
    pub(crate) dropped: u64,
}

impl Account {
    pub(crate) fn held(&self) -> u64 {
        self.queued.saturating_sub(self.exported + self.dropped)
    }
}

/// The accounts, as soon as those of spans and log records are as wanted. They are closed: what is neither delivered nor
/// dropped is held.
pub(crate) async fn settled(
    envoy: &Envoy,
    wanted: impl Fn(&Account) -> bool,
) -> Result<BTreeMap<&'static str, Account>> {
    let mut last = BTreeMap::new();
    let found = poll::until("the accounts close as wanted", PATIENCE * 4, async || {
        let stats = envoy.admin().stats().await?;
        let of = |name: &str| stats.get(&format!("wasmcustom.inferspan_{name}")).copied().unwrap_or(0);
        last = RECORDS.map(|records| (records, account(records, &of))).into();
        let held: u64 = last.values().map(Account::held).sum();
        // All of a worker's counters are told one after the other, so between two of them nothing adds up.
        let is_closed = held == of("queue_records");
        let is_wanted = ["spans", "log_records"].iter().all(|records| wanted(&last[records]));
        Ok((is_closed && is_wanted).then(|| last.clone()))
    });
    let found = found.await;
    found.with_context(|| format!("{last:?}"))
}

fn account(records: &str, of: &dyn Fn(&str) -> u64) -> Account {
    let why = ["queue_full", "expired", "refused", "rejected", "shutdown"];
    Account {
        queued: of(&format!("{records}_queued")),
        exported: of(&format!("{records}_exported")),
        dropped: why.iter().map(|why| of(&format!("{records}_dropped_{why}"))).sum(),
    }
}

/// How many records of each signal the Collector wrote.
pub(crate) fn written(collector: &Collector) -> Result<BTreeMap<&'static str, u64>> {
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
