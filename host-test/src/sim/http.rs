//! Streams as Envoy's connection manager and router drive them: what arrives from the client and from upstream,
//! and what goes wrong on either side.

use std::time::Duration;

use crate::sim::Headers;
use crate::sim::builder::{FailurePolicy, Position};
use crate::sim::callback::Callback;
use crate::sim::chain::Way;
use crate::sim::exchange::{StreamId, flags};
use crate::sim::fault::Fault;
use crate::sim::proxy::{Place, Proxy};
use crate::sim::state::{Context, LocalResponse};
use crate::sim::stream::{Info, Stream};

/// How long a VM that trapped is not started again, as in Envoy.
const RELOAD_BACK_OFF: Duration = Duration::from_secs(1);

impl Proxy {
    /// A new stream on the first worker; the filter knows of it when its request headers come.
    pub fn open(&mut self) -> StreamId {
        self.open_for(0, 0)
    }

    /// A new stream on a worker, for the plugin of that number.
    pub fn open_for(&mut self, worker: usize, plugin: usize) -> StreamId {
        self.last_stream += 1;
        let id = StreamId(self.last_stream);
        self.streams.insert(id, Place { vm: worker, plugin, context: None });
        id
    }

    /// The request's headers arrive from the client; `end` says that nothing follows.
    pub fn request_headers(
        &mut self,
        id: StreamId,
        headers: impl Into<Headers>,
        end: bool,
    ) -> Result<(), Fault> {
        if !self.begin(id)? {
            return Ok(());
        }
        self.headers(id, Way::Request, headers.into(), end)
    }

    /// A piece of the request's body arrives.
    pub fn request_body(&mut self, id: StreamId, bytes: impl AsRef<[u8]>, end: bool) -> Result<(), Fault> {
        self.body(id, Way::Request, bytes.as_ref(), end)
    }

    /// The request's trailers arrive, which end it.
    pub fn request_trailers(&mut self, id: StreamId, trailers: impl Into<Headers>) -> Result<(), Fault> {
        self.trailers(id, Way::Request, trailers.into())
    }

    /// The response's headers arrive from upstream; `end` says that nothing follows, as for HEAD and 204.
    pub fn response_headers(
        &mut self,
        id: StreamId,
        headers: impl Into<Headers>,
        end: bool,
    ) -> Result<(), Fault> {
        if let Some(stream) = self.stream_mut(id) {
            stream.info.code_details.get_or_insert_with(|| "via_upstream".to_owned());
        }
        self.headers(id, Way::Response, headers.into(), end)
    }

    /// A piece of the response's body arrives.
    pub fn response_body(&mut self, id: StreamId, bytes: impl AsRef<[u8]>, end: bool) -> Result<(), Fault> {
        self.body(id, Way::Response, bytes.as_ref(), end)
    }

    /// The response's trailers arrive, which end it.
    pub fn response_trailers(&mut self, id: StreamId, trailers: impl Into<Headers>) -> Result<(), Fault> {
        self.trailers(id, Way::Response, trailers.into())
    }

    /// The client closes its connection.
    pub fn client_leaves(&mut self, id: StreamId) -> Result<(), Fault> {
        let bit = flags::DOWNSTREAM_CONNECTION_TERMINATION;
        self.break_off(id, bit, "downstream_remote_disconnect")
    }

    /// The upstream closes or resets its connection: before the response began the client gets Envoy's own
    /// 503, later its response breaks off, which over HTTP/1 is a breach of the protocol.
    pub fn upstream_closes(&mut self, id: StreamId) -> Result<(), Fault> {
        if self.response_began(id) {
            let details = "upstream_reset_after_response_started{protocol_error}";
            return self.upstream_fails(id, flags::UPSTREAM_PROTOCOL_ERROR, details);
        }
        let body =
            "upstream connect error or disconnect/reset before headers. reset reason: connection termination";
        let details = "upstream_reset_before_response_started{connection_termination}";
        let response = LocalResponse::text(503, body, details);
        self.router_response(id, flags::UPSTREAM_CONNECTION_TERMINATION, response)
    }

    /// The route's timeout is over: before the response began the client gets Envoy's own 504, later its
    /// response breaks off.
    pub fn upstream_times_out(&mut self, id: StreamId) -> Result<(), Fault> {
        let bit = flags::UPSTREAM_REQUEST_TIMEOUT;
        if self.response_began(id) {
            return self.upstream_fails(id, bit, "response_timeout");
        }
        let response = LocalResponse::text(504, "upstream request timeout", "response_timeout");
        self.router_response(id, bit, response)
    }

    /// Nothing listens at the upstream's address: the client gets Envoy's own 503.
    pub fn upstream_refuses(&mut self, id: StreamId) -> Result<(), Fault> {
        let body = "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure";
        let details = "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_\
                       Connection_refused}";
        let response = LocalResponse::text(503, body, details);
        self.router_response(id, flags::UPSTREAM_CONNECTION_FAILURE, response)
    }

    /// Envoy ends the stream in the middle, for a reason that these [response flags](flags) and code details tell.
    pub fn breaks_off(&mut self, id: StreamId, flags: u64, details: &str) -> Result<(), Fault> {
        self.break_off(id, flags, details)
    }

    /// Envoy gives an answer of its own, for a reason that these [response flags](flags) and code details tell.
    pub fn answers_itself(
        &mut self,
        id: StreamId,
        status: u16,
        flags: u64,
        details: &str,
        body: &str,
    ) -> Result<(), Fault> {
        self.local_response(id, flags, LocalResponse::text(status, body, details))
    }

    /// The stream as it is, unless it has ended or not begun.
    pub(crate) fn stream(&self, id: StreamId) -> Option<&Stream> {
        let place = self.streams.get(&id)?;
        match self.vm(place.vm)?.state().contexts.get(&place.context?)? {
            Context::Stream(stream) => Some(stream),
            Context::Root(_) => None,
        }
    }

    pub(crate) fn stream_mut(&mut self, id: StreamId) -> Option<&mut Stream> {
        let place = *self.streams.get(&id)?;
        self.vm_mut(place.vm)?.state_mut().stream_at(place.context?)
    }

    /// Makes the stream's context. False where the filter has no part in the stream: its VM has failed.
    fn begin(&mut self, id: StreamId) -> Result<bool, Fault> {
        let Some(place) = self.streams.get(&id).copied() else { return Ok(false) };
        let now = self.now();
        if let Some(failed_at) = self.failed_at.get(&place.vm).copied() {
            let reload = self.options.failure_policy == FailurePolicy::Reload;
            if reload && now >= failed_at + RELOAD_BACK_OFF {
                self.reload(place.vm)?;
            }
        }
        let mut info = Info::new(now, id.0, self.options.attributes.clone());
        if self.options.position == Position::Upstream {
            info.upstream_chosen = true;
            info.attempts = 1;
        }
        let Some(vm) = self.vm_mut(place.vm) else { return Ok(false) };
        let state = vm.state_mut();
        let root = state.roots.get(place.plugin).copied().unwrap_or_default();
        state.last_context += 1;
        let context = state.last_context;
        state.contexts.insert(context, Context::Stream(Box::new(Stream::new(root, info))));
        self.streams.insert(id, Place { context: Some(context), ..place });
        if self.vm(place.vm).is_some_and(|vm| vm.failed) && self.options.failure_policy != FailurePolicy::Open
        {
            let response = LocalResponse::text(503, "", "wasm_fail_stream");
            self.local_response(id, 0, response)?;
            return Ok(false);
        }
        self.call(place.vm, Callback::ContextCreate, context, &[root])?;
        Ok(true)
    }
}
