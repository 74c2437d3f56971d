//! Members of a request's body that an operator wants as attributes.
//!
//! They are looked for by a reader of their own, where there are any: so the facts are the same with them and without,
//! and their paths may be those of facts.

use std::sync::Arc;

use super::facts::Facts;
use crate::attributes::{Attributes, Found};
use crate::json::{Progress, Scanner};
use crate::trace_context::baggage::Entry;

/// A body in which they are looked for.
#[derive(Debug)]
pub(super) struct Own {
    attributes: Arc<Attributes>,
    /// `None` once nothing more can come.
    scanner: Option<Scanner>,
}

impl Own {
    /// `None` where none comes from a body.
    pub(super) fn new(attributes: &Arc<Attributes>) -> Option<Box<Self>> {
        attributes.body()?;
        Some(Box::new(Self { attributes: Arc::clone(attributes), scanner: Some(Scanner::new()) }))
    }

    /// Adds what a piece of the body says of them to the facts.
    pub(super) fn push(&mut self, piece: &[u8], facts: &mut Facts) {
        if let (Some(scanner), Some(paths)) = (&mut self.scanner, self.attributes.body())
            && scanner.push(paths, piece, facts) != Progress::More
        {
            self.scanner = None;
        }
    }

    /// Tells what was found.
    pub(super) fn tell(&self, found: &[Found], entries: &mut Vec<Entry>) {
        self.attributes.of_body(found, entries);
    }
}
