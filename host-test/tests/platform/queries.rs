//! `docs/queries.md` and `envoy/honeycomb`: what is asked of spans finds those that it should, in what the filter told.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use host_test::rig::config::Upstream;
use host_test::rig::internet::Site;
use host_test::rig::provider::Scenario;
use host_test::rig::receiver::Receiver;
use host_test::rig::span::{Span, Value as Told};
use host_test::rig::stand::{Case, Plan, Stand};
use serde_json::{Value, json};

use crate::files;
use crate::world::{World, chat, completion};

/// How many of the calls of [`calls`] each query finds.
const FOUND: [(&str, usize); 7] = [
    ("Slow calls", 4),
    // One is a stream.
    ("Time to first token", 1),
    // One has a price.
    ("Dear calls", 1),
    ("Failed calls", 2),
    ("Rate limited", 1),
    ("By provider", 4),
    // Both that answered read from the cache.
    ("Cache", 2),
];

#[tokio::test(flavor = "multi_thread")]
async fn honeycombs_find_what_they_are_for() -> Result<()> {
    let spans = calls(&[
        Case::new().openai(Scenario::Answer, true),
        Case::new().anthropic(Scenario::Answer, false),
        Case::new().openai(Scenario::RateLimited, false),
        Case::new().anthropic(Scenario::Overloaded, false),
    ])
    .await?;
    let failover = failover().await?;
    let queries = files::read("honeycomb/queries.json")?;
    let queries = queries.as_array().context("queries")?;
    assert_eq!(queries.len(), FOUND.len() + 1);
    for query in queries {
        let name = query["name"].as_str().context("a name")?;
        let expected = FOUND.iter().find(|(of, _)| *of == name);
        let among = if name == "Failover" { &failover } else { &spans };
        let found = among.iter().filter(|span| matches(span, &query["query"])).collect::<Vec<_>>();
        match expected {
            Some((_, count)) => ensure!(found.len() == *count, "{name} finds {found:#?}"),
            None => {
                ensure!(name == "Failover" && !found.is_empty(), "nobody expects {name}, or it finds nothing")
            }
        }
        for span in found {
            let columns = columns(span);
            for column in
                query["query"]["breakdowns"].as_array().into_iter().flatten().filter_map(Value::as_str)
            {
                ensure!(columns.contains_key(column), "{name}: no {column} in {columns:#?}");
            }
        }
        for calculation in query["query"]["calculations"].as_array().context("calculations")? {
            let Some(column) = calculation["column"].as_str() else {
                assert_eq!(calculation["op"], "COUNT", "{name}");
                continue;
            };
            let is_number = |span: &Span| columns(span).get(column).is_some_and(Value::is_number);
            ensure!(among.iter().any(is_number), "{name}: {column} is no number");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn jaegers_tags_are_those_of_spans() -> Result<()> {
    let mut spans = calls(&[
        Case::new().openai(Scenario::Answer, true),
        Case::new().openai(Scenario::RateLimited, false),
        Case::new().openai(Scenario::Reset, true),
    ])
    .await?;
    spans.extend(failover().await?);
    let page = include_str!("../../../docs/queries.md");
    let (_, rest) = page.split_once("## Jaeger").context("the chapter")?;
    let (chapter, _) = rest.split_once("\n## ").context("the next chapter")?;
    let tags: Vec<_> = chapter
        .split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|code| code.split_once('='))
        .filter(|(key, _)| *key != "key")
        .collect();
    assert_eq!(tags.len(), 7, "{tags:?}");
    for (key, value) in tags {
        let fits = |span: &Span| match key {
            "error" => span.is_error && value == "true",
            _ => span.attributes.get(key).is_some_and(|told| shown(told) == value),
        };
        ensure!(spans.iter().any(fits), "no span has {key}={value}");
    }
    ensure!(spans.iter().any(|span| chapter.contains(&format!("`{}`", span.name))), "the operation");
    Ok(())
}

/// The spans of these calls.
async fn calls(calls: &[host_test::rig::client::Request]) -> Result<Vec<Span>> {
    let receiver = Receiver::start().await?;
    let filter = json!({
        "otlp": { "max_batch_age_ms": 100 },
        "prices": [{ "model": "gpt-5-mini-*", "usd_per_million": { "input": 1, "output": 10 } }],
    });
    let stand = Stand::start(Plan::new(filter, Upstream::plain(receiver.address()))).await?;
    let mut spans: Vec<Span> = Vec::new();
    for call in calls {
        // One of them breaks off.
        let _ = call.clone().send(stand.filtered).await;
        let known: Vec<_> = spans.iter().map(|span| span.span_id.clone()).collect();
        spans.push(receiver.span("a call", |span| !known.contains(&span.span_id)).await?);
    }
    Ok(spans)
}

/// The span of a call that a second provider answered.
async fn failover() -> Result<Vec<Span>> {
    let own =
        Site { status: 503, ..Site::new("vllm.internal.example.com", "/v1/chat/completions", &json!({})) };
    let hosted = Site::new("api.together.xyz", "/v1/chat/completions", &completion("llama-4", 31));
    let world = World::start("failover.yaml", &[own, hosted]).await?;
    let case = Case::new();
    world.call(&case, "/v1/chat/completions", &chat("llama-4")).await?;
    let is_it = |span: &Span| {
        span.trace_id == case.trace_id && span.resource.get("service.name") == Some(&"llm-egress".into())
    };
    Ok(vec![world.receiver.span("the call", is_it).await?])
}

/// Whether a query's filters take a span.
fn matches(span: &Span, query: &Value) -> bool {
    let columns = columns(span);
    query["filters"].as_array().into_iter().flatten().all(|filter| {
        let value = filter["column"].as_str().and_then(|column| columns.get(column));
        match filter["op"].as_str() {
            Some("exists") => value.is_some(),
            Some("=") => value == Some(&filter["value"]),
            Some(">") => value.and_then(Value::as_f64) > filter["value"].as_f64(),
            _ => false,
        }
    })
}

/// A span as Honeycomb has it: flat, with its duration.
fn columns(span: &Span) -> BTreeMap<String, Value> {
    let mut columns: BTreeMap<String, Value> = span
        .attributes
        .iter()
        .map(|(key, told)| {
            let value = match told {
                Told::Int(number) => json!(number),
                Told::Double(number) => json!(number),
                Told::Bool(value) => json!(value),
                other => json!(shown(other)),
            };
            (key.clone(), value)
        })
        .collect();
    let nanoseconds = u32::try_from(span.end.saturating_sub(span.start)).unwrap_or(u32::MAX);
    columns.insert("duration_ms".to_owned(), json!(f64::from(nanoseconds) / 1e6));
    columns
}

fn shown(told: &Told) -> String {
    match told {
        Told::Text(text) => text.clone(),
        Told::Int(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}
