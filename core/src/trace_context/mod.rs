//! Trace contexts: what a request's headers say of its trace, and where our span stands in it.
//!
//! In: a request's headers, W3C (`w3c.rs`) or B3 (`b3.rs`). Out: a [`Position`], and the `traceparent` of a context of
//! ours. Where both kinds are valid the W3C's hold. A header that breaks a rule is as good as absent.

mod b3;
pub mod baggage;
mod context;
mod w3c;

pub use context::{SpanContext, TraceState};
pub use opentelemetry::{SpanId, TraceFlags, TraceId};

use crate::headers::Headers;
pub use w3c::{TraceParent, parse_traceparent, traceparent};

/// Where a span stands in its trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The span's own context. Its trace state is the one it was handed, until sampling adds to it.
    pub context: SpanContext,
    /// The span it is a child of; `None` at the root of a trace.
    pub parent: Option<SpanId>,
    /// Whether the parent was told by a header, so belongs to another process.
    pub remote_parent: bool,
    /// Whether who sent the request decided of sampling, so that its word is kept; else the decision is ours.
    pub is_decided: bool,
}

impl Position {
    /// A child of the context that a header told.
    #[must_use]
    pub fn child_of(parent: SpanContext, span_id: SpanId) -> Self {
        Self {
            parent: Some(parent.span_id()),
            remote_parent: true,
            is_decided: true,
            context: SpanContext::new(
                parent.trace_id(),
                span_id,
                parent.trace_flags(),
                false,
                parent.trace_state().clone(),
            ),
        }
    }

    /// The root of a new trace. `trace_id` is random, which its flags say.
    #[must_use]
    pub fn root(trace_id: TraceId, span_id: SpanId, sampled: bool) -> Self {
        let flags = TraceFlags::new(RANDOM_TRACE_ID).with_sampled(sampled);
        Self {
            context: SpanContext::new(trace_id, span_id, flags, false, TraceState::NONE),
            parent: None,
            remote_parent: false,
            is_decided: false,
        }
    }

    /// Whether the span is to be exported.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.context.trace_flags().is_sampled()
    }

    /// The same place, with another flag and state.
    pub fn set_sampled(&mut self, sampled: bool, state: TraceState) {
        let own = &self.context;
        let flags = own.trace_flags().with_sampled(sampled);
        self.context = SpanContext::new(own.trace_id(), own.span_id(), flags, false, state);
    }

    /// A proxy that traces has put its own span into the request that it sent: that is the parent then. `client` is
    /// what the request said before.
    pub fn follow_proxy(&mut self, client: SpanIds, sent: &Headers<'_>) {
        let own = self.context.span_id();
        let sent = Incoming::read(sent);
        let ids = sent.span_ids();
        let is_new = |id: Option<SpanId>, before| id.is_some() && id != before && id != Some(own);
        let followed = if is_new(ids.w3c, client.w3c) {
            Incoming { b3: b3::Context::default(), ..sent }
        } else if is_new(ids.b3, client.b3) {
            Incoming { w3c: None, ..sent }
        } else {
            return;
        };
        // The state is the client's: a proxy hands it on.
        let state = self.context.trace_state().clone();
        let mut position = followed.position(own, || self.context.trace_id(), |_| self.is_sampled());
        position.set_sampled(position.is_sampled(), state);
        *self = position;
    }
}

/// What a request's headers say of its trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Incoming {
    w3c: Option<SpanContext>,
    b3: b3::Context,
}

/// The spans that a request's headers name, by kind of header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpanIds {
    w3c: Option<SpanId>,
    b3: Option<SpanId>,
}

impl Incoming {
    /// Reads the headers. One that may be there once and is repeated is not valid; several `tracestate` are one list.
    #[must_use]
    pub fn read(headers: &Headers<'_>) -> Self {
        let (mut w3c, mut b3) = (w3c::Reader::default(), b3::Reader::default());
        for (name, value) in headers.iter() {
            match name {
                b"traceparent" => w3c.traceparent(value),
                b"tracestate" => w3c.tracestate(value),
                b"b3" => b3.single(value),
                _ => {
                    if let Some(field) = name.strip_prefix(b"x-b3-") {
                        b3.field(field, value);
                    }
                }
            }
        }
        Self { w3c: w3c.finish(), b3: b3.finish() }
    }

    /// Where a span of ours stands. A trace that begins here gets its id from `new_trace`; what nobody decided is
    /// decided by `head`.
    #[must_use]
    pub fn position(
        self,
        span_id: SpanId,
        new_trace: impl FnOnce() -> TraceId,
        head: impl FnOnce(TraceId) -> bool,
    ) -> Position {
        if let Some(parent) = self.w3c {
            return Position::child_of(parent, span_id);
        }
        let b3::Context { span, sampled } = self.b3;
        let mut position = match span {
            Some((trace, parent)) => {
                let sampled = sampled.unwrap_or_else(|| head(trace));
                let flags = TraceFlags::default().with_sampled(sampled);
                let parent = SpanContext::new(trace, parent, flags, true, TraceState::NONE);
                Position::child_of(parent, span_id)
            }
            None => {
                let trace = new_trace();
                Position::root(trace, span_id, sampled.unwrap_or_else(|| head(trace)))
            }
        };
        position.is_decided = sampled.is_some();
        position
    }

    /// Whether there is a valid `traceparent`, so that a `tracestate` beside it means something.
    #[must_use]
    pub fn has_traceparent(&self) -> bool {
        self.w3c.is_some()
    }

    /// The spans that are named.
    #[must_use]
    pub fn span_ids(&self) -> SpanIds {
        SpanIds { w3c: self.w3c.as_ref().map(SpanContext::span_id), b3: self.b3.span.map(|(_, span)| span) }
    }
}

/// The context of the W3C's headers, if it is valid.
#[must_use]
pub fn extract(headers: &Headers<'_>) -> Option<SpanContext> {
    Incoming::read(headers).w3c
}

/// What may come once. A repetition makes it invalid, as what is malformed is.
#[derive(Debug, Default)]
enum Once<T> {
    #[default]
    Absent,
    Valid(T),
    Invalid,
}

impl<T> Once<T> {
    fn put(&mut self, value: Option<T>) {
        *self = match (&self, value) {
            (Self::Absent, Some(value)) => Self::Valid(value),
            _ => Self::Invalid,
        };
    }

    fn take(self) -> Option<T> {
        match self {
            Self::Valid(value) => Some(value),
            _ => None,
        }
    }
}

/// Reads lower-case hex, two digits for each byte.
fn hex(digits: &[u8], bytes: &mut [u8]) -> Option<()> {
    if digits.len() != bytes.len().checked_mul(2)? {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        for digit in pair {
            let nibble = match digit {
                b'0'..=b'9' => digit.wrapping_sub(b'0'),
                b'a'..=b'f' => digit.wrapping_sub(b'a' - 10),
                _ => return None,
            };
            *byte = *byte << 4 | nibble;
        }
    }
    Some(())
}

/// Trace flag: the span may be recorded.
const SAMPLED: u8 = 1;
/// Trace flag of level 2: the id's last 56 bits are random.
const RANDOM_TRACE_ID: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    const W3C: (&str, &str) = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    const B3: (&str, &str) = ("b3", "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-0");
    const OWN: [u8; 8] = [7; 8];

    fn read(pairs: &[(&str, &str)]) -> Incoming {
        let pairs: Vec<_> = pairs.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
        Incoming::read(&Headers::new(&pairs))
    }

    /// Trace, parent, sampled, decided elsewhere; where the decision is ours the answer is yes.
    fn position(pairs: &[(&str, &str)]) -> (String, Option<String>, bool, bool) {
        let new = || TraceId::from_bytes([1; 16]);
        let position = read(pairs).position(SpanId::from_bytes(OWN), new, |_| true);
        assert_eq!(position.context.span_id(), SpanId::from_bytes(OWN));
        assert_eq!(position.remote_parent, position.parent.is_some());
        (
            position.context.trace_id().to_string(),
            position.parent.map(|id| id.to_string()),
            position.is_sampled(),
            position.is_decided,
        )
    }

    #[test]
    fn the_w3cs_headers_hold_where_both_are_valid() {
        let w3c =
            ("0af7651916cd43dd8448eb211c80319c".to_owned(), Some("b7ad6b7169203331".to_owned()), true, true);
        let b3 =
            ("80f198ee56343ba864fe8b2a57d3eff7".to_owned(), Some("e457b5a2e4d86bd1".to_owned()), false, true);
        assert_eq!(position(&[B3, W3C]), w3c);
        assert_eq!(position(&[W3C, ("b3", "0")]), w3c);
        assert_eq!(position(&[B3]), b3);
        assert_eq!(position(&[("traceparent", "00-nonsense"), B3]), b3);
        assert_eq!(position(&[("traceparent", "00-nonsense"), ("tracestate", "a=1"), B3]), b3);
    }

    #[test]
    fn what_nobody_decided_is_ours_to_decide() {
        let new = "01".repeat(16);
        assert_eq!(position(&[]), (new.clone(), None, true, false));
        assert_eq!(position(&[("b3", "nonsense")]), (new.clone(), None, true, false));
        assert_eq!(position(&[("b3", "0")]), (new.clone(), None, false, true), "deny, with no trace named");
        assert_eq!(position(&[("x-b3-sampled", "1")]), (new, None, true, true));
        let undecided = "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1";
        let (trace, parent, sampled, decided) = position(&[("b3", undecided)]);
        assert_eq!((trace.as_str(), parent.as_deref()), (&undecided[..32], Some(&undecided[33..])));
        assert_eq!((sampled, decided), (true, false));
    }

    /// Parent and sampled flag, once a proxy has sent the request on.
    fn followed(client: &[(&str, &str)], sent: &[(&str, &str)]) -> (String, bool) {
        let incoming = read(client);
        let ids = incoming.span_ids();
        let new = || TraceId::from_bytes([1; 16]);
        let mut position = incoming.position(SpanId::from_bytes(OWN), new, |_| true);
        let pairs: Vec<_> = sent.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
        position.follow_proxy(ids, &Headers::new(&pairs));
        assert_eq!(position.context.span_id(), SpanId::from_bytes(OWN));
        (position.parent.map(|id| id.to_string()).unwrap_or_default(), position.is_sampled())
    }

    #[test]
    fn a_proxys_span_is_the_parent_in_whichever_headers_it_is_told() {
        let proxy = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-00");
        let proxys_b3 = ("b3", "0af7651916cd43dd8448eb211c80319c-05e3ac9a4f6e3b90-1");
        let own = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-0707070707070707-01");
        for (client, sent, parent, sampled) in [
            (&[W3C][..], &[proxy][..], "00f067aa0ba902b7", false),
            (&[], &[proxy], "00f067aa0ba902b7", false),
            (&[W3C], &[W3C], "b7ad6b7169203331", true),
            (&[W3C], &[], "b7ad6b7169203331", true),
            (&[W3C], &[("traceparent", "nonsense")], "b7ad6b7169203331", true),
            (&[], &[], "", true),
            // Our own, as it was propagated.
            (&[W3C], &[own], "b7ad6b7169203331", true),
            (&[B3], &[own, B3], "e457b5a2e4d86bd1", false),
            // A proxy that speaks B3, beside headers that it leaves alone.
            (&[B3], &[proxys_b3], "05e3ac9a4f6e3b90", true),
            (&[W3C], &[W3C, proxys_b3], "05e3ac9a4f6e3b90", true),
            (&[W3C, B3], &[W3C, B3], "b7ad6b7169203331", true),
            (&[W3C, B3], &[proxy, B3], "00f067aa0ba902b7", false),
        ] {
            assert_eq!(followed(client, sent), (parent.to_owned(), sampled), "{client:?} {sent:?}");
        }
    }

    #[test]
    fn a_proxys_span_keeps_the_clients_state() {
        let incoming = read(&[W3C, ("tracestate", "vendor=1")]);
        let ids = incoming.span_ids();
        let new = || TraceId::from_bytes([1; 16]);
        let mut position = incoming.position(SpanId::from_bytes(OWN), new, |_| true);
        let sent: &[(&[u8], &[u8])] = &[(b"b3", b"0af7651916cd43dd8448eb211c80319c-05e3ac9a4f6e3b90-1")];
        position.follow_proxy(ids, &Headers::new(sent));
        assert_eq!(position.context.trace_state().header(), "vendor=1");
    }
}
