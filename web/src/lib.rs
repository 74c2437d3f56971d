//! The page's engine: what the filter would say of recorded exchanges, computed in a browser.
//!
//! In: a file, read piece by piece through a function of the page's worker, and a configuration. Out: export requests as
//! OTLP/JSON, as a collector would get them; and what is wrong with a configuration. It is the filter's core that
//! runs, through `inferspan-replay`, as in the command `inferspan replay`. All values that cross over are texts of JSON.

use std::io::{self, Read};

use inferspan_core::config::{self, Config};
use inferspan_core::otlp::outbox::Signal;
use inferspan_core::otlp::{json, span};
use inferspan_replay::reading::{self, Recordings};
use inferspan_replay::{Replay, Split};
use serde_json::json;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Gives at most so many bytes of the file from a position on, fewer at its end alone.
    pub type Source;

    #[wasm_bindgen(method, catch)]
    fn read(this: &Source, from: f64, most: u32) -> Result<Vec<u8>, JsValue>;
}

/// A run of a file's exchanges through the filter's core.
#[wasm_bindgen]
pub struct Run {
    recordings: Recordings,
    config: Config,
    replay: Option<Replay>,
    /// Spans of all calls, and of those that would be exported how many there are.
    exported: u64,
    exchanges: u64,
    calls: u64,
}

#[wasm_bindgen]
impl Run {
    /// Begins to read a file of that name, by a configuration as the filter takes it.
    ///
    /// # Errors
    /// Where the configuration is wrong, or the file is none that is known.
    #[wasm_bindgen(constructor)]
    pub fn new(source: Source, name: &str, configuration: &str) -> Result<Run, JsError> {
        let config =
            Config::parse(configuration.as_bytes()).map_err(|error| JsError::new(&error.to_string()))?;
        let recordings = reading::read(File { source, at: 0 }, name, None);
        let recordings = recordings.map_err(|error| JsError::new(&format!("{error:#}")))?;
        Ok(Self { recordings, config, replay: None, exported: 0, exchanges: 0, calls: 0 })
    }

    /// Runs on for about so many bytes of bodies. What came out, as JSON: `traces` and `logs`, each an export request or
    /// null; by span id `origins`, where each call stands in the file; `problems`, what could not be read; `exchanges`,
    /// `calls`, `exported` so far; and whether it is `done`.
    pub fn step(&mut self, bytes: u32) -> String {
        let mut room = u64::from(bytes);
        let (mut spans, mut logs) = (Vec::new(), Vec::new());
        let (mut origins, mut problems) = (serde_json::Map::new(), Vec::new());
        let mut done = false;
        while room > 0 {
            let recording = match self.recordings.next() {
                Some(Ok(recording)) => recording,
                Some(Err(error)) => {
                    room = room.saturating_sub(1024);
                    problems.push(format!("{error:#}"));
                    continue;
                }
                None => {
                    done = true;
                    break;
                }
            };
            self.exchanges += 1;
            room = room.saturating_sub(size(&recording));
            let replay = self.replay.get_or_insert_with(|| Replay::new(&self.config, &recording));
            let Ok(told) = replay.run(&recording, Split::Whole) else { continue };
            self.calls += 1;
            self.exported += u64::from(told.position.is_sampled());
            // A view shows every call; what of it is exported is another question.
            let _ = span::encode(&told.span(), &mut spans);
            told.encode(Signal::Logs, &mut logs);
            let origin = json!({ "id": recording.id, "note": recording.uncaptured() });
            origins.insert(told.position.context.span_id().to_string(), origin);
        }
        json!({
            "traces": self.request(Signal::Traces, &spans),
            "logs": self.request(Signal::Logs, &logs),
            "origins": origins,
            "problems": problems,
            "exchanges": self.exchanges,
            "calls": self.calls,
            "exported": self.exported,
            "done": done,
        })
        .to_string()
    }

    /// What all calls measured: an export request as OTLP/JSON, or `null`.
    pub fn metrics(&mut self) -> String {
        let metrics = self.replay.as_mut().map(Replay::metrics).unwrap_or_default();
        self.request(Signal::Metrics, &metrics).to_string()
    }

    /// An export request of records.
    fn request(&self, signal: Signal, records: &[u8]) -> serde_json::Value {
        match &self.replay {
            Some(replay) if !records.is_empty() => {
                let line = json::to_json(signal, &replay.envelope().wrap(records));
                serde_json::from_slice(&line).unwrap_or_default()
            }
            _ => serde_json::Value::Null,
        }
    }
}

/// What is wrong with a configuration, as JSON: a list of `{path, problem}`, empty where the filter takes it.
#[wasm_bindgen]
#[must_use]
pub fn check(configuration: &str) -> String {
    match Config::parse(configuration.as_bytes()) {
        Ok(_) => "[]".to_owned(),
        Err(errors) => {
            let errors: Vec<_> =
                errors.iter().map(|error| json!({ "path": error.path, "problem": error.problem })).collect();
            json!(errors).to_string()
        }
    }
}

/// The configuration's JSON Schema.
#[wasm_bindgen]
#[must_use]
pub fn schema() -> String {
    config::schema().to_string()
}

fn size(recording: &inferspan_replay::Recording) -> u64 {
    let answer = recording.response.as_ref().and_then(|response| response.body.as_ref());
    let bodies = recording.request.body.iter().chain(answer);
    bodies.map(|body| body.len() as u64).sum::<u64>().saturating_add(1024)
}

/// A file of the page's.
struct File {
    source: Source,
    at: u64,
}

impl Read for File {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = u32::try_from(into.len()).unwrap_or(u32::MAX);
        let bytes = self.source.read(self.at as f64, most).map_err(|error| {
            io::Error::other(
                error.as_string().unwrap_or_else(|| "the browser cannot read the file".to_owned()),
            )
        })?;
        let bytes = bytes.get(..into.len().min(bytes.len())).unwrap_or_default();
        let into = into.get_mut(..bytes.len()).unwrap_or_default();
        into.copy_from_slice(bytes);
        self.at += bytes.len() as u64;
        Ok(bytes.len())
    }
}
