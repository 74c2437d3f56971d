//! Programs of the platforms that load the filter by themselves: found, or built once with Go.

pub mod envoy_gateway;
pub mod istio;
