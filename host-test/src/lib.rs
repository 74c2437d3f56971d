//! Envoy without Envoy ([`sim`]), and with it ([`rig`]): for testing proxy-wasm filters.

pub mod build;
#[cfg(feature = "rig")]
pub mod rig;
#[cfg(feature = "wasm")]
pub mod sim;
