//! What `demo` and `up` need before they can start: the compiled filter and an Envoy, got at the same time.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use host_test::build;
use host_test::rig::install::{self, Binary};

use crate::progress::Progress;

/// Where to take the parts from, when not from where they are found.
#[derive(clap::Args)]
pub(crate) struct Given {
    /// The compiled filter to load, instead of building it
    #[arg(long, value_name = "FILE")]
    wasm: Option<PathBuf>,
    /// The Envoy binary to run, instead of the one found or fetched
    #[arg(long, value_name = "FILE")]
    envoy: Option<PathBuf>,
}

/// The compiled filter and an Envoy.
pub(crate) struct Parts {
    pub(crate) wasm: PathBuf,
    pub(crate) envoy: Binary,
}

impl Parts {
    /// Builds or finds the filter, and finds or fetches Envoy.
    pub(crate) fn get(given: &Given, progress: &Progress) -> Result<Self> {
        thread::scope(|scope| {
            let (finished, until_finished) = mpsc::channel::<()>();
            scope.spawn(move || {
                while until_finished.recv_timeout(SECOND) == Err(RecvTimeoutError::Timeout) {
                    progress.tick();
                }
            });
            let wasm = scope.spawn(|| filter(given.wasm.as_deref(), progress));
            let envoy = envoy(given.envoy.as_deref(), progress);
            let wasm = wasm.join().unwrap_or_else(|_| Err(anyhow!("building the filter panicked")));
            drop(finished);
            progress.clear();
            Ok(Self { wasm: wasm?, envoy: envoy? })
        })
    }
}

fn filter(given: Option<&Path>, progress: &Progress) -> Result<PathBuf> {
    let wasm = match given {
        Some(wasm) => {
            ensure!(wasm.is_file(), "--wasm names {}, which is no file", wasm.display());
            wasm.to_path_buf()
        }
        None if build::workspace().join("plugin/Cargo.toml").is_file() => {
            progress.doing(FILTER, "building");
            build::filter(&mut |line| progress.doing(FILTER, line))?
        }
        None => beside_the_executable()?,
    };
    let size = fs::metadata(&wasm).with_context(|| format!("look at {}", wasm.display()))?.len();
    progress.done(FILTER, &format!("{} ({} KiB)", shown(&wasm), size / 1024));
    Ok(wasm)
}

fn beside_the_executable() -> Result<PathBuf> {
    let executable = env::current_exe().context("find this executable")?;
    let wasm = executable.with_file_name("inferspan.wasm");
    if !wasm.is_file() {
        bail!(
            "no filter to load: put inferspan.wasm beside {}, name one with --wasm FILE, or run from a checkout of \
             the sources, which builds it",
            executable.display()
        );
    }
    Ok(wasm)
}

fn envoy(given: Option<&Path>, progress: &Progress) -> Result<Binary> {
    progress.doing(ENVOY, "looking for one");
    let envoy = match given {
        Some(envoy) => install::at(envoy).context("--envoy names no Envoy that runs")?,
        None => install::find(&mut |line| progress.doing(ENVOY, line))?,
    };
    progress.done(ENVOY, &format!("{} ({})", envoy.version, shown(&envoy.path)));
    Ok(envoy)
}

/// The path as a person would say it from here.
fn shown(path: &Path) -> String {
    let here = env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}

const SECOND: Duration = Duration::from_secs(1);
const FILTER: &str = "filter";
const ENVOY: &str = "envoy";
