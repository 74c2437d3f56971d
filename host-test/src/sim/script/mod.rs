//! Scripts: an exchange as request, response, the pieces they arrive in, timing and end.
//!
//! ```
//! use host_test::sim::{Break, Close, Pieces, Script};
//! use std::time::Duration;
//!
//! let question = Script::post("/v1/chat/completions", r#"{"model":"m"}"#)
//!     .respond(200, "text/event-stream", "data: {}\n\ndata: [DONE]\n\n")
//!     .response_pieces(Pieces::of(1))
//!     .pace(Duration::from_millis(10))
//!     .response_close(Close::EmptyPiece);
//! let impatient = question.clone().breaks(Break::ClientLeaves, 10);
//! assert_eq!(question.steps().len(), 2 + 1 + 24 + 1);
//! assert_eq!(impatient.steps().len(), 2 + 1 + 10 + 1);
//! ```

mod pieces;
mod random;
mod run;
mod variation;

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use crate::sim::Headers;

pub use pieces::Pieces;
pub use random::{Failure, check_random};

/// An exchange, from the first byte to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// What readers of failures call the exchange; its method and path unless told.
    pub name: String,
    /// What the client sends.
    pub request: Message,
    /// What the upstream sends, once the request is there.
    pub response: Message,
    /// The virtual time between two steps.
    pub pace: Duration,
    /// What breaks the exchange off, and after how many bytes of the response's body; before its headers
    /// where the second is none.
    pub broken: Option<(Break, Option<usize>)>,
    /// How many pieces of the request's body are still to come when the response begins.
    pub overlap: usize,
}

/// One direction of an exchange.
#[derive(Clone, PartialEq)]
pub struct Message {
    /// Headers with pseudo-headers.
    pub headers: Headers,
    /// The whole body.
    pub body: Vec<u8>,
    /// How the body is cut.
    pub pieces: Pieces,
    /// How its end shows.
    pub close: Close,
}

/// How the end of a message shows. A message without body or trailers ends with its headers.
#[derive(Clone, Debug, PartialEq)]
pub enum Close {
    /// With the last piece of the body.
    LastPiece,
    /// With a piece of no bytes after the last one, as over HTTP/1.
    EmptyPiece,
    /// With trailers.
    Trailers(Headers),
    /// With trailers after a piece of no bytes that is not the end, as behind a decompressor.
    EmptyPieceAndTrailers(Headers),
}

/// What breaks an exchange off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// The client closes its connection.
    ClientLeaves,
    /// The upstream closes or resets its connection.
    UpstreamCloses,
    /// The route's timeout is over.
    TimesOut,
    /// Nothing listens at the upstream's address, which shows when the request's headers have come.
    Refused,
}

/// One step of a script.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Step {
    RequestHeaders { end: bool },
    RequestPiece { bytes: Range<usize>, end: bool },
    RequestTrailers(Headers),
    ResponseHeaders { end: bool },
    ResponsePiece { bytes: Range<usize>, end: bool },
    ResponseTrailers(Headers),
    Break(Break),
}

impl Script {
    /// An exchange of these headers and bodies, each body in one piece. Pseudo-headers are part of `request`
    /// and `response`.
    pub fn new(
        request: impl Into<Headers>,
        request_body: impl AsRef<[u8]>,
        response: impl Into<Headers>,
        response_body: impl AsRef<[u8]>,
    ) -> Self {
        let request = request.into();
        let word = |name| request.get_str(name).unwrap_or_default();
        Self {
            name: format!("{} {}", word(":method"), word(":path")),
            request: Message::new(request, request_body.as_ref()),
            response: Message::new(response.into(), response_body.as_ref()),
            pace: Duration::from_millis(1),
            broken: None,
            overlap: 0,
        }
    }

    /// A JSON body posted to a path, answered 200 without a body unless [`Script::respond`] says otherwise.
    pub fn post(path: &str, body: impl AsRef<[u8]>) -> Self {
        let headers = [
            (":method", "POST"),
            (":scheme", "https"),
            (":authority", "api.example.com"),
            (":path", path),
            ("content-type", "application/json"),
        ];
        Self::new(headers, body, [(":status", "200")], "")
    }

    /// Names the exchange.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = name.to_owned();
        self
    }

    /// The status, content type and body that the upstream answers.
    #[must_use]
    pub fn respond(mut self, status: u16, content_type: &str, body: impl AsRef<[u8]>) -> Self {
        self.response.headers.set(":status", status.to_string());
        self.response.headers.set("content-type", content_type);
        self.response.body = body.as_ref().to_vec();
        self
    }

    /// Sets a request header.
    #[must_use]
    pub fn request_header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.request.headers.set(name, value);
        self
    }

    /// Sets a response header.
    #[must_use]
    pub fn response_header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.response.headers.set(name, value);
        self
    }

    /// How the request's body is cut.
    #[must_use]
    pub fn request_pieces(mut self, pieces: Pieces) -> Self {
        self.request.pieces = pieces;
        self
    }

    /// How the response's body is cut.
    #[must_use]
    pub fn response_pieces(mut self, pieces: Pieces) -> Self {
        self.response.pieces = pieces;
        self
    }

    /// How the request's end shows.
    #[must_use]
    pub fn request_close(mut self, close: Close) -> Self {
        self.request.close = close;
        self
    }

    /// How the response's end shows.
    #[must_use]
    pub fn response_close(mut self, close: Close) -> Self {
        self.response.close = close;
        self
    }

    /// The virtual time between two steps; a millisecond unless told.
    #[must_use]
    pub fn pace(mut self, pace: Duration) -> Self {
        self.pace = pace;
        self
    }

    /// Breaks the exchange off inside the response, after that many bytes of its body.
    #[must_use]
    pub fn breaks(mut self, with: Break, after: usize) -> Self {
        self.broken = Some((with, Some(after)));
        self
    }

    /// Breaks the exchange off before the response's headers.
    #[must_use]
    pub fn breaks_before_response(mut self, with: Break) -> Self {
        self.broken = Some((with, None));
        self
    }

    /// Lets the response begin when that many pieces of the request's body are still to come.
    #[must_use]
    pub fn overlap(mut self, pieces: usize) -> Self {
        self.overlap = pieces;
        self
    }

    /// The same exchange at every cut of the response's body in two.
    pub fn every_split(&self) -> impl Iterator<Item = Self> + '_ {
        (0..=self.response.body.len()).map(|at| self.clone().response_pieces(Pieces::at([at])))
    }

    /// The script, step by step.
    pub fn steps(&self) -> Vec<Step> {
        let mut request = self.request.steps(Side::Request);
        if let Some((Break::Refused, _)) = self.broken {
            // Envoy connects as soon as it has the headers.
            return request.into_iter().take(1).chain([Step::Break(Break::Refused)]).collect();
        }
        let mut response = match self.broken {
            None => self.response.steps(Side::Response),
            Some((with, None)) => vec![Step::Break(with)],
            Some((with, Some(after))) => self.response.steps_until(after, with),
        };
        let rest = request.split_off(request.len().saturating_sub(self.overlap).max(1));
        // What is left of the request comes between the steps of the response.
        let mut steps = request;
        let mut rest = rest.into_iter();
        for step in response.drain(..) {
            steps.push(step);
            steps.extend(rest.next());
        }
        steps
    }
}

#[derive(Clone, Copy)]
enum Side {
    Request,
    Response,
}

impl Message {
    fn new(headers: Headers, body: &[u8]) -> Self {
        Self { headers, body: body.to_vec(), pieces: Pieces::whole(), close: Close::LastPiece }
    }

    fn steps(&self, side: Side) -> Vec<Step> {
        let headers = |end| match side {
            Side::Request => Step::RequestHeaders { end },
            Side::Response => Step::ResponseHeaders { end },
        };
        let piece = |bytes, end| match side {
            Side::Request => Step::RequestPiece { bytes, end },
            Side::Response => Step::ResponsePiece { bytes, end },
        };
        let trailers = |trailers| match side {
            Side::Request => Step::RequestTrailers(trailers),
            Side::Response => Step::ResponseTrailers(trailers),
        };
        let with_last = self.close == Close::LastPiece;
        if self.body.is_empty() && with_last {
            return vec![headers(true)];
        }
        let size = self.body.len();
        let mut steps = vec![headers(false)];
        steps.extend(self.pieces.ranges(size).into_iter().map(|range| {
            let end = with_last && range.end == size;
            piece(range, end)
        }));
        match &self.close {
            Close::LastPiece => {}
            Close::EmptyPiece => steps.push(piece(size..size, true)),
            Close::Trailers(last) => steps.push(trailers(last.clone())),
            Close::EmptyPieceAndTrailers(last) => {
                steps.push(piece(size..size, false));
                steps.push(trailers(last.clone()));
            }
        }
        steps
    }

    /// The steps of a response up to that many bytes of its body, and what breaks it there.
    fn steps_until(&self, after: usize, with: Break) -> Vec<Step> {
        let mut steps = vec![Step::ResponseHeaders { end: false }];
        for range in self.pieces.ranges(self.body.len()) {
            let range = range.start..range.end.min(after);
            if range.is_empty() {
                break;
            }
            steps.push(Step::ResponsePiece { bytes: range, end: false });
        }
        steps.push(Step::Break(with));
        steps
    }
}

/// Bodies as text, since most are.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut message = f.debug_struct("Message");
        message.field("headers", &self.headers);
        match str::from_utf8(&self.body) {
            Ok(text) => message.field("body", &text),
            Err(_) => message.field("body", &format_args!("b\"{}\"", self.body.escape_ascii())),
        };
        message.field("pieces", &self.pieces).field("close", &self.close).finish()
    }
}
