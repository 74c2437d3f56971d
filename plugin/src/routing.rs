//! What Envoy knows of where a request goes, as its properties.

use inferspan_core::api::{Metadata, Proxy, ProxyFact};

use crate::host;

/// Envoy, asked about the exchange of the current callback.
pub(crate) struct Routing;

impl Proxy for Routing {
    fn fact(&self, fact: ProxyFact) -> Option<Vec<u8>> {
        host::property(path(fact)).ok().filter(|value| !value.is_empty())
    }
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
