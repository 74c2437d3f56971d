//! Envoy without Envoy, and with it.
pub mod build;
#[cfg(feature = "rig")]
pub mod rig;
#[cfg(feature = "wasm")]
pub mod sim;
