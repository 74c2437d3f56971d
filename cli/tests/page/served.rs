//! A command that serves the page.

use std::process::Stdio;

use anyhow::{Context, Result, bail};
use host_test::rig::PATIENCE;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinHandle;

/// It runs until it is dropped.
pub(crate) struct Served {
    process: Child,
    stderr: Lines<BufReader<ChildStderr>>,
    stdout: JoinHandle<String>,
    said: Vec<String>,
    /// Where the page is.
    pub(crate) url: String,
}

impl Served {
    /// Runs `inferspan` with these arguments, and waits until it says where the page is.
    pub(crate) async fn start(arguments: &[&str]) -> Result<Self> {
        let mut process = Command::new(env!("CARGO_BIN_EXE_inferspan"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stderr = BufReader::new(process.stderr.take().context("no stderr")?).lines();
        let mut stdout = process.stdout.take().context("no stdout")?;
        let stdout = tokio::spawn(async move {
            let mut said = String::new();
            let _ = stdout.read_to_string(&mut said).await;
            said
        });
        let mut served = Self { process, stderr, stdout, said: Vec::new(), url: String::new() };
        served.url = served.says("To look at: ").await?;
        Ok(served)
    }

    /// What follows these words on stderr, now or as soon as they are said.
    pub(crate) async fn says(&mut self, words: &str) -> Result<String> {
        let rest = |line: &String| line.split_once(words).map(|(_, rest)| rest.to_owned());
        if let Some(rest) = self.said.iter().find_map(rest) {
            return Ok(rest);
        }
        let search = async {
            while let Some(line) = self.stderr.next_line().await? {
                let found = rest(&line);
                self.said.push(line);
                if let Some(rest) = found {
                    return Ok(rest);
                }
            }
            bail!("stderr ended")
        };
        // The filter may have to be built first.
        let found = tokio::time::timeout(PATIENCE * 20, search).await.context("in time");
        found.flatten().with_context(|| format!("{words:?} is not said; but {:#?}", self.said))
    }

    /// Ends it as Ctrl-C does. What it said on stdout.
    pub(crate) async fn end(mut self) -> Result<String> {
        let id = self.process.id().context("it has ended before")?.to_string();
        Command::new("kill").args(["-INT", &id]).status().await.context("run kill")?;
        tokio::time::timeout(PATIENCE, self.process.wait()).await.context("it does not end")??;
        Ok(self.stdout.await?)
    }
}
