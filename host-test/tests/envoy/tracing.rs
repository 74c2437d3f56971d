//! W3C trace context, in and out.

use anyhow::{Context, Result};
use host_test::rig::provider::{Event, Scenario};
use host_test::rig::span::Span;
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
fn a_client_that_speaks_b3_is_the_parent_and_w3c_goes_out() -> Result<()> {
    runtime()?.block_on(async {
        let world = World::start(json!({ "trace": { "propagate": true } })).await?;
        let single = |case: &Case| vec![("b3", format!("{}-{}-1", case.trace_id, case.span_id))];
        let several = |case: &Case| {
            vec![
                ("x-b3-traceid", case.trace_id.clone()),
                ("x-b3-spanid", case.span_id.clone()),
                ("x-b3-sampled", "1".to_owned()),
            ]
        };
        for b3 in [&single as &dyn Fn(&Case) -> Vec<(&'static str, String)>, &several] {
            let case = Case::new();
            let mut request = case.openai(Scenario::Answer, false);
            request.headers.retain(|(name, _)| name != "traceparent");
            let request =
                b3(&case).into_iter().fold(request, |request, (name, value)| request.header(name, value));
            assert_eq!(request.send(world.filtered).await?.status, 200);
            let span = world.span_of(&case).await?;
            assert_eq!(span.parent_id, case.span_id);
            let arrived =
                world.event("the request arrives", &case, |event| matches!(event, Event::Arrived(_))).await?;
            let sent = arrived.request().headers.get("traceparent").context("no traceparent went up")?;
            assert_eq!(sent.to_str()?, format!("00-{}-{}-01", case.trace_id, span.span_id));
        }
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

#[test]
fn the_parent_is_the_span_of_an_envoy_that_traces_unless_the_clients_is_asked_for() -> Result<()> {
    runtime()?.block_on(async {
        for (configuration, envoys) in [
            (json!({}), true),
            (json!({ "trace": { "parent": "auto" } }), true),
            (json!({ "trace": { "parent": "client" } }), false),
        ] {
            let world = World::start_tracing(configuration.clone()).await?;
            let case = Case::new();
            let request = case.openai(Scenario::Answer, false);
            // Envoy traces only what has an id by which to choose.
            let request = request.header("x-request-id", "6b3c1f0e-7d2a-4c5b-9e8f-0a1b2c3d4e5f");
            request.send(world.filtered).await?;
            let arrived =
                world.event("the request arrives", &case, |event| matches!(event, Event::Arrived(_))).await?;
            let sent = arrived.request().headers.get("traceparent").context("no traceparent went up")?;
            let sent = sent.to_str()?;
            assert!(sent.contains(&case.trace_id) && !sent.contains(&case.span_id), "Envoy traces: {sent}");
            let is_it = |span: &Span| span.trace_id == case.trace_id && span.name.starts_with("chat ");
            let span = world.receiver.span("the filter's span", is_it).await?;
            let expected = if envoys { sent.get(36..52).context("no traceparent")? } else { &case.span_id };
            assert_eq!(span.parent_id, expected, "{configuration}");
        }
        Ok(())
    })
}
