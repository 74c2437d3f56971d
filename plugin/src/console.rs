//! Calls as lines of Envoy's log: where an operator asks for them, and where there is no collector to be had.

use inferspan_core::otlp::line;

use crate::host::{self, Level};

/// Writes a line for each of the encoded spans; how many.
pub(crate) fn write(spans: &[u8]) -> u64 {
    let mut lines = 0_u64;
    line::each(spans, &mut |line| {
        host::log(Level::Info, line);
        lines = lines.saturating_add(1);
    });
    lines
}

/// Says, once in the life of Envoy's process, why calls are written there.
pub(crate) fn explain(cluster: &str) {
    if host::is_first("inferspan.console") {
        let line = format!(
            "Envoy has no cluster {cluster}, so calls are written into this log, one line of JSON each (level info); \
             name the cluster of an OTLP collector with otlp.cluster, or set console to \"off\" or \"all\""
        );
        host::log(Level::Warn, &line);
    }
}
