//! Messages out of a byte stream: SSE, lines (NDJSON), a JSON array's elements, AWS event stream.
//!
//! In: any split of a decoded body. Out: [`Frame`]s in order. A framer hands payload on as it comes, as
//! slices of the chunk, and holds none of it (but for AWS messages up to 4 KiB, see [`EventStream`]), so a
//! message of any size costs no memory. Invariants: the frames, with neighbouring [`Frame::Data`] joined,
//! depend on the bytes alone; no `Data` is empty; after damage the framer goes on with the next message
//! where the framing allows.
//!
//! Every framer has the same shape: `push` for each chunk, `finish` once at the end of the body. [`Sniffer`]
//! says which one a body needs. Beside them stand two readers of the same kind for what bodies wrap:
//! [`Multipart`] for form requests and [`Base64`] for payloads inside JSON texts.

mod base64;
mod done;
mod event_stream;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod json_array;
mod lines;
mod multipart;
mod sniff;
mod sse;

pub use base64::{Base64, Base64Error};
pub use event_stream::EventStream;
pub use json_array::JsonArray;
pub use lines::Lines;
pub use multipart::{FormEvent, Multipart};
pub use sniff::{Framing, Sniffed, Sniffer};
pub use sse::Sse;

/// A step in a stream of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// The message's name: the `event:` field of SSE, `:event-type` of an AWS event; at most
    /// [`MAX_NAME`] bytes, longer ones are cut there. Only messages that are delivered have one. Comes
    /// before `End`; for SSE wherever the field stands among the data, and the last one counts.
    Name(&'a [u8]),
    /// AWS: the message is an exception (`:exception-type`) or an error (`:error-code`) of this name. SSE:
    /// it stands in a line `error: …`, and has no name.
    Exception(&'a [u8]),
    /// A piece of the message's payload.
    Data(&'a [u8]),
    /// SSE: the payload goes on in another `data:` line, so a line end stands between what came and what
    /// comes. Servers that part events by one line end write each into a line of one message.
    Line,
    /// The message is complete.
    End,
    /// SSE, lines: there was a line `[DONE]`, which belongs to no message.
    Done,
    /// The current message is damaged; nothing more of it comes. The framing goes on unless `fatal`.
    Damaged {
        /// What was wrong.
        error: FrameError,
        /// Whether nothing after it can be read.
        fatal: bool,
    },
}

/// What can be wrong with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// AWS event stream: the CRC of the prelude differs.
    PreludeCrc,
    /// AWS event stream: the CRC of the message differs.
    MessageCrc,
    /// AWS event stream: a length that cannot be.
    Length,
    /// AWS event stream: a header that cannot be read.
    Header,
    /// The body is not in this framing.
    Syntax,
}

/// Where in the framing a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameEnd {
    /// Between two messages.
    Clean,
    /// Inside the line of a message, which was delivered all the same: servers end bodies that way, so only the
    /// payload itself can tell whether it is whole.
    OpenLine,
    /// Inside one.
    Cut,
}

/// Longest name of a message that is kept, in bytes. The longest in use,
/// `response.code_interpreter_call_code.delta` and its like, have about 50.
pub const MAX_NAME: usize = 64;

/// Any of the framers.
#[derive(Debug)]
pub enum Framer {
    /// Server-sent events.
    Sse(Sse),
    /// One message a line.
    Lines(Lines),
    /// The elements of one JSON array.
    JsonArray(JsonArray),
    /// AWS event stream.
    EventStream(Box<EventStream>),
}

impl Framer {
    /// The framer for a framing; `None` where the body is not a stream of framed messages ([`Framing::Json`],
    /// whose documents the JSON scanner tells apart itself, and [`Framing::Opaque`]).
    #[must_use]
    pub fn new(framing: Framing) -> Option<Self> {
        match framing {
            Framing::Sse => Some(Self::Sse(Sse::default())),
            Framing::Lines => Some(Self::Lines(Lines::default())),
            Framing::JsonArray => Some(Self::JsonArray(JsonArray::default())),
            Framing::EventStream => Some(Self::EventStream(Box::default())),
            Framing::Json | Framing::Opaque => None,
        }
    }

    /// Reads the next chunk of the body.
    #[inline]
    pub fn push(&mut self, chunk: &[u8], sink: &mut impl FnMut(Frame<'_>)) {
        match self {
            Self::Sse(framer) => framer.push(chunk, sink),
            Self::Lines(framer) => framer.push(chunk, sink),
            Self::JsonArray(framer) => framer.push(chunk, sink),
            Self::EventStream(framer) => framer.push(chunk, sink),
        }
    }

    /// Whether no byte of what comes next was there, so that equal chunks that leave it so are equal messages. Not of
    /// every framing this is known.
    #[inline]
    #[must_use]
    pub fn is_between(&self) -> bool {
        match self {
            Self::Sse(framer) => framer.is_between(),
            Self::Lines(framer) => framer.is_between(),
            Self::JsonArray(_) | Self::EventStream(_) => false,
        }
    }

    /// The body has ended. To be called once, last.
    pub fn finish(&mut self, sink: &mut impl FnMut(Frame<'_>)) -> FrameEnd {
        match self {
            Self::Sse(framer) => framer.finish(sink),
            Self::Lines(framer) => framer.finish(sink),
            Self::JsonArray(framer) => framer.finish(sink),
            Self::EventStream(framer) => framer.finish(sink),
        }
    }
}

/// A name of at most [`MAX_NAME`] bytes, collected from pieces; what is longer is cut.
#[derive(Clone, Copy, Debug)]
struct Name {
    bytes: [u8; MAX_NAME],
    /// How many of them are set: `0 ..= MAX_NAME`.
    len: usize,
}

impl Default for Name {
    fn default() -> Self {
        Self { bytes: [0; MAX_NAME], len: 0 }
    }
}

impl Name {
    fn clear(&mut self) {
        self.len = 0;
    }

    fn extend(&mut self, piece: &[u8]) {
        let room = self.bytes.get_mut(self.len..).unwrap_or_default();
        let kept = room.len().min(piece.len());
        if let (Some(room), Some(piece)) = (room.get_mut(..kept), piece.get(..kept)) {
            room.copy_from_slice(piece);
            self.len = self.len.saturating_add(kept);
        }
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

#[cfg(test)]
mod test_support;
