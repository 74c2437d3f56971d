//! One HTTP exchange as the filter chain holds it: both directions, what the filter may see of them at this
//! moment, and what has left for the other side.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use crate::sim::Headers;
use crate::sim::abi::MapType;

pub(crate) struct Stream {
    /// The root context of its plugin.
    pub(crate) root: u32,
    pub(crate) request: Direction,
    pub(crate) response: Direction,
    /// The bytes of a TCP connection that a callback sees.
    pub(crate) downstream_data: Option<Vec<u8>>,
    pub(crate) upstream_data: Option<Vec<u8>>,
    /// `proxy_on_log` runs: the header maps are those of the access log.
    pub(crate) logging: bool,
    /// Whether what the last callback showed was the end of its direction.
    pub(crate) end_of_stream: bool,
    /// What is known of the exchange as a whole.
    pub(crate) info: Info,
}

/// One direction of an exchange.
#[derive(Default)]
pub(crate) struct Direction {
    /// The headers as they are now, from the moment the filter saw them.
    pub(crate) headers: Option<Headers>,
    /// They are reachable: their callback runs, or paused the stream.
    pub(crate) headers_shown: bool,
    pub(crate) trailers: Option<Headers>,
    pub(crate) trailers_shown: bool,
    /// The bytes of the body callback that runs; after one that paused, its stale bytes.
    pub(crate) chunk: Option<Vec<u8>>,
    /// The bytes that paused body callbacks have piled up.
    pub(crate) buffered: Vec<u8>,
    /// The last body callback paused: the next one shows `buffered` as a whole.
    pub(crate) buffering: bool,
    /// Where the filter stopped the direction.
    pub(crate) stopped: Stopped,
    /// What arrived while the headers were stopped, in order.
    pub(crate) held: Held,
    /// The end has been shown to the filter.
    pub(crate) ended: bool,
    /// What has passed the filter.
    pub(crate) sent: Sent,
}

/// Where a direction stands still.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stopped {
    #[default]
    No,
    /// Nothing passes: neither the headers nor what follows.
    AtHeaders,
    /// The body piles up.
    AtBody,
    /// All but the trailers may have passed.
    AtTrailers,
}

#[derive(Default)]
pub(crate) struct Held {
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Option<Headers>,
    pub(crate) end: bool,
}

/// What left the filter chain in one direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// The headers; none if they never left.
    pub headers: Option<Headers>,
    /// All body bytes, in order.
    pub body: Vec<u8>,
    /// The trailers, if there were any.
    pub trailers: Option<Headers>,
    /// The message was completed: a direction that broke off is not.
    pub complete: bool,
}

/// What Envoy calls stream info.
pub(crate) struct Info {
    pub(crate) start: Duration,
    /// When the exchange ended.
    pub(crate) end: Option<Duration>,
    pub(crate) code: Option<u16>,
    pub(crate) code_details: Option<String>,
    /// Envoy's response flags, a bit set.
    pub(crate) flags: u64,
    pub(crate) request_bytes: u64,
    pub(crate) response_bytes: u64,
    /// When the first byte went upstream.
    pub(crate) upstream_first_sent: Option<Duration>,
    /// When the last byte came from upstream.
    pub(crate) upstream_last_received: Option<Duration>,
    /// The upstream's host is known.
    pub(crate) upstream_chosen: bool,
    /// When a connection for the request was found, or none could be.
    pub(crate) pool_ready: Option<Duration>,
    /// The response is made here.
    pub(crate) local: bool,
    pub(crate) attempts: u64,
    pub(crate) connection_id: u64,
    /// What the filter set, by path.
    pub(crate) filter_state: BTreeMap<Vec<u8>, Vec<u8>>,
    /// What the proxy's configuration makes visible, by path.
    pub(crate) attributes: Rc<BTreeMap<Vec<u8>, Vec<u8>>>,
}

impl Stream {
    pub(crate) fn new(root: u32, info: Info) -> Self {
        Self {
            root,
            request: Direction::default(),
            response: Direction::default(),
            downstream_data: None,
            upstream_data: None,
            logging: false,
            end_of_stream: false,
            info,
        }
    }

    /// The map as the filter may read it now.
    pub(crate) fn map(&self, map: MapType) -> Option<&Headers> {
        let shown = |headers: &'_ Option<Headers>, shown: bool| shown && headers.is_some();
        let (direction, trailers) = match map {
            MapType::RequestHeaders => (&self.request, false),
            MapType::RequestTrailers => (&self.request, true),
            MapType::ResponseHeaders => (&self.response, false),
            MapType::ResponseTrailers => (&self.response, true),
            _ => return None,
        };
        if self.logging {
            return match map {
                MapType::RequestTrailers => None,
                _ if trailers => direction.trailers.as_ref(),
                _ => direction.headers.as_ref(),
            };
        }
        if trailers {
            direction.trailers.as_ref().filter(|_| shown(&direction.trailers, direction.trailers_shown))
        } else {
            direction.headers.as_ref().filter(|_| shown(&direction.headers, direction.headers_shown))
        }
    }

    /// The map as the filter may change it now. Asking for the trailers in the last body callback makes
    /// some, as in Envoy.
    pub(crate) fn map_mut(&mut self, map: MapType) -> Option<&mut Headers> {
        let end_of_stream = self.end_of_stream;
        let direction = match map {
            MapType::RequestHeaders | MapType::RequestTrailers => &mut self.request,
            MapType::ResponseHeaders | MapType::ResponseTrailers => &mut self.response,
            _ => return None,
        };
        match map {
            MapType::RequestHeaders | MapType::ResponseHeaders => {
                direction.headers.as_mut().filter(|_| direction.headers_shown)
            }
            _ => {
                if direction.trailers.is_none() && direction.chunk.is_some() && end_of_stream {
                    direction.trailers = Some(Headers::new());
                    direction.trailers_shown = true;
                }
                direction.trailers.as_mut().filter(|_| direction.trailers_shown)
            }
        }
    }
}

impl Direction {
    /// The bytes a body callback sees: this chunk, or all that piled up.
    pub(crate) fn body(&self) -> Option<&[u8]> {
        if self.buffering { Some(&self.buffered) } else { self.chunk.as_deref() }
    }

    pub(crate) fn body_mut(&mut self) -> Option<&mut Vec<u8>> {
        if self.buffering { Some(&mut self.buffered) } else { self.chunk.as_mut() }
    }
}

impl Info {
    /// Something came from upstream, if the request went there: what is known is when the last of it came.
    pub(crate) fn received_from_upstream(&mut self, now: Duration, last: bool) {
        if last && !self.local {
            self.upstream_last_received = self.upstream_first_sent.map(|_| now);
        }
    }

    pub(crate) fn new(
        start: Duration,
        connection_id: u64,
        attributes: Rc<BTreeMap<Vec<u8>, Vec<u8>>>,
    ) -> Self {
        Self {
            start,
            end: None,
            code: None,
            code_details: None,
            flags: 0,
            request_bytes: 0,
            response_bytes: 0,
            upstream_first_sent: None,
            upstream_last_received: None,
            upstream_chosen: false,
            pool_ready: None,
            local: false,
            attempts: 0,
            connection_id,
            filter_state: BTreeMap::new(),
            attributes,
        }
    }
}
