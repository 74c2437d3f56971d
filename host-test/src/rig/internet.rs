//! The providers: an Envoy that speaks TLS under their names, and answers what is asked of the right host on the right
//! path as it is told, and nothing else. A client that names another host in its SNI than in its request, or checks
//! the certificate for another name, gets no answer.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use super::envoy::{Envoy, Options};
use super::stand::binary;

/// One thing that is answered.
#[derive(Clone, Debug)]
pub struct Site {
    /// The host that is asked.
    pub host: &'static str,
    /// The whole path, without its query.
    pub path: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<(&'static str, &'static str)>,
    /// Its body, as it goes over the wire.
    pub body: Vec<u8>,
}

impl Site {
    /// It answers 200 with that document.
    pub fn new(host: &'static str, path: &'static str, body: &Value) -> Self {
        let headers = vec![("content-type", "application/json")];
        Self { host, path, status: 200, headers, body: body.to_string().into_bytes() }
    }
}

/// Those sites at one address. Dropped, they are gone.
#[derive(Debug)]
pub struct Internet {
    /// Where all of them are.
    pub address: SocketAddr,
    _envoy: Envoy,
}

impl Internet {
    /// Starts them on a free port.
    pub async fn start(sites: &[Site]) -> Result<Self> {
        let document = document(sites, 0);
        let with_admin = |admin: &Path| {
            let mut document = document;
            document["admin"] = json!({ "address": { "pipe": { "path": admin } } });
            Ok(document)
        };
        let options = Options { concurrency: 1, ..Options::default() };
        let envoy = Envoy::start_as(&binary().await?.path, with_admin, options).await?;
        Ok(Self { address: envoy.listener("internet")?, _envoy: envoy })
    }
}

/// The configuration of that Envoy, which listens on a port of the loopback.
pub fn document(sites: &[Site], port: u16) -> Value {
    let chains: Vec<Value> = sites.iter().map(chain).collect();
    json!({ "static_resources": { "listeners": [{
        "name": "internet",
        "address": { "socket_address": { "address": "127.0.0.1", "port_value": port } },
        "listener_filters": [{ "name": "tls", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector",
        } }],
        "filter_chains": chains,
    }] } })
}

fn chain(site: &Site) -> Value {
    let headers: Vec<Value> = site
        .headers
        .iter()
        .map(|(key, value)| {
            json!({ "header": { "key": key, "value": value }, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD" })
        })
        .collect();
    let body = json!({ "inline_bytes": base64(&site.body) });
    json!({
        "filter_chain_match": { "server_names": [site.host] },
        "transport_socket": { "name": "tls", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": { "tls_certificates": [{
                "certificate_chain": { "filename": tls("servers.pem") },
                "private_key": { "filename": tls("servers.key") },
            }] },
        } },
        "filters": [{ "name": "http", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "internet",
            "http_filters": [{ "name": "router", "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
            } }],
            "route_config": {
                "max_direct_response_body_size_bytes": 1 << 20,
                "virtual_hosts": [{ "name": "site", "domains": [site.host], "routes": [{
                    "match": { "path": site.path },
                    "direct_response": { "status": site.status, "body": body },
                    "response_headers_to_add": headers,
                }] }],
            },
        } }],
    })
}

/// The path of a file of the tests' certificates. `servers.pem` has the names of all providers of the files in `envoy/`; who
/// checks them trusts `authority.pem`, whose key is gone.
pub fn tls(file: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rig/tls").join(file).display().to_string()
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
