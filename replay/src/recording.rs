//! One recorded exchange, as a proxy would have seen it, whatever file it came from.

use crate::random;

/// An exchange.
#[derive(Debug, Default)]
pub struct Recording {
    /// What the user finds it by: the id in its file, else the file and its number in it.
    pub id: String,
    /// What was sent.
    pub request: Message,
    /// `None` where no answer came.
    pub response: Option<Message>,
    /// When.
    pub times: Times,
}

/// One side of it.
#[derive(Debug, Default)]
pub struct Message {
    /// Pseudo-headers first (`:method`, `:scheme`, `:authority`, `:path`; `:status`), names in lower case.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// `None` where there was one that was not captured.
    pub body: Option<Vec<u8>>,
}

/// When things happened, as far as the file tells, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// The request's headers, since the Unix epoch.
    pub start: u64,
    /// From there to the response's headers.
    pub wait: u64,
    /// From there to the response's end.
    pub receive: u64,
}

impl Recording {
    /// A number that tells this one from others: what ids are made of in a replay that begins with it.
    #[must_use]
    pub fn seed(&self) -> u64 {
        random::hash(&self.id) ^ self.times.start
    }

    /// Which bodies were not captured.
    #[must_use]
    pub fn uncaptured(&self) -> &'static str {
        let answer = self.response.as_ref().is_some_and(|response| response.body.is_none());
        match (self.request.body.is_none(), answer) {
            (false, false) => "",
            (true, false) => "the request's body was not captured",
            (false, true) => "the answer's body was not captured",
            (true, true) => "neither body was captured",
        }
    }
}

impl Times {
    /// When the response's headers came.
    #[must_use]
    pub fn answered(self) -> u64 {
        self.start.saturating_add(self.wait)
    }

    /// When the response ended.
    #[must_use]
    pub fn ended(self) -> u64 {
        self.answered().saturating_add(self.receive)
    }

    /// When each of so many chunks of the response came: files do not tell, so evenly from its first to its last
    /// moment; one alone at its beginning.
    pub fn chunks(self, count: usize) -> impl Iterator<Item = u64> {
        let last = u64::try_from(count).unwrap_or(u64::MAX).saturating_sub(1).max(1);
        (0..=last).map(move |at| self.answered().saturating_add(self.receive / last * at))
    }
}
