//! Which files are read, and how.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::recording::Recording;
use super::{har, jsonl};

/// Exchanges, or why one could not be read: the error names the file and the line or entry.
type Recordings = Box<dyn Iterator<Item = Result<Recording>>>;

/// The exchanges of all these files, and of the files in these directories, in order. Each file is opened when its
/// turn comes; what cannot be read of it is one error among its exchanges.
///
/// # Errors
/// Where a path is not there, or a directory holds nothing to read.
pub(super) fn open(paths: &[PathBuf]) -> Result<Recordings> {
    let mut files = Vec::new();
    for path in paths {
        if fs::metadata(path).with_context(|| path.display().to_string())?.is_dir() {
            let found = list(path).with_context(|| path.display().to_string())?;
            if found.is_empty() {
                bail!("{}: no `.har`, `.jsonl` or `.jsonl.gz` file in this directory", path.display());
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
    let file = fs::File::open(path)?;
    Ok(match kind(path) {
        Some(Kind::Jsonl) => Box::new(jsonl::read(file, path)),
        Some(Kind::JsonlGz) => Box::new(jsonl::read(flate2::read::MultiGzDecoder::new(file), path)),
        Some(Kind::Har) => Box::new(har::read(file, path)?),
        None => bail!("not a `.har`, `.jsonl` or `.jsonl.gz` file"),
    })
}

/// A file format.
enum Kind {
    Jsonl,
    JsonlGz,
    Har,
}

fn kind(path: &Path) -> Option<Kind> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    [(".jsonl", Kind::Jsonl), (".jsonl.gz", Kind::JsonlGz), (".har", Kind::Har)]
        .into_iter()
        .find_map(|(end, kind)| name.ends_with(end).then_some(kind))
}
