//! Recordings: one JSON object a line.
//!
//! ```json
//! {"id": "…", "request": {"method": "POST", "scheme": "https", "authority": "…", "path": "…",
//!  "headers": [["name", "value"], …], "body": "base64"}, "response": {"status": 200, "headers": […], "body": "…"}}
//! ```
//!
//! Other members are passed over. `response` may be absent: no answer came.

use std::io::BufRead;

use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use crate::recording::{Message, Recording, Times};

/// The recordings of a file; empty lines are passed over.
pub(crate) fn read(
    source: impl BufRead + 'static,
    name: &str,
) -> impl Iterator<Item = Result<Recording>> + 'static {
    let path = name.to_owned();
    let lines = source.split(b'\n');
    lines.zip(1..).filter(|(line, _)| !line.as_ref().is_ok_and(|line| line.trim_ascii().is_empty())).map(
        move |(line, number): (_, u64)| {
            let place = || format!("{path}:{number}");
            let line = line.with_context(place)?;
            let line: Line = serde_json::from_slice(&line).with_context(place)?;
            line.recording().with_context(place)
        },
    )
}

#[derive(Deserialize)]
struct Line {
    id: Text,
    request: Request,
    response: Option<Response>,
}

#[derive(Deserialize)]
struct Request {
    method: Text,
    scheme: Text,
    authority: Text,
    path: Text,
    headers: Vec<(Text, Text)>,
    body: Text,
}

#[derive(Deserialize)]
struct Response {
    status: u16,
    headers: Vec<(Text, Text)>,
    body: Text,
}

/// A text that need not be valid Unicode: recorders leave lone surrogates in headers.
struct Text(Vec<u8>);

impl Line {
    fn recording(self) -> Result<Recording> {
        let request = Message {
            headers: [
                (&b":method"[..], self.request.method),
                (b":scheme", self.request.scheme),
                (b":authority", self.request.authority),
                (b":path", self.request.path),
            ]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.0))
            .chain(pairs(self.request.headers))
            .collect(),
            body: Some(BASE64_STANDARD.decode(self.request.body.0).context("request.body is not base64")?),
        };
        let response = self.response.map(|response| -> Result<Message> {
            let status = (b":status".to_vec(), response.status.to_string().into_bytes());
            Ok(Message {
                headers: std::iter::once(status).chain(pairs(response.headers)).collect(),
                body: Some(BASE64_STANDARD.decode(response.body.0).context("response.body is not base64")?),
            })
        });
        Ok(Recording {
            id: String::from_utf8_lossy(&self.id.0).into_owned(),
            request,
            response: response.transpose()?,
            times: Times::default(),
        })
    }
}

fn pairs(headers: Vec<(Text, Text)>) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    headers.into_iter().map(|(name, value)| (name.0.to_ascii_lowercase(), value.0))
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl serde::de::Visitor<'_> for Bytes {
            type Value = Text;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Text, E> {
                Ok(Text(bytes.to_owned()))
            }

            fn visit_byte_buf<E: serde::de::Error>(self, bytes: Vec<u8>) -> Result<Text, E> {
                Ok(Text(bytes))
            }
        }
        // serde_json reads strings as bytes without asking for Unicode.
        deserializer.deserialize_byte_buf(Bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recordings(text: &str) -> Vec<Result<Recording>> {
        read(std::io::Cursor::new(text.to_owned()), "x.jsonl").collect()
    }

    const LINE: &str = r#"{"id": "a#0", "request": {"method": "POST", "scheme": "https", "authority": "h:1", "path": "/p?q",
        "headers": [["X-Odd", "\ud83d"]], "body": "e30="}, "response": {"status": 200, "headers": [], "body": ""},
        "expected": {"note": "\ud83d"}}"#;

    #[test]
    fn a_line_is_an_exchange() {
        let recording = recordings(&LINE.replace('\n', " ")).remove(0).unwrap();
        assert_eq!(recording.id, "a#0");
        let header = |at: usize| recording.request.headers.get(at).cloned().unwrap();
        assert_eq!(header(0), (b":method".to_vec(), b"POST".to_vec()));
        assert_eq!(header(2), (b":authority".to_vec(), b"h:1".to_vec()));
        assert_eq!(header(4), (b"x-odd".to_vec(), b"\xed\xa0\xbd".to_vec()));
        assert_eq!(recording.request.body.as_deref(), Some(&b"{}"[..]));
        let response = recording.response.unwrap();
        assert_eq!(response.headers, [(b":status".to_vec(), b"200".to_vec())]);
    }

    #[test]
    fn a_bad_line_is_named_and_the_next_is_read() {
        let text = format!("{{\"id\": 1}}\n\n{}\n", LINE.replace('\n', " "));
        let read = recordings(&text);
        let [bad, good] = read.as_slice() else { panic!("two lines: {read:?}") };
        let message = format!("{:#}", bad.as_ref().unwrap_err());
        assert!(message.starts_with("x.jsonl:1: "), "{message}");
        assert!(good.is_ok());
    }

    #[test]
    fn a_body_that_is_no_base64_is_an_error() {
        let read = recordings(&LINE.replace('\n', " ").replace("e30=", "%%"));
        let message = format!("{:#}", read.first().unwrap().as_ref().unwrap_err());
        assert!(message.contains("request.body is not base64"), "{message}");
    }
}
