//! The elements of one top-level JSON array as messages: Gemini's `streamGenerateContent` without `alt=sse`,
//! which sends `[{…}`, then `,\r\n{…}` for each further message, then `]`.
//!
//! Only what tells elements apart is looked at: strings, escapes and depth. Whether an element is JSON is
//! for its reader to say.

use super::{Frame, FrameEnd, FrameError};
use crate::find::quote_or_backslash;

/// Reads a JSON array's elements.
#[derive(Debug, Default)]
pub struct JsonArray {
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Before the array.
    #[default]
    Before,
    /// In the array, where an element may begin.
    Start,
    /// In an element that is an object or array, inside so many brackets: `1 ..`.
    Nested(u32),
    /// In a string, inside so many brackets of the element: `0 ..`.
    Text(u32),
    /// In a string, right after a backslash.
    Escape(u32),
    /// In an element that is a number or a literal.
    Bare,
    /// After an element, before the comma.
    After,
    /// After the array.
    Closed,
    /// After something that does not belong there.
    Broken,
}

impl JsonArray {
    /// Reads the next chunk of the body.
    pub fn push(&mut self, chunk: &[u8], sink: &mut impl FnMut(Frame<'_>)) {
        let mut rest = chunk;
        while !rest.is_empty() && self.state != State::Broken {
            rest = match self.state {
                State::Before | State::Start | State::After | State::Closed | State::Broken => {
                    self.between(rest, sink)
                }
                State::Nested(_) | State::Text(_) | State::Escape(_) | State::Bare => {
                    let (data, after) = rest.split_at_checked(self.element(rest)).unwrap_or((rest, &[]));
                    if !data.is_empty() {
                        sink(Frame::Data(data));
                    }
                    if self.state == State::After {
                        sink(Frame::End);
                    }
                    after
                }
            };
        }
    }

    /// The body has ended. An element that has not ended is not delivered.
    pub fn finish(&mut self, _sink: &mut impl FnMut(Frame<'_>)) -> FrameEnd {
        match self.state {
            State::Before | State::Closed | State::Broken => FrameEnd::Clean,
            _ => FrameEnd::Cut,
        }
    }

    /// Reads on between elements, up to where one begins (its first byte is left in what is given back).
    fn between<'a>(&mut self, chunk: &'a [u8], sink: &mut impl FnMut(Frame<'_>)) -> &'a [u8] {
        let rest = chunk.trim_ascii_start();
        let Some((&byte, after)) = rest.split_first() else { return rest };
        match (self.state, byte) {
            (State::Before, b'[') => self.state = State::Start,
            (State::After, b',') => self.state = State::Start,
            (State::Start | State::After, b']') => self.state = State::Closed,
            (State::Start, b'{' | b'[') => {
                self.state = State::Nested(0);
                return rest;
            }
            (State::Start, b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
                self.state = State::Bare;
                return rest;
            }
            (State::Start, b'"') => {
                // The opening quote is handed on here; what follows is inside the string.
                sink(Frame::Data(b"\""));
                self.state = State::Text(0);
            }
            _ => {
                self.state = State::Broken;
                sink(Frame::Damaged { error: FrameError::Syntax, fatal: true });
            }
        }
        after
    }

    /// How many of the bytes belong to the current element. Leaves the state at `After` if it has ended.
    fn element(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0_usize;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let (passed, state) = match self.state {
                State::Nested(depth) => {
                    match rest.iter().position(|b| matches!(b, b'{' | b'[' | b'}' | b']' | b'"')) {
                        None => (rest.len(), State::Nested(depth)),
                        Some(found) => (
                            found.saturating_add(1),
                            match rest.get(found) {
                                Some(b'"') => State::Text(depth),
                                Some(b'{' | b'[') => State::Nested(depth.saturating_add(1)),
                                _ if depth <= 1 => State::After,
                                _ => State::Nested(depth.saturating_sub(1)),
                            },
                        ),
                    }
                }
                State::Text(depth) => match quote_or_backslash(rest) {
                    None => (rest.len(), State::Text(depth)),
                    Some(found) => (
                        found.saturating_add(1),
                        match rest.get(found) {
                            Some(b'\\') => State::Escape(depth),
                            _ if depth == 0 => State::After,
                            _ => State::Nested(depth),
                        },
                    ),
                },
                State::Escape(depth) => (1, State::Text(depth)),
                State::Bare => {
                    match rest.iter().position(|&b| b == b',' || b == b']' || b.is_ascii_whitespace()) {
                        None => (rest.len(), State::Bare),
                        Some(found) => (found, State::After),
                    }
                }
                _ => return at,
            };
            at = at.saturating_add(passed);
            self.state = state;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::super::fuzz::Owned::{self, Damaged, Data, End};
    use super::super::{FrameEnd, FrameError, Framing};

    fn read(body: &str) -> (Vec<Owned>, FrameEnd) {
        super::super::test_support::read_at_all_cuts(Framing::JsonArray, body.as_bytes())
    }

    fn data(data: &str) -> Owned {
        Data(data.into())
    }

    const BROKEN: Owned = Damaged(FrameError::Syntax, true);

    #[test]
    fn elements_as_gemini_sends_them() {
        let body = "[{\n  \"a\": [1, {\"b\": \"}]\"}]\n}\n,\r\n{\"c\": \"\\\"]\\\\\"}\n]\n";
        let expected =
            vec![data("{\n  \"a\": [1, {\"b\": \"}]\"}]\n}"), End, data("{\"c\": \"\\\"]\\\\\"}"), End];
        assert_eq!(read(body), (expected, FrameEnd::Clean));
    }

    #[test]
    fn elements_of_every_kind() {
        let body = " [1, -2.5e3 ,\"a,]\\\"\",true , null,[ ],{}] ";
        let expected = ["1", "-2.5e3", "\"a,]\\\"\"", "true", "null", "[ ]", "{}"];
        let expected: Vec<Owned> = expected.into_iter().flat_map(|element| [data(element), End]).collect();
        assert_eq!(read(body), (expected, FrameEnd::Clean));
        assert_eq!(read("[]"), (vec![], FrameEnd::Clean));
        assert_eq!(read(""), (vec![], FrameEnd::Clean));
    }

    #[test]
    fn an_element_that_is_cut_is_not_delivered() {
        assert_eq!(read("[{}, {\"a\": "), (vec![data("{}"), End, data("{\"a\": ")], FrameEnd::Cut));
        assert_eq!(read("[{}"), (vec![data("{}"), End], FrameEnd::Cut));
        assert_eq!(read("["), (vec![], FrameEnd::Cut));
    }

    #[test]
    fn what_is_no_array() {
        for (body, before) in [("{}", ""), ("[{} {}]", "{}"), ("[1] 2", "1"), ("[x]", ""), ("[,1]", "")] {
            let mut expected = if before.is_empty() { vec![] } else { vec![data(before), End] };
            expected.push(BROKEN);
            assert_eq!(read(body), (expected, FrameEnd::Clean), "{body}");
        }
    }
}
