//! What a collector would get: records of one signal, put together into export requests.

use inferspan_core::otlp::envelope::Envelope;
use inferspan_core::otlp::json;
use inferspan_core::otlp::outbox::Signal;

/// How requests are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// OTLP/JSON, a request a line.
    Json,
    /// OTLP's protobuf. Requests follow each other without anything between them: together they are one, too.
    Protobuf,
}

/// Gathers records into requests that a collector takes.
#[derive(Debug)]
pub struct Requests {
    signal: Signal,
    encoding: Encoding,
    envelope: Envelope,
    records: Vec<u8>,
}

impl Requests {
    /// Requests of that signal.
    #[must_use]
    pub fn new(signal: Signal, encoding: Encoding, envelope: Envelope) -> Self {
        Self { signal, encoding, envelope, records: Vec::new() }
    }

    /// Adds encoded records. The request that they fill, which is none as a rule.
    pub fn push(&mut self, records: &[u8]) -> Option<Vec<u8>> {
        let full = self.records.len().saturating_add(records.len()) > MOST_BYTES;
        let request = if full { self.take() } else { None };
        self.records.extend_from_slice(records);
        request
    }

    /// The request of what has been added since the last one; `None` if that is nothing.
    pub fn take(&mut self) -> Option<Vec<u8>> {
        if self.records.is_empty() {
            return None;
        }
        let request = self.envelope.wrap(&std::mem::take(&mut self.records));
        Some(match self.encoding {
            Encoding::Json => {
                let mut line = json::to_json(self.signal, &request);
                line.push(b'\n');
                line
            }
            Encoding::Protobuf => request,
        })
    }
}

/// Bytes of records in a request, as protobuf: a fifth of what a Collector takes by default, for JSON is longer.
const MOST_BYTES: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_request_does_not_hold_another_does() {
        let envelope = || Envelope::new([("service.name", "s")].into_iter(), "");
        let mut requests = Requests::new(Signal::Traces, Encoding::Protobuf, envelope());
        // A field that no reader of spans knows, of 1 MiB.
        let record = [&[0x7a, 0x80, 0x80, 0x40][..], &[0; 1 << 20]].concat();
        let lengths: Vec<_> = (0..5).map(|_| requests.push(&record).map(|request| request.len())).collect();
        let three = envelope().wrap(&record.repeat(3)).len();
        assert_eq!(lengths, [None, None, None, Some(three), None]);
        assert_eq!(requests.take(), Some(envelope().wrap(&record.repeat(2))));
        assert_eq!(requests.take(), None);
    }
}
