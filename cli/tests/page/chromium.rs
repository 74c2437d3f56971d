//! A real Chromium without a window, spoken to over its debugging pipe: messages of JSON, each ended by a zero byte.
//!
//! Nothing waits by sleeping: [`Tab::until`] looks at each frame that the page draws, and a deadline turns what never
//! happens into an error.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, anyhow, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use host_test::build;
use host_test::rig::PATIENCE;
use host_test::rig::journal::Journal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{Mutex as AsyncMutex, oneshot};

/// A browser with one tab. Dropped, it is killed.
pub(crate) struct Tab {
    _process: Child,
    _profile: TempDir,
    commands: AsyncMutex<ChildStdin>,
    shared: Arc<Shared>,
    session: String,
    next: AtomicU64,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<HashMap<u64, oneshot::Sender<Value>>>,
    events: Journal<Value>,
}

impl Tab {
    /// Starts one with an empty profile.
    pub(crate) async fn start() -> Result<Self> {
        let profile = tempfile::tempdir()?;
        // The shell puts the pipes where the browser looks for them: commands at 3, answers at 4.
        let mut process = Command::new("sh")
            .args(["-c", "exec chromium \"$@\" 3<&0 4>&1 </dev/null >/dev/null", "chromium"])
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("run sh")?;
        let commands = AsyncMutex::new(process.stdin.take().context("no pipe for commands")?);
        let shared = Arc::new(Shared::default());
        tokio::spawn(read(process.stdout.take().context("no pipe for answers")?, Arc::clone(&shared)));
        let mut tab = Self {
            _process: process,
            _profile: profile,
            commands,
            shared,
            session: String::new(),
            next: AtomicU64::new(1),
        };
        let target = tab.call("Target.createTarget", json!({ "url": "about:blank" })).await.context(
            "no Chromium answers: on Debian `apt-get install chromium` gets one, as `chromium` on PATH",
        )?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = tab.call("Target.attachToTarget", attach).await?;
        tab.session = attached["sessionId"].as_str().context("no session")?.to_owned();
        for domain in ["Page", "Runtime", "Network", "Log", "DOM"] {
            tab.call(&format!("{domain}.enable"), json!({})).await?;
        }
        Ok(tab)
    }

    /// Goes there, and waits until `condition` holds on the page.
    pub(crate) async fn open(&self, url: &str, condition: &str) -> Result<()> {
        self.call("Page.navigate", json!({ "url": url })).await?;
        self.until(&format!("location.href === {} && ({condition})", json!(url))).await
    }

    /// Loads the page again, and waits as [`Tab::open`] does.
    pub(crate) async fn reload(&self, condition: &str) -> Result<()> {
        self.eval("window.isOld = true").await?;
        self.call("Page.reload", json!({})).await?;
        self.until(&format!("window.isOld === undefined && ({condition})")).await
    }

    /// The value of an expression, or of what its promise comes to.
    pub(crate) async fn eval(&self, expression: &str) -> Result<Value> {
        let parameters = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", parameters).await?;
        match answer.get("exceptionDetails") {
            None => Ok(answer["result"]["value"].clone()),
            Some(details) => bail!("{expression}: {}", details["exception"]["description"]),
        }
    }

    /// Waits until an expression is true. One that throws, for what it asks of is not there yet, is not.
    pub(crate) async fn until(&self, condition: &str) -> Result<()> {
        let look = format!(
            "new Promise((done) => {{ const look = () => {{ let is = false; try {{ is = ({condition}); }} catch {{}} \
             if (is) done(true); else requestAnimationFrame(look); }}; look(); }})"
        );
        let search = async {
            // What waits on a page that goes away is asked again of the next one.
            while self.eval(&look).await.is_err() {}
        };
        let in_time = tokio::time::timeout(PATIENCE, search).await;
        in_time.map_err(|_| anyhow!("{condition}: not within {} s", PATIENCE.as_secs()))
    }

    /// Presses a key.
    pub(crate) async fn key(&self, key: &str) -> Result<()> {
        let text = if key.chars().count() == 1 { key } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            self.call("Input.dispatchKeyEvent", json!({ "type": kind, "key": key, "text": text })).await?;
        }
        Ok(())
    }

    /// Writes text where the focus is.
    pub(crate) async fn write(&self, text: &str) -> Result<()> {
        self.call("Input.insertText", json!({ "text": text })).await.map(drop)
    }

    /// Chooses files in an input of the page.
    pub(crate) async fn choose(&self, selector: &str, files: &[PathBuf]) -> Result<()> {
        let document = self.call("DOM.getDocument", json!({})).await?;
        let query = json!({ "nodeId": document["root"]["nodeId"], "selector": selector });
        let node = self.call("DOM.querySelector", query).await?["nodeId"].clone();
        self.call("DOM.setFileInputFiles", json!({ "nodeId": node, "files": files })).await.map(drop)
    }

    /// The size of the window, and whether the system is dark.
    pub(crate) async fn look_like(&self, width: u32, height: u32, dark: bool) -> Result<()> {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size).await?;
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", features).await.map(drop)
    }

    /// A picture of the page, kept in `target/screenshots`.
    pub(crate) async fn picture(&self, name: &str) -> Result<()> {
        let picture = self.call("Page.captureScreenshot", json!({ "format": "png" })).await?;
        let picture = BASE64_STANDARD.decode(picture["data"].as_str().context("no picture")?)?;
        let directory = build::target_dir().join("screenshots");
        std::fs::create_dir_all(&directory)?;
        Ok(std::fs::write(directory.join(name).with_extension("png"), picture)?)
    }

    /// What axe finds wrong with the page as it is.
    pub(crate) async fn violations(&self, axe: &Path) -> Result<Vec<String>> {
        let script = std::fs::read_to_string(axe)?;
        self.eval(&format!("typeof axe === 'object' || (() => {{ {script} }})()")).await?;
        let found = self
            .eval(
                "axe.run().then((results) => results.violations.flatMap((violation) => \
                 violation.nodes.map((node) => `${violation.id}: ${node.html} ${node.failureSummary}`)))",
            )
            .await?;
        Ok(serde_json::from_value(found)?)
    }

    /// Every URL that was asked for, but for those that name data of the page itself.
    pub(crate) fn requests(&self) -> Vec<String> {
        let all = self.shared.events.map(|event| match event["method"].as_str() {
            Some("Network.requestWillBeSent") => {
                event["params"]["request"]["url"].as_str().map(str::to_owned)
            }
            _ => None,
        });
        let named = |url: &String| !url.starts_with("data:") && !url.starts_with("blob:");
        all.into_iter().flatten().filter(named).collect()
    }

    /// What went wrong in the page: exceptions, and what the console was told of, breaches of its own rules among it.
    pub(crate) fn problems(&self) -> Vec<String> {
        let all = self.shared.events.map(|event| {
            let of = &event["params"];
            match event["method"].as_str() {
                Some("Runtime.exceptionThrown") => Some(of["exceptionDetails"].to_string()),
                Some("Log.entryAdded") => Some(of["entry"].to_string()),
                _ => None,
            }
        });
        all.into_iter().flatten().collect()
    }

    async fn call(&self, method: &str, parameters: Value) -> Result<Value> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        let (sender, answer) = oneshot::channel();
        self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(id, sender);
        let bytes = [message.to_string().as_bytes(), &[0]].concat();
        self.commands.lock().await.write_all(&bytes).await.with_context(|| method.to_owned())?;
        let answer = tokio::time::timeout(PATIENCE, answer).await;
        let answer = answer.with_context(|| format!("{method}: no answer"))?;
        let answer = answer.with_context(|| format!("{method}: the browser is gone"))?;
        match answer.get("error") {
            None => Ok(answer["result"].clone()),
            Some(error) => bail!("{method}: {error}"),
        }
    }
}

async fn read(answers: ChildStdout, shared: Arc<Shared>) {
    let mut answers = BufReader::new(answers);
    let mut message = Vec::new();
    while answers.read_until(0, &mut message).await.is_ok_and(|length| length > 0) {
        message.pop();
        if let Ok(value) = serde_json::from_slice::<Value>(&message) {
            let id = value["id"].as_u64();
            let mut waiting = shared.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            match id.and_then(|id| waiting.remove(&id)) {
                // Who asked may have stopped waiting.
                Some(sender) => drop(sender.send(value)),
                None => shared.events.push(value),
            }
        }
        message.clear();
    }
    // Nobody is to wait for what will not come.
    shared.waiting.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
];
