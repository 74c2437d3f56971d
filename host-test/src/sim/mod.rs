//! Envoy without Envoy: runs a proxy-wasm filter's `.wasm` under wasmtime as Envoy would.

mod abi;
mod builder;
mod callback;
mod callout;
mod deliver;
mod exchange;
mod fault;
mod headers;
mod http;
mod imports;
mod module;
mod others;
mod properties;
mod proxy;
mod script;
mod state;
mod stream;
mod vm;
mod world;

pub use abi::{BufferType, LogLevel, MapType, MetricType, Status};
pub use builder::{FailurePolicy, Position, ProxyBuilder};
pub use callout::{Callout, CalloutKind, Reply};
pub use exchange::{Exchange, StreamId, flags};
pub use fault::{Account, CallAnswer, Fault, FaultKind, HostCall};
pub use headers::Headers;
pub use module::{LoadError, Module};
pub use others::Peer;
pub use proxy::Proxy;
pub use script::{Break, Close, Failure, Message, Pieces, Script, Step, check_random};
pub use stream::Sent;
pub use world::LogLine;
