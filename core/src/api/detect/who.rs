//! Who answers: as far as the request's headers tell, and as it turned out.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::proxy::{Metadata, Proxy, ProxyFact};
use super::request_line::{HostName, RequestLine};
use super::{Detected, Overrides};
use crate::api::provider::{self, Provider};
use crate::api::{Api, path};
use crate::headers::Headers;

/// A request's host and path, and what is looked up of them once, when it is first asked.
pub(super) struct Who<'a> {
    pub(super) host: HostName<'a>,
    /// See [`path::of_target`].
    pub(super) path: &'a [u8],
    pub(super) proxy: &'a dyn Proxy,
    known: OnceCell<Option<&'static Provider>>,
    hinted: OnceCell<Option<Cow<'static, str>>>,
}

/// What tells who answers; the later one goes before the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Evidence {
    /// The path's shape: whose format it is.
    Shape,
    /// The host, as addressed or as sent.
    Host,
    /// Metadata of the endpoint, the cluster or the route.
    Metadata,
    /// An operator's rule.
    Rule,
}

impl<'a> Who<'a> {
    pub(super) fn new(host: HostName<'a>, path: &'a [u8], proxy: &'a dyn Proxy) -> Self {
        Self { host, path, proxy, known: OnceCell::new(), hinted: OnceCell::new() }
    }

    /// The provider whose host this is.
    pub(super) fn known(&self) -> Option<&'static Provider> {
        *self.known.get_or_init(|| provider::of_host(self.host.name, self.path))
    }

    /// Its name, else what metadata or the cluster's name tell before the request goes on: for paths that mean
    /// different things on different hosts.
    pub(super) fn likely(&self) -> Option<&str> {
        match self.known() {
            Some(provider) => Some(provider.name),
            None => self.hinted.get_or_init(|| self.hint()).as_deref(),
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        let metadata = [Metadata::Cluster, Metadata::Route];
        named_by(self.proxy, &metadata).map(Cow::Owned).or_else(|| {
            let cluster = self.proxy.fact(ProxyFact::Cluster)?;
            provider::of_host(host_in(&cluster).name, self.path).map(|found| Cow::Borrowed(found.name))
        })
    }

    /// The format that metadata names.
    pub(super) fn api_of_metadata(&self) -> Option<Api> {
        [Metadata::Cluster, Metadata::Route].into_iter().find_map(|of| {
            let name = self.proxy.fact(ProxyFact::Api(of))?;
            Api::from_name(std::str::from_utf8(&name).ok()?)
        })
    }
}

/// Settles who answered, when the request that was sent can be seen. `sent` are its headers.
pub(super) fn settle(detected: &mut Detected, sent: &Headers<'_>, overrides: &Overrides, proxy: &dyn Proxy) {
    let line = RequestLine::of(sent);
    let who = Who::new(HostName::new(line.authority), line.path, proxy);
    let upstream = upstream_name(&who);
    let (name, by) = settled_provider(detected, &who, overrides, upstream.as_deref());
    if let Some(name) = name {
        detected.provider = name;
        detected.vouched |= by > Evidence::Shape && !detected.doubtful;
        detected.by = by;
    }
    settle_server(detected, &who, upstream.as_deref());
}

/// Settles the same by what the proxy knows beside the request.
pub(super) fn settle_as_seen(detected: &mut Detected, proxy: &dyn Proxy) {
    if detected.by < Evidence::Host
        && let Some(name) = named_by(proxy, METADATA)
    {
        detected.provider = Cow::Owned(name);
        detected.vouched |= !detected.doubtful;
        detected.by = Evidence::Metadata;
    }
    if !detected.port_known {
        detected.server.port = port_of_endpoint(proxy).or(detected.server.port);
    }
}

fn settled_provider(
    detected: &Detected,
    sent: &Who<'_>,
    overrides: &Overrides,
    upstream: Option<&[u8]>,
) -> (Option<Cow<'static, str>>, Evidence) {
    if detected.by == Evidence::Rule {
        return (None, Evidence::Rule);
    }
    if let Some(name) = overrides.provider(sent) {
        return (Some(Cow::Owned(name)), Evidence::Rule);
    }
    // A client that addresses a provider leaves nothing to ask.
    if detected.by != Evidence::Host
        && let Some(name) = named_by(sent.proxy, METADATA)
    {
        return (Some(Cow::Owned(name)), Evidence::Metadata);
    }
    let host = sent.known().or_else(|| provider::of_host(host_in(upstream?).name, sent.path));
    match host {
        Some(found) => (Some(Cow::Borrowed(found.name)), Evidence::Host),
        None if detected.by == Evidence::Shape => {
            (Some(Cow::Borrowed(by_shape(detected.api, sent.path))), Evidence::Shape)
        }
        None => (None, detected.by),
    }
}

/// The name of an upstream that the request itself does not name: the cluster's, the certificate's, where it is
/// the host of a provider.
fn upstream_name(sent: &Who<'_>) -> Option<Vec<u8>> {
    if sent.known().is_some() {
        return None;
    }
    [ProxyFact::Cluster, ProxyFact::CertificateName].into_iter().find_map(|fact| {
        let name = sent.proxy.fact(fact)?;
        // A certificate for many hosts does not say which.
        let host = host_in(&name).name;
        let known = !host.starts_with(b"*") && provider::of_host(host, sent.path).is_some();
        known.then_some(name)
    })
}

fn settle_server(detected: &mut Detected, sent: &Who<'_>, upstream: Option<&[u8]>) {
    let upstream = upstream.map(host_in);
    let host = upstream.as_ref().unwrap_or(&sent.host);
    if host.name.is_empty() {
        return;
    }
    let server = &mut detected.server;
    let rewritten = !host.name.eq_ignore_ascii_case(server.address.as_bytes());
    if rewritten {
        server.address = host.address();
    }
    // Behind a name without a port it is the endpoint's that answered.
    if let Some(port) = host.port {
        server.port = Some(port);
    } else if rewritten || !detected.port_known {
        server.port = port_of_endpoint(sent.proxy).or(server.port);
    }
}

fn port_of_endpoint(proxy: &dyn Proxy) -> Option<u16> {
    HostName::new(&proxy.fact(ProxyFact::Address)?).port
}

/// The provider that metadata names.
fn named_by(proxy: &dyn Proxy, places: &[Metadata]) -> Option<String> {
    places.iter().find_map(|place| {
        let name = String::from_utf8(proxy.fact(ProxyFact::Provider(*place))?).ok()?;
        Some(name).filter(|name| !name.is_empty() && name.len() <= MAX_NAME)
    })
}

/// The host in a cluster's name: Istio writes `outbound|443||api.openai.com`.
fn host_in(name: &[u8]) -> HostName<'_> {
    let mut parts = name.split(|&b| b == b'|');
    let (first, port) = (parts.next().unwrap_or_default(), parts.next());
    let Some(port) = port else { return HostName::new(first) };
    let host = HostName::new(parts.next_back().unwrap_or_default());
    let port = std::str::from_utf8(port).ok().and_then(|port| port.parse().ok());
    HostName { port: host.port.or(port), ..host }
}

/// Who it would be by the path alone: whose format it is, unless its shape is one provider's.
pub(super) fn by_shape(api: Api, path: &[u8]) -> &'static str {
    let shape = SHAPES.iter().find(|shape| (shape.api.is_none_or(|of| of == api)) && shape.fits(path));
    shape.map_or(api.spec().provider, |shape| shape.provider)
}

/// A shape that a path has on one provider only.
struct Shape {
    /// Segments that stand in it, one after the other.
    segments: &'static [&'static str],
    /// Of this format alone.
    api: Option<Api>,
    provider: &'static str,
}

impl Shape {
    fn fits(&self, path: &[u8]) -> bool {
        path::has_segments(path, self.segments)
    }
}

const SHAPES: &[Shape] = &[
    Shape { segments: &["publishers"], api: None, provider: "gcp.vertex_ai" },
    Shape { segments: &["openai", "deployments"], api: None, provider: "azure.ai.openai" },
    Shape { segments: &["embed"], api: Some(Api::Invocations), provider: "huggingface" },
    Shape { segments: &["embed_all"], api: Some(Api::Invocations), provider: "huggingface" },
    Shape { segments: &["embed_sparse"], api: Some(Api::Invocations), provider: "huggingface" },
    Shape { segments: &["serving-endpoints"], api: Some(Api::Invocations), provider: "databricks" },
    Shape { segments: &["locations"], api: Some(Api::Invocations), provider: "gcp.vertex_ai" },
    Shape { segments: &["locations"], api: Some(Api::GeminiInteractions), provider: "gcp.vertex_ai" },
    Shape { segments: &["endpoints"], api: Some(Api::Invocations), provider: "aws.sagemaker" },
    Shape { segments: &["v2", "rerank"], api: Some(Api::Rerank), provider: "cohere" },
];

/// Where metadata is looked for, once the endpoint is known.
const METADATA: &[Metadata] = &[Metadata::Endpoint, Metadata::Cluster, Metadata::Route];
/// Longest name of a provider that is taken from metadata, in bytes.
const MAX_NAME: usize = 64;
