//! What people look at traces with, for tests of what they then see.
//!
//! They are large: whoever uses them names them. Each is found or made once, started on ports of its own, and asked
//! by its own API.

pub mod jaeger;
pub mod phoenix;
pub mod prometheus;

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use hyper::Method;
use hyper::body::Bytes;
use serde_json::Value;

use super::PATIENCE;
use super::client::Request;

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
async fn find<T, F: Future<Output = Result<Option<T>>>>(what: &str, mut ask: impl FnMut() -> F) -> Result<T> {
    let search = async {
        loop {
            if let Some(found) = ask().await? {
                return anyhow::Ok(found);
            }
            // A backend tells only who asks.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, search).await;
    in_time.map_err(|_| anyhow!("{what}: not within {} s", PATIENCE.as_secs()))?
}
