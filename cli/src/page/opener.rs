//! The system's way to open a URL.

use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// Has the system open it, and does not wait.
pub(super) fn open(url: &str) -> Result<()> {
    let mut child = Command::new(OPENER)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("run {OPENER}"))?;
    std::thread::spawn(move || child.wait());
    Ok(())
}

const OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
