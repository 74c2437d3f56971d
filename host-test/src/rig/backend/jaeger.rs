//! Jaeger v2, built once with Go.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::rig::port::Port;
use crate::rig::process::Process;
use crate::rig::{cache, go};

/// The version that is built where none is found. Its module counts from version 1 on.
const VERSION: &str = "1.76.0";

/// A running Jaeger, which keeps traces in memory. Dropped, it is killed.
#[derive(Debug)]
pub struct Jaeger {
    otlp: Port,
    query: Port,
    _process: Process,
    _directory: TempDir,
}

impl Jaeger {
    /// Starts the binary and returns when it takes exports.
    pub async fn start(binary: &Path) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("inferspan-jaeger-").tempdir()?;
        let (otlp, query, query_grpc) = (Port::reserve()?, Port::reserve()?, Port::reserve()?);
        let endpoint = |port: &Port| json!({ "endpoint": port.address().to_string() });
        let config = json!({
            "extensions": {
                "jaeger_storage": { "backends": { "memory": { "memory": { "max_traces": 1000 } } } },
                "jaeger_query": {
                    "storage": { "traces": "memory" }, "http": endpoint(&query), "grpc": endpoint(&query_grpc),
                },
            },
            "receivers": { "otlp": { "protocols": { "http": endpoint(&otlp) } } },
            "exporters": { "jaeger_storage_exporter": { "trace_storage": "memory" } },
            "service": {
                "extensions": ["jaeger_storage", "jaeger_query"],
                "telemetry": { "metrics": { "level": "none" } },
                "pipelines": { "traces": { "receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"] } },
            },
        });
        let file = directory.path().join("config.json");
        fs::write(&file, config.to_string()).context("write Jaeger's configuration")?;
        let mut command = tokio::process::Command::new(binary);
        command.arg("--config").arg(&file);
        let process = Process::start("Jaeger", command, directory.path(), READY).await?;
        Ok(Self { otlp, query, _process: process, _directory: directory })
    }

    /// Where it receives OTLP/HTTP.
    pub fn otlp(&self) -> SocketAddr {
        self.otlp.address()
    }

    /// A trace as it shows it, as soon as it has so many spans.
    pub async fn trace(&self, trace_id: &str, spans: usize) -> Result<Value> {
        let path = format!("/api/traces/{trace_id}");
        super::find(&format!("{spans} spans of trace {trace_id} in Jaeger"), async || {
            let answer = super::get(self.query.address(), &path).await?;
            let trace = answer.map(|mut answer| answer["data"][0].take());
            Ok(trace.filter(|trace| trace["spans"].as_array().is_some_and(|shown| shown.len() >= spans)))
        })
        .await
    }
}

/// Finds a Jaeger, or builds it: what the variable `JAEGER` names, `jaeger` on `PATH`, a copy built earlier, or one
/// built now. Lines of progress go to `progress`.
pub fn find(progress: &mut dyn FnMut(&str)) -> Result<PathBuf> {
    let named = env::var_os("JAEGER").filter(|named| !named.is_empty()).map(PathBuf::from);
    if let Some(binary) = named.or_else(|| cache::on_path("jaeger")) {
        return Ok(binary);
    }
    let place = cache::made(
        "jaeger",
        VERSION,
        |place| place.join("jaeger").is_file(),
        |place| build(place, progress),
    );
    place.map(|place| place.join("jaeger")).map_err(|why| {
        anyhow!(
            "no Jaeger to be had: {why:#}\n\
             Set JAEGER to the path of a Jaeger of version 2, put it on PATH (https://www.jaegertracing.io/download), \
             or make `go` work here (on Debian: apt install golang-go) and run this again"
        )
    })
}

/// Builds it: its own module forbids to be installed by name.
fn build(place: &Path, progress: &mut dyn FnMut(&str)) -> Result<()> {
    let module = format!("github.com/jaegertracing/jaeger@v{VERSION}");
    go::build(place, "jaeger", (&module, "github.com/jaegertracing/jaeger/cmd/jaeger"), &[], None, progress)
}

/// What its log says when all is listening.
const READY: &str = "Everything is ready.";
