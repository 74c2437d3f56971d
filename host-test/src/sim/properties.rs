//! Envoy's attributes: what `proxy_get_property` finds, moment by moment.
//!
//! The request's and response's own attributes follow from the stream; those of the connection, the route and
//! the node are the proxy's configuration ([`ProxyBuilder::attribute`](crate::sim::ProxyBuilder::attribute)).

use std::time::Duration;

use crate::sim::Headers;
use crate::sim::abi::{MapType, encode_pairs};
use crate::sim::state::VmState;
use crate::sim::stream::Stream;

/// The attribute at a path of NUL-separated segments, serialised.
pub(crate) fn get(state: &VmState, path: &[u8]) -> Option<Vec<u8>> {
    let segments: Vec<&[u8]> = path.split(|byte| *byte == 0).collect();
    let stream = state.stream();
    if let Some(value) = stream.and_then(|stream| attribute(stream, path, &segments)) {
        return Some(value);
    }
    match segments.as_slice() {
        [b"plugin_name"] => state.root().map(|root| root.plugin.name.clone().into_bytes()),
        [b"plugin_root_id"] => state.root().map(|root| root.plugin.root_id.clone().into_bytes()),
        [b"plugin_vm_id"] => Some(state.vm_id.clone().into_bytes()),
        // Envoy's node is known in root contexts, too.
        [b"xds", b"node", ..] => state.attributes.get(path).cloned(),
        _ => None,
    }
}

fn attribute(stream: &Stream, path: &[u8], segments: &[&[u8]]) -> Option<Vec<u8>> {
    let info = &stream.info;
    match segments {
        [b"request", name @ ..] => request(stream, name),
        [b"response", name @ ..] => response(stream, name),
        [b"connection_id"] | [b"connection", b"id"] => Some(number(info.connection_id)),
        [b"upstream", b"request_attempt_count"] => Some(number(info.attempts)),
        [b"upstream", b"cx_pool_ready_duration"] => {
            info.pool_ready.map(|ready| duration(ready.saturating_sub(info.start)))
        }
        [b"upstream", ..] if !info.upstream_chosen => None,
        [b"filter_state", name] => {
            let name = name.strip_prefix(b"wasm.")?;
            info.filter_state.get(name).cloned()
        }
        _ => info.attributes.get(path).or_else(|| info.filter_state.get(path)).cloned(),
    }
}

fn request(stream: &Stream, name: &[&[u8]]) -> Option<Vec<u8>> {
    let info = &stream.info;
    let headers = stream.map(MapType::RequestHeaders);
    let header = |name: &str| headers?.get(name).map(<[u8]>::to_vec);
    let path = || header(":path");
    let headers_size = headers.map_or(0, Headers::byte_size) as u64;
    match name {
        [b"headers"] => Some(map(headers)),
        [b"headers", name] => headers?.get(name).map(<[u8]>::to_vec),
        [b"headers_bytes"] => Some(number(headers_size)),
        [b"time"] => Some(duration(info.start)),
        [b"duration"] => Some(duration(info.end?.saturating_sub(info.start))),
        [b"size"] => match headers.and_then(|headers| headers.get_str("content-length")) {
            Some(length) => length.parse().ok().map(number),
            None => Some(number(info.request_bytes)),
        },
        [b"total_size"] => Some(number(info.request_bytes + headers_size)),
        [b"protocol"] => Some(b"HTTP/1.1".to_vec()),
        [b"path"] => path(),
        [b"url_path"] => headers.map(|_| before(&path().unwrap_or_default(), b'?').to_vec()),
        [b"query"] => headers.map(|_| {
            let path = path().unwrap_or_default();
            let query = path.splitn(2, |byte| *byte == b'?').nth(1).unwrap_or_default();
            before(query, b'#').to_vec()
        }),
        [b"host"] => header(":authority"),
        [b"scheme"] => header(":scheme"),
        [b"method"] => header(":method"),
        [b"referer"] => header("referer"),
        [b"id"] => header("x-request-id"),
        [b"useragent"] => header("user-agent"),
        _ => None,
    }
}

fn response(stream: &Stream, name: &[&[u8]]) -> Option<Vec<u8>> {
    let info = &stream.info;
    let headers = stream.map(MapType::ResponseHeaders);
    let trailers = stream.map(MapType::ResponseTrailers);
    let headers_size = headers.map_or(0, Headers::byte_size) as u64;
    let trailers_size = trailers.map_or(0, Headers::byte_size) as u64;
    match name {
        [b"code"] => info.code.map(|code| number(code.into())),
        [b"code_details"] => info.code_details.clone().map(String::into_bytes),
        [b"flags"] => Some(number(info.flags)),
        [b"size"] => Some(number(info.response_bytes)),
        [b"total_size"] => Some(number(info.response_bytes + headers_size + trailers_size)),
        [b"headers"] => Some(map(headers)),
        [b"headers", name] => headers?.get(name).map(<[u8]>::to_vec),
        [b"headers_bytes"] => Some(number(headers_size)),
        [b"trailers"] => Some(map(trailers)),
        [b"trailers", name] => trailers?.get(name).map(<[u8]>::to_vec),
        [b"grpc_status"] => {
            let status = trailers.into_iter().chain(headers).find_map(|map| map.get_str("grpc-status"));
            let status = status.and_then(|status| status.parse().ok());
            status.or_else(|| info.code.map(grpc_status_of)).map(number)
        }
        [b"backend_latency"] => {
            Some(duration(info.upstream_last_received?.saturating_sub(info.upstream_first_sent?)))
        }
        _ => None,
    }
}

/// What a response without a gRPC status of its own counts as.
fn grpc_status_of(code: u16) -> u64 {
    match code {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502 | 503 | 504 => 14,
        _ => 2,
    }
}

/// An empty map property is four zero bytes, where an empty header map is none at all.
fn map(headers: Option<&Headers>) -> Vec<u8> {
    match headers {
        Some(headers) if !headers.is_empty() => encode_pairs(headers),
        _ => vec![0; 4],
    }
}

fn before(text: &[u8], end: u8) -> &[u8] {
    text.split(|byte| *byte == end).next().unwrap_or_default()
}

fn number(number: u64) -> Vec<u8> {
    number.to_le_bytes().to_vec()
}

/// Nanoseconds; a time is the duration since the Unix epoch.
fn duration(duration: Duration) -> Vec<u8> {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX).to_le_bytes().to_vec()
}
