//! `inferspan up`: the filter in front of a real API, on this machine.

use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use host_test::rig::config::{Config, Filter, Listener, Upstream};
use host_test::rig::envoy::{Envoy, Options};
use host_test::rig::receiver::Receiver;
use serde_json::{Value, json};

use crate::base_url;
use crate::parts::{self, Parts};
use crate::progress::Progress;
use crate::show::{self, Format, terminal, tree};
use crate::stop::Stop;

/// What `inferspan up` takes.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  inferspan up --upstream https://api.openai.com
  inferspan up --upstream https://api.anthropic.com --otlp http://localhost:4318
  inferspan up --upstream http://127.0.0.1:11434 --listen 127.0.0.1:8081     a model on this machine

Then set the line it prints where your application runs. Ctrl-C delivers what is not yet delivered, then ends.")]
pub(crate) struct Args {
    /// The API to stand in front of
    #[arg(long, value_name = "URL")]
    upstream: Upstream,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Send the traces to this OTLP/HTTP collector instead of printing them
    #[arg(long, value_name = "URL")]
    otlp: Option<Upstream>,
    /// How to print what is received
    #[arg(long, value_enum, default_value = "text", conflicts_with = "otlp")]
    format: Format,
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
    let receiver = match &args.otlp {
        Some(_) => None,
        None => Some(Receiver::start().await?),
    };
    let collector =
        args.otlp.clone().or(receiver.as_ref().map(|receiver| Upstream::plain(receiver.address())));
    let config = Config {
        listeners: vec![Listener {
            name: LISTENER.to_owned(),
            address: args.listen,
            filter: Some(Filter {
                wasm: parts.wasm.clone(),
                configuration: filter_config(args.otlp.as_ref()),
            }),
        }],
        upstream: args.upstream.clone(),
        collector,
        tracing: false,
    };
    progress.doing("start", "Envoy with the filter");
    let options = Options { on_log: Some(log), ..Options::default() };
    let mut envoy = tokio::select! {
        envoy = Envoy::start(&parts.envoy.path, &config, options) => envoy?,
        _ = stop.requested() => return Ok(ExitCode::SUCCESS),
    };
    let address = envoy.listener(LISTENER)?;
    progress.done("start", &format!("http://{address} → Envoy with the filter → {}", args.upstream));
    progress.clear();
    greet(args, address)?;

    let printing = async {
        match &receiver {
            Some(receiver) => print(receiver, args.format).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(printing);
    let signal = tokio::select! {
        signal = stop.requested() => signal,
        error = envoy.unexpected_end() => return Err(error),
        failed = &mut printing => return failed,
    };
    eprintln!("{signal}: calls under way may end, what is queued is delivered; again to stop at once");
    tokio::select! {
        lost = envoy.drain(LONGEST_DRAIN) => match lost? {
            0 => {}
            lost => {
                eprintln!("{lost} spans were not delivered within {} s and are lost", LONGEST_DRAIN.as_secs());
                return Ok(ExitCode::FAILURE);
            }
        },
        _ = stop.requested() => {}
        failed = &mut printing => return failed,
    }
    Ok(ExitCode::SUCCESS)
}

/// Passes on what Envoy or the filter in it logs.
fn log(line: &str) {
    match line.strip_prefix("wasm log inferspan inferspan: ") {
        Some(of_filter) => eprintln!("{of_filter}"),
        None => eprintln!("envoy: {line}"),
    }
}

/// What the filter must know of the user's collector: a path in front of OTLP's, and the Host it goes by.
fn filter_config(collector: Option<&Upstream>) -> Value {
    match collector {
        Some(collector) => json!({ "otlp": {
            "authority": collector.authority(),
            "path": format!("{}/v1/traces", collector.path),
        } }),
        None => json!({}),
    }
}

/// Says what to set, and where the traces go.
fn greet(args: &Args, address: SocketAddr) -> Result<()> {
    let hint = base_url::of(&args.upstream, address);
    let line = format!("{}={}", hint.variable, hint.value);
    if args.format == Format::Json {
        eprintln!("{line}");
    } else {
        show::put(&format!("\n{line}\n\n"))?;
    }
    if let Some(note) = hint.note {
        eprintln!("{note}");
    }
    match &args.otlp {
        Some(collector) => eprintln!("Set it where your application runs. The traces go to {collector}."),
        None => eprintln!("Set it where your application runs. The traces show here. Ctrl-C ends."),
    }
    Ok(())
}

/// Prints what comes in, for ever.
async fn print(receiver: &Receiver, format: Format) -> Result<ExitCode> {
    let mut printed = 0;
    loop {
        let exports = receiver.exports().since(printed).await;
        printed += exports.len();
        for export in exports {
            match format {
                Format::Json => show::put(&show::json_line(&export)?)?,
                Format::Text => {
                    for trace in export.spans().chunk_by(|one, other| one.trace_id == other.trace_id) {
                        show::put(&format!("{}\n", tree::trace(trace, None, terminal::width())))?;
                    }
                }
            }
        }
    }
}

const LISTENER: &str = "up";

/// How long calls under way may take to end after a signal. A container's runtime kills after 10 s.
const LONGEST_DRAIN: Duration = Duration::from_secs(8);
