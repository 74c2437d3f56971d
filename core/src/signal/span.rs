//! What is told of a call as a span.

use super::{AttributeSink, Conventions, Event};
use crate::call::Call;
use crate::time::UnixNanos;
use crate::trace_context::Position;

/// The span of a call.
#[derive(Clone, Copy, Debug)]
pub struct Span<'c> {
    call: &'c Call,
    position: &'c Position,
    conventions: &'c Conventions,
    in_part: bool,
}

/// What a span says its work was (OTLP's `SpanKind`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A request to a service elsewhere.
    Client = 3,
    /// Work of this service itself, as some vocabularies have it.
    Internal = 1,
}

impl<'c> Span<'c> {
    /// The call's span, which stands there in its trace.
    #[must_use]
    pub fn new(call: &'c Call, position: &'c Position, conventions: &'c Conventions) -> Self {
        Self { call, position, conventions, in_part: false }
    }

    /// The same for a writer that will not show all of its values. The span tells so itself, as a loss.
    #[must_use]
    pub fn in_part(self) -> Self {
        Self { in_part: true, ..self }
    }

    /// Where it stands in its trace.
    #[must_use]
    pub fn position(&self) -> &'c Position {
        self.position
    }

    /// Its name, in parts that are to be joined.
    #[must_use]
    pub fn name(&self) -> [&'c str; 3] {
        self.conventions.name(self.call)
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.conventions.kind()
    }

    /// Whether it may need twice the room of others: several vocabularies tell it, or one that has attributes for
    /// each tool.
    #[must_use]
    pub fn is_wide(&self) -> bool {
        self.conventions.is_wide()
    }

    /// Room that it needs beside that of others, for the content that it tells.
    #[must_use]
    pub fn content_room(&self) -> usize {
        self.conventions.content_room(self.call, false)
    }

    /// When the request began.
    #[must_use]
    pub fn start(&self) -> UnixNanos {
        self.call.timing.start
    }

    /// When the exchange was over; never before its start.
    #[must_use]
    pub fn end(&self) -> UnixNanos {
        self.call.timing.end.max(self.call.timing.start)
    }

    /// Where the call failed: what the span's status says of it, which may be nothing.
    #[must_use]
    pub fn error(&self) -> Option<&'c str> {
        self.call.error.as_ref().map(|error| error.code.as_deref().unwrap_or_default())
    }

    /// All its attributes.
    pub fn attributes(&self, sink: &mut dyn AttributeSink) {
        self.conventions.attributes(self.call, self.in_part, sink);
    }

    /// Shows what happened within it, event by event.
    pub fn events(&self, see: &mut dyn FnMut(&Event<'c>)) {
        self.conventions.events(self.call, see);
    }
}
