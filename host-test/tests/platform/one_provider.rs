//! The files with one provider: `envoy.yaml`, `tracing.yaml`, `decompressor.yaml`.

use std::io::Write;

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use host_test::rig::internet::Site;
use host_test::rig::span::Span;
use host_test::rig::stand::Case;
use serde_json::Value;

use crate::world::{World, chat, completion, who};

#[tokio::test(flavor = "multi_thread")]
async fn the_smallest_one_tells_of_a_call() -> Result<()> {
    let world = World::start("envoy.yaml", &[openai(&completion("gpt-5-mini-2026-08-07", 21))]).await?;
    let case = Case::new();
    assert_eq!(world.call(&case, PATH, &chat("gpt-5-mini")).await?.0, 200);
    let span = world.span(&case).await?;
    let port = i64::from(world.internet.address.port());
    let expected = (Some("openai"), Some("api.openai.com"), Some(port), Some("gpt-5-mini"), Some(21));
    assert_eq!(who(&span), expected);
    assert_eq!(span.parent_id, case.span_id);
    assert_eq!(span.resource.get("service.name"), Some(&"llm-egress".into()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn where_envoy_traces_the_span_stands_under_its_own() -> Result<()> {
    let world = World::start("tracing.yaml", &[openai(&completion("gpt-5-mini-2026-08-07", 22))]).await?;
    let case = Case::new();
    assert_eq!(world.call(&case, PATH, &chat("gpt-5-mini")).await?.0, 200);
    let span = world.span(&case).await?;
    let of_envoy = async |id: &str| {
        let is_it = |span: &Span| span.trace_id == case.trace_id && span.span_id == id;
        world.receiver.span("a span of Envoy's", is_it).await
    };
    let egress = of_envoy(&span.parent_id).await?;
    let ingress = of_envoy(&egress.parent_id).await?;
    assert_eq!((egress.kind, ingress.kind), (3, 2), "CLIENT under SERVER");
    assert_eq!(ingress.parent_id, case.span_id);
    assert_eq!(egress.resource.get("service.name"), Some(&"envoy".into()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_envoy_decompresses_arrives_whole_and_is_read() -> Result<()> {
    // Text that repeats what stood 20 KB before: a window of 4 KiB does not reach there.
    let words: Vec<String> = (0..4000_u32).map(|n| format!("{:x}", n.wrapping_mul(2_654_435_761))).collect();
    let words = words.join(" ");
    let mut answer = completion("gpt-5-mini-2026-08-07", 23);
    answer["choices"][0]["message"]["content"] =
        Value::String(words.get(..20_000).context("long")?.repeat(2));
    let mut site = openai(&answer);
    let plain = site.body.clone();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&plain)?;
    site.body = encoder.finish()?;
    site.headers.push(("content-encoding", "gzip"));
    let world = World::start("decompressor.yaml", &[site]).await?;
    let case = Case::new();
    let (status, body) = world.call(&case, PATH, &chat("gpt-5-mini")).await?;
    assert_eq!(status, 200);
    assert!(body == plain, "{} of {} bytes arrive", body.len(), plain.len());
    let span = world.span(&case).await?;
    assert_eq!(span.int("gen_ai.usage.input_tokens"), Some(23));
    assert_eq!(span.text("inferspan.outcome"), Some("completed"));
    assert_eq!(
        span.int("inferspan.response.body_size"),
        Some(i64::try_from(plain.len())?),
        "it sees plain text"
    );
    Ok(())
}

const PATH: &str = "/v1/chat/completions";

fn openai(answer: &Value) -> Site {
    Site::new("api.openai.com", PATH, answer)
}
