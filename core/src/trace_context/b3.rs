//! B3, Zipkin's headers: the single `b3`, and the many `x-b3-*`.
//!
//! In: their values. Out: the span that sent the request, and whether it wants to be sampled: each may be there
//! without the other. The single header holds where both are valid. Ids of traces may have 64 bits; they are padded
//! on the left.

use super::{Once, SpanId, TraceId, hex};

/// What B3 says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Context {
    /// The trace, and the span that sent the request.
    pub(super) span: Option<(TraceId, SpanId)>,
    /// Whether it is sampled; `None` where that is left to whom it may concern. Debug is sampled.
    pub(super) sampled: Option<bool>,
}

/// Gathers the headers from among others.
#[derive(Debug, Default)]
pub(super) struct Reader {
    single: Once<Context>,
    trace_id: Once<TraceId>,
    span_id: Once<SpanId>,
    sampled: Once<bool>,
    debug: bool,
}

impl Reader {
    pub(super) fn single(&mut self, value: &[u8]) {
        self.single.put(single(value));
    }

    /// A header `x-b3-…`, by what follows the second dash.
    pub(super) fn field(&mut self, field: &[u8], value: &[u8]) {
        match field {
            b"traceid" => self.trace_id.put(trace_id(value)),
            b"spanid" => self.span_id.put(span_id(value)),
            // Old senders write words.
            b"sampled" => self.sampled.put(match value {
                b"1" | b"true" => Some(true),
                b"0" | b"false" => Some(false),
                _ => None,
            }),
            b"flags" => self.debug = value == b"1",
            _ => {}
        }
    }

    pub(super) fn finish(self) -> Context {
        if let Some(single) = self.single.take() {
            return single;
        }
        let span = self.trace_id.take().zip(self.span_id.take());
        let sampled = if self.debug { Some(true) } else { self.sampled.take() };
        Context { span, sampled }
    }
}

/// `{trace}-{span}[-{sampling}[-{parent}]]`, or the sampling alone.
fn single(value: &[u8]) -> Option<Context> {
    let mut fields = value.split(|b| *b == b'-');
    let (first, second) = (fields.next()?, fields.next());
    let Some(second) = second else {
        return Some(Context { span: None, sampled: Some(sampling(first)?) });
    };
    let span = Some((trace_id(first)?, span_id(second)?));
    let sampled = match fields.next() {
        Some(state) => Some(sampling(state)?),
        None => None,
    };
    if let Some(parent) = fields.next() {
        span_id(parent)?;
    }
    fields.next().is_none().then_some(Context { span, sampled })
}

fn sampling(state: &[u8]) -> Option<bool> {
    match state {
        b"1" | b"d" => Some(true),
        b"0" => Some(false),
        _ => None,
    }
}

fn trace_id(digits: &[u8]) -> Option<TraceId> {
    let mut bytes = [0; 16];
    match digits.len() {
        32 => hex(digits, &mut bytes)?,
        _ => hex(digits, bytes.last_chunk_mut::<8>()?)?,
    }
    let id = TraceId::from_bytes(bytes);
    (id != TraceId::INVALID).then_some(id)
}

fn span_id(digits: &[u8]) -> Option<SpanId> {
    let mut bytes = [0; 8];
    hex(digits, &mut bytes)?;
    let id = SpanId::from_bytes(bytes);
    (id != SpanId::INVALID).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "80f198ee56343ba864fe8b2a57d3eff7";
    const SPAN: &str = "e457b5a2e4d86bd1";

    /// Trace and span as text, and the sampling.
    fn read(pairs: &[(&str, &str)]) -> (Option<(String, String)>, Option<bool>) {
        let mut reader = Reader::default();
        for (name, value) in pairs {
            match name.strip_prefix("x-b3-") {
                Some(field) => reader.field(field.as_bytes(), value.as_bytes()),
                None => reader.single(value.as_bytes()),
            }
        }
        let Context { span, sampled } = reader.finish();
        (span.map(|(trace, span)| (trace.to_string(), span.to_string())), sampled)
    }

    fn span() -> Option<(String, String)> {
        Some((TRACE.to_owned(), SPAN.to_owned()))
    }

    #[test]
    fn reads_the_single_header() {
        let of = |value: &str| read(&[("b3", value)]);
        assert_eq!(of(&format!("{TRACE}-{SPAN}")), (span(), None));
        assert_eq!(of(&format!("{TRACE}-{SPAN}-1")), (span(), Some(true)));
        assert_eq!(of(&format!("{TRACE}-{SPAN}-0")), (span(), Some(false)));
        assert_eq!(of(&format!("{TRACE}-{SPAN}-d")), (span(), Some(true)));
        assert_eq!(of(&format!("{TRACE}-{SPAN}-1-05e3ac9a4f6e3b90")), (span(), Some(true)));
        for (state, sampled) in [("0", false), ("1", true), ("d", true)] {
            assert_eq!(of(state), (None, Some(sampled)), "{state}");
        }
    }

    #[test]
    fn pads_an_id_of_64_bits() {
        let padded = Some(("0000000000000000a3ce929d0e0e4736".to_owned(), SPAN.to_owned()));
        assert_eq!(read(&[("b3", &format!("a3ce929d0e0e4736-{SPAN}-1"))]), (padded.clone(), Some(true)));
        let many = [("x-b3-traceid", "a3ce929d0e0e4736"), ("x-b3-spanid", SPAN)];
        assert_eq!(read(&many), (padded, None));
    }

    #[test]
    fn refuses_what_is_no_b3() {
        let zero = "0".repeat(32);
        for bad in [
            "",
            "-",
            "2",
            "true",
            TRACE,
            &format!("{TRACE}-"),
            &format!("-{SPAN}"),
            &format!("{TRACE}-{SPAN}-"),
            &format!("{TRACE}-{SPAN}-2"),
            &format!("{TRACE}-{SPAN}-1-"),
            &format!("{TRACE}-{SPAN}-1-0"),
            &format!("{TRACE}-{SPAN}-1-{SPAN}-"),
            &format!("{zero}-{SPAN}-1"),
            &format!("{TRACE}-{}-1", "0".repeat(16)),
            &format!("{}-{SPAN}-1", TRACE.to_uppercase()),
            &format!("{}-{SPAN}-1", &TRACE[1..]),
            &format!("{}-{SPAN}-1", &TRACE[..8]),
            &format!("{TRACE}-{}-1", &SPAN[1..]),
            &format!(" {TRACE}-{SPAN}-1"),
        ] {
            assert_eq!(read(&[("b3", bad)]), (None, None), "{bad:?}");
        }
    }

    #[test]
    fn reads_the_many_headers() {
        let ids = [("x-b3-traceid", TRACE), ("x-b3-spanid", SPAN), ("x-b3-parentspanid", "05e3ac9a4f6e3b90")];
        for (more, sampled) in [
            (&[][..], None),
            (&[("x-b3-sampled", "1")], Some(true)),
            (&[("x-b3-sampled", "true")], Some(true)),
            (&[("x-b3-sampled", "0")], Some(false)),
            (&[("x-b3-sampled", "false")], Some(false)),
            (&[("x-b3-sampled", "yes")], None),
            (&[("x-b3-flags", "1")], Some(true)),
            (&[("x-b3-flags", "0")], None),
            (&[("x-b3-sampled", "0"), ("x-b3-flags", "1")], Some(true)),
            (&[("x-b3-sampled", "1"), ("x-b3-sampled", "1")], None),
        ] {
            let pairs: Vec<_> = ids.iter().chain(more).copied().collect();
            assert_eq!(read(&pairs), (span(), sampled), "{more:?}");
        }
        assert_eq!(read(&[("x-b3-sampled", "0")]), (None, Some(false)), "a decision alone");
        assert_eq!(read(&ids[..1]), (None, None));
        assert_eq!(read(&ids[1..]), (None, None));
        assert_eq!(read(&[ids[0], ids[0], ids[1]]), (None, None), "a trace that is told twice");
    }

    #[test]
    fn the_single_header_holds_where_both_are_valid() {
        let many =
            [("x-b3-traceid", "0af7651916cd43dd8448eb211c80319c"), ("x-b3-spanid", "b7ad6b7169203331")];
        let of = |single: &str| read(&[("b3", single), many[0], many[1]]);
        assert_eq!(of(&format!("{TRACE}-{SPAN}-0")), (span(), Some(false)));
        let (other, _) = of("nonsense");
        assert_eq!(other.map(|(trace, _)| trace), Some("0af7651916cd43dd8448eb211c80319c".to_owned()));
    }
}
