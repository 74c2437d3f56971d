//! The compiled filter in a real Envoy that exports to a real OpenTelemetry Collector. What is asserted is what the
//! Collector's file exporter wrote.

mod accounts;
mod delivery;
mod outage;
mod records;

use anyhow::{Context, Result};
use host_test::rig::collector::{Collector, install};

/// A Collector that is not started yet.
async fn collector() -> Result<Collector> {
    let found = tokio::task::spawn_blocking(|| install::find(&mut |line| eprintln!("{line}"))).await;
    Collector::down(&found.context("find the Collector")??)
}
