//! The compiled filter in the wasmtime host.
#![cfg(all(feature = "wasm", feature = "rig"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

mod configuration;
mod delivery;
mod framing;
mod hostile;
mod limits;
mod outcomes;
mod random;
mod release;
mod world;
