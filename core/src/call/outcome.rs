//! How an exchange ended.

/// How the exchange ended (`inferspan.outcome`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The answer arrived whole, or its final message was seen, whoever hung up afterwards.
    Completed,
    /// The client left before the end. No error.
    ClientCancelled,
    /// The upstream reset or closed the connection inside the answer.
    UpstreamReset,
    /// A timeout of the path.
    Timeout,
    /// The body ended properly for HTTP, but not for its format.
    Truncated,
    /// An error status, or an error inside a successful answer.
    Error,
    /// No answer came.
    NoResponse,
}

impl Outcome {
    /// The value of `inferspan.outcome`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::ClientCancelled => "client_cancelled",
            Self::UpstreamReset => "upstream_reset",
            Self::Timeout => "timeout",
            Self::Truncated => "truncated",
            Self::Error => "error",
            Self::NoResponse => "no_response",
        }
    }
}

/// How the HTTP exchange ended, as the proxy saw it: what [`Outcome`] is derived from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The response's last byte passed (or trailers did).
    Complete,
    /// The client disconnected first.
    ClientGone,
    /// The upstream reset the stream, broke the protocol, or could not be reached.
    UpstreamGone,
    /// A timeout of the proxy struck.
    Timeout,
    /// No answer came, and the proxy gave one of its own in its stead (a 503, say).
    StoodIn,
    /// The same, because a timeout of the proxy struck.
    StoodInForTimeout,
    /// Neither the end of the response nor a reason was seen.
    Unknown,
}

/// An error of the provider or of the path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorFacts {
    /// `error.type`: the HTTP status as text for ≥ 400; the provider's code for an error inside a 2xx, or
    /// `_OTHER`; for a failure of the path the outcome's name.
    pub kind: String,
    /// The provider's own code (docs/facts.md, “Errors and outcome”).
    pub code: Option<String>,
}
