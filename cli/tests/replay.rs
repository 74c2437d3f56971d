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
fn the_spans_are_one_request_that_a_collector_takes() {
    let said = replay(&["--format", "otlp", "calls.har"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    let exports = said.documents();
    let [export] = exports.as_slice() else { panic!("one request: {exports:?}") };
    let of = |pointer: &str| export.pointer(pointer).cloned().unwrap_or_default();
    let resource = of("/resourceSpans/0/resource/attributes");
    assert_eq!(resource[0], json!({ "key": "service.name", "value": { "stringValue": "inferspan" } }));
    assert_eq!(resource[1]["key"], "service.instance.id");
    let spans = of("/resourceSpans/0/scopeSpans/0/spans");
    let [first, second, third] = spans.as_array().unwrap().as_slice() else { panic!("three spans: {spans}") };
    assert_eq!(first["traceId"], "0af7651916cd43dd8448eb211c80319c", "the client's trace");
    assert_eq!(first["parentSpanId"], "b7ad6b7169203331");
    assert_eq!((&first["name"], &first["kind"]), (&json!("chat gpt-4o"), &json!(3)));
    // 2026-01-02T03:04:05Z; send and wait take half a second, receive a second and a half.
    assert_eq!(first["startTimeUnixNano"], "1767323045000000000");
    assert_eq!(first["endTimeUnixNano"], "1767323047000000000");
    let ids = [first, second, third].map(|span| span["spanId"].clone());
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "{ids:?}");
    assert_eq!(second["parentSpanId"], Value::Null, "a root has none");
    assert!(!said.stdout.contains("sk-secret") && !said.stdout.contains("Why?"), "{}", said.stdout);
    assert_eq!(replay(&["--format", "otlp", "calls.har"]).stdout, said.stdout, "the same twice");
    let other = replay(&["--format", "otlp", "calls.jsonl"]).stdout;
    assert!(!ids.iter().any(|id| other.contains(id.as_str().unwrap())), "another capture has other ids");
}

#[test]
fn each_signal_is_a_request_of_its_own() {
    let said = replay(&["--format", "otlp", "--signal", "metrics", "calls.har"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    let exports = said.documents();
    let metrics = exports[0].pointer("/resourceMetrics/0/scopeMetrics/0/metrics").unwrap();
    let of = |name: &str| metrics.as_array().unwrap().iter().find(|metric| metric["name"] == name).unwrap();
    let tokens = of("gen_ai.client.token.usage");
    let points = tokens.pointer("/histogram/dataPoints").unwrap().as_array().unwrap();
    let sums: Vec<_> = points.iter().map(|point| point["sum"].as_f64().unwrap()).collect();
    assert_eq!(sums, [11.0, 7.0]);
    // A second after the end of the last exchange, which got no answer at 03:04:10.
    assert_eq!(points[0]["timeUnixNano"], "1767323051000000000");
    assert_eq!(exports.len(), 1);

    let said = replay(&["--format", "otlp", "--signal", "logs", "calls.har"]);
    let exports = said.documents();
    let records = exports[0].pointer("/resourceLogs/0/scopeLogs/0/logRecords").unwrap();
    let names: Vec<_> =
        records.as_array().unwrap().iter().map(|record| record["eventName"].clone()).collect();
    assert_eq!(names, ["gen_ai.client.operation.exception", "gen_ai.client.operation.exception"]);

    let said = replay(&["--format", "otlp", "--signal", "logs", "calls.jsonl"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), ""), "nothing failed there");
}

#[test]
fn what_is_sampled_away_is_counted_and_not_sent() {
    let directory = tempfile::tempdir().unwrap();
    let none = directory.path().join("none.json");
    fs::write(&none, r#"{"service_name": "shop", "trace": {"sample_ratio": 0}}"#).unwrap();
    let none = none.to_str().unwrap();
    let said = replay(&["--format", "otlp", "--config", none, "calls.har"]);
    // The client of the first one asked for it.
    assert_eq!(said.stdout.matches("spanId").count(), 1, "{}", said.stdout);
    assert!(
        said.stdout.contains(r#"{"key":"service.name","value":{"stringValue":"shop"}}"#),
        "{}",
        said.stdout
    );
    let metrics = replay(&["--format", "otlp", "--signal", "metrics", "--config", none, "calls.har"]).stdout;
    assert!(
        metrics.contains(r#""count":"3""#) || metrics.matches(r#""count":"1""#).count() >= 3,
        "{metrics}"
    );
    let said = replay(&["--config", none, "calls.har"]);
    assert!(said.stdout.starts_with("calls.har#0  shop\n└─ chat gpt-4o "), "{}", said.stdout);
    assert!(said.stdout.contains("calls.har#3  shop\n"), "{}", said.stdout);
}

#[test]
fn protobuf_is_the_same_request() {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use prost::Message;
    let output = Command::new(env!("CARGO_BIN_EXE_inferspan"))
        .args(["replay", "--format", "protobuf", "calls.har"])
        .current_dir(folder())
        .output()
        .unwrap();
    let request = ExportTraceServiceRequest::decode(output.stdout.as_slice()).unwrap();
    let json = &replay(&["--format", "otlp", "calls.har"]).documents()[0];
    let json: ExportTraceServiceRequest = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(request, json);
}

#[test]
fn a_summary_ends_the_trees_or_stands_alone() {
    let trees = replay(&["calls.har", "calls.jsonl"]).stdout;
    let said = replay(&["--summary", "calls.har", "calls.jsonl"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), "6 exchanges, 5 LLM calls\n"));
    assert!(trees.ends_with(&said.stdout), "{trees}");
    let lines: Vec<Vec<&str>> = said
        .stdout
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    assert_eq!(
        lines[0],
        ["model", "provider", "calls", "errors", "tokens in", "tokens out", "cost", "first token p50", "p95"]
    );
    let line = |model: &str| lines.iter().find(|line| line[0] == model).unwrap()[1..].to_vec();
    assert_eq!(line("gpt-4o-2024-08-06"), ["openai", "1", "0", "11", "7", "-", "500 ms", "500 ms"]);
    assert_eq!(line("claude-haiku-4-5"), ["anthropic", "1", "1", "-", "-", "-", "-", "-"]);
    assert_eq!(line("all"), ["5", "2", "16", "9", "-", "500 ms", "500 ms"]);
}

#[test]
fn what_was_not_captured_is_said_and_no_failure() {
    let directory = tempfile::tempdir().unwrap();
    let har = fs::read_to_string(folder().join("calls.har")).unwrap();
    let mut har: Value = serde_json::from_str(&har).unwrap();
    let response = har.pointer_mut("/log/entries/0/response/content").unwrap();
    *response = json!({ "size": 900, "mimeType": "text/event-stream" });
    let path = directory.path().join("half.har");
    fs::write(&path, har.to_string()).unwrap();
    let said = replay(&[path.to_str().unwrap()]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), "4 exchanges, 3 LLM calls\n"));
    let title = format!("{}#0  (the answer's body was not captured)\n", path.display());
    assert!(said.stdout.starts_with(&title), "{}", said.stdout);
    assert!(said.stdout.contains("└─ losses  unread bodies\n"), "{}", said.stdout);
}

#[test]
fn stdin_is_whatever_comes() {
    let har = fs::read(folder().join("calls.har")).unwrap();
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(&har).unwrap();
    let marked = [b"\xef\xbb\xbf".as_slice(), &har].concat();
    let jsonl = fs::read(folder().join("calls.jsonl")).unwrap();
    let mut facts = har_facts().to_vec();
    for (at, call) in facts.iter_mut().enumerate() {
        call["id"] = json!(format!("-#{at}"));
    }
    for (input, expected) in [
        (har, facts.clone()),
        (packed.finish().unwrap(), facts.clone()),
        (marked, facts),
        (jsonl, jsonl_facts().to_vec()),
    ] {
        let mut replay = Command::new(env!("CARGO_BIN_EXE_inferspan"))
            .args(["replay", "--format", "facts", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        replay.stdin.take().unwrap().write_all(&input).unwrap();
        let said = replay.wait_with_output().unwrap();
        assert_eq!(said.status.code(), Some(0));
        let said = String::from_utf8(said.stdout).unwrap();
        let said: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(said, expected);
    }
}

/// Needs wasmtime: `--no-default-features` leaves it out.
#[cfg(feature = "wasm")]
#[test]
fn the_compiled_filter_says_the_same() {
    let wasm = host_test::build::filter(&mut |line| eprintln!("{line}")).unwrap();
    let wasm = wasm.to_str().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("config.json");
    fs::write(&config, EVERYTHING).unwrap();
    let config = config.to_str().unwrap();
    let half = directory.path().join("half.har");
    fs::write(&half, UNCAPTURED).unwrap();
    let half = half.to_str().unwrap();
    let said =
        replay(&["--format", "facts", "--split", "bytes:3", "--wasm", wasm, "calls.har", "calls.jsonl"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    assert_eq!(said.documents(), [har_facts().as_slice(), &jsonl_facts()].concat());
    for (signal, split) in [("traces", "whole"), ("metrics", "random:5"), ("logs", "bytes:100")] {
        let how = ["--format", "otlp", "--signal", signal, "--split", split, "--config", config];
        let files = ["calls.har", "calls.jsonl", half];
        let native = replay(&[&how[..], &files].concat());
        assert_eq!((native.code, native.stdout.lines().count()), (Some(0), 1), "{signal}");
        let compiled = replay(&[&how[..], &["--wasm", wasm], &files].concat());
        assert_eq!((compiled.code, compiled.stderr.as_str()), (Some(0), ""), "{signal}");
        assert_eq!(compiled.stdout, native.stdout, "{signal}");
    }
    let said = replay(&["--wasm", wasm, "calls.har"]);
    assert_eq!(said.stdout, replay(&["calls.har"]).stdout);
    assert_eq!(said.stderr, "4 exchanges, 3 LLM calls\n");
    assert!(said.stdout.contains("✓ completed    2.00 s"), "{}", said.stdout);
    let said = replay(&["--wasm", "calls.har", "calls.har"]);
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.starts_with("inferspan: calls.har: "), "{}", said.stderr);
}

/// A configuration in which much is told.
#[cfg(feature = "wasm")]
const EVERYTHING: &str = r#"{
    "service_name": "shop", "resource": {"attributes": {"deployment.environment.name": "test"}},
    "otlp": [{"cluster": "a", "protocol": "grpc"}, {"cluster": "b", "compression": "gzip"}],
    "metrics": {"temporality": "delta"}, "trace": {"sample_ratio": 0.5},
    "sampling": {"rules": [{"error": true}]}, "semconv": {"vocabularies": ["gen_ai", "openinference", "llm"]},
    "logs": {"events": ["inference_details", "exceptions", "cost_threshold"]}, "cost": {"threshold_usd": 0.00001},
    "prices": [{"model": "gpt-4o*", "usd_per_million": {"input": 2.5, "output": 10}}],
    "providers": [{"host": "llm.*", "provider": "vllm"}]
}"#;

/// Bodies that the browser did not keep, of a call that began before those of the other files.
#[cfg(feature = "wasm")]
const UNCAPTURED: &str = r#"{"log": {"entries": [{
    "startedDateTime": "2025-12-31T23:59:59Z",
    "request": {"method": "POST", "url": "https://api.openai.com/v1/chat/completions", "headers": [
        {"name": "content-type", "value": "application/json"}], "bodySize": 100},
    "response": {"status": 200, "headers": [{"name": "content-type", "value": "application/json"}],
        "content": {"size": 1000}},
    "timings": {"send": 1, "wait": 2000, "receive": 3}}]}}"#;

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
    assert!(said.stderr.contains("not a `.har`, `.jsonl`, `.har.gz` or `.jsonl.gz` file"), "{}", said.stderr);
}

#[test]
fn what_is_not_there_is_said_before_anything_is_read() {
    let empty = tempfile::tempdir().unwrap();
    for (path, problem) in [
        ("no-such.har", "No such file"),
        (empty.path().to_str().unwrap(), "no `.har`, `.jsonl`, `.har.gz` or `.jsonl.gz` file"),
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
        &["--signal", "logs", "calls.har"],
        &["--format", "facts", "--signal", "logs", "calls.har"],
        &["--format", "otlp", "--signal", "profiles", "calls.har"],
        &["--format", "facts", "--summary", "calls.har"],
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

#[test]
fn it_is_said_why_an_exchange_is_no_call() {
    let exchange = |id: &str, method: &str, authority: &str, path: &str, request: &str, answer: &str| {
        let body = |text: &str| base64::Engine::encode(&base64::prelude::BASE64_STANDARD, text);
        json!({
            "id": id,
            "request": { "method": method, "scheme": "https", "authority": authority, "path": path,
                "headers": [["content-type", "application/json"]], "body": body(request) },
            "response": { "status": 200, "headers": [["content-type", "application/json"]], "body": body(answer) },
        })
    };
    let recordings = [
        exchange("models", "GET", "api.openai.com", "/v1/models", "", "{}"),
        exchange("files", "POST", "api.openai.com", "/v1/files", "{}", "{}"),
        exchange("shop", "POST", "shop.example", "/api/chat", r#"{"to":"ann"}"#, r#"{"ok":true}"#),
        exchange(
            "call",
            "POST",
            "api.openai.com",
            "/v1/chat/completions",
            r#"{"model":"m","messages":[]}"#,
            "{}",
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mixed.jsonl");
    fs::write(&file, recordings.map(|recording| recording.to_string()).join("\n")).unwrap();
    let file = file.to_str().unwrap();

    let said = replay(&["--explain", "--format", "facts", file]);
    let why: Vec<_> = said.documents().iter().map(|line| line["why"].as_str().map(str::to_owned)).collect();
    for (why, begin) in why.iter().zip([
        "no call: every call is a POST",
        "no call: no LLM API has this path",
        "no call: the path is one of an LLM API and the host is no provider known here, and neither body shows the API",
    ]) {
        assert!(why.as_deref().unwrap_or_default().starts_with(begin), "{why:?}");
    }
    assert_eq!((why.len(), why[3].as_deref()), (4, None));
    let said = replay(&["--explain", file]);
    assert!(said.stdout.contains("models\n  no call: every call is a POST\n"), "{}", said.stdout);
    assert!(!replay(&[file]).stdout.contains("no call"), "only where it is asked");
    assert_eq!(replay(&["--explain", "--format", "otlp", file]).code, Some(2));
}
