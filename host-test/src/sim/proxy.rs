//! A proxy with a filter: its VMs, the time that passes in it, and what can be asked of it.

use std::cell::{Ref, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::time::Duration;

use crate::sim::abi::{MetricType, Status};
use crate::sim::builder::{Options, ProxyBuilder};
use crate::sim::callback::Callback;
use crate::sim::callout::{Callout, Cluster, Reply};
use crate::sim::exchange::{Exchange, StreamId};
use crate::sim::fault::{Account, Fault, FaultKind};
use crate::sim::state::{Context, Crossings, Plugin, Root};
use crate::sim::stream::Stream;
use crate::sim::vm::{Vm, VmOptions, describe};
use crate::sim::world::{LogLine, Metric, World};
use crate::sim::{Headers, Module};

/// A running proxy with one filter in it.
///
/// Drive it with streams ([`Proxy::open`] and the callbacks of [`StreamId`]) or with a
/// [`Script`](crate::sim::Script), let time pass with [`Proxy::advance`], and ask what the world looks like.
/// Every drive fails with a [`Fault`] when the filter did what would hurt in Envoy.
pub struct Proxy {
    pub(crate) module: Module,
    pub(crate) options: Options,
    pub(crate) world: Rc<RefCell<World>>,
    /// The workers' VMs, then the main thread's.
    pub(crate) vms: Vec<Vm>,
    /// When each VM failed, for those that did.
    pub(crate) failed_at: HashMap<usize, Duration>,
    pub(crate) streams: BTreeMap<StreamId, Place>,
    pub(crate) finished: BTreeMap<StreamId, Box<Stream>>,
    pub(crate) last_stream: u64,
}

/// Where a stream lives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) vm: usize,
    pub(crate) plugin: usize,
    /// Its context, once the request's headers have come.
    pub(crate) context: Option<u32>,
}

impl Proxy {
    /// Sets a proxy up for this filter.
    pub fn builder(module: &Module) -> ProxyBuilder {
        ProxyBuilder::new(module)
    }

    pub(crate) fn start(builder: ProxyBuilder) -> Result<Self, Fault> {
        let mut proxy = Self {
            module: builder.module,
            options: builder.options,
            world: Rc::new(RefCell::new(builder.world)),
            vms: Vec::new(),
            failed_at: HashMap::new(),
            streams: BTreeMap::new(),
            finished: BTreeMap::new(),
            last_stream: 0,
        };
        for index in 0..proxy.options.workers + usize::from(proxy.options.main_thread) {
            let vm = proxy.start_vm(index)?;
            proxy.vms.push(vm);
        }
        Ok(proxy)
    }

    /// Lets virtual time pass: ticks fire, answers of clusters arrive, queues wake their consumers, each at
    /// its moment and in order.
    pub fn advance(&mut self, time: Duration) -> Result<(), Fault> {
        let end = self.now() + time;
        loop {
            self.wake_queues()?;
            let Some((due, event)) = self.next_event().filter(|(due, _)| *due <= end) else { break };
            let now = self.now();
            self.world.borrow_mut().now = now.max(due);
            match event {
                Event::Tick { vm, root } => self.tick_at(vm, root)?,
                Event::Answer(callout) => self.deliver(callout)?,
            }
        }
        let now = self.now();
        self.world.borrow_mut().now = now.max(end);
        Ok(())
    }

    /// Sets the clock that the filter reads, forward or back. No time passes by that: what is due in a second is due
    /// in a second still.
    pub fn set_clock(&mut self, to: Duration) {
        let from = self.now();
        let moved = |due: Duration| due.saturating_sub(from).saturating_add(to);
        for vm in &mut self.vms {
            let state = vm.state_mut();
            for root in state.roots.clone() {
                if let Some(root) = state.root_mut(root) {
                    root.next_tick = root.next_tick.map(moved);
                }
            }
        }
        let mut world = self.world.borrow_mut();
        for callout in &mut world.callouts {
            callout.due = callout.due.map(moved);
        }
        world.now = to;
    }

    /// Ticks every root now, whatever it asked for: a host may be early.
    pub fn tick(&mut self) -> Result<(), Fault> {
        for vm in 0..self.vms.len() {
            let roots = self.vm(vm).map(|vm| vm.state().roots.clone()).unwrap_or_default();
            for root in roots.into_iter().filter(|root| self.is_alive(vm, *root)).collect::<Vec<_>>() {
                self.tick_at(vm, root)?;
            }
        }
        Ok(())
    }

    /// Virtual time since the Unix epoch.
    pub fn now(&self) -> Duration {
        self.world.borrow().now
    }

    /// Gives the plugin another configuration, as when Envoy's is updated: every VM is started anew. Refused,
    /// the fault says so, and the proxy goes on as it was.
    pub fn reconfigure(&mut self, configuration: impl AsRef<[u8]>) -> Result<(), Fault> {
        let old = std::mem::replace(&mut self.options.plugin.configuration, configuration.as_ref().to_vec());
        // Envoy tries a new configuration in a VM of its own before any worker sees it.
        if let Err(fault) = self.start_vm(0) {
            self.options.plugin.configuration = old;
            return Err(fault);
        }
        for index in 0..self.vms.len() {
            let vm = self.start_vm(index)?;
            if let Some(old) = self.vms.get_mut(index) {
                *old = vm;
            }
        }
        self.failed_at.clear();
        self.streams.clear();
        Ok(())
    }

    /// Shuts down: on_done for every plugin, and on_delete where it did not ask for more time.
    pub fn shut_down(&mut self) -> Result<(), Fault> {
        let plugins = 1 + self.options.more_plugins.len();
        (0..plugins).try_for_each(|plugin| self.end_plugin(plugin))
    }

    /// Ends one plugin, the first being 0, as Envoy does when its listener is gone while others of the VM stay:
    /// on_done, and on_delete, at once or when the plugin says that it is done.
    pub fn end_plugin(&mut self, plugin: usize) -> Result<(), Fault> {
        for vm in 0..self.vms.len() {
            let root = self.vm(vm).and_then(|vm| vm.state().roots.get(plugin).copied());
            let Some(root) = root.filter(|root| self.is_alive(vm, *root)) else { continue };
            if self.call(vm, Callback::Done, root, &[])? != Some(0) {
                self.delete_root(vm, root)?;
            } else if let Some(root) = self.vm_mut(vm).and_then(|vm| vm.state_mut().root_mut(root)) {
                root.pending_done = true;
            }
        }
        Ok(())
    }

    /// How many plugins live in a worker's VM, those among them that asked for more time.
    pub fn plugins(&self, worker: usize) -> usize {
        let roots = self.vm(worker).map(|vm| vm.state().roots.clone()).unwrap_or_default();
        roots.into_iter().filter(|root| self.is_alive(worker, *root)).count()
    }

    fn is_alive(&self, vm: usize, root: u32) -> bool {
        self.vm(vm).is_some_and(|vm| vm.state().root_at(root).is_some())
    }

    /// on_delete; its ticks and the answers to its calls come no more.
    pub(crate) fn delete_root(&mut self, vm: usize, root: u32) -> Result<(), Fault> {
        self.call(vm, Callback::Delete, root, &[])?;
        if let Some(vm) = self.vm_mut(vm) {
            vm.state_mut().contexts.remove(&root);
        }
        for callout in &mut self.world.borrow_mut().callouts {
            if (callout.vm, callout.root) == (vm, root) {
                callout.due = None;
            }
        }
        Ok(())
    }

    /// Changes what a cluster answers from now on.
    pub fn set_cluster(&mut self, name: &str, reply: Reply) {
        let cluster = Cluster(Box::new(move |_| reply.clone()));
        self.world.borrow_mut().clusters.insert(name.to_owned(), cluster);
    }

    /// From now on a function of the host does nothing but answer this, until it is [`Status::Ok`] again.
    pub fn fail(&mut self, function: &str, status: Status) {
        let failing = &mut self.world.borrow_mut().failing;
        match status {
            Status::Ok => failing.remove(function),
            _ => failing.insert(function.to_owned(), status),
        };
    }

    /// Every line logged so far.
    pub fn logs(&self) -> Vec<LogLine> {
        self.world.borrow().logs.clone()
    }

    /// The value of a counter, over all VMs; none if it was never defined.
    pub fn counter(&self, name: &str) -> Option<u64> {
        self.metric(MetricType::Counter, name).map(|metric| metric.value)
    }

    /// The value of a gauge, over all VMs; none if it was never defined.
    pub fn gauge(&self, name: &str) -> Option<u64> {
        self.metric(MetricType::Gauge, name).map(|metric| metric.value)
    }

    /// Every value a histogram recorded, over all VMs; none if it was never defined.
    pub fn histogram(&self, name: &str) -> Option<Vec<u64>> {
        self.metric(MetricType::Histogram, name).map(|metric| metric.recorded)
    }

    /// The names and values of all counters.
    pub fn counters(&self) -> BTreeMap<String, u64> {
        let world = self.world.borrow();
        let counters = world.metrics.iter().filter(|((kind, _), _)| *kind == MetricType::Counter);
        counters.map(|((_, name), metric)| (name.clone(), metric.value)).collect()
    }

    fn metric(&self, kind: MetricType, name: &str) -> Option<Metric> {
        self.world.borrow().metrics.get(&(kind, name.to_owned())).cloned()
    }

    /// The calls made to clusters so far, oldest first.
    pub fn callouts(&self) -> Ref<'_, [Callout]> {
        Ref::map(self.world.borrow(), |world| world.callouts.as_slice())
    }

    /// The calls made to clusters so far, forgetting those that are answered: for tests with millions.
    pub fn take_callouts(&mut self) -> Vec<Callout> {
        let mut world = self.world.borrow_mut();
        let (answered, open) =
            std::mem::take(&mut world.callouts).into_iter().partition(|call| call.answered);
        world.callouts = open;
        answered
    }

    /// A value of shared data in the VMs' scope.
    pub fn shared_data(&self, key: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        let world = self.world.borrow();
        world.get_shared_data(&self.options.vm_id, key.as_ref()).map(|(value, _)| value.clone())
    }

    /// How many items wait in a shared queue of the VMs' scope; none if nobody registered it.
    pub fn queue_length(&self, name: impl AsRef<[u8]>) -> Option<usize> {
        let world = self.world.borrow();
        let found = |queue: &&_| {
            let queue: &crate::sim::world::Queue = queue;
            queue.vm_id == self.options.vm_id && queue.name == name.as_ref()
        };
        world.queues.iter().find(found).map(|queue| queue.items.len())
    }

    /// The memory of a worker's VM in bytes; it never shrinks.
    pub fn memory(&self, worker: usize) -> usize {
        self.vm(worker).map_or(0, Vm::memory_size)
    }

    /// The fuel that a worker's callbacks have burnt: all together, and the most expensive one.
    pub fn fuel(&self, worker: usize) -> (u64, u64) {
        self.vm(worker).map_or((0, 0), |vm| (vm.all_fuel, vm.most_fuel))
    }

    /// What has crossed the border between a worker's VM and the host.
    pub fn crossings(&self, worker: usize) -> Crossings {
        self.vm(worker).map_or_else(Crossings::default, |vm| vm.state().crossings)
    }

    /// Whether a worker's VM has trapped.
    pub fn has_failed(&self, worker: usize) -> bool {
        self.vm(worker).is_some_and(|vm| vm.failed)
    }

    /// What the world has seen of a stream so far.
    ///
    /// # Panics
    /// If there never was such a stream, or it was forgotten.
    pub fn exchange(&self, id: StreamId) -> Exchange<'_> {
        if let Some(stream) = self.stream(id) {
            return Exchange::new(stream, false);
        }
        #[expect(clippy::panic, reason = "a mistake of the test, documented")]
        let missing = || panic!("{id:?} has not begun, or was forgotten");
        Exchange::new(self.finished.get(&id).unwrap_or_else(missing), true)
    }

    pub(crate) fn exchange_ended(&self, id: StreamId) -> bool {
        !self.streams.contains_key(&id)
    }

    /// The account of something that shows only now that a stream is over.
    pub(crate) fn fault(&self, id: StreamId, kind: FaultKind) -> Fault {
        let account = Account {
            callback: format!("stream {}", id.0),
            vm: "the proxy".to_owned(),
            backtrace: Vec::new(),
            host_calls: Vec::new(),
            logs: Vec::new(),
        };
        Fault { kind, account: Box::new(account) }
    }

    /// Forgets a stream that has ended: for tests with millions.
    pub fn forget(&mut self, id: StreamId) {
        self.finished.remove(&id);
    }

    fn start_vm(&self, index: usize) -> Result<Vm, Fault> {
        let options = &self.options;
        let name =
            if index < options.workers { format!("worker {index}") } else { "the main thread".to_owned() };
        let vm_options = VmOptions {
            name,
            vm_id: &options.vm_id,
            vm_configuration: &options.vm_configuration,
            environment: &options.environment,
            attributes: Rc::clone(&options.attributes),
            memory_limit: options.memory_limit,
            fuel: options.fuel,
            strict: options.strict,
        };
        let mut vm = Vm::start(&self.module, index, &self.world, &vm_options)?;
        let plugins = std::iter::once(&options.plugin).chain(&options.more_plugins);
        for (number, plugin) in plugins.enumerate() {
            start_plugin(&mut vm, plugin, number == 0)?;
        }
        Ok(vm)
    }

    /// Calls back into a VM and does at once what the callback deferred.
    pub(crate) fn call(
        &mut self,
        vm: usize,
        callback: Callback,
        context: u32,
        arguments: &[u32],
    ) -> Result<Option<u32>, Fault> {
        let now = self.now();
        let Some(running) = self.vms.get_mut(vm) else { return Ok(None) };
        let answer = running.call(callback, context, arguments);
        if running.failed && !self.failed_at.contains_key(&vm) {
            self.failed_at.insert(vm, now);
            self.cut_streams(vm);
        }
        answer
    }

    pub(crate) fn vm(&self, index: usize) -> Option<&Vm> {
        self.vms.get(index)
    }

    pub(crate) fn vm_mut(&mut self, index: usize) -> Option<&mut Vm> {
        self.vms.get_mut(index)
    }

    /// A new VM in the place of one that has failed.
    pub(crate) fn reload(&mut self, index: usize) -> Result<(), Fault> {
        let vm = self.start_vm(index)?;
        if let Some(old) = self.vms.get_mut(index) {
            *old = vm;
        }
        self.failed_at.remove(&index);
        Ok(())
    }

    fn next_event(&self) -> Option<(Duration, Event)> {
        let ticks = self.vms.iter().enumerate().filter(|(_, vm)| !vm.failed).flat_map(|(index, vm)| {
            let state = vm.state();
            state.roots.iter().filter_map(move |root| {
                let due = state.root_at(*root)?.next_tick?;
                Some((due, Event::Tick { vm: index, root: *root }))
            })
        });
        let world = self.world.borrow();
        let answers = world.callouts.iter().enumerate();
        let answers = answers.filter_map(|(index, callout)| Some((callout.due?, Event::Answer(index))));
        ticks.chain(answers).min_by_key(|(due, _)| *due)
    }

    fn tick_at(&mut self, vm: usize, root: u32) -> Result<(), Fault> {
        if let Some(state) = self.vm_mut(vm).and_then(|vm| vm.state_mut().root_mut(root)) {
            state.next_tick = None;
        }
        let ticked = self.call(vm, Callback::Tick, root, &[]);
        let now = self.now();
        if let Some(state) = self.vm_mut(vm).and_then(|vm| vm.state_mut().root_mut(root)) {
            state.next_tick = (!state.tick_period.is_zero()).then(|| now + state.tick_period);
        }
        ticked?;
        self.do_deferred(vm)
    }

    fn wake_queues(&mut self) -> Result<(), Fault> {
        loop {
            let ready = self.world.borrow_mut().ready_queues.pop_front();
            let Some((vm, root, queue)) = ready else { return Ok(()) };
            self.call(vm, Callback::QueueReady, root, &[queue])?;
            self.do_deferred(vm)?;
        }
    }
}

enum Event {
    Tick { vm: usize, root: u32 },
    Answer(usize),
}

/// Makes the plugin's root context and configures it; the first plugin of a VM also starts the VM.
fn start_plugin(vm: &mut Vm, plugin: &Plugin, first: bool) -> Result<(), Fault> {
    let state = vm.state_mut();
    state.last_context += 1;
    let id = state.last_context;
    state.contexts.insert(id, Context::Root(Box::new(Root::new(plugin.clone()))));
    state.roots.push(id);
    vm.call(Callback::ContextCreate, id, &[0])?;
    if first {
        let size = [length(vm.state().vm_configuration.len())];
        refused(vm.call(Callback::VmStart, id, &size)?, vm, Callback::VmStart, id, &size)?;
    }
    set_configuring(vm, id, true);
    let size = [length(plugin.configuration.len())];
    let configured = vm.call(Callback::Configure, id, &size);
    set_configuring(vm, id, false);
    refused(configured?, vm, Callback::Configure, id, &size)
}

fn refused(
    answer: Option<u32>,
    vm: &Vm,
    callback: Callback,
    id: u32,
    arguments: &[u32],
) -> Result<(), Fault> {
    if answer == Some(0) {
        return Err(vm.account(
            FaultKind::ConfigurationRefused,
            describe(callback, id, arguments),
            Vec::new(),
        ));
    }
    Ok(())
}

fn set_configuring(vm: &mut Vm, id: u32, configuring: bool) {
    if let Some(root) = vm.state_mut().root_mut(id) {
        root.configuring = configuring;
    }
}

/// A length as the ABI passes it.
pub(crate) fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// The number of pairs, as the ABI passes it.
pub(crate) fn count(headers: &Headers) -> u32 {
    length(headers.len())
}
