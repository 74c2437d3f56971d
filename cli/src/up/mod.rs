//! `inferspan up`: the filter in front of real APIs, on this machine.
//!
//! The rig's Envoy is given one upstream, or several that are told apart by a path's first segment or by the Host
//! ([`upstreams`]); the filter's configuration is the operator's but for where its telemetry goes ([`settings`]).

mod explain;
mod printer;
mod settings;
mod upstreams;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use host_test::rig::config::{Config, Filter, Listener, Upstream};
use host_test::rig::envoy::{Envoy, Options};
use host_test::rig::receiver::Receiver;

use crate::base_url;
use crate::configuration;
use crate::page::{self, Page};
use crate::parts::{self, Parts};
use crate::progress::Progress;
use crate::show::{self, Format};
use crate::stop::Stop;
use printer::Printer;
use upstreams::{Given, Upstreams};

/// What `inferspan up` takes.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  inferspan up --upstream https://api.openai.com
  inferspan up --upstream http://127.0.0.1:11434 --listen 127.0.0.1:8081     a model on this machine
  inferspan up --upstream openai=https://api.openai.com --upstream claude=https://api.anthropic.com
  inferspan up --upstream https://api.openai.com --config filter.json --explain
  inferspan up --upstream https://api.anthropic.com --otlp https://otlp.example.com --otlp-header x-api-key=…

Then set the line it prints where your application runs. Ctrl-C delivers what is not yet delivered, then ends.")]
pub(crate) struct Args {
    /// The API to stand in front of. Several have names, and are found at http://ADDRESS/NAME/… or by their Host
    #[arg(long, value_name = "[NAME=]URL", required = true)]
    upstream: Vec<Given>,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Send the telemetry to this OTLP collector instead of printing the traces
    #[arg(long, value_name = "URL")]
    otlp: Option<Upstream>,
    /// A header of each export, for a tenant or a key; may be given several times
    #[arg(long, value_name = "NAME=VALUE", requires = "otlp", value_parser = settings::header)]
    otlp_header: Vec<(String, String)>,
    /// The filter's configuration: one JSON object. What it says of collectors holds with --otlp, but for where they are
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How to print what is received
    #[arg(long, value_enum, default_value = "text", conflicts_with = "otlp")]
    format: Format,
    /// Print no trace as it comes, only the summary at the end
    #[arg(long, conflicts_with = "format")]
    summary: bool,
    /// Say of each request what the filter takes it for, and why one makes no span
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    page: page::Looking,
    #[command(flatten)]
    parts: parts::Given,
}

/// Runs until told to stop.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    // Envoy would say it too, but later and less clearly.
    TcpListener::bind(args.listen)
        .with_context(|| format!("cannot listen on {}: choose another address with --listen", args.listen))?;
    let progress = Progress::new();
    let parts = Parts::get(&args.parts, &progress)?;
    let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
    runtime.block_on(serve(&args, &parts, &progress))
}

async fn serve(args: &Args, parts: &Parts, progress: &Progress) -> Result<ExitCode> {
    let mut stop = Stop::listen();
    let upstreams = Upstreams::new(&args.upstream)?;
    let configuration = configuration::read(args.config.as_deref())?;
    let receiver = Receiver::start().await?;
    receiver.exports().keep_last(KEPT_EXPORTS);
    let ours = Upstream::plain(receiver.address());
    let (filter, collector) = settings::of(&configuration, args.otlp.as_ref(), &args.otlp_header);
    let config = Config {
        listeners: vec![Listener {
            name: LISTENER.to_owned(),
            address: args.listen,
            filter: Some(Filter { wasm: parts.wasm.clone(), configuration: filter }),
        }],
        upstream: upstreams.first().clone(),
        collector: Some(collector.unwrap_or_else(|| ours.clone())),
        tracing: false,
    };
    let on_log = if args.explain { explain::begin(configuration.config.overrides()) } else { log };
    let options = Options { on_log: Some(on_log), debug: args.explain, ..Options::default() };
    progress.doing("start", "Envoy with the filter");
    let bootstrap = |admin: &std::path::Path| {
        let mut bootstrap = config.bootstrap(admin)?;
        upstreams.add_to(&mut bootstrap, args.listen)?;
        if args.otlp.is_some() {
            settings::add_observer(&mut bootstrap, &ours)?;
        }
        if args.explain {
            explain::add_to(&mut bootstrap);
        }
        Ok(bootstrap)
    };
    let mut envoy = tokio::select! {
        envoy = Envoy::start_as(&parts.envoy.path, bootstrap, options) => envoy?,
        _ = stop.requested() => return Ok(ExitCode::SUCCESS),
    };
    let address = envoy.listener(LISTENER)?;
    progress.done("start", &format!("http://{address} → Envoy with the filter → {upstreams}"));
    progress.clear();
    greet(args, &upstreams, address)?;
    let page = Page::serve(&args.page).await?;

    let mut printer = Printer::new(&receiver, args.format, args.otlp.is_none() && !args.summary);
    let signal = tokio::select! {
        signal = stop.requested() => signal,
        error = envoy.unexpected_end() => return Err(error),
        failed = printer.follow() => return failed,
        failed = page.follow(&receiver) => return failed,
    };
    eprintln!("{signal}: calls under way may end, what is queued is delivered; again to stop at once");
    let lost = tokio::select! {
        lost = envoy.drain(LONGEST_DRAIN) => lost?,
        _ = stop.requested() => 0,
        failed = printer.follow() => return failed,
    };
    printer.finish()?;
    if lost > 0 {
        eprintln!("{lost} spans were not delivered within {} s and are lost", LONGEST_DRAIN.as_secs());
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Passes on what Envoy or the filter in it logs.
fn log(line: &str) {
    match of_filter(line) {
        Some(said) => eprintln!("{said}"),
        None => eprintln!("envoy: {line}"),
    }
}

/// What the filter said, of a line of Envoy's log. Envoy puts its names before it, fewer where no stream is concerned.
fn of_filter(line: &str) -> Option<&str> {
    line.strip_prefix("wasm log inferspan")?.split_once(": ").map(|(_, said)| said)
}

/// Says what to set, and where the traces go.
fn greet(args: &Args, upstreams: &Upstreams, address: SocketAddr) -> Result<()> {
    let mut lines = String::new();
    let mut notes = Vec::new();
    for (name, upstream) in upstreams.all() {
        let hint = base_url::of(upstream, address, name.unwrap_or_default());
        let line = format!("{}={}", hint.variable, hint.value);
        lines.push_str(&match name {
            Some(name) => format!("{line}    # {name}: {upstream}\n"),
            None => format!("{line}\n"),
        });
        notes.extend(hint.note);
    }
    if args.format == Format::Json {
        eprint!("{lines}");
    } else {
        show::put(&format!("\n{lines}\n"))?;
    }
    for note in notes {
        eprintln!("{note}");
    }
    let what = if upstreams.all().count() > 1 { "one of them" } else { "it" };
    match (&args.otlp, args.summary) {
        (Some(collector), _) => {
            eprintln!("Set {what} where your application runs. The telemetry goes to {collector}.")
        }
        (None, false) => {
            eprintln!("Set {what} where your application runs. The traces show here. Ctrl-C ends.")
        }
        (None, true) => eprintln!("Set {what} where your application runs. Ctrl-C ends, with a summary."),
    }
    Ok(())
}

const LISTENER: &str = "up";

/// Exports that are kept for who has not printed or shown them yet: `up` may run for days.
const KEPT_EXPORTS: usize = 1_000;

/// How long calls under way may take to end after a signal. A container's runtime kills after 10 s.
const LONGEST_DRAIN: Duration = Duration::from_secs(8);
