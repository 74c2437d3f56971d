//! Exchanges written as files, and how to show them to the observer. How a file reads is told in
//! `fixtures/README.md`.

#![allow(dead_code, reason = "each test that shares this uses a part of it")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::write::{GzEncoder, ZlibEncoder};
use inferspan_core::call::{Call, End, Facts};
use inferspan_core::exchange::Observer;
use inferspan_core::headers::Headers;
use inferspan_core::time::UnixNanos;
use serde_json::{Map, Value};

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// An exchange and what it must give.
pub(crate) struct Case {
    /// The file, and the line of it where there are several in one.
    pub(crate) name: String,
    /// The folder: a format, or `none`.
    pub(crate) api: String,
    pub(crate) exchange: Exchange,
    expected: Expected,
}

enum Expected {
    /// These facts and no other.
    All(Value),
    /// These facts among others; `null` for what must not be seen.
    Among(Map<String, Value>),
}

/// Every exchange of the folder.
pub(crate) fn cases() -> Vec<Case> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .flat_map(|api| fs::read_dir(api).unwrap().map(|entry| entry.unwrap().path()))
        .collect();
    files.sort();
    files.iter().flat_map(|path| Case::read(path)).collect()
}

impl Case {
    /// What stands in this file.
    fn read(path: &Path) -> Vec<Self> {
        let name = path.strip_prefix(folder()).unwrap().display().to_string();
        let api = path.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
        let read = |path: &Path| fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let json =
            |text: &str| serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {text}: {error}"));
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("http") => {
                let text = read(path);
                let exchange = Exchange::parse(text.strip_suffix('\n').unwrap_or(&text), &name);
                let expected = Expected::All(json(&read(&path.with_extension("json"))));
                vec![Self { name, api, exchange, expected }]
            }
            Some("each") => {
                let text = read(path);
                let (template, lines) = text.split_once("\n### each\n").unwrap();
                let case = |line: &str| {
                    let (part, facts) = line.split_once(" => ").unwrap_or_else(|| panic!("{name}: {line}"));
                    let text = template.replace("$$", &part.trim_end().replace('¶', "\n"));
                    let Value::Object(facts) = json(facts) else { panic!("{name}: {line}") };
                    let name = format!("{name}: {line}");
                    let exchange = Exchange::parse(&text, &name);
                    Self { name, api: api.clone(), exchange, expected: Expected::Among(facts) }
                };
                lines.lines().filter(|line| !line.starts_with('#')).map(case).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What it gives otherwise than it must, if anything, a fact a line.
    pub(crate) fn difference(&self, observer: &Observer, cut: Cut) -> Option<String> {
        let call = self.exchange.observe(observer, cut);
        let seen = call.map_or(Value::Null, |call| serde_json::to_value(Facts(&call)).unwrap());
        let wanted = match &self.expected {
            Expected::All(wanted) if *wanted == seen => return None,
            Expected::All(wanted) => match (wanted.as_object(), seen.as_object()) {
                (Some(wanted), Some(seen)) => {
                    let null = |name: &String| (name.clone(), Value::Null);
                    seen.keys().map(null).chain(wanted.clone()).collect()
                }
                _ => return Some(format!("\n    expected {wanted}\n    actual   {seen}")),
            },
            Expected::Among(wanted) => wanted.clone(),
        };
        let value = |name: &String| seen.get(name).unwrap_or(&Value::Null);
        let wrong = wanted.iter().filter(|(name, wanted)| value(name) != *wanted);
        let lines =
            wrong.map(|(name, wanted)| format!("\n    {name}: expected {wanted}, actual {}", value(name)));
        Some(lines.collect::<String>()).filter(|lines| !lines.is_empty())
    }
}

/// An exchange as it is shown to the observer.
#[derive(Clone)]
pub(crate) struct Exchange {
    pub(crate) request: Message,
    pub(crate) response: Option<(Message, End)>,
}

#[derive(Clone)]
pub(crate) struct Message {
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Its end never came.
    cut: bool,
}

impl Exchange {
    pub(crate) fn parse(text: &str, name: &str) -> Self {
        let (request, response) = match text.split_once("\n###\n") {
            Some((request, response)) => (request, Some(response)),
            None => (text, None),
        };
        let (line, request) = Message::read(request);
        let (method, url) = line.split_once(' ').unwrap_or_else(|| panic!("{name}: no request line"));
        let (scheme, rest) = url.split_once("://").unwrap();
        let (authority, rest) = rest.split_at(rest.find('/').unwrap());
        let request = request.with(&[
            (":method", method),
            (":scheme", scheme),
            (":authority", authority),
            (":path", rest),
        ]);
        let response = response.map(|response| {
            let (line, response) = Message::read(response);
            let (status, end) =
                line.strip_prefix("HTTP ").unwrap().split_once(" then ").unwrap_or((&line[5..], ""));
            let end = match end {
                "" => End::Complete,
                "client gone" => End::ClientGone,
                "upstream gone" => End::UpstreamGone,
                "timeout" => End::Timeout,
                end => panic!("{name}: no such end: {end}"),
            };
            (response.with(&[(":status", status)]), end)
        });
        Self { request, response }
    }

    pub(crate) fn observe(&self, observer: &Observer, cut: Cut) -> Option<Call> {
        let now = UnixNanos(1);
        let mut exchange = self.request.show(|headers| observer.begin(headers, now))?;
        for chunk in cut.chunks(&self.request.body) {
            exchange.request_body(chunk, now);
        }
        if !self.request.cut {
            exchange.request_end(now);
        }
        let mut end = End::Unknown;
        if let Some((response, how)) = &self.response {
            response.show(|headers| exchange.response_headers(headers, now));
            for chunk in cut.chunks(&response.body) {
                exchange.response_body(chunk, now);
            }
            end = *how;
        }
        exchange.finish(end, now)
    }
}

impl Message {
    /// The first line and the rest.
    fn read(text: &str) -> (String, Self) {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = head.lines();
        let first = lines.next().unwrap().to_owned();
        let (remarks, headers): (Vec<&str>, Vec<&str>) = lines.partition(|line| line.starts_with('#'));
        let headers: Vec<(String, String)> = headers
            .into_iter()
            .map(|line| line.split_once(": ").unwrap_or_else(|| panic!("no header: {line}")))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let value = |name: &str| headers.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value);
        let content_type = value("content-type");
        let crlf = remarks.contains(&"# lines end with CRLF") || content_type.starts_with("multipart/");
        let size =
            remarks.iter().find_map(|remark| remark.strip_prefix("# in parts of ")?.strip_suffix(" bytes"));
        let body = match content_type {
            "application/vnd.amazon.eventstream" if size.is_some() => {
                aws_parts(body, size.unwrap().parse().unwrap())
            }
            "application/vnd.amazon.eventstream" => body.lines().flat_map(aws_message).collect(),
            _ if crlf => body.replace('\n', "\r\n").into_bytes(),
            _ => body.as_bytes().to_owned(),
        };
        let body = encoded(body, value("content-encoding"));
        (first, Self { headers, body, cut: remarks.contains(&"# cut short") })
    }

    fn with(mut self, pseudo: &[(&str, &str)]) -> Self {
        let pseudo = pseudo.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.headers.splice(0..0, pseudo);
        self
    }

    pub(crate) fn show<T>(&self, to: impl FnOnce(&Headers<'_>) -> T) -> T {
        let pairs: Vec<(&[u8], &[u8])> =
            self.headers.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
        to(&Headers::new(&pairs))
    }
}

fn encoded(body: Vec<u8>, coding: &str) -> Vec<u8> {
    let level = flate2::Compression::default();
    match coding {
        "" => body,
        "gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), level);
            encoder.write_all(&body).unwrap();
            encoder.finish().unwrap()
        }
        "deflate" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(&body).unwrap();
            encoder.finish().unwrap()
        }
        coding => panic!("no encoder for {coding}"),
    }
}

/// A body cut into `PayloadPart`s of an AWS event stream, and the exception of its last line after them.
pub(crate) fn aws_parts(body: &str, size: usize) -> Vec<u8> {
    let (body, exception) = match body.rsplit_once("\n!") {
        Some((body, exception)) => (body, Some(format!("!{exception}"))),
        None => (body, None),
    };
    let parts = body.as_bytes().chunks(size);
    let parts = parts.flat_map(|part| aws_frame("event", ":event-type", "PayloadPart", part));
    parts.chain(exception.iter().flat_map(|line| aws_message(line))).collect()
}

/// A message of an AWS event stream: `name payload`, an exception with a `!` before it.
fn aws_message(line: &str) -> Vec<u8> {
    let (name, payload) = line.split_once(' ').unwrap_or_else(|| panic!("no event: {line}"));
    let (kind, header, name) = match name.strip_prefix('!') {
        Some(name) => ("exception", ":exception-type", name),
        None => ("event", ":event-type", name),
    };
    let payload = match name {
        "chunk" => format!(r#"{{"bytes":"{}","p":"abcdefghij"}}"#, BASE64_STANDARD.encode(payload)),
        _ => payload.to_owned(),
    };
    aws_frame(kind, header, name, payload.as_bytes())
}

/// A message whose `header` tells its name.
pub(crate) fn aws_frame(kind: &str, header: &str, name: &str, payload: &[u8]) -> Vec<u8> {
    let mut headers = Vec::new();
    for (name, value) in [(header, name), (":content-type", "application/json"), (":message-type", kind)] {
        headers.push(u8::try_from(name.len()).unwrap());
        headers.extend_from_slice(name.as_bytes());
        headers.push(7);
        headers.extend_from_slice(&u16::try_from(value.len()).unwrap().to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    let mut message = Vec::new();
    message.extend_from_slice(&u32::try_from(headers.len() + payload.len() + 16).unwrap().to_be_bytes());
    message.extend_from_slice(&u32::try_from(headers.len()).unwrap().to_be_bytes());
    message.extend_from_slice(&crc32fast::hash(&message).to_be_bytes());
    message.extend_from_slice(&headers);
    message.extend_from_slice(payload);
    message.extend_from_slice(&crc32fast::hash(&message).to_be_bytes());
    message
}

/// A way to cut a body.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    Whole,
    Every(usize),
    Random(u64),
}

impl Cut {
    fn chunks(self, body: &[u8]) -> Vec<&[u8]> {
        match self {
            Self::Whole => vec![body],
            Self::Every(size) => body.chunks(size).collect(),
            Self::Random(mut state) => {
                let (mut chunks, mut rest) = (Vec::new(), body);
                while !rest.is_empty() {
                    state =
                        state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let (chunk, after) = rest.split_at(rest.len().min(1 + (state >> 58) as usize));
                    chunks.push(chunk);
                    rest = after;
                }
                chunks
            }
        }
    }
}
