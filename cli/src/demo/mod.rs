//! `inferspan demo`: real HTTP calls through a real Envoy with the filter, and the traces they leave.
//!
//! The upstream is the simulated provider, the collector the embedded receiver; everything else is what anyone
//! would run. The command checks what it shows: it succeeds only if every call came back as the span it should be.

mod calls;
mod check;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use anyhow::{Context, Result};
use host_test::rig::config::{Config, Filter, Listener, Upstream};
use host_test::rig::envoy::{Envoy, Options};
use host_test::rig::provider::{Pace, Provider};
use host_test::rig::receiver::{Export, Receiver};
use serde_json::json;

use self::calls::Call;
use self::check::Mistake;
use crate::page::{self, Page};
use crate::parts::{self, Parts};
use crate::progress::Progress;
use crate::show::{self, Format, terminal, tree};
use crate::stop::Stop;

/// What `inferspan demo` takes.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  inferspan demo                          the traces as trees
  inferspan demo --open                   the same as a page in the browser
  inferspan demo --format json | jq .     the spans as OTLP/JSON, one export request a line

Nothing leaves this machine: the provider is simulated. Exit code 0 says that every call came back as the span it
should be.")]
pub(crate) struct Args {
    /// How to print what is received
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Serve a page to look at, too, and stay until Ctrl-C; --open does so, and opens it
    #[arg(long)]
    page: bool,
    #[command(flatten)]
    looking: page::Looking,
    #[command(flatten)]
    parts: parts::Given,
}

/// Runs the demo.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let progress = Progress::new();
    let parts = Parts::get(&args.parts, &progress)?;
    let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
    runtime.block_on(show(&args, &parts, &progress))
}

async fn show(args: &Args, parts: &Parts, progress: &Progress) -> Result<ExitCode> {
    let mut stop = Stop::listen();
    let provider = Provider::start(Pace::REAL).await?;
    let receiver = Receiver::start().await?;
    let config = Config {
        listeners: vec![Listener {
            name: LISTENER.to_owned(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            filter: Some(Filter { wasm: parts.wasm.clone(), configuration: json!({}) }),
        }],
        upstream: Upstream::plain(provider.address()),
        collector: Some(Upstream::plain(receiver.address())),
        tracing: false,
    };
    progress.doing("start", "Envoy with the filter");
    let mut envoy = tokio::select! {
        envoy = Envoy::start(&parts.envoy.path, &config, Options::default()) => envoy?,
        signal = stop.requested() => return Ok(stopped(signal, progress)),
    };
    let address = envoy.listener(LISTENER)?;
    progress.done("start", &format!("http://{address} → Envoy with the filter → a simulated provider"));
    progress.clear();
    let page = match args.page || args.looking.is_to_open() {
        true => Some(Page::serve(&args.looking).await?),
        false => None,
    };

    let calls = calls::all();
    let mut board = Board { calls: &calls, format: args.format, shown: Vec::new() };
    let mut mistakes = tokio::select! {
        mistakes = board.follow(&receiver, address) => mistakes?,
        failed = page::follow(page.as_ref(), &receiver) => return failed,
        error = envoy.unexpected_end() => return Err(error),
        signal = stop.requested() => {
            envoy.stop().await?;
            return Ok(stopped(signal, progress));
        }
    };
    // Whatever else the filter has to say comes out now: a span too many would be among it.
    envoy.drain(LAST_SPAN).await?;
    mistakes.extend(check::spans(&calls, &receiver.spans()));
    let judged = judge(&calls, &mistakes);
    if page.is_some() {
        eprintln!("The page stays until Ctrl-C.");
        tokio::select! {
            _ = stop.requested() => {}
            failed = page::follow(page.as_ref(), &receiver) => return failed,
        }
    }
    Ok(judged)
}

fn stopped(signal: &str, progress: &Progress) -> ExitCode {
    progress.clear();
    eprintln!("{signal}: stopped");
    ExitCode::FAILURE
}

/// Shows export requests as they come.
struct Board<'a> {
    calls: &'a [Call],
    format: Format,
    shown: Vec<Export>,
}

impl Board<'_> {
    /// Makes the calls and shows what comes, until the span of each is there or none has come for long. Returns
    /// which calls did not go as they should for the client.
    async fn follow(&mut self, receiver: &Receiver, envoy: SocketAddr) -> Result<Vec<Mistake>> {
        let making = calls::make(self.calls, envoy);
        tokio::pin!(making);
        let mut made = None;
        while made.is_none() || !self.is_complete() {
            let patience = if made.is_some() { LAST_SPAN } else { Duration::MAX };
            tokio::select! {
                mistakes = &mut making, if made.is_none() => made = Some(mistakes),
                exports = receiver.exports().since(self.shown.len()) => self.show(exports)?,
                () = tokio::time::sleep(patience) => break,
            }
        }
        Ok(made.unwrap_or_default())
    }

    fn show(&mut self, exports: Vec<Export>) -> Result<()> {
        for export in exports {
            match self.format {
                Format::Json => show::put(&show::json_line(&export)?)?,
                Format::Text => {
                    for span in export.spans() {
                        let call = self.calls.iter().find(|call| call.is(&span));
                        let shown = tree::trace(&[span], call.map(|call| call.label), terminal::width());
                        show::put(&format!("\n{shown}"))?;
                    }
                }
            }
            self.shown.push(export);
        }
        Ok(())
    }

    fn is_complete(&self) -> bool {
        let spans: Vec<_> = self.shown.iter().flat_map(Export::spans).collect();
        self.calls.iter().all(|call| spans.iter().any(|span| call.is(span)))
    }
}

fn judge(calls: &[Call], mistakes: &[Mistake]) -> ExitCode {
    anstream::eprintln!();
    for mistake in mistakes {
        anstream::eprintln!("{BAD}✗{BAD:#} {mistake}");
    }
    if mistakes.is_empty() {
        anstream::eprintln!("{GOOD}✓{GOOD:#} {} calls, each the span it should be", calls.len());
        ExitCode::SUCCESS
    } else {
        anstream::eprintln!("{BAD}✗{BAD:#} {} calls, {} things wrong", calls.len(), mistakes.len());
        ExitCode::FAILURE
    }
}

const LISTENER: &str = "demo";

/// How long after the last call the last span may take.
const LAST_SPAN: Duration = Duration::from_secs(10);

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
