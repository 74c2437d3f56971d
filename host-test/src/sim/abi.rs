//! The words of Proxy-Wasm ABI 0.2.1 on the wire: statuses, maps, buffers, levels, serialised pairs.

use std::fmt;

use crate::sim::Headers;

/// What a host call answers.
///
/// `BadExpression` (5), `ResultMismatch` (9) and `BrokenConnection` (11) exist in Envoy's host library but
/// are not answers of any call this host offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
#[allow(missing_docs, reason = "the names are the specification's")]
pub enum Status {
    Ok = 0,
    NotFound = 1,
    BadArgument = 2,
    SerializationFailure = 3,
    ParseFailure = 4,
    InvalidMemoryAccess = 6,
    Empty = 7,
    CasMismatch = 8,
    InternalFailure = 10,
    Unimplemented = 12,
}

/// A log level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are the specification's")]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Critical,
}

/// A header, trailer or metadata map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum MapType {
    RequestHeaders,
    RequestTrailers,
    ResponseHeaders,
    ResponseTrailers,
    GrpcInitialMetadata,
    GrpcTrailingMetadata,
    CallResponseHeaders,
    CallResponseTrailers,
}

/// A buffer of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum BufferType {
    RequestBody,
    ResponseBody,
    DownstreamData,
    UpstreamData,
    CallResponseBody,
    GrpcMessage,
    VmConfiguration,
    PluginConfiguration,
    ForeignArguments,
}

/// The kind of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum MetricType {
    Counter,
    Gauge,
    Histogram,
}

impl LogLevel {
    pub(crate) fn from_abi(level: u32) -> Option<Self> {
        const ALL: [LogLevel; 6] = [
            LogLevel::Trace,
            LogLevel::Debug,
            LogLevel::Info,
            LogLevel::Warn,
            LogLevel::Error,
            LogLevel::Critical,
        ];
        ALL.get(level as usize).copied()
    }
}

impl MapType {
    pub(crate) fn from_abi(map: u32) -> Option<Self> {
        const ALL: [MapType; 8] = [
            MapType::RequestHeaders,
            MapType::RequestTrailers,
            MapType::ResponseHeaders,
            MapType::ResponseTrailers,
            MapType::GrpcInitialMetadata,
            MapType::GrpcTrailingMetadata,
            MapType::CallResponseHeaders,
            MapType::CallResponseTrailers,
        ];
        ALL.get(map as usize).copied()
    }
}

impl BufferType {
    pub(crate) fn from_abi(buffer: u32) -> Option<Self> {
        const ALL: [BufferType; 9] = [
            BufferType::RequestBody,
            BufferType::ResponseBody,
            BufferType::DownstreamData,
            BufferType::UpstreamData,
            BufferType::CallResponseBody,
            BufferType::GrpcMessage,
            BufferType::VmConfiguration,
            BufferType::PluginConfiguration,
            BufferType::ForeignArguments,
        ];
        ALL.get(buffer as usize).copied()
    }
}

impl MetricType {
    pub(crate) fn from_abi(metric: u32) -> Option<Self> {
        [Self::Counter, Self::Gauge, Self::Histogram].get(metric as usize).copied()
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        })
    }
}

/// Guest memory holds at most this many bytes of pairs; what is longer reads as an empty map, as in Envoy.
const MAX_PAIRS_BYTES: usize = 1024 * 1024;
/// And at most this many pairs.
const MAX_PAIRS: usize = 1024;

/// `u32 n`, n × (`u32 key length`, `u32 value length`), n × (key, NUL, value, NUL); nothing for an empty map.
pub(crate) fn encode_pairs(headers: &Headers) -> Vec<u8> {
    if headers.is_empty() {
        return Vec::new();
    }
    let mut bytes =
        Vec::with_capacity(4 + headers.iter().map(|(k, v)| k.len() + v.len() + 10).sum::<usize>());
    bytes.extend(length(headers.len()));
    for (key, value) in headers.iter() {
        bytes.extend(length(key.len()));
        bytes.extend(length(value.len()));
    }
    for (key, value) in headers.iter() {
        bytes.extend_from_slice(key);
        bytes.push(0);
        bytes.extend_from_slice(value);
        bytes.push(0);
    }
    bytes
}

/// What a guest serialised. Too long, too many or malformed is an empty map, as Envoy takes it.
pub(crate) fn decode_pairs(bytes: &[u8]) -> Headers {
    if bytes.len() > MAX_PAIRS_BYTES {
        return Headers::new();
    }
    try_decode_pairs(bytes).unwrap_or_default()
}

fn try_decode_pairs(bytes: &[u8]) -> Option<Headers> {
    let (count, mut lengths) = take_u32(bytes)?;
    if count > MAX_PAIRS {
        return None;
    }
    let mut pairs = lengths.get(count.checked_mul(8)?..)?;
    let mut headers = Headers::new();
    for _ in 0..count {
        let (key_length, rest) = take_u32(lengths)?;
        let (value_length, rest) = take_u32(rest)?;
        lengths = rest;
        let key = pairs.get(..key_length)?;
        let value_start = key_length.checked_add(1)?;
        let value_end = value_start.checked_add(value_length)?;
        headers.add(key, pairs.get(value_start..value_end)?);
        pairs = pairs.get(value_end.checked_add(1)?..)?;
    }
    Some(headers)
}

fn take_u32(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((usize::try_from(u32::from_le_bytes(*number)).ok()?, rest))
}

fn length(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_survive_the_way_there_and_back() {
        let headers = Headers::from([(":method", "POST"), ("x-a", ""), ("x-a", "2")]);
        assert_eq!(decode_pairs(&encode_pairs(&headers)), headers);
        assert_eq!(encode_pairs(&Headers::new()), b"");
    }

    #[test]
    fn malformed_pairs_are_an_empty_map() {
        let whole = encode_pairs(&Headers::from([("key", "value")]));
        for end in 0..whole.len() {
            assert_eq!(decode_pairs(&whole[..end]), Headers::new(), "cut at {end}");
        }
        assert_eq!(decode_pairs(&[0xff; 64]), Headers::new());
    }
}
