//! Envoy ends while calls pass: in good order nothing is lost, at once only what is young.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use host_test::rig::config::Upstream;
use host_test::rig::envoy::Options;
use host_test::rig::load::{Call, Load};
use host_test::rig::provider::Pace;
use host_test::rig::receiver::{Export, Receiver};
use host_test::rig::span::hex;
use host_test::rig::stand::{Plan, Stand};
use serde_json::json;
use tokio::time::Instant;

use crate::world::{runtime, until_more_than};

#[test]
fn a_graceful_drain_under_load_loses_nothing() -> Result<()> {
    runtime()?.block_on(async {
        let receiver = Receiver::start().await?;
        let Stand { mut envoy, provider, filtered, .. } = Stand::start(plan(&receiver, 1000)).await?;
        let load = Load::start(filtered, 200, 8);
        provider.events().since(200).await;
        envoy.admin().drain().await?;
        let calls = load.ended().await?;
        // Who connects while the listening socket is being closed may never get through.
        let answered = calls.iter().filter(|call| call.answered).count();
        let account = envoy.settled(answered as u64).await?;
        assert_eq!((account.held(), account.dropped), (0, 0), "{account:?}");
        until_more_than(&envoy, "wasmcustom.inferspan_log_records_exported", answered as u64 - 1).await?;
        envoy.admin().quit().await?;
        let status = envoy.ended().await?;
        assert!(status.success(), "{status}: {:#?}", envoy.log());
        assert_eq!(lost(&calls, &receiver), Vec::<&Call>::new());
        Ok(())
    })
}

#[test]
fn an_end_at_once_loses_at_most_what_is_young() -> Result<()> {
    runtime()?.block_on(async {
        let age = 200;
        let receiver = Receiver::start().await?;
        let Stand { envoy, provider, filtered, .. } = Stand::start(plan(&receiver, age)).await?;
        let load = Load::start(filtered, 200, 8);
        // Provider and Envoy write each call down twice.
        provider.events().since(2000).await;
        let told = Instant::now();
        let status = envoy.signal("-TERM").await?;
        assert!(status.success(), "it ended with {status}");

        let calls = load.stop().await?;
        let old = |call: &&Call| call.ended + Duration::from_millis(age) + BUSY < told;
        let lost = lost(&calls, &receiver);
        let lost_old: Vec<_> = lost.iter().copied().filter(old).collect();
        assert_eq!(lost_old, Vec::<&Call>::new());
        assert!(calls.iter().filter(old).count() > 100, "there were old ones");
        Ok(())
    })
}

fn plan(receiver: &Receiver, max_batch_age_ms: u64) -> Plan {
    let filter = json!({
        "otlp": { "max_batch_age_ms": max_batch_age_ms, "signals": ["traces", "logs"] },
        "logs": { "events": ["inference_details"] },
    });
    let options = Options { concurrency: 1, drain_time: Some(Duration::from_secs(2)), ..Options::default() };
    Plan { pace: Pace::NONE, options, ..Plan::new(filter, Upstream::plain(receiver.address())) }
}

/// The calls that were answered and whose span or log record did not come.
fn lost<'c>(calls: &'c [Call], receiver: &Receiver) -> Vec<&'c Call> {
    let spans: BTreeSet<String> = receiver.spans().into_iter().map(|span| span.trace_id).collect();
    let logs: BTreeSet<String> = receiver.exports().map(logged).into_iter().flatten().collect();
    let came = |call: &Call| spans.contains(&call.trace_id) && logs.contains(&call.trace_id);
    calls.iter().filter(|call| call.answered && !came(call)).collect()
}

/// The traces of an export's log records.
fn logged(export: &Export) -> Vec<String> {
    let resources = export.logs.iter().flat_map(|request| &request.resource_logs);
    let scopes = resources.flat_map(|resource| &resource.scope_logs);
    scopes.flat_map(|scope| &scope.log_records).map(|record| hex(&record.trace_id)).collect()
}

/// What a machine with much to do may take longer than the age says.
const BUSY: Duration = Duration::from_secs(2);
