//! Records of every signal through an outage: what was queued is delivered, or lost and counted, or still held; and what
//! is delivered is what the Collector wrote.

use anyhow::Result;
use host_test::rig::config::Upstream;
use host_test::rig::provider::Scenario;
use host_test::rig::stand::{Case, Plan, Stand};
use serde_json::json;

use crate::collector;
use crate::records::{RECORDS, settled, written};

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
    let down = settled(&stand.envoy, |of| of.queued >= 60 && of.held() > 0 && of.dropped > 0).await?;
    assert!(down.values().all(|of| of.exported == 0), "nobody is there: {down:?}");
    assert_eq!([down["spans"].queued, down["log_records"].queued], [60, 60]);

    collector.up().await?;
    call(&stand, 20).await?;
    let all = settled(&stand.envoy, |of| of.queued >= 80 && of.held() == 0 && of.exported > 0).await?;
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
