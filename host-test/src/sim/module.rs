//! A compiled filter: checked as Envoy checks it at load, shared by every VM that runs it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use wasmtime::{Config, Engine, ExternType, InstancePre, Linker, ValType};

use crate::sim::callback::Callback;
use crate::sim::imports;
use crate::sim::state::VmState;

/// A filter's `.wasm`, compiled. Compiling takes a moment, cloning and running it do not: compile once for a
/// whole test binary and share it between threads.
///
/// ```
/// use std::sync::LazyLock;
/// use host_test::sim::Module;
///
/// static FILTER: LazyLock<Module> = LazyLock::new(|| {
///     let wasm = wat::parse_str(r#"(module
///         (func (export "proxy_abi_version_0_2_1"))
///         (memory (export "memory") 1)
///         (func (export "malloc") (param i32) (result i32) i32.const 1024))"#);
///     Module::new(&wasm.expect("the text is a module")).expect("the module is a filter")
/// });
/// assert_eq!(FILTER.imports().count(), 0);
/// ```
#[derive(Clone)]
pub struct Module(Arc<Inner>);

struct Inner {
    module: wasmtime::Module,
    pre: InstancePre<VmState>,
    start: Start,
}

/// How the module begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// `_initialize`, then `main` where there is one.
    Reactor,
    /// `_start`.
    Command,
    /// Neither is exported.
    Nothing,
}

/// Why Envoy would not load a module.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    Io(std::io::Error),
    /// It is no WebAssembly, or no valid one.
    Invalid(String),
    /// It does not export `proxy_abi_version_0_2_1`.
    NotProxyWasm,
    /// It imports what no host of this ABI offers, or with another signature.
    Import(String),
    /// It exports neither `malloc` nor `proxy_on_memory_allocate`, so no bytes can be handed to it.
    NoAllocator,
    /// It exports no memory named `memory`.
    NoMemory,
    /// It exports a callback with another signature than the ABI's.
    Signature(String),
}

impl Module {
    /// Compiles a module and checks its imports and exports.
    pub fn new(wasm: &[u8]) -> Result<Self, LoadError> {
        let engine = engine().map_err(|error| LoadError::Invalid(format!("{error:#}")))?;
        let module = wasmtime::Module::from_binary(&engine, wasm);
        let module = module.map_err(|error| LoadError::Invalid(format!("{error:#}")))?;
        let start = check_exports(&module)?;
        let mut linker = Linker::new(&engine);
        imports::link(&mut linker).map_err(|error| LoadError::Import(format!("{error:#}")))?;
        let pre = linker.instantiate_pre(&module).map_err(|error| LoadError::Import(format!("{error:#}")))?;
        Ok(Self(Arc::new(Inner { module, pre, start })))
    }

    /// Reads and compiles the module in a file.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        Self::new(&std::fs::read(path).map_err(LoadError::Io)?)
    }

    /// What the module imports: the import's module and name.
    pub fn imports(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.module.imports().map(|import| (import.module(), import.name()))
    }

    /// The names of what the module exports.
    pub fn exports(&self) -> impl Iterator<Item = &str> {
        self.0.module.exports().map(|export| export.name())
    }

    pub(crate) fn engine(&self) -> &Engine {
        self.0.module.engine()
    }

    pub(crate) fn pre(&self) -> &InstancePre<VmState> {
        &self.0.pre
    }

    pub(crate) fn start(&self) -> Start {
        self.0.start
    }
}

fn engine() -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    // An endless loop must be a failure, the same on every machine: fuel, not a timer.
    config.consume_fuel(true);
    Engine::new(&config)
}

fn check_exports(module: &wasmtime::Module) -> Result<Start, LoadError> {
    let has = |name: &str| module.get_export(name).is_some();
    if !has("proxy_abi_version_0_2_1") {
        return Err(LoadError::NotProxyWasm);
    }
    if !matches!(module.get_export("memory"), Some(ExternType::Memory(_))) {
        return Err(LoadError::NoMemory);
    }
    let allocators = ["malloc", "proxy_on_memory_allocate"];
    if !allocators.iter().any(|name| has(name)) {
        return Err(LoadError::NoAllocator);
    }
    for name in allocators {
        check_signature(module, name, 1, true)?;
    }
    for callback in Callback::ALL {
        check_signature(module, callback.export(), callback.parameters(), callback.answers())?;
    }
    Ok(match (has("_initialize"), has("_start")) {
        (true, _) => Start::Reactor,
        (false, true) => Start::Command,
        (false, false) => Start::Nothing,
    })
}

/// An export of that name, where there is one, takes `parameters` and returns one `i32` or nothing.
fn check_signature(
    module: &wasmtime::Module,
    name: &str,
    parameters: usize,
    answers: bool,
) -> Result<(), LoadError> {
    let Some(export) = module.get_export(name) else { return Ok(()) };
    let all_i32 = |mut types: Box<dyn Iterator<Item = ValType> + '_>| types.all(|ty| ty.is_i32());
    let fits = export.func().is_some_and(|function| {
        function.params().len() == parameters
            && function.results().len() == usize::from(answers)
            && all_i32(Box::new(function.params()))
            && all_i32(Box::new(function.results()))
    });
    if fits { Ok(()) } else { Err(LoadError::Signature(format!("{name}: {export:?}"))) }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the module cannot be read: {error}"),
            Self::Invalid(why) => write!(f, "no valid WebAssembly module: {why}"),
            Self::NotProxyWasm => {
                write!(f, "no proxy-wasm filter of ABI 0.2.1: it does not export proxy_abi_version_0_2_1")
            }
            Self::Import(why) => write!(f, "an import that no proxy-wasm host offers: {why}"),
            Self::NoAllocator => write!(f, "neither malloc nor proxy_on_memory_allocate is exported"),
            Self::NoMemory => write!(f, "no memory named `memory` is exported"),
            Self::Signature(what) => write!(f, "an export has another signature than the ABI's: {what}"),
        }
    }
}

impl std::error::Error for LoadError {}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.exports()).finish()
    }
}
