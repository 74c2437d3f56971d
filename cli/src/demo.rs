//! `inferspan demo`.

use std::process::ExitCode;

/// What `inferspan demo` takes.
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Not there yet: says so and fails.
pub(crate) fn run(_args: Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("demo is not there yet")
}
