//! Facts of a call as filter state of Envoy's, for its access logs, its own spans, and other filters.
//!
//! Envoy finishes its span before it logs, and logs after the filter has. So what is known when the last byte of the
//! answer passes is told then, and once more, whole, when the exchange is over.

use inferspan_core::call::{Brief, Call};

use crate::host;

/// Tells those of the facts that are known. Only from a callback of the stream that they are of.
pub(crate) fn tell(call: &Call, wanted: &[Brief]) {
    for brief in wanted {
        if let Some(text) = brief.of(call) {
            let _ = host::set_property(brief.name(), text.as_bytes());
        }
    }
}
