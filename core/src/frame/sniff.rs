//! Which framing a body is in: what its content type says, checked against its first bytes.
//!
//! Content types lie (gateways relabel, servers answer a stream request with a plain error) or are absent, so
//! the first bytes decide where they are unmistakable, and the label where they are not:
//!
//! | declared ↓ · first bytes → | `data:` `event:` `id:` `retry:` `error:` `:` | `{` | `[` | AWS prelude | other |
//! |---|---|---|---|---|---|
//! | `text/event-stream` | SSE | JSON ✗ | JSON ✗ | event stream ✗ | SSE |
//! | JSON (`application/json`, `…+json`) | SSE ✗ | JSON | JSON | event stream ✗ | JSON |
//! | NDJSON (`application/x-ndjson`, `application/stream+json` …) | SSE ✗ | lines | lines | event stream ✗ | lines |
//! | `application/vnd.amazon.eventstream` | SSE ✗ | JSON ✗ | JSON ✗ | event stream | event stream |
//! | audio, image, video, font, form data | opaque | opaque | opaque | opaque | opaque |
//! | anything else, or nothing | SSE | JSON | JSON | event stream | opaque |
//!
//! ✗ marks a label that lied ([`Sniffed::mislabelled`]). White space and a byte order mark before the first
//! byte do not count. An *AWS prelude* is twelve bytes whose last four are the CRC of the first eight; it is
//! looked for where the first byte is 0 or 1 (no message is longer than 24 MiB). `[` is a JSON array stream
//! where the caller expects one (Gemini's `streamGenerateContent`): then it is [`Framing::JsonArray`] in
//! place of JSON. [`Framing::Json`] is a sequence of JSON values, so an NDJSON body called
//! `application/json` needs no case of its own.

/// How messages stand in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    /// JSON values one after the other, mostly one.
    Json,
    /// One message a line.
    Lines,
    /// The elements of one top-level JSON array.
    JsonArray,
    /// Server-sent events.
    Sse,
    /// AWS event stream.
    EventStream,
    /// Nothing that this crate reads: audio, images, HTML …
    Opaque,
}

/// What the sniffer found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sniffed {
    /// The framing to read the body with.
    pub framing: Framing,
    /// The content type named another one.
    pub mislabelled: bool,
    /// So many bytes of the deciding chunk stand before the body proper.
    pub skip: usize,
}

/// Decides on the framing from a body's first bytes, however they are split.
///
/// ```
/// # use inferspan_core::frame::{Framing, Sniffed, Sniffer};
/// let mut sniffer = Sniffer::new(Some(b"application/json"), false);
/// assert_eq!(sniffer.push(b"\nda"), None);
/// let found = Sniffed { framing: Framing::Sse, mislabelled: true, skip: 0 };
/// assert_eq!(sniffer.push(b"ta: {}"), Some(found));
/// assert_eq!(sniffer.held(), b"da"); // goes to the framer first, then the last chunk from `skip` on
/// ```
#[derive(Clone, Debug)]
pub struct Sniffer {
    declared: Option<Framing>,
    expect_array: bool,
    /// A space, then the first bytes of the body proper.
    held: [u8; 1 + PRELUDE],
    /// How many bytes of the body proper are held: `0 ..= PRELUDE`.
    held_len: usize,
    /// The body proper begins after a space or a tab in its line, which makes a field of an event stream an
    /// unknown one.
    indented: bool,
}

impl Sniffer {
    /// Begins with the value of the `content-type` header, if there is one. `expect_array`: this API streams
    /// its messages as one JSON array.
    #[must_use]
    pub fn new(content_type: Option<&[u8]>, expect_array: bool) -> Self {
        let held = [b' '; 1 + PRELUDE];
        Self { declared: content_type.and_then(declared), expect_array, held, held_len: 0, indented: false }
    }

    /// Looks at the next chunk. `None`: more is needed, and the chunk, of a few bytes then, is held. Once
    /// decided, [`Self::held`] and then this chunk from [`Sniffed::skip`] on are the body. White space and
    /// byte order marks before the body proper are left out, but for a space that stands for all before it
    /// in its line.
    pub fn push(&mut self, chunk: &[u8]) -> Option<Sniffed> {
        if self.declared == Some(Framing::Opaque) {
            return Some(self.found(Framing::Opaque, 0));
        }
        let (before, mut skip) = (self.held_len, 0_usize);
        for &byte in chunk {
            if self.held_len == 0 && (byte.is_ascii_whitespace() || BOM.contains(&byte)) {
                self.indented = matches!(byte, b' ' | b'\t') || (self.indented && BOM.contains(&byte));
                skip = skip.saturating_add(1);
                continue;
            }
            if let Some(room) = self.held.get_mut(self.held_len.saturating_add(1)) {
                *room = byte;
                self.held_len = self.held_len.saturating_add(1);
            }
            if let Some(framing) = self.decide() {
                self.held_len = before;
                return Some(self.found(framing, skip));
            }
        }
        None
    }

    /// The body ended before its first bytes were unmistakable.
    #[must_use]
    pub fn finish(&self) -> Sniffed {
        self.found(self.declared.unwrap_or(Framing::Opaque), 0)
    }

    /// The body before the chunk that decided.
    #[must_use]
    pub fn held(&self) -> &[u8] {
        let start = usize::from(!self.indented);
        self.held.get(start..=self.held_len).unwrap_or_default()
    }

    fn decide(&self) -> Option<Framing> {
        let head = self.held.get(1..=self.held_len).unwrap_or_default();
        let otherwise = self.declared.unwrap_or(Framing::Opaque);
        match *head.first()? {
            b'[' if self.expect_array => Some(Framing::JsonArray),
            b'{' | b'[' if self.declared == Some(Framing::Lines) => Some(Framing::Lines),
            b'{' | b'[' => Some(Framing::Json),
            0 | 1 => match head.split_last_chunk::<4>() {
                Some((lengths, crc)) if head.len() == PRELUDE => {
                    let whole = crc32fast::hash(lengths) == u32::from_be_bytes(*crc);
                    Some(if whole { Framing::EventStream } else { otherwise })
                }
                _ => None,
            },
            _ if SSE_FIELDS.contains(&head) => Some(Framing::Sse),
            _ if SSE_FIELDS.iter().any(|field| field.starts_with(head)) => None,
            _ => Some(otherwise),
        }
    }

    fn found(&self, framing: Framing, skip: usize) -> Sniffed {
        let agrees =
            |declared| declared == framing || (declared == Framing::Json && framing == Framing::JsonArray);
        Sniffed { skip, framing, mislabelled: !self.declared.is_none_or(agrees) }
    }
}

/// What a content type promises; `None` for those that promise nothing we know.
fn declared(content_type: &[u8]) -> Option<Framing> {
    let media_type = content_type.split(|&b| b == b';').next().unwrap_or_default().trim_ascii();
    let is = |name: &&str| media_type.eq_ignore_ascii_case(name.as_bytes());
    let begins = |name: &&str| {
        media_type.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
    };
    let ends_in_json = || {
        media_type
            .len()
            .checked_sub(5)
            .and_then(|at| media_type.get(at..))
            .is_some_and(|end| end.eq_ignore_ascii_case(b"+json"))
    };
    if is(&"text/event-stream") {
        Some(Framing::Sse)
    } else if is(&"application/vnd.amazon.eventstream") {
        Some(Framing::EventStream)
    } else if LINES.iter().any(is) {
        Some(Framing::Lines)
    } else if is(&"application/json") || is(&"text/json") || ends_in_json() {
        Some(Framing::Json)
    } else if OPAQUE.iter().any(begins) {
        Some(Framing::Opaque)
    } else {
        None
    }
}

const LINES: [&str; 8] = [
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonl",
    "application/jsonlines",
    "application/x-jsonlines",
    "application/json-lines",
    "application/stream+json",
];
const OPAQUE: [&str; 5] = ["audio/", "image/", "video/", "font/", "multipart/"];
const SSE_FIELDS: [&[u8]; 6] = [b"data:", b"event:", b"id:", b"retry:", b"error:", b":"];
const BOM: [u8; 3] = [0xEF, 0xBB, 0xBF];
const PRELUDE: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn sniff(content_type: &str, expect_array: bool, body: &[u8]) -> (Framing, bool) {
        let content_type = (!content_type.is_empty()).then_some(content_type.as_bytes());
        let whole = {
            let mut sniffer = Sniffer::new(content_type, expect_array);
            sniffer.push(body).unwrap_or_else(|| sniffer.finish())
        };
        let mut sniffer = Sniffer::new(content_type, expect_array);
        let by_byte = body.chunks(1).find_map(|byte| sniffer.push(byte)).unwrap_or_else(|| sniffer.finish());
        assert_eq!(
            (by_byte.framing, by_byte.mislabelled),
            (whole.framing, whole.mislabelled),
            "{content_type:?} {body:?} byte by byte"
        );
        (whole.framing, whole.mislabelled)
    }

    const PRELUDE_OF_16: &[u8] = &[0, 0, 0, 16, 0, 0, 0, 0, 0x05, 0xC2, 0x48, 0xEB];

    #[test]
    fn labels_that_tell_the_truth() {
        for (content_type, body, framing) in [
            ("text/event-stream", "data: {}\n\n", Framing::Sse),
            ("text/event-stream; charset=utf-8", ": hi\n\n", Framing::Sse),
            ("Text/Event-Stream", "\u{FEFF}data: {}", Framing::Sse),
            ("text/event-stream", "dat", Framing::Sse),
            ("application/json", "{\"a\":1}", Framing::Json),
            ("application/json", "\r\n  [1]", Framing::Json),
            ("application/json", "nonsense", Framing::Json),
            ("application/problem+json", "{}", Framing::Json),
            ("application/json", "", Framing::Json),
            ("application/x-ndjson", "{\"a\":1}\n", Framing::Lines),
            ("application/stream+json", "{\"a\":1}\n", Framing::Lines),
            ("audio/mpeg", "{not looked at}", Framing::Opaque),
            ("image/png", "\u{89}PNG", Framing::Opaque),
        ] {
            assert_eq!(
                sniff(content_type, false, body.as_bytes()),
                (framing, false),
                "{content_type} {body:?}"
            );
        }
        assert_eq!(
            sniff("application/vnd.amazon.eventstream", false, PRELUDE_OF_16),
            (Framing::EventStream, false)
        );
    }

    #[test]
    fn labels_that_lie() {
        for (content_type, body, framing) in [
            ("application/json", "data: {}\n\n", Framing::Sse),
            ("application/json", "event: error\n", Framing::Sse),
            ("application/json", ": comment\n", Framing::Sse),
            ("application/json", "id: 1\n", Framing::Sse),
            ("application/x-ndjson", "retry: 1\n", Framing::Sse),
            ("text/event-stream", "{\"error\":{}}", Framing::Json),
            ("text/event-stream", "\n [1]", Framing::Json),
            ("application/vnd.amazon.eventstream", "{\"message\":\"no\"}", Framing::Json),
            ("application/vnd.amazon.eventstream", "data: {}", Framing::Sse),
        ] {
            assert_eq!(
                sniff(content_type, false, body.as_bytes()),
                (framing, true),
                "{content_type} {body:?}"
            );
        }
        assert_eq!(sniff("application/json", false, PRELUDE_OF_16), (Framing::EventStream, true));
    }

    #[test]
    fn without_a_label_the_bytes_decide() {
        for content_type in ["", "text/plain", "text/html", "application/octet-stream"] {
            for (body, framing) in [
                ("data: {}", Framing::Sse),
                ("{\"a\":1}", Framing::Json),
                ("<html>", Framing::Opaque),
                ("hello", Framing::Opaque),
                ("dato", Framing::Opaque),
                ("", Framing::Opaque),
            ] {
                assert_eq!(
                    sniff(content_type, false, body.as_bytes()),
                    (framing, false),
                    "{content_type} {body:?}"
                );
            }
            assert_eq!(sniff(content_type, false, PRELUDE_OF_16), (Framing::EventStream, false));
        }
        let mut wrong_crc = PRELUDE_OF_16.to_vec();
        wrong_crc[11] ^= 1;
        assert_eq!(sniff("", false, &wrong_crc), (Framing::Opaque, false));
    }

    #[test]
    fn an_array_is_a_stream_where_one_is_expected() {
        assert_eq!(sniff("application/json", true, b"[{}]"), (Framing::JsonArray, false));
        assert_eq!(sniff("", true, b"\n[{}]"), (Framing::JsonArray, false));
        assert_eq!(sniff("application/json", true, b"{\"error\":{}}"), (Framing::Json, false));
        assert_eq!(sniff("text/event-stream", true, b"[{}]"), (Framing::JsonArray, true));
    }

    #[test]
    fn of_what_stands_before_the_body_an_indentation_stays() {
        for (lead, kept) in
            [(" ", " "), ("\n", ""), (" \n", ""), ("\n\t", " "), ("\u{FEFF}", ""), (" \u{FEFF}", " ")]
        {
            let body = format!("{lead}data: x");
            for at in 0..=lead.len() {
                let (first, second) = body.as_bytes().split_at(at);
                let mut sniffer = Sniffer::new(None, false);
                assert_eq!(sniffer.push(first), None);
                let found = sniffer.push(second).unwrap();
                let rest = [sniffer.held(), &second[found.skip..]].concat();
                assert_eq!(rest, format!("{kept}data: x").as_bytes(), "{lead:?} cut at {at}");
            }
        }
    }

    #[test]
    fn what_is_held_and_the_deciding_chunk_are_the_body() {
        let mut sniffer = Sniffer::new(None, false);
        assert_eq!(sniffer.push(b" \r\n"), None);
        assert_eq!(sniffer.push(b"ev"), None);
        assert_eq!(sniffer.push(b"en"), None);
        assert_eq!(sniffer.held(), b"even");
        assert_eq!(sniffer.push(b"t: x").map(|found| found.framing), Some(Framing::Sse));
        assert_eq!(sniffer.held(), b"even");
    }
}
