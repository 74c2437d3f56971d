//! What one VM's host functions work on: the contexts of the VM, what the running callback may see, and what
//! it asked for that happens when it has returned.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::time::Duration;

use wasmtime::{Memory, StoreLimits, TypedFunc};

use crate::sim::Headers;
use crate::sim::abi::MetricType;
use crate::sim::callback::Callback;
use crate::sim::fault::Trace;
use crate::sim::stream::Stream;
use crate::sim::world::World;

pub(crate) struct VmState {
    pub(crate) world: Rc<RefCell<World>>,
    /// The VM's place among the proxy's VMs.
    pub(crate) index: usize,
    /// What readers of faults and logs call it.
    pub(crate) name: String,
    /// The scope of shared data and queues.
    pub(crate) vm_id: String,
    pub(crate) vm_configuration: Vec<u8>,
    pub(crate) environment: Vec<(String, String)>,
    /// What the proxy's configuration makes visible, by path.
    pub(crate) attributes: Rc<BTreeMap<Vec<u8>, Vec<u8>>>,
    pub(crate) memory: Option<Memory>,
    pub(crate) allocate: Option<TypedFunc<u32, u32>>,
    pub(crate) limits: StoreLimits,
    /// The callback that runs; none while the module starts, when most calls are forbidden.
    pub(crate) running: Option<Callback>,
    /// The context whose callback runs.
    pub(crate) current: u32,
    /// The context that host calls act for, where the filter chose another one.
    pub(crate) effective: Option<u32>,
    pub(crate) contexts: HashMap<u32, Context>,
    pub(crate) last_context: u32,
    /// The ids of the root contexts, in the order of the plugins.
    pub(crate) roots: Vec<u32>,
    /// The metrics by the ids this VM was given, and how many of each type there are.
    pub(crate) metrics: HashMap<u32, (MetricType, String)>,
    pub(crate) last_metric: u32,
    pub(crate) last_token: u32,
    /// The argument of `proxy_on_foreign_function`.
    pub(crate) foreign_arguments: Option<Vec<u8>>,
    pub(crate) deferred: Vec<Deferred>,
    /// A local response was asked for: whatever the callback answers, the filter chain stops here.
    pub(crate) stop_iteration: bool,
    pub(crate) trace: Trace,
    /// What has crossed the border so far.
    pub(crate) crossings: Crossings,
    /// The first thing the filter did in this callback that it must not.
    pub(crate) forbidden: Option<String>,
}

/// What has crossed the border between a VM and its host, the same on every machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crossings {
    /// Calls that the filter made of the host.
    pub host_calls: u64,
    /// Bytes that were copied into the VM.
    pub bytes_in: u64,
    /// Bytes that were copied out of it.
    pub bytes_out: u64,
}

/// A context of the VM.
pub(crate) enum Context {
    Root(Box<Root>),
    Stream(Box<Stream>),
}

/// A plugin of the VM.
pub(crate) struct Root {
    pub(crate) plugin: Plugin,
    pub(crate) configuring: bool,
    pub(crate) tick_period: Duration,
    pub(crate) next_tick: Option<Duration>,
    /// The answer that `proxy_on_http_call_response` may read.
    pub(crate) answer: Option<Answer>,
    pub(crate) grpc: GrpcAnswer,
    /// What `proxy_get_status` answers.
    pub(crate) status: (u32, String),
    /// `proxy_on_done` answered that it needs more time.
    pub(crate) pending_done: bool,
}

/// What a plugin is configured with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plugin {
    pub(crate) name: String,
    pub(crate) root_id: String,
    pub(crate) configuration: Vec<u8>,
}

pub(crate) struct Answer {
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Option<Headers>,
}

#[derive(Default)]
pub(crate) struct GrpcAnswer {
    pub(crate) initial: Option<Headers>,
    pub(crate) message: Option<Vec<u8>>,
    pub(crate) trailing: Option<Headers>,
}

/// What a callback asked for, done when it has returned.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Deferred {
    ContinueRequest(u32),
    ContinueResponse(u32),
    Reset(u32),
    LocalResponse { context: u32, response: LocalResponse },
    RootDone(u32),
}

/// A response that is made here and not upstream.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LocalResponse {
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
    pub(crate) details: String,
}

impl VmState {
    /// The id of the context that host calls act for.
    pub(crate) fn acting(&self) -> u32 {
        self.effective.filter(|id| self.contexts.contains_key(id)).unwrap_or(self.current)
    }

    /// The stream that host calls act for, unless it is a root context.
    pub(crate) fn stream(&self) -> Option<&Stream> {
        match self.contexts.get(&self.acting())? {
            Context::Stream(stream) => Some(stream),
            Context::Root(_) => None,
        }
    }

    pub(crate) fn stream_mut(&mut self) -> Option<&mut Stream> {
        match self.contexts.get_mut(&self.acting())? {
            Context::Stream(stream) => Some(stream),
            Context::Root(_) => None,
        }
    }

    /// The id of the root context of the context that host calls act for.
    pub(crate) fn root_id(&self) -> u32 {
        let acting = self.acting();
        match self.contexts.get(&acting) {
            Some(Context::Stream(stream)) => stream.root,
            _ => acting,
        }
    }

    pub(crate) fn root(&self) -> Option<&Root> {
        self.root_at(self.root_id())
    }

    pub(crate) fn root_at(&self, id: u32) -> Option<&Root> {
        match self.contexts.get(&id)? {
            Context::Root(root) => Some(root),
            Context::Stream(_) => None,
        }
    }

    pub(crate) fn root_mut(&mut self, id: u32) -> Option<&mut Root> {
        match self.contexts.get_mut(&id)? {
            Context::Root(root) => Some(root),
            Context::Stream(_) => None,
        }
    }

    pub(crate) fn stream_at(&mut self, id: u32) -> Option<&mut Stream> {
        match self.contexts.get_mut(&id)? {
            Context::Stream(stream) => Some(stream),
            Context::Root(_) => None,
        }
    }

    /// Remembers the first thing of this callback that the filter must not do.
    pub(crate) fn forbid(&mut self, what: impl Into<String>) {
        self.forbidden.get_or_insert_with(|| what.into());
    }
}

impl Root {
    pub(crate) fn new(plugin: Plugin) -> Self {
        Self {
            plugin,
            configuring: false,
            tick_period: Duration::ZERO,
            next_tick: None,
            answer: None,
            grpc: GrpcAnswer::default(),
            status: (0, String::new()),
            pending_done: false,
        }
    }
}
