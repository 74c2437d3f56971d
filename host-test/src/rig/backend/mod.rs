//! What people look at traces with, for tests of what they then see.
//!
//! They are large: whoever uses them names them. Each is found or made once, started on ports of its own, and asked
//! by its own API.

pub mod jaeger;
pub mod phoenix;
pub mod prometheus;

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use hyper::Method;
use hyper::body::Bytes;
use serde_json::Value;

use super::client::Request;
use super::{PATIENCE, poll};

/// What a backend answers, as JSON; `None` where it knows of no such thing.
async fn get(server: SocketAddr, path: &str) -> Result<Option<Value>> {
    let (method, path) = (Method::GET, path.to_owned());
    let headers = vec![("host".to_owned(), server.to_string().into_bytes())];
    let answer = Request { method, path: path.clone(), headers, body: Bytes::new() }.send(server).await?;
    if answer.status == 404 {
        return Ok(None);
    }
    ensure!(answer.status.is_success(), "{path} is answered with {}: {:?}", answer.status, answer.body);
    serde_json::from_slice(&answer.body).with_context(|| format!("read the answer to {path}"))
}

/// What `ask` finds, now or within [`PATIENCE`]. `what` names it in the error.
async fn find<T>(what: &str, ask: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    poll::until(what, PATIENCE, ask).await
}
