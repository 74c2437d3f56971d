//! `inferspan replay`: what would this filter say of traffic that was captured?
//!
//! Reads recorded exchanges ([`source`]), cuts their bodies into chunks ([`split`]), runs them through the filter's
//! core or through the compiled filter ([`runner`]), and prints what came out ([`facts`], …), one exchange after the
//! other in the order they were recorded.

mod facts;
mod har;
mod jsonl;
mod recording;
mod runner;
mod source;
mod split;

use std::io::{BufWriter, ErrorKind, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::progress::Progress;
use recording::Recording;
use runner::{Native, Observation, Runner};
use split::Split;

/// What `inferspan replay` takes.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  inferspan replay capture.har
  inferspan replay --format facts --split random:1 recordings/ > facts.jsonl
  inferspan replay --format otlp capture.har | curl -H 'content-type: application/json' --data-binary @- \\
      http://127.0.0.1:4318/v1/traces")]
pub(crate) struct Args {
    /// HAR files (`.har`), recordings (`.jsonl`, `.jsonl.gz`), or directories of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// What to print of each exchange
    #[arg(long, value_enum, default_value_t = Format::Facts)]
    format: Format,
    /// How to cut bodies into chunks: `whole`, `bytes:N`, or `random:SEED`
    #[arg(long, value_name = "HOW", default_value = "whole")]
    split: Split,
}

/// What is printed of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A JSON object a line: its id and the facts
    Facts,
}

/// Replays all that is at the paths. Exit code 1 if anything of it could not be read.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let mut runner = Native::new();
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut progress = Meter::new();
    let mut failed = false;
    for recording in source::open(&args.paths)? {
        let line = recording.and_then(|recording| {
            progress.count(&recording);
            let observation = runner.run(&recording, args.split).context(recording.id.clone())?;
            print(args.format, &recording, &observation)
        });
        let written = match line {
            Ok(line) => out.write_all(line.as_bytes()),
            Err(error) => {
                failed = true;
                progress.clear();
                eprintln!("inferspan: {error:#}");
                Ok(())
            }
        };
        match written.and_then(|()| if std::io::stdout().is_terminal() { out.flush() } else { Ok(()) }) {
            // Whoever reads has seen enough (`… | head`).
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
            written => written.context("write to stdout")?,
        }
    }
    progress.clear();
    match out.flush() {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("write to stdout"),
        _ => Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }),
    }
}

fn print(format: Format, recording: &Recording, observation: &Observation) -> Result<String> {
    match format {
        Format::Facts => facts::line(&recording.id, observation),
    }
}

/// Progress on a terminal, once a run turns out to be long.
struct Meter {
    progress: Option<Progress>,
    started: Instant,
    drawn: Instant,
    done: u64,
}

impl Meter {
    fn new() -> Self {
        let progress = std::io::stderr().is_terminal().then(Progress::new);
        Self { progress, started: Instant::now(), drawn: Instant::now(), done: 0 }
    }

    fn count(&mut self, recording: &Recording) {
        self.done += 1;
        let Some(progress) = &self.progress else { return };
        if self.started.elapsed() > PATIENCE && self.drawn.elapsed() > PACE {
            progress.doing("replay", &format!("{} exchanges, now {}", self.done, recording.id));
            self.drawn = Instant::now();
        }
    }

    fn clear(&self) {
        if let Some(progress) = &self.progress {
            progress.clear();
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(1);
const PACE: Duration = Duration::from_millis(100);
