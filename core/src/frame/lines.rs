//! One message a line: NDJSON and its many names (`application/x-ndjson`, `application/stream+json`, JSON
//! lines). Lines end in LF or CRLF; white space before a message and lines of nothing else are passed over;
//! the last line may lack its end.

use memchr::memchr2;

use super::{Frame, FrameEnd};

/// Reads NDJSON.
#[derive(Debug, Default)]
pub struct Lines {
    /// The current line has had a byte that is not white space.
    begun: bool,
}

impl Lines {
    /// Reads the next chunk of the body.
    pub fn push(&mut self, chunk: &[u8], sink: &mut impl FnMut(Frame<'_>)) {
        let mut rest = chunk;
        loop {
            if !self.begun {
                // JSON holds no raw CR or LF but as white space, so CRLF is a line's end and a blank line.
                rest = rest.trim_ascii_start();
                self.begun = !rest.is_empty();
            }
            let Some(at) = memchr2(b'\r', b'\n', rest) else { break };
            let Some((line, after)) = rest.split_at_checked(at) else { break };
            if !line.is_empty() {
                sink(Frame::Data(line));
            }
            sink(Frame::End);
            self.begun = false;
            rest = after;
        }
        if !rest.is_empty() {
            sink(Frame::Data(rest));
        }
    }

    /// The body has ended: a last line without its end is delivered.
    pub fn finish(&mut self, sink: &mut impl FnMut(Frame<'_>)) -> FrameEnd {
        if !self.begun {
            return FrameEnd::Clean;
        }
        self.begun = false;
        sink(Frame::End);
        FrameEnd::Cut
    }
}

#[cfg(test)]
mod tests {
    use super::super::fuzz::Owned::{self, Data, End};
    use super::super::{FrameEnd, Framing};

    fn read(body: &str) -> (Vec<Owned>, FrameEnd) {
        super::super::test_support::read_at_all_cuts(Framing::Lines, body.as_bytes())
    }

    fn data(data: &str) -> Owned {
        Data(data.into())
    }

    #[test]
    fn a_message_a_line() {
        for end in ["\n", "\r\n", "\n\n", "\r\n \r\n"] {
            let body = "{\"a\": 1}\n{\"done\": true}\n".replace('\n', end);
            let expected = vec![data("{\"a\": 1}"), End, data("{\"done\": true}"), End];
            assert_eq!(read(&body), (expected, FrameEnd::Clean), "{end:?}");
        }
    }

    #[test]
    fn white_space_before_a_message_does_not_count() {
        assert_eq!(read(" \t{}\n   \n\n 1 \n"), (vec![data("{}"), End, data("1 "), End], FrameEnd::Clean));
    }

    #[test]
    fn the_last_line_may_lack_its_end() {
        assert_eq!(read("1\n2"), (vec![data("1"), End, data("2"), End], FrameEnd::Cut));
        assert_eq!(read("1\n  "), (vec![data("1"), End], FrameEnd::Clean));
        assert_eq!(read(""), (vec![], FrameEnd::Clean));
    }
}
