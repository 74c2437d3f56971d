//! Bytes → recorded exchanges: HAR 1.2, or recordings of one JSON object a line; packed with gzip or not, with a byte
//! order mark or without.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use anyhow::{Context, Result};
use flate2::bufread::MultiGzDecoder;

use crate::recording::Recording;
use crate::{har, jsonl};

/// Exchanges, or why one could not be read: the error names the line or entry.
pub type Recordings = Box<dyn Iterator<Item = Result<Recording>>>;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// HTTP Archive 1.2.
    Har,
    /// One JSON object a line.
    Jsonl,
}

impl Kind {
    /// What a file of that name holds, without the `.gz` at its end.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        [(".jsonl", Self::Jsonl), (".har", Self::Har)]
            .into_iter()
            .find_map(|(end, kind)| name.ends_with(end).then_some(kind))
    }
}

/// The exchanges in there; what kind of file it is shows in its first bytes where `kind` does not tell. `name` is what
/// they are found by.
///
/// # Errors
/// Where it is no HAR file, though it should be one, or cannot be read at all.
pub fn read(source: impl Read + 'static, name: &str, kind: Option<Kind>) -> Result<Recordings> {
    let mut source: Box<dyn BufRead> = Box::new(BufReader::with_capacity(BUFFER, source));
    if source.fill_buf().context("read its beginning")?.starts_with(GZIP) {
        source = Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(source)));
    }
    let mut begin = Vec::new();
    source.by_ref().take(BEGIN).read_to_end(&mut begin).context("read its beginning")?;
    let begin = begin.strip_prefix(BYTE_ORDER_MARK).map(<[u8]>::to_vec).unwrap_or(begin);
    let kind = kind.unwrap_or_else(|| sniff(&begin));
    let source = BufReader::with_capacity(BUFFER, Cursor::new(begin).chain(Unbuffered(source)));
    Ok(match kind {
        Kind::Har => Box::new(har::read(source, name)?),
        Kind::Jsonl => Box::new(jsonl::read(source, name)),
    })
}

/// A HAR file is an object whose first member is `log`; a recording has others.
fn sniff(begin: &[u8]) -> Kind {
    let within = begin.trim_ascii_start().strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    if within.is_some_and(|within| within.starts_with(b"\"log\"")) { Kind::Har } else { Kind::Jsonl }
}

/// Reads on where another reader left off.
struct Unbuffered(Box<dyn BufRead>);

impl Read for Unbuffered {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

const GZIP: &[u8] = &[0x1f, 0x8b];
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
const BUFFER: usize = 1 << 16;
/// What is looked at to tell one kind from the other.
const BEGIN: u64 = 256;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const HAR: &str = r#"{ "log": {"entries": [{"request": {"method": "GET", "url": "https://h/"}}]}}"#;
    const JSONL: &str = r#"{"id": "a", "request": {"method": "GET", "scheme": "https", "authority": "h", "path": "/", "headers": [], "body": ""}}"#;

    fn ids(bytes: Vec<u8>) -> Vec<String> {
        read(Cursor::new(bytes), "-", None).unwrap().map(|recording| recording.unwrap().id).collect()
    }

    #[test]
    fn what_it_is_shows_in_its_first_bytes() {
        for (text, id) in [(HAR, "-#0"), (JSONL, "a")] {
            for before in ["", "\u{feff}", "\n ", "\u{feff}\n"] {
                let plain = format!("{before}{text}").into_bytes();
                assert_eq!(ids(plain.clone()), [id], "{before:?}");
                let mut packed = GzEncoder::new(Vec::new(), Compression::default());
                packed.write_all(&plain).unwrap();
                assert_eq!(ids(packed.finish().unwrap()), [id], "{before:?}, packed");
            }
        }
    }

    #[test]
    fn names_tell_the_kind() {
        for name in ["a.har", "A.HAR", "a.har.gz"] {
            assert_eq!(Kind::of_name(name), Some(Kind::Har), "{name}");
        }
        for name in ["a.jsonl", "a.jsonl.gz"] {
            assert_eq!(Kind::of_name(name), Some(Kind::Jsonl), "{name}");
        }
        for name in ["a.json", "har", "a.gz", "a.har.zip"] {
            assert_eq!(Kind::of_name(name), None, "{name}");
        }
    }
}
