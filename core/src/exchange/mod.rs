//! The observer of one HTTP exchange: drives decode → frame → json → api, and gives the `Call` at the end.
//!
//! In: headers, chunks and times, in the order the proxy sees them. Out: one [`Call`] for each recognised
//! exchange, whenever and however it ends. Invariants: the facts depend on the bytes alone, not on how they
//! were cut; memory does not grow with a body's size; no input panics.

mod headers;

pub use headers::Headers;

use crate::call::{Call, End};
use crate::time::UnixNanos;

/// What is shared by all exchanges of one VM: compiled tables and settings.
#[derive(Debug, Default)]
pub struct Observer {}

impl Observer {
    /// Looks at the request's headers (pseudo-headers among them): `None` for traffic that is no LLM call,
    /// of which nothing else need be shown.
    #[must_use]
    pub fn begin(&self, request: &Headers<'_>, now: UnixNanos) -> Option<Exchange> {
        let _ = (request, now);
        None
    }
}

/// One exchange under observation.
#[derive(Debug)]
pub struct Exchange {}

impl Exchange {
    /// A chunk of the request's body.
    pub fn request_body(&mut self, chunk: &[u8], now: UnixNanos) {
        let _ = (chunk, now);
    }

    /// The request's last byte has passed.
    pub fn request_end(&mut self, now: UnixNanos) {
        let _ = now;
    }

    /// The response's headers (`:status` among them).
    pub fn response_headers(&mut self, headers: &Headers<'_>, now: UnixNanos) {
        let _ = (headers, now);
    }

    /// A chunk of the response's body.
    pub fn response_body(&mut self, chunk: &[u8], now: UnixNanos) {
        let _ = (chunk, now);
    }

    /// The exchange is over. `None` where its body showed that it was no inference after all.
    #[must_use]
    pub fn finish(self, end: End, now: UnixNanos) -> Option<Call> {
        let _ = (end, now);
        None
    }
}
