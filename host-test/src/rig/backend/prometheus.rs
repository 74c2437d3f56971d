//! Prometheus with its `promtool`: found, or taken out of Debian's package.

use std::env;
use std::fmt::Write;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::rig::cache;
use crate::rig::port::Port;
use crate::rig::process::Process;

/// The programs of a Prometheus.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The server.
    pub prometheus: PathBuf,
    /// What checks and tests rules.
    pub promtool: PathBuf,
}

/// A running Prometheus. Dropped, it is killed.
#[derive(Debug)]
pub struct Prometheus {
    http: Port,
    _process: Process,
    _directory: TempDir,
}

/// One series of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its labels, as a JSON object.
    pub labels: Value,
    /// Its value; no number where it has none.
    pub value: f64,
}

impl Prometheus {
    /// Starts the server, which scrapes `/metrics` of the target every second and evaluates the rules of the files
    /// as often, and returns when it answers.
    pub async fn start(programs: &Programs, target: SocketAddr, rules: &[PathBuf]) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("inferspan-prometheus-").tempdir()?;
        let http = Port::reserve()?;
        // It reads YAML, of which JSON is a part.
        let config = json!({
            "global": { "scrape_interval": "1s", "evaluation_interval": "1s" },
            "rule_files": rules,
            "scrape_configs": [{
                "job_name": "inferspan", "static_configs": [{ "targets": [target.to_string()] }],
            }],
        });
        let file = directory.path().join("prometheus.yml");
        fs::write(&file, config.to_string()).context("write Prometheus' configuration")?;
        let mut command = tokio::process::Command::new(&programs.prometheus);
        command
            .current_dir(directory.path())
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", directory.path().join("data").display()))
            .arg(format!("--web.listen-address={}", http.address()));
        let process = Process::start("Prometheus", command, directory.path(), READY).await?;
        Ok(Self { http, _process: process, _directory: directory })
    }

    /// Where it answers.
    pub fn address(&self) -> SocketAddr {
        self.http.address()
    }

    /// What it answers to an expression now; nothing where it knows of no such series.
    pub async fn query(&self, expression: &str) -> Result<Vec<Sample>> {
        let path = format!("/api/v1/query?query={}", escaped(expression));
        let answer = super::get(self.http.address(), &path).await?.context("Prometheus has no such page")?;
        let samples = answer["data"]["result"].as_array().context("no result in Prometheus' answer")?;
        let sample = |sample: &Value| {
            // A vector has series with labels, a scalar is a pair of time and value.
            let (labels, value) = match sample.get("value") {
                Some(value) => (sample["metric"].clone(), value),
                None => (json!({}), sample),
            };
            let value = value[1].as_str().and_then(|value| value.parse().ok());
            Ok(Sample { labels, value: value.with_context(|| format!("no value in {sample}"))? })
        };
        match answer["data"]["resultType"].as_str() {
            Some("scalar") => Ok(vec![sample(&answer["data"]["result"])?]),
            _ => samples.iter().map(sample).collect(),
        }
    }

    /// What it answers, as soon as `wanted` takes it.
    pub async fn until(&self, expression: &str, wanted: impl Fn(&[Sample]) -> bool) -> Result<Vec<Sample>> {
        super::find(&format!("what is wanted of {expression} in Prometheus"), async || {
            Ok(Some(self.query(expression).await?).filter(|samples| wanted(samples)))
        })
        .await
    }

    /// Its alerts: those pending and firing.
    pub async fn alerts(&self) -> Result<Vec<Value>> {
        let answer = super::get(self.http.address(), "/api/v1/alerts").await?;
        let alerts = answer.and_then(|answer| answer["data"]["alerts"].as_array().cloned());
        alerts.context("no alerts in Prometheus' answer")
    }
}

/// Finds the programs: `prometheus` and `promtool` in the directory that the variable `PROMETHEUS` names, on `PATH`,
/// taken out of Debian's package earlier, or now. Lines of progress go to `progress`.
pub fn find(progress: &mut dyn FnMut(&str)) -> Result<Programs> {
    let within =
        |place: PathBuf| Programs { prometheus: place.join("prometheus"), promtool: place.join("promtool") };
    if let Some(named) = env::var_os("PROMETHEUS").filter(|named| !named.is_empty()) {
        let programs = within(named.into());
        ensure!(
            programs.prometheus.is_file() && programs.promtool.is_file(),
            "the variable PROMETHEUS should name the directory that holds prometheus and promtool"
        );
        return Ok(programs);
    }
    if let (Some(prometheus), Some(promtool)) = (cache::on_path("prometheus"), cache::on_path("promtool")) {
        return Ok(Programs { prometheus, promtool });
    }
    let is_whole = |place: &Path| place.join("usr/bin/promtool").is_file();
    let place = cache::made("prometheus", "debian", is_whole, |place| unpack(place, progress));
    place.map(|place| within(place.join("usr/bin"))).map_err(|why| {
        anyhow!(
            "no Prometheus to be had: {why:#}\n\
             Install it (on Debian: apt install prometheus), or set PROMETHEUS to the directory that holds prometheus \
             and promtool (https://prometheus.io/download), and run this again"
        )
    })
}

/// Takes the programs out of Debian's package, which nobody need install for that.
fn unpack(place: &Path, progress: &mut dyn FnMut(&str)) -> Result<()> {
    progress("fetching Debian's package of Prometheus, once (20 MB)");
    let run = |command: &mut Command| {
        let output = command.output().with_context(|| format!("run {:?}", command.get_program()))?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{command:?} failed ({}):\n{}", output.status, said.trim());
        anyhow::Ok(())
    };
    let package = place.join("package");
    fs::create_dir(&package)?;
    run(Command::new("apt-get").args(["download", "prometheus"]).current_dir(&package))?;
    let file = fs::read_dir(&package)?.next().context("apt-get fetched nothing")??.path();
    run(Command::new("dpkg-deb").arg("-x").arg(file).arg(place))?;
    fs::remove_dir_all(package).context("remove the package")
}

/// An expression as a part of a URL.
fn escaped(expression: &str) -> String {
    expression.bytes().fold(String::new(), |mut escaped, byte| {
        let _ = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => write!(escaped, "{}", byte as char),
            _ => write!(escaped, "%{byte:02X}"),
        };
        escaped
    })
}

/// What its log says when it answers.
const READY: &str = "Server is ready to receive web requests.";
