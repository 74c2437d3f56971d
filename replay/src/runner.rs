//! The filter's core, shown one exchange after the other, as the filter shows it what passes in Envoy.
//!
//! What comes out is what the filter would have made of it, ids among it: they are drawn from the same random bytes in
//! the same order. What there is in Envoy alone is not told: no node, no route, no attempts, and no counters of the
//! filter's own.

use std::rc::Rc;

use inferspan_core::budget::Budget;
use inferspan_core::call::{Call, End};
use inferspan_core::config::Config;
use inferspan_core::cost::Prices;
use inferspan_core::exchange::Observer;
use inferspan_core::headers::Headers;
use inferspan_core::ids::Ids;
use inferspan_core::metrics::{Aggregator, Settings};
use inferspan_core::otlp::envelope::Envelope;
use inferspan_core::otlp::outbox::Signal;
use inferspan_core::otlp::{log, span};
use inferspan_core::resource::{self, Node};
use inferspan_core::sampling::Sampler;
use inferspan_core::signal::{self, Conventions};
use inferspan_core::time::UnixNanos;
use inferspan_core::trace_context::{Incoming, Position};

use crate::random::Random;
use crate::recording::{Message, Recording};
use crate::split::Split;

/// Runs exchanges, one after the other.
pub struct Replay {
    observer: Observer,
    sampler: Sampler,
    prices: Prices,
    conventions: Rc<Conventions>,
    envelope: Envelope,
    service: Rc<str>,
    ids: Ids<Fill>,
    aggregator: Aggregator,
    /// When the last exchange ended.
    ended: u64,
}

/// Gives random bytes.
type Fill = Box<dyn FnMut(&mut [u8]) -> bool>;

/// A call, and what of it is to be told.
#[derive(Debug)]
pub struct Told {
    /// Its facts.
    pub call: Call,
    /// Where its span stands, and whether it is exported.
    pub position: Position,
    conventions: Rc<Conventions>,
    service: Rc<str>,
    ended: UnixNanos,
}

/// Why an exchange is no call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCall(&'static str);

impl NoCall {
    /// What a request's headers showed of it, which had this method.
    #[must_use]
    pub fn of_method(method: &[u8]) -> Self {
        Self(match method {
            b"POST" => {
                "no call: no LLM API has this path, as far as known here, or a rule in `providers` ignores it; where \
                 one does, a rule with `api` says so"
            }
            _ => "no call: every call is a POST",
        })
    }

    /// What an operator should know.
    #[must_use]
    pub fn reason(self) -> &'static str {
        self.0
    }
}

impl Replay {
    /// By that configuration, of exchanges that begin with `first`.
    #[must_use]
    pub fn new(config: &Config, first: &Recording) -> Self {
        let mut random = Random::seeded(first.seed());
        let fill: Fill = Box::new(move |bytes| {
            random.fill(bytes);
            true
        });
        let mut ids = Ids::new(fill);
        let metrics = &config.metrics;
        let settings =
            Settings { temporality: metrics.temporality, groups: metrics.max_attribute_sets as usize };
        let budget = Budget::new(config.limits.max_memory_bytes as usize);
        let attributes = resource::attributes(config, &Node::default(), ids.number());
        let service = attributes.iter().find(|(key, _)| *key == "service.name");
        let service = service.map(|(_, name)| Rc::from(name.as_str())).unwrap_or_default();
        let attributes = attributes.iter().map(|(key, value)| (*key, value.as_str()));
        Self {
            observer: Observer::configured(config, &budget),
            sampler: config.sampler(),
            prices: config.prices(),
            envelope: Envelope::new(attributes, config.conventions().schema_url()),
            conventions: Rc::new(config.conventions()),
            service,
            ids,
            aggregator: Aggregator::new(settings, &budget, UnixNanos(first.times.start)),
            ended: first.times.start,
        }
    }

    /// Who speaks, around what is exported.
    #[must_use]
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The call that an exchange is, its bodies cut as asked.
    ///
    /// # Errors
    /// Where it is none.
    pub fn run(&mut self, recording: &Recording, split: Split) -> Result<Told, NoCall> {
        let times = recording.times;
        self.ended = self.ended.max(times.ended());
        let start = UnixNanos(times.start);
        let Self { observer, sampler, ids, .. } = self;
        let (mut exchange, mut position, marks, content_marks) =
            with_headers(&recording.request, |headers| {
                let none = || NoCall::of_method(headers.get(":method").unwrap_or_default());
                let exchange = observer.begin(headers, start).ok_or_else(none)?;
                let span = ids.span();
                let position =
                    Incoming::read(headers).position(span, || ids.trace(), |trace| sampler.head(trace));
                Ok((exchange, position, sampler.marks(headers), observer.content_marks(headers)))
            })?;
        match &recording.request.body {
            Some(body) => {
                split.chunks(body, &recording.id).for_each(|chunk| exchange.request_body(chunk, start))
            }
            None => exchange.request_missed(),
        }
        exchange.request_end(start);

        let end = match &recording.response {
            Some(response) => {
                let answered = UnixNanos(times.answered());
                with_headers(response, |headers| exchange.response_headers(headers, answered));
                match &response.body {
                    Some(body) => {
                        let chunks: Vec<&[u8]> = split.chunks(body, &recording.id).collect();
                        for (chunk, now) in chunks.iter().zip(times.chunks(chunks.len())) {
                            exchange.response_body(chunk, UnixNanos(now));
                        }
                    }
                    None => exchange.response_missed(),
                }
                End::Complete
            }
            // Why there is no answer is not recorded.
            None => End::Unknown,
        };
        with_headers(&recording.request, |sent| self.observer.settle(&mut exchange, &(), sent));
        let ended = UnixNanos(times.ended());
        let mut call = exchange.conclude(end, ended).map_err(|why| NoCall(why.reason()))?;
        // That it has no price, where it has none, shows in its lacking a cost.
        let _ = self.prices.apply(&mut call);
        self.sampler.decide(&call, &position, marks, &()).apply(&mut position);
        let told = self.observer.tells_content(&call, content_marks, &());
        if !told || (!position.is_sampled() && self.observer.tells_content_of_sampled_calls_only()) {
            call.content = None;
        }
        let context = &position.context;
        let example = position.is_sampled().then(|| (context.trace_id(), context.span_id()));
        self.aggregator.begin(ended, example);
        self.conventions.points(&call, &mut self.aggregator);
        Ok(Told {
            call,
            position,
            conventions: Rc::clone(&self.conventions),
            service: Rc::clone(&self.service),
            ended,
        })
    }

    /// What all calls measured, as encoded records: collected once, a second after the last exchange ended.
    pub fn metrics(&mut self) -> Vec<u8> {
        let mut metrics = Vec::new();
        let now = UnixNanos(collected_at(self.ended));
        self.aggregator.collect(now, &[], &mut |metric, _| metrics.extend_from_slice(metric));
        metrics
    }
}

impl Told {
    /// Its span.
    #[must_use]
    pub fn span(&self) -> signal::Span<'_> {
        signal::Span::new(&self.call, &self.position, &self.conventions)
    }

    /// Who tells it (`service.name`).
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Appends its encoded records of a signal: its span if it is sampled, or its log events. Metrics are told of all
    /// calls together ([`Replay::metrics`]).
    pub fn encode(&self, signal: Signal, out: &mut Vec<u8>) {
        // What was cut is told by the record itself.
        match signal {
            Signal::Traces if self.position.is_sampled() => {
                let _ = span::encode(&self.span(), out);
            }
            Signal::Logs => self.conventions.logs(&self.call, &mut |event| {
                let _ = log::encode(event, &self.position.context, self.ended, out);
            }),
            Signal::Traces | Signal::Metrics => {}
        }
    }
}

/// When metrics are collected of exchanges that ended then.
#[must_use]
pub fn collected_at(ended: u64) -> u64 {
    ended.saturating_add(1_000_000_000)
}

fn with_headers<T>(message: &Message, show: impl FnOnce(&Headers<'_>) -> T) -> T {
    let pairs: Vec<(&[u8], &[u8])> =
        message.headers.iter().map(|(n, v)| (n.as_slice(), v.as_slice())).collect();
    show(&Headers::new(&pairs))
}
