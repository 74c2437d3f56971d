//! Platforms that load the filter by themselves, and the image that they pull. Not among the tests that run by default: what
//! they need takes many minutes to build. `cargo test -p host-test --test meshes` runs them, as root or where unprivileged
//! user namespaces are allowed.

mod envoy_gateway;
mod istio;
mod registry;
