//! HTTP for the page: its files, and the calls as a stream of events.
//!
//! Who may ask: whoever has the token, by a Host that is this machine's own. So no page of another site gets at it, by a
//! name that it has made mean this machine either. What is answered may load nothing from elsewhere, and be part of no
//! other page.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http_body_util::Either;
use http_body_util::Full;
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderName, HeaderValue, ORIGIN};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::files;
use super::ring::Ring;

/// Answers, until it is dropped.
pub(super) async fn serve(listener: TcpListener, address: SocketAddr, token: String, ring: Arc<Ring>) {
    let door = Arc::new(Door { address, token });
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                let (door, ring) = (Arc::clone(&door), Arc::clone(&ring));
                let service = service_fn(move |request| {
                    let answer = answer(&request, &door, &ring);
                    async { Ok::<_, Infallible>(answer) }
                });
                // Who leaves is no concern of ours.
                connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Who gets in.
struct Door {
    address: SocketAddr,
    token: String,
}

impl Door {
    /// What is asked for, below the token; `None` where whoever asks may not.
    fn path<'u>(&self, uri: &'u str, headers: &HeaderMap) -> Option<&'u str> {
        let port = self.address.port();
        let own = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
        let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        let host = text(HOST)?;
        let origin = text(ORIGIN).and_then(|origin| origin.strip_prefix("http://").or(Some("")));
        if !own.iter().any(|own| own == host) || origin.is_some_and(|origin| origin != host) {
            return None;
        }
        let (token, path) = uri.split('?').next()?.strip_prefix('/')?.split_once('/')?;
        same(token.as_bytes(), self.token.as_bytes()).then_some(path)
    }
}

/// Whether they are equal, in a time that does not tell where they differ.
fn same(one: &[u8], other: &[u8]) -> bool {
    let difference = one.iter().zip(other).fold(0, |difference, (a, b)| difference | (a ^ b));
    one.len() == other.len() && std::hint::black_box(difference) == 0
}

type Answer = Response<Either<Full<Bytes>, Events>>;

fn answer(request: &Request<Incoming>, door: &Door, ring: &Arc<Ring>) -> Answer {
    let Some(path) = door.path(request.uri().path(), request.headers()) else {
        return plain(StatusCode::NOT_FOUND, "Nothing here: open the URL that was printed, as a whole.\n");
    };
    if request.method() != Method::GET {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "The page only shows.\n");
    }
    if path == "calls" {
        let seen = request.headers().get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
        let events = Events::of(Arc::clone(ring), seen.map_or(0, |seen: u64| seen.saturating_add(1)));
        return with_headers("text/event-stream", Either::Right(events));
    }
    match files::get(path) {
        Some((kind, content)) => {
            with_headers(kind, Either::Left(Full::new(Bytes::from(content.into_owned()))))
        }
        None => plain(StatusCode::NOT_FOUND, "No such file.\n"),
    }
}

fn plain(status: StatusCode, text: &'static str) -> Answer {
    let mut answer = with_headers("text/plain; charset=utf-8", Either::Left(Full::new(Bytes::from(text))));
    *answer.status_mut() = status;
    answer
}

fn with_headers(kind: &'static str, body: Either<Full<Bytes>, Events>) -> Answer {
    let mut answer = Response::new(body);
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    // The program may be another one the next time.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in PROTECTION {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    answer
}

const PROTECTION: [(&str, &str); 5] = [
    // `blob:` and wasm are the engine's worker.
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self' blob: 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; \
         worker-src blob:; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    // The URL holds the token.
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
];

/// The calls of a ring as server-sent events: `spans` with a request of OTLP/JSON each; `gap` where some were gone
/// before they could be sent; `all` when what was there is sent.
struct Events {
    pieces: mpsc::Receiver<Bytes>,
    sending: tokio::task::JoinHandle<()>,
}

impl Events {
    /// From that number on.
    fn of(ring: Arc<Ring>, from: u64) -> Self {
        let (sender, pieces) = mpsc::channel(1);
        Self { pieces, sending: tokio::spawn(send(ring, from, sender)) }
    }
}

async fn send(ring: Arc<Ring>, mut from: u64, to: mpsc::Sender<Bytes>) {
    let mut news = ring.watch();
    let mut is_first = true;
    loop {
        news.borrow_and_update();
        let (found, gap) = ring.since(from, AT_ONCE);
        let mut text = String::new();
        if gap {
            text.push_str("event: gap\ndata: \n\n");
        }
        for (number, json) in &found {
            text.push_str(&format!("event: spans\nid: {number}\ndata: {json}\n\n"));
            from = number + 1;
        }
        let is_all = found.len() < AT_ONCE;
        if is_all && std::mem::take(&mut is_first) {
            text.push_str("event: all\ndata: \n\n");
        }
        if !text.is_empty() && to.send(text.into()).await.is_err() {
            return;
        }
        if is_all && news.changed().await.is_err() {
            return;
        }
    }
}

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.pieces.poll_recv(context).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.sending.abort();
    }
}

/// Requests that go in one piece.
const AT_ONCE: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_has_the_token_gets_in_and_only_by_this_machines_name() {
        let door = Door { address: SocketAddr::from(([127, 0, 0, 1], 4000)), token: "abc".to_owned() };
        let path = |uri: &'static str, headers: &[(HeaderName, &'static str)]| {
            let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
            door.path(uri, &headers.collect()).map(str::to_owned)
        };
        let own = (HOST, "127.0.0.1:4000");
        assert_eq!(path("/abc/", std::slice::from_ref(&own)).as_deref(), Some(""));
        assert_eq!(path("/abc/calls?x=/y", &[(HOST, "localhost:4000")]).as_deref(), Some("calls"));
        assert_eq!(path("/abc/", &[own.clone(), (ORIGIN, "http://127.0.0.1:4000")]).as_deref(), Some(""));
        for uri in ["/", "/abc", "/abd/", "/ab/", "/abcd/", "/ABC/", "//", ""] {
            assert_eq!(path(uri, std::slice::from_ref(&own)), None, "{uri}");
        }
        for host in ["evil.example:4000", "127.0.0.1", "127.0.0.1:4001", "127.0.0.1:4000.evil.example", ""] {
            assert_eq!(path("/abc/", &[(HOST, host)]), None, "{host}");
        }
        assert_eq!(path("/abc/", &[]), None);
        for origin in ["http://evil.example", "null", "https://127.0.0.1:4000", "http://localhost:4000"] {
            assert_eq!(path("/abc/", &[own.clone(), (ORIGIN, origin)]), None, "{origin}");
        }
    }
}
