//! `application/vnd.amazon.eventstream`, the framing of Bedrock's streams: a prelude of lengths with its own
//! CRC, typed headers, a payload, a CRC over all. All integers are big-endian.
//!
//! ```text
//! total length u32 | headers length u32 | CRC32 of these 8 | headers | payload | CRC32 of all before
//! ```
//!
//! So that no fact of a corrupt message gets out, payloads up to [`MAX_HELD`] are held until the message's
//! CRC is known; larger ones are handed on as they come, and a wrong CRC is reported at their end.

use crc32fast::Hasher;

use super::{Frame, FrameEnd, FrameError, Name};
use crate::gather::Gather;

/// Reads an AWS event stream.
#[derive(Debug)]
pub struct EventStream {
    state: State,
    /// The prelude, or the trailing CRC, as far as it is there.
    fixed: Gather<PRELUDE>,
    /// Over the current message, as far as it has passed.
    crc: Hasher,
    headers: Headers,
    /// Bytes of the payload still to come.
    payload_left: usize,
    /// The payload so far, of a message small enough to be held: `len <= MAX_HELD`.
    held: Vec<u8>,
    /// The message is not held: it is handed on as it comes.
    streamed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Prelude,
    Headers,
    Payload,
    MessageCrc,
    /// After damage that leaves the next message's beginning unknown.
    Broken,
}

impl Default for EventStream {
    fn default() -> Self {
        Self {
            state: State::Prelude,
            fixed: Gather::default(),
            crc: Hasher::new(),
            headers: Headers::default(),
            payload_left: 0,
            held: Vec::new(),
            streamed: false,
        }
    }
}

impl EventStream {
    /// Reads the next chunk of the body.
    pub fn push(&mut self, chunk: &[u8], sink: &mut impl FnMut(Frame<'_>)) {
        let mut rest = chunk;
        while !rest.is_empty() {
            rest = match self.state {
                State::Prelude => {
                    if self.fixed.len() == 0
                        && let Some(after) = self.whole(rest, sink)
                    {
                        rest = after;
                        continue;
                    }
                    let rest = self.fixed.take(PRELUDE, rest);
                    if self.fixed.len() == PRELUDE {
                        self.prelude(sink);
                    }
                    rest
                }
                State::Headers => {
                    let (bytes, rest) = split_at_most(rest, self.headers.left);
                    self.crc.update(bytes);
                    self.headers.push(bytes);
                    self.after_headers();
                    rest
                }
                State::Payload => {
                    let (bytes, rest) = split_at_most(rest, self.payload_left);
                    self.crc.update(bytes);
                    self.payload_left = self.payload_left.saturating_sub(bytes.len());
                    self.payload(bytes, sink);
                    self.after_payload();
                    rest
                }
                State::MessageCrc => {
                    let rest = self.fixed.take(CRC, rest);
                    if self.fixed.len() == CRC {
                        self.end_message(sink);
                    }
                    rest
                }
                State::Broken => return,
            };
        }
    }

    /// The body has ended. A message that has not ended is not delivered.
    pub fn finish(&mut self, _sink: &mut impl FnMut(Frame<'_>)) -> FrameEnd {
        match self.state {
            State::Prelude if self.fixed.len() == 0 => FrameEnd::Clean,
            State::Broken => FrameEnd::Clean,
            _ => FrameEnd::Cut,
        }
    }

    /// A sound message that lies whole in the chunk, and is so small that it would be held, is read where it lies. Gives
    /// what follows it.
    fn whole<'c>(&mut self, chunk: &'c [u8], sink: &mut impl FnMut(Frame<'_>)) -> Option<&'c [u8]> {
        let ([t0, t1, t2, t3, h0, h1, h2, h3, c0, c1, c2, c3], _) = chunk.split_first_chunk::<PRELUDE>()?;
        let total = as_usize(u32::from_be_bytes([*t0, *t1, *t2, *t3]));
        let headers = as_usize(u32::from_be_bytes([*h0, *h1, *h2, *h3]));
        let (message, rest) = chunk.split_at_checked(total)?;
        let (message, crc) = message.split_last_chunk::<CRC>()?;
        let (head, payload) = message.split_at_checked(headers.checked_add(PRELUDE)?)?;
        let (prelude, headers) = head.split_at_checked(PRELUDE)?;
        let sound = payload.len() <= MAX_HELD
            && headers.len() <= MAX_HEADERS
            && crc32fast::hash(prelude.get(..8)?) == u32::from_be_bytes([*c0, *c1, *c2, *c3])
            && crc32fast::hash(message) == u32::from_be_bytes(*crc);
        if !sound {
            return None;
        }
        let name = Headers::name(headers)?;
        name.into_iter().for_each(&mut *sink);
        if !payload.is_empty() {
            sink(Frame::Data(payload));
        }
        sink(Frame::End);
        Some(rest)
    }

    fn prelude(&mut self, sink: &mut impl FnMut(Frame<'_>)) {
        self.fixed.clear();
        let [t0, t1, t2, t3, h0, h1, h2, h3, c0, c1, c2, c3] = self.fixed.array();
        let mut crc = Hasher::new();
        crc.update(&[t0, t1, t2, t3, h0, h1, h2, h3]);
        if crc.clone().finalize() != u32::from_be_bytes([c0, c1, c2, c3]) {
            return self.give_up(FrameError::PreludeCrc, sink);
        }
        crc.update(&[c0, c1, c2, c3]);
        self.crc = crc;
        let headers = as_usize(u32::from_be_bytes([h0, h1, h2, h3]));
        let payload = as_usize(u32::from_be_bytes([t0, t1, t2, t3]))
            .checked_sub(PRELUDE.saturating_add(CRC))
            .and_then(|rest| rest.checked_sub(headers));
        let Some(payload) = payload.filter(|&payload| headers <= MAX_HEADERS && payload <= MAX_PAYLOAD)
        else {
            return self.give_up(FrameError::Length, sink);
        };
        self.headers.begin(headers);
        self.payload_left = payload;
        self.held.clear();
        self.streamed = payload > MAX_HELD;
        self.state = State::Headers;
        self.after_headers();
    }

    fn give_up(&mut self, error: FrameError, sink: &mut impl FnMut(Frame<'_>)) {
        self.state = State::Broken;
        sink(Frame::Damaged { error, fatal: true });
    }

    fn after_headers(&mut self) {
        if self.headers.left == 0 {
            self.state = State::Payload;
            self.after_payload();
        }
    }

    fn payload(&mut self, bytes: &[u8], sink: &mut impl FnMut(Frame<'_>)) {
        if !self.streamed {
            self.held.extend_from_slice(bytes);
        } else if self.headers.are_readable() {
            self.headers.hand_on(sink);
            if !bytes.is_empty() {
                sink(Frame::Data(bytes));
            }
        }
    }

    fn after_payload(&mut self) {
        if self.payload_left == 0 {
            self.state = State::MessageCrc;
        }
    }

    fn end_message(&mut self, sink: &mut impl FnMut(Frame<'_>)) {
        let [c0, c1, c2, c3, ..] = self.fixed.array();
        self.fixed.clear();
        self.state = State::Prelude;
        let error = if self.crc.clone().finalize() != u32::from_be_bytes([c0, c1, c2, c3]) {
            Some(FrameError::MessageCrc)
        } else if !self.headers.are_readable() {
            Some(FrameError::Header)
        } else {
            None
        };
        if let Some(error) = error {
            return sink(Frame::Damaged { error, fatal: false });
        }
        self.headers.hand_on(sink);
        if !self.held.is_empty() {
            sink(Frame::Data(&self.held));
        }
        sink(Frame::End);
    }
}

/// Reads the headers of one message; keeps the one that names it.
#[derive(Debug, Default)]
struct Headers {
    /// Bytes of the headers still to come.
    left: usize,
    step: Step,
    /// The name of the current header, cut at [`super::MAX_NAME`].
    key: Name,
    meaning: Meaning,
    /// What `meaning` says, not yet handed on.
    value: Name,
    value_due: bool,
    exception: bool,
}

/// What the next byte of the headers is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Step {
    #[default]
    KeyLength,
    /// Of the header's name, so many more: `1 ..`.
    Key(usize),
    Type,
    /// The length of a value, high byte.
    LengthHigh,
    /// The same, low byte; the high byte is known.
    LengthLow(u8),
    /// Of the value, so many more: `1 ..`.
    Value(usize),
    /// A header that cannot be; the rest is passed over.
    Unreadable,
}

/// What the current header is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Meaning {
    #[default]
    None,
    /// `:event-type`
    Name,
    /// `:exception-type`, `:error-code`
    Exception,
}

impl Headers {
    fn begin(&mut self, length: usize) {
        self.left = length;
        self.step = Step::KeyLength;
        self.value_due = false;
        self.exception = false;
    }

    /// Reads bytes that are all headers: `bytes.len() <= self.left`.
    fn push(&mut self, bytes: &[u8]) {
        self.left = self.left.saturating_sub(bytes.len());
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            let (step, next) = match self.step {
                Step::KeyLength => {
                    self.key.clear();
                    (if byte == 0 { Step::Unreadable } else { Step::Key(usize::from(byte)) }, after)
                }
                Step::Key(left) => {
                    let (piece, after) = split_at_most(rest, left);
                    self.key.extend(piece);
                    let left = left.saturating_sub(piece.len());
                    (if left == 0 { Step::Type } else { Step::Key(left) }, after)
                }
                Step::Type => (self.typed(byte), after),
                Step::LengthHigh => (Step::LengthLow(byte), after),
                Step::LengthLow(high) => (self.begin_value(u16::from_be_bytes([high, byte]).into()), after),
                Step::Value(left) => {
                    let (piece, after) = split_at_most(rest, left);
                    if self.meaning != Meaning::None {
                        self.value.extend(piece);
                    }
                    let left = left.saturating_sub(piece.len());
                    (if left == 0 { Step::KeyLength } else { Step::Value(left) }, after)
                }
                Step::Unreadable => return,
            };
            self.step = step;
            rest = next;
        }
    }

    /// Of headers that are all there, what names their message, if one does; `None` where they are not well-formed.
    fn name(mut headers: &[u8]) -> Option<Option<Frame<'_>>> {
        let mut name = None;
        while let Some((length, rest)) = headers.split_first() {
            let (key, rest) =
                rest.split_at_checked(usize::from(*length)).filter(|(key, _)| !key.is_empty())?;
            let (kind, rest) = rest.split_first()?;
            let (length, rest) = match (fixed_length(*kind), rest) {
                (Some(length), rest) => (length, rest),
                (None, [high, low, rest @ ..]) if matches!(*kind, BYTES | STRING) => {
                    (usize::from(u16::from_be_bytes([*high, *low])), rest)
                }
                _ => return None,
            };
            let (value, rest) = rest.split_at_checked(length)?;
            let value = value.get(..super::MAX_NAME).unwrap_or(value);
            match Meaning::of(*kind, key) {
                Meaning::None => {}
                Meaning::Name => name = Some(Frame::Name(value)),
                Meaning::Exception => name = Some(Frame::Exception(value)),
            }
            headers = rest;
        }
        Some(name)
    }

    /// Whether the headers, all there, were well-formed.
    fn are_readable(&self) -> bool {
        self.step == Step::KeyLength
    }

    fn hand_on(&mut self, sink: &mut impl FnMut(Frame<'_>)) {
        if self.value_due {
            self.value_due = false;
            let value = self.value.as_bytes();
            sink(if self.exception { Frame::Exception(value) } else { Frame::Name(value) });
        }
    }

    fn typed(&mut self, kind: u8) -> Step {
        self.meaning = Meaning::of(kind, self.key.as_bytes());
        match fixed_length(kind) {
            Some(0) => Step::KeyLength,
            Some(length) => Step::Value(length),
            None if matches!(kind, BYTES | STRING) => Step::LengthHigh,
            None => Step::Unreadable,
        }
    }

    fn begin_value(&mut self, length: usize) -> Step {
        if self.meaning != Meaning::None {
            self.value.clear();
            self.value_due = true;
            self.exception = self.meaning == Meaning::Exception;
        }
        if length == 0 { Step::KeyLength } else { Step::Value(length) }
    }
}

impl Meaning {
    fn of(kind: u8, key: &[u8]) -> Self {
        match (kind, key) {
            (STRING, b":event-type") => Self::Name,
            (STRING, b":exception-type" | b":error-code") => Self::Exception,
            _ => Self::None,
        }
    }
}

/// How long a value of this kind is, where all of the kind are.
fn fixed_length(kind: u8) -> Option<usize> {
    Some(match kind {
        0 | 1 => 0, // true, false
        2 => 1,     // i8
        3 => 2,     // i16
        4 => 4,     // i32
        5 | 8 => 8, // i64, timestamp
        9 => 16,    // UUID
        _ => return None,
    })
}

fn split_at_most(bytes: &[u8], at: usize) -> (&[u8], &[u8]) {
    bytes.split_at_checked(at).unwrap_or((bytes, &[]))
}

fn as_usize(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

/// Largest payload that is held until its CRC is known, in bytes.
const MAX_HELD: usize = 4 << 10;

// The limits of AWS's own reader, botocore.
const MAX_HEADERS: usize = 128 << 10;
const MAX_PAYLOAD: usize = 24 << 20;

const PRELUDE: usize = 12;
const CRC: usize = 4;
const BYTES: u8 = 6;
const STRING: u8 = 7;

#[cfg(test)]
mod tests {
    use super::super::fuzz::Owned::{self, Damaged, Data, End, Exception, Name};
    use super::super::{FrameEnd, Framing};
    use super::*;

    fn read(body: &[u8]) -> (Vec<Owned>, FrameEnd) {
        super::super::test_support::read_at_all_cuts(Framing::EventStream, body)
    }

    /// A header of type string.
    fn text(name: &str, value: &str) -> Vec<u8> {
        let length = u16::try_from(value.len()).unwrap().to_be_bytes();
        header(name, STRING, &[&length, value.as_bytes()].concat())
    }

    fn header(name: &str, kind: u8, value: &[u8]) -> Vec<u8> {
        [&[u8::try_from(name.len()).unwrap()], name.as_bytes(), &[kind], value].concat()
    }

    fn message(headers: &[Vec<u8>], payload: &[u8]) -> Vec<u8> {
        let headers = headers.concat();
        let total = u32::try_from(16 + headers.len() + payload.len()).unwrap();
        let mut message = [total.to_be_bytes(), u32::try_from(headers.len()).unwrap().to_be_bytes()].concat();
        message.extend(crc32fast::hash(&message).to_be_bytes());
        message.extend(headers);
        message.extend(payload);
        message.extend(crc32fast::hash(&message).to_be_bytes());
        message
    }

    fn event(name: &str, payload: &[u8]) -> Vec<u8> {
        let headers = [
            text(":message-type", "event"),
            text(":event-type", name),
            text(":content-type", "application/json"),
        ];
        message(&headers, payload)
    }

    #[test]
    fn a_message_may_be_as_large_as_the_format_allows() {
        // 24 MiB of payload, by the preludes alone.
        let begin = |payload: u32| {
            let mut prelude = [(16 + payload).to_be_bytes(), [0; 4]].concat();
            prelude.extend(crc32fast::hash(&prelude).to_be_bytes());
            super::super::fuzz::read(Framing::EventStream, &[&prelude])
        };
        assert_eq!(begin(24 << 20), (vec![], FrameEnd::Cut));
        assert_eq!(begin((24 << 20) + 1).0, [Damaged(FrameError::Length, true)]);
    }

    /// From the AWS SDKs' test vectors: one header, `content-type: application/json`, and `{'foo':'bar'}`.
    #[test]
    fn a_message_by_hand() {
        let body = b"\0\0\0\x3D\0\0\0\x20\x07\xFD\x83\x96\x0Ccontent-type\x07\0\x10application/json{'foo':'bar'}\x8D\x9C\x08\xB1";
        assert_eq!(read(body), (vec![Data(b"{'foo':'bar'}".to_vec()), End], FrameEnd::Clean));
    }

    #[test]
    fn events_exceptions_and_errors() {
        let body = [
            event("messageStart", b"{\"role\":\"assistant\"}"),
            event("messageStop", b""),
            message(
                &[text(":exception-type", "throttlingException"), text(":message-type", "exception")],
                b"{}",
            ),
            message(&[text(":error-code", "InternalFailure"), text(":error-message", "no")], b""),
            message(&[], b""),
        ];
        let expected = vec![
            Name(b"messageStart".to_vec()),
            Data(b"{\"role\":\"assistant\"}".to_vec()),
            End,
            Name(b"messageStop".to_vec()),
            End,
            Exception(b"throttlingException".to_vec()),
            Data(b"{}".to_vec()),
            End,
            Exception(b"InternalFailure".to_vec()),
            End,
            End,
        ];
        assert_eq!(read(&body.concat()), (expected, FrameEnd::Clean));
    }

    #[test]
    fn headers_of_every_type() {
        let headers = [
            header("true", 0, b""),
            header("false", 1, b""),
            header("byte", 2, &[1]),
            header("short", 3, &[0; 2]),
            header("int", 4, &[0; 4]),
            header("long", 5, &[0; 8]),
            header("bytes", BYTES, b"\0\x03abc"),
            header(&"n".repeat(255), STRING, b"\0\0"),
            header("time", 8, &[0; 8]),
            header("uuid", 9, &[0; 16]),
            header(":event-type", BYTES, b"\0\x02no"),
            text(":event-type", &"e".repeat(300)),
        ];
        let expected = vec![Name(vec![b'e'; 64]), Data(b"{}".to_vec()), End];
        assert_eq!(read(&message(&headers, b"{}")), (expected, FrameEnd::Clean));
    }

    #[test]
    fn nothing_of_a_small_message_with_a_wrong_crc_gets_out() {
        let mut damaged = event("chunk", b"{\"tokens\":5}");
        let at = damaged.len() - 6;
        damaged[at] ^= 1;
        let body = [damaged, event("chunk", b"{}")].concat();
        let expected =
            vec![Damaged(FrameError::MessageCrc, false), Name(b"chunk".to_vec()), Data(b"{}".to_vec()), End];
        assert_eq!(read(&body), (expected, FrameEnd::Clean));
    }

    #[test]
    fn a_large_message_is_handed_on_as_it_comes() {
        let payload = vec![b'x'; MAX_HELD + 1];
        let mut body = event("chunk", &payload);
        let whole = vec![Name(b"chunk".to_vec()), Data(payload.clone()), End];
        let mut framer = EventStream::default();
        let mut seen = 0;
        framer.push(&body[..200], &mut |frame| {
            seen += if let Frame::Data(piece) = frame { piece.len() } else { 0 }
        });
        assert!(seen > 100, "{seen} of 200 bytes are payload");
        assert_eq!(super::super::fuzz::read(Framing::EventStream, &[&body]), (whole, FrameEnd::Clean));
        let at = body.len() - 1;
        body[at] ^= 1;
        let damaged = vec![Name(b"chunk".to_vec()), Data(payload), Damaged(FrameError::MessageCrc, false)];
        assert_eq!(super::super::fuzz::read(Framing::EventStream, &[&body]), (damaged, FrameEnd::Clean));
    }

    #[test]
    fn headers_that_cannot_be_read_damage_their_message_alone() {
        for headers in [
            header("kind", 10, b""),
            header("short", 3, &[0]),
            header("text", STRING, b"\xFF\xFFabc"),
            vec![0, 0],
            vec![5, b'a'],
        ] {
            let body = [message(std::slice::from_ref(&headers), b"{}"), event("chunk", b"")].concat();
            let expected = vec![Damaged(FrameError::Header, false), Name(b"chunk".to_vec()), End];
            assert_eq!(read(&body), (expected, FrameEnd::Clean), "{headers:?}");
        }
    }

    #[test]
    fn nothing_of_damaged_headers_is_left_to_the_next_message() {
        let exception = text(":exception-type", "throttlingException");
        let mut wrong_crc = message(std::slice::from_ref(&exception), b"{}");
        let at = wrong_crc.len() - 1;
        wrong_crc[at] ^= 1;
        for (damaged, error) in [
            (wrong_crc, FrameError::MessageCrc),
            (message(&[exception, vec![9, b'x']], b"{}"), FrameError::Header),
            (message(&[text(":event-type", "aLongerName"), vec![9, b':']], b"{}"), FrameError::Header),
        ] {
            let body = [damaged, event("short", b"{}"), message(&[], b"{}")].concat();
            let expected = vec![
                Damaged(error, false),
                Name(b"short".to_vec()),
                Data(b"{}".to_vec()),
                End,
                Data(b"{}".to_vec()),
                End,
            ];
            assert_eq!(read(&body), (expected, FrameEnd::Clean), "{error:?}");
        }
    }

    #[test]
    fn a_wrong_prelude_ends_the_framing() {
        let mut body = event("chunk", b"{}");
        body[3] ^= 1;
        assert_eq!(read(&body), (vec![Damaged(FrameError::PreludeCrc, true)], FrameEnd::Clean));
        for (total, headers) in [(15_u32, 0_u32), (100, 85), (MAX_TOTAL + 1, 0), (200 << 10, (128 << 10) + 1)]
        {
            let mut body = [total.to_be_bytes(), headers.to_be_bytes()].concat();
            body.extend(crc32fast::hash(&body).to_be_bytes());
            let (frames, _) = read(&[body.as_slice(), b"more"].concat());
            assert_eq!(frames, [Damaged(FrameError::Length, true)], "{total} {headers}");
        }
    }

    const MAX_TOTAL: u32 = (24 << 20) + 16;

    #[test]
    fn a_cut_message_is_not_delivered() {
        let body = [event("chunk", b"{}"), event("chunk", b"{}")].concat();
        let first = vec![Name(b"chunk".to_vec()), Data(b"{}".to_vec()), End];
        for end in [1, body.len() / 2 - 1] {
            assert_eq!(read(&body[..body.len() - end]), (first.clone(), FrameEnd::Cut));
        }
        assert_eq!(read(&body[..body.len() / 2]), (first, FrameEnd::Clean));
    }
}
