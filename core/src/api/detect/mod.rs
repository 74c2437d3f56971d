//! Which API an exchange speaks and who answers, from the request's headers.
//!
//! Only a POST can be inference. Its path is matched at its end, segment by segment, so that the prefixes of
//! gateways do not matter; the host tells the provider, and decides where two formats share a path. What is
//! not listed here is no inference: models, files, batches, jobs, threads, tokenizers, jobs for video.
//!
//! Traffic that is no LLM call costs one walk to the pseudo-headers and a comparison of the path's last
//! segment with the short lists below.

mod models;
mod request_line;
mod routes;
mod rules;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::{Api, path};
use crate::call::{Operation, Server};
use crate::headers::Headers;
use request_line::{HostName, RequestLine};
pub use rules::{OverrideRule, Overrides};

/// What the request's headers tell of an LLM call.
#[derive(Clone, Debug, PartialEq)]
pub struct Detected {
    /// The wire format.
    pub api: Api,
    /// What is asked for; `None` where the body decides (Bedrock's invoke, Workers AI's run).
    pub operation: Option<Operation>,
    /// `gen_ai.provider.name`
    pub provider: Cow<'static, str>,
    /// Who answers, as the client addressed it.
    pub server: Server,
    /// The model, where the path names one.
    pub model: Option<PathModel>,
    /// Whether the path asks for a stream; `None` where the body does.
    pub stream: Option<bool>,
    /// What the body must show for this to be an LLM call.
    pub proof: Proof,
}

/// A model named by the path, percent-decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathModel {
    /// It is the model asked for, whatever the body says (Gemini, Vertex AI, Bedrock).
    Decides(String),
    /// It is the model asked for unless the body names one (an Azure deployment).
    Fallback(String),
}

/// What the request's body must show for the exchange to be an LLM call.
///
/// Paths like `/api/chat` are used by other software too. On the host of a known provider they are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Nothing: host or path are enough.
    None,
    /// A whole body without a model disproves it.
    Model,
    /// A whole body without a model, a prompt or messages disproves it.
    ModelOrInput,
    /// It is proved only by a prompt in the body.
    InputSeen,
}

/// Looks at the request's headers: `None` for traffic that is no LLM call.
#[must_use]
pub fn detect(request: &Headers<'_>, overrides: &Overrides) -> Option<Detected> {
    let line = RequestLine::read(request)?;
    let host = HostName::new(line.authority);
    let found = overrides.found(&host, line.path).or_else(|| routes::find(&host, line.path, request))?;

    let provider = overrides
        .matching(&host, line.path)
        .find_map(|rule| rule.provider.clone())
        .map(Cow::Owned)
        .or_else(|| host.provider(line.path).map(Cow::Borrowed))
        .unwrap_or_else(|| Cow::Borrowed(default_provider(found.api, line.path)));
    let port = host.port.or(match line.scheme {
        b"http" => Some(80),
        _ => Some(443),
    });
    Some(Detected {
        api: found.api,
        operation: found.operation,
        provider,
        server: Server { address: String::from_utf8_lossy(host.name).into_owned(), port },
        model: found.model,
        stream: found.stream,
        proof: found.proof,
    })
}

/// What path and overrides tell.
struct Found {
    api: Api,
    operation: Option<Operation>,
    model: Option<PathModel>,
    stream: Option<bool>,
    proof: Proof,
}

/// Whose format it is, where the host is unknown.
fn default_provider(api: Api, path: &[u8]) -> &'static str {
    match api {
        _ if path::has_segment(path, b"publishers") => "gcp.vertex_ai",
        Api::Invocations if path::ends_with(path, "embed") => "huggingface",
        Api::Invocations if path::has_segment(path, b"serving-endpoints") => "databricks",
        Api::Invocations if path::has_segment(path, b"endpoints") => "aws.sagemaker",
        Api::Rerank if path::ends_with(path, "v2/rerank") => "cohere",
        _ => api.spec().provider,
    }
}
