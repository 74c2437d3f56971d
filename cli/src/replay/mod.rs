//! `inferspan replay`: what would this filter say of traffic that was captured?
//!
//! Reads recorded exchanges ([`source`]), cuts their bodies into chunks, runs them through the filter's core
//! ([`native`]) or through the compiled filter ([`wasm`]), and prints what came out: a view of each exchange in the
//! order they were recorded ([`view`], [`facts`]), or what a collector would get.

mod facts;
mod native;
mod source;
mod tally;
mod view;
#[cfg(feature = "wasm")]
mod wasm;

use std::io::{BufWriter, ErrorKind, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::error::ErrorKind as Misuse;
#[cfg(feature = "wasm")]
use host_test::rig::span::Span;
use inferspan_core::otlp::envelope::Envelope;
use inferspan_core::otlp::outbox::Signal;
use inferspan_replay::export::{Encoding, Requests};
use inferspan_replay::{Recording, Split, Told};

use crate::configuration;
use crate::show;
use native::Native;
use tally::Tally;

/// What `inferspan replay` takes.
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// HAR files (`.har`), recordings (`.jsonl`), either packed (`.gz`) or not, directories of them, or `-` for stdin
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Which signal `otlp` and `protobuf` print; each has a path of its own in a collector [default: traces]
    #[arg(long, value_enum)]
    signal: Option<SignalName>,
    /// Print the summary alone
    #[arg(long)]
    summary: bool,
    /// Say of each exchange that is no LLM call why it is none
    #[arg(long)]
    explain: bool,
    /// How to cut bodies into chunks: `whole`, `bytes:N`, or `random:SEED`
    #[arg(long, value_name = "HOW", default_value = "whole")]
    split: Split,
    /// Run the compiled filter, as Envoy would, in place of its core as a library
    #[cfg(feature = "wasm")]
    #[arg(long, value_name = "FILE")]
    wasm: Option<PathBuf>,
    /// The filter's configuration, as Envoy hands it over: one JSON object
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A tree for each LLM call, then a summary
    Text,
    /// A JSON object a line: the exchange's id and the facts of the call
    Facts,
    /// What a collector would get, as OTLP/JSON: one export request, or one a line where there is more than 4 MiB of it
    Otlp,
    /// The same as OTLP's protobuf
    Protobuf,
}

/// A signal, by its name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum SignalName {
    /// Spans, for `/v1/traces`
    Traces,
    /// What all calls measured, collected once, for `/v1/metrics`
    Metrics,
    /// Log events, for `/v1/logs`
    Logs,
}

impl SignalName {
    fn signal(self) -> Signal {
        match self {
            Self::Traces => Signal::Traces,
            Self::Metrics => Signal::Metrics,
            Self::Logs => Signal::Logs,
        }
    }
}

/// What is wanted of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// A view of each call, sampled or not.
    View,
    /// What is exported of a signal.
    Export(Signal, Encoding),
}

/// Runs exchanges, one after the other.
trait Runner {
    /// Shows it the exchange as a proxy would, bodies cut as asked.
    fn run(&mut self, recording: &Recording, split: Split) -> Result<Observation>;

    /// What all of them measured, as encoded records.
    fn metrics(&mut self) -> Result<Vec<u8>>;

    /// Who speaks, once something was said.
    fn envelope(&self) -> Option<Envelope>;
}

/// What came out.
enum Observation {
    /// It was taken for no LLM call, for this reason.
    Nothing(&'static str),
    /// A call.
    Call(Box<Told>),
    /// What the compiled filter sent to the collector.
    #[cfg(feature = "wasm")]
    Sent(Box<Sent>),
}

/// What the compiled filter sent of one exchange.
#[cfg(feature = "wasm")]
struct Sent {
    /// Its span, where it sent one.
    span: Option<Span>,
    /// The encoded records.
    records: Vec<u8>,
}

/// Replays all that is at the paths. Exit code 1 if anything of it could not be read.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let wanted = wanted(&args);
    let setup = Setup::new(&args, wanted)?;
    let mut runner: Option<Box<dyn Runner>> = None;
    let mut tally = Tally::new();
    let mut out = Out::new(args.format == Format::Text);
    let mut requests: Option<Requests> = None;
    for recording in source::open(&args.paths)? {
        let shown = recording.and_then(|recording| {
            tally.begin(&recording);
            let runner = match &mut runner {
                Some(runner) => runner,
                None => runner.insert(setup.runner(&recording)?),
            };
            let observation = runner.run(&recording, args.split).with_context(|| recording.id.clone())?;
            tally.count(&observation);
            match (wanted, args.format) {
                (Wanted::Export(signal, encoding), _) => {
                    let records = records(&observation, signal);
                    Ok(export(&mut requests, signal, encoding, runner.as_ref(), &records))
                }
                (Wanted::View, _) if args.summary => Ok(Vec::new()),
                (Wanted::View, Format::Facts) => {
                    Ok(facts::line(&recording.id, &observation, args.explain)?.into_bytes())
                }
                (Wanted::View, _) => Ok(view::tree(&recording, &observation, args.explain).into_bytes()),
            }
        });
        match shown {
            Ok(bytes) if bytes.is_empty() => {}
            Ok(bytes) => {
                tally.clear();
                if !out.write(&bytes)? {
                    return Ok(ExitCode::SUCCESS);
                }
            }
            Err(error) => tally.fail(&error),
        }
    }
    let mut rest = Vec::new();
    if let (Wanted::Export(signal, encoding), Some(runner)) = (wanted, &mut runner) {
        if signal == Signal::Metrics {
            let metrics = runner.metrics()?;
            rest = export(&mut requests, signal, encoding, runner.as_ref(), &metrics);
        }
        rest.extend(requests.as_mut().and_then(Requests::take).unwrap_or_default());
    } else if args.format == Format::Text {
        rest = show::summary::table(tally.summary()).into_bytes();
    }
    if out.write(&rest)? && out.flush()? {
        tally.end(args.format == Format::Text);
    }
    Ok(if tally.has_failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What the options ask for; options that contradict each other end the program.
fn wanted(args: &Args) -> Wanted {
    let encoding = match args.format {
        Format::Otlp => Some(Encoding::Json),
        Format::Protobuf => Some(Encoding::Protobuf),
        Format::Text | Format::Facts => None,
    };
    let misuse = match encoding {
        None if args.signal.is_some() => "--signal goes with --format otlp or --format protobuf",
        _ if args.summary && args.format != Format::Text => "--summary prints no other format",
        Some(_) if args.explain => "--explain goes with --format text or --format facts",
        _ if args.explain && args.summary => "--summary prints nothing else",
        _ => "",
    };
    if !misuse.is_empty() {
        crate::misuse(Misuse::ArgumentConflict, misuse);
    }
    match encoding {
        Some(encoding) => Wanted::Export(args.signal.map_or(Signal::Traces, SignalName::signal), encoding),
        None => Wanted::View,
    }
}

/// What a runner is made of.
enum Setup {
    Native(Box<native::Setup>),
    #[cfg(feature = "wasm")]
    Wasm(Box<wasm::Setup>),
}

impl Setup {
    fn new(args: &Args, wanted: Wanted) -> Result<Self> {
        let configuration = configuration::read(args.config.as_deref())?;
        #[cfg(feature = "wasm")]
        if let Some(file) = &args.wasm {
            return Ok(Self::Wasm(Box::new(wasm::Setup::new(file, &configuration, wanted)?)));
        }
        let _ = wanted;
        Ok(Self::Native(Box::new(native::Setup::new(configuration))))
    }

    /// A runner of exchanges that begin with this one.
    fn runner(&self, first: &Recording) -> Result<Box<dyn Runner>> {
        Ok(match self {
            Self::Native(setup) => Box::new(Native::new(setup, first)),
            #[cfg(feature = "wasm")]
            Self::Wasm(setup) => Box::new(wasm::Wasm::new(setup, first)?),
        })
    }
}

/// The encoded records of a signal that an exchange gave.
fn records(observation: &Observation, signal: Signal) -> Vec<u8> {
    match observation {
        Observation::Nothing(_) => Vec::new(),
        Observation::Call(told) => {
            let mut records = Vec::new();
            told.encode(signal, &mut records);
            records
        }
        #[cfg(feature = "wasm")]
        Observation::Sent(sent) => sent.records.clone(),
    }
}

/// Adds records; the request that they fill, if they do.
fn export(
    requests: &mut Option<Requests>,
    signal: Signal,
    encoding: Encoding,
    runner: &dyn Runner,
    records: &[u8],
) -> Vec<u8> {
    if records.is_empty() {
        return Vec::new();
    }
    let Some(envelope) = runner.envelope() else { return Vec::new() };
    let requests = requests.get_or_insert_with(|| Requests::new(signal, encoding, envelope));
    requests.push(records).unwrap_or_default()
}

/// Stdout: watched by a person, or read by a program, which may have seen enough at any time (`… | head`).
struct Out {
    writer: BufWriter<Box<dyn Write>>,
    watched: bool,
}

impl Out {
    /// With colours, or without where they do not belong; bytes that are no text go out as they are.
    fn new(is_text: bool) -> Self {
        let watched = std::io::stdout().is_terminal();
        let writer: Box<dyn Write> = match is_text {
            true => Box::new(anstream::stdout().lock()),
            false => Box::new(std::io::stdout().lock()),
        };
        Self { writer: BufWriter::new(writer), watched }
    }

    /// Whether more output is wanted.
    fn write(&mut self, bytes: &[u8]) -> Result<bool> {
        let written = self.writer.write_all(bytes);
        if self.watched && written.is_ok() {
            return self.flush();
        }
        is_wanted(written)
    }

    fn flush(&mut self) -> Result<bool> {
        is_wanted(self.writer.flush())
    }
}

fn is_wanted(written: std::io::Result<()>) -> Result<bool> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error).context("write to stdout"),
    }
}

#[cfg(feature = "wasm")]
const AFTER_HELP: &str = "Examples:
  inferspan replay capture.har
  inferspan replay --summary --config filter.json recordings/
  zcat capture.har.gz | inferspan replay -
  inferspan replay --format facts --split random:1 recordings/ > facts.jsonl
  inferspan replay --wasm inferspan.wasm --config filter.json capture.har
  inferspan replay --format otlp capture.har | curl -H 'content-type: application/json' --data-binary @- \\
      http://127.0.0.1:4318/v1/traces
  inferspan replay --format protobuf --signal metrics capture.har | curl -H 'content-type: application/x-protobuf' \\
      --data-binary @- http://127.0.0.1:4318/v1/metrics";

#[cfg(not(feature = "wasm"))]
const AFTER_HELP: &str = "Examples:
  inferspan replay capture.har
  inferspan replay --summary --config filter.json recordings/
  zcat capture.har.gz | inferspan replay -
  inferspan replay --format facts --split random:1 recordings/ > facts.jsonl
  inferspan replay --format otlp capture.har | curl -H 'content-type: application/json' --data-binary @- \\
      http://127.0.0.1:4318/v1/traces
  inferspan replay --format protobuf --signal metrics capture.har | curl -H 'content-type: application/x-protobuf' \\
      --data-binary @- http://127.0.0.1:4318/v1/metrics";
