//! axe-core, which knows what makes a page hard to use for many. Got once, by npm, into the target directory.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use host_test::build;

/// The script.
pub(crate) fn script() -> Result<PathBuf> {
    let directory = build::target_dir().join("axe").join(VERSION);
    fs::create_dir_all(&directory)?;
    let lock = File::create(directory.join(".lock"))?;
    lock.lock()?;
    let script = directory.join("package/axe.min.js");
    if !script.is_file() {
        let archive = format!("axe-core-{VERSION}.tgz");
        run(Command::new("npm")
            .args(["pack", "--silent", &format!("axe-core@{VERSION}")])
            .current_dir(&directory))
        .context("axe-core is got by npm: on Debian `apt-get install npm`")?;
        run(Command::new("tar").args(["-xzf", &archive]).current_dir(&directory))?;
        fs::remove_file(directory.join(archive))?;
    }
    Ok(script)
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("run {:?}", command.get_program()))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

const VERSION: &str = "4.14.1";
