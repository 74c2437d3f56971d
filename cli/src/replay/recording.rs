//! One recorded exchange, as a proxy would have seen it, whatever file it came from.

/// An exchange.
#[derive(Debug, Default)]
pub(super) struct Recording {
    /// What the user finds it by: the id in its file, else the file and its number in it.
    pub(super) id: String,
    pub(super) request: Message,
    /// `None` where no answer came.
    pub(super) response: Option<Message>,
    pub(super) times: Times,
}

/// One side of it.
#[derive(Debug, Default)]
pub(super) struct Message {
    /// Pseudo-headers first (`:method`, `:scheme`, `:authority`, `:path`; `:status`), names in lower case.
    pub(super) headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

/// When things happened, as far as the file tells, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    /// The request's headers, since the Unix epoch.
    pub(super) start: u64,
    /// From there to the response's headers.
    pub(super) wait: u64,
    /// From there to the response's end.
    pub(super) receive: u64,
}
