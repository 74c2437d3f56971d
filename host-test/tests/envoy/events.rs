//! What happened within a call is told by the events of its span.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use host_test::rig::provider::Scenario;
use host_test::rig::span::{Event, Span, Value};

use crate::world::{Case, run};

#[test]
fn a_stream_tells_when_its_first_token_came() -> Result<()> {
    run(|world| async move {
        let case = Case::new();
        assert_eq!(case.openai(Scenario::Answer, true).send(world.filtered).await?.status, 200);
        let span = world.span_of(&case).await?;
        let first = event(&span, "inferspan.first_token")?;
        assert_eq!(first.attributes, BTreeMap::new());
        assert!(span.start < first.time && first.time < span.end, "{span:#?}");
        let waited = (first.time - span.start) as f64 / 1e9;
        assert_eq!(span.double("gen_ai.response.time_to_first_chunk"), Some(waited));

        let whole = Case::new();
        assert_eq!(whole.openai(Scenario::Answer, false).send(world.filtered).await?.status, 200);
        assert_eq!(world.span_of(&whole).await?.events, []);
        Ok(())
    })
}

#[test]
fn an_attempt_that_the_client_repeats_says_so() -> Result<()> {
    run(|world| async move {
        let case = Case::new();
        let again = case.openai(Scenario::Answer, false).header("x-stainless-retry-count", "2");
        assert_eq!(again.send(world.filtered).await?.status, 200);
        let span = world.span_of(&case).await?;
        let retried = event(&span, "inferspan.retried")?;
        assert_eq!(retried.time, span.start);
        assert_eq!(retried.attributes, BTreeMap::from([("http.request.resend_count".to_owned(), 2.into())]));
        Ok(())
    })
}

#[test]
fn a_refusal_for_the_rate_limit_tells_the_limits() -> Result<()> {
    run(|world| async move {
        let case = Case::new();
        assert_eq!(case.openai(Scenario::RateLimited, false).send(world.filtered).await?.status, 429);
        let span = world.span_of(&case).await?;
        let limited = event(&span, "inferspan.rate_limited")?;
        let limits = [
            ("inferspan.ratelimit.limit_tokens", 200_000),
            ("inferspan.ratelimit.remaining_tokens", 0),
            ("inferspan.ratelimit.retry_after", 2),
        ];
        let limits = limits.map(|(key, value): (&str, i64)| (key.to_owned(), Value::from(value)));
        assert_eq!(limited.attributes, BTreeMap::from(limits));
        assert!(span.start < limited.time && limited.time <= span.end, "{span:#?}");
        Ok(())
    })
}

fn event<'s>(span: &'s Span, name: &str) -> Result<&'s Event> {
    let event = span.events.iter().find(|event| event.name == name);
    event.with_context(|| format!("no {name} in {span:#?}"))
}
