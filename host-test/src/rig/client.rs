//! A plain HTTP/1.1 client that changes nothing, hides nothing, and can leave at any moment.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{HeaderMap, Method, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// A request as it will be on the wire.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// Headers by name; values may hold any byte but controls. `content-length` is added.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Bytes,
}

impl Request {
    /// A POST of JSON to `path` on `host`.
    pub fn post(host: &str, path: &str, body: impl Into<Bytes>) -> Self {
        let request =
            Self { method: Method::POST, path: path.to_owned(), headers: Vec::new(), body: body.into() };
        request.header("host", host).header("content-type", "application/json")
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Sends it on a connection of its own and waits for the head of the answer.
    pub async fn open(self, server: SocketAddr) -> Result<Open> {
        let stream = TcpStream::connect(server).await.with_context(|| format!("connect to {server}"))?;
        stream.set_nodelay(true)?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let connection = Connection(tokio::spawn(async move {
            // A broken connection shows where the answer is read.
            let _ = connection.await;
        }));
        let mut request = hyper::Request::builder().method(self.method).uri(&self.path);
        for (name, value) in &self.headers {
            request = request.header(name, value.as_slice());
        }
        let request =
            request.body(Full::new(self.body)).with_context(|| format!("a request for {}", self.path))?;
        let response = sender.send_request(request).await.context("no answer")?;
        let (head, body) = response.into_parts();
        Ok(Open { status: head.status, headers: head.headers, body, _connection: connection })
    }

    /// Sends it and waits for the whole answer.
    pub async fn send(self, server: SocketAddr) -> Result<Answer> {
        self.open(server).await?.rest().await
    }
}

/// An answer whose body is still coming. Dropped, it closes the connection: the client leaves.
#[derive(Debug)]
pub struct Open {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    body: Incoming,
    _connection: Connection,
}

impl Open {
    /// The next piece of the body; `None` at its end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        while let Some(frame) = self.body.frame().await {
            if let Ok(data) = frame.context("the answer broke off")?.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// Reads the body to its end.
    pub async fn rest(mut self) -> Result<Answer> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status: self.status, headers: self.headers, body: body.into() })
    }
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came, content-encoding and all.
    pub body: Bytes,
}

/// Closes the connection when dropped.
#[derive(Debug)]
struct Connection(JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}
