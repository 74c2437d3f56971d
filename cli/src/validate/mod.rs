//! `inferspan validate`: is this a configuration that the filter takes, and what does it come to?
//!
//! In: files as operators keep them, with the filter's configuration somewhere in them ([`places`]) or bare. Out: what is
//! effective and who said so, on stdout; on stderr what is wrong, each with its place, and what can hardly be meant. It
//! is the filter's own reading that judges, so what passes here passes there.

mod document;
mod line;
mod lines;
mod places;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use inferspan_core::config::{self, Config, ConfigErrors, Effective, Setting, Source};

use crate::show;
use document::Content;
use places::Place;

/// What `inferspan validate` takes.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  inferspan validate filter.json                    the configuration alone
  inferspan validate envoy.yaml                     an Envoy's, with the filter in it, once or several times
  inferspan validate --quiet k8s/*.yaml             WasmPlugin, EnvoyExtensionPolicy, EnvoyFilter; problems only
  kubectl get wasmplugins -A -o yaml | inferspan validate -

Exit code 0: the filter takes all of it; 1: it refuses something, or there is no filter in a file; 2: wrong command line.
What is around the filter's part is not looked at: `envoy --mode validate -c envoy.yaml` does that, and this too, if it
can load the filter.")]
pub(crate) struct Args {
    /// Files (JSON or YAML), or `-` for stdin
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print nothing but what is wrong, and warnings
    #[arg(long, short)]
    quiet: bool,
}

/// Looks at all files, whatever is wrong with the others.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let mut good = true;
    for file in &args.files {
        let found = match read(file) {
            Ok(bytes) => validate(&file.display().to_string(), &bytes),
            Err(error) => {
                Found { problems: vec![format!("{}: {error}", file.display())], ..Found::default() }
            }
        };
        if !args.quiet {
            show::put(&found.effective)?;
        }
        for warning in &found.warnings {
            eprintln!("warning: {warning}");
        }
        for problem in &found.problems {
            eprintln!("inferspan: {problem}");
        }
        good &= found.problems.is_empty();
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints the JSON Schema.
pub(crate) fn schema() -> Result<ExitCode> {
    show::put(&format!("{:#}\n", config::schema()))?;
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    if file.as_os_str() != "-" {
        return std::fs::read(file);
    }
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What is to be said of a file.
#[derive(Debug, Default)]
struct Found {
    effective: String,
    warnings: Vec<String>,
    problems: Vec<String>,
}

fn validate(name: &str, bytes: &[u8]) -> Found {
    let mut found = Found::default();
    match document::read(bytes) {
        Err(problem) => found.problems.push(format!("{name}: {problem}")),
        Ok(Content::Bare) => {
            let place = Place::bare(bytes);
            let where_ = |path: &str| match line::of(bytes, path) {
                Some(line) => (line, format!("{name}:{line}")),
                None => (0, name.to_owned()),
            };
            found.judge(name, &place, &where_);
        }
        Ok(Content::Documents(documents)) => {
            let places = places::find(&documents);
            if places.is_empty() {
                found.problems.push(format!("{name}: {NO_FILTER}"));
            }
            let text = String::from_utf8_lossy(bytes);
            let text = text.trim_start_matches('\u{feff}');
            for place in &places {
                let title = format!("{name}: {}", place.name);
                let where_ = |path: &str| match lines::of(text, &place.steps, path) {
                    Some(line) => (line, format!("{name}:{line}: {}", place.name)),
                    None => (0, title.clone()),
                };
                found.judge(&title, place, &where_);
            }
        }
    }
    found
}

impl Found {
    /// Has the filter read what is there. `where_` says where a key stands: its line, and that with the file's name.
    fn judge(&mut self, title: &str, place: &Place, where_: &dyn Fn(&str) -> (usize, String)) {
        self.warnings.extend(place.notes.iter().map(|note| format!("{title}: {note}")));
        let read = match &place.configuration {
            Ok(bytes) => Config::effective(bytes, place.variables.clone()),
            Err(problem) => return self.problems.push(format!("{}: {problem}", where_("").1)),
        };
        match read {
            Ok(effective) => {
                let Effective { settings, notes, warnings, .. } = &effective;
                self.warnings.extend(notes.iter().map(|note| format!("{title}: {note}")));
                self.warnings
                    .extend(warnings.iter().map(|warning| format!("{}: {warning}", where_(&warning.path).1)));
                self.effective.push_str(&table(title, settings));
            }
            Err(errors) => self.refuse(&errors, where_),
        }
    }

    fn refuse(&mut self, errors: &ConfigErrors, where_: &dyn Fn(&str) -> (usize, String)) {
        let mut told: Vec<_> = errors.iter().map(|error| (where_(&error.path), error)).collect();
        told.sort_by_key(|((line, _), _)| *line);
        self.problems.extend(told.iter().map(|((_, place), error)| format!("{place}: {error}")));
    }
}

/// What is effective: each key, its value, and who said so.
fn table(title: &str, settings: &[Setting]) -> String {
    let rows: Vec<(&str, String, &str)> = settings
        .iter()
        .map(|setting| {
            let source = match &setting.source {
                Source::Default => "default",
                Source::Configuration => "configuration",
                Source::Variable(name) => name,
            };
            let value = if setting.value.is_null() { "-".to_owned() } else { setting.value.to_string() };
            (setting.key.as_str(), value, source)
        })
        .collect();
    let widest =
        |of: fn(&(&str, String, &str)) -> usize| rows.iter().map(of).max().unwrap_or_default().min(WIDEST);
    let (keys, values) = (widest(|row| row.0.chars().count()), widest(|row| row.1.chars().count()));
    let mut table = format!("{title}: good\n");
    for (key, value, source) in &rows {
        let line = format!("  {key:<keys$}  {value:<values$}");
        match *source {
            "default" => table.push_str(&format!("{FAINT}{line}  {source}{FAINT:#}\n")),
            _ => table.push_str(&format!("{line}  {source}\n")),
        }
    }
    table
}

const FAINT: anstyle::Style = anstyle::Style::new().dimmed();
/// Columns that are lined up.
const WIDEST: usize = 48;
const NO_FILTER: &str = "there is no filter in it: neither a `typed_config` of type \
                         envoy.extensions.filters.http.wasm.v3.Wasm, nor a WasmPlugin, nor an EnvoyExtensionPolicy";
