//! What the provider does with a request.

use std::str::FromStr;

use serde_json::Value;

use super::Received;

/// What the provider does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scenario {
    /// Answers, streamed if asked.
    Answer,
    /// Answers; a stream too is compressed with gzip, event by event.
    Gzip,
    /// Answers with 20 MB of text.
    Large,
    /// Refuses with 429 and the provider's rate-limit headers.
    RateLimited,
    /// Refuses with 400.
    BadRequest,
    /// Refuses with 503 (OpenAI) or 529 (Anthropic).
    Overloaded,
    /// Breaks a stream off with the provider's error message, HTTP being fine.
    StreamError,
    /// Resets the TCP connection in the middle of the answer.
    Reset,
    /// Closes the connection in the middle of the answer.
    Cut,
    /// Stops in the middle of the answer, and waits for the client to leave.
    Stall,
    /// Takes the request and never answers.
    Silence,
    /// Takes the request and closes the connection.
    Refuse,
}

impl Scenario {
    /// The scenario that a request asks for.
    pub fn of(request: &Received) -> Self {
        let named = request.headers.get("x-simulate").and_then(|name| name.to_str().ok()?.parse().ok());
        let by_model = || {
            let body: Value = serde_json::from_slice(&request.body).ok()?;
            body.get("model")?.as_str()?.parse().ok()
        };
        named.or_else(by_model).unwrap_or(Self::Answer)
    }

    /// The name by which a request asks for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Gzip => "gzip",
            Self::Large => "large",
            Self::RateLimited => "rate-limited",
            Self::BadRequest => "bad-request",
            Self::Overloaded => "overloaded",
            Self::StreamError => "stream-error",
            Self::Reset => "reset",
            Self::Cut => "cut",
            Self::Stall => "stall",
            Self::Silence => "silence",
            Self::Refuse => "refuse",
        }
    }

    const ALL: [Self; 12] = [
        Self::Answer,
        Self::Gzip,
        Self::Large,
        Self::RateLimited,
        Self::BadRequest,
        Self::Overloaded,
        Self::StreamError,
        Self::Reset,
        Self::Cut,
        Self::Stall,
        Self::Silence,
        Self::Refuse,
    ];
}

impl FromStr for Scenario {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|scenario| scenario.name() == name).ok_or(())
    }
}
