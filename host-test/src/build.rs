//! Builds a filter's `.wasm`, once, whoever asks: tests, the demo, the rig.
//!
//! Cargo runs inside cargo here (`cargo test` runs a test that needs the filter), so the build has a target
//! directory of its own, `target/wasm`: the outer cargo may hold the lock of `target`. Flags meant for the
//! outer build (`RUSTFLAGS`, clippy's or a coverage tool's wrapper) are not passed on. Several processes may
//! ask at the same time: a file lock lets one build, the others find it done. The result is put in place by
//! a rename, so a path handed out never names half a file.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use anyhow::{Context, Result, bail, ensure};

/// The target every proxy-wasm filter in Rust is built for.
pub const TARGET: &str = "wasm32-wasip1";

/// The filter as it is released: `cargo build --profile filter --target wasm32-wasip1 -p inferspan-plugin`.
///
/// Lines of progress (cargo's `Compiling …`) go to `progress`. Returns the path of the `.wasm`. Asked again
/// in the same process it answers at once.
pub fn filter(progress: &mut dyn FnMut(&str)) -> Result<PathBuf> {
    Wasm::package("inferspan-plugin").profile("filter").build(progress)
}

/// The same filter with the names of its functions kept, so that a trap's backtrace can be read.
pub fn filter_with_names(progress: &mut dyn FnMut(&str)) -> Result<PathBuf> {
    Wasm::package("inferspan-plugin").profile("filter-names").build(progress)
}

/// The directory that builds, installed tools and other large things go to: `CARGO_TARGET_DIR`, else
/// `target` beside the workspace's manifest.
pub fn target_dir() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => workspace().join(dir),
        None => workspace().join("target"),
    }
}

/// The root of the workspace this crate was built in.
pub fn workspace() -> PathBuf {
    let manifest_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest_dir.parent().unwrap_or(manifest_dir).to_path_buf()
}

/// One wasm build: a cdylib package, its profile and its features.
///
/// ```no_run
/// # fn main() -> anyhow::Result<()> {
/// let slim = host_test::build::Wasm::package("inferspan-plugin")
///     .profile("filter")
///     .no_default_features()
///     .build(&mut |line| eprintln!("{line}"))?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wasm {
    directory: PathBuf,
    package: String,
    profile: String,
    features: Vec<String>,
    default_features: bool,
}

impl Wasm {
    /// The package of that name in this workspace.
    pub fn package(name: &str) -> Self {
        Self::package_in(workspace(), name)
    }

    /// The package of that name in the workspace (or the lone package) at `directory`.
    pub fn package_in(directory: impl Into<PathBuf>, name: &str) -> Self {
        Self {
            directory: directory.into(),
            package: name.to_owned(),
            profile: "release".to_owned(),
            features: Vec::new(),
            default_features: true,
        }
    }

    /// The cargo profile to build with; `release` unless told.
    #[must_use]
    pub fn profile(mut self, profile: &str) -> Self {
        self.profile = profile.to_owned();
        self
    }

    /// Turns one feature of the package on.
    #[must_use]
    pub fn feature(mut self, feature: &str) -> Self {
        self.features.push(feature.to_owned());
        self
    }

    /// Leaves the package's default features out.
    #[must_use]
    pub fn no_default_features(mut self) -> Self {
        self.default_features = false;
        self
    }

    /// Builds where needed and returns the path of the `.wasm`, which is good for as long as the target
    /// directory is. Fails with the end of cargo's output when the package does not build, and with what to
    /// type when the wasm target cannot be added.
    pub fn build(&self, progress: &mut dyn FnMut(&str)) -> Result<PathBuf> {
        static BUILT: Mutex<Option<HashMap<Wasm, PathBuf>>> = Mutex::new(None);
        let mut built = BUILT.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let built = built.get_or_insert_default();
        if let Some(path) = built.get(self) {
            return Ok(path.clone());
        }
        let path = self.run(progress).with_context(|| format!("build the wasm of `{}`", self.package))?;
        built.insert(self.clone(), path.clone());
        Ok(path)
    }

    fn run(&self, progress: &mut dyn FnMut(&str)) -> Result<PathBuf> {
        ensure!(
            self.directory.join("Cargo.toml").is_file(),
            "the sources are not at {} any more: run from a checkout of the repository",
            self.directory.display()
        );
        let target_dir = target_dir().join("wasm");
        fs::create_dir_all(&target_dir).with_context(|| format!("create {}", target_dir.display()))?;
        let lock_path = target_dir.join(".lock");
        let lock = File::create(&lock_path).with_context(|| format!("create {}", lock_path.display()))?;
        lock.lock().with_context(|| format!("lock {}", lock_path.display()))?;

        add_target(&self.directory, progress)?;
        let artifact = self.cargo_build(&target_dir, progress)?;
        let placed = target_dir.join(format!("{}.wasm", self.file_stem()));
        place(&artifact, &placed)?;
        Ok(placed)
    }

    /// Runs cargo and returns the path of the `.wasm` it names.
    fn cargo_build(&self, target_dir: &Path, progress: &mut dyn FnMut(&str)) -> Result<PathBuf> {
        let mut command = tool("CARGO", "cargo");
        command
            .current_dir(&self.directory)
            .args(["build", "--locked", "--message-format", "json-render-diagnostics", "--color", "never"])
            .args(["--target", TARGET, "--package", &self.package, "--profile", &self.profile])
            .arg("--target-dir")
            .arg(target_dir);
        if !self.default_features {
            command.arg("--no-default-features");
        }
        for feature in &self.features {
            command.args(["--features", feature]);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("run {:?}", command.get_program()))?;

        // Both pipes are read at once: cargo must not block on the one nobody reads.
        let stdout = child.stdout.take().map(BufReader::new);
        let artifacts = std::thread::spawn(move || {
            let lines = stdout.into_iter().flat_map(|stdout| stdout.lines().map_while(Result::ok));
            lines.filter_map(|line| wasm_of(&line)).last()
        });
        let mut said = Vec::new();
        for line in child.stderr.take().map(BufReader::new).into_iter().flat_map(BufRead::lines) {
            let line = line.context("read cargo's output")?;
            progress(line.trim());
            said.push(line);
        }
        let artifact = artifacts.join().ok().flatten();
        let status = child.wait().context("wait for cargo")?;
        if !status.success() {
            let tail = said.get(said.len().saturating_sub(60)..).unwrap_or_default().join("\n");
            bail!("cargo build failed ({status}):\n{tail}");
        }
        artifact.with_context(|| format!("`{}` builds no .wasm: its crate-type must be cdylib", self.package))
    }

    /// `inferspan-plugin`, or for other than the defaults `inferspan-plugin.filter-names.brotli`.
    fn file_stem(&self) -> String {
        let mut stem = format!("{}.{}", self.package, self.profile);
        if !self.default_features {
            stem.push_str(".slim");
        }
        for feature in &self.features {
            stem.push('.');
            stem.push_str(&feature.replace('/', "-"));
        }
        stem
    }
}

/// The `.wasm` among the files of one `compiler-artifact` message, if it is one.
fn wasm_of(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let files = message.get("filenames")?.as_array()?;
    let wasm = files.iter().filter_map(|file| file.as_str()).find(|file| file.ends_with(".wasm"))?;
    Some(PathBuf::from(wasm))
}

/// Makes sure that the standard library for [`TARGET`] is there.
fn add_target(directory: &Path, progress: &mut dyn FnMut(&str)) -> Result<()> {
    let libdir = tool("RUSTC", "rustc")
        .current_dir(directory)
        .args(["--print", "target-libdir", "--target", TARGET])
        .stderr(Stdio::inherit())
        .output()
        .context("run rustc")?;
    let libdir = String::from_utf8_lossy(&libdir.stdout).trim().to_owned();
    if Path::new(&libdir).is_dir() {
        return Ok(());
    }
    progress(&format!("rustup target add {TARGET}"));
    let added = Command::new("rustup").current_dir(directory).args(["target", "add", TARGET]).output();
    match added {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            bail!("`rustup target add {TARGET}` failed:\n{}", String::from_utf8_lossy(&output.stderr).trim())
        }
        Err(_) => bail!(
            "this Rust has no standard library for {TARGET} and there is no rustup to add it: install rustup, \
             or the package of your distribution for that target"
        ),
    }
}

/// The tool that the outer cargo names in `variable`, else the one on PATH, without what was meant for the
/// outer build.
fn tool(variable: &str, name: &str) -> Command {
    let program = std::env::var_os(variable).unwrap_or_else(|| OsString::from(name));
    let mut command = Command::new(program);
    for meant_for_outer in [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "CARGO_TARGET_DIR",
        "RUSTC_WORKSPACE_WRAPPER",
        "CLIPPY_ARGS",
    ] {
        command.env_remove(meant_for_outer);
    }
    command
}

/// Puts a copy of `built` at `placed`, unless the same is there already.
fn place(built: &Path, placed: &Path) -> Result<()> {
    let bytes = fs::read(built).with_context(|| format!("read {}", built.display()))?;
    if fs::read(placed).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let partial = placed.with_extension(format!("{}.partial", std::process::id()));
    fs::write(&partial, bytes).with_context(|| format!("write {}", partial.display()))?;
    fs::rename(&partial, placed).with_context(|| format!("put {} in place", placed.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_wasm_in_cargos_messages() {
        let message = r#"{"reason":"compiler-artifact","filenames":["/t/libx.rlib","/t/x.wasm"]}"#;
        assert_eq!(wasm_of(message), Some(PathBuf::from("/t/x.wasm")));
        assert_eq!(wasm_of(r#"{"reason":"build-finished","success":true}"#), None);
        assert_eq!(wasm_of("not json"), None);
    }

    #[test]
    fn builds_of_one_package_do_not_overwrite_each_other() {
        let package = Wasm::package("p");
        let stems = [
            package.file_stem(),
            package.clone().profile("filter").file_stem(),
            package.clone().no_default_features().file_stem(),
            package.clone().feature("zstd").file_stem(),
        ];
        assert_eq!(stems, ["p.release", "p.filter", "p.release.slim", "p.release.zstd"]);
    }

    #[test]
    fn a_package_that_is_not_there_is_an_error_with_its_name() {
        let error = Wasm::package("no-such-package").build(&mut |_| {}).unwrap_err();
        assert!(format!("{error:#}").contains("no-such-package"), "{error:#}");
    }
}
