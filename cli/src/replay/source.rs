//! Which files are read, and how.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use inferspan_replay::reading::{self, Kind, Recordings};

/// The exchanges of all these files, and of the files in these directories, in order; `-` is stdin. Each file is opened
/// when its turn comes; what cannot be read of it is one error among its exchanges.
///
/// # Errors
/// Where a path is not there, or a directory holds nothing to read.
pub(super) fn open(paths: &[PathBuf]) -> Result<Recordings> {
    let mut files = Vec::new();
    for path in paths {
        if is_stdin(path) {
            files.push(path.clone());
        } else if fs::metadata(path).with_context(|| path.display().to_string())?.is_dir() {
            let found = list(path).with_context(|| path.display().to_string())?;
            if found.is_empty() {
                bail!("{}: no {KINDS} file in this directory", path.display());
            }
            files.extend(found);
        } else {
            files.push(path.clone());
        }
    }
    Ok(Box::new(files.into_iter().flat_map(|file| {
        open_file(&file).unwrap_or_else(|error| {
            let error = error.context(file.display().to_string());
            Box::new(std::iter::once(Err(error)))
        })
    })))
}

fn list(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if kind(&path).is_some() && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn open_file(path: &Path) -> Result<Recordings> {
    let name = path.display().to_string();
    if is_stdin(path) {
        return reading::read(std::io::stdin(), &name, None);
    }
    match kind(path) {
        Some(kind) => reading::read(fs::File::open(path)?, &name, Some(kind)),
        None => bail!("not a {KINDS} file"),
    }
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn kind(path: &Path) -> Option<Kind> {
    Kind::of_name(path.file_name()?.to_str()?)
}

const KINDS: &str = "`.har`, `.jsonl`, `.har.gz` or `.jsonl.gz`";
