//! The callbacks beside HTTP bodies and headers: TCP connections, HTTP/2 metadata, foreign functions, and the
//! validation of a configuration.

use crate::sim::callback::Callback;
use crate::sim::exchange::StreamId;
use crate::sim::fault::{Fault, FaultKind};
use crate::sim::proxy::{Place, Proxy, length};
use crate::sim::state::Context;
use crate::sim::stream::{Info, Stream};
use crate::sim::vm::describe;

/// Who closed a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Nobody knows.
    Unknown,
    /// The proxy.
    Local,
    /// The other side.
    Remote,
}

impl Proxy {
    /// A client connects to a TCP listener with the filter, on the first worker.
    pub fn connect(&mut self) -> Result<StreamId, Fault> {
        let id = self.open();
        let Some(place) = self.streams.get(&id).copied() else { return Ok(id) };
        let info = Info::new(self.now(), id.0, self.options.attributes.clone());
        let Some(vm) = self.vm_mut(place.vm) else { return Ok(id) };
        let state = vm.state_mut();
        let root = state.roots.first().copied().unwrap_or_default();
        state.last_context += 1;
        let context = state.last_context;
        state.contexts.insert(context, Context::Stream(Box::new(Stream::new(root, info))));
        self.streams.insert(id, Place { context: Some(context), ..place });
        self.call(place.vm, Callback::ContextCreate, context, &[root])?;
        self.act(id, Callback::NewConnection, &[])?;
        Ok(id)
    }

    /// Bytes arrive from the client of a TCP connection.
    pub fn downstream_data(&mut self, id: StreamId, bytes: impl AsRef<[u8]>, end: bool) -> Result<(), Fault> {
        let bytes = bytes.as_ref();
        if let Some(stream) = self.stream_mut(id) {
            stream.downstream_data = Some(bytes.to_vec());
        }
        self.act(id, Callback::DownstreamData, &[length(bytes.len()), end.into()])?;
        if let Some(stream) = self.stream_mut(id) {
            stream.request.sent.body.extend(stream.downstream_data.take().unwrap_or_default());
        }
        Ok(())
    }

    /// Bytes arrive from the upstream of a TCP connection. With the last of them Envoy counts the upstream's
    /// side as closed.
    pub fn upstream_data(&mut self, id: StreamId, bytes: impl AsRef<[u8]>, end: bool) -> Result<(), Fault> {
        let bytes = bytes.as_ref();
        if let Some(stream) = self.stream_mut(id) {
            stream.upstream_data = Some(bytes.to_vec());
        }
        self.act(id, Callback::UpstreamData, &[length(bytes.len()), end.into()])?;
        if let Some(stream) = self.stream_mut(id) {
            stream.response.sent.body.extend(stream.upstream_data.take().unwrap_or_default());
        }
        if end {
            self.act(id, Callback::UpstreamConnectionClose, &[Peer::Unknown as u32])?;
        }
        Ok(())
    }

    /// The client's side of a TCP connection closes, and with it the stream: done, log, delete.
    pub fn disconnect(&mut self, id: StreamId, by: Peer) -> Result<(), Fault> {
        self.act(id, Callback::DownstreamConnectionClose, &[by as u32])?;
        for callback in [Callback::Done, Callback::Log, Callback::Delete] {
            self.act(id, callback, &[])?;
        }
        self.bury(id);
        Ok(())
    }

    /// HTTP/2 metadata of so many pairs arrives with the request.
    pub fn request_metadata(&mut self, id: StreamId, pairs: u32) -> Result<(), Fault> {
        self.act(id, Callback::RequestMetadata, &[pairs])
    }

    /// HTTP/2 metadata of so many pairs arrives with the response.
    pub fn response_metadata(&mut self, id: StreamId, pairs: u32) -> Result<(), Fault> {
        self.act(id, Callback::ResponseMetadata, &[pairs])
    }

    /// The host calls a function of the filter's in every worker, with bytes the filter may read as the buffer
    /// of foreign arguments.
    pub fn call_foreign(&mut self, function: u32, arguments: impl AsRef<[u8]>) -> Result<(), Fault> {
        let arguments = arguments.as_ref();
        for vm in 0..self.options.workers {
            let Some(state) = self.vm_mut(vm).map(|vm| vm.state_mut()) else { continue };
            state.foreign_arguments = Some(arguments.to_vec());
            let root = state.roots.first().copied().unwrap_or_default();
            let size = length(arguments.len());
            let called = self.call(vm, Callback::ForeignFunction, root, &[function, size]);
            if let Some(vm) = self.vm_mut(vm) {
                vm.state_mut().foreign_arguments = None;
            }
            called?;
            self.do_deferred(vm)?;
        }
        Ok(())
    }

    /// Calls back for a stream. On a connection a Pause is a fault like any other.
    fn act(&mut self, id: StreamId, callback: Callback, arguments: &[u32]) -> Result<(), Fault> {
        let Some(Place { vm, context: Some(context), .. }) = self.streams.get(&id).copied() else {
            return Ok(());
        };
        let action = self.call(vm, callback, context, arguments)?;
        let paused =
            callback.answers() && callback != Callback::Done && action.is_some_and(|action| action != 0);
        if paused
            && self.options.strict
            && let Some(vm) = self.vm(vm)
        {
            return Err(vm.account(FaultKind::Paused, describe(callback, context, arguments), Vec::new()));
        }
        self.do_deferred(vm)
    }
}
