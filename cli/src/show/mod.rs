//! Spans on stdout: trees for people, OTLP/JSON lines for machines.

pub(crate) mod fact;
pub(crate) mod summary;
pub(crate) mod terminal;
pub(crate) mod told;
pub(crate) mod tree;

use std::io::Write;

use anyhow::{Context, Result};
use host_test::rig::receiver::Export;

/// How spans are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// A tree for each trace
    Text,
    /// The received OTLP export requests as OTLP/JSON, one a line
    Json,
}

/// Writes to stdout, without colours where they do not belong.
pub(crate) fn put(text: &str) -> Result<()> {
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}

/// One export request as a line of OTLP/JSON; empty when it holds no traces.
pub(crate) fn json_line(export: &Export) -> Result<String> {
    match &export.traces {
        Some(traces) => Ok(serde_json::to_string(traces).context("write OTLP/JSON")? + "\n"),
        None => Ok(String::new()),
    }
}
