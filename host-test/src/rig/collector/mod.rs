//! A real OpenTelemetry Collector: found or built, started, killed, started again, and read.
//!
//! It receives OTLP over HTTP and gRPC on ports that stay its own while it is down, and writes what it got into files,
//! one for each signal and run, before it answers: what is delivered is in them, even when it is killed the moment
//! after. Metrics are also there for Prometheus to scrape.

pub mod install;
mod written;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use super::port::Port;
use super::process::Process;
use super::span::Span;
use super::{PATIENCE, poll};
pub use written::Written;

/// A Collector. Dropped, it is killed.
#[derive(Debug)]
pub struct Collector {
    binary: PathBuf,
    directory: TempDir,
    http: Port,
    grpc: Port,
    prometheus: Port,
    runs: u32,
    running: Option<Process>,
}

impl Collector {
    /// One that is not started yet: who connects to it is refused.
    pub fn down(binary: &Path) -> Result<Self> {
        Ok(Self {
            binary: binary.to_owned(),
            directory: tempfile::Builder::new()
                .prefix("inferspan-otelcol-")
                .tempdir()
                .context("make a directory for the Collector")?,
            http: Port::reserve()?,
            grpc: Port::reserve()?,
            prometheus: Port::reserve()?,
            runs: 0,
            running: None,
        })
    }

    /// Where it receives OTLP/HTTP.
    pub fn http(&self) -> SocketAddr {
        self.http.address()
    }

    /// Where it receives OTLP/gRPC.
    pub fn grpc(&self) -> SocketAddr {
        self.grpc.address()
    }

    /// Where Prometheus can scrape the metrics it got, at `/metrics`.
    pub fn prometheus(&self) -> SocketAddr {
        self.prometheus.address()
    }

    /// Starts it, or starts it again, and returns when it takes exports.
    pub async fn up(&mut self) -> Result<()> {
        self.runs += 1;
        let config = self.directory.path().join("config.json");
        fs::write(&config, self.config().to_string()).context("write the Collector's configuration")?;
        let mut command = Command::new(&self.binary);
        command.arg("--config").arg(&config);
        let running = Process::start("the Collector", command, self.directory.path(), READY);
        self.running = Some(running.await?);
        Ok(())
    }

    /// Kills it: no connection is closed in good order, no request under way answered.
    pub async fn kill(&mut self) -> Result<()> {
        self.running.take().context("the Collector does not run")?.kill().await
    }

    /// Ends it in good order.
    pub async fn stop(&mut self) -> Result<()> {
        let status = self.running.take().context("the Collector does not run")?.stop().await?;
        ensure!(status.success(), "the Collector ended with {status}");
        Ok(())
    }

    /// Everything it has written, in all its runs.
    pub fn written(&self) -> Result<Written> {
        let mut written = Written::default();
        for run in 1..=self.runs {
            written.read(&self.file(run, "traces"), &self.file(run, "metrics"), &self.file(run, "logs"))?;
        }
        Ok(written)
    }

    /// What `wanted` finds in what is written, now or within [`PATIENCE`]. `what` names it in the error.
    pub async fn find<T>(&self, what: &str, mut wanted: impl FnMut(&Written) -> Option<T>) -> Result<T> {
        poll::until(what, PATIENCE, async || Ok(wanted(&self.written()?))).await
    }

    /// The first span that `wanted` takes, now or as soon as it is written.
    pub async fn span(&self, what: &str, mut wanted: impl FnMut(&Span) -> bool) -> Result<Span> {
        self.find(what, |written| written.spans().into_iter().find(|span| wanted(span))).await
    }

    fn file(&self, run: u32, signal: &str) -> PathBuf {
        self.directory.path().join(format!("{signal}.{run}.jsonl"))
    }

    fn config(&self) -> Value {
        // With a rotation that never comes, each export is written through; without, it waits in a buffer.
        let file = |signal| json!({ "path": self.file(self.runs, signal), "rotation": { "max_megabytes": 1 << 20 } });
        let endpoint = |port: &Port| json!({ "endpoint": port.address().to_string() });
        json!({
            "receivers": { "otlp": { "protocols": {
                "http": endpoint(&self.http), "grpc": endpoint(&self.grpc),
            } } },
            "exporters": {
                "file/traces": file("traces"), "file/metrics": file("metrics"), "file/logs": file("logs"),
                "prometheus": endpoint(&self.prometheus),
            },
            "service": {
                "telemetry": { "metrics": { "level": "none" } },
                "pipelines": {
                    "traces": { "receivers": ["otlp"], "exporters": ["file/traces"] },
                    "metrics": { "receivers": ["otlp"], "exporters": ["file/metrics", "prometheus"] },
                    "logs": { "receivers": ["otlp"], "exporters": ["file/logs"] },
                },
            },
        })
    }
}

/// What its log says when all is listening.
const READY: &str = "Everything is ready.";
