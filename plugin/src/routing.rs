//! What Envoy knows of where a request goes, as its properties.

use inferspan_core::api::{Metadata, Proxy, ProxyFact};
use inferspan_core::call::ProxyFacts;
use inferspan_core::config::EnvoyAttribute;

use crate::host;

/// Envoy, asked about the exchange of the current callback.
pub(crate) struct Routing;

impl Proxy for Routing {
    fn fact(&self, fact: ProxyFact) -> Option<Vec<u8>> {
        host::property(path(fact)).ok().filter(|value| !value.is_empty())
    }

    fn metadata(&self, path: &[String]) -> Option<String> {
        let (of, keys) = path.split_first()?;
        let mut path = match of.as_str() {
            "dynamic" => "metadata",
            "route" => "xds\0route_metadata",
            "cluster" => "xds\0cluster_metadata",
            "endpoint" => "xds\0upstream_host_metadata",
            _ => return None,
        }
        .to_owned();
        path.push_str("\0filter_metadata");
        for key in keys {
            path.push('\0');
            path.push_str(key);
        }
        scalar(&host::property(&path).ok()?)
    }
}

/// What a value is, of which Envoy tells the bytes and not the type: a text stands as it is, a number as eight bytes
/// and a truth value as one. Lists and objects are none of these.
fn scalar(bytes: &[u8]) -> Option<String> {
    match bytes {
        [0] => return Some("false".to_owned()),
        [1] => return Some("true".to_owned()),
        _ => {}
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && !text.chars().any(char::is_control)
    {
        return Some(text.to_owned());
    }
    Some(f64::from_le_bytes(bytes.try_into().ok()?).to_string())
}

/// What Envoy knows of an exchange that is over.
pub(crate) fn facts(asked: &[EnvoyAttribute]) -> ProxyFacts {
    let property = |path| host::property(path).ok().filter(|value| !value.is_empty());
    let text = |path| property(path).and_then(|value| String::from_utf8(value).ok());
    let mut facts = ProxyFacts::default();
    for attribute in asked {
        match attribute {
            EnvoyAttribute::Cluster => facts.cluster = text(path(ProxyFact::Cluster)),
            EnvoyAttribute::Route => facts.route = text(path(ProxyFact::Route)),
            EnvoyAttribute::AttemptCount => {
                let count = property("upstream\0request_attempt_count");
                let count = count.and_then(|bytes| Some(u64::from_le_bytes(*bytes.first_chunk()?)));
                facts.attempt_count = count.filter(|count| *count > 0);
            }
            EnvoyAttribute::UpstreamAddress => facts.upstream_address = text(path(ProxyFact::Address)),
        }
    }
    facts
}

fn path(fact: ProxyFact) -> &'static str {
    match fact {
        ProxyFact::Cluster => "xds\0cluster_name",
        ProxyFact::Route => "xds\0route_name",
        ProxyFact::VirtualHost => "xds\0virtual_host_name",
        ProxyFact::Provider(Metadata::Endpoint) => {
            "xds\0upstream_host_metadata\0filter_metadata\0inferspan\0provider"
        }
        ProxyFact::Provider(Metadata::Cluster) => {
            "xds\0cluster_metadata\0filter_metadata\0inferspan\0provider"
        }
        ProxyFact::Provider(Metadata::Route) => "xds\0route_metadata\0filter_metadata\0inferspan\0provider",
        ProxyFact::Api(Metadata::Endpoint) => "xds\0upstream_host_metadata\0filter_metadata\0inferspan\0api",
        ProxyFact::Api(Metadata::Cluster) => "xds\0cluster_metadata\0filter_metadata\0inferspan\0api",
        ProxyFact::Api(Metadata::Route) => "xds\0route_metadata\0filter_metadata\0inferspan\0api",
        ProxyFact::Address => "upstream\0address",
        ProxyFact::CertificateName => "upstream\0dns_san_peer_certificate",
    }
}
