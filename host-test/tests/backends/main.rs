//! What people see in the backends they know. Not among the tests that run by default: the backends take many minutes to
//! install and build. `cargo test -p host-test --test backends` runs them.

mod jaeger;
mod phoenix;
mod prometheus;
