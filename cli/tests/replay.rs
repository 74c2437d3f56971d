//! `inferspan replay`, as people run it, on recordings written by hand (`replay/`).

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

/// What a run left.
struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Said {
    /// Its output, a JSON document a line.
    fn documents(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replay")
}

/// Runs `inferspan replay` in the folder of the recordings.
fn replay(arguments: &[&str]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_inferspan"))
        .arg("replay")
        .args(arguments)
        .current_dir(folder())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Said {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The facts of `calls.har`.
fn har_facts() -> [Value; 4] {
    [
        json!({
            "id": "calls.har#0", "operation": "chat", "provider": "openai", "api": "openai_chat",
            "outcome": "completed", "server_address": "api.openai.com", "server_port": 443,
            "request_model": "gpt-4o", "temperature": 0.5, "message_count": 1, "request_stream": true,
            "stream": true, "response_model": "gpt-4o-2024-08-06", "response_id": "c-1",
            "finish_reasons": ["stop"], "input_tokens": 11, "output_tokens": 7, "usage_status": "reported",
            "provider_request_id": "req-1", "stream_messages": 2, "content_events": 1,
        }),
        json!({ "id": "calls.har#1", "operation": null }),
        json!({
            "id": "calls.har#2", "operation": "chat", "provider": "anthropic", "api": "anthropic_messages",
            "outcome": "error", "server_address": "api.anthropic.com", "server_port": 443,
            "request_model": "claude-haiku-4-5", "max_tokens": 9,
            "usage_status": "missing", "error_type": "429", "error_code": "rate_limit_error", "retry_after": 7,
        }),
        json!({
            "id": "calls.har#3", "operation": "chat", "provider": "openai", "api": "openai_chat",
            "outcome": "no_response", "server_address": "llm.example.com", "server_port": 8080,
            "request_model": "m", "message_count": 1, "usage_status": "missing", "error_type": "no_response",
        }),
    ]
}

/// The facts of `calls.jsonl`.
fn jsonl_facts() -> [Value; 2] {
    [
        json!({
            "id": "ollama", "operation": "chat", "provider": "ollama", "api": "ollama_chat",
            "outcome": "completed", "server_address": "127.0.0.1", "server_port": 11434, "request_model": "m",
            "message_count": 1, "request_stream": true, "stream": true, "response_model": "m",
            "finish_reasons": ["stop"], "input_tokens": 3, "output_tokens": 2, "usage_status": "reported",
            "stream_messages": 2, "content_events": 1,
        }),
        json!({
            "id": "embeddings", "operation": "embeddings", "provider": "openai", "api": "openai_embeddings",
            "outcome": "completed", "server_address": "api.openai.com", "server_port": 443,
            "request_model": "text-embedding-3-small", "message_count": 2,
            "response_model": "text-embedding-3-small", "input_tokens": 2, "usage_status": "reported",
        }),
    ]
}

#[test]
fn facts_are_a_line_for_each_exchange_in_the_order_of_the_recording() {
    let said = replay(&["--format", "facts", "calls.har", "calls.jsonl"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    assert_eq!(said.documents(), [har_facts().as_slice(), &jsonl_facts()].concat());
}

#[test]
fn no_cut_changes_a_byte_of_the_facts() {
    let whole = replay(&["--format", "facts", "calls.har", "calls.jsonl"]).stdout;
    for split in ["whole", "bytes:1", "bytes:7", "random:1", "random:77"] {
        let said = replay(&["--format", "facts", "--split", split, "calls.har", "calls.jsonl"]);
        assert_eq!(said.stdout, whole, "{split}");
    }
}

#[test]
fn a_directory_is_its_recordings_by_name_packed_or_not() {
    let directory = tempfile::tempdir().unwrap();
    let jsonl = fs::read(folder().join("calls.jsonl")).unwrap();
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(&jsonl).unwrap();
    fs::write(directory.path().join("b.jsonl.gz"), packed.finish().unwrap()).unwrap();
    fs::copy(folder().join("calls.har"), directory.path().join("a.HAR")).unwrap();
    fs::write(directory.path().join("notes.txt"), "passed over").unwrap();
    let said = replay(&["--format", "facts", directory.path().to_str().unwrap()]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    let documents = said.documents();
    assert!(documents[0]["id"].as_str().unwrap().ends_with("a.HAR#0"), "{documents:?}");
    assert_eq!(documents[4..], jsonl_facts());
}

#[test]
fn a_tree_for_each_call_and_a_sum_for_people() {
    let said = replay(&["calls.har"]);
    assert_eq!(said.code, Some(0));
    assert_eq!(said.stderr, "4 exchanges, 3 LLM calls\n");
    assert!(!said.stdout.contains('\x1b'), "colours in a pipe: {:?}", said.stdout);
    for part in [
        "calls.har#0\n└─ chat gpt-4o ",
        "✓ completed    2.00 s",
        "├─ model   gpt-4o-2024-08-06 by openai",
        "├─ tokens  11 in, 7 out",
        "└─ finish  stop",
        "calls.har#2\n└─ chat claude-haiku-4-5 ",
        "✗ error",
        "└─ error   429",
        "calls.har#3\n└─ chat m ",
        "✗ no_response",
    ] {
        assert!(said.stdout.contains(part), "{part:?} is missing in:\n{}", said.stdout);
    }
    assert!(!said.stdout.contains("calls.har#1"), "what is no call has no tree: {}", said.stdout);
}

#[test]
fn otlp_lines_are_the_spans_that_a_collector_would_get() {
    let said = replay(&["--format", "otlp", "calls.har"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    let exports = said.documents();
    assert_eq!(exports.len(), 3);
    let of = |export: &Value, pointer: &str| export.pointer(pointer).cloned().unwrap_or_default();
    let span = |export: &Value| of(export, "/resourceSpans/0/scopeSpans/0/spans/0");
    assert_eq!(
        of(&exports[0], "/resourceSpans/0/resource/attributes"),
        json!([{ "key": "service.name", "value": { "stringValue": "inferspan replay" } }])
    );
    let first = span(&exports[0]);
    assert_eq!(first["traceId"], "0af7651916cd43dd8448eb211c80319c", "the client's trace");
    assert_eq!(first["parentSpanId"], "b7ad6b7169203331");
    assert_eq!((&first["name"], &first["kind"]), (&json!("chat gpt-4o"), &json!(3)));
    // 2026-01-02T03:04:05Z; send and wait take half a second, receive a second and a half.
    assert_eq!(first["startTimeUnixNano"], "1767323045000000000");
    assert_eq!(first["endTimeUnixNano"], "1767323047000000000");
    let ids: Vec<_> = exports.iter().map(|export| span(export)["spanId"].clone()).collect();
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "{ids:?}");
    assert_eq!(span(&exports[1])["parentSpanId"], Value::Null, "a root has none");
    assert!(!said.stdout.contains("sk-secret") && !said.stdout.contains("Why?"), "{}", said.stdout);
    assert_eq!(replay(&["--format", "otlp", "calls.har"]).stdout, said.stdout, "the same twice");
}

/// Needs wasmtime: `--no-default-features` leaves it out.
#[cfg(feature = "wasm")]
#[test]
fn the_compiled_filter_says_the_same() {
    let wasm = host_test::build::filter(&mut |line| eprintln!("{line}")).unwrap();
    let wasm = wasm.to_str().unwrap();
    let said =
        replay(&["--format", "facts", "--split", "bytes:3", "--wasm", wasm, "calls.har", "calls.jsonl"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    assert_eq!(said.documents(), [har_facts().as_slice(), &jsonl_facts()].concat());
    let said = replay(&["--wasm", wasm, "calls.har"]);
    assert_eq!(said.stderr, "4 exchanges, 3 LLM calls\n");
    assert!(said.stdout.contains("✓ completed    2.00 s"), "{}", said.stdout);
    let said = replay(&["--wasm", "calls.har", "calls.har"]);
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.starts_with("inferspan: calls.har: "), "{}", said.stderr);
}

#[test]
fn the_configuration_is_the_filters() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let rule = file("rule.json", r#"{"providers":[{"host":"llm.*","provider":"vllm"}]}"#);
    let said = replay(&["--format", "facts", "--config", &rule, "calls.har"]);
    let providers: Vec<_> = said.documents().iter().map(|facts| facts["provider"].clone()).collect();
    assert_eq!(providers, [json!("openai"), Value::Null, json!("anthropic"), json!("vllm")]);

    let wrong = file("wrong.json", r#"{"otpl":{}}"#);
    let said = replay(&["--config", &wrong, "calls.har"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""));
    assert!(said.stderr.contains("the filter's configuration: otpl: is no key; "), "{}", said.stderr);
    let said = replay(&["--config", "no-such-file.json", "calls.har"]);
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.starts_with("inferspan: no-such-file.json: "), "{}", said.stderr);
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let lines = fs::read_to_string(folder().join("calls.jsonl")).unwrap();
    let half = file("half.jsonl", &format!("{{\"id\": 7}}\n{lines}"));
    let said = replay(&["--format", "facts", &half]);
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.starts_with(&format!("inferspan: {half}:1: ")), "{}", said.stderr);
    assert_eq!(said.documents(), jsonl_facts());

    let no_har = file("no.har", "{}");
    let said = replay(&[&no_har, "calls.jsonl"]);
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.starts_with(&format!("inferspan: {no_har}: not a HAR 1.2 file")), "{}", said.stderr);
    assert!(said.stderr.ends_with("2 exchanges, 2 LLM calls, 1 could not be read\n"), "{}", said.stderr);
    assert!(said.stdout.contains("embeddings"), "{}", said.stdout);

    let other = file("notes.txt", "");
    let said = replay(&[&other]);
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.contains("not a `.har`, `.jsonl` or `.jsonl.gz` file"), "{}", said.stderr);
}

#[test]
fn what_is_not_there_is_said_before_anything_is_read() {
    let empty = tempfile::tempdir().unwrap();
    for (path, problem) in [
        ("no-such.har", "No such file"),
        (empty.path().to_str().unwrap(), "no `.har`, `.jsonl` or `.jsonl.gz` file"),
    ] {
        let said = replay(&["calls.har", path]);
        assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""), "{path}");
        assert!(said.stderr.starts_with(&format!("inferspan: {path}: {problem}")), "{}", said.stderr);
    }
}

#[test]
fn a_wrong_command_line_is_exit_code_2() {
    for arguments in [
        &[][..],
        &["--format", "xml", "calls.har"],
        &["--split", "half", "calls.har"],
        &["--split", "bytes:0", "calls.har"],
        &["--no-such-option", "calls.har"],
    ] {
        let said = replay(arguments);
        assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(!said.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let mut replay = Command::new(env!("CARGO_BIN_EXE_inferspan"))
        .args(["replay", "--format", "facts", "calls.har"])
        .current_dir(folder())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(replay.stdout.take());
    let said = replay.wait_with_output().unwrap();
    assert_eq!((said.status.code(), said.stderr.as_slice()), (Some(0), b"".as_slice()));
}
