//! Streams through the filter: what Envoy's connection manager and router do around one HTTP filter.
//!
//! Both directions have the same shape: headers, then any number of body pieces, then perhaps trailers. Each
//! is shown to the filter first and leaves for the other side when the filter lets it. A stream ends when its
//! response has left completely, or when something breaks it off; then the filter is told in the order of its
//! [`Position`], and nothing of the stream is called again.

use crate::sim::Headers;
use crate::sim::builder::{FailurePolicy, Position};
use crate::sim::callback::Callback;
use crate::sim::exchange::{StreamId, flags};
use crate::sim::fault::{Fault, FaultKind};
use crate::sim::proxy::{Place, Proxy, count, length};
use crate::sim::state::{Context, Deferred, LocalResponse};
use crate::sim::stream::{Direction, Info, Stopped, Stream};
use crate::sim::vm::describe;

/// How long a VM that trapped is not started again, as in Envoy.
const RELOAD_BACK_OFF: std::time::Duration = std::time::Duration::from_secs(1);

/// Continue; everything else stops the stream.
const CONTINUE: u32 = 0;
const PAUSE: u32 = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Request,
    Response,
}

/// What the filter decided about a piece.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Passes,
    Pauses,
    /// Neither passes nor is kept: a local response takes over.
    Dropped,
}

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

    fn headers(&mut self, id: StreamId, way: Way, headers: Headers, end: bool) -> Result<(), Fault> {
        let now = self.now();
        let upstream_filter = self.options.position == Position::Upstream;
        let Some(stream) = self.stream_mut(id) else { return Ok(()) };
        if way == Way::Response {
            // An upstream filter sees the response before the exchange has it.
            if !upstream_filter {
                stream.info.code = code_of(&headers);
            }
            stream.info.received_from_upstream(now, end);
        }
        stream.end_of_stream = end;
        let pairs = count(&headers);
        let direction = stream.way(way);
        direction.headers = Some(headers);
        direction.headers_shown = true;
        direction.ended = end;
        let callback = if way == Way::Request { Callback::RequestHeaders } else { Callback::ResponseHeaders };
        let verdict = self.show(id, callback, &[pairs, end.into()])?;
        if let Some(direction) = self.direction(id, way) {
            match verdict {
                Verdict::Passes => direction.headers_shown = false,
                Verdict::Pauses | Verdict::Dropped => direction.stopped = Stopped::AtHeaders,
            }
        }
        self.after(id)?;
        if verdict == Verdict::Passes {
            self.release(id, way)?;
        }
        Ok(())
    }

    fn body(&mut self, id: StreamId, way: Way, bytes: &[u8], end: bool) -> Result<(), Fault> {
        let now = self.now();
        let limit = self.options.buffer_limit;
        let Some(stream) = self.stream_mut(id) else { return Ok(()) };
        match way {
            Way::Request => stream.info.request_bytes += bytes.len() as u64,
            Way::Response => stream.info.received_from_upstream(now, end),
        }
        stream.end_of_stream = end;
        let direction = stream.way(way);
        if direction.stopped == Stopped::AtHeaders {
            direction.held.body.extend_from_slice(bytes);
            direction.held.end |= end;
            return Ok(());
        }
        direction.ended = end;
        if direction.buffering {
            direction.buffered.extend_from_slice(bytes);
            if direction.buffered.len() > limit {
                return self.over_the_limit(id, way);
            }
        }
        direction.chunk = Some(bytes.to_vec());
        let size = length(direction.body().map_or(0, <[u8]>::len));
        let callback = if way == Way::Request { Callback::RequestBody } else { Callback::ResponseBody };
        let verdict = self.show(id, callback, &[size, end.into()])?;
        let Some(direction) = self.direction(id, way) else { return self.after(id) };
        let was_buffering = std::mem::take(&mut direction.buffering);
        match verdict {
            Verdict::Passes => {
                let chunk = direction.chunk.take().unwrap_or_default();
                if !was_buffering {
                    direction.buffered.extend_from_slice(&chunk);
                }
                if direction.stopped == Stopped::AtBody {
                    direction.stopped = Stopped::No;
                }
            }
            Verdict::Pauses => {
                if !was_buffering {
                    direction.buffered.extend_from_slice(bytes);
                }
                direction.buffering = true;
                direction.stopped = Stopped::AtBody;
                if direction.buffered.len() > limit {
                    self.after(id)?;
                    return self.over_the_limit(id, way);
                }
            }
            Verdict::Dropped => {}
        }
        self.after(id)?;
        if verdict == Verdict::Passes {
            self.release(id, way)?;
        }
        Ok(())
    }

    fn trailers(&mut self, id: StreamId, way: Way, trailers: Headers) -> Result<(), Fault> {
        let now = self.now();
        let Some(stream) = self.stream_mut(id) else { return Ok(()) };
        if way == Way::Response {
            stream.info.received_from_upstream(now, true);
        }
        let direction = stream.way(way);
        if direction.stopped == Stopped::AtHeaders {
            direction.held.trailers = Some(trailers);
            return Ok(());
        }
        let pairs = count(&trailers);
        direction.trailers = Some(trailers);
        direction.trailers_shown = true;
        direction.ended = true;
        let callback =
            if way == Way::Request { Callback::RequestTrailers } else { Callback::ResponseTrailers };
        let verdict = self.show(id, callback, &[pairs])?;
        if let Some(direction) = self.direction(id, way) {
            match verdict {
                Verdict::Passes => {
                    direction.trailers_shown = false;
                    direction.stopped = Stopped::No;
                }
                Verdict::Pauses | Verdict::Dropped => direction.stopped = Stopped::AtTrailers,
            }
        }
        self.after(id)?;
        if verdict == Verdict::Passes {
            self.release(id, way)?;
        }
        Ok(())
    }

    /// Shows a piece to the filter.
    fn show(&mut self, id: StreamId, callback: Callback, arguments: &[u32]) -> Result<Verdict, Fault> {
        let strict = self.options.strict;
        let Some(Place { vm, context: Some(context), .. }) = self.streams.get(&id).copied() else {
            return Ok(Verdict::Passes);
        };
        let action = self.call(vm, callback, context, arguments)?;
        let Some(vm) = self.vm(vm) else { return Ok(Verdict::Passes) };
        let state = vm.state();
        if state.stop_iteration {
            return Ok(Verdict::Dropped);
        }
        match action {
            None | Some(CONTINUE) => Ok(Verdict::Passes),
            // What closes or answers the stream may well stop it.
            Some(_) if strict && state.deferred.is_empty() => {
                Err(vm.account(FaultKind::Paused, describe(callback, context, arguments), Vec::new()))
            }
            Some(PAUSE) => Ok(Verdict::Pauses),
            Some(_) => Ok(Verdict::Dropped),
        }
    }

    /// Lets everything that waits in this direction leave, and ends the stream if that was the last.
    fn release(&mut self, id: StreamId, way: Way) -> Result<(), Fault> {
        let now = self.now();
        let Some(stream) = self.stream_mut(id) else { return Ok(()) };
        if way == Way::Request {
            stream.info.upstream_first_sent.get_or_insert(now);
            stream.info.upstream_chosen = true;
            stream.info.pool_ready.get_or_insert(now);
            stream.info.attempts = 1;
        } else if stream.info.code.is_none() {
            stream.info.code = stream.response.headers.as_ref().and_then(code_of);
        }
        let direction = stream.way(way);
        if direction.sent.headers.is_none() {
            direction.sent.headers.clone_from(&direction.headers);
            if let Some(headers) = &mut direction.headers {
                // What concerns one connection alone is not in the access log.
                headers.remove("transfer-encoding");
                headers.remove("connection");
            }
        }
        let body = std::mem::take(&mut direction.buffered);
        direction.sent.body.extend_from_slice(&body);
        if direction.ended && direction.stopped == Stopped::No {
            direction.sent.trailers.clone_from(&direction.trailers);
            direction.sent.complete = true;
        }
        let complete = direction.sent.complete;
        if way == Way::Response {
            stream.info.response_bytes += body.len() as u64;
            if complete {
                return self.finish(id);
            }
        }
        Ok(())
    }

    /// `proxy_continue_stream`: what the filter stopped goes on from where it stands.
    fn resume(&mut self, id: StreamId, way: Way) -> Result<(), Fault> {
        let Some(direction) = self.direction(id, way) else { return Ok(()) };
        let stopped = std::mem::take(&mut direction.stopped);
        if stopped == Stopped::No {
            return Ok(());
        }
        direction.headers_shown = false;
        direction.trailers_shown = false;
        let held = std::mem::take(&mut direction.held);
        self.release(id, way)?;
        // What came after stopped headers has not been shown yet.
        if !held.body.is_empty() || held.end {
            self.body(id, way, &held.body, held.end)?;
        }
        match held.trailers {
            Some(trailers) => self.trailers(id, way, trailers),
            None => Ok(()),
        }
    }

    /// Does what the stream's last callback deferred.
    fn after(&mut self, id: StreamId) -> Result<(), Fault> {
        match self.streams.get(&id).copied() {
            Some(place) => self.do_deferred(place.vm),
            None => Ok(()),
        }
    }

    /// Does what the last callback of a VM deferred.
    pub(crate) fn do_deferred(&mut self, vm: usize) -> Result<(), Fault> {
        let Some(running) = self.vm_mut(vm) else { return Ok(()) };
        for deferred in std::mem::take(&mut running.state_mut().deferred) {
            match deferred {
                Deferred::ContinueRequest(context) => {
                    self.for_context(vm, context, |proxy, id| proxy.resume(id, Way::Request))?
                }
                Deferred::ContinueResponse(context) => {
                    self.for_context(vm, context, |proxy, id| proxy.resume(id, Way::Response))?
                }
                Deferred::Reset(context) => self.for_context(vm, context, |proxy, id| proxy.finish(id))?,
                Deferred::LocalResponse { context, response } => {
                    self.for_context(vm, context, |proxy, id| proxy.local_response(id, 0, response))?;
                }
                Deferred::RootDone(context) => {
                    self.call(vm, Callback::Delete, context, &[])?;
                }
            }
        }
        Ok(())
    }

    fn for_context(
        &mut self,
        vm: usize,
        context: u32,
        act: impl FnOnce(&mut Self, StreamId) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let found = self.streams.iter().find(|(_, place)| place.vm == vm && place.context == Some(context));
        match found.map(|(id, _)| *id) {
            Some(id) => act(self, id),
            None => Ok(()),
        }
    }

    /// A response that is made here passes the filter like any other; one that began already breaks off.
    fn local_response(&mut self, id: StreamId, flag: u64, response: LocalResponse) -> Result<(), Fault> {
        if self.response_began(id) {
            return self.break_off(id, flag, &response.details);
        }
        let Some(stream) = self.stream_mut(id) else { return Ok(()) };
        stream.info.flags |= flag;
        stream.info.code_details = Some(response.details);
        stream.info.local = true;
        stream.response.stopped = Stopped::No;
        let end = response.body.is_empty();
        self.headers(id, Way::Response, response.headers, end)?;
        if !end {
            self.body(id, Way::Response, &response.body, true)?;
        }
        Ok(())
    }

    /// Too much piled up: a request is answered 413, a response breaks off.
    fn over_the_limit(&mut self, id: StreamId, way: Way) -> Result<(), Fault> {
        match way {
            Way::Request => {
                let response = LocalResponse::text(413, "Payload Too Large", "request_payload_too_large");
                self.local_response(id, 0, response)
            }
            Way::Response => self.break_off(id, 0, "response_payload_too_large"),
        }
    }

    /// A response of the router's: a filter in front of it sees it like any other, one behind it only its own
    /// stream's end.
    fn router_response(&mut self, id: StreamId, flag: u64, response: LocalResponse) -> Result<(), Fault> {
        if self.options.position == Position::Downstream {
            return self.local_response(id, flag, response);
        }
        if let Some(stream) = self.stream_mut(id) {
            let sent = &mut stream.response.sent;
            sent.headers = Some(response.headers);
            sent.body = response.body;
            sent.complete = true;
        }
        self.finish(id)
    }

    /// The upstream's side breaks a response off. A filter behind the router is gone before the exchange as a
    /// whole knows.
    fn upstream_fails(&mut self, id: StreamId, flag: u64, details: &str) -> Result<(), Fault> {
        match self.options.position {
            Position::Downstream => self.break_off(id, flag, details),
            Position::Upstream => self.finish(id),
        }
    }

    /// Ends the stream in the middle.
    fn break_off(&mut self, id: StreamId, flag: u64, details: &str) -> Result<(), Fault> {
        let now = self.now();
        if let Some(stream) = self.stream_mut(id) {
            stream.info.flags |= flag;
            stream.info.code_details = Some(details.to_owned());
            stream.info.end = Some(now);
        }
        self.finish(id)
    }

    /// Ends the stream: the filter hears of it in the order of its position, for the last time.
    fn finish(&mut self, id: StreamId) -> Result<(), Fault> {
        let now = self.now();
        let downstream = self.options.position == Position::Downstream;
        let Some(stream) = self.stream_mut(id) else { return Ok(()) };
        // The exchange goes on for a moment when an upstream filter's part of it is over.
        if downstream {
            stream.info.end = Some(now);
        }
        let Some(Place { vm, context: Some(context), .. }) = self.streams.get(&id).copied() else {
            return Ok(());
        };
        if downstream {
            self.set_logging(id, true);
            self.call(vm, Callback::Log, context, &[])?;
            self.set_logging(id, false);
        }
        self.call(vm, Callback::Done, context, &[])?;
        self.call(vm, Callback::Delete, context, &[])?;
        self.bury(id);
        Ok(())
    }

    fn set_logging(&mut self, id: StreamId, logging: bool) {
        if let Some(stream) = self.stream_mut(id) {
            stream.logging = logging;
        }
    }

    /// The VM has trapped: its streams are cut, and the filter is not told.
    pub(crate) fn cut_streams(&mut self, vm: usize) {
        let now = self.now();
        let on_vm = self.streams.iter().filter(|(_, place)| place.vm == vm && place.context.is_some());
        for id in on_vm.map(|(id, _)| *id).collect::<Vec<_>>() {
            if let Some(stream) = self.stream_mut(id) {
                stream.info.end = Some(now);
                stream.info.code_details = Some("wasm_fail_stream".to_owned());
            }
            self.bury(id);
        }
    }

    pub(crate) fn bury(&mut self, id: StreamId) {
        let Some(Place { vm, context: Some(context), .. }) = self.streams.remove(&id) else { return };
        let Some(vm) = self.vm_mut(vm) else { return };
        if let Some(Context::Stream(stream)) = vm.state_mut().contexts.remove(&context) {
            self.finished.insert(id, stream);
        }
    }

    fn response_began(&self, id: StreamId) -> bool {
        self.stream(id).is_some_and(|stream| stream.response.headers.is_some())
    }

    fn direction(&mut self, id: StreamId, way: Way) -> Option<&mut Direction> {
        self.stream_mut(id).map(|stream| stream.way(way))
    }
}

impl Stream {
    fn way(&mut self, way: Way) -> &mut Direction {
        match way {
            Way::Request => &mut self.request,
            Way::Response => &mut self.response,
        }
    }
}

fn code_of(headers: &Headers) -> Option<u16> {
    headers.get_str(":status")?.parse().ok()
}

impl LocalResponse {
    fn text(code: u16, body: &str, details: &str) -> Self {
        let mut headers = Headers::from([(":status", code.to_string())]);
        if !body.is_empty() {
            headers.add("content-length", body.len().to_string());
            headers.add("content-type", "text/plain");
        }
        Self { headers, body: body.as_bytes().to_vec(), details: details.to_owned() }
    }
}
