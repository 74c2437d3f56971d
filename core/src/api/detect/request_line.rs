//! The parts of a request's headers that tell where it goes.

use crate::api::path;
use crate::headers::Headers;
use crate::json;

/// The pseudo-headers of a request that can be inference.
pub(super) struct RequestLine<'a> {
    pub(super) authority: &'a [u8],
    pub(super) scheme: &'a [u8],
    /// See [`path::of_target`].
    pub(super) path: &'a [u8],
}

impl<'a> RequestLine<'a> {
    /// `None` unless it is a POST.
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

    /// Of any request.
    pub(super) fn of(request: &Headers<'a>) -> Self {
        Self {
            authority: request.get(":authority").or_else(|| request.get("host")).unwrap_or_default(),
            scheme: request.get(":scheme").unwrap_or(b"https"),
            path: request.get(":path").map(path::of_target).unwrap_or_default(),
        }
    }
}

/// An authority taken apart.
pub(super) struct HostName<'a> {
    /// Without the dot at its end that a fully qualified name may have.
    pub(super) name: &'a [u8],
    pub(super) port: Option<u16>,
}

impl<'a> HostName<'a> {
    pub(super) fn new(authority: &'a [u8]) -> Self {
        let name = memchr::memrchr(b'@', authority).and_then(|at| authority.get(at.saturating_add(1)..));
        let authority = name.unwrap_or(authority);
        // An IPv6 address stands in brackets and has colons of its own.
        let (name, port) = match authority.strip_prefix(b"[").and_then(|rest| path::split_once(rest, b']')) {
            Some((name, rest)) => (name, rest.strip_prefix(b":").unwrap_or_default()),
            None => path::split_once(authority, b':').unwrap_or((authority, b"")),
        };
        let name = name.strip_suffix(b".").unwrap_or(name);
        Self { name, port: std::str::from_utf8(port).ok().and_then(|port| port.parse().ok()) }
    }

    /// As `server.address`: names of hosts are alike in any case, so that they are told in one.
    pub(super) fn address(&self) -> String {
        let mut address = json::lossy(self.name).into_owned();
        address.make_ascii_lowercase();
        address
    }
}
