//! Traffic is untouched: the same bytes with the filter and without it, in both directions.

use anyhow::Result;
use host_test::rig::client::{Answer, Request};
use host_test::rig::provider::{Event, Received, Scenario};
use hyper::HeaderMap;
use serde_json::json;

use crate::world::{Case, World, run};

#[test]
fn answers_are_the_same_bytes() -> Result<()> {
    run(|world| async move {
        type Call = fn(&Case) -> Request;
        let calls: [(&str, Call); 9] = [
            ("plain", |case| case.openai(Scenario::Answer, false)),
            ("gzip", |case| case.openai(Scenario::Answer, false).header("accept-encoding", "gzip")),
            ("streamed", |case| case.openai(Scenario::Answer, true)),
            ("streamed, gzip", |case| case.openai(Scenario::Gzip, true).header("accept-encoding", "gzip")),
            ("rate limited", |case| case.openai(Scenario::RateLimited, true)),
            ("error in the stream", |case| case.openai(Scenario::StreamError, true)),
            ("plain, Anthropic", |case| case.anthropic(Scenario::Answer, false)),
            ("streamed, Anthropic", |case| case.anthropic(Scenario::Answer, true)),
            ("overloaded, Anthropic", |case| case.anthropic(Scenario::Overloaded, false)),
        ];
        for (what, call) in calls {
            let (with, sent_with) = through(world, world.filtered, call).await?;
            let (without, sent_without) = through(world, world.plain, call).await?;
            assert_eq!(with.body, sent_with, "{what}: the body that was sent");
            assert_eq!(without.body, sent_without, "{what}: the body that was sent, without the filter");
            assert_eq!(with.status, without.status, "{what}");
            assert_eq!(comparable(with.headers), comparable(without.headers), "{what}");
        }
        Ok(())
    })
}

#[test]
fn requests_go_up_as_they_came() -> Result<()> {
    run(|world| async move {
        let odd = |case: &Case| {
            let body =
                json!({ "model": "gpt-5-mini", "messages": [{ "role": "user", "content": "\u{fc}" }] });
            case.post(
                "me.openai.azure.com",
                "//openai/deployments/a%2Fb/../chat/completions?api-version=1&&k=%00",
                {
                    // Bytes that are not UTF-8 and not JSON.
                    [body.to_string().as_bytes(), b"\xff\x00{"].concat()
                },
            )
            .header("x-bytes", [b'a', 0xff, 0xfe, b'z'])
            .header("x-twice", "1")
            .header("x-twice", "2")
            .header("x-empty", "")
            .header("x-envoy-original-path", "/mine")
            .header("x-request-id", "mine")
            .header("x-forwarded-for", "192.0.2.1")
            .header("tracestate", "a=1,b=2")
        };
        for listener in [world.filtered, world.plain] {
            let case = Case::new();
            let request = odd(&case);
            let sent = request.clone();
            request.send(listener).await?;
            let arrived =
                world.event("the request arrives", &case, |event| matches!(event, Event::Arrived(_))).await?;
            assert_same(&sent, arrived.request());
        }
        Ok(())
    })
}

#[test]
fn header_bytes_that_are_no_text_pass_and_are_measured() -> Result<()> {
    run(|world| async move {
        let case = Case::new();
        let answer = case
            .openai(Scenario::Answer, false)
            .header("user-agent", [b'x', 0xff, 0x80])
            .send(world.filtered)
            .await?;
        assert_eq!(answer.status, 200);
        let span = world.span_of(&case).await?;
        assert_eq!(span.name, "chat gpt-5-mini");
        assert_eq!(span.int("gen_ai.usage.input_tokens"), Some(148));
        Ok(())
    })
}

#[test]
fn twenty_megabytes_up() -> Result<()> {
    run(|world| async move {
        let case = Case::new();
        let long = "A long document. \"quoted\" \u{e9} ".repeat(20_000_000 / 27);
        let body = json!({
            "messages": [{ "role": "user", "content": long }],
            "model": "gpt-5-mini",
            "max_completion_tokens": 99,
        });
        let body = body.to_string();
        assert!(body.len() > 20_000_000);
        let answer =
            case.post("api.openai.com", "/v1/chat/completions", body.clone()).send(world.filtered).await?;
        assert_eq!(answer.status, 200);
        let arrived =
            world.event("the request arrives", &case, |event| matches!(event, Event::Arrived(_))).await?;
        assert!(arrived.request().body == body.as_bytes(), "the body changed on its way up");

        let span = world.span_of(&case).await?;
        assert_eq!(span.text("gen_ai.request.model"), Some("gpt-5-mini"));
        assert_eq!(span.int("gen_ai.request.max_tokens"), Some(99));
        assert_eq!(span.int("gen_ai.usage.output_tokens"), Some(97));
        Ok(())
    })
}

#[test]
fn twenty_megabytes_down() -> Result<()> {
    run(|world| async move {
        let (case, answer, sent) = large(world, false).await?;
        assert!(answer.body.len() > 20_000_000);
        assert!(answer.body == sent, "the body changed on its way down");
        let span = world.span_of(&case).await?;
        assert_eq!(span.text("inferspan.outcome"), Some("completed"));
        assert_eq!(span.texts("gen_ai.response.finish_reasons"), ["stop"]);
        assert_eq!(span.int("gen_ai.usage.output_tokens"), Some(97));
        Ok(())
    })
}

#[test]
fn twenty_megabytes_streamed_down() -> Result<()> {
    run(|world| async move {
        let (case, answer, sent) = large(world, true).await?;
        assert!(answer.body.len() > 20_000_000);
        assert!(answer.body == sent, "the stream changed on its way down");
        let span = world.span_of(&case).await?;
        assert_eq!(span.text("inferspan.outcome"), Some("completed"));
        assert_eq!(span.int("gen_ai.usage.output_tokens"), Some(97));
        Ok(())
    })
}

async fn large(world: &World, stream: bool) -> Result<(Case, Answer, hyper::body::Bytes)> {
    let case = Case::new();
    let answer = case.openai(Scenario::Large, stream).send(world.filtered).await?;
    let sent = sent(world, &case).await?;
    Ok((case, answer, sent))
}

/// Makes the call and returns its answer, and the body that the provider sent.
async fn through(
    world: &World,
    listener: std::net::SocketAddr,
    call: fn(&Case) -> Request,
) -> Result<(Answer, hyper::body::Bytes)> {
    let case = Case::new();
    let answer = call(&case).send(listener).await?;
    Ok((answer, sent(world, &case).await?))
}

async fn sent(world: &World, case: &Case) -> Result<hyper::body::Bytes> {
    match world.event("the request is answered", case, |event| matches!(event, Event::Answered(..))).await? {
        Event::Answered(_, sent) => Ok(sent),
        other => anyhow::bail!("another event: {other:?}"),
    }
}

fn assert_same(sent: &Request, arrived: &Received) {
    assert_eq!(arrived.path, sent.path);
    assert_eq!(arrived.body, sent.body);
    let mut arrived: Vec<(String, Vec<u8>)> =
        arrived.headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
    let mut sent_headers = sent.headers.clone();
    sent_headers.push(("content-length".to_owned(), sent.body.len().to_string().into_bytes()));
    arrived.sort();
    sent_headers.sort();
    assert_eq!(arrived, sent_headers);
}

/// Without what differs between any two answers: the time, and by the id in it the length of what is compressed.
fn comparable(mut headers: HeaderMap) -> HeaderMap {
    headers.remove("date");
    headers.remove("content-length");
    headers
}
