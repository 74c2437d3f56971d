//! The context of a span, and the state that others hand on with it.
//!
//! As OpenTelemetry's API has them, without the copies: a state is the text that it is sent as, and no deque of pairs.

use opentelemetry::{SpanId, TraceFlags, TraceId};

/// Members `key=value` of several systems: at most 32, in their order, with commas between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceState(String);

/// What identifies a span, and goes with it from process to process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpanContext {
    trace_id: TraceId,
    span_id: SpanId,
    trace_flags: TraceFlags,
    is_remote: bool,
    trace_state: TraceState,
}

impl TraceState {
    /// Nobody's.
    pub const NONE: Self = Self(String::new());

    /// Reads a list; `None` where a member of it is none, or there are too many.
    #[must_use]
    pub fn parse(list: &str) -> Option<Self> {
        let mut state = String::with_capacity(list.len());
        let mut count = 0_usize;
        for member in list.split(',').map(|member| member.trim_matches([' ', '\t'])) {
            if member.is_empty() {
                continue;
            }
            let (key, value) = member.split_once('=')?;
            count = count.saturating_add(1);
            if count > MAX_MEMBERS || !is_key(key) || !is_value(value) {
                return None;
            }
            push(&mut state, key, value);
        }
        Some(Self(state))
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.members().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// The same with this member in front, in the place of one of that key; `None` where it cannot be one. Of members
    /// beyond the most there may be, the last goes.
    #[must_use]
    pub fn insert(&self, key: &str, value: &str) -> Option<Self> {
        if !is_key(key) || !is_value(value) {
            return None;
        }
        let mut state = String::new();
        push(&mut state, key, value);
        for (name, value) in
            self.members().filter(|(name, _)| *name != key).take(MAX_MEMBERS.saturating_sub(1))
        {
            push(&mut state, name, value);
        }
        Some(Self(state))
    }

    /// As it is sent.
    #[must_use]
    pub fn header(&self) -> &str {
        &self.0
    }

    fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.split(',').filter_map(|member| member.split_once('='))
    }
}

/// Appends a member.
fn push(state: &mut String, key: &str, value: &str) {
    let comma = if state.is_empty() { "" } else { "," };
    state.extend([comma, key, "=", value]);
}

/// Whether this can be a key (W3C Trace Context, §3.3.1.3.1): a letter or digit first, and at most 14 bytes of system
/// behind an `@`.
fn is_key(key: &str) -> bool {
    let is_first = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_part = |part: &str| {
        let may_be = |byte: &u8| is_first(byte) || matches!(byte, b'_' | b'-' | b'*' | b'/');
        part.as_bytes().first().is_some_and(is_first) && part.as_bytes().iter().all(may_be)
    };
    if key.len() > MAX_LENGTH {
        return false;
    }
    match key.split_once('@') {
        Some((tenant, system)) => is_part(tenant) && is_part(system) && system.len() <= MAX_SYSTEM,
        None => is_part(key),
    }
}

/// Whether this can be a value: printable, of neither commas nor equals signs.
fn is_value(value: &str) -> bool {
    let may_be = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b',' | b'=');
    !value.is_empty() && value.len() <= MAX_LENGTH && value.bytes().all(may_be)
}

impl SpanContext {
    /// A context. `is_remote`: another process told it.
    #[must_use]
    pub const fn new(
        trace_id: TraceId,
        span_id: SpanId,
        trace_flags: TraceFlags,
        is_remote: bool,
        trace_state: TraceState,
    ) -> Self {
        Self { trace_id, span_id, trace_flags, is_remote, trace_state }
    }

    /// The trace.
    #[must_use]
    pub const fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// The span.
    #[must_use]
    pub const fn span_id(&self) -> SpanId {
        self.span_id
    }

    /// Its flags.
    #[must_use]
    pub const fn trace_flags(&self) -> TraceFlags {
        self.trace_flags
    }

    /// Whether it may be recorded.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.trace_flags.is_sampled()
    }

    /// Whether another process told it.
    #[must_use]
    pub const fn is_remote(&self) -> bool {
        self.is_remote
    }

    /// Its state.
    #[must_use]
    pub const fn trace_state(&self) -> &TraceState {
        &self.trace_state
    }
}

/// Most members of a state.
const MAX_MEMBERS: usize = 32;
/// Longest key, and longest value.
const MAX_LENGTH: usize = 256;
/// Longest name of a system in a key.
const MAX_SYSTEM: usize = 14;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_may_be_a_key() {
        let long = "k".repeat(256);
        for key in ["a", "0", "a_-*/9", "tenant@system", "0@s", "t@s2345678901234", &long] {
            assert!(TraceState::NONE.insert(key, "v").is_some(), "{key}");
        }
        let longer = "k".repeat(257);
        for key in
            ["", "A", "_a", "a b", "a=b", "ä", "@s", "t@", "t@_s", "t@s@u", "t@s23456789012345", &longer]
        {
            assert_eq!(TraceState::NONE.insert(key, "v"), None, "{key}");
        }
    }

    #[test]
    fn a_member_that_is_inserted_stands_first_and_once() {
        let state = TraceState::parse(" a=1,\tb=2 ,,c=3").unwrap();
        assert_eq!(state.header(), "a=1,b=2,c=3");
        assert_eq!(state.get("b"), Some("2"));
        assert_eq!(state.get("d"), None);
        assert_eq!(state.insert("b", "9").unwrap().header(), "b=9,a=1,c=3");
        assert_eq!(state.insert("b", "x,y"), None);
        let full: Vec<_> = (0..32).map(|n| format!("k{n}=v")).collect();
        let more = TraceState::parse(&full.join(",")).unwrap().insert("new", "v").unwrap();
        assert_eq!(more.header(), format!("new=v,{}", full[..31].join(",")));
        assert_eq!(TraceState::parse(&format!("{},x=1", full.join(","))), None);
    }
}
