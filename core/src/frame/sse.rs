//! Server-sent events, by the WHATWG HTML standard's "event stream" section, with two liberties that real
//! servers need: the last event of a body may lack its blank line, and a line `error: …`, by the standard an
//! unknown field to be ignored, is an exception without a name. Text Generation Inference and gateways in front
//! of it report failures inside a 200 stream that way, and ignoring the line would make a failed call look
//! like a short one.
//!
//! Lines are found as a whole; only a field's name that a chunk cuts is looked at byte by byte.

use super::done::Done;
use super::{Frame, FrameEnd, Name};
use crate::find::line_end;

/// Reads `text/event-stream`.
#[derive(Debug)]
pub struct Sse {
    line: Line,
    /// The last line ended in CR: a LF right after it belongs to that line end.
    after_cr: bool,
    /// How many bytes of a byte order mark have been passed at the start: `0 ..= 2`, or `BOM.len()` once
    /// there is no more to look for.
    bom: usize,
    message: Message,
}

/// Where in a line the next byte stands.
#[derive(Clone, Copy, Debug)]
enum Line {
    /// In the field's name. `held` is what there is of it, a proper prefix of one in [`Field::ALL`].
    Field { held: &'static [u8] },
    /// Right after the colon, where one space does not count.
    Space(Field),
    /// In the value.
    Value(Field),
    /// In a line that means nothing: a comment, an unknown field.
    Ignored,
}

/// The fields that mean something; `id` and `retry` only matter to clients that reconnect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Data,
    Event,
    Error,
}

/// The message being read.
#[derive(Debug, Default)]
struct Message {
    /// It has had a data line, and so will be delivered.
    begun: bool,
    /// What the current data line may be: held back until it differs.
    done: Option<Done>,
    name: Name,
    /// `name` has been set since it was last handed on.
    name_due: bool,
}

impl Default for Sse {
    fn default() -> Self {
        Self { line: Line::START, after_cr: false, bom: 0, message: Message::default() }
    }
}

impl Sse {
    /// Reads the next chunk of the body.
    pub fn push(&mut self, chunk: &[u8], sink: &mut impl FnMut(Frame<'_>)) {
        let mut rest = chunk;
        if self.bom < BOM.len() {
            rest = self.skip_bom(rest);
        }
        while let Some((&first, after_first)) = rest.split_first() {
            if self.after_cr {
                self.after_cr = false;
                if first == b'\n' {
                    rest = after_first;
                    continue;
                }
            }
            rest = match self.line {
                Line::Field { held } => self.field(held, rest, sink),
                Line::Space(field) => {
                    self.line = Line::Value(field);
                    if first == b' ' { after_first } else { rest }
                }
                Line::Value(_) | Line::Ignored => {
                    let (text, end) = match line_end(rest) {
                        Some(at) => rest.split_at_checked(at).unwrap_or((rest, &[])),
                        None => (rest, [].as_slice()),
                    };
                    self.value(text, sink);
                    match end.split_first() {
                        Some((&end, after)) => {
                            self.end_line(end, sink);
                            after
                        }
                        None => &[],
                    }
                }
            };
        }
    }

    /// See [`super::Framer::is_between`].
    pub(super) fn is_between(&self) -> bool {
        matches!(self.line, Line::Field { held: [] })
            && !self.after_cr
            && (self.bom == 0 || self.bom == BOM.len())
            && !self.message.begun
            && !self.message.name_due
    }

    /// The body has ended: a message without its blank line is delivered.
    pub fn finish(&mut self, sink: &mut impl FnMut(Frame<'_>)) -> FrameEnd {
        let end = match self.line {
            Line::Field { held: [] } | Line::Ignored => FrameEnd::Clean,
            Line::Field { .. } | Line::Space(Field::Event) | Line::Value(Field::Event) => FrameEnd::Cut,
            Line::Space(_) | Line::Value(_) if self.message.is_done() => FrameEnd::Clean,
            Line::Space(_) | Line::Value(_) => FrameEnd::OpenLine,
        };
        if let Line::Field { held } = self.line {
            self.bare_field(held, sink);
        }
        self.end_line(b'\n', sink);
        self.message.deliver(sink);
        end
    }

    /// Reads on in a field's name; gives what is left of the chunk.
    fn field<'a>(
        &mut self,
        held: &'static [u8],
        chunk: &'a [u8],
        sink: &mut impl FnMut(Frame<'_>),
    ) -> &'a [u8] {
        match (held, chunk) {
            // Nearly all lines have data.
            ([], [b'd', b'a', b't', b'a', b':', value @ ..]) => {
                self.begin_value(Field::Data, sink);
                return value;
            }
            ([], [b'e', b'v', b'e', b'n', b't', b':', value @ ..]) => {
                self.begin_value(Field::Event, sink);
                return value;
            }
            ([], [b'd', b'a', b't', b'a', end @ (b'\r' | b'\n'), after @ ..]) => {
                self.begin_value(Field::Data, sink);
                self.end_line(*end, sink);
                return after;
            }
            ([], [b'e', b'v', b'e', b'n', b't', end @ (b'\r' | b'\n'), after @ ..]) => {
                self.begin_value(Field::Event, sink);
                self.end_line(*end, sink);
                return after;
            }
            ([], [b'\r' | b'\n', ..]) => {
                self.message.deliver(sink);
                let ends = chunk.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
                let (ends, after) = chunk.split_at_checked(ends).unwrap_or((chunk, &[]));
                self.after_cr = ends.last() == Some(&b'\r');
                return after;
            }
            // Nothing that matters begins like these.
            ([], [first, after @ ..]) if !matches!(first, b'd' | b'e') => return self.ignored(after),
            ([], [first, second, ..]) if !matches!((first, second), (b'd', b'a') | (b'e', b'v' | b'r')) => {
                return self.ignored(chunk.get(1..).unwrap_or_default());
            }
            _ => {}
        }
        // Two bytes tell which field it may be; any will do for what is none.
        let mut begins = held.iter().chain(chunk);
        let field = match (begins.next(), begins.next()) {
            (Some(b'e'), Some(b'r')) => Field::Error,
            (Some(b'e'), _) => Field::Event,
            _ => Field::Data,
        };
        let expected = field.prefix().get(held.len()..).unwrap_or_default();
        if let Some(value) = chunk.strip_prefix(expected) {
            self.begin_value(field, sink);
            return value;
        }
        let matched = expected.iter().zip(chunk).take_while(|(expected, byte)| expected == byte).count();
        let name = field.prefix().get(..held.len().saturating_add(matched)).unwrap_or_default();
        let rest = chunk.get(matched..).unwrap_or_default();
        match rest.split_first() {
            None => {
                self.line = Line::Field { held: name };
                rest
            }
            Some((&end @ (b'\n' | b'\r'), after)) => {
                if name.is_empty() {
                    self.message.deliver(sink);
                } else {
                    self.bare_field(name, sink);
                }
                self.end_line(end, sink);
                after
            }
            Some((_, after)) => {
                self.line = Line::Ignored;
                after
            }
        }
    }

    /// In a line that means nothing; gives what is left of the chunk behind it.
    #[inline]
    fn ignored<'a>(&mut self, chunk: &'a [u8]) -> &'a [u8] {
        if let [b'\n', after @ ..] = chunk {
            return after;
        }
        match line_end(chunk).and_then(|at| chunk.get(at..)) {
            Some([end, after @ ..]) => {
                self.after_cr = *end == b'\r';
                after
            }
            _ => {
                self.line = Line::Ignored;
                &[]
            }
        }
    }

    /// A line that was only a field's name has that field with an empty value.
    fn bare_field(&mut self, name: &[u8], sink: &mut impl FnMut(Frame<'_>)) {
        if let Some(field) =
            Field::ALL.into_iter().find(|field| field.prefix().strip_suffix(b":") == Some(name))
        {
            self.begin_value(field, sink);
        }
    }

    fn begin_value(&mut self, field: Field, sink: &mut impl FnMut(Frame<'_>)) {
        self.line = Line::Space(field);
        match field {
            Field::Data => self.message.done = Some(Done::default()),
            Field::Event => self.message.set_name(b""),
            Field::Error => {
                sink(Frame::Exception(b""));
                self.message.done = Some(Done::default());
            }
        }
    }

    #[inline]
    fn value(&mut self, text: &[u8], sink: &mut impl FnMut(Frame<'_>)) {
        match self.line {
            Line::Value(Field::Data | Field::Error) => self.message.data(text, sink),
            Line::Value(Field::Event) => self.message.name.extend(text),
            Line::Field { .. } | Line::Space(_) | Line::Ignored => {}
        }
    }

    #[inline]
    fn end_line(&mut self, end: u8, sink: &mut impl FnMut(Frame<'_>)) {
        if let Some(done) = self.message.done.take() {
            self.message.end_short_line(done, sink);
        }
        self.line = Line::START;
        self.after_cr = end == b'\r';
    }

    /// Passes a byte order mark at the very start. Its beginning without its end is no field's name.
    fn skip_bom<'a>(&mut self, chunk: &'a [u8]) -> &'a [u8] {
        let mut rest = chunk;
        while let (Some(&expected), Some((&byte, after))) = (BOM.get(self.bom), rest.split_first()) {
            if byte != expected {
                if self.bom > 0 {
                    self.line = Line::Ignored;
                }
                self.bom = BOM.len();
                break;
            }
            self.bom = self.bom.saturating_add(1);
            rest = after;
        }
        rest
    }
}

impl Line {
    const START: Self = Self::Field { held: &[] };
}

impl Field {
    const ALL: [Self; 3] = [Self::Data, Self::Event, Self::Error];

    const fn prefix(self) -> &'static [u8] {
        match self {
            Self::Data => b"data:",
            Self::Event => b"event:",
            Self::Error => b"error:",
        }
    }
}

impl Message {
    #[inline]
    fn data(&mut self, piece: &[u8], sink: &mut impl FnMut(Frame<'_>)) {
        let mut piece = piece;
        if let Some(done) = &mut self.done {
            piece = piece.get(done.hold(piece)..).unwrap_or_default();
            if piece.is_empty() {
                return;
            }
            let done = std::mem::take(done);
            self.done = None;
            self.begin_line(done, sink);
        }
        if !piece.is_empty() {
            self.hand_on_name(sink);
            sink(Frame::Data(piece));
        }
    }

    /// The line that begins is not `[DONE]`: hands on what was held back of it.
    #[inline]
    fn begin_line(&mut self, held: Done, sink: &mut impl FnMut(Frame<'_>)) {
        if self.begun {
            sink(Frame::Line);
        }
        self.begun = true;
        // Nearly all lines differ from the first byte on.
        if held.is_empty() {
            return;
        }
        held.release(&mut |held| {
            self.hand_on_name(sink);
            sink(Frame::Data(held));
        });
    }

    /// All of the line was held back.
    fn end_short_line(&mut self, held: Done, sink: &mut impl FnMut(Frame<'_>)) {
        if held.is_whole() {
            self.deliver(sink);
            sink(Frame::Done);
        } else {
            self.begin_line(held, sink);
        }
    }

    fn set_name(&mut self, name: &[u8]) {
        self.name.clear();
        self.name.extend(name);
        self.name_due = true;
    }

    #[inline]
    fn hand_on_name(&mut self, sink: &mut impl FnMut(Frame<'_>)) {
        if self.name_due {
            self.name_due = false;
            sink(Frame::Name(self.name.as_bytes()));
        }
    }

    fn is_done(&self) -> bool {
        self.done.is_some_and(Done::is_whole)
    }

    /// The message is complete. One without a data line is none.
    fn deliver(&mut self, sink: &mut impl FnMut(Frame<'_>)) {
        if self.begun {
            self.hand_on_name(sink);
            sink(Frame::End);
        }
        self.begun = false;
        self.name_due = false;
    }
}

const BOM: &[u8] = b"\xEF\xBB\xBF";

#[cfg(test)]
mod tests {
    use super::super::fuzz::Owned::{self, Data, Done, End, Exception, Line, Name};
    use super::super::{FrameEnd, Framing};

    /// Reads a body whole and at every cut in two, which must be the same.
    fn read(body: &str) -> (Vec<Owned>, FrameEnd) {
        super::super::test_support::read_at_all_cuts(Framing::Sse, body.as_bytes())
    }

    fn name(name: &str) -> Owned {
        Name(name.into())
    }

    fn data(data: &str) -> Owned {
        Data(data.into())
    }

    #[test]
    fn events_in_any_line_end() {
        let expected = vec![name("ping"), data("{}"), End, data("{\"a\": 1}"), End, Done];
        for end in ["\n", "\r\n", "\r"] {
            let body = "event: ping\ndata: {}\n\ndata: {\"a\": 1}\n\ndata: [DONE]\n\n".replace('\n', end);
            assert_eq!(read(&body), (expected.clone(), FrameEnd::Clean), "{end:?}");
        }
        // Two messages: a CR and the LF after it are one line end.
        assert_eq!(
            read("data: a\r\r\ndata: b\n\r\n"),
            (vec![data("a"), End, data("b"), End], FrameEnd::Clean)
        );
    }

    #[test]
    fn one_space_after_the_colon_does_not_count() {
        let body = "data:a\n\ndata: b\n\ndata:  c\n\n";
        assert_eq!(read(body), (vec![data("a"), End, data("b"), End, data(" c"), End], FrameEnd::Clean));
    }

    #[test]
    fn data_lines_are_joined() {
        let body = "data: [\ndata\ndata: 1\nevent: late\ndata:]\n\n";
        let expected = vec![data("["), Line, Line, data("1"), Line, name("late"), data("]"), End];
        assert_eq!(read(body), (expected, FrameEnd::Clean));
    }

    #[test]
    fn what_means_nothing_is_passed_over() {
        let body = "\u{FEFF}: ping - now\nid: 1\nretry: 10\nfoo: bar\n data: x\nDATA: x\ndatax: y\ndata: 1\n\n:\n\n\n";
        assert_eq!(read(body), (vec![data("1"), End], FrameEnd::Clean));
    }

    #[test]
    fn a_byte_order_mark_counts_only_whole_and_first() {
        assert_eq!(read("\u{FEFF}data: 1\n\n"), (vec![data("1"), End], FrameEnd::Clean));
        assert_eq!(read("\n\u{FEFF}data: 1\n\n"), (vec![], FrameEnd::Clean));
        let (frames, end) =
            super::super::test_support::read_at_all_cuts(Framing::Sse, b"\xEF\xBBdata: 1\n\ndata: 2\n\n");
        assert_eq!((frames, end), (vec![data("2"), End], FrameEnd::Clean));
    }

    #[test]
    fn a_message_without_data_is_none_and_its_name_is_not_the_next_one_s() {
        let body = "event: ping\n\ndata: 1\n\nevent: x\nevent\ndata: 2\n\n";
        assert_eq!(read(body), (vec![data("1"), End, name(""), data("2"), End], FrameEnd::Clean));
    }

    #[test]
    fn empty_data_is_a_message() {
        assert_eq!(
            read("data:\n\ndata\n\nevent: e\ndata: \n\n"),
            (vec![End, End, name("e"), End], FrameEnd::Clean)
        );
    }

    #[test]
    fn done_is_only_the_literal() {
        let body = "data: [DONE]\n\ndata:[DONE]\n\ndata:  [DONE]  \n\ndata: [DO\n\ndata: [DONE] 1\n\ndata: x[DONE]\n\n";
        let expected = vec![Done, Done, Done, data("[DO"), End, data("[DONE] 1"), End, data("x[DONE]"), End];
        assert_eq!(read(body), (expected, FrameEnd::Clean));
    }

    #[test]
    fn done_belongs_to_no_message() {
        let body = "event: e\ndata: {}\ndata: [DONE]\ndata: 1\n\n";
        assert_eq!(read(body), (vec![name("e"), data("{}"), End, Done, data("1"), End], FrameEnd::Clean));
    }

    #[test]
    fn an_error_line_is_an_exception_without_a_name() {
        let body = "data: {}\n\nerror: {\"message\":\"overloaded\"}\n\n";
        let expected =
            vec![data("{}"), End, Exception(Vec::new()), data("{\"message\":\"overloaded\"}"), End];
        assert_eq!(read(body), (expected, FrameEnd::Clean));
    }

    #[test]
    fn the_last_message_may_lack_its_end() {
        assert_eq!(read("data: {}\n"), (vec![data("{}"), End], FrameEnd::Clean));
        assert_eq!(read("data: {}"), (vec![data("{}"), End], FrameEnd::OpenLine));
        assert_eq!(read("data: [DONE]"), (vec![Done], FrameEnd::Clean));
        assert_eq!(read("data: [DON"), (vec![data("[DON"), End], FrameEnd::OpenLine));
        assert_eq!(read("data: 1\nevent: e"), (vec![data("1"), name("e"), End], FrameEnd::Cut));
        assert_eq!(read("data"), (vec![End], FrameEnd::Cut));
        assert_eq!(read("data: 1\n\ndat"), (vec![data("1"), End], FrameEnd::Cut));
        assert_eq!(read("data: 1\n\n: pin"), (vec![data("1"), End], FrameEnd::Clean));
        assert_eq!(read(""), (vec![], FrameEnd::Clean));
    }

    #[test]
    fn names_are_bounded() {
        let long = "n".repeat(100);
        let expected = vec![name(&long[..64]), data("1"), End];
        assert_eq!(read(&format!("event: {long}\ndata: 1\n\n")), (expected, FrameEnd::Clean));
    }

    #[test]
    fn data_is_handed_on_as_slices_of_the_chunk() {
        let chunk = b"data: {\"id\":1}\n\n";
        let mut framer = super::Sse::default();
        let mut pieces = Vec::new();
        framer.push(chunk, &mut |frame| {
            if let super::Frame::Data(piece) = frame {
                pieces.push(piece.as_ptr_range());
            }
        });
        assert_eq!(pieces, [chunk[6..14].as_ptr_range()]);
    }
}
