//! What Envoy is told: a listener with the filter, and the clusters on both sides of it.
//!
//! The configuration passes traffic as it came. No timeout cuts a long call; paths are neither normalised nor
//! merged; no header of Envoy's own goes up or down (a `date` where the upstream sent none is the one that cannot
//! be turned off, and `x-forwarded-proto` never goes up); header names keep their case; nothing is retried,
//! compressed or buffered.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};
use hyper::Uri;
use serde_json::{Value, json};

/// The cluster that the filter's exports go to.
pub const COLLECTOR: &str = "otel_collector";

/// The cluster of a second collector that watches what the first one gets, where there is one.
pub const OBSERVER: &str = "inferspan_observer";

/// A whole Envoy.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where clients connect. Each listener leads to the same upstream.
    pub listeners: Vec<Listener>,
    /// The LLM API.
    pub upstream: Upstream,
    /// The OTLP receiver, if the filter is to export.
    pub collector: Option<Upstream>,
    /// Whether Envoy traces every request that has an `x-request-id`, for the same receiver.
    pub tracing: bool,
}

/// An address clients connect to.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Its name, by which the bound address is asked for.
    pub name: String,
    /// Where it listens; port 0 takes a free one.
    pub address: SocketAddr,
    /// The filter in the path, or none.
    pub filter: Option<Filter>,
}

/// A wasm filter with its configuration.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The compiled filter.
    pub wasm: PathBuf,
    /// Its configuration, handed over as JSON text.
    pub configuration: Value,
}

/// A server that Envoy connects to: `http://HOST[:PORT][/PATH]` or `https://…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Whether to speak TLS, validated against the system's certificate authorities.
    pub tls: bool,
    /// Name or IP address, the latter without brackets.
    pub host: String,
    /// Port, the scheme's default where none was given.
    pub port: u16,
    /// The path that the URL had, without a slash at its end; empty or beginning with one.
    pub path: String,
    /// Whether it is spoken to in HTTP/2 from the start, as gRPC needs it; else in HTTP/1.1.
    pub http2: bool,
}

impl Config {
    /// The bootstrap document, with the admin interface on the Unix socket `admin`.
    pub fn bootstrap(&self, admin: &Path) -> Result<Value> {
        let listeners: Vec<Value> = self.listeners.iter().map(|listener| self.listener(listener)).collect();
        let mut clusters = vec![cluster("upstream", &self.upstream)?];
        if let Some(collector) = &self.collector {
            clusters.push(cluster(COLLECTOR, collector)?);
        }
        Ok(json!({
            "admin": { "address": { "pipe": { "path": admin } } },
            "static_resources": { "listeners": listeners, "clusters": clusters },
        }))
    }

    fn listener(&self, listener: &Listener) -> Value {
        json!({
            "name": listener.name,
            "address": address(&listener.address.ip().to_string(), listener.address.port()),
            // Two Envoys on one port would share its connections, to the wonder of everybody.
            "enable_reuse_port": false,
            "filter_chains": [{ "filters": [{
                "name": "http",
                "typed_config": self.connection_manager(listener),
            }] }],
        })
    }

    fn connection_manager(&self, listener: &Listener) -> Value {
        let mut filters = vec![json!({ "name": HOST_OF_UPSTREAM, "typed_config": { "@type": LUA } })];
        if let Some(filter) = &listener.filter {
            filters.push(filter.http_filter());
        }
        filters.push(json!({
            "name": "router",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
                "suppress_envoy_headers": true,
            },
        }));
        let mut manager = json!({
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": listener.name,
            "generate_request_id": false,
            "preserve_external_request_id": true,
            "skip_xff_append": true,
            "server_header_transformation": "PASS_THROUGH",
            "normalize_path": false,
            "merge_slashes": false,
            "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
            "proxy_100_continue": true,
            "stream_idle_timeout": "0s",
            "request_timeout": "0s",
            "max_request_headers_kb": 1024,
            "common_http_protocol_options": { "max_headers_count": 1000 },
            "http_protocol_options": { "accept_http_10": true, "enable_trailers": true, "header_key_format": keep_case() },
            "upgrade_configs": [{ "upgrade_type": "websocket" }],
            "http_filters": filters,
            "route_config": self.routes(listener.address),
        });
        if self.tracing {
            manager["tracing"] = tracer();
        }
        manager
    }

    /// One route for every request, and the same again for clients that know only the local address: for them
    /// the Host is set to the upstream's before the filter sees the request, which then knows the provider.
    fn routes(&self, local: SocketAddr) -> Value {
        let mut action = json!({ "cluster": "upstream", "timeout": "0s" });
        if self.upstream.tls {
            action["host_rewrite_literal"] = json!(self.upstream.authority());
        }
        let routes = json!([{ "match": { "prefix": "/" }, "route": action }]);
        let set_host = format!(
            "function envoy_on_request(handle) handle:headers():replace(':authority', '{}') end",
            self.upstream.authority()
        );
        json!({
            // The connection manager adds it to every request and cannot be told not to.
            "request_headers_to_remove": ["x-forwarded-proto"],
            "virtual_hosts": [
                {
                    "name": "local",
                    "domains": local_names(local),
                    "routes": routes,
                    "typed_per_filter_config": { HOST_OF_UPSTREAM: {
                        "@type": LUA_PER_ROUTE,
                        "source_code": { "inline_string": set_host },
                    } },
                },
                { "name": "any", "domains": ["*"], "routes": routes },
            ],
        })
    }
}

impl Filter {
    fn http_filter(&self) -> Value {
        json!({
            "name": "inferspan",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
                "config": {
                    "name": "inferspan",
                    "root_id": "inferspan",
                    "failure_policy": "FAIL_RELOAD",
                    "vm_config": {
                        "vm_id": "inferspan",
                        "runtime": "envoy.wasm.runtime.v8",
                        "code": { "local": { "filename": self.wasm } },
                    },
                    "configuration": {
                        "@type": "type.googleapis.com/google.protobuf.StringValue",
                        "value": self.configuration.to_string(),
                    },
                },
            },
        })
    }
}

impl Upstream {
    /// Plain HTTP to that address.
    pub fn plain(address: SocketAddr) -> Self {
        let host = address.ip().to_string();
        Self { tls: false, host, port: address.port(), path: String::new(), http2: false }
    }

    /// The same in HTTP/2.
    #[must_use]
    pub fn http2(self) -> Self {
        Self { http2: true, ..self }
    }

    /// The Host that a client would send it: the port only where it is not the scheme's own.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == default_port(self.tls) { host } else { format!("{host}:{}", self.port) }
    }
}

impl FromStr for Upstream {
    type Err = anyhow::Error;

    fn from_str(url: &str) -> Result<Self> {
        let uri: Uri = url.parse().with_context(|| format!("`{url}` is no URL"))?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => bail!("`{url}` should begin with https:// or http://"),
        };
        let authority = uri.authority().with_context(|| format!("`{url}` names no host"))?;
        ensure!(
            !authority.as_str().contains('@'),
            "credentials do not belong in a URL; clients send their own"
        );
        ensure!(uri.query().is_none(), "`{url}` should have no query");
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        ensure!(
            !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_:".contains(c)),
            "`{host}` is no host name"
        );
        let port = authority.port_u16().unwrap_or(default_port(tls));
        ensure!(port != 0, "`{url}` should name another port than 0");
        let path = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { tls, host: host.to_owned(), port, path, http2: false })
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", if self.tls { "https" } else { "http" }, self.authority(), self.path)
    }
}

/// The system's bundle of certificate authorities: what `SSL_CERT_FILE` names, or where systems keep it.
pub fn ca_bundle() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from) {
        ensure!(named.is_file(), "the variable SSL_CERT_FILE names {}, which is no file", named.display());
        return Ok(named);
    }
    let known = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ];
    known.iter().map(PathBuf::from).find(|path| path.is_file()).with_context(|| {
        format!(
            "no bundle of certificate authorities found (looked for {}): install ca-certificates or set SSL_CERT_FILE",
            known.join(", ")
        )
    })
}

/// A cluster of that name that leads there.
pub fn cluster(name: &str, upstream: &Upstream) -> Result<Value> {
    let numeric = upstream.host.parse::<IpAddr>().is_ok();
    let many = 65_536;
    let mut cluster = json!({
        "name": name,
        "type": if numeric { "STATIC" } else { "LOGICAL_DNS" },
        "connect_timeout": "10s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{ "lb_endpoints": [{ "endpoint": {
                "address": address(&upstream.host, upstream.port),
            } }] }],
        },
        "circuit_breakers": { "thresholds": [{
            "max_connections": many, "max_pending_requests": many, "max_requests": many,
        }] },
        "typed_extension_protocol_options": { "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            // Shorter than what servers keep an idle connection for (5 s in the shortest of common ones): a
            // request that meets a closing connection would fail.
            "common_http_protocol_options": { "idle_timeout": "4s", "max_headers_count": 1000 },
            "explicit_http_config": if upstream.http2 {
                json!({ "http2_protocol_options": {} })
            } else {
                json!({ "http_protocol_options": { "enable_trailers": true, "header_key_format": keep_case() } })
            },
        } },
    });
    if !numeric {
        cluster["dns_lookup_family"] = json!("ALL");
    }
    if upstream.tls {
        cluster["transport_socket"] = json!({ "name": "tls", "typed_config": tls(upstream, numeric)? });
    }
    Ok(cluster)
}

/// TLS as a careful client speaks it: the chain must lead to an authority of the system, the name must match.
fn tls(upstream: &Upstream, numeric: bool) -> Result<Value> {
    let san_type = if numeric { "IP_ADDRESS" } else { "DNS" };
    let mut context = json!({
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        "common_tls_context": {
            "alpn_protocols": [if upstream.http2 { "h2" } else { "http/1.1" }],
            "validation_context": {
                "trusted_ca": { "filename": ca_bundle()? },
                "match_typed_subject_alt_names": [{ "san_type": san_type, "matcher": { "exact": upstream.host } }],
            },
        },
    });
    if !numeric {
        context["sni"] = json!(upstream.host);
    }
    Ok(context)
}

/// Envoy's own tracer, which writes its span into what goes upstream.
fn tracer() -> Value {
    json!({ "provider": {
        "name": "envoy.tracers.opentelemetry",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
            "service_name": "envoy",
            "http_service": {
                "http_uri": { "uri": "http://collector/v1/traces", "cluster": COLLECTOR, "timeout": "1s" },
            },
        },
    } })
}

fn address(host: &str, port: u16) -> Value {
    json!({ "socket_address": { "address": host, "port_value": port } })
}

fn keep_case() -> Value {
    json!({ "stateful_formatter": {
        "name": "preserve_case",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig",
        },
    } })
}

/// What a client may call the listener. With a port still to be chosen any port will do.
fn local_names(listener: SocketAddr) -> Vec<String> {
    let port = if listener.port() == 0 { "*".to_owned() } else { listener.port().to_string() };
    let mut hosts = vec!["127.0.0.1".to_owned(), "localhost".to_owned(), "[::1]".to_owned()];
    let own = match listener.ip() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    if !hosts.contains(&own) {
        hosts.push(own);
    }
    hosts.into_iter().map(|host| format!("{host}:{port}")).collect()
}

fn default_port(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

const HOST_OF_UPSTREAM: &str = "host_of_upstream";
const LUA: &str = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua";
const LUA_PER_ROUTE: &str = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.LuaPerRoute";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_lead_somewhere() {
        let cases = [
            ("https://api.openai.com", "api.openai.com", "https://api.openai.com"),
            ("https://api.openai.com/v1/", "api.openai.com", "https://api.openai.com/v1"),
            ("http://127.0.0.1:11434", "127.0.0.1:11434", "http://127.0.0.1:11434"),
            ("https://example.com:8443", "example.com:8443", "https://example.com:8443"),
            ("http://[::1]:80", "[::1]", "http://[::1]"),
        ];
        for (url, authority, shown) in cases {
            let upstream: Upstream = url.parse().unwrap();
            assert_eq!(
                (upstream.authority().as_str(), upstream.to_string().as_str()),
                (authority, shown),
                "{url}"
            );
        }
    }

    #[test]
    fn urls_that_do_not() {
        for url in [
            "api.openai.com",
            "ftp://x",
            "https://",
            "https://me:secret@x",
            "http://x?key=1",
            "http://x:0",
            "",
        ] {
            let error = url.parse::<Upstream>().unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn the_local_names_carry_the_port() {
        let names = local_names("0.0.0.0:8080".parse().unwrap());
        assert_eq!(names, ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "0.0.0.0:8080"]);
        let names = local_names("127.0.0.1:0".parse().unwrap());
        assert_eq!(names, ["127.0.0.1:*", "localhost:*", "[::1]:*"]);
    }
}
