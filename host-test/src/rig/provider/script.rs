//! From a request to the steps of its answer.

use std::collections::VecDeque;
use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::Bytes;
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

use super::{Pace, Received, Scenario, anthropic, openai};

/// An answer to be played.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// How long before the head goes out.
    pub(super) think: Duration,
    pub(super) steps: VecDeque<Step>,
}

/// One step of an answer's body.
#[derive(Debug)]
pub(super) enum Step {
    Send(Bytes),
    Pause(Duration),
    /// Nothing more until the other side leaves.
    Stall,
    /// Ends the connection here, by a TCP reset or by closing it.
    Break {
        with_reset: bool,
    },
}

/// What the APIs need to know of a request.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) model: String,
    pub(super) stream: bool,
    /// `stream_options.include_usage`.
    pub(super) include_usage: bool,
    /// Whether tools were offered.
    pub(super) tools: bool,
    /// The text to answer with.
    pub(super) text: String,
    /// A number of its own, for ids.
    pub(super) number: u64,
}

/// An error answer as an API gives it.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, &'static str)>,
    pub(super) body: Value,
}

/// The events of a streamed answer; `content` tells those that carry generated output.
#[derive(Debug)]
pub(super) struct StreamEvent {
    pub(super) bytes: String,
    pub(super) content: bool,
}

#[derive(Clone, Copy)]
enum Api {
    OpenAi,
    Anthropic,
}

impl Script {
    /// The script for a request; `None` when the scenario gives no answer at all.
    pub(super) fn of(request: &Received, number: u64, pace: Pace) -> Option<Self> {
        let scenario = Scenario::of(request);
        let path = request.path.split('?').next().unwrap_or_default();
        let api = match path {
            _ if matches!(scenario, Scenario::Silence | Scenario::Refuse) => return None,
            "/v1/chat/completions" if request.method == Method::POST => Api::OpenAi,
            "/v1/messages" if request.method == Method::POST => Api::Anthropic,
            _ => return Some(unknown_path()),
        };
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            return Some(refusal(&api.refusal(Scenario::BadRequest)));
        };
        let asked = Asked::of(&body, scenario, number);
        Some(match scenario {
            Scenario::RateLimited | Scenario::BadRequest | Scenario::Overloaded => {
                refusal(&api.refusal(scenario))
            }
            _ if asked.stream => streamed(api, &asked, scenario, takes_gzip(request), pace),
            _ => whole(api, &asked, scenario, takes_gzip(request), pace),
        })
    }
}

impl Asked {
    fn of(body: &Value, scenario: Scenario, number: u64) -> Self {
        let text = if scenario == Scenario::Large {
            LARGE_WORD.repeat(LARGE / LARGE_WORD.len())
        } else {
            TEXT.to_owned()
        };
        Self {
            model: body["model"].as_str().unwrap_or_default().to_owned(),
            stream: body["stream"] == true,
            include_usage: body["stream_options"]["include_usage"] == true,
            tools: body["tools"].as_array().is_some_and(|tools| !tools.is_empty()),
            text,
            number,
        }
    }

    /// The text in the pieces in which a stream gives it.
    pub(super) fn pieces(&self) -> Vec<&str> {
        if self.text.len() < LARGE_PIECE {
            return self.text.split_inclusive(' ').collect();
        }
        // The large text is ASCII: it can be cut anywhere.
        self.text.as_bytes().chunks(LARGE_PIECE).filter_map(|piece| std::str::from_utf8(piece).ok()).collect()
    }
}

impl Api {
    fn whole(self, asked: &Asked) -> Value {
        match self {
            Self::OpenAi => openai::whole(asked),
            Self::Anthropic => anthropic::whole(asked),
        }
    }

    fn events(self, asked: &Asked) -> Vec<StreamEvent> {
        match self {
            Self::OpenAi => openai::events(asked),
            Self::Anthropic => anthropic::events(asked),
        }
    }

    fn stream_error(self) -> String {
        match self {
            Self::OpenAi => openai::stream_error(),
            Self::Anthropic => anthropic::stream_error(),
        }
    }

    fn refusal(self, scenario: Scenario) -> Refusal {
        match self {
            Self::OpenAi => openai::refusal(scenario),
            Self::Anthropic => anthropic::refusal(scenario),
        }
    }

    fn headers(self) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::OpenAi => openai::headers(),
            Self::Anthropic => anthropic::headers(),
        }
    }
}

/// One JSON document.
fn whole(api: Api, asked: &Asked, scenario: Scenario, gzip: bool, pace: Pace) -> Script {
    let body = api.whole(asked).to_string().into_bytes();
    let mut headers = header_map(api.headers());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = if gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        gzip_pieces([body]).concat()
    } else {
        body
    };
    headers.insert(CONTENT_LENGTH, body.len().into());
    let pieces: Vec<Bytes> = body.chunks(LARGE_PIECE).map(Bytes::copy_from_slice).collect();
    let mut steps: VecDeque<Step> = pieces.into_iter().map(Step::Send).collect();
    if let Some(end) = bad_end(scenario) {
        let half = body.get(..body.len() / 2).unwrap_or_default();
        steps = VecDeque::from([Step::Send(Bytes::copy_from_slice(half)), Step::Pause(BEFORE_A_RESET), end]);
    }
    // As long as the stream would have taken.
    let tokens = u32::try_from(asked.text.len().min(TEXT.len()) / 5).unwrap_or(0);
    Script { status: StatusCode::OK, headers, think: pace.first + pace.between * tokens, steps }
}

/// Server-sent events, each in a chunk of its own.
fn streamed(api: Api, asked: &Asked, scenario: Scenario, gzip: bool, pace: Pace) -> Script {
    let mut headers = header_map(api.headers());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert("cache-control", HeaderValue::from_static("no-cache"));
    let mut events = api.events(asked);
    let bad_end = bad_end(scenario);
    if bad_end.is_some() || scenario == Scenario::StreamError {
        let before: usize = events.iter().take_while(|event| !event.content).count() + 8;
        events.truncate(before);
    }
    if scenario == Scenario::StreamError {
        events.push(StreamEvent { bytes: api.stream_error(), content: false });
    }
    let mut pauses: Vec<Duration> =
        events.iter().map(|event| if event.content { pace.between } else { Duration::ZERO }).collect();
    if let Some(first) = events.iter().position(|event| event.content).and_then(|first| pauses.get_mut(first))
    {
        *first = pace.first;
    }
    let plain = events.into_iter().map(|event| event.bytes.into_bytes());
    let pieces = if gzip && scenario == Scenario::Gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        gzip_pieces(plain)
    } else {
        plain.collect()
    };
    let mut steps = VecDeque::new();
    for (at, piece) in pieces.into_iter().enumerate() {
        steps.extend(pauses.get(at).filter(|pause| !pause.is_zero()).map(|pause| Step::Pause(*pause)));
        steps.push_back(Step::Send(piece.into()));
    }
    if let Some(end) = bad_end {
        steps.push_back(Step::Pause(BEFORE_A_RESET));
        steps.push_back(end);
    }
    Script { status: StatusCode::OK, headers, think: Duration::ZERO, steps }
}

fn refusal(refusal: &Refusal) -> Script {
    let body = refusal.body.to_string();
    let mut headers = header_map(refusal.headers.clone());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_LENGTH, body.len().into());
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Script { status, headers, think: Duration::ZERO, steps: VecDeque::from([Step::Send(body.into())]) }
}

fn unknown_path() -> Script {
    let body = json!({ "error": { "message": "Invalid URL", "type": "invalid_request_error", "param": null, "code": null } });
    refusal(&Refusal { status: 404, headers: Vec::new(), body })
}

fn bad_end(scenario: Scenario) -> Option<Step> {
    match scenario {
        Scenario::Reset => Some(Step::Break { with_reset: true }),
        Scenario::Cut => Some(Step::Break { with_reset: false }),
        Scenario::Stall => Some(Step::Stall),
        _ => None,
    }
}

fn takes_gzip(request: &Received) -> bool {
    let codings = request.headers.get_all("accept-encoding").iter();
    codings.filter_map(|value| value.to_str().ok()).any(|value| value.contains("gzip"))
}

/// One gzip stream, flushed after each piece; the last holds the trailer too.
fn gzip_pieces(pieces: impl IntoIterator<Item = Vec<u8>>) -> Vec<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let mut out = Vec::new();
    for piece in pieces {
        // Writing to a `Vec` cannot fail.
        let _ = encoder.write_all(&piece).and_then(|()| encoder.flush());
        out.push(std::mem::take(encoder.get_mut()));
    }
    out.extend(encoder.finish());
    out
}

fn header_map(headers: Vec<(&'static str, &'static str)>) -> HeaderMap {
    let pairs = headers.into_iter();
    pairs.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
}

/// A reset makes the other side's kernel throw away what it has not read yet; this lets it read first.
const BEFORE_A_RESET: Duration = Duration::from_millis(20);

const TEXT: &str = "A proxy sees every call an application makes, so it can time the first token, count what was \
                    used, and say how the answer ended, without a line of code in the application.";

const LARGE: usize = 20_000_000;
const LARGE_PIECE: usize = 60_000;
const LARGE_WORD: &str = "abracadabra ";
