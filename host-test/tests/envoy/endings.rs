//! Every way in which an exchange can end becomes one span that says so.

use anyhow::{Context, Result};
use host_test::rig::provider::{Event, Scenario};
use host_test::rig::span::Span;
use serde_json::json;

use crate::world::{Case, World, run};

#[test]
fn a_client_that_leaves_in_the_middle() -> Result<()> {
    run(|world| async move {
        let case = Case::new();
        let mut answer = case.openai(Scenario::Stall, true).open(world.filtered).await?;
        let mut read = Vec::new();
        while !String::from_utf8_lossy(&read).contains("\"content\":\"proxy ") {
            read.extend_from_slice(&answer.chunk().await?.context("the answer ended")?);
        }
        drop(answer);
        world.event("the provider sees it leave", &case, |event| matches!(event, Event::Left(_))).await?;

        let span = ended(world, &case, "client_cancelled", None).await?;
        assert_eq!(span.text("gen_ai.response.model"), Some("gpt-5-mini-2026-08-07"));
        assert!(span.texts("gen_ai.response.finish_reasons").is_empty());
        assert_eq!(span.int("gen_ai.usage.output_tokens"), None);
        Ok(())
    })
}

#[test]
fn a_client_that_leaves_before_the_answer() -> Result<()> {
    run(|world| async move {
        let case = Case::new();
        let waiting = tokio::spawn(case.anthropic(Scenario::Silence, true).open(world.filtered));
        world.event("the request arrives", &case, |event| matches!(event, Event::Arrived(_))).await?;
        waiting.abort();
        world.event("the provider sees it leave", &case, |event| matches!(event, Event::Left(_))).await?;

        let span = ended(world, &case, "client_cancelled", None).await?;
        assert_eq!(span.text("gen_ai.request.model"), Some("claude-sonnet-5"));
        assert_eq!(span.text("gen_ai.response.model"), None);
        Ok(())
    })
}

#[test]
fn an_upstream_that_resets() -> Result<()> {
    run(|world| async move {
        for stream in [true, false] {
            let case = Case::new();
            let answer = case.openai(Scenario::Reset, stream).open(world.filtered).await?;
            assert_eq!(answer.status, 200);
            assert!(answer.rest().await.is_err(), "the client is told that the answer broke off");
            ended(world, &case, "upstream_reset", Some("upstream_reset")).await?;
        }
        Ok(())
    })
}

#[test]
fn an_upstream_that_hangs_up_in_the_middle() -> Result<()> {
    run(|world| async move {
        let case = Case::new();
        let answer = case.anthropic(Scenario::Cut, true).open(world.filtered).await?;
        assert!(answer.rest().await.is_err(), "the client is told that the answer broke off");
        let span = ended(world, &case, "upstream_reset", Some("upstream_reset")).await?;
        assert_eq!(span.int("gen_ai.usage.input_tokens"), Some(1081), "told at the stream's start");
        Ok(())
    })
}

#[test]
fn an_upstream_that_never_answers() -> Result<()> {
    run(|world| async move {
        let case = Case::new();
        let answer = case.openai(Scenario::Refuse, true).send(world.filtered).await?;
        assert_eq!(answer.status, 503, "Envoy answers in its place");
        let span = ended(world, &case, "no_response", Some("no_response")).await?;
        assert_eq!(span.int("http.response.status_code"), Some(503), "what the client got");
        Ok(())
    })
}

#[test]
fn errors_of_the_provider() -> Result<()> {
    run(|world| async move {
        let cases = [
            (Scenario::RateLimited, false, "429", "429"),
            (Scenario::RateLimited, true, "429", "429"),
            (Scenario::BadRequest, false, "400", "400"),
            (Scenario::Overloaded, true, "503", "529"),
            (Scenario::StreamError, true, "server_error", "overloaded_error"),
        ];
        for (scenario, stream, of_openai, of_anthropic) in cases {
            let case = Case::new();
            case.openai(scenario, stream).send(world.filtered).await?;
            ended(world, &case, "error", Some(of_openai)).await?;
            let case = Case::new();
            case.anthropic(scenario, stream).send(world.filtered).await?;
            ended(world, &case, "error", Some(of_anthropic)).await?;
        }
        Ok(())
    })
}

#[test]
fn a_client_without_a_trace_starts_one() -> Result<()> {
    run(|world| async move {
        let mut request = Case::new().openai(Scenario::Answer, true);
        request.headers.retain(|(name, _)| name != "traceparent");
        request.body = json!({ "model": "gpt-untraced", "messages": [], "stream": true }).to_string().into();
        request.send(world.filtered).await?;
        let is_it = |span: &Span| span.text("gen_ai.request.model") == Some("gpt-untraced");
        let span = world.receiver.span("the span of the untraced call", is_it).await?;
        assert_eq!(span.parent_id, "");
        assert_ne!(span.trace_id, "0".repeat(32));
        assert_eq!(span.trace_id.len(), 32);
        Ok(())
    })
}

#[test]
fn what_is_no_llm_call_leaves_no_span() -> Result<()> {
    run(|world| async move {
        let unknown = Case::new();
        let body = json!({ "model": "gpt-5-mini", "messages": [] }).to_string();
        let answer = unknown.post("example.com", "/somewhere/else", body).send(world.filtered).await?;
        assert_eq!(answer.status, 404, "the provider's own answer");

        // One worker exports in order: what comes after says that nothing came before.
        let known = Case::new();
        known.openai(Scenario::Answer, false).send(world.filtered).await?;
        world.span_of(&known).await?;
        let spans = world.receiver.spans();
        assert!(!spans.iter().any(|span| span.trace_id == unknown.trace_id));
        Ok(())
    })
}

/// The case's span, which ended in that way, once.
async fn ended(world: &World, case: &Case, outcome: &str, error: Option<&str>) -> Result<Span> {
    let span = world.span_of(case).await?;
    assert_eq!(span.text("inferspan.outcome"), Some(outcome), "{span:?}");
    assert_eq!(span.text("error.type"), error, "{span:?}");
    assert_eq!(span.is_error, error.is_some(), "{span:?}");
    assert_eq!(span.parent_id, case.span_id);
    assert!(span.start > 0 && span.end >= span.start, "{span:?}");
    let same = world.receiver.spans().iter().filter(|span| span.trace_id == case.trace_id).count();
    assert_eq!(same, 1, "spans of one call");
    Ok(span)
}
