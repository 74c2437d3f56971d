//! Messages out of a byte stream: SSE, lines (NDJSON), a JSON array's elements, AWS event stream.
//!
//! In: any split of a decoded body. Out: [`Frame`]s in order. A framer hands payload on as it comes and
//! holds none of it, so a message of any size costs no memory. Invariants: the frames, with neighbouring
//! [`Frame::Data`] joined, depend on the bytes alone; after damage the framer goes on with the next message
//! where the framing allows.

/// A step in a stream of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// The message's name: the `event:` field of SSE, `:event-type` of an AWS event. Comes before `End`,
    /// for SSE wherever the field stands among the data.
    Name(&'a [u8]),
    /// AWS: the message is an exception (`:exception-type`) or an error (`:error-code`) of this name.
    Exception(&'a [u8]),
    /// A piece of the message's payload.
    Data(&'a [u8]),
    /// The message is complete.
    End,
    /// SSE: the message was the literal `[DONE]`; neither `Data` nor `End` comes for it.
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
