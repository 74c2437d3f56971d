//! How a proxy is set up: what Envoy's configuration says about a filter, and the world around it.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use crate::sim::abi::LogLevel;
use crate::sim::callout::{Callout, Cluster, Reply};
use crate::sim::fault::Fault;
use crate::sim::state::Plugin;
use crate::sim::world::World;
use crate::sim::{Module, Proxy};

/// Sets a [`Proxy`] up. Nothing needs to be said: one worker, one plugin with an empty configuration, no
/// clusters, strict.
#[must_use]
pub struct ProxyBuilder {
    pub(crate) module: Module,
    pub(crate) options: Options,
    pub(crate) world: World,
}

pub(crate) struct Options {
    pub(crate) workers: usize,
    pub(crate) main_thread: bool,
    pub(crate) plugin: Plugin,
    pub(crate) more_plugins: Vec<Plugin>,
    pub(crate) vm_id: String,
    pub(crate) vm_configuration: Vec<u8>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) memory_limit: usize,
    pub(crate) fuel: u64,
    pub(crate) strict: bool,
    /// The request headers an observer may write; none where the filter may change what it wants.
    pub(crate) observer: Option<Vec<String>>,
    pub(crate) position: Position,
    pub(crate) buffer_limit: usize,
    pub(crate) failure_policy: FailurePolicy,
    pub(crate) attributes: Rc<BTreeMap<Vec<u8>, Vec<u8>>>,
    /// The `traceparent` that Envoy's own tracer writes into every request.
    pub(crate) tracer: Option<String>,
}

/// Where in Envoy the filter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// In the connection manager's chain: a stream ends with on_log, on_done, on_delete.
    Downstream,
    /// In the cluster's chain: a stream is one attempt and ends with on_done, on_delete, without on_log.
    Upstream,
}

/// What becomes of new streams when a VM has trapped. Those that it served are cut whatever it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailurePolicy {
    /// They are refused with 503.
    Closed,
    /// They pass without the filter.
    Open,
    /// A new VM is started for the first one after a second; until then they are refused with 503.
    Reload,
}

impl ProxyBuilder {
    pub(crate) fn new(module: &Module) -> Self {
        Self {
            module: module.clone(),
            options: Options {
                workers: 1,
                main_thread: false,
                plugin: Plugin { name: "filter".to_owned(), ..Plugin::default() },
                more_plugins: Vec::new(),
                vm_id: String::new(),
                vm_configuration: Vec::new(),
                environment: Vec::new(),
                memory_limit: 1 << 30,
                fuel: 2_000_000_000,
                strict: true,
                observer: None,
                position: Position::Downstream,
                buffer_limit: 1 << 20,
                failure_policy: FailurePolicy::Closed,
                attributes: Rc::default(),
                tracer: None,
            },
            world: World::new(),
        }
    }

    /// The plugin's configuration.
    pub fn configuration(mut self, configuration: impl AsRef<[u8]>) -> Self {
        self.options.plugin.configuration = configuration.as_ref().to_vec();
        self
    }

    /// The plugin's name and `root_id`.
    pub fn plugin(mut self, name: &str, root_id: &str) -> Self {
        self.options.plugin.name = name.to_owned();
        self.options.plugin.root_id = root_id.to_owned();
        self
    }

    /// One more plugin in the same VMs, a root context of its own; streams are the first plugin's unless
    /// [`Proxy::open_for`] says otherwise.
    pub fn another_plugin(mut self, name: &str, root_id: &str, configuration: impl AsRef<[u8]>) -> Self {
        let configuration = configuration.as_ref().to_vec();
        self.options.more_plugins.push(Plugin {
            name: name.to_owned(),
            root_id: root_id.to_owned(),
            configuration,
        });
        self
    }

    /// The scope of shared data and queues.
    pub fn vm_id(mut self, vm_id: &str) -> Self {
        self.options.vm_id = vm_id.to_owned();
        self
    }

    /// The configuration of the VM, which on_vm_start may read.
    pub fn vm_configuration(mut self, configuration: impl AsRef<[u8]>) -> Self {
        self.options.vm_configuration = configuration.as_ref().to_vec();
        self
    }

    /// An environment variable of the VM.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.options.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// How many workers there are, each with a VM of its own.
    pub fn workers(mut self, workers: usize) -> Self {
        self.options.workers = workers;
        self
    }

    /// Runs a VM for the main thread, too, as Envoy does: it has no streams, but it is configured and ticks.
    pub fn main_thread(mut self) -> Self {
        self.options.main_thread = true;
        self
    }

    /// A cluster by this name that answers every call the same.
    pub fn cluster(self, name: &str, reply: Reply) -> Self {
        self.cluster_with(name, move |_| reply.clone())
    }

    /// A cluster by this name that answers each call as `answer` says.
    pub fn cluster_with(mut self, name: &str, answer: impl FnMut(&Callout) -> Reply + 'static) -> Self {
        self.world.clusters.insert(name.to_owned(), Cluster(Box::new(answer)));
        self
    }

    /// An attribute that `proxy_get_property` finds at this path in every stream: what the connection, the
    /// route, the upstream host or the node would say, serialised. Those under `upstream` appear once the
    /// request has gone upstream.
    pub fn attribute(mut self, path: &[&str], value: impl AsRef<[u8]>) -> Self {
        let attributes = Rc::make_mut(&mut self.options.attributes);
        attributes.insert(path.join("\0").into_bytes(), value.as_ref().to_vec());
        self
    }

    /// Envoy traces every request itself: its router writes this `traceparent` into what goes upstream, behind the
    /// filter, which sees it in on_log alone.
    pub fn tracer(mut self, traceparent: &str) -> Self {
        self.options.tracer = Some(traceparent.to_owned());
        self
    }

    /// The most memory a VM may have, in bytes; 1 GiB unless told, as in Envoy.
    pub fn memory_limit(mut self, bytes: usize) -> Self {
        self.options.memory_limit = bytes;
        self
    }

    /// What one callback may burn, about one unit an instruction; an endless loop burns it in a moment.
    pub fn fuel(mut self, fuel: u64) -> Self {
        self.options.fuel = fuel;
        self
    }

    /// Runs the filter as an upstream filter.
    pub fn upstream_filter(mut self) -> Self {
        self.options.position = Position::Upstream;
        self
    }

    /// Does not take pauses and forbidden calls for faults. Traps, fuel and refused configurations are.
    pub fn lenient(mut self) -> Self {
        self.options.strict = false;
        self
    }

    /// Holds the filter to only observing: that a [`Script`](crate::sim::Script) leaves other bytes than it
    /// brought is a fault, except for these request headers.
    pub fn observer<N: Into<String>>(mut self, may_write: impl IntoIterator<Item = N>) -> Self {
        self.options.observer = Some(may_write.into_iter().map(Into::into).collect());
        self
    }

    /// The most bytes of a body that a paused stream may pile up; 1 MiB unless told.
    pub fn buffer_limit(mut self, bytes: usize) -> Self {
        self.options.buffer_limit = bytes;
        self
    }

    /// What becomes of new streams when a VM has trapped.
    pub fn failure_policy(mut self, policy: FailurePolicy) -> Self {
        self.options.failure_policy = policy;
        self
    }

    /// Where the virtual clock begins, since the Unix epoch; the beginning of 2025 unless told.
    pub fn now(mut self, now: Duration) -> Self {
        self.world.now = now;
        self
    }

    /// What reading the clock adds to it, so that time passes inside a callback, too.
    pub fn clock_step(mut self, step: Duration) -> Self {
        self.world.clock_step = step;
        self
    }

    /// The seed of the random bytes that the filter is given.
    pub fn seed(mut self, seed: u64) -> Self {
        self.world.random.reseed(seed);
        self
    }

    /// The first random bytes that the filter is given.
    pub fn random(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.world.random.scripted.extend(bytes.as_ref());
        self
    }

    /// Where all random bytes come from that the filter is given.
    pub fn random_from(mut self, fill: impl FnMut(&mut [u8]) + 'static) -> Self {
        self.world.random.source = Some(Box::new(fill));
        self
    }

    /// The level from which on lines are logged, and which `proxy_get_log_level` answers; info unless told.
    pub fn log_level(mut self, level: LogLevel) -> Self {
        self.world.log_level = level;
        self
    }

    /// Starts the VMs and configures the plugins in each.
    ///
    /// Fails where Envoy would not load the filter: it traps, or it refuses its configuration.
    pub fn start(self) -> Result<Proxy, Fault> {
        Proxy::start(self)
    }
}
