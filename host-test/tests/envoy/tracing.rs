//! W3C trace context, in and out.

use anyhow::{Context, Result};
use host_test::rig::provider::{Event, Scenario};
use serde_json::json;

use crate::world::{Case, World, runtime};

#[test]
fn the_provider_is_told_the_filters_span_where_configured() -> Result<()> {
    runtime()?.block_on(async {
        let world = World::start(json!({ "trace": { "propagate": true } })).await?;
        let case = Case::new();
        case.openai(Scenario::Answer, true).header("tracestate", "vendor=1").send(world.filtered).await?;
        let span = world.span_of(&case).await?;
        assert_eq!(span.parent_id, case.span_id);

        let arrived =
            world.event("the request arrives", &case, |event| matches!(event, Event::Arrived(_))).await?;
        let header =
            |name: &str| arrived.request().headers.get(name).map(|value| value.to_str().map(str::to_owned));
        let traceparent = header("traceparent").context("no traceparent went up")??;
        assert_eq!(traceparent, format!("00-{}-{}-01", case.trace_id, span.span_id));
        assert_eq!(header("tracestate").context("no tracestate went up")??, "vendor=1");
        Ok(())
    })
}

#[test]
fn a_client_that_is_not_sampled_leaves_no_span() -> Result<()> {
    runtime()?.block_on(async {
        let world = World::start(json!({})).await?;
        let unsampled = Case::new();
        let mut request = unsampled.openai(Scenario::Answer, false);
        for (name, value) in &mut request.headers {
            if name == "traceparent" {
                *value = format!("00-{}-{}-00", unsampled.trace_id, unsampled.span_id).into_bytes();
            }
        }
        assert_eq!(request.send(world.filtered).await?.status, 200);

        // One worker exports in order: what comes after says that nothing came before.
        let sampled = Case::new();
        sampled.openai(Scenario::Answer, false).send(world.filtered).await?;
        world.span_of(&sampled).await?;
        assert!(!world.receiver.spans().iter().any(|span| span.trace_id == unsampled.trace_id));
        Ok(())
    })
}
