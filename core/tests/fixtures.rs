//! Exchanges of every API, written from the formats, and the facts they must give at any cut of their bodies.
//! How a fixture reads is told in `fixtures/README.md`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::write::{GzEncoder, ZlibEncoder};
use inferspan_core::api::Api;
use inferspan_core::call::{Call, End, Facts};
use inferspan_core::exchange::Observer;
use inferspan_core::headers::Headers;
use inferspan_core::time::UnixNanos;
use serde_json::Value;

#[test]
fn fixtures_give_their_facts_at_any_cut() {
    let observer = Observer::default();
    let mut wrong = Vec::new();
    for path in fixtures() {
        let name = path.strip_prefix(folder()).unwrap().display().to_string();
        let exchange = Exchange::read(&path);
        let expected =
            fs::read(path.with_extension("json")).map(|json| serde_json::from_slice::<Value>(&json));
        let expected = match expected {
            Ok(Ok(expected)) => expected,
            problem => {
                wrong.push(format!("{name}: its facts cannot be read: {problem:?}"));
                continue;
            }
        };
        for cut in [Cut::Whole, Cut::Every(1), Cut::Every(3), Cut::Random(1), Cut::Random(2), Cut::Random(3)]
        {
            let call = exchange.observe(&observer, cut);
            let facts = call.map_or(Value::Null, |call| serde_json::to_value(Facts(&call)).unwrap());
            if facts != expected {
                wrong.push(format!("{name}, cut {cut:?}:{}", difference(&expected, &facts)));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Damage is told apart from what is whole the same way at any cut.
#[test]
fn damaged_fixtures_give_the_same_facts_at_any_cut() {
    let observer = Observer::default();
    let mut random = Random(7);
    for path in fixtures() {
        for round in 0..8 {
            let mut exchange = Exchange::read(&path);
            damage(&mut exchange.request.body, &mut random);
            if let Some((response, _)) = &mut exchange.response {
                damage(&mut response.body, &mut random);
            }
            let whole = exchange.observe(&observer, Cut::Whole);
            for cut in [Cut::Every(1), Cut::Random(round)] {
                assert_eq!(exchange.observe(&observer, cut), whole, "{} {round} {cut:?}", path.display());
            }
        }
    }
}

/// A format without a fixture is a format that nobody checked.
#[test]
fn every_api_has_fixtures() {
    let folders: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    for api in Api::ALL {
        assert!(folders.iter().any(|folder| folder == api.name()), "no fixtures/{}", api.name());
    }
    for folder in folders {
        assert!(folder == "none" || Api::from_name(&folder).is_some(), "fixtures/{folder} is no API");
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn fixtures() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for api in fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
    {
        let cases = fs::read_dir(api).unwrap().map(|entry| entry.unwrap().path());
        found.extend(cases.filter(|path| path.extension().is_some_and(|extension| extension == "http")));
    }
    found.sort();
    found
}

/// An exchange as it is shown to the observer.
struct Exchange {
    request: Message,
    response: Option<(Message, End)>,
}

struct Message {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Its end never came.
    cut: bool,
}

impl Exchange {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let (request, response) = match text.split_once("\n###\n") {
            Some((request, response)) => (request, Some(response)),
            None => (text, None),
        };
        let (line, request) = Message::read(request);
        let (method, url) =
            line.split_once(' ').unwrap_or_else(|| panic!("{}: no request line", path.display()));
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
                end => panic!("{}: no such end: {end}", path.display()),
            };
            (response.with(&[(":status", status)]), end)
        });
        Self { request, response }
    }

    fn observe(&self, observer: &Observer, cut: Cut) -> Option<Call> {
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

    fn show<T>(&self, to: impl FnOnce(&Headers<'_>) -> T) -> T {
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
fn aws_parts(body: &str, size: usize) -> Vec<u8> {
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
fn aws_frame(kind: &str, header: &str, name: &str, payload: &[u8]) -> Vec<u8> {
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
enum Cut {
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

/// Flips, cuts out, doubles or breaks off some bytes.
fn damage(body: &mut Vec<u8>, random: &mut Random) {
    if body.is_empty() {
        return;
    }
    let start = random.below(body.len());
    let end = body.len().min(start + 1 + random.below(20));
    match random.below(4) {
        0 => body[start] ^= 1 << random.below(8),
        1 => drop(body.drain(start..end)),
        2 => body.extend_from_within(start..end),
        _ => body.truncate(start),
    }
}

/// A linear congruential generator: the same numbers every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// What differs, a fact a line.
fn difference(expected: &Value, actual: &Value) -> String {
    let (Some(wanted), Some(seen)) = (expected.as_object(), actual.as_object()) else {
        return format!("\n    expected {expected}\n    actual   {actual}");
    };
    let mut names: Vec<&String> = wanted.keys().chain(seen.keys()).collect();
    names.sort();
    names.dedup();
    let show = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
    names
        .into_iter()
        .filter(|name| wanted.get(*name) != seen.get(*name))
        .map(|name| {
            format!("\n    {name}: expected {}, actual {}", show(wanted.get(name)), show(seen.get(name)))
        })
        .collect()
}
