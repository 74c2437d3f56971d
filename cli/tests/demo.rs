//! `inferspan demo`, as people run it.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

#[test]
fn every_call_comes_back_as_the_span_it_should_be() -> Result<()> {
    let said = demo(&["--format", "json"])?;
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));

    let stdout = String::from_utf8(said.stdout)?;
    let spans: Vec<Value> = stdout.lines().map(spans_of).collect::<Result<Vec<_>>>()?.concat();
    assert_eq!(spans.len(), CALLS);
    for span in &spans {
        let id = span["traceId"].as_str().unwrap_or_default();
        assert!(id.len() == 32 && id.chars().all(|c| c.is_ascii_hexdigit()), "{span}");
        assert!(span["name"].as_str().is_some_and(|name| name.starts_with("chat ")), "{span}");
    }
    Ok(())
}

#[test]
fn trees_for_people() -> Result<()> {
    let said = demo(&[])?;
    let stderr = String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success(), "{stderr}");
    assert!(stderr.contains("13 calls, each the span it should be"), "{stderr}");

    let stdout = String::from_utf8(said.stdout)?;
    assert!(!stdout.contains('\x1b'), "colours in a pipe: {stdout:?}");
    assert_eq!(stdout.matches("\ntrace ").count(), CALLS, "{stdout}");
    for part in [
        "└─ chat gpt-5-mini ",
        "├─ model   gpt-5-mini-2026-08-07 by openai",
        "├─ tokens  148 in (128 cached), 97 out (64 reasoning)",
        "└─ finish  stop",
        "├─ tokens  1\u{202f}081 in (1\u{202f}024 cached), 41 out",
        "first token after ",
        "✗ error ",
        "◌ client_cancelled ",
        "✗ upstream_reset ",
        "└─ error   429",
    ] {
        assert!(stdout.contains(part), "{part:?} is missing in:\n{stdout}");
    }
    Ok(())
}

#[test]
fn ctrl_c_stops_what_it_started() -> Result<()> {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_inferspan"))
        .arg("demo")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let stderr = BufReader::new(demo.stderr.take().context("no stderr")?);
    let mut lines = stderr.lines().map_while(Result::ok);
    let started = lines.find(|line| line.contains("→ Envoy")).context("Envoy does not start")?;
    let address = started.split_once("http://").and_then(|(_, rest)| rest.split(' ').next());
    let address: SocketAddr = address.context("no address")?.parse()?;
    TcpStream::connect(address).context("Envoy does not listen")?;

    Command::new("kill").args(["-INT", &demo.id().to_string()]).status()?;
    assert_eq!(demo.wait()?.code(), Some(1));
    let rest: Vec<String> = lines.collect();
    assert!(rest.iter().any(|line| line.contains("Ctrl-C: stopped")), "{rest:?}");
    assert!(TcpStream::connect(address).is_err(), "Envoy is still there");
    Ok(())
}

fn demo(arguments: &[&str]) -> Result<std::process::Output> {
    Command::new(env!("CARGO_BIN_EXE_inferspan"))
        .arg("demo")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .context("run inferspan demo")
}

/// The spans of one line of OTLP/JSON.
fn spans_of(line: &str) -> Result<Vec<Value>> {
    let export: Value = serde_json::from_str(line).context("a line that is not JSON")?;
    let lists = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let scopes =
        lists(&export, "resourceSpans").into_iter().flat_map(|resource| lists(&resource, "scopeSpans"));
    Ok(scopes.flat_map(|scope| lists(&scope, "spans")).collect())
}

const CALLS: usize = 13;
