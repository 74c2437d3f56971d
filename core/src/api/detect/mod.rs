//! Which API an exchange speaks and who answers.
//!
//! In two steps, for a proxy may rewrite host and path after the filter has seen them: [`detect`] tells from the
//! request's headers what to read and who it seems to be, [`Detected::settle`] in the end who it was, from what
//! was really sent.
//!
//! Only a POST can be inference. Its path is matched at its end, segment by segment, so that the prefixes of
//! gateways do not matter; the host tells the provider, and decides where two formats share a path. What is
//! not listed here is no inference: models, files, batches, jobs, threads, tokenizers, jobs for video.
//!
//! Traffic that is no LLM call costs one walk to the pseudo-headers and a comparison of the path's last
//! segment with the short lists below.

mod models;
mod proxy;
mod request_line;
mod routes;
mod rules;
#[cfg(test)]
mod tests;
mod who;

use std::borrow::Cow;

pub use proxy::{Metadata, Proxy, ProxyFact};
use request_line::{HostName, RequestLine};
pub use rules::{Models, OverrideRule, Overrides};
use who::{Evidence, Who};

use super::{Api, path};
use crate::call::{Operation, Server};
use crate::headers::Headers;

/// What the request's headers tell of an LLM call.
#[derive(Clone, Debug, PartialEq)]
pub struct Detected {
    /// The wire format.
    pub api: Api,
    /// What is asked for; `None` where the body decides (Bedrock's invoke, Workers AI's run).
    pub operation: Option<Operation>,
    /// `gen_ai.provider.name`
    pub provider: Cow<'static, str>,
    /// Who answers: as the client addressed it, until it is settled.
    pub server: Server,
    /// The model, where the path names one.
    pub model: Option<PathModel>,
    /// Whether the path asks for a stream; `None` where the body does.
    pub stream: Option<bool>,
    /// Host, rule or metadata say that a provider answers, so that the path is believed. Else paths like `/api/chat`
    /// are used by other software too, and the bodies must show the API.
    pub vouched: bool,
    /// The path serves other things too, whoever answers: the bodies must show the API on every host.
    doubtful: bool,
    /// What an operator calls the models that are asked for there.
    pub models: Option<Models>,
    /// The port is known: the client named it, or addressed the provider by its own scheme and host.
    port_known: bool,
    /// What tells the provider.
    by: Evidence,
}

/// A model named by the path, percent-decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathModel {
    /// It is the model asked for, whatever the body says (Gemini, Vertex AI, Bedrock).
    Decides(String),
    /// It is the model asked for unless the body names one (an Azure deployment).
    Fallback(String),
}

/// Looks at the request's headers: `None` for traffic that is no LLM call.
#[must_use]
pub fn detect(request: &Headers<'_>, overrides: &Overrides, proxy: &dyn Proxy) -> Option<Detected> {
    let line = RequestLine::read(request)?;
    let who = Who::new(HostName::new(line.authority), line.path, proxy);
    if let Some(found) = find(&who, request, overrides) {
        return (!overrides.ignores(&who)).then(|| detected(&line, &who, overrides, found));
    }
    let plain = path::plain(line.path)?;
    let who = Who::new(HostName::new(line.authority), &plain, proxy);
    let found = find(&who, request, overrides)?;
    (!overrides.ignores(&who)).then(|| detected(&line, &who, overrides, found))
}

fn find(who: &Who<'_>, request: &Headers<'_>, overrides: &Overrides) -> Option<Found> {
    overrides.found(who).or_else(|| routes::find(who, request))
}

fn detected(line: &RequestLine<'_>, who: &Who<'_>, overrides: &Overrides, found: Found) -> Detected {
    let (provider, by) = match (overrides.provider(who), who.known()) {
        (Some(name), _) => (Cow::Owned(name), Evidence::Rule),
        (None, Some(known)) => (Cow::Borrowed(known.name), Evidence::Host),
        (None, None) => (Cow::Borrowed(who::by_shape(found.api, who.path)), Evidence::Shape),
    };
    let port = who.host.port.or(match line.scheme {
        b"http" => Some(80),
        _ => Some(443),
    });
    Detected {
        api: found.api,
        operation: found.operation,
        provider,
        server: Server { address: who.host.address(), port },
        model: found.model,
        stream: found.stream,
        vouched: found.vouched || (by > Evidence::Shape && !found.doubtful),
        doubtful: found.doubtful,
        models: overrides.models(who),
        port_known: who.host.port.is_some() || (by == Evidence::Host && line.scheme == b"https"),
        by,
    }
}

impl Detected {
    /// Settles who answered by the request that was sent, at the exchange's end.
    pub fn settle(&mut self, sent: &Headers<'_>, overrides: &Overrides, proxy: &dyn Proxy) {
        who::settle(self, sent, overrides, proxy);
    }

    /// The same where the request that was sent cannot be seen again: in a cluster's own filter chain, where it is
    /// the one that was seen.
    pub fn settle_as_seen(&mut self, proxy: &dyn Proxy) {
        who::settle_as_seen(self, proxy);
    }
}

/// What path and overrides tell.
struct Found {
    api: Api,
    operation: Option<Operation>,
    model: Option<PathModel>,
    stream: Option<bool>,
    /// See [`Detected::doubtful`].
    doubtful: bool,
    /// An operator says so.
    vouched: bool,
}
