//! Envoy without Envoy, and with it.
#[cfg(feature = "rig")]
pub mod rig;
