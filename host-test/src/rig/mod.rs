//! A real Envoy, found, configured, started, watched and stopped; and what stands on its two sides.
