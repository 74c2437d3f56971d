//! HAR 1.2 files, as browsers and proxies export them.
//!
//! Specification: <http://www.softwareishard.com/blog/har-12-spec/>. Bodies stand in it decoded, whatever their
//! `content-encoding` was, so that header is left out. A body of which there is a size and no text was not captured. HTTP/2's pseudo-headers, which some exporters list among
//! the headers, are made from method and URL instead.

mod slices;

use std::io::BufRead;

use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use crate::recording::{Message, Recording, Times};
use slices::Slices;

/// The entries of a file, each read when its turn comes.
///
/// # Errors
/// Where it is no HAR file.
pub(crate) fn read(
    source: impl BufRead + 'static,
    name: &str,
) -> Result<impl Iterator<Item = Result<Recording>> + 'static> {
    let mut slices = Slices::new(source);
    slices.begin()?;
    let path = name.to_owned();
    Ok(slices.enumerate().map(move |(number, entry)| {
        let id = format!("{path}#{number}");
        let entry = entry.with_context(|| path.clone())?;
        let entry: Entry =
            serde_json::from_slice(&entry).with_context(|| format!("{id}: no entry of HAR 1.2"))?;
        entry.recording(id.clone()).context(id)
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    started_date_time: Option<String>,
    request: Request,
    response: Option<Response>,
    timings: Option<Timings>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<Pair>,
    post_data: Option<PostData>,
    /// -1 where it is not known.
    #[serde(default)]
    body_size: i64,
}

#[derive(Deserialize)]
struct Response {
    status: i64,
    #[serde(default)]
    headers: Vec<Pair>,
    #[serde(default)]
    content: Content,
}

#[derive(Deserialize)]
struct Pair {
    name: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostData {
    text: Option<String>,
    /// Not in the specification, but some write it as for answers.
    encoding: Option<String>,
    #[serde(default)]
    params: Vec<Param>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Param {
    name: String,
    value: Option<String>,
    file_name: Option<String>,
}

#[derive(Default, Deserialize)]
struct Content {
    #[serde(default)]
    size: i64,
    text: Option<String>,
    encoding: Option<String>,
}

/// In milliseconds; -1 where it does not apply.
#[derive(Clone, Copy, Deserialize)]
struct Timings {
    send: Option<f64>,
    wait: Option<f64>,
    receive: Option<f64>,
}

impl Entry {
    fn recording(self, id: String) -> Result<Recording> {
        let (scheme, authority, path) = split_url(&self.request.url).with_context(|| {
            format!("request.url `{}` is none like `https://host/path`", self.request.url)
        })?;
        let pseudo = [
            (":method", &*self.request.method),
            (":scheme", scheme),
            (":authority", authority),
            (":path", path),
        ];
        let mut request = message(&pseudo, self.request.headers);
        let size = self.request.body_size;
        request.body = match self.request.post_data {
            Some(PostData { text: Some(text), encoding, .. }) if !text.is_empty() || size <= 0 => {
                Some(decode(text, encoding.as_deref()).context("request.postData.text")?)
            }
            Some(PostData { params, .. }) if !params.is_empty() => Some(form(&params, &request)),
            _ => (size <= 0 && !has_body(&request)).then(Vec::new),
        };
        // Status 0: blocked, aborted, never answered.
        let response = match self.response.filter(|response| response.status > 0) {
            Some(answer) => {
                let mut response = message(&[(":status", &answer.status.to_string())], answer.headers);
                let Content { size, text, encoding } = answer.content;
                response.body = match text.filter(|text| !text.is_empty()) {
                    Some(text) => Some(decode(text, encoding.as_deref()).context("response.content.text")?),
                    None => (size <= 0 && !has_body(&response)).then(Vec::new),
                };
                Some(response)
            }
            None => None,
        };
        let start = self.started_date_time.and_then(|time| time.parse::<jiff::Timestamp>().ok());
        let times = Times {
            start: start.and_then(|start| u64::try_from(start.as_nanosecond()).ok()).unwrap_or(0),
            wait: self.timings.map_or(0, |timings| nanos(timings.send).saturating_add(nanos(timings.wait))),
            receive: self.timings.map_or(0, |timings| nanos(timings.receive)),
        };
        Ok(Recording { id, request, response, times })
    }
}

fn message(pseudo: &[(&str, &str)], headers: Vec<Pair>) -> Message {
    let headers = headers
        .into_iter()
        .map(|pair| (pair.name.to_ascii_lowercase(), pair.value))
        .filter(|(name, _)| !name.starts_with(':') && name != "content-encoding")
        .map(|(name, value)| (name.into_bytes(), value.into_bytes()));
    let pseudo = pseudo.iter().map(|(name, value)| (name.as_bytes().to_owned(), value.as_bytes().to_owned()));
    Message { headers: pseudo.chain(headers).collect(), body: None }
}

/// Whether its headers say that it has a body.
fn has_body(message: &Message) -> bool {
    let length = message.headers.iter().find(|(name, _)| name == b"content-length");
    length.is_some_and(|(_, length)| length.iter().any(|digit| (b'1'..=b'9').contains(digit)))
}

/// Scheme, authority and path of a URL; the path has the query with it.
fn split_url(url: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let path = path.split('#').next().unwrap_or(path);
    Some((scheme, authority, if path.is_empty() { "/" } else { path }))
}

fn decode(text: String, encoding: Option<&str>) -> Result<Vec<u8>> {
    match encoding {
        Some("base64") => BASE64_STANDARD.decode(text).context("not base64"),
        _ => Ok(text.into_bytes()),
    }
}

/// A form that the exporter took apart, put together again with the boundary that its request names.
fn form(params: &[Param], request: &Message) -> Vec<u8> {
    let content_type = request.headers.iter().find(|(name, _)| name == b"content-type");
    let content_type = content_type.map(|(_, value)| String::from_utf8_lossy(value)).unwrap_or_default();
    let Some((_, boundary)) = content_type.split_once("boundary=") else { return Vec::new() };
    let boundary = boundary.split(';').next().unwrap_or_default().trim_matches('"');
    let mut body = String::new();
    for Param { name, value, file_name } in params {
        let file = file_name.as_ref().map(|name| format!("; filename=\"{name}\"")).unwrap_or_default();
        let value = value.as_deref().unwrap_or_default();
        body.push_str(&format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n"
        ));
    }
    body.push_str(&format!("--{boundary}--\r\n"));
    body.into_bytes()
}

fn nanos(millis: Option<f64>) -> u64 {
    // Negative times become 0 by the cast.
    (millis.unwrap_or_default() * 1e6) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(har: &str) -> Vec<Result<Recording>> {
        read(std::io::Cursor::new(har.to_owned()), "x.har").unwrap().collect()
    }

    #[test]
    fn an_entry_is_an_exchange() {
        let recording = entries(
            r#"{"log": {"version": "1.2", "entries": [{
                "startedDateTime": "2026-11-21T10:00:00.000+01:00",
                "request": {"method": "POST", "url": "https://api.example:8443/v1/x?y=1#z", "headers": [
                    {"name": ":path", "value": "/v1/x"}, {"name": "Content-Type", "value": "application/json"}],
                    "postData": {"mimeType": "application/json", "text": "{\"a\":1}"}},
                "response": {"status": 200, "headers": [{"name": "Content-Encoding", "value": "br"}],
                    "content": {"size": 2, "mimeType": "application/json", "text": "e30=", "encoding": "base64"}},
                "timings": {"send": 1, "wait": 250.5, "receive": -1}}]}}"#,
        )
        .remove(0)
        .unwrap();
        assert_eq!(recording.id, "x.har#0");
        let headers: Vec<(&str, &str)> = recording
            .request
            .headers
            .iter()
            .map(|(n, v)| (std::str::from_utf8(n).unwrap(), std::str::from_utf8(v).unwrap()))
            .collect();
        assert_eq!(
            headers,
            [
                (":method", "POST"),
                (":scheme", "https"),
                (":authority", "api.example:8443"),
                (":path", "/v1/x?y=1"),
                ("content-type", "application/json"),
            ]
        );
        assert_eq!(recording.request.body.as_deref(), Some(&b"{\"a\":1}"[..]));
        let response = recording.response.unwrap();
        assert_eq!(response.headers, [(b":status".to_vec(), b"200".to_vec())]);
        assert_eq!(response.body.as_deref(), Some(&b"{}"[..]));
        assert_eq!(recording.times.start, 1_795_251_600_000_000_000);
        assert_eq!((recording.times.wait, recording.times.receive), (251_500_000, 0));
    }

    #[test]
    fn forms_are_put_together_again_and_status_0_is_no_answer() {
        let recording = entries(
            r#"{"log": {"entries": [{
                "request": {"method": "POST", "url": "https://h/v1/audio/transcriptions", "headers": [
                    {"name": "content-type", "value": "multipart/form-data; boundary=XX"}],
                    "postData": {"mimeType": "multipart/form-data", "params": [
                        {"name": "model", "value": "whisper-1"}, {"name": "file", "fileName": "a.mp3"}]}},
                "response": {"status": 0, "headers": [], "content": {}}}]}}"#,
        )
        .remove(0)
        .unwrap();
        assert_eq!(
            String::from_utf8(recording.request.body.unwrap()).unwrap(),
            "--XX\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n\
             --XX\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\r\n\r\n--XX--\r\n"
        );
        assert!(recording.response.is_none());
    }

    #[test]
    fn a_body_that_has_a_size_and_no_text_was_not_captured() {
        let bodies = |request: &str, response: &str| {
            let har = format!(
                r#"{{"log": {{"entries": [{{"request": {{"method": "POST", "url": "https://h/" {request}}},
                    "response": {{"status": 200 {response}}}}}]}}}}"#
            );
            let recording = entries(&har).remove(0).unwrap();
            (recording.request.body.is_some(), recording.response.unwrap().body.is_some())
        };
        let lengthy = r#", "headers": [{"name": "Content-Length", "value": "10"}]"#;
        for (request, response, captured) in [
            ("", "", (true, true)),
            (r#", "bodySize": -1"#, r#", "content": {"size": -1}"#, (true, true)),
            (r#", "bodySize": 10"#, r#", "content": {"size": 10}"#, (false, false)),
            (
                r#", "bodySize": 2, "postData": {"text": "{}"}"#,
                r#", "content": {"size": 9, "text": ""}"#,
                (true, false),
            ),
            (r#", "bodySize": 0, "postData": {"text": ""}"#, lengthy, (true, false)),
            (lengthy, r#", "content": {"size": 0}"#, (false, true)),
        ] {
            assert_eq!(bodies(request, response), captured, "{request} {response}");
        }
    }

    /// What each writes beside the members that are read, and how it writes these.
    #[test]
    fn the_forms_of_four_exporters_are_read() {
        let chrome = r#"{"_connectionId": "1", "_initiator": {"type": "script"}, "_priority": "High", "_resourceType": "fetch", "cache": {},
            "connection": "443", "pageref": "page_1", "request": {"method": "POST", "url": "https://h/v1/x", "httpVersion": "h3", "headersSize": -1,
            "headers": [{"name": ":method", "value": "POST"}], "queryString": [], "cookies": [], "bodySize": 2,
            "postData": {"mimeType": "application/json", "text": "{}"}},
            "response": {"status": 200, "statusText": "", "httpVersion": "h3", "headers": [], "cookies": [], "redirectURL": "", "headersSize": -1,
            "bodySize": -1, "_transferSize": 9, "_error": null, "content": {"size": 4, "mimeType": "application/json", "text": "[ 1]", "compression": 0}},
            "serverIPAddress": "203.0.113.7", "startedDateTime": "2026-11-22T01:00:00.000Z", "time": 7.5,
            "timings": {"blocked": 1.5, "dns": -1, "ssl": -1, "connect": -1, "send": 0.5, "wait": 5, "receive": 2, "_blocked_queueing": 0.2}}"#;
        let firefox = r#"{"startedDateTime": "2026-11-22T02:00:00.000+01:00", "request": {"bodySize": 2, "method": "POST", "url": "https://h/v1/x",
            "httpVersion": "HTTP/2", "headers": [], "cookies": [], "queryString": [], "headersSize": 400,
            "postData": {"mimeType": "application/json", "params": [], "text": "{}"}},
            "response": {"status": 200, "statusText": "OK", "httpVersion": "HTTP/2", "headers": [], "cookies": [],
            "content": {"mimeType": "application/json", "size": 4, "encoding": "base64", "text": "WyAxXQ=="}, "redirectURL": "", "headersSize": 9, "bodySize": 13},
            "cache": {}, "timings": {"blocked": 0, "dns": 0, "connect": 0, "ssl": 0, "send": 0.5, "wait": 5, "receive": 2}, "time": 7,
            "_securityState": "secure", "serverIPAddress": "203.0.113.7", "connection": "443"}"#;
        let mitmproxy = r#"{"startedDateTime": "2026-11-22T01:00:00.000000+00:00", "time": 7.5, "request": {"method": "POST", "url": "https://h/v1/x",
            "httpVersion": "HTTP/2.0", "cookies": [], "headers": [], "queryString": [], "headersSize": 100, "bodySize": 2,
            "postData": {"mimeType": "application/json", "text": "{}", "params": []}},
            "response": {"status": 200, "statusText": "", "httpVersion": "HTTP/2.0", "cookies": [], "headers": [],
            "content": {"size": 4, "compression": 0, "mimeType": "application/json", "text": "[ 1]"}, "redirectURL": "", "headersSize": 9, "bodySize": 4},
            "cache": {}, "timings": {"connect": 0.1, "ssl": 0.2, "send": 0.5, "receive": 2.0, "wait": 5.0}, "serverIPAddress": "203.0.113.7"}"#;
        let charles = r#"{"startedDateTime": "2026-11-22T01:00:00.000Z", "time": 7, "request": {"method": "POST", "url": "https://h/v1/x",
            "httpVersion": "HTTP/1.1", "cookies": [], "headers": [], "queryString": [], "postData": {"mimeType": "application/json", "text": "{}"},
            "headersSize": 100, "bodySize": 2}, "response": {"_charlesStatus": "COMPLETE", "status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1",
            "cookies": [], "headers": [], "content": {"size": 4, "mimeType": "application/json", "text": "WyAxXQ==", "encoding": "base64"},
            "redirectURL": null, "headersSize": 0, "bodySize": 4}, "serverIPAddress": "203.0.113.7", "cache": {},
            "timings": {"dns": null, "connect": null, "ssl": null, "send": 0.5, "wait": 5, "receive": 2}}"#;
        for (name, entry) in
            [("Chrome", chrome), ("Firefox", firefox), ("mitmproxy", mitmproxy), ("Charles", charles)]
        {
            let har = format!(
                r#"{{"log": {{"version": "1.2", "creator": {{"name": "{name}"}}, "entries": [{entry}]}}}}"#
            );
            let recording = entries(&har).remove(0).unwrap();
            assert_eq!(recording.request.body.as_deref(), Some(&b"{}"[..]), "{name}");
            let body = recording.response.unwrap().body;
            assert_eq!(body.as_deref(), Some(&b"[ 1]"[..]), "{name}");
            let times = recording.times;
            assert_eq!(
                (times.start, times.wait, times.receive),
                (1_795_309_200_000_000_000, 5_500_000, 2_000_000),
                "{name}"
            );
        }
    }

    #[test]
    fn a_bad_entry_is_named() {
        let entry = r#"{"request": {"method": "GET", "url": "about:blank"}, "response": null}"#;
        let read = entries(&format!(r#"{{"log": {{"entries": [{entry}]}}}}"#));
        let message = format!("{:#}", read.first().unwrap().as_ref().unwrap_err());
        assert!(message.starts_with("x.har#0: request.url `about:blank`"), "{message}");
    }
}
