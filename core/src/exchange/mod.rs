//! The observer of one HTTP exchange: drives decode → frame → json → api, and gives the `Call` at the end.
//!
//! In: headers, chunks and times, in the order the proxy sees them. Out: one [`Call`] for each recognised
//! exchange, whenever and however it ends. Invariants: the facts depend on the bytes alone, not on how they
//! were cut; memory does not grow with a body's size; no input panics.

mod client;
#[cfg(any(test, feature = "fuzz"))]
#[doc(hidden)]
pub mod fuzz;
mod request;
mod response;

use std::sync::Arc;

use crate::api::{self, Compiled, Detected, Overrides, Proxy, Quirks, Rows, Tables};
use crate::attributes::{self, Attribute, Attributes};
use crate::budget::Budget;
use crate::call::{Call, ClientFacts, End, Losses, Operation, Outcome, ProxyFacts};
use crate::config::Config;
use crate::content;
use crate::decode::DecodeError;
use crate::headers::Headers;
use crate::sampling::Marks;
use crate::time::UnixNanos;
use crate::trace_context::baggage;
use request::{RequestSide, Shown};
use response::{Answer, Likeness, ResponseSide};

/// What is shared by all exchanges of one VM: compiled tables and settings.
#[derive(Debug, Default)]
pub struct Observer {
    tables: Tables,
    overrides: Overrides,
    budget: Budget,
    /// Keys of the baggage that is kept.
    baggage: Vec<String>,
    /// What an operator adds to every call.
    attributes: Arc<Attributes>,
    /// What is captured of what is said; `None` where nothing is.
    content: Option<Arc<content::Settings>>,
}

impl Observer {
    /// As an operator's configuration says, with the VM's memory.
    #[must_use]
    pub fn configured(config: &Config, budget: &Budget) -> Self {
        Self::new(config.overrides(), budget.clone())
            .with_baggage(config.trace.baggage.clone())
            .with_attributes(config.attributes())
            .with_content(config.content())
    }

    /// With what an operator's configuration says of hosts and paths, and the VM's memory.
    #[must_use]
    pub fn new(overrides: Overrides, budget: Budget) -> Self {
        Self { overrides, budget, ..Self::default() }
    }

    /// The same, which keeps the baggage of these keys.
    #[must_use]
    pub fn with_baggage(self, keys: Vec<String>) -> Self {
        Self { baggage: keys, ..self }
    }

    /// The same, which adds these attributes.
    #[must_use]
    pub fn with_attributes(self, attributes: Vec<Attribute>) -> Self {
        Self { attributes: Arc::new(Attributes::new(attributes)), ..self }
    }

    /// The same, which captures content.
    #[must_use]
    pub fn with_content(self, content: Option<content::Settings>) -> Self {
        Self { content: content.map(Arc::new), ..self }
    }

    /// What the rules of content will ask of the request's headers.
    #[must_use]
    pub fn content_marks(&self, request: &Headers<'_>) -> Marks {
        self.content.as_deref().map(|content| content.calls().marks(request)).unwrap_or_default()
    }

    /// Whether content is told of such a call.
    #[must_use]
    pub fn tells_content(&self, call: &Call, marks: Marks, proxy: &dyn Proxy) -> bool {
        self.content.as_deref().is_some_and(|content| content.calls().asks_for(call, marks, proxy))
    }

    /// Whether content is told of no call whose span is not sampled.
    #[must_use]
    pub fn tells_content_of_sampled_calls_only(&self) -> bool {
        self.content.as_deref().is_some_and(content::Settings::is_sampled_only)
    }

    /// With other tables than the APIs have.
    #[cfg(test)]
    pub(crate) fn with_tables(tables: Tables) -> Self {
        Self { tables, ..Self::default() }
    }

    /// Looks at the request's headers (pseudo-headers among them): `None` for traffic that is no LLM call,
    /// of which nothing else need be shown.
    #[must_use]
    pub fn begin(&self, request: &Headers<'_>, now: UnixNanos) -> Option<Exchange> {
        self.begin_behind(&(), request, now)
    }

    /// The same, where a proxy knows more of the request than its headers.
    #[must_use]
    pub fn begin_behind(&self, proxy: &dyn Proxy, request: &Headers<'_>, now: UnixNanos) -> Option<Exchange> {
        let detected = api::detect(request, &self.overrides, proxy)?;
        let told = detected.vouched && detected.operation.is_some();
        let tables = self.tables.of(detected.api, if told { Rows::Facts } else { Rows::All })?;
        let mut entries = baggage::read(request, &self.baggage);
        self.attributes.of_headers(request, &mut entries);
        Some(Exchange {
            client: ClientFacts { baggage: entries, ..client::read(request) },
            request: RequestSide::new(
                &detected,
                request,
                &self.budget,
                self.content.as_deref(),
                &self.attributes,
            ),
            response: ResponseSide::new(detected.api, self.budget.clone(), now),
            content: self.content.clone(),
            detected,
            tables,
        })
    }

    /// Adds what the proxy's metadata says that an operator wants to know of every call. To be told at the end, when
    /// every filter has said what it has to say.
    pub fn add_metadata(&self, call: &mut Call, proxy: &dyn Proxy) {
        let entries = &mut call.client.baggage;
        self.attributes.of_metadata(proxy, entries);
        if let Some(id) = attributes::take_conversation(entries) {
            call.response.conversation_id = Some(id);
        }
    }

    /// Settles who answered, by the headers of the request that was really sent. To be told before the end; without
    /// it the client's word stands.
    pub fn settle(&self, exchange: &mut dyn Unsettled, proxy: &dyn Proxy, sent: &Headers<'_>) {
        exchange.detected().settle(sent, &self.overrides, proxy);
    }

    /// The same where the request is seen as it is sent, and cannot be seen again.
    pub fn settle_as_seen(&self, exchange: &mut dyn Unsettled, proxy: &dyn Proxy) {
        exchange.detected().settle_as_seen(proxy);
    }
}

/// An exchange, over or not, of which it can be settled who answered.
pub trait Unsettled {
    #[doc(hidden)]
    fn detected(&mut self) -> &mut Detected;
}

impl Unsettled for Exchange {
    fn detected(&mut self) -> &mut Detected {
        &mut self.detected
    }
}

impl Unsettled for Ended {
    fn detected(&mut self) -> &mut Detected {
        &mut self.detected
    }
}

/// One exchange under observation.
#[derive(Debug)]
pub struct Exchange {
    detected: Detected,
    tables: Arc<Compiled>,
    client: ClientFacts,
    request: RequestSide,
    response: ResponseSide,
    content: Option<Arc<content::Settings>>,
}

impl Exchange {
    /// A chunk of the request's body.
    pub fn request_body(&mut self, chunk: &[u8], now: UnixNanos) {
        let _ = now;
        self.request.body(&self.tables.request, chunk);
    }

    /// The request's last byte has passed.
    pub fn request_end(&mut self, now: UnixNanos) {
        self.request.end(&self.tables.request);
        self.response.request_end(now);
    }

    /// The response's headers (`:status` among them).
    pub fn response_headers(&mut self, headers: &Headers<'_>, now: UnixNanos) {
        let quirks = Quirks::of(&self.detected.provider);
        let usage_follows = self.request.asks_for_stream_usage() || quirks.usage_follows;
        let request = &mut self.request;
        let asked = |settings| content::Asked { settings, increments: request.asks_for_increments() };
        let content = self.content.as_deref().map(asked);
        self.response.headers(headers, quirks, usage_follows, &self.tables, content, now);
    }

    /// The response's status, once its headers have come.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.response.status()
    }

    /// A chunk of the response's body.
    pub fn response_body(&mut self, chunk: &[u8], now: UnixNanos) {
        self.response.body(chunk, now);
    }

    /// A part of the request's body could not be had, and without it the rest cannot be read.
    pub fn request_missed(&mut self) {
        self.request.stop(Unread::Missed);
    }

    /// A part of the response's body could not be had, and without it the rest cannot be read.
    pub fn response_missed(&mut self) {
        self.response.stop(Unread::Missed);
    }

    /// Reads no more of either body and gives back what that held, for the VM's sake. What is known stays.
    pub fn shed(&mut self) {
        self.request.stop(Unread::Shed);
        self.response.stop(Unread::Shed);
    }

    /// The exchange is over. `None` where its body showed that it was no inference after all.
    #[must_use]
    pub fn finish(self, end: End, now: UnixNanos) -> Option<Call> {
        self.conclude(end, now).ok()
    }

    /// The same.
    ///
    /// # Errors
    /// Where its body showed that it was no inference after all.
    pub fn conclude(self, end: End, now: UnixNanos) -> Result<Call, Dismissed> {
        self.call(end, now, None)
    }

    /// The exchange is over, but who answered is still to be settled.
    ///
    /// # Errors
    /// Where its body showed that it was no inference after all.
    pub fn end(self, end: End, now: UnixNanos) -> Result<Ended, Dismissed> {
        let (detected, mut shows_its_api) = (self.detected.clone(), Ok(()));
        let call = self.call(end, now, Some(&mut shows_its_api))?;
        Ok(Ended { detected, shows_its_api, call })
    }

    /// The call, which is large: it is made once, where it is to stand. Whether it shows its API is left in
    /// `unsettled`, where who answered is not settled yet, else it is decided here.
    fn call(
        mut self,
        end: End,
        now: UnixNanos,
        unsettled: Option<&mut Result<(), Dismissed>>,
    ) -> Result<Call, Dismissed> {
        let operation = match self.detected.operation {
            // Vectors in the answer know better than the request's body, where that is to decide.
            None if self.response.embeds() => Operation::Embeddings,
            _ => self.request.operation().ok_or(Dismissed::NoInference)?,
        };
        let quirks = Quirks::of(&self.detected.provider);
        let Answer { api, mut facts, usage, error, stream, timing, outcome, losses, likeness, tap } =
            self.response.finish(end, operation, quirks, now);
        let shows_its_api = shows_its_api(self.request.shown(), likeness);
        match unsettled {
            Some(unsettled) => *unsettled = shows_its_api,
            None => {
                if !self.detected.vouched {
                    shows_its_api?;
                }
                if !quirks.names_upstream {
                    facts.upstream_provider = None;
                }
            }
        }
        let entries = &mut self.client.baggage;
        let (mut request, request_tap, request_losses) = self.request.into_facts(operation, entries);
        if let Some(told) =
            self.detected.models.as_ref().and_then(|models| models.get(request.model.as_deref()?))
        {
            request.model = Some(told.clone());
        }
        if let Some(id) = attributes::take_conversation(entries) {
            facts.conversation_id = Some(id);
        }
        let content = self.content.and_then(|settings| {
            let whole = outcome == Outcome::Completed;
            if operation.is_generation() {
                facts.text_characters = tap.as_deref().and_then(|tap| tap.characters(&settings));
            }
            content::finish(&settings, request_tap, tap, operation, &facts.finish_reasons, whole)
        });
        facts.conversation_id = facts.conversation_id.or_else(|| request.conversation_id.clone());
        facts.previous_response_id =
            facts.previous_response_id.or_else(|| request.previous_response_id.clone());
        Ok(Call {
            api,
            operation,
            provider: self.detected.provider,
            server: self.detected.server,
            client: self.client,
            request,
            response: facts,
            usage,
            error,
            stream,
            proxy: ProxyFacts::default(),
            timing,
            outcome,
            losses: losses.plus(request_losses),
            content,
        })
    }
}

/// An exchange that is over, of which all is known but, perhaps, who answered.
#[derive(Clone, Debug)]
pub struct Ended {
    detected: Detected,
    shows_its_api: Result<(), Dismissed>,
    /// With who answered as far as it was known then.
    call: Call,
}

impl Ended {
    /// The call.
    ///
    /// # Errors
    /// Where it is no inference.
    pub fn finish(self) -> Result<Call, Dismissed> {
        let Self { detected, shows_its_api, mut call } = self;
        if !detected.vouched {
            shows_its_api?;
        }
        if !Quirks::of(&detected.provider).names_upstream {
            call.response.upstream_provider = None;
        }
        Ok(Call { provider: detected.provider, server: detected.server, ..call })
    }
}

/// Why a body is read no further, for reasons that are not its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unread {
    /// A part of it was not to be had.
    Missed,
    /// There are too many exchanges to read them all.
    Shed,
}

impl Unread {
    fn count(self, losses: &mut Losses) {
        let count = match self {
            Self::Missed => &mut losses.unread_bodies,
            Self::Shed => &mut losses.unbudgeted_bodies,
        };
        *count = count.saturating_add(1);
    }
}

/// Why an exchange is no call, though its path is one of an LLM API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dismissed {
    /// Its body asks for no inference.
    NoInference,
    /// The request has another form than the API's.
    Request,
    /// The answer has no mark of the API.
    Answer,
    /// Neither body could show it.
    Neither,
}

impl Dismissed {
    /// What an operator should know.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::NoInference => "no call: its body asks for no inference",
            Self::Request => {
                "no call: the path is one of an LLM API and the host is no provider known here, but the request has \
                 another form; where it is one, a rule in `providers` says so"
            }
            Self::Answer => {
                "no call: path and request are those of an LLM API and the host is no provider known here, but the \
                 answer has another form; where it is one, a rule in `providers` says so"
            }
            Self::Neither => {
                "no call: the path is one of an LLM API and the host is no provider known here, and neither body \
                 shows the API; where it is one, a rule in `providers` says so"
            }
        }
    }
}

/// Whether an exchange on a host nobody knows is a call, by its bodies. An error says nothing against a request that
/// shows the format; where neither body could be read, nothing speaks for it.
fn shows_its_api(request: Shown, answer: Likeness) -> Result<(), Dismissed> {
    match request {
        Shown::Format if answer == Likeness::None => Err(Dismissed::Answer),
        Shown::Nothing if answer != Likeness::Certain => Err(Dismissed::Neither),
        Shown::Otherwise => Err(Dismissed::Request),
        Shown::Format | Shown::Nothing => Ok(()),
    }
}

/// Counts a body of which something was not decoded, by the reason.
fn count_unread(losses: &mut Losses, error: DecodeError) {
    let count = match error {
        DecodeError::Budget(_) => &mut losses.unbudgeted_bodies,
        DecodeError::TooLarge(_) | DecodeError::Work(_) => &mut losses.excessive_bodies,
        _ => &mut losses.undecoded_bodies,
    };
    *count = count.saturating_add(1);
}
