//! Envoy without Envoy: runs a proxy-wasm filter's `.wasm` under wasmtime as Envoy would.
//!
//! - [`Module`] is a compiled filter; compile it once, share it between threads.
//! - [`Proxy`] is a running proxy with the filter in it, set up by [`ProxyBuilder`]. It is driven with
//!   [`Script`]s or callback by callback, its time is virtual, and everything the world can see of it can be
//!   asked: [`Exchange`]s, [`Callout`]s, logs, metrics, shared data.
//! - [`Fault`] is what the filter did that it must not.
//!
//! Nothing is global and nothing is a mock: two proxies know nothing of each other, tests run in parallel, and
//! no test says which host calls come in which order.
//!
//! ```
//! use std::time::Duration;
//! use host_test::sim::{Break, Close, Module, Pieces, Proxy, Script};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Any filter; here one that counts the exchanges that end.
//! let wasm = wat::parse_str(r#"(module
//!     (import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
//!     (import "env" "proxy_increment_metric" (func $increment (param i32 i64) (result i32)))
//!     (memory (export "memory") 1)
//!     (data (i32.const 16) "ended")
//!     (func (export "proxy_abi_version_0_2_1"))
//!     (func (export "malloc") (param i32) (result i32) i32.const 1024)
//!     (func (export "proxy_on_configure") (param i32 i32) (result i32)
//!         (i32.eqz (call $define (i32.const 0) (i32.const 16) (i32.const 5) (i32.const 0))))
//!     (func (export "proxy_on_log") (param i32)
//!         (drop (call $increment (i32.load (i32.const 0)) (i64.const 1)))))"#)?;
//! let filter = Module::new(&wasm)?;
//!
//! // It observes only: what leaves it must be what came, whatever happens to the exchange.
//! let mut proxy = Proxy::builder(&filter).observer([""; 0]).start()?;
//! let exchange = Script::post("/ask", "question").respond(200, "text/plain", "answer");
//! for script in exchange.every_split() {
//!     proxy.run(&script)?;
//! }
//! let cut = proxy.run(&exchange.clone().breaks(Break::ClientLeaves, 3))?;
//! proxy.run(&exchange.response_pieces(Pieces::of(1)).response_close(Close::EmptyPiece))?;
//! proxy.advance(Duration::from_secs(1))?;
//!
//! assert_eq!(proxy.counter("ended"), Some(9));
//! assert_eq!(proxy.exchange(cut).downstream().body, b"ans");
//! # Ok(()) }
//! ```

mod abi;
mod builder;
mod callback;
mod callout;
mod chain;
mod deliver;
mod ending;
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

pub use abi::{LogLevel, Status};
pub use builder::{FailurePolicy, Position, ProxyBuilder};
pub use callout::{Callout, CalloutKind, Reply};
pub use exchange::{Exchange, StreamId, flags};
pub use fault::{Account, CallAnswer, Fault, FaultKind, HostCall};
pub use headers::Headers;
pub use module::{LoadError, Module};
pub use others::Peer;
pub use proxy::Proxy;
pub use script::{Break, Close, Failure, Message, Pieces, Script, Step, check_random};
pub use state::Crossings;
pub use stream::Sent;
pub use world::LogLine;
