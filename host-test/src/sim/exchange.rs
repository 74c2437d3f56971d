//! One exchange from outside: its name, and what the world has seen of it.

use std::collections::BTreeMap;

use crate::sim::stream::{Sent, Stream};

/// Names a stream of a [`Proxy`](crate::sim::Proxy).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub(crate) u64);

/// Envoy's response flags, as the bits of the `response.flags` attribute.
pub mod flags {
    /// No host of the upstream's cluster took the connection.
    pub const UPSTREAM_CONNECTION_FAILURE: u64 = 0x20;
    /// The upstream closed the connection.
    pub const UPSTREAM_CONNECTION_TERMINATION: u64 = 0x40;
    /// The upstream reset the stream.
    pub const UPSTREAM_REMOTE_RESET: u64 = 0x10;
    /// The route's timeout was over.
    pub const UPSTREAM_REQUEST_TIMEOUT: u64 = 0x4;
    /// The client closed the connection.
    pub const DOWNSTREAM_CONNECTION_TERMINATION: u64 = 0x4000;
    /// Nothing passed for longer than the stream's idle timeout.
    pub const STREAM_IDLE_TIMEOUT: u64 = 0x1_0000;
    /// The upstream broke the protocol.
    pub const UPSTREAM_PROTOCOL_ERROR: u64 = 0x80_0000;
}

/// What the world has seen of a stream.
#[derive(Clone, Copy)]
pub struct Exchange<'a>(&'a Stream, bool);

impl<'a> Exchange<'a> {
    pub(crate) fn new(stream: &'a Stream, ended: bool) -> Self {
        Self(stream, ended)
    }

    /// What left toward the upstream.
    pub fn upstream(&self) -> &'a Sent {
        &self.0.request.sent
    }

    /// What left toward the client.
    pub fn downstream(&self) -> &'a Sent {
        &self.0.response.sent
    }

    /// Whether the stream is over.
    pub fn ended(&self) -> bool {
        self.1
    }

    /// Envoy's response flags: see [`flags`].
    pub fn flags(&self) -> u64 {
        self.0.info.flags
    }

    /// Envoy's response code details.
    pub fn code_details(&self) -> Option<&'a str> {
        self.0.info.code_details.as_deref()
    }

    /// What the filter set by `proxy_set_property`: Envoy's filter state `wasm.NAME`, by NAME.
    pub fn filter_state(&self) -> BTreeMap<String, Vec<u8>> {
        let state = self.0.info.filter_state.iter();
        state.map(|(path, value)| (String::from_utf8_lossy(path).into_owned(), value.clone())).collect()
    }
}
