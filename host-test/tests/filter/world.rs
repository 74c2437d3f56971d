//! The filter in a proxy with a collector that takes everything, and the spans that came of it.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use host_test::build;
use host_test::rig::span::Span;
use host_test::sim::{Callout, Fault, Module, Proxy, ProxyBuilder, Reply, Script};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

/// The filter, with the names of its functions.
pub(crate) static FILTER: LazyLock<Module> = LazyLock::new(|| {
    let wasm = build::filter_with_names(&mut |line| eprintln!("{line}")).unwrap();
    Module::from_file(wasm).unwrap()
});

/// What a request header the filter may write.
pub(crate) const MAY_WRITE: [&str; 2] = ["traceparent", "tracestate"];

/// A proxy with the filter, held to leave traffic as it is.
pub(crate) fn proxy() -> ProxyBuilder {
    Proxy::builder(&FILTER).observer(MAY_WRITE).cluster("otel_collector", Reply::status(200))
}

/// Runs one exchange and returns its spans.
pub(crate) fn spans_of(script: &Script) -> Vec<Span> {
    try_spans_of(script).unwrap()
}

pub(crate) fn try_spans_of(script: &Script) -> Result<Vec<Span>, Fault> {
    let mut proxy = proxy().start()?;
    proxy.run(script)?;
    flushed(&mut proxy)
}

/// The one span of an exchange.
pub(crate) fn span_of(script: &Script) -> Span {
    let mut spans = spans_of(script);
    assert_eq!(spans.len(), 1, "exactly one record");
    spans.remove(0)
}

/// Lets everything that waits be delivered, and returns all spans so far.
pub(crate) fn flushed(proxy: &mut Proxy) -> Result<Vec<Span>, Fault> {
    proxy.advance(Duration::from_secs(5))?;
    Ok(proxy.callouts().iter().flat_map(spans).collect())
}

/// The spans of an export.
pub(crate) fn spans(callout: &Callout) -> Vec<Span> {
    Span::all(&ExportTraceServiceRequest::decode(callout.body.as_slice()).unwrap())
}

/// The filter's counters that are not 0, without the prefix of their names; but for that of the VMs, which began
/// before anything happened, and those of what was queued, which is told again by what became of it.
pub(crate) fn counted(proxy: &Proxy) -> BTreeMap<String, u64> {
    let short = |name: String| name.strip_prefix("inferspan_").map(str::to_owned).unwrap_or(name);
    proxy
        .counters()
        .into_iter()
        .filter(|(name, count)| *count > 0 && name != "inferspan_vm_starts" && !name.ends_with("_queued"))
        .map(|(name, count)| (short(name), count))
        .collect()
}

/// What [`counted`] should be.
pub(crate) fn counts<const N: usize>(expected: [(&str, u64); N]) -> BTreeMap<String, u64> {
    expected.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
}
