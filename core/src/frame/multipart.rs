//! `multipart/form-data` requests: the values of a form's fields, with its files passed over.
//!
//! Audio and image APIs take their parameters this way, `model` among them, next to files of many megabytes.
//! Nothing of a body is held but the header line at hand (at most [`MAX_LINE`] bytes) and how much of a
//! delimiter has passed; the delimiter is found with `memmem`.

use memchr::{memchr, memmem, memrchr};

use super::FrameEnd;

/// Reads a form.
#[derive(Debug)]
pub struct Multipart {
    /// LF `--` boundary. Its LF stands nowhere else in it, so what begins like it and goes on otherwise holds
    /// no other beginning. A CR before it belongs to it too; some clients leave that out.
    delimiter: Vec<u8>,
    state: State,
    /// The last byte of the content was a CR, which is held back.
    cr: bool,
    /// The current header line as far as it is there; what is longer than [`MAX_LINE`] is passed over.
    line: Vec<u8>,
    /// The part's name was found in its headers.
    part: Part,
    /// Lines of delimiters and headers so far: `0 ..= MAX_LINES`.
    lines: u32,
}

/// A step in reading a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormEvent<'a> {
    /// A field begins.
    Part {
        /// Its name as it was written, undecoded.
        name: &'a [u8],
        /// It is a file: `End` is all that follows.
        file: bool,
    },
    /// A piece of a field's value; never empty.
    Data(&'a [u8]),
    /// The field has ended.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In a part's content, or before the first part. So many bytes of the delimiter have just passed, and
    /// are held back: `0 .. delimiter.len()`.
    Content { matched: usize },
    /// Right after a delimiter: a line's end and a part, or `--` and the end of the form.
    Delimited,
    /// In a part's headers.
    Headers,
    /// After the form.
    Epilogue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Not begun, or without a name.
    Unnamed,
    Field,
    File,
}

impl Multipart {
    /// Begins a form with the value of its request's `content-type` header. `None` if that is no
    /// `multipart/form-data` with a boundary of 1 to 70 bytes (RFC 2046 §5.1.1).
    #[must_use]
    pub fn new(content_type: &[u8]) -> Option<Self> {
        let (media_type, _) = split_at_first(content_type, b';');
        if !media_type.trim_ascii().eq_ignore_ascii_case(b"multipart/form-data") {
            return None;
        }
        let boundary = parameter(content_type, b"boundary")
            .filter(|boundary| (1..=MAX_BOUNDARY).contains(&boundary.len()) && !boundary.contains(&b'\n'))?;
        let delimiter = [b"\n--", boundary].concat();
        // The first delimiter needs no line before it: as if its line's end had passed.
        let state = State::Content { matched: 1 };
        Some(Self { delimiter, state, cr: false, line: Vec::new(), part: Part::Unnamed, lines: 0 })
    }

    /// Reads the next chunk of the body.
    pub fn push(&mut self, chunk: &[u8], sink: &mut impl FnMut(FormEvent<'_>)) {
        let mut rest = chunk;
        while !rest.is_empty() && !self.is_excessive() {
            rest = match self.state {
                State::Content { matched } => self.content(matched, rest, sink),
                State::Delimited | State::Headers => self.line(rest, sink),
                State::Epilogue => return,
            };
        }
    }

    /// It has more parts, or headers of parts, than any form, and nothing more is read.
    #[must_use]
    pub fn is_excessive(&self) -> bool {
        self.lines >= MAX_LINES
    }

    /// The body has ended. A part that has not ended is not completed.
    pub fn finish(&mut self) -> FrameEnd {
        match self.state {
            State::Epilogue => FrameEnd::Clean,
            _ => FrameEnd::Cut,
        }
    }

    /// Reads on in a part's content; gives what stands after its delimiter.
    fn content<'a>(
        &mut self,
        matched: usize,
        chunk: &'a [u8],
        sink: &mut impl FnMut(FormEvent<'_>),
    ) -> &'a [u8] {
        let mut matched = matched;
        let mut rest = chunk;
        // A delimiter begun in an earlier chunk: whatever of it turns out to be content is handed on.
        while matched > 0 {
            let Some((&byte, after)) = rest.split_first() else { break };
            if self.delimiter.get(matched) == Some(&byte) {
                matched = matched.saturating_add(1);
                rest = after;
                if matched == self.delimiter.len() {
                    self.end_part(sink);
                    return rest;
                }
            } else {
                self.data(self.cr, self.delimiter.get(..matched).unwrap_or_default(), sink);
                self.cr = false;
                matched = 0;
            }
        }
        if rest.is_empty() {
            self.state = State::Content { matched };
            return rest;
        }
        let found = memmem::find(rest, &self.delimiter);
        let begun = found.map_or_else(|| self.begun_at_the_end_of(rest), |_| 0);
        let end = found.unwrap_or(rest.len().saturating_sub(begun));
        let content = rest.get(..end).unwrap_or_default();
        if !content.is_empty() {
            let before = self.cr;
            self.cr = content.ends_with(b"\r");
            self.data(before, content.strip_suffix(b"\r").unwrap_or(content), sink);
        }
        match found {
            Some(at) => {
                self.end_part(sink);
                rest.get(at.saturating_add(self.delimiter.len())..).unwrap_or_default()
            }
            None => {
                self.state = State::Content { matched: begun };
                &[]
            }
        }
    }

    /// How many of the last bytes begin a delimiter.
    fn begun_at_the_end_of(&self, content: &[u8]) -> usize {
        let longest = content.len().min(self.delimiter.len().saturating_sub(1));
        let tail = content.get(content.len().saturating_sub(longest)..).unwrap_or_default();
        memrchr(b'\n', tail)
            .and_then(|at| tail.get(at..))
            .filter(|end| self.delimiter.starts_with(end))
            .map_or(0, <[u8]>::len)
    }

    /// A piece of content, perhaps after a CR that was held back.
    fn data(&self, after_cr: bool, piece: &[u8], sink: &mut impl FnMut(FormEvent<'_>)) {
        if self.part != Part::Field {
            return;
        }
        if after_cr {
            sink(FormEvent::Data(b"\r"));
        }
        if !piece.is_empty() {
            sink(FormEvent::Data(piece));
        }
    }

    fn end_part(&mut self, sink: &mut impl FnMut(FormEvent<'_>)) {
        if self.part != Part::Unnamed {
            sink(FormEvent::End);
        }
        self.part = Part::Unnamed;
        self.cr = false;
        self.line.clear();
        self.state = State::Delimited;
    }

    /// Reads on in the rest of a delimiter's line or in a header's line; gives what stands after it.
    fn line<'a>(&mut self, chunk: &'a [u8], sink: &mut impl FnMut(FormEvent<'_>)) -> &'a [u8] {
        let (piece, after) = match memchr(b'\n', chunk) {
            Some(at) => (chunk.get(..at).unwrap_or_default(), chunk.get(at.saturating_add(1)..)),
            None => (chunk, None),
        };
        let room = MAX_LINE.saturating_sub(self.line.len()).min(piece.len());
        self.line.extend_from_slice(piece.get(..room).unwrap_or_default());
        if self.state == State::Delimited && self.line.starts_with(b"--") {
            self.state = State::Epilogue;
            return &[];
        }
        let Some(after) = after else { return &[] };
        self.lines = self.lines.saturating_add(1);
        if self.state == State::Delimited {
            self.state = State::Headers;
        } else if self.line.trim_ascii_end().is_empty() {
            self.state = State::Content { matched: 0 };
        } else {
            self.header(sink);
        }
        self.line.clear();
        after
    }

    fn header(&mut self, sink: &mut impl FnMut(FormEvent<'_>)) {
        let (name, value) = split_at_first(&self.line, b':');
        if self.part != Part::Unnamed || !name.trim_ascii().eq_ignore_ascii_case(b"content-disposition") {
            return;
        }
        let Some(name) = parameter(value, b"name") else { return };
        let file = parameter(value, b"filename").is_some() || parameter(value, b"filename*").is_some();
        self.part = if file { Part::File } else { Part::Field };
        sink(FormEvent::Part { name, file });
    }
}

/// The value of a header's parameter, without its quotes, escapes left as they are.
fn parameter<'a>(header: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (_, mut rest) = split_at_first(header, b';');
    while !rest.is_empty() {
        let (key, value) = split_at_first(rest, b'=');
        let value = value.trim_ascii_start();
        let (value, after) = match value.strip_prefix(b"\"") {
            Some(quoted) => {
                let end = end_of_quoted(quoted);
                let (_, after) = split_at_first(quoted.get(end..).unwrap_or_default(), b';');
                (quoted.get(..end).unwrap_or_default(), after)
            }
            None => {
                let (value, after) = split_at_first(value, b';');
                (value.trim_ascii_end(), after)
            }
        };
        if key.trim_ascii().eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = after;
    }
    None
}

fn end_of_quoted(text: &[u8]) -> usize {
    let mut escaped = false;
    text.iter()
        .position(|&byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        })
        .unwrap_or(text.len())
}

/// What stands before and after the first such byte; all and nothing if there is none.
fn split_at_first(bytes: &[u8], at: u8) -> (&[u8], &[u8]) {
    match memchr(at, bytes).and_then(|at| bytes.split_at_checked(at)) {
        Some((before, after)) => (before, after.get(1..).unwrap_or_default()),
        None => (bytes, &[]),
    }
}

/// Longest boundary, in bytes (RFC 2046 §5.1.1).
const MAX_BOUNDARY: usize = 70;
/// So many lines of delimiters and headers are read: those of two thousand fields.
const MAX_LINES: u32 = 8 << 10;

/// How much of a header line is kept, in bytes: enough for a field's name before a long file name.
const MAX_LINE: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    const CONTENT_TYPE: &[u8] = b"multipart/form-data; boundary=----X1";

    fn read_pieces(pieces: &[&[u8]]) -> (Vec<String>, FrameEnd) {
        let mut form = Multipart::new(CONTENT_TYPE).unwrap();
        let mut events: Vec<String> = Vec::new();
        let mut sink = |event: FormEvent<'_>| match event {
            FormEvent::Part { name, file } => {
                let kind = if file { "file" } else { "field" };
                events.push(format!("{kind} {}=", String::from_utf8_lossy(name)));
            }
            FormEvent::Data(piece) => events.last_mut().unwrap().push_str(&String::from_utf8_lossy(piece)),
            FormEvent::End => events.last_mut().unwrap().push('.'),
        };
        for piece in pieces {
            form.push(piece, &mut sink);
        }
        (events, form.finish())
    }

    /// Reads a body, its lines ended by CRLF, whole and at every cut in two, which must be the same.
    fn read(body: &str) -> (Vec<String>, FrameEnd) {
        read_as_it_is(&body.replace('\n', "\r\n"))
    }

    fn read_as_it_is(body: &str) -> (Vec<String>, FrameEnd) {
        let whole = read_pieces(&[body.as_bytes()]);
        for at in 0..body.len() {
            let (left, right) = body.as_bytes().split_at(at);
            assert_eq!(read_pieces(&[left, right]), whole, "cut at {at}");
        }
        whole
    }

    #[test]
    fn fields_and_files() {
        let body = "------X1
Content-Disposition: form-data; name=\"model\"

gpt-4o-transcribe
------X1
content-disposition: form-data; name=\"file\"; filename=\"a; name=b.mp3\"
Content-Type: audio/mpeg

\u{1}\u{2}
------X
--
------X1
Content-Type: text/plain; charset=utf-8
Content-Disposition:form-data;name=stream

true
------X1--
";
        let expected = ["field model=gpt-4o-transcribe.", "file file=.", "field stream=true."];
        assert_eq!(read(body), (expected.map(String::from).to_vec(), FrameEnd::Clean));
    }

    #[test]
    fn a_value_may_look_like_a_delimiter() {
        let body = "preamble
------X1
Content-Disposition: form-data; name=\"prompt\"

a
--
------X
------X2

------X1--epilogue
------X1
";
        let expected = ["field prompt=a\r\n--\r\n------X\r\n------X2\r\n."];
        assert_eq!(read(body), (expected.map(String::from).to_vec(), FrameEnd::Clean));
    }

    #[test]
    fn lines_may_end_in_lf_alone() {
        let body = "------X1\nContent-Disposition: form-data; name=\"prompt\"\n\na\r\r\n--b\n\r\n------X1\nContent-Disposition: form-data; name=\"model\"\n\nwhisper-1\n------X1--\n";
        let expected = ["field prompt=a\r\r\n--b\n.", "field model=whisper-1."];
        assert_eq!(read_as_it_is(body), (expected.map(String::from).to_vec(), FrameEnd::Clean));
    }

    #[test]
    fn parts_without_a_name_say_nothing() {
        let body = "------X1\n\nvalue\n------X1\nContent-Disposition: form-data\n\nvalue\n------X1--\n";
        assert_eq!(read(body), (vec![], FrameEnd::Clean));
    }

    #[test]
    fn a_cut_form() {
        let body = "------X1\nContent-Disposition: form-data; name=\"model\"\n\nwhisp";
        assert_eq!(read(body), (vec![String::from("field model=whisp")], FrameEnd::Cut));
        assert_eq!(read(""), (vec![], FrameEnd::Cut));
    }

    #[test]
    fn long_header_lines_are_cut_after_the_name() {
        let long = "x".repeat(10_000);
        let body = format!(
            "------X1\r\nX-Long: {long}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{long}\"\r\n\r\n1\r\n------X1--"
        );
        assert_eq!(read_pieces(&[body.as_bytes()]), (vec![String::from("file file=.")], FrameEnd::Clean));
        let mut form = Multipart::new(CONTENT_TYPE).unwrap();
        form.push(&body.as_bytes()[..6_000], &mut |_| {});
        assert!(form.line.capacity() <= 2 * MAX_LINE);
    }

    #[test]
    fn content_types() {
        let boundary =
            |content_type: &str| Some(Multipart::new(content_type.as_bytes())?.delimiter.split_off(3));
        for (content_type, expected) in [
            ("multipart/form-data; boundary=abc", Some("abc")),
            ("Multipart/Form-Data; charset=utf-8; Boundary=\"a b;c\" ; x=y", Some("a b;c")),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/mixed; boundary=abc", None),
            ("application/json", None),
        ] {
            assert_eq!(
                boundary(content_type),
                expected.map(|text| text.as_bytes().to_vec()),
                "{content_type}"
            );
        }
        assert_eq!(boundary(&format!("multipart/form-data; boundary={}", "x".repeat(71))), None);
    }
}
