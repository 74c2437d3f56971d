//! Envoy without Envoy, and with it.
