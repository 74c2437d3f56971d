//! Counts that are the same on every run: what each exchange of `inferspan_benches::exchanges` costs.
//!
//! `cargo counts` counts, prints the table beside the accepted one (`benches/counts.md`) and fails where a
//! count is more than 3 % above it. `cargo counts --native` also counts instructions of the native core, under
//! valgrind; those depend on the compiler and on what the processor can, so compare them on one machine only.
//! `--accept` writes the table that was counted.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use host_test::build;
use host_test::sim::{Headers, Module, Pieces, Proxy, Reply, Script};
use inferspan_benches::exchanges::{self, CHUNK, Exchange};

fn main() -> Result<ExitCode> {
    let (mut native, mut accept) = (false, false);
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--native" => native = true,
            "--accept" => accept = true,
            other => bail!("no such argument: {other}; there are --native and --accept"),
        }
    }
    let accepted = Table::read(&accepted_file())?;
    let table = count(native)?;
    print!("{}", table.beside(&accepted));
    if accept {
        std::fs::write(accepted_file(), table.completed_from(&accepted).document())?;
        println!("\nwritten to {}", accepted_file().display());
        return Ok(ExitCode::SUCCESS);
    }
    let above = table.above(&accepted);
    if above.is_empty() {
        println!("\nNothing is more than {TOLERANCE_PERCENT} % above benches/counts.md");
        return Ok(ExitCode::SUCCESS);
    }
    println!("\nMore than {TOLERANCE_PERCENT} % above benches/counts.md:");
    for line in above {
        println!("  {line}");
    }
    println!("If that is worth it: `cargo counts{} --accept`.", if native { " --native" } else { "" });
    Ok(ExitCode::FAILURE)
}

fn count(native: bool) -> Result<Table> {
    let wasm = build::filter(&mut |line| eprintln!("{line}"))?;
    let module = Module::from_file(wasm)?;
    let runner = build_runner()?;
    let mut table = Table::default();
    for (number, exchange) in exchanges::all().iter().enumerate() {
        let mut row = in_host(&module, exchange)?;
        row.extend(allocations(&runner, number)?);
        if native {
            row.push((Count::Instructions, instructions(&runner, number)?));
        }
        table.0.push((exchange.name.to_owned(), row.into_iter().collect()));
    }
    Ok(table)
}

/// What the compiled filter does with it in the wasmtime host.
fn in_host(module: &Module, exchange: &Exchange) -> Result<Vec<(Count, u64)>> {
    let script = Script::new(
        exchange.request_headers.iter().copied().collect::<Headers>(),
        &exchange.request,
        exchange.response_headers.iter().copied().collect::<Headers>(),
        &exchange.response,
    );
    let script = script
        .request_pieces(Pieces::of(CHUNK))
        .response_pieces(Pieces::at(exchange.chunk_ends.iter().copied()));
    let builder = Proxy::builder(module).configuration(exchange.told.configuration());
    let mut proxy = builder.cluster("otel_collector", Reply::status(200)).start()?;
    // What is compiled or allocated when it is first needed is not counted.
    for _ in 0..2 {
        proxy.run(&script)?;
        proxy.advance(FLUSHED)?;
    }
    let before = (proxy.fuel(0).0, proxy.crossings(0));
    proxy.run(&script)?;
    let passed = (proxy.fuel(0).0, proxy.crossings(0));
    proxy.advance(FLUSHED)?;
    let exported = proxy.fuel(0).0;
    Ok(vec![
        (Count::Fuel, passed.0 - before.0),
        (Count::ExportFuel, exported - passed.0),
        (Count::HostCalls, passed.1.host_calls - before.1.host_calls),
        (Count::BytesIn, passed.1.bytes_in - before.1.bytes_in),
        (Count::BytesOut, passed.1.bytes_out - before.1.bytes_out),
    ])
}

/// What the native core allocates for it.
fn allocations(runner: &Path, number: usize) -> Result<Vec<(Count, u64)>> {
    let output = Command::new(runner).arg(number.to_string()).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let counts = [Count::Allocations, Count::Allocated, Count::Peak];
    let told = String::from_utf8(output.stdout)?;
    counts.into_iter().zip(told.split_whitespace()).map(|(count, told)| Ok((count, told.parse()?))).collect()
}

/// How many instructions the native core takes for it, by valgrind.
fn instructions(runner: &Path, number: usize) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*counted_exchange*"])
        .arg(runner)
        .arg(number.to_string())
        .output()
        .context("instructions are counted by valgrind: `apt-get install valgrind`")?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{told}");
    let collected = told.lines().find_map(|line| line.split_once("Collected : "));
    let (_, collected) = collected.with_context(|| format!("valgrind told no count:\n{told}"))?;
    Ok(collected.trim().parse()?)
}

/// The program that passes one exchange through the native core.
fn build_runner() -> Result<PathBuf> {
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--package", "inferspan-benches", "--bin", "exchange"])
        .current_dir(build::workspace())
        .status()?;
    ensure!(status.success(), "the runner of exchanges does not build");
    Ok(build::target_dir().join("release/exchange"))
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Count {
    Fuel,
    ExportFuel,
    HostCalls,
    BytesIn,
    BytesOut,
    Allocations,
    Allocated,
    Peak,
    Instructions,
}

impl Count {
    const ALL: [Self; 9] = [
        Self::Fuel,
        Self::ExportFuel,
        Self::HostCalls,
        Self::BytesIn,
        Self::BytesOut,
        Self::Allocations,
        Self::Allocated,
        Self::Peak,
        Self::Instructions,
    ];

    fn title(self) -> &'static str {
        match self {
            Self::Fuel => "fuel",
            Self::ExportFuel => "fuel of its export",
            Self::HostCalls => "host calls",
            Self::BytesIn => "bytes in",
            Self::BytesOut => "bytes out",
            Self::Allocations => "allocations",
            Self::Allocated => "bytes allocated",
            Self::Peak => "peak bytes",
            Self::Instructions => "native instructions",
        }
    }
}

/// A row for each exchange.
#[derive(Debug, Default)]
struct Table(Vec<(String, BTreeMap<Count, u64>)>);

impl Table {
    /// The accepted table; an empty one where there is no file.
    fn read(file: &Path) -> Result<Self> {
        if !file.exists() {
            return Ok(Self::default());
        }
        let text = std::fs::read_to_string(file)?;
        let cells = |line: &str| -> Vec<String> {
            line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
        };
        let mut lines = text.lines().filter(|line| line.starts_with('|')).map(cells);
        let titles = lines.next().context("benches/counts.md holds no table")?;
        let mut table = Self::default();
        for row in lines.skip(1) {
            let counts = titles.iter().zip(&row).filter_map(|(title, told)| {
                let count = Count::ALL.into_iter().find(|count| count.title() == title)?;
                Some((count, told.parse().ok()?))
            });
            table.0.push((row.first().cloned().unwrap_or_default(), counts.collect()));
        }
        Ok(table)
    }

    fn get(&self, exchange: &str, count: Count) -> Option<u64> {
        let (_, counts) = self.0.iter().find(|(name, _)| name == exchange)?;
        counts.get(&count).copied()
    }

    /// Counts that this has not are taken from the other.
    fn completed_from(mut self, other: &Self) -> Self {
        for (name, counts) in &mut self.0 {
            for count in Count::ALL {
                if let Some(told) = other.get(name, count) {
                    counts.entry(count).or_insert(told);
                }
            }
        }
        self
    }

    /// As it is kept in the repository.
    fn document(&self) -> String {
        let mut text = String::from(HEAD);
        let titles: Vec<&str> = Count::ALL.into_iter().map(Count::title).collect();
        let _ = writeln!(text, "| exchange | {} |", titles.join(" | "));
        let _ = writeln!(text, "|---|{}", "---:|".repeat(Count::ALL.len()));
        for (name, counts) in &self.0 {
            let told = |count| counts.get(&count).map_or("–".to_owned(), u64::to_string);
            let cells: Vec<String> = Count::ALL.into_iter().map(told).collect();
            let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
        }
        text
    }

    /// As it is printed: each count with how far it is from the accepted one.
    fn beside(&self, accepted: &Self) -> String {
        let mut text = String::new();
        for (name, counts) in &self.0 {
            let _ = writeln!(text, "{name}");
            for (count, told) in counts {
                let change = match accepted.get(name, *count) {
                    Some(accepted) if accepted > 0 => {
                        format!("{:+.1} %", (*told as f64 / accepted as f64 - 1.0) * 100.0)
                    }
                    Some(_) => String::new(),
                    None => "new".to_owned(),
                };
                let _ = writeln!(text, "  {:<20} {told:>12} {change:>9}", count.title());
            }
        }
        text
    }

    /// What is above the accepted table by more than the tolerance.
    fn above(&self, accepted: &Self) -> Vec<String> {
        let mut above = Vec::new();
        for (name, counts) in &self.0 {
            for (count, told) in counts {
                let Some(accepted) = accepted.get(name, *count) else {
                    above.push(format!("{name}: {} {told}, which it does not have", count.title()));
                    continue;
                };
                if *told * 100 > accepted * (100 + TOLERANCE_PERCENT) {
                    above.push(format!("{name}: {} {told}, accepted {accepted}", count.title()));
                }
            }
        }
        above
    }
}

fn accepted_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("counts.md")
}

/// More than this above the accepted count fails.
const TOLERANCE_PERCENT: u64 = 3;
/// After so long every span has been exported.
const FLUSHED: Duration = Duration::from_secs(30);

const HEAD: &str = "# What an exchange costs, counted

Written by `cargo counts --accept`; `cargo counts` compares, and fails where a count is more than
3 % above the one here. The exchanges are those of `benches/src/exchanges.rs`.

- *fuel*: WebAssembly instructions of the compiled filter in the wasmtime host, about; *of its export*: those of
  sending what is told of it, alone in its batch. *Host calls*, *bytes in* and *out* of the VM: of the exchange alone.
- *allocations*, *bytes allocated*, *peak bytes*: of the native core, from the request's headers to the encoded span.
  What is told of an exchange is its span, where its name does not say otherwise; an export, a collection of metrics among
  them, is none of these counts: the call's callbacks only append to a queue, and add up.
- *native instructions*: of the same, counted by valgrind (`cargo counts --native`). They depend on the compiler
  and the processor: to compare two commits, count both on one machine.

";
