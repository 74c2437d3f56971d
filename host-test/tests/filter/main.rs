//! The compiled filter in the wasmtime host.
#![cfg(all(feature = "wasm", feature = "rig"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

mod attributes;
mod bodies;
mod clocks;
mod configuration;
mod console;
mod cost;
mod counters;
mod delivery;
mod ends;
mod filter_state;
mod flags;
mod framing;
mod hostile;
mod identity;
mod limits;
mod outcomes;
mod random;
mod release;
mod secrets;
mod settings;
mod signals;
mod world;
