//! The parts of a request's headers that tell where it goes.

use crate::api::{path, provider};
use crate::headers::Headers;

/// The pseudo-headers of a request that can be inference.
pub(super) struct RequestLine<'a> {
    pub(super) authority: &'a [u8],
    pub(super) scheme: &'a [u8],
    /// See [`path::of_target`].
    pub(super) path: &'a [u8],
}

impl<'a> RequestLine<'a> {
    pub(super) fn read(request: &Headers<'a>) -> Option<Self> {
        let (mut method, mut path, mut authority, mut scheme) = (None, None, None, None);
        for (name, value) in request.iter() {
            match name {
                b":method" if value != b"POST" => return None,
                b":method" => method = Some(value),
                b":path" => path = Some(path::of_target(value)),
                b":authority" => authority = Some(value),
                b":scheme" => scheme = Some(value),
                _ => continue,
            }
            if method.is_some() && path.is_some() && authority.is_some() && scheme.is_some() {
                break;
            }
        }
        method?;
        Some(Self {
            authority: authority.or_else(|| request.get("host")).unwrap_or_default(),
            scheme: scheme.unwrap_or(b"https"),
            path: path?,
        })
    }
}

/// An authority taken apart.
pub(super) struct HostName<'a> {
    pub(super) name: &'a [u8],
    pub(super) port: Option<u16>,
}

impl<'a> HostName<'a> {
    pub(super) fn new(authority: &'a [u8]) -> Self {
        let authority = authority.rsplit(|&b| b == b'@').next().unwrap_or(authority);
        // An IPv6 address stands in brackets and has colons of its own.
        let (name, port) = match authority.strip_prefix(b"[").and_then(|rest| path::split_once(rest, b']')) {
            Some((name, rest)) => (name, rest.strip_prefix(b":").unwrap_or_default()),
            None => path::split_once(authority, b':').unwrap_or((authority, b"")),
        };
        Self { name, port: std::str::from_utf8(port).ok().and_then(|port| port.parse().ok()) }
    }

    pub(super) fn provider(&self, path: &[u8]) -> Option<&'static str> {
        provider::of_host(self.name, path)
    }
}
