//! Recorded exchanges through a filter: what would it have told its collector?

use std::time::Duration;

use crate::sim::callout::Callout;
use crate::sim::fault::{Fault, FaultKind};
use crate::sim::{Headers, Proxy};

/// An exchange as it was recorded, its bodies cut as they shall be shown.
#[derive(Clone, Debug)]
pub struct Recorded<'a> {
    /// The request's headers, with pseudo-headers.
    pub request: Headers,
    /// The pieces of the request's body, with the time since the request's headers.
    pub request_pieces: Vec<(Duration, &'a [u8])>,
    /// The answer, if there was one.
    pub response: Option<RecordedResponse<'a>>,
}

/// The answer of a [`Recorded`] exchange.
#[derive(Clone, Debug)]
pub struct RecordedResponse<'a> {
    /// The headers, with `:status`.
    pub headers: Headers,
    /// When they came, since the request's headers.
    pub after: Duration,
    /// The pieces of the body, with the time since the request's headers.
    pub pieces: Vec<(Duration, &'a [u8])>,
    /// When the last of it came, since the request's headers.
    pub end: Duration,
}

/// How long after an exchange everything is delivered that it led to.
const DELIVERY: Duration = Duration::from_secs(60);

impl Proxy {
    /// Runs a recorded exchange and returns every call the filter made to a cluster meanwhile, or within a
    /// minute of virtual time after it; calls of earlier exchanges that were answered are forgotten.
    ///
    /// Times are kept by the virtual clock, which [`ProxyBuilder::now`](crate::sim::ProxyBuilder::now) sets.
    /// An exchange without an answer ends without a reason. Traffic that was changed is a fault for an
    /// [observer](crate::sim::ProxyBuilder::observer).
    pub fn replay(&mut self, exchange: &Recorded<'_>) -> Result<Vec<Callout>, Fault> {
        self.take_callouts();
        let begin = self.now();
        let id = self.open();
        self.request_headers(id, exchange.request.clone(), exchange.request_pieces.is_empty())?;
        let last = exchange.request_pieces.len().wrapping_sub(1);
        for (number, (after, piece)) in exchange.request_pieces.iter().enumerate() {
            self.advance_to(begin + *after)?;
            self.request_body(id, piece, number == last)?;
        }
        match &exchange.response {
            Some(response) => {
                self.advance_to(begin + response.after)?;
                self.response_headers(id, response.headers.clone(), false)?;
                for (after, piece) in &response.pieces {
                    self.advance_to(begin + *after)?;
                    self.response_body(id, piece, false)?;
                }
                self.advance_to(begin + response.end)?;
                self.response_body(id, b"", true)?;
            }
            None => self.reset(id)?,
        }
        self.check_replayed(id, exchange)?;
        self.forget(id);
        self.advance(DELIVERY)?;
        Ok(self.take_callouts())
    }

    /// Lets virtual time pass until `time`, if that is not yet over.
    fn advance_to(&mut self, time: Duration) -> Result<(), Fault> {
        self.advance(time.saturating_sub(self.now()))
    }

    fn check_replayed(&self, id: crate::sim::StreamId, exchange: &Recorded<'_>) -> Result<(), Fault> {
        if self.options.observer.is_none() {
            return Ok(());
        }
        let seen = self.exchange(id);
        let same = |pieces: &[(Duration, &[u8])], left: &[u8]| {
            pieces.iter().flat_map(|(_, piece)| piece.iter()).eq(left.iter())
        };
        let request = same(&exchange.request_pieces, &seen.upstream().body);
        let response =
            exchange.response.as_ref().is_none_or(|response| same(&response.pieces, &seen.downstream().body));
        if request && response {
            return Ok(());
        }
        let direction = if request { "response" } else { "request" };
        Err(self.fault(id, FaultKind::Changed(format!("the body of the {direction}"))))
    }
}
