//! Calls a filter makes to clusters: what it sent, and what comes back, when.

use std::fmt;
use std::time::Duration;

use crate::sim::Headers;

/// A call the filter made.
#[derive(Clone, Debug)]
pub struct Callout {
    /// The cluster's name.
    pub cluster: String,
    /// HTTP, or the gRPC method it calls.
    pub kind: CalloutKind,
    /// Headers, or the initial metadata of a gRPC call.
    pub headers: Headers,
    /// The body, or the message of a gRPC call.
    pub body: Vec<u8>,
    /// Trailers.
    pub trailers: Headers,
    /// The time after which the host answers itself, if the filter asked for one.
    pub timeout: Option<Duration>,
    /// The virtual time it was made at.
    pub time: Duration,
    /// Whether an answer reached the filter, or it was cancelled.
    pub answered: bool,
    pub(crate) vm: usize,
    pub(crate) root: u32,
    pub(crate) token: u32,
    pub(crate) due: Option<Duration>,
    pub(crate) reply: ReplyKind,
}

/// The protocol of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CalloutKind {
    /// `proxy_http_call`.
    Http,
    /// `proxy_grpc_call`, with the full name of the method: `package.Service/Method`.
    Grpc(String),
    /// `proxy_grpc_stream`, with the full name of the method and the messages sent so far.
    GrpcStream(String, Vec<Vec<u8>>),
}

/// What a cluster answers, and after how long.
#[derive(Clone, Debug)]
pub struct Reply {
    pub(crate) after: Duration,
    pub(crate) kind: ReplyKind,
}

#[derive(Clone, Debug)]
pub(crate) enum ReplyKind {
    Http { headers: Headers, body: Vec<u8>, trailers: Headers },
    Grpc { initial: Headers, messages: Vec<Vec<u8>>, trailing: Headers, status: u32, message: String },
    Reset,
    Never,
}

impl Reply {
    /// `status` without a body, after one millisecond.
    pub fn status(status: u16) -> Self {
        Self::http(Headers::from([(":status", status.to_string())]), "")
    }

    /// These headers (with `:status`) and this body, after one millisecond.
    pub fn http(headers: impl Into<Headers>, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref().to_vec();
        Self::new(ReplyKind::Http { headers: headers.into(), body, trailers: Headers::new() })
    }

    /// What Envoy answers for a cluster that nothing listens at: a 503 of its own, at once.
    pub fn refused() -> Self {
        let body = "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure";
        Self::http([(":status", "503"), ("content-type", "text/plain")], body)
    }

    /// The connection breaks: the filter is told of a failure without a status.
    pub fn reset() -> Self {
        Self::new(ReplyKind::Reset)
    }

    /// Nothing. With a timeout on the call the host answers 504 when it is over; else nothing ever comes.
    pub fn never() -> Self {
        Self::new(ReplyKind::Never)
    }

    /// One gRPC message, then status OK.
    pub fn grpc(message: impl AsRef<[u8]>) -> Self {
        Self::new(ReplyKind::Grpc {
            initial: Headers::new(),
            messages: vec![message.as_ref().to_vec()],
            trailing: Headers::new(),
            status: 0,
            message: String::new(),
        })
    }

    /// A gRPC status other than OK, without a message.
    pub fn grpc_status(status: u32, message: &str) -> Self {
        Self::new(ReplyKind::Grpc {
            initial: Headers::new(),
            messages: Vec::new(),
            trailing: Headers::new(),
            status,
            message: message.to_owned(),
        })
    }

    /// The same answer, this long after the call.
    #[must_use]
    pub fn after(mut self, after: Duration) -> Self {
        self.after = after;
        self
    }

    /// The same answer with trailers, where it is an HTTP answer, or with trailing metadata.
    #[must_use]
    pub fn with_trailers(mut self, more: impl Into<Headers>) -> Self {
        match &mut self.kind {
            ReplyKind::Http { trailers, .. } => *trailers = more.into(),
            ReplyKind::Grpc { trailing, .. } => *trailing = more.into(),
            ReplyKind::Reset | ReplyKind::Never => {}
        }
        self
    }

    fn new(kind: ReplyKind) -> Self {
        Self { after: Duration::from_millis(1), kind }
    }

    /// What is delivered how long after the call, with the call's timeout taken into account.
    pub(crate) fn within(self, timeout: Option<Duration>) -> (Option<Duration>, ReplyKind) {
        let never = matches!(self.kind, ReplyKind::Never);
        match timeout {
            Some(timeout) if never || self.after > timeout => {
                let headers = Headers::from([(":status", "504"), ("content-type", "text/plain")]);
                let body = b"upstream request timeout".to_vec();
                (Some(timeout), ReplyKind::Http { headers, body, trailers: Headers::new() })
            }
            _ if never => (None, self.kind),
            _ => (Some(self.after), self.kind),
        }
    }
}

/// What answers at a cluster.
pub(crate) struct Cluster(pub(crate) Box<dyn FnMut(&Callout) -> Reply>);

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cluster")
    }
}
