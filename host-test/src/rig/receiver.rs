//! An OTLP/HTTP receiver that keeps what it gets, and fails when told to.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use flate2::read::GzDecoder;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::journal::Journal;
use super::span::Span;

/// A receiver on a loopback port. Dropped, it is gone, with all its connections.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    inbox: Arc<Inbox>,
    server: JoinHandle<()>,
}

/// An export request as it came.
#[derive(Clone, Debug)]
pub struct Export {
    /// `/v1/traces`, `/v1/metrics` or `/v1/logs`.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, content-encoding taken off.
    pub body: Bytes,
    /// The traces in it, when it was for `/v1/traces`.
    pub traces: Option<ExportTraceServiceRequest>,
}

/// A way to fail one export request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// An error status, with `retry-after` in seconds where given.
    Status(StatusCode, Option<u32>),
    /// Closes the connection without an answer.
    Close,
    /// Never answers.
    Hang,
}

#[derive(Debug, Default)]
struct Inbox {
    exports: Journal<Export>,
    refused: Journal<Failure>,
    to_fail: Mutex<VecDeque<Failure>>,
}

impl Receiver {
    /// Starts one on a free port.
    pub async fn start() -> Result<Self> {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts one on that address.
    pub async fn start_at(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address).await.with_context(|| format!("listen on {address}"))?;
        let address = listener.local_addr()?;
        let inbox = Arc::new(Inbox::default());
        let server = tokio::spawn(serve(listener, Arc::clone(&inbox)));
        Ok(Self { address, inbox, server })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Fails the next export request in that way; called again, the one after it.
    pub fn fail_next(&self, failure: Failure) {
        self.inbox.to_fail.lock().unwrap_or_else(PoisonError::into_inner).push_back(failure);
    }

    /// The export requests that were taken.
    pub fn exports(&self) -> &Journal<Export> {
        &self.inbox.exports
    }

    /// The export requests that were failed on purpose.
    pub fn refused(&self) -> &Journal<Failure> {
        &self.inbox.refused
    }

    /// All spans so far.
    pub fn spans(&self) -> Vec<Span> {
        self.inbox.exports.all().iter().flat_map(Export::spans).collect()
    }

    /// The first span that `wanted` takes, now or as soon as it comes. `what` names it in the error.
    pub async fn span(&self, what: &str, mut wanted: impl FnMut(&Span) -> bool) -> Result<Span> {
        self.inbox.exports.find(what, |export| export.spans().into_iter().find(|span| wanted(span))).await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Export {
    /// The spans in it.
    pub fn spans(&self) -> Vec<Span> {
        self.traces.as_ref().map(Span::all).unwrap_or_default()
    }
}

async fn serve(listener: TcpListener, inbox: Arc<Inbox>) {
    // Dropped with this task, and with it every connection.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                connections.spawn(serve_connection(stream, Arc::clone(&inbox)));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve_connection(stream: TcpStream, inbox: Arc<Inbox>) {
    let service = service_fn(move |request| receive(request, Arc::clone(&inbox)));
    // A sender that leaves is its own affair.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// What hyper needs to close a connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("closed on purpose")]
struct Closed;

async fn receive(request: Request<Incoming>, inbox: Arc<Inbox>) -> Result<Response<Full<Bytes>>, Closed> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return Err(Closed) };
    let failure = inbox.to_fail.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    if let Some(failure) = failure {
        inbox.refused.push(failure);
        return fail(failure).await;
    }
    match read(head.uri.path(), head.headers, body.to_bytes()) {
        Ok(export) => {
            inbox.exports.push(export);
            Ok(answer(StatusCode::OK, ""))
        }
        Err((status, why)) => Ok(answer(status, &why)),
    }
}

async fn fail(failure: Failure) -> Result<Response<Full<Bytes>>, Closed> {
    match failure {
        Failure::Close => Err(Closed),
        Failure::Hang => {
            let never: Infallible = std::future::pending().await;
            match never {}
        }
        Failure::Status(status, retry_after) => {
            let mut response = answer(status, "");
            if let Some(seconds) = retry_after {
                response.headers_mut().insert(RETRY_AFTER, seconds.into());
            }
            Ok(response)
        }
    }
}

/// Reads a request, or says with which status it is refused.
fn read(path: &str, headers: HeaderMap, body: Bytes) -> Result<Export, (StatusCode, String)> {
    if !["/v1/traces", "/v1/metrics", "/v1/logs"].contains(&path) {
        return Err((StatusCode::NOT_FOUND, format!("{path} is no path of OTLP")));
    }
    if headers.get(CONTENT_TYPE).is_none_or(|kind| kind != "application/x-protobuf") {
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "only application/x-protobuf is taken".to_owned()));
    }
    let body = if headers.get(CONTENT_ENCODING).is_some_and(|coding| coding == "gzip") {
        let mut plain = Vec::new();
        let read = GzDecoder::new(body.as_ref()).read_to_end(&mut plain);
        read.map_err(|error| (StatusCode::BAD_REQUEST, format!("gzip: {error}")))?;
        plain.into()
    } else {
        body
    };
    let traces = if path == "/v1/traces" {
        let traces = ExportTraceServiceRequest::decode(body.clone());
        Some(traces.map_err(|error| (StatusCode::BAD_REQUEST, format!("protobuf: {error}")))?)
    } else {
        None
    };
    Ok(Export { path: path.to_owned(), headers, body, traces })
}

fn answer(status: StatusCode, said: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::copy_from_slice(said.as_bytes())));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/x-protobuf"));
    response
}
