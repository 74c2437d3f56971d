//! `inferspan validate` and its neighbours, as people run them, on files written by hand (`validate/`).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// What a run left: exit code, stdout, stderr.
type Said = (Option<i32>, String, String);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/validate")
}

fn inferspan(arguments: &[&str], input: &[u8]) -> Said {
    let mut run = Command::new(env!("CARGO_BIN_EXE_inferspan"))
        .args(arguments)
        .current_dir(folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Who needs no input may be gone before it comes.
    let _ = run.stdin.take().unwrap().write_all(input);
    let said = run.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (said.status.code(), text(said.stdout), text(said.stderr))
}

fn validate(arguments: &[&str]) -> Said {
    inferspan(&[&["validate"], arguments].concat(), b"")
}

/// The rows of what is effective, without those that are defaults.
fn chosen(stdout: &str) -> Vec<String> {
    let lines = stdout.lines().filter(|line| !line.ends_with("  default"));
    lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn what_is_effective_says_who_said_so() {
    let (code, stdout, stderr) = validate(&["good.json"]);
    assert_eq!(code, Some(0));
    assert_eq!(
        chosen(&stdout),
        [
            "good.json: good",
            r#"service_name "shop" configuration"#,
            r#"otlp.headers.x-api-key "…" configuration"#,
            "trace.sample_ratio 0.25 configuration",
            r#"providers[0].host "*" configuration"#,
            r#"providers[0].provider "acme" configuration"#,
            r#"providers[1].host "llm.internal" configuration"#,
            r#"providers[1].provider "vllm" configuration"#,
        ]
    );
    assert!(stdout.contains("  otlp.timeout_ms"), "defaults, too: {stdout}");
    assert!(!stdout.contains("sk-secret"), "{stdout}");
    assert_eq!(
        stderr,
        "warning: good.json:7: providers[1]: is never reached, for providers[0] holds wherever it does; put it first, \
         or remove it\n"
    );
    let (code, stdout, _) = validate(&["--quiet", "good.json"]);
    assert_eq!((code, stdout.as_str()), (Some(0), ""));
}

#[test]
fn every_mistake_is_told_with_its_line() {
    let (code, stdout, stderr) = validate(&["wrong.json"]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    let lines: Vec<_> = stderr.lines().collect();
    for (line, begin) in lines.iter().zip([
        "inferspan: wrong.json:2: service_nam: is no key; ",
        "inferspan: wrong.json:4: otlp.timeout_ms: is 0; give 1 to 60000",
        "inferspan: wrong.json:7: providers[0].host: is \"https://foo\"; ",
    ]) {
        assert!(line.starts_with(begin), "{line}");
    }
    assert_eq!(lines.len(), 3, "{stderr}");
    assert!(lines[0].ends_with("did you mean \"service_name\"?"), "{stderr}");
}

#[test]
fn each_filter_of_an_envoy_is_found_and_named_by_its_place() {
    let (code, stdout, stderr) = validate(&["bootstrap.yaml"]);
    assert_eq!(code, Some(1));
    let place = "bootstrap.yaml: listener ingress / http / inferspan";
    assert_eq!(
        chosen(&stdout),
        [
            &format!("{place}-text: good"),
            r#"service_name "of-the-variable" OTEL_SERVICE_NAME"#,
            r#"otlp.cluster "telemetry" configuration"#,
        ]
    );
    let lines: Vec<_> = stderr.lines().collect();
    for (line, begin) in lines.iter().zip([
        format!("warning: {place}-text: OTEL_RESOURCE_ATTRIBUTES comes from Envoy's own environment"),
        format!("warning: {place}-text: OTEL_TRACES_SAMPLER names none of always_on"),
        "inferspan: bootstrap.yaml:39: listener ingress / http / inferspan-object: otlp.timeout: is no key; ".to_owned(),
        "inferspan: bootstrap.yaml:46: listener ingress / http / inferspan-yaml: is neither a JSON object nor a google.protobuf.Struct; give one".to_owned(),
    ]) {
        assert!(line.starts_with(&begin), "{line}\n{begin}");
    }
    assert_eq!(lines.len(), 4, "{stderr}");
}

#[test]
fn every_mistake_in_yaml_is_told_with_its_line() {
    let wrong = "\
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: { name: telemetry }
spec:
  url: oci://registry.example.com/inferspan:1
  pluginConfig:
    service_nam: mesh
    attributes:
      - name: user.id
        body: api_key
    providers:
      - { host: a.example, provider: one }
      - { host: a.example, provider: two }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: envoy }
data:
  listener.yaml: |
    filter_chains:
      - filters:
          - name: inferspan
            typed_config:
              \"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
              config:
                configuration:
                  \"@type\": type.googleapis.com/google.protobuf.StringValue
                  value: |
                    {
                      \"otlp\": {
                        \"timeout_ms\": 0
                      }
                    }
";
    let (code, _, stderr) = inferspan(&["validate", "-"], wrong.as_bytes());
    assert_eq!(code, Some(1));
    let lines: Vec<_> = stderr.lines().collect();
    for (line, begin) in lines.iter().zip([
        "inferspan: -:7: WasmPlugin telemetry: service_nam: is no key; ",
        "inferspan: -:10: WasmPlugin telemetry: attributes[0].body: is \"api_key\", which holds credentials",
        "inferspan: -:31: ConfigMap envoy / listener.yaml / inferspan: otlp.timeout_ms: is 0; give 1 to 60000",
    ]) {
        assert!(line.starts_with(begin), "{line}\n{begin}");
    }
    assert_eq!(lines.len(), 3, "{stderr}");
    // Where nothing is wrong, what is never reached has its line, too.
    let good = wrong.replace("service_nam", "service_name").replace("api_key", "user").replace(": 0", ": 9");
    let (code, _, stderr) = inferspan(&["validate", "--quiet", "-"], good.as_bytes());
    assert_eq!(code, Some(0), "{stderr}");
    assert!(
        stderr.starts_with("warning: -:13: WasmPlugin telemetry: providers[1]: is never reached"),
        "{stderr}"
    );
}

#[test]
fn resources_of_istio_envoy_gateway_and_kubernetes_are_read() {
    let (code, stdout, stderr) = validate(&["kubernetes.yaml"]);
    assert_eq!(code, Some(1));
    assert_eq!(
        chosen(&stdout),
        [
            "kubernetes.yaml: WasmPlugin istio-ingress/telemetry: good",
            r#"service_name "mesh" configuration"#,
            "trace.sample_ratio 0 OTEL_TRACES_SAMPLER",
            "sampling.rules[0].ratio 0 OTEL_TRACES_SAMPLER",
            "sampling.rules[0].override_parent true OTEL_TRACES_SAMPLER",
            "kubernetes.yaml: ConfigMap edge/envoy / listener.yaml / listener egress / http / inferspan: good",
        ]
    );
    let wrong =
        "inferspan: kubernetes.yaml:22: EnvoyExtensionPolicy llm / inferspan: otlp.protocol: is \"gprc\"; ";
    assert!(stderr.contains(wrong), "{stderr}");
    assert_eq!(stderr.matches("OTEL_SERVICE_NAME comes from Envoy's own environment").count(), 2, "{stderr}");
}

#[test]
fn what_is_no_configuration_is_refused_and_the_rest_is_read() {
    let (code, stdout, stderr) = validate(&["nothing.yaml", "broken.yaml", "no-such.json", "good.json"]);
    assert_eq!(code, Some(1));
    assert!(stdout.starts_with("good.json: good\n"), "{stdout}");
    assert!(stderr.starts_with("inferspan: nothing.yaml: there is no filter in it: "), "{stderr}");
    assert!(stderr.contains("\ninferspan: broken.yaml: is no YAML: "), "{stderr}");
    assert!(stderr.contains("\ninferspan: no-such.json: No such file"), "{stderr}");
    assert_eq!(validate(&[]).0, Some(2));
    assert_eq!(validate(&["--no-such-option", "good.json"]).0, Some(2));
}

#[test]
fn stdin_and_json_are_taken_as_well() {
    let bootstrap = fs::read_to_string(folder().join("bootstrap.yaml")).unwrap();
    let json: Value = serde_saphyr::from_str(&bootstrap).unwrap();
    let (code, stdout, _) = inferspan(&["validate", "-"], json.to_string().as_bytes());
    assert_eq!(code, Some(1));
    assert!(stdout.starts_with("-: listener ingress / http / inferspan-text: good\n"), "{stdout}");
    let (code, stdout, stderr) = inferspan(&["validate", "-"], b"");
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "nothing at all is the default");
    assert!(stdout.starts_with("-: good\n"), "{stdout}");
}

#[test]
fn the_configurations_to_copy_are_good() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../envoy")];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap_or_default();
            let kinds = ["filters.http.wasm.v3.Wasm", "kind: WasmPlugin", "kind: EnvoyExtensionPolicy"];
            if path.extension().is_some_and(|end| end == "yaml")
                && kinds.iter().any(|kind| text.contains(kind))
            {
                let (code, stdout, stderr) = validate(&[path.to_str().unwrap()]);
                assert_eq!((code, stderr.as_str()), (Some(0), ""), "{}", path.display());
                assert!(stdout.contains(": good\n"), "{stdout}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 6, "{seen}");
}

#[test]
fn the_schema_is_the_one_in_the_documentation() {
    let (code, stdout, stderr) = inferspan(&["schema"], b"");
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let documented = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/inferspan.schema.json");
    let documented: Value = serde_json::from_str(&fs::read_to_string(documented).unwrap()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&stdout).unwrap(), documented);
}

#[test]
fn shells_and_manuals_know_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, stdout, _) = inferspan(&["completions", shell], b"");
        assert_eq!(code, Some(0), "{shell}");
        for command in ["demo", "up", "replay", "validate", "schema", "prices"] {
            assert!(stdout.contains(command), "{command} in {shell}");
        }
    }
    let (code, stdout, _) = inferspan(&["man"], b"");
    assert_eq!(code, Some(0));
    assert!(stdout.contains(".TH inferspan 1") && stdout.contains("validate"), "{stdout}");
    let directory = tempfile::tempdir().unwrap();
    let (code, ..) = inferspan(&["man", "--dir", directory.path().to_str().unwrap()], b"");
    assert_eq!(code, Some(0));
    let page = fs::read_to_string(directory.path().join("inferspan-validate.1")).unwrap();
    assert!(page.contains("quiet"), "{page}");
}

#[test]
fn the_wrong_configurations_are_refused_with_what_is_said_of_them() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/config/wrong");
    let mut seen = 0;
    for path in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        if path.extension().is_some_and(|extension| extension == "json") {
            let name = path.to_str().unwrap();
            let (code, stdout, stderr) = validate(&[name]);
            assert_eq!((code, stdout.as_str()), (Some(1), ""), "{name}");
            let said: Vec<&str> = stderr.lines().map(|line| without_place(line, name)).collect();
            let expected = fs::read_to_string(path.with_extension("txt")).unwrap();
            assert_eq!(said, expected.trim_end().lines().collect::<Vec<_>>(), "{name}");
            seen += 1;
        }
    }
    assert!(seen >= 60, "{seen}");
}

/// What is said, without the file and the line.
fn without_place<'l>(line: &'l str, file: &str) -> &'l str {
    let said = line.strip_prefix("inferspan: ").unwrap().strip_prefix(file).unwrap();
    let number = said.strip_prefix(':').unwrap().trim_start_matches(|c: char| c.is_ascii_digit());
    number.strip_prefix(": ").unwrap_or_else(|| number.trim_start())
}
