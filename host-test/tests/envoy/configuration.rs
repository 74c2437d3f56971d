//! The configurations that people copy, and a configuration that the filter refuses.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use host_test::build;
use serde_json::json;

use crate::world::{World, binary, runtime, wasm};

#[test]
fn the_configurations_to_copy_are_valid() -> Result<()> {
    let (binary, wasm) = runtime()?.block_on(async { anyhow::Ok((binary().await?, wasm().await?)) })?;
    let directory = build::workspace().join("envoy");
    let mut seen = 0;
    for entry in fs::read_dir(&directory).with_context(|| format!("read {}", directory.display()))? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        seen += 1;
        let text = fs::read_to_string(&path)?;
        assert!(text.contains(INSTALLED), "{}: the filter is not at {INSTALLED}", path.display());
        let text = text.replace(INSTALLED, &wasm.display().to_string()).replace(ACCESS_LOG, "/dev/null");
        let copy = tempfile::Builder::new().suffix(".yaml").tempfile()?;
        fs::write(copy.path(), text)?;
        let said = Command::new(&binary.path)
            .args(["--mode", "validate", "--disable-hot-restart", "--log-level", "error", "--config-path"])
            .arg(copy.path())
            .output()?;
        let why = String::from_utf8_lossy(&said.stderr);
        assert!(said.status.success(), "{} is refused:\n{why}", path.display());
    }
    assert!(seen > 0, "no configuration in {}", directory.display());
    Ok(())
}

#[test]
fn a_wrong_configuration_is_refused_with_its_reason() -> Result<()> {
    let world = runtime()?.block_on(World::start(json!({ "otlp": { "cluster": 7 } })));
    let error = world.err().context("Envoy started with a wrong configuration")?.to_string();
    assert!(error.contains("otlp.cluster"), "{error}");
    Ok(())
}

/// Where the configurations to copy expect the filter.
const INSTALLED: &str = "/etc/envoy/inferspan.wasm";

/// Where one of them writes its access log.
const ACCESS_LOG: &str = "/var/log/envoy/llm.jsonl";
