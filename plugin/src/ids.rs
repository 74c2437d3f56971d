//! Random numbers: ids of spans and traces, and the jitter of the back-off.

use inferspan_core::ids;

use crate::host;

/// The supply of a VM, out of the host's random bytes.
pub(crate) type Ids = ids::Ids;

/// A new one.
pub(crate) fn new() -> Ids {
    Ids::new(|bytes| host::random(bytes).is_ok())
}
