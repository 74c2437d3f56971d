//! The same scenarios in Envoy and in the wasmtime host, with a probe that logs what it sees: it must see the
//! same.
#![cfg(all(feature = "wasm", feature = "rig"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

mod envoy;
mod observation;
mod scenario;
mod sim;
mod wire;

use std::path::PathBuf;
use std::sync::LazyLock;

use host_test::build;

use crate::scenario::Scenario;

static PROBE: LazyLock<PathBuf> = LazyLock::new(|| {
    build::Wasm::package("host-test-probe").profile("filter").build(&mut |line| eprintln!("{line}")).unwrap()
});

/// The newest and the oldest Envoy that PyPI has.
#[test]
fn envoy_1_40_and_the_host_show_a_filter_the_same() {
    compare("1.40.0");
}

#[test]
fn envoy_1_36_and_the_host_show_a_filter_the_same() {
    compare("1.36.2");
}

fn compare(version: &str) {
    let scenarios = Scenario::all();
    let envoy = envoy::Envoy::start(version, &PROBE);
    let mut different = Vec::new();
    for scenario in &scenarios {
        let in_envoy = observation::without_transport_failure(envoy.run(scenario));
        let in_host = sim::run(&PROBE, scenario);
        if let Some(difference) = observation::difference(&in_envoy, &in_host) {
            different.push(format!("== {}\n{difference}", scenario.name));
        }
    }
    assert!(different.is_empty(), "Envoy {version} and the host differ:\n{}", different.join("\n"));
}
