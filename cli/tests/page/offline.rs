//! Files, opened by the page alone: one file on a disk, without a server.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use host_test::build;
use serde_json::{Value, json};

use crate::axe;
use crate::chromium::Tab;
use crate::live::spans;

#[tokio::test(flavor = "multi_thread")]
async fn a_browsers_har_shows_what_replay_tells_by_each_convention() -> Result<()> {
    let tab = opened().await?;
    let directory = tempfile::tempdir()?;
    let har = directory.path().join("devtools.har");
    fs::write(&har, devtools().to_string())?;
    read(&tab, &[&har]).await?;
    assert_eq!(tab.eval("document.querySelectorAll('.row').length").await?, json!(2));
    assert_eq!(on_page(&tab).await?, replayed(directory.path(), &har, "{}")?);
    // What is shown is what was told.
    tab.key("End").await?;
    let facts = "[...document.querySelectorAll('#detail [data-fact]')].map((told) => [told.dataset.fact, told.textContent])";
    let facts: BTreeMap<String, String> =
        serde_json::from_value::<Vec<_>>(tab.eval(facts).await?)?.into_iter().collect();
    for (fact, shown) in [
        ("request_model", "gpt-5-mini"),
        ("input_tokens", "1\u{202f}481"),
        ("cache_read_tokens", "1\u{202f}024"),
        ("output_tokens", "97"),
        ("finish_reasons", "stop"),
        ("outcome", "completed"),
        ("duration", "1.25 s"),
    ] {
        assert_eq!(facts.get(fact).map(String::as_str), Some(shown), "{fact}");
    }
    tab.picture("offline").await?;

    tab.eval("document.querySelector('#tab-telemetry').click()").await?;
    let script = axe::script()?;
    for (label, configuration) in [
        ("openinference", r#"{"semconv": {"vocabularies": ["openinference"]}}"#),
        ("llm", r#"{"semconv": {"vocabularies": ["llm"]}}"#),
        ("gen_ai 1.36.0", r#"{"semconv": {"version": "1.36.0"}}"#),
        ("gen_ai next", r#"{"semconv": {"version": "next"}}"#),
    ] {
        let choose = format!(
            "[...document.querySelectorAll('fieldset label')].find((label) => label.textContent.trim() === {}).click()",
            json!(label)
        );
        reads_again(&tab, &choose).await?;
        assert_eq!(on_page(&tab).await?, replayed(directory.path(), &har, configuration)?, "{label}");
    }
    tab.until("document.querySelector('#emits')?.textContent.startsWith('2 of 2 calls are exported')")
        .await?;

    let write = |text: &str| {
        format!(
            "(() => {{ const text = document.querySelector('#configuration'); text.value = {}; \
             text.selectionStart = text.value.length; text.dispatchEvent(new Event('input')); }})()",
            json!(text)
        )
    };
    tab.eval(&write(r#"{"trace": {"sample_ratio": 2}, "metrix": {}}"#)).await?;
    tab.until("document.querySelectorAll('.errors li').length === 2").await?;
    let errors = tab.eval("document.querySelector('.errors').textContent").await?;
    assert!(
        errors.as_str().is_some_and(|text| text.contains("trace.sample_ratio") && text.contains("metrix")),
        "{errors}"
    );
    for (begun, offered) in [
        (r#"{"semc"#, "\"semconv\""),
        (r#"{"trace": {"par"#, "\"parent\""),
        (r#"{"trace": {"parent": "cl"#, "\"client\""),
    ] {
        tab.eval(&write(begun)).await?;
        tab.until(&format!("[...document.querySelectorAll('.offers button')].map((offer) => offer.textContent).join() === {}", json!(offered))).await?;
    }
    reads_again(&tab, &write(r#"{"trace": {"sample_ratio": 0}}"#)).await?;
    tab.until("document.querySelector('#emits').textContent.startsWith('0 of 2 calls are exported')").await?;
    for dark in [false, true] {
        tab.look_like(1400, 800, dark).await?;
        assert_eq!(tab.violations(&script).await?, [""; 0], "dark: {dark}");
        tab.picture(if dark { "telemetry-dark" } else { "telemetry" }).await?;
    }
    assert_eq!(tab.problems(), [""; 0]);
    let elsewhere: Vec<_> = tab.requests().into_iter().filter(|url| !url.starts_with("file:")).collect();
    assert_eq!(elsewhere, [""; 0]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_said_and_the_page_goes_on() -> Result<()> {
    let tab = opened().await?;
    let directory = tempfile::tempdir()?;
    let file = |name: &str, text: &str| -> Result<PathBuf> {
        let path = directory.path().join(name);
        fs::write(&path, text)?;
        Ok(path)
    };
    let whole = devtools().to_string();
    let cut = whole.rfind("chatcmpl").context("no answer")?;
    let foreign = json!({ "resourceSpans": [{ "resource": {}, "scopeSpans": [{ "scope": { "name": "shop" }, "spans": [
        { "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "GET /checkout", "kind": 2,
          "startTimeUnixNano": "1795312209000000000", "endTimeUnixNano": "1795312211000000000" },
        { "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b175", "parentSpanId": "eee19b7ec3c1b174",
          "name": "ChatOpenAI", "startTimeUnixNano": "1795312209500000000", "endTimeUnixNano": "1795312210500000000",
          "attributes": [{ "key": "llm.model_name", "value": { "stringValue": "gpt-5" } },
                         { "key": "llm.token_count.prompt", "value": { "intValue": 12 } }, 7, null] },
        null] }] }] });
    for (name, text, rows, said) in [
        ("cut.har", &whole[..cut], 1, "the file is cut off"),
        ("none.har", r#"{"log": {}}"#, 0, "not a HAR 1.2 file"),
        ("empty.json", "", 0, "the file is empty"),
        (
            "web.har",
            r#"{"log":{"entries":[{"request":{"method":"GET","url":"https://example.com/"},"response":{"status":200,"content":{}}}]}}"#,
            0,
            "none of its exchanges is an LLM call",
        ),
        ("cut.json", "{\"resourceSpans\": [{", 0, "not whole JSON"),
        ("metrics.json", r#"{"resourceMetrics": []}"#, 0, "no traces in it"),
        // A run's own row, and one for each span of it.
        ("foreign.json", &foreign.to_string(), 3, ""),
        ("export.json", &format!("{foreign}\n{{\"resourceSpans\": [{{\n"), 3, "is cut off"),
    ] {
        read(&tab, &[&file(name, text)?]).await.context(name)?;
        tab.until(&format!("document.querySelectorAll('.row').length === {rows} || document.querySelector('#list').hidden && {rows} === 0")).await?;
        let messages = tab.eval("document.querySelector('#messages').textContent").await?;
        let messages = messages.as_str().unwrap_or_default();
        ensure!(messages.contains(said) && (messages.is_empty() == said.is_empty()), "{name}: {messages:?}");
    }
    tab.eval("document.querySelector('.row[data-call]:last-child')?.click()").await?;
    assert_eq!(
        tab.eval("document.querySelector('[data-fact=input_tokens]')?.textContent").await?,
        json!("12")
    );
    tab.picture("foreign").await?;
    assert_eq!(tab.problems(), [""; 0]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_megabytes_are_read_while_the_page_draws() -> Result<()> {
    let tab = opened().await?;
    let directory = tempfile::tempdir()?;
    let large = directory.path().join("large.har");
    let mut har = BufWriter::new(File::create(&large)?);
    let image = json!({ "request": { "method": "GET", "url": "https://example.com/i.png" },
        "response": { "status": 200, "content": { "size": 700_000, "text": "A".repeat(1_000_000), "encoding": "base64" } } });
    let entries = devtools()["log"]["entries"].as_array().cloned().context("no entries")?;
    write!(har, r#"{{"log":{{"entries":[{}"#, image)?;
    for _ in 0..100 {
        write!(har, ",{image}")?;
    }
    for entry in &entries {
        write!(har, ",{entry}")?;
    }
    write!(har, "]}}}}")?;
    har.into_inner()?;
    // What is drawn while it is read: each frame in which the progress stands elsewhere counts once.
    tab.eval(
        "window.drawn = new Set(), new MutationObserver(() => requestAnimationFrame(() => drawn.add(document.querySelector('#progress-text').textContent)))\
         .observe(document.querySelector('#progress-text'), { childList: true }), true",
    )
    .await?;
    read(&tab, &[&large]).await?;
    assert_eq!(tab.eval("document.querySelectorAll('.row').length").await?, json!(2));
    let drawn = tab.eval("drawn.size").await?;
    assert!(drawn.as_u64().is_some_and(|drawn| drawn >= 5), "{drawn} steps were drawn");
    assert_eq!(tab.problems(), [""; 0]);
    Ok(())
}

/// A tab with the page, built from these sources, as a file on this disk.
async fn opened() -> Result<Tab> {
    let build = tokio::task::spawn_blocking(|| {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        for meant_for_outer in
            ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WORKSPACE_WRAPPER", "CARGO_TARGET_DIR"]
        {
            cargo.env_remove(meant_for_outer);
        }
        cargo.arg("page").current_dir(build::workspace()).output()
    });
    let build = build.await?.context("run cargo page")?;
    ensure!(build.status.success(), "cargo page: {}", String::from_utf8_lossy(&build.stderr));
    let tab = Tab::start().await?;
    tab.look_like(1400, 800, false).await?;
    let page = build::workspace().join("target/page/index.html");
    let url = format!("file://{}", page.display());
    tab.open(&url, "document.querySelector('#empty-title').textContent === 'Nothing opened yet'").await?;
    Ok(tab)
}

/// Opens files, and waits until they are read.
async fn read(tab: &Tab, files: &[&Path]) -> Result<()> {
    let files: Vec<PathBuf> = files.iter().map(|file| file.to_path_buf()).collect();
    let before = tab.eval("window.before = Number(document.body.dataset.read ?? 0)").await?;
    tab.choose("#files", &files).await?;
    tab.until(&format!("Number(document.body.dataset.read) > {before} && !page.drawing")).await
}

/// Does something by which the files are read again, and waits until they are.
async fn reads_again(tab: &Tab, what: &str) -> Result<()> {
    let before = tab.eval("Number(document.body.dataset.read)").await?;
    tab.eval(what).await?;
    tab.until(&format!("Number(document.body.dataset.read) > {before} && !page.drawing")).await
}

/// The spans that the page exports, by their ids.
async fn on_page(tab: &Tab) -> Result<BTreeMap<String, Value>> {
    let exported = tab.eval("toOtlp(page.shown)").await?;
    let exported: Value = serde_json::from_str(exported.as_str().context("no text")?)?;
    Ok(spans(&exported).into_iter().collect())
}

/// The spans that `inferspan replay` tells of the same file.
fn replayed(directory: &Path, har: &Path, configuration: &str) -> Result<BTreeMap<String, Value>> {
    let config = directory.join("filter.json");
    fs::write(&config, configuration)?;
    // By the file's name alone, as the page knows it: ids are made of it.
    let output = Command::new(env!("CARGO_BIN_EXE_inferspan"))
        .args(["replay", "--format", "otlp", "--config", "filter.json"])
        .arg(har.file_name().context("no name")?)
        .current_dir(directory)
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let request: Value = serde_json::from_slice(&output.stdout)?;
    Ok(spans(&request).into_iter().collect())
}

/// As Chrome's devtools write it, with what is no call among it.
fn devtools() -> Value {
    let entry = |url: &str, started: &str, status: u16, request: &str, answer: &str| {
        json!({
            "_connectionId": "42", "_initiator": { "type": "script" }, "_priority": "High", "_resourceType": "fetch",
            "cache": {}, "connection": "443", "pageref": "page_1", "serverIPAddress": "203.0.113.7",
            "startedDateTime": started, "time": 1250.0,
            "request": { "method": "POST", "url": url, "httpVersion": "http/2.0", "headersSize": -1, "bodySize": request.len(),
                "queryString": [], "cookies": [], "headers": [
                    { "name": ":authority", "value": "api.openai.com" }, { "name": ":method", "value": "POST" },
                    { "name": "content-type", "value": "application/json" }],
                "postData": { "mimeType": "application/json", "text": request } },
            "response": { "status": status, "statusText": "", "httpVersion": "http/2.0", "headersSize": -1, "bodySize": -1,
                "cookies": [], "redirectURL": "", "_transferSize": 1024, "_error": null,
                "headers": [{ "name": "content-type", "value": "application/json" }],
                "content": { "size": answer.len(), "mimeType": "application/json", "text": answer } },
            "timings": { "blocked": 3.1, "dns": -1, "ssl": -1, "connect": -1, "send": 0.0, "wait": 1250.0, "receive": 0.0,
                "_blocked_queueing": 1.2 },
        })
    };
    let answered = r#"{"id":"chatcmpl-1","object":"chat.completion","model":"gpt-5-mini-2026-08-07","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1481,"completion_tokens":97,"total_tokens":1578,"prompt_tokens_details":{"cached_tokens":1024}}}"#;
    let asked = r#"{"model":"gpt-5-mini","messages":[{"role":"user","content":"Hi"}]}"#;
    let chat = "https://api.openai.com/v1/chat/completions";
    json!({ "log": { "version": "1.2", "creator": { "name": "WebInspector", "version": "537.36" }, "pages": [], "entries": [
        entry("https://shop.example.com/api/cart", "2026-11-22T01:00:00.000Z", 200, "{}", "{}"),
        entry(chat, "2026-11-22T01:00:01.000Z", 200, asked, answered),
        entry(chat, "2026-11-22T01:00:03.500Z", 200, asked, &answered.replace("chatcmpl-1", "chatcmpl-2")),
    ] } })
}
