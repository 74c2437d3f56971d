//! What arrives, piece by piece through the filter: shown to it first, then let go to the other side.
//!
//! Both directions have the same shape: headers, then any number of body pieces, then perhaps trailers. What the
//! filter stops waits here, in the order in which it arrived, and goes on when the filter says so.

use crate::sim::Headers;
use crate::sim::builder::Position;
use crate::sim::callback::Callback;
use crate::sim::exchange::StreamId;
use crate::sim::fault::{Fault, FaultKind};
use crate::sim::proxy::{Place, Proxy, count, length};
use crate::sim::stream::{Direction, Stopped, Stream};
use crate::sim::vm::describe;

/// Envoy's code details for a request of which too much piled up.
pub(crate) const REQUEST_TOO_LARGE: &str = "request_payload_too_large";

/// Continue; everything else stops the stream.
const CONTINUE: u32 = 0;
const PAUSE: u32 = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Request,
    Response,
}

/// What the filter decided about a piece.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Passes,
    Pauses,
    /// Neither passes nor is kept: a local response takes over.
    Dropped,
}

impl Proxy {
    pub(crate) fn headers(
        &mut self,
        id: StreamId,
        way: Way,
        headers: Headers,
        end: bool,
    ) -> Result<(), Fault> {
        let now = self.now();
        let upstream_filter = self.options.position == Position::Upstream;
        let Some(stream) = self.stream_mut(id) else { return Ok(()) };
        if way == Way::Response {
            // An upstream filter sees the response before the exchange has it.
            if !upstream_filter {
                stream.info.code = code_of(&headers);
            }
            stream.info.received_from_upstream(now, end);
        }
        stream.end_of_stream = end;
        let pairs = count(&headers);
        let direction = stream.way(way);
        direction.headers = Some(headers);
        direction.headers_shown = true;
        direction.ended = end;
        let callback = if way == Way::Request { Callback::RequestHeaders } else { Callback::ResponseHeaders };
        let verdict = self.show(id, callback, &[pairs, end.into()])?;
        if let Some(direction) = self.direction(id, way) {
            match verdict {
                Verdict::Passes => direction.headers_shown = false,
                Verdict::Pauses | Verdict::Dropped => direction.stopped = Stopped::AtHeaders,
            }
        }
        self.after(id)?;
        if verdict == Verdict::Passes {
            self.release(id, way)?;
        }
        Ok(())
    }

    pub(crate) fn body(&mut self, id: StreamId, way: Way, bytes: &[u8], end: bool) -> Result<(), Fault> {
        let now = self.now();
        let limit = self.options.buffer_limit;
        let Some(stream) = self.stream_mut(id) else { return Ok(()) };
        match way {
            Way::Request => stream.info.request_bytes += bytes.len() as u64,
            // Behind a decompressor a piece of no bytes means that all has come, but not that all was shown.
            Way::Response => stream.info.received_from_upstream(now, end || bytes.is_empty()),
        }
        stream.end_of_stream = end;
        let direction = stream.way(way);
        if direction.stopped == Stopped::AtHeaders {
            direction.held.body.extend_from_slice(bytes);
            direction.held.end |= end;
            return Ok(());
        }
        direction.ended = end;
        if direction.buffering {
            direction.buffered.extend_from_slice(bytes);
            let over = direction.buffered.len() > limit;
            match way {
                Way::Response if over => return self.over_the_limit(id, way),
                // A request is shown to the filter once more, when it is refused already.
                Way::Request if over => {
                    stream.info.code = Some(413);
                    stream.info.code_details = Some(REQUEST_TOO_LARGE.to_owned());
                }
                _ => {}
            }
        }
        let direction = stream.way(way);
        direction.chunk = Some(bytes.to_vec());
        let size = length(direction.body().map_or(0, <[u8]>::len));
        let callback = if way == Way::Request { Callback::RequestBody } else { Callback::ResponseBody };
        let verdict = self.show(id, callback, &[size, end.into()])?;
        let Some(direction) = self.direction(id, way) else { return self.after(id) };
        let was_buffering = std::mem::take(&mut direction.buffering);
        match verdict {
            Verdict::Passes => {
                let chunk = direction.chunk.take().unwrap_or_default();
                if !was_buffering {
                    direction.buffered.extend_from_slice(&chunk);
                }
                if direction.stopped == Stopped::AtBody {
                    direction.stopped = Stopped::No;
                }
            }
            Verdict::Pauses => {
                if !was_buffering {
                    // The stale piece stays visible, as in Envoy.
                    direction.buffered.extend(direction.chunk.iter().flatten());
                }
                direction.buffering = true;
                direction.stopped = Stopped::AtBody;
                if direction.buffered.len() > limit {
                    self.after(id)?;
                    return self.over_the_limit(id, way);
                }
            }
            Verdict::Dropped => {}
        }
        self.after(id)?;
        if verdict == Verdict::Passes {
            self.release(id, way)?;
        }
        Ok(())
    }

    pub(crate) fn trailers(&mut self, id: StreamId, way: Way, trailers: Headers) -> Result<(), Fault> {
        let now = self.now();
        let Some(stream) = self.stream_mut(id) else { return Ok(()) };
        if way == Way::Response {
            stream.info.received_from_upstream(now, true);
        }
        let direction = stream.way(way);
        if direction.stopped == Stopped::AtHeaders {
            direction.held.trailers = Some(trailers);
            return Ok(());
        }
        let pairs = count(&trailers);
        direction.trailers = Some(trailers);
        direction.trailers_shown = true;
        direction.ended = true;
        let callback =
            if way == Way::Request { Callback::RequestTrailers } else { Callback::ResponseTrailers };
        let verdict = self.show(id, callback, &[pairs])?;
        if let Some(direction) = self.direction(id, way) {
            match verdict {
                Verdict::Passes => {
                    direction.trailers_shown = false;
                    direction.stopped = Stopped::No;
                }
                Verdict::Pauses | Verdict::Dropped => direction.stopped = Stopped::AtTrailers,
            }
        }
        self.after(id)?;
        if verdict == Verdict::Passes {
            self.release(id, way)?;
        }
        Ok(())
    }

    /// Shows a piece to the filter.
    fn show(&mut self, id: StreamId, callback: Callback, arguments: &[u32]) -> Result<Verdict, Fault> {
        let strict = self.options.strict;
        let Some(Place { vm, context: Some(context), .. }) = self.streams.get(&id).copied() else {
            return Ok(Verdict::Passes);
        };
        let action = self.call(vm, callback, context, arguments)?;
        let Some(vm) = self.vm(vm) else { return Ok(Verdict::Passes) };
        let state = vm.state();
        if state.stop_iteration {
            return Ok(Verdict::Dropped);
        }
        match action {
            None | Some(CONTINUE) => Ok(Verdict::Passes),
            // What closes or answers the stream may well stop it.
            Some(_) if strict && state.deferred.is_empty() => {
                Err(vm.account(FaultKind::Paused, describe(callback, context, arguments), Vec::new()))
            }
            Some(PAUSE) => Ok(Verdict::Pauses),
            Some(_) => Ok(Verdict::Dropped),
        }
    }

    /// Lets everything that waits in this direction leave, and ends the stream if that was the last.
    fn release(&mut self, id: StreamId, way: Way) -> Result<(), Fault> {
        let now = self.now();
        let tracer = self.options.tracer.clone().filter(|_| way == Way::Request);
        let Some(stream) = self.stream_mut(id) else { return Ok(()) };
        if way == Way::Request {
            stream.info.upstream_first_sent.get_or_insert(now);
            stream.info.upstream_chosen = true;
            stream.info.pool_ready.get_or_insert(now);
            stream.info.attempts = 1;
        } else if stream.info.code.is_none() {
            stream.info.code = stream.response.headers.as_ref().and_then(code_of);
        }
        let direction = stream.way(way);
        if direction.sent.headers.is_none() {
            if let (Some(tracer), Some(headers)) = (tracer, &mut direction.headers) {
                headers.set("traceparent", tracer);
            }
            direction.sent.headers.clone_from(&direction.headers);
            if let Some(headers) = &mut direction.headers {
                // What concerns one connection alone is not in the access log.
                headers.remove("transfer-encoding");
                headers.remove("connection");
            }
        }
        let body = std::mem::take(&mut direction.buffered);
        direction.sent.body.extend_from_slice(&body);
        if direction.ended && direction.stopped == Stopped::No {
            direction.sent.trailers.clone_from(&direction.trailers);
            direction.sent.complete = true;
        }
        let complete = direction.sent.complete;
        if way == Way::Response {
            stream.info.response_bytes += body.len() as u64;
            if complete {
                return self.finish(id);
            }
        }
        Ok(())
    }

    /// `proxy_continue_stream`: what the filter stopped goes on from where it stands.
    pub(crate) fn resume(&mut self, id: StreamId, way: Way) -> Result<(), Fault> {
        let Some(direction) = self.direction(id, way) else { return Ok(()) };
        let stopped = std::mem::take(&mut direction.stopped);
        if stopped == Stopped::No {
            return Ok(());
        }
        direction.headers_shown = false;
        direction.trailers_shown = false;
        let held = std::mem::take(&mut direction.held);
        self.release(id, way)?;
        // What came after stopped headers has not been shown yet.
        if !held.body.is_empty() || held.end {
            self.body(id, way, &held.body, held.end)?;
        }
        match held.trailers {
            Some(trailers) => self.trailers(id, way, trailers),
            None => Ok(()),
        }
    }

    fn direction(&mut self, id: StreamId, way: Way) -> Option<&mut Direction> {
        self.stream_mut(id).map(|stream| stream.way(way))
    }
}

impl Stream {
    fn way(&mut self, way: Way) -> &mut Direction {
        match way {
            Way::Request => &mut self.request,
            Way::Response => &mut self.response,
        }
    }
}

fn code_of(headers: &Headers) -> Option<u16> {
    headers.get_str(":status")?.parse().ok()
}
