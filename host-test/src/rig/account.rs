//! Whether every call became a span, and what became of each span: by the counters of Envoy and the filter.

use std::collections::BTreeMap;

use super::config::{COLLECTOR, OBSERVER};

/// What Envoy and the filter have done, and still have to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Requests that ever came in.
    pub requests: u64,
    /// Requests under way.
    pub calls: u64,
    /// Exports under way.
    pub exports: u64,
    /// Spans that the filter's exchanges should give.
    pub due: u64,
    /// Spans that the collector took.
    pub exported: u64,
    /// Spans lost, and counted.
    pub dropped: u64,
    /// Spans not wanted.
    pub unsampled: u64,
    /// To how many collectors each span goes.
    pub collectors: u64,
}

impl Account {
    /// Spans that are neither delivered nor lost, nor unwanted: those that the filter holds.
    pub fn held(&self) -> u64 {
        let wanted = self.due.saturating_sub(self.unsampled).saturating_mul(self.collectors);
        wanted.saturating_sub(self.exported).saturating_sub(self.dropped)
    }

    /// Whether there is still something to do.
    pub fn is_open(&self) -> bool {
        self.calls > 0 || self.exports > 0 || self.held() > 0
    }

    pub(super) fn of(stats: &BTreeMap<String, u64>) -> Self {
        let sum = |wanted: &dyn Fn(&str) -> bool| -> u64 {
            stats.iter().filter(|(name, _)| wanted(name)).map(|(_, value)| value).sum()
        };
        let of_listeners = |name: &str, stat: &str| {
            // The admin interface counts its own requests under `http.admin.`.
            name.starts_with("http.") && name.ends_with(stat) && !name.starts_with("http.admin.")
        };
        let exports = [COLLECTOR, OBSERVER].map(|cluster| format!("cluster.{cluster}.upstream_rq_active"));
        let spans = |wanted: &str| {
            sum(&|name| {
                name.strip_prefix("wasmcustom.inferspan_spans_").is_some_and(|name| name.starts_with(wanted))
            })
        };
        Self {
            requests: sum(&|name| of_listeners(name, ".downstream_rq_total")),
            calls: sum(&|name| of_listeners(name, ".downstream_rq_active")),
            exports: sum(&|name| exports.iter().any(|stat| stat == name)),
            due: sum(&|name| {
                name.starts_with("wasmcustom.inferspan_exchanges_") && !name.ends_with("_dismissed")
            }),
            exported: spans("exported"),
            dropped: spans("dropped_"),
            unsampled: spans("unsampled"),
            collectors: if exports.iter().all(|stat| stats.contains_key(stat)) { 2 } else { 1 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_open_while_a_span_is_owed() {
        let mut stats: BTreeMap<String, u64> = [
            ("http.admin.downstream_rq_active", 1),
            ("http.up.downstream_rq_active", 0),
            ("http.up.downstream_rq_total", 5),
            ("cluster.otel_collector.upstream_rq_active", 0),
            ("wasmcustom.inferspan_exchanges_completed", 3),
            ("wasmcustom.inferspan_exchanges_error", 1),
            ("wasmcustom.inferspan_exchanges_dismissed", 1),
            ("wasmcustom.inferspan_spans_exported", 2),
            ("wasmcustom.inferspan_spans_dropped_refused", 1),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let account = Account::of(&stats);
        assert_eq!((account.requests, account.due, account.exported, account.dropped), (5, 4, 2, 1));
        assert_eq!(account.held(), 1);
        assert!(account.is_open());

        stats.insert("cluster.inferspan_observer.upstream_rq_active".to_owned(), 0);
        assert_eq!(Account::of(&stats).held(), 8 - 2 - 1, "two collectors get each");
        stats.remove("cluster.inferspan_observer.upstream_rq_active");

        stats.insert("wasmcustom.inferspan_spans_unsampled".to_owned(), 1);
        assert!(!Account::of(&stats).is_open());
        stats.insert("http.up.downstream_rq_active".to_owned(), 1);
        assert!(Account::of(&stats).is_open());
    }
}
