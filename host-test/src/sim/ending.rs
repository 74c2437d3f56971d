//! How streams end: completely, by a response that is made here, or in the middle. A filter hears of the end in
//! the order of its [`Position`], and nothing of the stream is called again.

use crate::sim::Headers;
use crate::sim::builder::Position;
use crate::sim::callback::Callback;
use crate::sim::chain::{REQUEST_TOO_LARGE, Way};
use crate::sim::exchange::StreamId;
use crate::sim::fault::Fault;
use crate::sim::proxy::{Place, Proxy};
use crate::sim::state::{Context, Deferred, LocalResponse};
use crate::sim::stream::Stopped;

impl Proxy {
    /// A response that is made here passes the filter like any other; one that began already breaks off.
    pub(crate) fn local_response(
        &mut self,
        id: StreamId,
        flag: u64,
        response: LocalResponse,
    ) -> Result<(), Fault> {
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
    pub(crate) fn over_the_limit(&mut self, id: StreamId, way: Way) -> Result<(), Fault> {
        match way {
            Way::Request => {
                let response = LocalResponse::text(413, "Payload Too Large", REQUEST_TOO_LARGE);
                self.local_response(id, 0, response)
            }
            Way::Response => self.break_off(id, 0, "response_payload_too_large"),
        }
    }

    /// A response of the router's: a filter in front of it sees it like any other, one behind it only its own
    /// stream's end.
    pub(crate) fn router_response(
        &mut self,
        id: StreamId,
        flag: u64,
        response: LocalResponse,
    ) -> Result<(), Fault> {
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
    pub(crate) fn upstream_fails(&mut self, id: StreamId, flag: u64, details: &str) -> Result<(), Fault> {
        match self.options.position {
            Position::Downstream => self.break_off(id, flag, details),
            Position::Upstream => self.finish(id),
        }
    }

    /// Ends the stream in the middle.
    pub(crate) fn break_off(&mut self, id: StreamId, flag: u64, details: &str) -> Result<(), Fault> {
        let now = self.now();
        if let Some(stream) = self.stream_mut(id) {
            stream.info.flags |= flag;
            stream.info.code_details = Some(details.to_owned());
            stream.info.end = Some(now);
        }
        self.finish(id)
    }

    /// Ends the stream: the filter hears of it in the order of its position, for the last time.
    pub(crate) fn finish(&mut self, id: StreamId) -> Result<(), Fault> {
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

    pub(crate) fn response_began(&self, id: StreamId) -> bool {
        self.stream(id).is_some_and(|stream| stream.response.headers.is_some())
    }

    /// Does what the stream's last callback deferred.
    pub(crate) fn after(&mut self, id: StreamId) -> Result<(), Fault> {
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
                Deferred::RootDone(root) => self.delete_root(vm, root)?,
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
}

impl LocalResponse {
    pub(crate) fn text(code: u16, body: &str, details: &str) -> Self {
        let mut headers = Headers::from([(":status", code.to_string())]);
        if !body.is_empty() {
            headers.add("content-length", body.len().to_string());
            headers.add("content-type", "text/plain");
        }
        Self { headers, body: body.as_bytes().to_vec(), details: details.to_owned() }
    }
}
