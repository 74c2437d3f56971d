//! A scenario in the wasmtime host.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use host_test::sim::{Module, Proxy, Reply};

use crate::observation::comparable;
use crate::scenario::{By, Place, SMALL_BUFFER, Scenario};

/// What the probe logged, and what both ends received.
pub(crate) fn run(probe: &Path, scenario: &Scenario) -> Vec<String> {
    static MODULE: OnceLock<Module> = OnceLock::new();
    let module = MODULE.get_or_init(|| Module::from_file(probe).unwrap());
    let called = [(":status", "200"), ("content-length", "6"), ("x-envoy-upstream-service-time", "1")];
    let mut builder = Proxy::builder(module)
        .plugin("probe", "probe_root")
        .vm_id("probe_vm")
        .lenient()
        .cluster("callee", Reply::http(called, "called"))
        .attribute(&["xds", "cluster_name"], scenario.cluster())
        .attribute(&["xds", "route_name"], "the_route")
        .attribute(&["xds", "virtual_host_name"], "the_host")
        .attribute(&["source", "address"], "127.0.0.1:50000")
        .attribute(&["destination", "address"], "127.0.0.1:10000")
        .attribute(&["upstream", "address"], "127.0.0.1:8080");
    builder = match scenario.place {
        Place::Downstream | Place::Decompressor => builder,
        Place::Upstream => builder.upstream_filter(),
        Place::SmallBuffers => builder.buffer_limit(SMALL_BUFFER),
    };
    let mut proxy = builder.start().unwrap();
    let stream = proxy.run(&scenario.script()).unwrap();
    proxy.advance(Duration::from_secs(10)).unwrap();
    let mut lines = comparable(proxy.logs().into_iter().map(|line| line.text));
    let exchange = proxy.exchange(stream);
    lines.push(match scenario.broken.map(|broken| broken.by) {
        Some(By::UpstreamReset) => "upstream got what it did not read".to_owned(),
        _ => format!("upstream got {:?}", String::from_utf8_lossy(&exchange.upstream().body)),
    });
    let downstream = exchange.downstream();
    let status = downstream.headers.as_ref().and_then(|headers| headers.get_str(":status")).unwrap_or("none");
    lines.push(format!("client got {status} {:?}", String::from_utf8_lossy(&downstream.body)));
    lines
}
