//! Which API an exchange speaks and who answers, from the request's headers.
//!
//! Only a POST can be inference. Its path is matched at its end, segment by segment, so that the prefixes of
//! gateways do not matter; the host tells the provider, and decides where two formats share a path.

use std::borrow::Cow;

use super::Api;
use crate::call::{Operation, Server};
use crate::exchange::Headers;

/// What the request's headers tell of an LLM call.
#[derive(Clone, Debug, PartialEq)]
pub struct Detected {
    /// The wire format.
    pub api: Api,
    /// What is asked for; `None` where the body decides (Bedrock's invoke).
    pub operation: Option<Operation>,
    /// `gen_ai.provider.name`
    pub provider: Cow<'static, str>,
    /// Who answers, as the client addressed it.
    pub server: Server,
    /// The model, where the path names one.
    pub model: Option<PathModel>,
    /// Whether the path asks for a stream; `None` where the body does.
    pub stream: Option<bool>,
    /// Whether other software uses this path too, so that the body must show that it is what the path says.
    pub needs_evidence: bool,
}

/// A model named by the path, percent-decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathModel {
    /// It is the model asked for, whatever the body says (Gemini, Vertex AI, Bedrock).
    Decides(String),
    /// It is the model asked for unless the body names one (an Azure deployment).
    Fallback(String),
}

/// What an operator's configuration says of hosts and paths before the built-in tables are asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {}

/// Looks at the request's headers: `None` for traffic that is no LLM call.
#[must_use]
pub fn detect(request: &Headers<'_>, overrides: &Overrides) -> Option<Detected> {
    let _ = (request, overrides);
    None
}
