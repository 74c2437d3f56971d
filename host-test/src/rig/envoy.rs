//! A running Envoy: started, watched, drained and stopped.
//!
//! Envoy never outlives the process that started it: dropping [`Envoy`] kills it, and should that process itself be
//! killed, a guard does. Both run in process groups of their own, so that a Ctrl-C reaches us alone and we decide
//! when Envoy goes.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::PATIENCE;
use super::account::Account;
use super::admin::Admin;
use super::config::Config;
use super::guard::Guard;
use super::poll;

/// An Envoy that answers. Dropped, it is killed; see [`Envoy::drain`] for an end in good order.
#[derive(Debug)]
pub struct Envoy {
    process: Child,
    _guard: Guard,
    admin: Admin,
    listeners: BTreeMap<String, SocketAddr>,
    log: Arc<Log>,
    _directory: TempDir,
}

/// How to run Envoy.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Worker threads.
    pub concurrency: u32,
    /// How long a graceful drain takes; Envoy's default is ten minutes.
    pub drain_time: Option<Duration>,
    /// Called with every line that Envoy logs: errors, and what the filter logs.
    pub on_log: Option<fn(&str)>,
    /// Whether the log has all that filters have to say, and each line its level before it.
    pub debug: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { concurrency: 2, drain_time: None, on_log: None, debug: false }
    }
}

impl Envoy {
    /// Starts the binary with that configuration and returns when it is ready for traffic. When Envoy refuses
    /// the configuration, or dies, the error holds the end of its log.
    pub async fn start(binary: &Path, config: &Config, options: Options) -> Result<Self> {
        Self::start_as(binary, |admin| config.bootstrap(admin), options).await
    }

    /// The same with a bootstrap document of one's own, which is told the Unix socket of the admin interface.
    pub async fn start_as(
        binary: &Path,
        document: impl FnOnce(&Path) -> Result<Value>,
        options: Options,
    ) -> Result<Self> {
        let directory =
            tempfile::Builder::new().prefix("inferspan-").tempdir().context("make a directory for Envoy")?;
        let admin = directory.path().join("admin.sock");
        let bootstrap = directory.path().join("envoy.json");
        fs::write(&bootstrap, format!("{:#}", document(&admin)?)).context("write Envoy's configuration")?;

        let mut command = Command::new(binary);
        if let Some(drain_time) = options.drain_time {
            command.args(["--drain-time-s", &drain_time.as_secs().to_string()]);
        }
        let mut process = command
            .arg("--config-path")
            .arg(&bootstrap)
            .args(["--disable-hot-restart", "--log-level", "error"])
            .args(["--component-log-level", if options.debug { "wasm:debug" } else { "wasm:info" }])
            .args(["--log-format", if options.debug { "%l %v" } else { "%v" }])
            .args(["--concurrency", &options.concurrency.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("run {}", binary.display()))?;
        let guard = Guard::of(process.id().context("Envoy ended at once")?, directory.path())?;
        let log = Arc::new(Log::new(options.on_log));
        let stderr = process.stderr.take().context("read Envoy's log")?;
        let logging = tokio::spawn(Arc::clone(&log).follow(stderr));

        let mut envoy = Self {
            process,
            _guard: guard,
            admin: Admin::new(admin),
            listeners: BTreeMap::new(),
            log,
            _directory: directory,
        };
        tokio::select! {
            status = envoy.process.wait() => {
                let status = status.context("wait for Envoy")?;
                // The log ends with the process.
                let _ = logging.await;
                return Err(envoy.failure(&format!("Envoy ended while it started ({status})")));
            }
            ready = until_ready(&envoy.admin) => if ready.is_err() {
                return Err(envoy.failure(&format!("Envoy was not ready within {} s", PATIENCE.as_secs())));
            }
        }
        envoy.listeners = envoy.admin.listeners().await?;
        Ok(envoy)
    }

    /// The address that the listener of that name is bound to.
    pub fn listener(&self, name: &str) -> Result<SocketAddr> {
        self.listeners.get(name).copied().with_context(|| format!("Envoy has no listener named {name}"))
    }

    /// Its admin interface.
    pub fn admin(&self) -> &Admin {
        &self.admin
    }

    /// What it and the filter have done, by their counters. The filter brings its own up to date within a second or
    /// so.
    pub async fn account(&self) -> Result<Account> {
        Ok(Account::of(&self.admin.stats().await?))
    }

    /// The account as soon as it counts that many calls; it holds what the filter has not delivered by then.
    pub async fn counted(&self, calls: u64) -> Result<Account> {
        self.account_with(&format!("{calls} calls are counted"), |account| account.due >= calls).await
    }

    /// The account as soon as each of that many calls is accounted for: delivered, or lost and counted.
    pub async fn settled(&self, calls: u64) -> Result<Account> {
        let settled = |account: &Account| account.due >= calls && !account.is_open();
        self.account_with(&format!("{calls} calls are settled"), settled).await
    }

    async fn account_with(&self, what: &str, wanted: impl Fn(&Account) -> bool) -> Result<Account> {
        // A back-off alone may take half a minute.
        let found = poll::until(what, PATIENCE * 4, async || {
            let account = self.account().await?;
            anyhow::Ok(wanted(&account).then_some(account))
        });
        match found.await {
            Ok(account) => Ok(account),
            Err(why) => Err(why.context(format!("{:?}", self.account().await?))),
        }
    }

    /// Bytes of memory that it occupies.
    pub async fn resident_bytes(&self) -> Result<u64> {
        let id = self.process.id().context("Envoy has ended")?.to_string();
        let said = Command::new("ps").args(["-o", "rss=", "-p", &id]).output().await.context("run ps")?;
        let kilobytes: u64 = String::from_utf8_lossy(&said.stdout).trim().parse().context("read ps")?;
        Ok(kilobytes * 1024)
    }

    /// The last lines it logged, oldest first.
    pub fn log(&self) -> Vec<String> {
        self.log.lines()
    }

    /// What `found` makes of the last lines it logged, as soon as it makes something of them, or within [`PATIENCE`].
    /// `what` names it in the error.
    pub async fn until_logged<T>(
        &self,
        what: &str,
        mut found: impl FnMut(&[String]) -> Option<T>,
    ) -> Result<T> {
        let mut grown = self.log.grown.subscribe();
        let search = async {
            loop {
                grown.borrow_and_update();
                if let Some(found) = found(&self.log.lines()) {
                    return found;
                }
                // The sender lives as long as `self`: waiting cannot fail.
                let _ = grown.changed().await;
            }
        };
        timeout(PATIENCE, search)
            .await
            .map_err(|_| self.failure(&format!("{what}: not logged within {} s", PATIENCE.as_secs())))
    }

    /// Waits until Envoy ends by itself, which it should not; the error says how and holds the end of its log.
    pub async fn unexpected_end(&mut self) -> anyhow::Error {
        match self.process.wait().await {
            Ok(status) => self.failure(&format!("Envoy ended unexpectedly ({status})")),
            Err(error) => anyhow!(error).context("wait for Envoy"),
        }
    }

    /// Takes no new connections, lets calls under way end and the filter deliver what it holds, but no longer
    /// than `at_most`; then stops Envoy. Returns how many spans are lost, neither delivered nor refused.
    pub async fn drain(self, at_most: Duration) -> Result<u64> {
        let deadline = Instant::now() + at_most;
        self.admin.stop_listening().await?;
        let mut quiet_since = None;
        let account = poll::until("calls end", at_most + PATIENCE, async || {
            let account = self.account().await?;
            let now = Instant::now();
            let is_quiet = if account.is_open() {
                quiet_since = None;
                false
            } else {
                account.requests == 0 || now - *quiet_since.get_or_insert(now) >= COUNTING
            };
            anyhow::Ok((is_quiet || now >= deadline).then_some(account))
        })
        .await?;
        self.stop().await?;
        Ok(account.held())
    }

    /// Sends a signal, like `-TERM`, and waits for Envoy's end.
    pub async fn signal(mut self, signal: &str) -> Result<ExitStatus> {
        let id = self.process.id().context("Envoy has ended before")?.to_string();
        Command::new("kill").args([signal, &id]).status().await.context("run kill")?;
        self.ended().await
    }

    /// Waits until it has ended by what it was told before.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        match timeout(PATIENCE, self.process.wait()).await {
            Ok(status) => status.context("wait for Envoy"),
            Err(_) => Err(self.failure("Envoy does not end")),
        }
    }

    /// Stops Envoy at once.
    pub async fn stop(mut self) -> Result<ExitStatus> {
        if self.admin.quit().await.is_err() {
            self.process.start_kill().context("kill Envoy")?;
        }
        match timeout(Duration::from_secs(5), self.process.wait()).await {
            Ok(status) => status.context("wait for Envoy"),
            Err(_) => {
                self.process.start_kill().context("kill Envoy")?;
                self.process.wait().await.context("wait for Envoy")
            }
        }
    }

    fn failure(&self, what: &str) -> anyhow::Error {
        let log = self.log.lines().join("\n  ");
        anyhow!("{what}. The end of its log:\n  {log}")
    }
}

async fn until_ready(admin: &Admin) -> Result<()> {
    poll::until("Envoy is ready", PATIENCE, async || Ok(admin.is_ready().await.then_some(()))).await
}

/// The end of Envoy's log.
#[derive(Debug)]
struct Log {
    lines: Mutex<VecDeque<String>>,
    /// Told of each line.
    grown: watch::Sender<()>,
    on_line: Option<fn(&str)>,
}

impl Log {
    fn new(on_line: Option<fn(&str)>) -> Self {
        Self { lines: Mutex::default(), grown: watch::Sender::new(()), on_line }
    }

    async fn follow(self: Arc<Self>, stderr: ChildStderr) {
        let mut stderr = BufReader::new(stderr);
        let mut line = Vec::new();
        while stderr.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            if let Some(on_line) = self.on_line {
                on_line(&text);
            }
            self.push(text);
            self.grown.send_replace(());
        }
    }

    fn push(&self, line: String) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push_back(line);
        if lines.len() > LOG_LINES {
            lines.pop_front();
        }
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

/// How long everything must look done: longer than the filter takes to add what it counted to Envoy's counters.
const COUNTING: Duration = Duration::from_millis(1300);

const LOG_LINES: usize = 2000;
