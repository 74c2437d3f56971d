//! A collector that is down, slow, full or out of its mind: traffic goes on, spans come later, and what is lost is
//! counted.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result};
use host_test::rig::provider::Scenario;
use host_test::rig::receiver::{Export, Receiver, Reply};
use host_test::rig::{PATIENCE, poll};
use hyper::StatusCode;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use serde_json::json;

use crate::world::{Case, World, runtime};

#[test]
fn after_an_outage_of_any_kind_everything_arrives() -> Result<()> {
    runtime()?.block_on(outages("http/protobuf"))
}

#[test]
fn after_an_outage_of_any_kind_everything_arrives_by_grpc() -> Result<()> {
    runtime()?.block_on(outages("grpc"))
}

async fn outages(protocol: &str) -> Result<()> {
    let mut world = World::start(json!({
        "otlp": {
            "protocol": protocol, "signals": ["traces", "metrics", "logs"],
            "max_batch_age_ms": 100, "timeout_ms": 500, "max_batch_records": 4,
        },
        "logs": { "events": ["inference_details"] },
        // Longer than what was counted takes to reach Envoy.
        "metrics": { "interval_ms": 3000 },
    }))
    .await?;
    let mut sent = 0;
    for (outage, reply) in [
        ("down", None),
        ("unavailable", Some(Reply::Status(StatusCode::SERVICE_UNAVAILABLE, None))),
        ("full", Some(Reply::Status(StatusCode::TOO_MANY_REQUESTS, Some(1)))),
        ("closes", Some(Reply::Close)),
        ("resets", Some(Reply::Reset)),
        ("silent", Some(Reply::Hang)),
    ] {
        match reply {
            Some(reply) => world.receiver.reply_always(reply),
            None => world.receiver.down().await,
        }
        let before = world.envoy.admin().stat(FAILED).await?;
        sent += calls(&world, 10).await?;
        world.until_more_than(FAILED, before).await.context(outage)?;
        let during = world.envoy.counted(sent).await?;
        assert_eq!((during.held(), during.dropped), (10, 0), "{outage}");

        world.receiver.reply_always(Reply::Take);
        world.receiver.up()?;
        let account = world.envoy.settled(sent).await.context(outage)?;
        assert_eq!((account.due, account.exported, account.dropped), (sent, sent, 0), "{outage}");
        world.until_more_than("wasmcustom.inferspan_log_records_exported", sent - 1).await.context(outage)?;
        // None of these took what it did not acknowledge: nothing comes twice.
        assert_eq!(received(&world.receiver), (sent, sent), "{outage}");
        assert_eq!(logged(&world.receiver), sent, "{outage}");
        measured(&world).await.context(outage)?;
    }
    Ok(())
}

#[test]
fn a_slow_collector_gets_everything_once() -> Result<()> {
    runtime()?.block_on(async {
        let world =
            World::start(json!({ "otlp": { "max_batch_age_ms": 100, "max_batch_spans": 4 } })).await?;
        world.receiver.reply_always(Reply::Late(Duration::from_millis(300)));
        let sent = calls(&world, 60).await?;
        let account = world.envoy.settled(sent).await?;
        assert_eq!((account.due, account.exported, account.dropped), (sent, sent, 0));
        assert_eq!(received(&world.receiver), (sent, sent));
        Ok(())
    })
}

#[test]
fn what_a_collector_takes_too_late_comes_again() -> Result<()> {
    runtime()?.block_on(async {
        let world = World::start(json!({ "otlp": { "max_batch_age_ms": 100, "timeout_ms": 200 } })).await?;
        world.receiver.reply_next(Reply::Late(Duration::from_secs(2)));
        let sent = calls(&world, 1).await?;
        let account = world.envoy.settled(sent).await?;
        assert_eq!((account.due, account.exported, account.dropped), (sent, sent, 0));
        assert_eq!(received(&world.receiver), (2, 1), "and is known by its ids");
        Ok(())
    })
}

#[test]
fn what_a_collector_answers_is_counted_as_it_says() -> Result<()> {
    runtime()?.block_on(async {
        for protocol in ["http/protobuf", "http/json", "grpc"] {
            answers(protocol).await.context(protocol)?;
        }
        Ok(())
    })
}

async fn answers(protocol: &str) -> Result<()> {
    // A batch leaves with its fifth span.
    let otlp = json!({ "protocol": protocol, "max_batch_age_ms": 60_000, "max_batch_records": 5 });
    let world = World::start(json!({ "otlp": otlp })).await?;
    let mut sent = 0;
    let mut lost = 0;
    for (reply, counter, lost_of_five) in [
        (Reply::Partly(2), Some("wasmcustom.inferspan_spans_dropped_rejected"), 2),
        // More than there were is nonsense; no more than all can be lost.
        (Reply::Partly(1000), Some("wasmcustom.inferspan_spans_dropped_rejected"), 5),
        (Reply::Garbage, None, 0),
        (Reply::Status(StatusCode::BAD_REQUEST, None), Some("wasmcustom.inferspan_spans_dropped_refused"), 5),
    ] {
        world.receiver.reply_always(reply);
        let before = world.envoy.admin().stats().await?;
        sent += calls(&world, 5).await?;
        lost += lost_of_five;
        let account = world.envoy.settled(sent).await?;
        assert_eq!((account.due, account.exported, account.dropped), (sent, sent - lost, lost), "{reply:?}");
        if let Some(counter) = counter {
            let after = world.envoy.admin().stat(counter).await?;
            assert_eq!(after - before.get(counter).copied().unwrap_or(0), lost_of_five, "{counter}");
        }
    }
    Ok(())
}

#[test]
fn beyond_the_bound_what_is_lost_is_counted_and_the_rest_arrives() -> Result<()> {
    runtime()?.block_on(async {
        let bound = 16_384;
        let otlp = json!({ "max_queue_bytes": bound, "max_burst_bytes": 0, "max_batch_bytes": 1024, "max_batch_age_ms": 100 });
        let mut world = World::start(json!({ "otlp": otlp })).await?;
        world.receiver.down().await;
        let sent = calls(&world, 100).await?;
        let during = world.envoy.counted(sent).await?;
        assert_eq!((during.due, during.exported), (sent, 0));
        assert!(during.dropped > 0 && during.held() > 0, "{during:?}");

        world.receiver.up()?;
        let account = world.envoy.settled(sent).await?;
        assert_eq!((account.due, account.dropped), (sent, during.dropped), "nothing more is lost");
        assert_eq!(account.exported, during.held(), "what was held arrives");
        assert_eq!(received(&world.receiver), (account.exported, account.exported));
        let bytes: usize = world.receiver.exports().map(|export| export.body.len()).iter().sum();
        let envelopes = 512 * world.receiver.exports().all().len();
        assert!(bytes <= bound + envelopes, "{bytes} bytes were held");
        Ok(())
    })
}

/// Makes so many calls, one after the other.
async fn calls(world: &World, count: u64) -> Result<u64> {
    for _ in 0..count {
        assert_eq!(Case::new().openai(Scenario::Answer, false).send(world.filtered).await?.status, 200);
    }
    Ok(count)
}

/// How many spans came, and how many that are different.
fn received(receiver: &Receiver) -> (u64, u64) {
    let ids: Vec<String> =
        receiver.exports().map(Export::spans).into_iter().flatten().map(|span| span.span_id).collect();
    let different: BTreeSet<&String> = ids.iter().collect();
    (ids.len() as u64, different.len() as u64)
}

/// Waits until every metric point that was queued has come, once, and none was lost.
async fn measured(world: &World) -> Result<()> {
    poll::until("every metric point came", PATIENCE, async || {
        let stats = world.envoy.admin().stats().await?;
        let of = |fate: &str| {
            stats.get(&format!("wasmcustom.inferspan_metric_points_{fate}")).copied().unwrap_or(0)
        };
        let points = points(&world.receiver);
        let queued = of("queued");
        Ok((queued > 0 && [of("exported"), points] == [queued; 2]).then_some(()))
    })
    .await
}

/// How many metric points came.
fn points(receiver: &Receiver) -> u64 {
    let of_metric = |metric: &Metric| match &metric.data {
        Some(Data::Sum(sum)) => sum.data_points.len() as u64,
        Some(Data::Gauge(gauge)) => gauge.data_points.len() as u64,
        Some(Data::Histogram(histogram)) => histogram.data_points.len() as u64,
        _ => 0,
    };
    let of_export = |export: &Export| {
        let resources = export.metrics.iter().flat_map(|request| &request.resource_metrics);
        let scopes = resources.flat_map(|resource| &resource.scope_metrics);
        scopes.flat_map(|scope| &scope.metrics).map(of_metric).sum::<u64>()
    };
    receiver.exports().map(of_export).into_iter().sum()
}

/// How many log records came.
fn logged(receiver: &Receiver) -> u64 {
    let of_export = |export: &Export| {
        let resources = export.logs.iter().flat_map(|request| &request.resource_logs);
        let scopes = resources.flat_map(|resource| &resource.scope_logs);
        scopes.map(|scope| scope.log_records.len() as u64).sum::<u64>()
    };
    receiver.exports().map(of_export).into_iter().sum()
}

/// Exports that failed and are tried again.
const FAILED: &str = "wasmcustom.inferspan_exports_failed";
