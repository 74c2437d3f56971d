//! What a running command shows.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use host_test::rig::client::Request;
use host_test::rig::provider::{Pace, Provider, Scenario};
use serde_json::{Value, json};

use crate::axe;
use crate::chromium::Tab;
use crate::served::Served;

#[tokio::test(flavor = "multi_thread")]
async fn the_demos_calls_are_on_the_page_as_they_are_in_otlp() -> Result<()> {
    let mut demo = Served::start(&["demo", "--page", "--format", "json"]).await?;
    let tab = Tab::start().await?;
    tab.look_like(1400, 800, false).await?;
    tab.open(&demo.url, "document.querySelector('#source-text').textContent === 'Live'").await?;
    demo.says("13 calls, each the span it should be").await?;
    let all_are_there = "document.querySelectorAll('.row').length === 13";
    tab.until(all_are_there).await?;
    tab.picture("live").await?;

    tab.reload(all_are_there).await?;
    let mut shown = BTreeMap::new();
    for at in 0..13 {
        tab.key(if at == 0 { "Home" } else { "ArrowDown" }).await?;
        let (id, facts) = selected(&tab).await?;
        ensure!(shown.insert(id.clone(), facts).is_none(), "{id} twice");
    }
    tab.picture("live-call").await?;
    let exported: Value =
        serde_json::from_str(tab.eval("toOtlp(page.shown)").await?.as_str().context("no text")?)?;
    let csv = tab.eval("toCsv(page.shown)").await?;
    assert_eq!(csv.as_str().map(|csv| csv.lines().count()), Some(14));
    let origin = demo.url.clone();
    let told = demo.end().await?;

    let told: Vec<Value> = told.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let told: BTreeMap<String, Value> = told.iter().flat_map(spans).collect();
    assert_eq!(told.len(), 13);
    assert_eq!(spans(&exported).into_iter().collect::<BTreeMap<_, _>>(), told, "what the page exports");
    for (id, span) in &told {
        let facts = shown.get(id).with_context(|| format!("{id} is not shown"))?;
        compare(facts, span).with_context(|| format!("{}", span["name"]))?;
    }
    let host = origin.split("/").take(3).collect::<Vec<_>>().join("/");
    let elsewhere: Vec<_> = tab.requests().into_iter().filter(|url| !url.starts_with(&host)).collect();
    assert_eq!(elsewhere, [""; 0]);
    tab.until("document.querySelector('#source-text').textContent.startsWith('Not connected')").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn text_of_strangers_is_text_and_keys_and_axe_find_their_way() -> Result<()> {
    let provider = Provider::start(Pace::FAST).await?;
    let upstream = format!("http://{}", provider.address());
    let mut up =
        Served::start(&["up", "--upstream", &upstream, "--listen", "127.0.0.1:0", "--format", "json"])
            .await?;
    let tab = Tab::start().await?;
    tab.look_like(1400, 800, false).await?;
    tab.open(&up.url, "document.body.dataset.loaded !== undefined").await?;
    let script = axe::script()?;
    assert_eq!(tab.violations(&script).await?, [""; 0], "nothing there");

    let envoy = up.says("OPENAI_BASE_URL=http://").await?;
    let envoy: SocketAddr = envoy.split('/').next().unwrap_or_default().parse()?;
    let model = "<img src=x onerror=\"document.title='owned'\"></bdi><script>document.title='owned'</script>\u{202e}txt";
    for (model, scenario) in
        [(model, Scenario::Answer), ("=1+1", Scenario::Answer), ("m", Scenario::RateLimited)]
    {
        let body =
            json!({ "model": model, "messages": [{ "role": "user", "content": "Hi" }], "stream": true });
        let request = Request::post("api.openai.com", "/v1/chat/completions", body.to_string());
        request.header("x-simulate", scenario.name()).send(envoy).await?;
    }
    tab.until("document.querySelectorAll('.row').length === 3").await?;
    tab.key("End").await?;
    let (_, facts) = selected(&tab).await?;
    assert_eq!(facts["request_model"], model);
    assert_eq!(tab.eval("document.querySelectorAll('main img, main script').length").await?, json!(0));
    assert_ne!(tab.eval("document.title").await?, json!("owned"));
    let csv = tab.eval("toCsv(page.shown)").await?;
    assert!(csv.as_str().is_some_and(|csv| csv.contains(",\"'=1+1\",")), "{csv}");
    let svg = "new DOMParser().parseFromString(toSvg(page.shown).replace(/<style[^]*<\\/style>/, ''), 'image/svg+xml').querySelectorAll('img, script, parsererror').length";
    assert_eq!(tab.eval(svg).await?, json!(0));

    for (dark, width, name) in
        [(false, 1400, "light"), (true, 1400, "dark"), (false, 360, "narrow"), (true, 360, "narrow-dark")]
    {
        tab.look_like(width, 800, dark).await?;
        for view in ["totals", "calls"] {
            tab.eval(&format!("show('{view}')")).await?;
            tab.until("!page.drawing").await?;
            assert_eq!(tab.violations(&script).await?, [""; 0], "{name} {view}");
        }
        assert_eq!(
            tab.eval("document.documentElement.scrollWidth <= innerWidth").await?,
            json!(true),
            "{name}"
        );
        tab.picture(name).await?;
        // Without the call, too.
        tab.key("Escape").await?;
        tab.until("document.querySelector('#detail').hidden && !page.drawing").await?;
        assert_eq!(tab.violations(&script).await?, [""; 0], "{name}, the list");
        tab.key("End").await?;
    }

    tab.look_like(1400, 800, false).await?;
    tab.key("Escape").await?;
    tab.key("/").await?;
    tab.write("=1+").await?;
    tab.until("document.querySelectorAll('.row').length === 1").await?;
    tab.key("Escape").await?;
    tab.until("document.querySelectorAll('.row').length === 3").await?;
    tab.eval(
        "(() => { const select = document.querySelector('#filter-outcome'); select.value = 'error'; \
              select.dispatchEvent(new Event('change')); })()",
    )
    .await?;
    tab.until("document.querySelectorAll('.row').length === 1 && document.querySelector('.row .word').textContent === '429'").await?;
    assert_eq!(tab.problems(), [""; 0]);

    let page: SocketAddr =
        up.url.trim_start_matches("http://").split('/').next().unwrap_or_default().parse()?;
    let (host, path) = (page.to_string(), format!("/{}", up.url.splitn(4, '/').last().unwrap_or_default()));
    for (host, path, status) in [
        (host.as_str(), "/", 404),
        (&host, &path.replace(|digit: char| digit.is_ascii_digit(), "0"), 404),
        ("rebound.example", &path, 404),
        (&host, &path, 405),
    ] {
        assert_eq!(Request::post(host, path, "").send(page).await?.status, status, "{host} {path}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_calls_are_rows_only_where_they_are_seen() -> Result<()> {
    let provider = Provider::start(Pace::FAST).await?;
    let upstream = format!("http://{}", provider.address());
    let up = Served::start(&["up", "--upstream", &upstream, "--listen", "127.0.0.1:0", "--summary"]).await?;
    let tab = Tab::start().await?;
    tab.look_like(1400, 800, false).await?;
    tab.open(&up.url, "document.body.dataset.loaded !== undefined").await?;
    let many = "(() => { const spans = []; for (let at = 0; at < 11500; at += 1) { \
        const start = BigInt(1795312209000000000n) + BigInt(at) * 1000000n; \
        spans.push({ traceId: String(at % 9000), spanId: String(at), name: `chat m${at}`, kind: 3, startTimeUnixNano: String(start), \
        endTimeUnixNano: String(start + 5000000n), attributes: [ \
        { key: 'gen_ai.operation.name', value: { stringValue: 'chat' } }, \
        { key: 'gen_ai.request.model', value: { stringValue: `m${at % 50}` } }, \
        { key: 'gen_ai.usage.input_tokens', value: { intValue: '7' } } ] }); } \
        page.store.addRequest({ resourceSpans: [{ scopeSpans: [{ spans }] }] }); draw(); })()";
    tab.eval(many).await?;
    tab.until("document.querySelectorAll('.row').length > 10").await?;
    // The oldest are gone; what is left is told whole.
    assert_eq!(tab.eval("page.store.calls.length").await?, json!(10_000));
    assert_eq!(
        tab.eval("document.querySelector('#sums').textContent").await?,
        json!("10\u{202f}000 calls · 70\u{202f}000 → – tokens")
    );
    tab.key("End").await?;
    tab.until("document.querySelector('.row[aria-selected=true]') !== null").await?;
    for _ in 0..20 {
        tab.key("PageUp").await?;
        tab.until("document.querySelector('.row[aria-selected=true]') !== null").await?;
        let rows = tab.eval("document.querySelectorAll('.row').length").await?;
        assert!(rows.as_u64().is_some_and(|rows| rows < 60), "{rows} rows");
    }
    // A call that comes does not move what is looked at.
    let place = "(() => { const row = document.querySelector('.row[aria-selected=true]'); \
                 return [row.dataset.key, Math.round(row.getBoundingClientRect().top)]; })()";
    let before = tab.eval(place).await?;
    tab.eval(&many.replace("at < 11500", "at < 11501").replace("let at = 0", "let at = 11500")).await?;
    tab.until("document.querySelector('#sums').textContent.startsWith('10\u{202f}001')").await?;
    assert_eq!(tab.eval(place).await?, before);
    assert_eq!(tab.problems(), [""; 0]);
    Ok(())
}

/// The facts of the call that is selected, as the page shows them, by its span's id.
async fn selected(tab: &Tab) -> Result<(String, BTreeMap<String, String>)> {
    let read = "(() => { const facts = {}; \
        for (const told of document.querySelectorAll('#detail [data-fact]')) facts[told.dataset.fact] = told.textContent; \
        return [callList.selected, facts]; })()";
    let (id, facts): (String, BTreeMap<String, String>) = serde_json::from_value(tab.eval(read).await?)?;
    let (_, span) = id.split_once(':').context("no id")?;
    Ok((span.to_owned(), facts))
}

/// The spans of an export request by their ids.
pub(crate) fn spans(request: &Value) -> Vec<(String, Value)> {
    let lists = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let resources = lists(request, "resourceSpans");
    let scopes = resources.iter().flat_map(|resource| lists(resource, "scopeSpans"));
    let spans = scopes.flat_map(|scope| lists(&scope, "spans"));
    spans.map(|span| (span["spanId"].as_str().unwrap_or_default().to_owned(), as_in_browsers(span))).collect()
}

/// The value with numbers of the one kind that a browser has: 1 is 1.0.
fn as_in_browsers(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(values) => values.into_iter().map(as_in_browsers).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, as_in_browsers(value))).collect()
        }
        other => other,
    }
}

/// Holds what is shown of a call against its span, attribute by attribute.
fn compare(facts: &BTreeMap<String, String>, span: &Value) -> Result<()> {
    let nanos =
        |key: &str| span[key].as_str().and_then(|text| text.parse::<u64>().ok()).context(key.to_owned());
    let took = Duration::from_nanos(nanos("endTimeUnixNano")? - nanos("startTimeUnixNano")?);
    ensure!(facts["duration"] == seconds(took.as_secs_f64()), "took {took:?}, shown {}", facts["duration"]);
    let attributes = span["attributes"].as_array().context("no attributes")?;
    ensure!(attributes.len() > 10, "few attributes");
    for attribute in attributes {
        let (key, value) = (attribute["key"].as_str().unwrap_or_default(), &attribute["value"]);
        let (fact, kind) = SHOWN
            .iter()
            .find_map(|(of, fact, kind)| (*of == key).then_some((*fact, *kind)))
            .with_context(|| format!("{key} is not among what the test knows"))?;
        let expected = match kind {
            Kind::Text => text(value),
            Kind::Count => grouped(&text(value)),
            Kind::Seconds => seconds(value["doubleValue"].as_f64().context("no number")?),
            Kind::Flag => if value["boolValue"] == json!(true) { "yes" } else { "no" }.to_owned(),
            Kind::Bytes => bytes(&text(value))?,
        };
        let shown = facts.get(fact).with_context(|| format!("{fact} ({key}) is not shown"))?;
        ensure!(*shown == expected, "{key} is {value}, shown as {shown:?} and not as {expected:?}");
    }
    Ok(())
}

fn text(value: &Value) -> String {
    match (&value["stringValue"], &value["intValue"], &value["arrayValue"]["values"]) {
        (Value::String(text), ..) | (_, Value::String(text), _) => text.clone(),
        (.., Value::Array(values)) => values.iter().map(text).collect::<Vec<_>>().join(", "),
        _ => String::new(),
    }
}

fn seconds(seconds: f64) -> String {
    match seconds {
        _ if seconds < 0.001 => format!("{:.0} µs", seconds * 1e6),
        _ if seconds < 1.0 => format!("{} ms", (seconds * 1e3).floor()),
        _ => format!("{seconds:.2} s"),
    }
}

/// `1081` as `1 081`, with a thin space.
fn grouped(digits: &str) -> String {
    match digits.len() {
        0..=3 => digits.to_owned(),
        length => format!("{}\u{202f}{}", &digits[..length - 3], &digits[length - 3..]),
    }
}

fn bytes(digits: &str) -> Result<String> {
    let count: f64 = digits.parse()?;
    Ok(if count < 1000.0 { format!("{digits} B") } else { format!("{:.1} KB", count / 1000.0) })
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Count,
    Seconds,
    Flag,
    Bytes,
}

/// Attributes that the demo's spans have, and the fact that shows each.
const SHOWN: &[(&str, &str, Kind)] = &[
    ("gen_ai.operation.name", "operation", Kind::Text),
    ("gen_ai.provider.name", "provider", Kind::Text),
    ("gen_ai.request.model", "request_model", Kind::Text),
    ("gen_ai.request.stream", "request_stream", Kind::Flag),
    ("gen_ai.request.max_tokens", "max_tokens", Kind::Count),
    ("gen_ai.response.id", "response_id", Kind::Text),
    ("gen_ai.response.model", "response_model", Kind::Text),
    ("gen_ai.response.finish_reasons", "finish_reasons", Kind::Text),
    ("gen_ai.response.time_to_first_chunk", "first_token", Kind::Seconds),
    ("gen_ai.usage.input_tokens", "input_tokens", Kind::Count),
    ("gen_ai.usage.output_tokens", "output_tokens", Kind::Count),
    ("gen_ai.usage.cache_read.input_tokens", "cache_read_tokens", Kind::Count),
    ("gen_ai.usage.cache_creation.input_tokens", "cache_write_tokens", Kind::Count),
    ("gen_ai.usage.reasoning.output_tokens", "reasoning_tokens", Kind::Count),
    ("openai.api.type", "openai_api", Kind::Text),
    ("openai.response.service_tier", "service_tier", Kind::Text),
    ("openai.response.system_fingerprint", "system_fingerprint", Kind::Text),
    ("server.address", "server_address", Kind::Text),
    ("server.port", "server_port", Kind::Text),
    ("error.type", "error_type", Kind::Text),
    ("http.response.status_code", "http_status", Kind::Text),
    ("inferspan.api", "api", Kind::Text),
    ("inferspan.outcome", "outcome", Kind::Text),
    ("inferspan.error.code", "error_code", Kind::Text),
    ("inferspan.usage.status", "usage_status", Kind::Text),
    ("inferspan.request.message_count", "message_count", Kind::Count),
    ("inferspan.request.tool_count", "tool_count", Kind::Count),
    ("inferspan.request.tool_names", "tool_names", Kind::Text),
    ("inferspan.request.body_size", "request_size", Kind::Bytes),
    ("inferspan.response.body_size", "response_size", Kind::Bytes),
    ("inferspan.response.service_tier", "service_tier", Kind::Text),
    ("inferspan.response.request_id", "provider_request_id", Kind::Text),
    ("inferspan.response.tool_call.names", "tool_calls", Kind::Text),
    ("inferspan.response.tool_call.ids", "tool_call_ids", Kind::Text),
    ("inferspan.ratelimit.remaining_requests", "ratelimit_remaining_requests", Kind::Count),
    ("inferspan.ratelimit.remaining_tokens", "ratelimit_remaining_tokens", Kind::Count),
    ("inferspan.ratelimit.limit_requests", "ratelimit_limit_requests", Kind::Count),
    ("inferspan.ratelimit.limit_tokens", "ratelimit_limit_tokens", Kind::Count),
    ("inferspan.ratelimit.retry_after", "retry_after", Kind::Count),
    ("inferspan.time_to_first_byte", "first_byte", Kind::Seconds),
    ("inferspan.time_to_first_reasoning", "first_reasoning", Kind::Seconds),
    ("inferspan.time_to_first_visible", "first_visible", Kind::Seconds),
    ("inferspan.stream.messages", "stream_messages", Kind::Count),
    ("inferspan.stream.content_events", "content_events", Kind::Count),
    ("inferspan.stream.max_gap", "max_gap", Kind::Seconds),
    ("inferspan.losses", "losses", Kind::Text),
    ("inferspan.envoy.cluster", "envoy_cluster", Kind::Text),
    ("inferspan.envoy.attempt_count", "envoy_attempts", Kind::Count),
    ("inferspan.envoy.upstream_address", "envoy_address", Kind::Text),
];
