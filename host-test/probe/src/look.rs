//! Looks at everything that could be readable, and logs it: one line a thing.

use crate::abi;

const MAPS: [&str; 8] = [
    "request headers",
    "request trailers",
    "response headers",
    "response trailers",
    "grpc initial metadata",
    "grpc trailing metadata",
    "call response headers",
    "call response trailers",
];

const BUFFERS: [&str; 9] = [
    "request body",
    "response body",
    "downstream data",
    "upstream data",
    "call response body",
    "grpc message",
    "vm configuration",
    "plugin configuration",
    "foreign arguments",
];

/// The properties whose value is the same wherever the probe runs.
const PROPERTIES: [&str; 26] = [
    "request.path",
    "request.url_path",
    "request.query",
    "request.host",
    "request.method",
    "request.scheme",
    "request.id",
    "request.protocol",
    "request.size",
    "request.headers.x-probe",
    "response.code",
    "response.code_details",
    "response.flags",
    "response.size",
    "response.grpc_status",
    "response.headers.content-type",
    "response.trailers.x-trailer",
    "upstream.request_attempt_count",
    "xds.cluster_name",
    "xds.route_name",
    "xds.virtual_host_name",
    "cluster_name",
    "plugin_name",
    "plugin_root_id",
    "plugin_vm_id",
    "probe",
];

/// The properties that are there or not, with a value of the moment.
const MOMENTARY: [&str; 14] = [
    "request.time",
    "request.duration",
    "request.total_size",
    "request.headers",
    "response.headers",
    "response.trailers",
    "response.total_size",
    "response.backend_latency",
    "connection.id",
    "source.address",
    "destination.address",
    "upstream.address",
    "upstream.cx_pool_ready_duration",
    "filter_state.wasm\\.probe",
];

pub(crate) fn look(context: u32, callback: &str, arguments: &[u32]) {
    abi::log(&format!("#{context} {callback}{arguments:?}"));
    for (map, name) in (0..).zip(MAPS) {
        let (pairs, names) = abi::header_names(map);
        let key = names.first().map_or("none", String::as_str);
        let (value, _) = abi::header(map, key);
        abi::log(&format!("#{context}   {name}: pairs {pairs} [{}], value {value}", names.join(" ")));
        // Asking for the size of trailers makes some at the end of a body: only `trailers` does that.
        if map % 2 == 0 {
            abi::log(&format!("#{context}   {name}: size {}", abi::header_map_size(map).0));
        }
    }
    for (buffer, name) in (0..).zip(BUFFERS) {
        let (bytes, content) = abi::buffer(buffer, 0, u32::MAX >> 1);
        let (status, size) = abi::buffer_status(buffer);
        let (past, past_content) = abi::buffer(buffer, 1 << 24, 1);
        let text = content.escape_ascii();
        abi::log(&format!(
            "#{context}   {name}: bytes {bytes} \"{text}\", status {status} {size}, past the end {past} {}",
            past_content.len()
        ));
    }
    for property in PROPERTIES {
        let (status, value) = abi::property(property);
        abi::log(&format!("#{context}   {property}: {status} {}", readable(&value)));
    }
    for property in MOMENTARY {
        let (status, value) = abi::property(property);
        abi::log(&format!(
            "#{context}   {property}: {status} {}",
            if value.is_empty() { "empty" } else { "there" }
        ));
    }
}

/// Text, or the number that eight bytes are.
fn readable(value: &[u8]) -> String {
    match <[u8; 8]>::try_from(value) {
        Ok(number) if value.contains(&0) => i64::from_le_bytes(number).to_string(),
        _ => format!("\"{}\"", value.escape_ascii()),
    }
}
