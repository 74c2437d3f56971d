//! Answers of clusters on their way to the root contexts that called.

use crate::sim::Headers;
use crate::sim::callback::Callback;
use crate::sim::callout::ReplyKind;
use crate::sim::fault::Fault;
use crate::sim::proxy::{Proxy, count, length};
use crate::sim::state::{Answer, Root};

/// What `proxy_get_status` answers for a call that broke: the host library's BROKEN_CONNECTION.
const BROKEN_CONNECTION: u32 = 11;

impl Proxy {
    /// Delivers what cluster answered to the callout at `index`. To a VM that is gone nothing is delivered.
    pub(crate) fn deliver(&mut self, index: usize) -> Result<(), Fault> {
        let mut world = self.world.borrow_mut();
        let Some(callout) = world.callouts.get_mut(index) else { return Ok(()) };
        callout.due = None;
        callout.answered = true;
        let (vm, root, token) = (callout.vm, callout.root, callout.token);
        let reply = std::mem::replace(&mut callout.reply, ReplyKind::Never);
        drop(world);
        match reply {
            ReplyKind::Http { headers, body, trailers } => {
                let arguments = [token, count(&headers), length(body.len()), count(&trailers)];
                let trailers = Some(trailers).filter(|trailers| !trailers.is_empty());
                let answer = Answer { headers, body, trailers };
                self.with_root(vm, root, |root| root.answer = Some(answer));
                let called = self.call(vm, Callback::HttpCallResponse, root, &arguments);
                self.with_root(vm, root, |root| root.answer = None);
                called?;
            }
            ReplyKind::Grpc { initial, messages, trailing, status, message } => {
                self.deliver_metadata(vm, root, token, Callback::GrpcReceiveInitialMetadata, initial)?;
                for message in messages {
                    let size = length(message.len());
                    self.with_root(vm, root, |root| root.grpc.message = Some(message));
                    let called = self.call(vm, Callback::GrpcReceive, root, &[token, size]);
                    self.with_root(vm, root, |root| root.grpc.message = None);
                    called?;
                }
                self.deliver_metadata(vm, root, token, Callback::GrpcReceiveTrailingMetadata, trailing)?;
                self.with_root(vm, root, |root| root.status = (status, message));
                self.call(vm, Callback::GrpcClose, root, &[token, status])?;
                self.with_root(vm, root, |root| root.status.1.clear());
            }
            ReplyKind::Reset => {
                self.with_root(vm, root, |root| root.status = (BROKEN_CONNECTION, "reset".to_owned()));
                self.call(vm, Callback::HttpCallResponse, root, &[token, 0, 0, 0])?;
                self.with_root(vm, root, |root| root.status.1.clear());
            }
            ReplyKind::Never => {}
        }
        self.do_deferred(vm)
    }

    fn deliver_metadata(
        &mut self,
        vm: usize,
        root: u32,
        token: u32,
        callback: Callback,
        metadata: Headers,
    ) -> Result<(), Fault> {
        let size = count(&metadata);
        let initial = callback == Callback::GrpcReceiveInitialMetadata;
        let shown = |root: &mut Root, metadata| match initial {
            true => root.grpc.initial = metadata,
            false => root.grpc.trailing = metadata,
        };
        self.with_root(vm, root, |root| shown(root, Some(metadata)));
        let called = self.call(vm, callback, root, &[token, size]);
        self.with_root(vm, root, |root| shown(root, None));
        called.map(drop)
    }

    fn with_root(&mut self, vm: usize, root: u32, change: impl FnOnce(&mut Root)) {
        if let Some(root) = self.vm_mut(vm).and_then(|vm| vm.state_mut().root_mut(root)) {
            change(root);
        }
    }
}
