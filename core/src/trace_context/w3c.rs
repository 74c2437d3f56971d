//! The W3C's headers: `traceparent` and `tracestate`, in and out.
//!
//! In: their values. Out: the context they carry, where the W3C recommendation calls it valid, and the
//! `traceparent` of a context of ours. A broken `tracestate` never costs the `traceparent` beside it.

use super::{Once, RANDOM_TRACE_ID, SAMPLED, SpanContext, SpanId, TraceFlags, TraceId, TraceState, hex};

/// A `traceparent` as it is sent.
pub type TraceParent = [u8; VERSION_00_LENGTH];

/// Gathers the two headers from among others.
#[derive(Debug, Default)]
pub(super) struct Reader {
    parent: Once<(TraceId, SpanId, TraceFlags)>,
    state: Option<Vec<u8>>,
}

impl Reader {
    pub(super) fn traceparent(&mut self, value: &[u8]) {
        self.parent.put(parse_traceparent(value));
    }

    /// Several headers are one list.
    pub(super) fn tracestate(&mut self, value: &[u8]) {
        let list = self.state.get_or_insert_with(Vec::new);
        if !list.is_empty() {
            list.push(b',');
        }
        if list.len().saturating_add(value.len()) <= MAX_TRACE_STATE {
            list.extend_from_slice(value);
        } else {
            // Too long to keep: what is discarded is the whole, as the W3C text wants it.
            *list = b"=".to_vec();
        }
    }

    pub(super) fn finish(self) -> Option<SpanContext> {
        let (trace_id, span_id, flags) = self.parent.take()?;
        let state = self.state.and_then(|list| TraceState::parse(core::str::from_utf8(&list).ok()?));
        let state = state.unwrap_or_default();
        Some(SpanContext::new(trace_id, span_id, flags, true, state))
    }
}

/// Parses one `traceparent` value (W3C Trace Context, §3.2): lower-case hex only, no id all zero, version `ff`
/// forbidden, version `00` exactly 55 bytes long, later versions at least that, with a dash after them.
#[must_use]
pub fn parse_traceparent(value: &[u8]) -> Option<(TraceId, SpanId, TraceFlags)> {
    let (head, rest) = value.split_at_checked(VERSION_00_LENGTH)?;
    let (version, head) = hex_field::<1>(head)?;
    let (trace_id, head) = hex_field::<16>(head)?;
    let (span_id, head) = hex_field::<8>(head)?;
    let (flags, _) = hex_field::<1>(head)?;
    let whole = match version {
        [0xff] => false,
        [0] => rest.is_empty(),
        _ => rest.first().is_none_or(|b| *b == b'-'),
    };
    let (trace_id, span_id) = (TraceId::from_bytes(trace_id), SpanId::from_bytes(span_id));
    if !whole || trace_id == TraceId::INVALID || span_id == SpanId::INVALID {
        return None;
    }
    let [flags] = flags;
    Some((trace_id, span_id, TraceFlags::new(flags & (SAMPLED | RANDOM_TRACE_ID))))
}

/// The `traceparent` of a context, version 00.
#[must_use]
pub fn traceparent(context: &SpanContext) -> TraceParent {
    let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
    let flags = [context.trace_flags().to_u8()];
    let (trace_id, span_id) = (context.trace_id().to_bytes(), context.span_id().to_bytes());
    let fields: [(usize, &[u8]); 3] = [(3, &trace_id), (36, &span_id), (53, &flags)];
    for (start, bytes) in fields {
        let digits = text.get_mut(start..).unwrap_or_default().chunks_exact_mut(2);
        for (pair, byte) in digits.zip(bytes) {
            for (digit, nibble) in pair.iter_mut().zip([byte >> 4, byte & 0xf]) {
                *digit = DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
            }
        }
    }
    text
}

/// `N` bytes in hex, then a dash or the end. Gives what follows the dash.
fn hex_field<const N: usize>(text: &[u8]) -> Option<([u8; N], &[u8])> {
    let (digits, rest) = text.split_at_checked(N.checked_mul(2)?)?;
    let mut bytes = [0; N];
    hex(digits, &mut bytes)?;
    match rest.split_first() {
        None => Some((bytes, rest)),
        Some((b'-', rest)) => Some((bytes, rest)),
        Some(_) => None,
    }
}

/// Length of a version 00 `traceparent`.
const VERSION_00_LENGTH: usize = 55;
/// Longest `tracestate` list that is kept. The W3C text asks for 512 at least.
const MAX_TRACE_STATE: usize = 4096;
const DIGITS: &[u8; 16] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use super::super::{Position, extract};
    use super::*;
    use crate::headers::Headers;

    const VALID: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn context(pairs: &[(&str, &str)]) -> Option<SpanContext> {
        let pairs: Vec<_> = pairs.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
        extract(&Headers::new(&pairs))
    }

    fn state_of(states: &[&str]) -> String {
        let mut pairs = vec![("traceparent", VALID)];
        pairs.extend(states.iter().map(|s| ("tracestate", *s)));
        context(&pairs)
            .expect("a bad tracestate must not cost the traceparent")
            .trace_state()
            .header()
            .to_owned()
    }

    #[test]
    fn reads_a_valid_traceparent() {
        let context = context(&[(":path", "/"), ("traceparent", VALID)]).unwrap();
        assert_eq!(context.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(context.span_id().to_string(), "b7ad6b7169203331");
        assert!(context.is_sampled() && context.is_remote());
        assert_eq!(*context.trace_state(), TraceState::NONE);
    }

    #[test]
    fn refuses_what_the_recommendation_refuses() {
        for bad in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-001",
            "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0\u{b9}",
            " 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x",
        ] {
            assert_eq!(parse_traceparent(bad.as_bytes()), None, "{bad:?}");
        }
    }

    #[test]
    fn reads_later_versions_as_far_as_it_knows_them() {
        let known = parse_traceparent(VALID.as_bytes());
        assert!(known.is_some());
        for later in
            [VALID.replacen("00", "01", 1), VALID.replacen("00", "cc", 1) + "-what-the-future-brings"]
        {
            assert_eq!(parse_traceparent(later.as_bytes()), known, "{later}");
        }
    }

    #[test]
    fn keeps_the_flags_it_knows() {
        for (sent, kept) in [("00", 0), ("01", 1), ("02", 2), ("03", 3), ("ff", 3), ("fe", 2)] {
            let value = VALID.replace("-01", &format!("-{sent}"));
            let (_, _, flags) = parse_traceparent(value.as_bytes()).unwrap();
            assert_eq!(flags.to_u8(), kept, "{sent}");
        }
    }

    #[test]
    fn refuses_a_repeated_traceparent() {
        assert_eq!(context(&[("traceparent", VALID), ("traceparent", VALID)]), None);
        assert_eq!(context(&[("traceparent", "junk"), ("traceparent", VALID)]), None);
        assert_eq!(context(&[("tracestate", "a=1")]), None);
    }

    #[test]
    fn reads_tracestate_as_one_list() {
        assert_eq!(state_of(&["a=1, b=2 ,\tc=3"]), "a=1,b=2,c=3");
        assert_eq!(state_of(&["a=1", "", "b@v=2,,"]), "a=1,b@v=2");
        let longest = format!("a={}", "x".repeat(256));
        assert_eq!(state_of(&[&longest]), longest);
        let full: Vec<_> = (0..32).map(|n| format!("k{n}=v")).collect();
        assert_eq!(state_of(&[&full.join(",")]), full.join(","));
    }

    #[test]
    fn discards_a_bad_tracestate_alone() {
        let long = format!("a={}", "x".repeat(257));
        let many = (0..33).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
        let huge = (0..31).map(|n| format!("k{n}={}", "x".repeat(200))).collect::<Vec<_>>().join(",");
        for bad in ["a", "=1", "a=", "A=1", "a=1=2", "a=\u{e4}", "a=1,b", "a b=1", &long, &many, &huge] {
            assert_eq!(state_of(&[bad]), "", "{bad:?}");
        }
        assert_eq!(state_of(&[&huge, "a=1"]), "", "what follows a list too long does not bring it back");
    }

    #[test]
    fn writes_what_it_reads() {
        let read = context(&[("traceparent", VALID)]).unwrap();
        assert_eq!(std::str::from_utf8(&traceparent(&read)), Ok(VALID));
        let child = Position::child_of(read, SpanId::from_bytes([0, 1, 2, 3, 4, 5, 6, 0xfe]));
        assert_eq!(
            std::str::from_utf8(&traceparent(&child.context)),
            Ok("00-0af7651916cd43dd8448eb211c80319c-00010203040506fe-01")
        );
        assert_eq!(child.parent.unwrap().to_string(), "b7ad6b7169203331");
    }
}
