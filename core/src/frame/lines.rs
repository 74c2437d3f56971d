//! One message a line: NDJSON and its many names (`application/x-ndjson`, `application/stream+json`, JSON
//! lines). Lines end in LF or CRLF; white space before a message and lines of nothing else are passed over;
//! the last line may lack its end.

use super::done::Done;
use super::{Frame, FrameEnd};
use crate::find::line_end;

/// Reads NDJSON.
#[derive(Debug, Default)]
pub struct Lines {
    line: Line,
}

/// The current line.
#[derive(Debug, Default)]
enum Line {
    /// There was nothing in it but white space.
    #[default]
    Blank,
    /// It may be `[DONE]`: what came is held back.
    Held(Done),
    /// It is a message.
    Message,
}

impl Lines {
    /// Reads the next chunk of the body.
    pub fn push(&mut self, chunk: &[u8], sink: &mut impl FnMut(Frame<'_>)) {
        let mut rest = chunk;
        loop {
            if matches!(self.line, Line::Blank) {
                // JSON holds no raw CR or LF but as white space, so CRLF is a line's end and a blank line.
                rest = rest.trim_ascii_start();
                if rest.is_empty() {
                    return;
                }
                self.line = Line::Held(Done::default());
            }
            let Some(at) = line_end(rest) else { break };
            let Some((line, after)) = rest.split_at_checked(at) else { break };
            self.data(line, sink);
            self.end(sink);
            rest = after;
        }
        self.data(rest, sink);
    }

    /// See [`super::Framer::is_between`].
    pub(super) fn is_between(&self) -> bool {
        matches!(self.line, Line::Blank)
    }

    /// The body has ended: a last line without its end is delivered.
    pub fn finish(&mut self, sink: &mut impl FnMut(Frame<'_>)) -> FrameEnd {
        let end = match self.line {
            Line::Blank => return FrameEnd::Clean,
            Line::Held(done) if done.is_whole() => FrameEnd::Clean,
            Line::Held(_) | Line::Message => FrameEnd::OpenLine,
        };
        self.end(sink);
        end
    }

    #[inline]
    fn data(&mut self, piece: &[u8], sink: &mut impl FnMut(Frame<'_>)) {
        let mut piece = piece;
        if let Line::Held(done) = &mut self.line {
            piece = piece.get(done.hold(piece)..).unwrap_or_default();
            if piece.is_empty() {
                return;
            }
            let done = std::mem::take(done);
            self.line = Line::Message;
            done.release(&mut |held| sink(Frame::Data(held)));
        }
        if !piece.is_empty() {
            sink(Frame::Data(piece));
        }
    }

    fn end(&mut self, sink: &mut impl FnMut(Frame<'_>)) {
        match std::mem::take(&mut self.line) {
            Line::Held(done) if done.is_whole() => return sink(Frame::Done),
            Line::Held(done) => done.release(&mut |held| sink(Frame::Data(held))),
            Line::Blank | Line::Message => {}
        }
        sink(Frame::End);
    }
}

#[cfg(test)]
mod tests {
    use super::super::fuzz::Owned::{self, Data, Done, End};
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
        assert_eq!(read("1\n2"), (vec![data("1"), End, data("2"), End], FrameEnd::OpenLine));
        assert_eq!(read("1\n  "), (vec![data("1"), End], FrameEnd::Clean));
        assert_eq!(read(""), (vec![], FrameEnd::Clean));
    }

    #[test]
    fn done_is_a_line_and_no_message() {
        assert_eq!(read("1\n[DONE] \n"), (vec![data("1"), End, Done], FrameEnd::Clean));
        assert_eq!(read("[1]\n [DONE]"), (vec![data("[1]"), End, Done], FrameEnd::Clean));
        assert_eq!(read("[DON"), (vec![data("[DON"), End], FrameEnd::OpenLine));
        assert_eq!(read("[DONE]  1"), (vec![data("[DONE]  1"), End], FrameEnd::OpenLine));
    }
}
