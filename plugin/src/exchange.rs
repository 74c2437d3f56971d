//! One HTTP exchange: hands what passes to the core, and makes one span of the call at its end.
//!
//! Every callback answers Continue. Traffic that is no LLM call costs one look at its request headers; every
//! later callback returns at once. The end comes with `on_log`, or, for a filter in a cluster's own chain, with
//! `on_done` alone; whichever comes first ends the exchange, once.

use std::cell::RefMut;
use std::rc::Rc;

use inferspan_core::call::{Call, End};
use inferspan_core::config::Parent;
use inferspan_core::exchange::{Dismissed, Ended, Exchange, Unsettled};
use inferspan_core::headers::Headers;
use inferspan_core::otlp::outbox::Signal;
use inferspan_core::otlp::{log, span};
use inferspan_core::sampling::{Marks, Sampler};
use inferspan_core::signal::Span;
use inferspan_core::time::UnixNanos;
use inferspan_core::trace_context::{self, Incoming, Position, SpanIds};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

use crate::console;
use crate::filter_state;
use crate::host::{self, Buffer, Level, Map};
use crate::live::Entry;
use crate::root::{Settings, Shared, State};
use crate::routing::{self, Routing};
use crate::stats::Stat;

/// The context of one HTTP stream.
#[derive(Debug)]
pub(crate) struct Stream {
    shared: Rc<Shared>,
    /// `None` for traffic that is no LLM call, and after the end.
    live: Option<Rc<Entry<Live>>>,
}

/// An LLM call under observation.
#[derive(Debug)]
pub(crate) struct Live {
    course: Course,
    settings: Rc<Settings>,
    position: Position,
    /// The spans that the client's headers name.
    client: SpanIds,
    /// What sampling asks of the client's headers.
    marks: Marks,
    /// What the rules of content ask of them.
    content_marks: Marks,
    /// When the request began.
    start: UnixNanos,
    /// When the response's last byte passed.
    ended: Option<UnixNanos>,
}

/// How far an exchange has come.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are open, and each is in an allocation of its own")]
enum Course {
    Open(Exchange),
    /// Its answer has passed, and its facts were needed at once; `None` where it is no LLM call.
    Over(Result<Box<Ended>, Dismissed>),
}

impl Stream {
    pub(crate) fn new(shared: Rc<Shared>) -> Self {
        Self { shared, live: None }
    }

    /// The exchange, where there is one, because something happens in it.
    fn live(&self) -> Option<RefMut<'_, Live>> {
        self.live.as_ref()?.touch()
    }

    /// Ends the exchange. `logging` says that this is `on_log`, where the request that was sent can be seen.
    fn finish(&mut self, logging: bool) {
        let Some(live) = self.live.take().and_then(|live| self.shared.let_go(live)) else { return };
        let Live { mut course, settings, mut position, client, marks, content_marks, ended, .. } = live;
        // The exchange goes on as another stream, which is the one to tell of.
        if let Course::Open(exchange) = &course
            && exchange.status().is_none()
            && is_redirected()
        {
            return;
        }
        let (end, now) = match (&course, ended) {
            (Course::Open(exchange), Some(at)) => (stood_in(exchange.status()).unwrap_or(End::Complete), at),
            (Course::Over(_), Some(at)) => (End::Complete, at),
            (_, None) => (how_it_broke_off(), host::now()),
        };
        let mut settle = |sent: Option<&Headers<'_>>| {
            let unsettled: &mut dyn Unsettled = match &mut course {
                Course::Open(exchange) => exchange,
                Course::Over(Ok(ended)) => &mut **ended,
                Course::Over(Err(_)) => return,
            };
            match sent {
                Some(sent) => settings.observer.settle(unsettled, &Routing, sent),
                None => settings.observer.settle_as_seen(unsettled, &Routing),
            }
        };
        if logging {
            self.shared.with(|state| {
                host::headers(Map::Request, &mut state.scratch, |sent| {
                    settle(Some(sent));
                    if settings.parent == Parent::Auto {
                        position.follow_proxy(client, sent);
                    }
                });
            });
        } else {
            settle(None);
        }
        let call = match course {
            Course::Open(exchange) => exchange.conclude(end, now),
            Course::Over(ended) => ended.and_then(|ended| ended.finish()),
        };
        let ready = self.shared.with(|state| {
            match call {
                Err(why) => {
                    state.stats.count(Stat::ExchangesDismissed);
                    host::log(Level::Debug, why.reason());
                }
                Ok(mut call) => {
                    if call.content.is_some()
                        && !settings.observer.tells_content(&call, content_marks, &Routing)
                    {
                        call.content = None;
                    }
                    tell(call, position, marks, &settings, now, logging, state);
                }
            }
            state.stream_ended(now)
        });
        if ready == Some(true) {
            self.shared.send();
        }
    }
}

/// Tells of a call that is over: what it adds to counters and metrics, its log events, and its span if it is sampled.
fn tell(
    mut call: Call,
    mut position: Position,
    marks: Marks,
    settings: &Settings,
    now: UnixNanos,
    logging: bool,
    state: &mut State,
) {
    let State { stats, exporter, metering, .. } = state;
    let conventions = &settings.conventions;
    stats.count_outcome(call.outcome);
    if settings.prices.apply(&mut call).is_err() {
        stats.count(Stat::CallsUnpriced);
    }
    if logging {
        filter_state::tell(&call, &settings.filter_state);
    }
    settings.sampler.decide(&call, &position, marks, &Routing).apply(&mut position);
    let (sampled, logged) = (position.is_sampled(), exporter.takes(Signal::Logs));
    if !sampled && settings.observer.tells_content_of_sampled_calls_only() {
        call.content = None;
    }
    let told = settings.console.tells(call.error.is_some());
    if logged || told || (sampled && exporter.takes(Signal::Traces)) {
        call.proxy = routing::facts(&settings.envoy_attributes);
        settings.observer.add_metadata(&mut call, &Routing);
    }
    if let Some(metering) = metering {
        metering.record(&call, &position, conventions, now, stats);
    }
    let mut cut = 0_u32;
    if logged {
        conventions.logs(&call, &mut |event| {
            exporter.push(Signal::Logs, now, 1, stats, |out| {
                cut = cut.saturating_add(log::encode(event, &position.context, now, out));
            });
        });
    }
    if sampled {
        exporter.push(Signal::Traces, now, 1, stats, |out| {
            cut = cut.saturating_add(span::encode(&Span::new(&call, &position, conventions), out));
        });
    } else {
        stats.count(Stat::SpansUnsampled);
    }
    if told {
        let mut line = Vec::new();
        cut = cut.saturating_add(span::encode(&Span::new(&call, &position, conventions), &mut line));
        stats.add(Stat::ConsoleLines, console::write(&line));
    }
    call.losses.truncated_values = call.losses.truncated_values.saturating_add(cut);
    stats.count_losses(&call.losses);
}

impl Context for Stream {
    fn on_done(&mut self) -> bool {
        self.finish(false);
        true
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, end_of_stream: bool) -> Action {
        let begun = self.shared.with(|state| {
            let mut live = begin(state)?;
            if end_of_stream {
                let start = live.start;
                live.open(|exchange| exchange.request_end(start));
            }
            Some(state.admit(live))
        });
        self.live = begun.flatten();
        Action::Continue
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if let Some(mut live) = self.live() {
            // Only the request's end is timed, so only there is the clock worth its call.
            let now = if end_of_stream { host::now() } else { live.start };
            live.open(|exchange| {
                let whole = each_piece(Buffer::RequestBody, size, |piece| exchange.request_body(piece, now));
                if !whole {
                    exchange.request_missed();
                }
                if end_of_stream {
                    exchange.request_end(now);
                }
            });
        }
        Action::Continue
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        if let Some(mut live) = self.live() {
            live.open(|exchange| exchange.request_end(host::now()));
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, end_of_stream: bool) -> Action {
        if let Some(mut live) = self.live() {
            let now = host::now();
            self.shared.with(|state| {
                host::headers(Map::Response, &mut state.scratch, |headers| {
                    live.open(|exchange| exchange.response_headers(headers, now));
                });
            });
            if end_of_stream {
                live.answered(now);
            }
        }
        Action::Continue
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if let Some(mut live) = self.live() {
            let now = host::now();
            live.open(|exchange| {
                let whole =
                    each_piece(Buffer::ResponseBody, size, |piece| exchange.response_body(piece, now));
                if !whole {
                    exchange.response_missed();
                }
            });
            if end_of_stream {
                live.answered(now);
            }
        }
        Action::Continue
    }

    fn on_http_response_trailers(&mut self, _: usize) -> Action {
        if let Some(mut live) = self.live() {
            live.answered(host::now());
        }
        Action::Continue
    }

    fn on_log(&mut self) {
        self.finish(true);
    }
}

impl Live {
    /// Lets go of what reading its bodies holds; what is known stays.
    pub(crate) fn shed(&mut self) {
        self.open(Exchange::shed);
    }

    /// Shows what passes, as long as it is not over.
    fn open(&mut self, see: impl FnOnce(&mut Exchange)) {
        if let Course::Open(exchange) = &mut self.course {
            see(exchange);
        }
    }

    /// The answer's last byte has passed.
    fn answered(&mut self, now: UnixNanos) {
        self.ended = Some(now);
        if !self.settings.filter_state.is_empty() {
            self.tell_early(now);
        }
    }

    /// Tells Envoy the facts that it asks for before it finishes its own span.
    #[cold]
    fn tell_early(&mut self, now: UnixNanos) {
        // Whether an answer of such a status was Envoy's own is only known in the end.
        let Course::Open(exchange) = &self.course else { return };
        if may_stand_in(exchange.status()) {
            return;
        }
        let over = Course::Over(Err(Dismissed::NoInference));
        let Course::Open(exchange) = std::mem::replace(&mut self.course, over) else { return };
        let ended = exchange.end(End::Complete, now).map(Box::new);
        if let Ok(Ok(mut call)) = ended.as_deref().map(|ended| ended.clone().finish()) {
            let _ = self.settings.prices.apply(&mut call);
            filter_state::tell(&call, &self.settings.filter_state);
        }
        self.course = Course::Over(ended);
    }
}

/// Looks at the request's headers: `None` for what is no LLM call.
fn begin(state: &mut State) -> Option<Live> {
    let State { settings, ids, scratch, .. } = state;
    if settings.disabled {
        return None;
    }
    let start = host::now();
    host::headers(Map::Request, scratch, |headers| {
        let exchange = settings.observer.begin_behind(&Routing, headers, start)?;
        let incoming = Incoming::read(headers);
        let (client, has_traceparent) = (incoming.span_ids(), incoming.has_traceparent());
        let span = ids.span();
        let position = incoming.position(span, || ids.trace(), |trace| settings.sampler.head(trace));
        if settings.propagate {
            propagate(&position, &settings.sampler, headers, has_traceparent);
        }
        let marks = settings.sampler.marks(headers);
        let content_marks = settings.observer.content_marks(headers);
        let settings = Rc::clone(settings);
        let course = Course::Open(exchange);
        Some(Live { course, settings, position, client, marks, content_marks, start, ended: None })
    })
}

/// Sends our own context upstream, as far as it is known by now. A `tracestate` that belonged to no valid `traceparent`
/// goes with it no longer.
fn propagate(position: &Position, sampler: &Sampler, headers: &Headers<'_>, has_traceparent: bool) {
    let mut sent = position.clone();
    sampler.decide_head(position).apply(&mut sent);
    let written = host::set_request_header("traceparent", &trace_context::traceparent(&sent.context));
    if written.is_err() || has_traceparent {
        return;
    }
    let state = sent.context.trace_state().header();
    if !state.is_empty() {
        let _ = host::set_request_header("tracestate", state.as_bytes());
    } else if headers.get("tracestate").is_some() {
        let _ = host::remove_request_header("tracestate");
    }
}

/// What cut an exchange, by Envoy's response flags.
fn how_it_broke_off() -> End {
    let Ok(flags) = host::property("response\0flags") else { return End::Unknown };
    let flags = flags.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let any = |bits: &[u32]| bits.iter().any(|bit| flags.checked_shr(*bit).is_some_and(|f| f & 1 == 1));
    // A timeout resets the stream towards both sides, so it is asked for first; a client that leaves resets the
    // upstream, which is not told as the upstream's doing.
    if any(&[UPSTREAM_REQUEST_TIMEOUT, STREAM_IDLE_TIMEOUT, UPSTREAM_MAX_DURATION, DURATION_TIMEOUT]) {
        End::Timeout
    } else if any(&[DOWNSTREAM_TERMINATION, DOWNSTREAM_PROTOCOL_ERROR, DOWNSTREAM_RESET]) {
        End::ClientGone
    } else if any(UPSTREAM) {
        End::UpstreamGone
    } else {
        End::Unknown
    }
}

/// Whether Envoy followed a redirect of the upstream by itself.
fn is_redirected() -> bool {
    host::property("response\0code_details").is_ok_and(|details| details == b"internal_redirect")
}

/// Whether a whole answer of this status was Envoy's own, given in the upstream's stead. Few answers have such
/// a status, so hardly any exchange pays for the look.
fn stood_in(status: Option<u16>) -> Option<End> {
    if !may_stand_in(status) {
        return None;
    }
    let details = host::property("response\0code_details").ok()?;
    if details.is_empty() || details == b"via_upstream" {
        return None;
    }
    match how_it_broke_off() {
        End::Timeout => Some(End::StoodInForTimeout),
        End::UpstreamGone => Some(End::StoodIn),
        // Another filter's reply, a route that is missing: an error like any other.
        _ => None,
    }
}

fn may_stand_in(status: Option<u16>) -> bool {
    matches!(status, Some(408 | 502..=504))
}

/// Shows `size` bytes of a body, in pieces that bound what this VM allocates. Whether they could all be had.
fn each_piece(buffer: Buffer, size: usize, mut see: impl FnMut(&[u8])) -> bool {
    let mut start = 0_usize;
    while start < size {
        match host::buffer(buffer, start, size.saturating_sub(start).min(MAX_PIECE)) {
            Ok(piece) if !piece.is_empty() => {
                see(&piece);
                start = start.saturating_add(piece.len());
            }
            _ => return false,
        }
    }
    true
}

/// Bytes of a body that are read at a time. Envoy hands up to a megabyte over at once.
const MAX_PIECE: usize = 128 << 10;

// Bits of `response.flags`: the order of Envoy's `CoreResponseFlag`.
const UPSTREAM_REQUEST_TIMEOUT: u32 = 2;
const DOWNSTREAM_TERMINATION: u32 = 14;
const STREAM_IDLE_TIMEOUT: u32 = 16;
const DOWNSTREAM_PROTOCOL_ERROR: u32 = 18;
const UPSTREAM_MAX_DURATION: u32 = 19;
const DURATION_TIMEOUT: u32 = 22;
const DOWNSTREAM_RESET: u32 = 28;
/// No healthy upstream; reset by us, by it; connection refused, closed; overflow; retries used up; protocol
/// error; no cluster; name not resolved.
const UPSTREAM: &[u32] = &[1, 3, 4, 5, 6, 7, 15, 23, 24, 26];
