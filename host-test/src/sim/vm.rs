//! One VM: an instance of the filter, started as Envoy starts it, whose callbacks run on a ration of fuel.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use wasmtime::{Func, Store, StoreLimitsBuilder, Trap, Val, WasmBacktrace};

use crate::sim::Module;
use crate::sim::callback::Callback;
use crate::sim::fault::{Account, Fault, FaultKind, Trace};
use crate::sim::module::Start;
use crate::sim::state::{Crossings, VmState};
use crate::sim::world::World;

pub(crate) struct Vm {
    pub(crate) store: Store<VmState>,
    callbacks: [Option<Func>; Callback::ALL.len()],
    /// It trapped: nothing is called in it any more.
    pub(crate) failed: bool,
    /// What every callback may burn.
    fuel: u64,
    /// Whether a forbidden call is a fault.
    strict: bool,
    /// What the most expensive callback burnt.
    pub(crate) most_fuel: u64,
    /// What all callbacks burnt.
    pub(crate) all_fuel: u64,
}

/// What a VM is started with.
pub(crate) struct VmOptions<'a> {
    pub(crate) name: String,
    pub(crate) vm_id: &'a str,
    pub(crate) vm_configuration: &'a [u8],
    pub(crate) environment: &'a [(String, String)],
    pub(crate) attributes: Rc<BTreeMap<Vec<u8>, Vec<u8>>>,
    pub(crate) memory_limit: usize,
    pub(crate) fuel: u64,
    pub(crate) strict: bool,
}

impl Vm {
    /// Instantiates the module and runs its start functions.
    pub(crate) fn start(
        module: &Module,
        index: usize,
        world: &Rc<RefCell<World>>,
        options: &VmOptions<'_>,
    ) -> Result<Self, Fault> {
        let state = VmState {
            world: Rc::clone(world),
            index,
            name: options.name.clone(),
            vm_id: options.vm_id.to_owned(),
            vm_configuration: options.vm_configuration.to_vec(),
            environment: options.environment.to_vec(),
            attributes: Rc::clone(&options.attributes),
            memory: None,
            allocate: None,
            limits: StoreLimitsBuilder::new().memory_size(options.memory_limit).build(),
            running: None,
            current: 0,
            effective: None,
            contexts: HashMap::new(),
            last_context: 0,
            roots: Vec::new(),
            metrics: HashMap::new(),
            last_metric: 0,
            last_token: 0,
            foreign_arguments: None,
            deferred: Vec::new(),
            stop_iteration: false,
            trace: Trace::default(),
            crossings: Crossings::default(),
            forbidden: None,
        };
        let mut store = Store::new(module.engine(), state);
        store.limiter(|state| &mut state.limits);
        let mut vm = Self {
            store,
            callbacks: [None; Callback::ALL.len()],
            failed: false,
            fuel: options.fuel,
            strict: options.strict,
            most_fuel: 0,
            all_fuel: 0,
        };
        vm.instantiate(module).map_err(|error| vm.fault(&error, "the module's start".to_owned()))?;
        Ok(vm)
    }

    fn instantiate(&mut self, module: &Module) -> wasmtime::Result<()> {
        self.store.set_fuel(self.fuel)?;
        let instance = module.pre().instantiate(&mut self.store)?;
        let allocator = ["malloc", "proxy_on_memory_allocate"]
            .iter()
            .find_map(|name| instance.get_typed_func::<u32, u32>(&mut self.store, name).ok());
        let memory = instance.get_memory(&mut self.store, "memory");
        let state = self.store.data_mut();
        state.memory = memory;
        state.allocate = allocator;
        for callback in Callback::ALL {
            self.callbacks[callback.index()] = instance.get_func(&mut self.store, callback.export());
        }
        let start = match module.start() {
            Start::Reactor => Some("_initialize"),
            Start::Command => Some("_start"),
            Start::Nothing => None,
        };
        if let Some(start) = start.and_then(|start| instance.get_func(&mut self.store, start)) {
            start.call(&mut self.store, &[], &mut [])?;
        }
        if module.start() == Start::Reactor {
            if let Ok(main) = instance.get_typed_func::<(u32, u32), u32>(&mut self.store, "main") {
                main.call(&mut self.store, (0, 0))?;
            } else if let Ok(main) = instance.get_typed_func::<(), u32>(&mut self.store, "__main_void") {
                main.call(&mut self.store, ())?;
            }
        }
        Ok(())
    }

    /// Calls back into the filter for `context`. No answer is a callback that is not exported, or of a VM
    /// that has failed.
    pub(crate) fn call(
        &mut self,
        callback: Callback,
        context: u32,
        arguments: &[u32],
    ) -> Result<Option<u32>, Fault> {
        let Some(function) = self.callbacks[callback.index()].filter(|_| !self.failed) else {
            return Ok(None);
        };
        let state = self.store.data_mut();
        state.running = Some(callback);
        state.current = context;
        state.effective = None;
        state.stop_iteration = false;

        let values: Vec<Val> =
            std::iter::once(&context).chain(arguments).map(|n| Val::I32(n.cast_signed())).collect();
        let mut answer = [Val::I32(0)];
        let results = if callback.answers() { &mut answer[..] } else { &mut [] };
        let called = match self.store.set_fuel(self.fuel) {
            Ok(()) => function.call(&mut self.store, &values, results),
            Err(error) => Err(error),
        };
        let burnt = self.fuel - self.store.get_fuel().unwrap_or_default();
        self.most_fuel = self.most_fuel.max(burnt);
        self.all_fuel += burnt;

        let describe = || describe(callback, context, arguments);
        if let Err(error) = called {
            self.failed = true;
            return Err(self.fault(&error, describe()));
        }
        if let Some(what) = self.store.data_mut().forbidden.take().filter(|_| self.strict) {
            return Err(self.account(FaultKind::Forbidden(what), describe(), Vec::new()));
        }
        Ok(match answer {
            [Val::I32(answer)] if callback.answers() => Some(answer.cast_unsigned()),
            _ => None,
        })
    }

    /// The account of something wrong in the callback that ran last.
    pub(crate) fn account(&self, kind: FaultKind, callback: String, backtrace: Vec<String>) -> Fault {
        const LOG_LINES: usize = 10;
        let state = self.store.data();
        let world = state.world.borrow();
        let mut logs: Vec<_> =
            world.logs.iter().rev().filter(|line| line.vm == state.name).cloned().collect();
        logs.truncate(LOG_LINES);
        logs.reverse();
        let (vm, host_calls) = (state.name.clone(), state.trace.calls());
        Fault { kind, account: Box::new(Account { callback, vm, backtrace, host_calls, logs }) }
    }

    pub(crate) fn state(&self) -> &VmState {
        self.store.data()
    }

    pub(crate) fn state_mut(&mut self) -> &mut VmState {
        self.store.data_mut()
    }

    /// The size of the instance's memory in bytes.
    pub(crate) fn memory_size(&self) -> usize {
        self.state().memory.map_or(0, |memory| memory.data_size(&self.store))
    }

    fn fault(&self, error: &wasmtime::Error, callback: String) -> Fault {
        let backtrace = error.downcast_ref::<WasmBacktrace>().map(|backtrace| {
            let frames = backtrace.frames().iter();
            frames.map(|frame| match frame.func_name() {
                Some(name) => demangle(name),
                None => format!("function {}", frame.func_index()),
            })
        });
        let backtrace = backtrace.into_iter().flatten().collect();
        let kind = match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => FaultKind::OutOfFuel,
            Some(trap) => FaultKind::Trap(trap.to_string()),
            None => FaultKind::Trap(error.root_cause().to_string()),
        };
        self.account(kind, callback, backtrace)
    }
}

/// The callback as a reader knows it: `proxy_on_response_body(context 2, 17, 1)`.
pub(crate) fn describe(callback: Callback, context: u32, arguments: &[u32]) -> String {
    let arguments: String = arguments.iter().map(|argument| format!(", {argument}")).collect();
    format!("{}(context {context}{arguments})", callback.export())
}

/// A function's name without the hash that Rust adds.
fn demangle(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}
