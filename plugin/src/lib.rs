//! The proxy-wasm filter: what Envoy loads.
//!
//! Envoy's callbacks in, host calls out; what an exchange means is the core's business. One VM runs on each
//! worker thread, and within it one thing at a time. A `root::Root` is one plugin configuration in that VM,
//! an `exchange::Stream` one HTTP exchange.
//!
//! Invariants: every callback on traffic answers Continue, always, and nothing is written into traffic but the
//! trace context where configured. No host call and no input can trap: a trap cuts all streams of the worker.
//! All host calls go through `host`, which makes every status a value.
#![allow(missing_docs, reason = "the only public item is the entry point that the SDK's macro makes")]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

mod console;
mod exchange;
mod export;
mod filter_state;
mod gauges;
mod host;
mod ids;
mod live;
mod metering;
mod pairs;
mod resource;
mod root;
mod routing;
mod stats;

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|id| Box::new(root::Root::new(id)));
}}
