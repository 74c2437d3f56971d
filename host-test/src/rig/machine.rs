//! A machine that is like this one, and nobody's: what runs there may write anywhere, bind any port, and end however it
//! likes, and nothing of it is left. Instructions for people can be tried there as they stand, root's among them.
//!
//! Linux namespaces and an overlay over the whole file system do it, so it wants root, or a kernel that lets everybody make
//! user namespaces.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

/// Runs a script of bash to its end, and returns what it and all that it started said; an error where it fails. When it ends,
/// so does all that it started. `apart` says whether it has a network of its own, with a loopback and nothing else.
pub async fn run(script: &str, apart: bool) -> Result<String> {
    let directory = tempfile::Builder::new().prefix("inferspan-machine-").tempdir()?;
    let (setup, inside) = (directory.path().join("setup"), directory.path().join("script"));
    fs::write(&setup, SETUP)?;
    fs::write(&inside, script)?;
    let mut command = Command::new("unshare");
    command.args(["--mount", "--pid", "--fork", "--kill-child"]);
    if !is_root() {
        command.arg("--map-root-user");
    }
    if apart {
        command.arg("--net");
    }
    command.arg("bash").arg(&setup).arg(&inside).arg(std::env::current_dir()?);
    command.arg(if apart { "apart" } else { "shared" });
    let running = command.stdin(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true).output();
    let output = tokio::time::timeout(DEADLINE, running).await.context("the script does not end")?;
    let output = output.context("run unshare (util-linux)")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        if !said.contains(BEGINS) {
            bail!(
                "no machine of its own: {why}\nIt wants root, or user namespaces for everybody (on Ubuntu: \
                 sysctl kernel.apparmor_restrict_unprivileged_userns=0)"
            );
        }
        bail!("the script ends with {}:\n{said}\n{why}", output.status);
    }
    Ok(said)
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(Path::new("/proc/self")).is_ok_and(|process| process.uid() == 0)
}

const SETUP: &str = r#"set -e
over=$(mktemp -d)
mount -t tmpfs none "$over"
mkdir "$over/upper" "$over/work" "$over/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$over/upper,workdir=$over/work" "$over/root"
mount -t proc proc "$over/root/proc" 2>/dev/null || mount --rbind /proc "$over/root/proc"
for tree in dev sys; do mount --rbind "/$tree" "$over/root/$tree"; done
mount -t tmpfs none "$over/root/dev/shm"
if [ "$3" = apart ]; then ip link set lo up; fi
echo "the script begins"
exec chroot "$over/root" bash -c 'cd "$2" && exec bash "$1" 2>&1' bash "$1" "$2"
"#;

const BEGINS: &str = "the script begins";

/// How long a script may take.
const DEADLINE: Duration = Duration::from_secs(300);
