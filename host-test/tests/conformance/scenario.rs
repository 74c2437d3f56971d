//! A scenario file: an exchange, what the probe is told to do in it, and what breaks it off.

use std::collections::BTreeMap;
use std::path::Path;

use host_test::sim::{Break, Close, Headers, Pieces, Script};
use serde::Deserialize;

use crate::wire::is_there;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// The file's stem.
    #[serde(skip)]
    pub(crate) name: String,
    /// What it is for.
    #[serde(rename = "about")]
    _about: String,
    /// Where the filter stands.
    #[serde(default)]
    pub(crate) place: Place,
    /// What the probe is told.
    #[serde(default)]
    pub(crate) probe: String,
    pub(crate) request: Request,
    #[serde(default)]
    pub(crate) response: Response,
    /// What breaks the exchange off.
    #[serde(rename = "break")]
    pub(crate) broken: Option<Broken>,
}

/// Where the filter stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// Before the router.
    #[default]
    Downstream,
    /// In the upstream's chain.
    Upstream,
    /// Before the router, where a paused body may have no more than [`SMALL_BUFFER`] bytes.
    SmallBuffers,
    /// Before a decompressor, which takes gzip off the response.
    Decompressor,
}

/// The buffer limit of [`Place::SmallBuffers`], in bytes.
pub(crate) const SMALL_BUFFER: usize = 1024;

/// The trailers that Envoy's decompressor adds.
const DECOMPRESSORS_TRAILERS: [&str; 2] =
    ["x-envoy-decompressor-gzip-compressed-bytes", "x-envoy-decompressor-gzip-uncompressed-bytes"];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) pieces: Vec<String>,
    #[serde(default)]
    pub(crate) end: End,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Response {
    #[serde(default)]
    pub(crate) status: Option<u16>,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) pieces: Vec<String>,
    #[serde(default)]
    pub(crate) end: End,
}

/// How a message ends over HTTP/1, which decides how its end shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum End {
    /// After as many bytes as `content-length` said.
    #[default]
    Length,
    /// With the last chunk.
    Chunked,
    /// With trailers after the last chunk.
    Trailers,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Broken {
    pub(crate) by: By,
    /// After how many pieces of the response; none is before its headers.
    pub(crate) after_pieces: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum By {
    Client,
    Upstream,
    UpstreamReset,
    Timeout,
    Refused,
}

impl Scenario {
    /// Every scenario of the folder, by name.
    pub(crate) fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        let mut files: Vec<_> = folder.read_dir().unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        files.iter().map(|file| Self::read(file)).collect()
    }

    fn read(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).unwrap();
        let mut scenario: Self =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        scenario.name = file.file_stem().unwrap().to_string_lossy().into_owned();
        scenario
    }

    /// The headers that the client sends, in order.
    pub(crate) fn request_headers(&self) -> Vec<(String, String)> {
        let mut headers = headers(&self.request.headers, &self.request.pieces, self.request.end);
        if !self.probe.is_empty() {
            headers.push(("x-probe".to_owned(), self.probe.clone()));
        }
        headers
    }

    /// The headers that the upstream sends, in order.
    pub(crate) fn response_headers(&self) -> Vec<(String, String)> {
        headers(&self.response.headers, &self.response.pieces, self.response.end)
    }

    /// The same as a script.
    pub(crate) fn script(&self) -> Script {
        let mut request = Headers::from([
            (":authority", "probe.example"),
            (":path", &self.request.path),
            (":method", &self.request.method),
            (":scheme", "http"),
        ]);
        for (name, value) in self.request_headers() {
            request.add(name, value);
        }
        // What Envoy's connection manager does to every request before a filter sees it.
        request.remove("transfer-encoding");
        request.add("x-forwarded-proto", "http");
        let mut response = Headers::from([(":status", self.status().to_string())]);
        for (name, value) in self.response_headers() {
            response.add(name, value);
        }
        let request_body = self.request.pieces.concat();
        let response_body = self.response.pieces.concat();
        let mut script = Script::new(request, request_body, response, response_body)
            .request_pieces(pieces(&self.request.pieces))
            .response_pieces(pieces(&self.response.pieces))
            .request_close(self.request.end.close(&self.request.pieces))
            .response_close(self.response.end.close(&self.response.pieces));
        if self.place == Place::Decompressor {
            let trailers = DECOMPRESSORS_TRAILERS.iter().map(|name| (name, "1")).collect();
            script.response.headers.remove("content-encoding");
            script = script.response_close(Close::EmptyPieceAndTrailers(trailers));
        }
        if let Some(Broken { by, after_pieces }) = self.broken {
            let by = match by {
                By::Client => Break::ClientLeaves,
                By::Upstream | By::UpstreamReset => Break::UpstreamCloses,
                By::Timeout => Break::TimesOut,
                By::Refused => Break::Refused,
            };
            script = match after_pieces {
                Some(count) => {
                    script.breaks(by, self.response.pieces.iter().take(count).map(String::len).sum())
                }
                None => script.breaks_before_response(by),
            };
        }
        script
    }

    /// The cluster that the route leads to.
    pub(crate) fn cluster(&self) -> &'static str {
        match self.broken {
            Some(Broken { by: By::Refused, .. }) => "nobody_there",
            _ => match self.place {
                Place::Downstream | Place::Decompressor => "upstream",
                Place::Upstream => "upstream_filtered",
                Place::SmallBuffers => "upstream_small",
            },
        }
    }

    /// Whether the request goes up as it comes.
    pub(crate) fn reaches_upstream(&self) -> bool {
        let refused = matches!(self.broken, Some(Broken { by: By::Refused, .. }));
        !refused && !self.probe.contains("pause-request-headers") && self.probe != "reply"
    }

    /// Whether the client has seen all it sees before it leaves.
    pub(crate) fn is_due(&self, answer: &[u8]) -> bool {
        match self.broken.and_then(|broken| broken.after_pieces) {
            None => true,
            Some(_) if self.probe == "pause-response-body" => is_there(answer, 0),
            Some(count) => is_there(answer, self.response.pieces.iter().take(count).map(String::len).sum()),
        }
    }

    pub(crate) fn status(&self) -> u16 {
        self.response.status.unwrap_or(200)
    }
}

impl End {
    /// Over HTTP/1 the end is a piece of its own even where the length was known.
    fn close(self, pieces: &[String]) -> Close {
        match self {
            Self::Length | Self::Chunked if pieces.is_empty() => Close::LastPiece,
            Self::Length | Self::Chunked => Close::EmptyPiece,
            Self::Trailers => Close::Trailers(Headers::from([("x-trailer", "last")])),
        }
    }
}

fn headers(headers: &BTreeMap<String, String>, pieces: &[String], end: End) -> Vec<(String, String)> {
    let mut all: Vec<_> = headers.clone().into_iter().collect();
    match end {
        End::Length if pieces.is_empty() => {}
        End::Length => all.push(("content-length".to_owned(), pieces.concat().len().to_string())),
        End::Chunked | End::Trailers => all.push(("transfer-encoding".to_owned(), "chunked".to_owned())),
    }
    all
}

fn pieces(pieces: &[String]) -> Pieces {
    let ends = pieces.iter().scan(0, |end, piece| {
        *end += piece.len();
        Some(*end)
    });
    Pieces::at(ends)
}
