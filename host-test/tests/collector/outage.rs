//! A Collector that is not there at the start, or is killed under load: what is sent is delivered, or counted.

use std::collections::BTreeSet;
use std::env;
use std::time::Duration;

use anyhow::{Context, Result};
use host_test::rig::collector::Collector;
use host_test::rig::config::Upstream;
use host_test::rig::load::{Canned, Load};
use host_test::rig::provider::{Pace, Scenario};
use host_test::rig::stand::{Case, Plan, Stand};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::collector;
use crate::records::{RECORDS, settled, written};

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_down_at_the_start_gets_everything_when_it_is_up() -> Result<()> {
    let mut collector = collector().await?;
    let filter = json!({ "otlp": { "max_batch_age_ms": 100 } });
    let stand = Stand::start(Plan::new(filter, Upstream::plain(collector.http()))).await?;
    for _ in 0..20 {
        assert_eq!(Case::new().openai(Scenario::Answer, true).send(stand.filtered).await?.status, 200);
    }
    let during = stand.envoy.counted(20).await?;
    assert_eq!((during.due, during.held()), (20, 20));
    collector.up().await?;
    let account = stand.envoy.settled(20).await?;
    assert_eq!((account.due, account.exported), (20, 20));
    assert_eq!(delivered(&collector)?.len(), 20);
    Ok(())
}

/// 1,000 calls a second on one worker, for as long as `INFERSPAN_LOAD_SECONDS` says. After a third of it the
/// Collector is killed, half a third later it is there again.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_through_a_restart_is_delivered_or_counted() -> Result<()> {
    let seconds = env::var("INFERSPAN_LOAD_SECONDS").unwrap_or_else(|_| "6".to_owned());
    let sixth = Duration::from_secs(seconds.parse().context("INFERSPAN_LOAD_SECONDS")?) / 6;
    let mut collector = collector().await?;
    collector.up().await?;
    let provider = Canned::start().await?;
    let upstream = Some(provider.address());
    let plan = Plan { upstream, ..Plan::new(json!({}), Upstream::plain(collector.http())) };
    let stand = Stand::start(plan).await?;

    let began = Instant::now();
    // A little more than is wanted: what the machine is late with is not made up for.
    let load = Load::start(stand.filtered, 1020, 64);
    sleep(sixth * 2).await;
    collector.kill().await?;
    sleep(sixth).await;
    collector.up().await?;
    sleep(sixth).await;
    let before = stand.envoy.resident_bytes().await?;
    sleep(sixth * 2).await;
    let after = stand.envoy.resident_bytes().await?;
    let took = began.elapsed();
    let calls = load.stop().await?;

    let sent = calls.len() as u64;
    assert!(calls.iter().all(|call| call.answered), "the outage is none of the clients' business");
    let account = stand.envoy.settled(sent).await?;
    let delivered = delivered(&collector)?;
    println!(
        "{sent} calls in {took:?}, {:.0} a second: {} exported, {} dropped, {} delivered; Envoy occupied {before} bytes, then {after}",
        sent as f64 / took.as_secs_f64(),
        account.exported,
        account.dropped,
        delivered.len(),
    );
    assert_eq!((account.due, account.exported + account.dropped), (sent, sent));
    let of_ours: BTreeSet<String> = calls.into_iter().map(|call| call.trace_id).collect();
    assert!(delivered.is_subset(&of_ours));
    // What was written when the Collector was killed and not acknowledged may have been dropped after that.
    let count = delivered.len() as u64;
    assert!(account.exported <= count && count <= sent, "{account:?}: {count} are delivered");
    assert!(after < before + MEMORY, "Envoy occupied {before} bytes, then {after}");
    Ok(())
}

/// The same of every signal at once, and of every record: fewer calls, as each is told thrice.
#[tokio::test(flavor = "multi_thread")]
async fn every_record_sent_through_a_restart_is_delivered_or_counted() -> Result<()> {
    let mut collector = collector().await?;
    collector.up().await?;
    let filter = json!({
        "otlp": { "signals": ["traces", "metrics", "logs"], "max_batch_age_ms": 100 },
        "metrics": { "interval_ms": 1000 },
        "logs": { "events": ["inference_details"] },
    });
    let plan = Plan { pace: Pace::NONE, ..Plan::new(filter, Upstream::plain(collector.http())) };
    let stand = Stand::start(plan).await?;
    let load = Load::start(stand.filtered, 200, 16);
    stand.provider.events().since(400).await;
    collector.kill().await?;
    // Provider and Envoy write each call down twice.
    stand.provider.events().since(1600).await;
    collector.up().await?;
    stand.provider.events().since(2400).await;
    let sent = load.stop().await?.len() as u64;

    let accounts = settled(&stand.envoy, |of| of.queued >= sent && of.held() == 0).await?;
    assert_eq!([accounts["spans"].queued, accounts["log_records"].queued], [sent, sent]);
    stand.envoy.stop().await?;
    collector.stop().await?;
    let written = written(&collector)?;
    for records in RECORDS {
        let (of, written) = (accounts[records], written[records]);
        assert!(of.exported > 0, "{records}: {of:?}");
        assert_eq!(of.queued, of.exported + of.dropped + of.held(), "{records}");
        // What was written when the Collector was killed and not acknowledged came again, or was dropped after that.
        assert!(written >= of.exported, "{records}: {of:?}, {written} written");
    }
    Ok(())
}

/// The traces of which a span was written; each call has its own.
fn delivered(collector: &Collector) -> Result<BTreeSet<String>> {
    Ok(collector.written()?.spans().into_iter().map(|span| span.trace_id).collect())
}

/// By how much Envoy may grow, after an outage in which its queue was full: by less than the queue holds.
const MEMORY: u64 = 2 << 20;
