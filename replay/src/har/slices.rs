//! The entries of a HAR file one by one, as slices of JSON, so that no more than one is held at a time and those before
//! the place where a file breaks off are there all the same.
//!
//! Only `{"log": {"entries": [{…}, …]}}` is looked for, by brackets and strings; whether an entry is JSON is for its
//! reader to say.

use std::io::{BufRead, ErrorKind};

use anyhow::{Result, bail};

/// Entries, each as its bytes; an error ends them.
pub(super) struct Slices<R> {
    source: R,
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the entries.
    Before,
    /// Among them.
    Among,
    /// All has been read, or cannot be.
    After,
}

impl<R: BufRead> Slices<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, place: Place::Before }
    }

    /// Reads until it is among the entries: to the array that is the member `entries` of the member `log`.
    ///
    /// # Errors
    /// Where there is none.
    pub(super) fn begin(&mut self) -> Result<()> {
        let mut depth = 0_u32;
        // What stands on the way, by depth: the last string, which a colon makes a key.
        let (mut text, mut key) = (Vec::new(), [const { Vec::new() }; 3]);
        while let Some(byte) = self.byte()? {
            match byte {
                b'"' => {
                    text.clear();
                    self.string(|byte| {
                        if text.len() < LONGEST_KEY {
                            text.push(byte);
                        }
                    })?;
                }
                b':' => {
                    if let Some(key) = key.get_mut(depth as usize) {
                        key.clone_from(&text);
                    }
                }
                b'[' if depth == 2 && key[1] == b"log" && key[2] == b"entries" => {
                    self.place = Place::Among;
                    return Ok(());
                }
                b'{' | b'[' => depth = depth.saturating_add(1),
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        self.place = Place::After;
        bail!("not a HAR 1.2 file: it has no `log.entries`")
    }

    /// The next entry.
    fn entry(&mut self) -> Result<Option<Vec<u8>>> {
        loop {
            match self.byte()? {
                Some(b'{') => break,
                Some(b']') => return Ok(None),
                Some(byte) if byte == b',' || byte.is_ascii_whitespace() => {}
                Some(_) => bail!("something stands among its entries that is no entry"),
                None => bail!("it breaks off after its last whole entry: the file is cut off"),
            }
        }
        let mut entry = vec![b'{'];
        let mut depth = 1_u32;
        while depth > 0 {
            let Some(byte) = self.byte()? else {
                bail!("it breaks off within its next entry: the file is cut off")
            };
            entry.push(byte);
            match byte {
                b'"' => {
                    self.string(|byte| entry.push(byte))?;
                    entry.push(b'"');
                }
                b'{' | b'[' => depth = depth.saturating_add(1),
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        Ok(Some(entry))
    }

    /// Hands over what stands in a string, to its end, which is not.
    fn string(&mut self, mut hand: impl FnMut(u8)) -> Result<()> {
        let mut escaped = false;
        loop {
            let bytes = match self.source.fill_buf() {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                bytes => bytes?,
            };
            if bytes.is_empty() {
                // Who reads on finds the end.
                return Ok(());
            }
            let mut length = bytes.len();
            let mut ended = false;
            for (at, byte) in bytes.iter().enumerate() {
                if escaped {
                    escaped = false;
                } else if *byte == b'\\' {
                    escaped = true;
                } else if *byte == b'"' {
                    (length, ended) = (at + 1, true);
                    break;
                }
                hand(*byte);
            }
            self.source.consume(length);
            if ended {
                return Ok(());
            }
        }
    }

    fn byte(&mut self) -> Result<Option<u8>> {
        loop {
            let byte = match self.source.fill_buf() {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                bytes => bytes?.first().copied(),
            };
            self.source.consume(usize::from(byte.is_some()));
            return Ok(byte);
        }
    }
}

impl<R: BufRead> Iterator for Slices<R> {
    type Item = Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.place != Place::Among {
            return None;
        }
        let entry = self.entry();
        if !matches!(entry, Ok(Some(_))) {
            self.place = Place::After;
        }
        entry.transpose()
    }
}

/// Longer than the keys that are looked for.
const LONGEST_KEY: usize = 16;

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn entries(text: &str, capacity: usize) -> Vec<String> {
        let mut slices = Slices::new(BufReader::with_capacity(capacity, text.as_bytes()));
        if let Err(error) = slices.begin() {
            return vec![error.to_string()];
        }
        let entries = slices.map(|entry| match entry {
            Ok(entry) => String::from_utf8(entry).unwrap(),
            Err(error) => error.to_string(),
        });
        entries.collect()
    }

    #[test]
    fn entries_are_cut_out_wherever_the_bytes_come_apart() {
        let text = r#" {"x": {"entries": [{"no": 1}]}, "log": {"pages": [{"entries": [{"no": 2}]}], "a": "entries", "entries" : [
            {"a": "}\"]", "b": [{"c": 1}]}, {} ], "entries": [{"no": 3}]}}"#;
        for capacity in [1, 2, 7, 4096] {
            assert_eq!(entries(text, capacity), [r#"{"a": "}\"]", "b": [{"c": 1}]}"#, "{}"], "{capacity}");
        }
    }

    #[test]
    fn what_breaks_off_is_said_after_what_is_whole() {
        let within = "it breaks off within its next entry: the file is cut off";
        let after = "it breaks off after its last whole entry: the file is cut off";
        for (text, expected) in [
            (r#"{"log":{"entries":[{"a":1},{"b":"#, &[r#"{"a":1}"#, within][..]),
            (r#"{"log":{"entries":[{"a":1},{"b":"x\"#, &[r#"{"a":1}"#, within]),
            (r#"{"log":{"entries":[{"a":1},"#, &[r#"{"a":1}"#, after]),
            (r#"{"log":{"entries":[{"a":1}]"#, &[r#"{"a":1}"#]),
            (r#"{"log":{"entries":[7]}}"#, &["something stands among its entries that is no entry"]),
            (r#"{"log":{"entries":{}}}"#, &["not a HAR 1.2 file: it has no `log.entries`"]),
            ("", &["not a HAR 1.2 file: it has no `log.entries`"]),
        ] {
            assert_eq!(entries(text, 3), expected, "{text}");
        }
    }
}
