//! Where telemetry goes, and how: the collectors, and what is collected for them.

use std::collections::BTreeMap;

use super::Secret;
use super::check::{is_header_name, is_visible};
use super::problems::Problems;
use super::table::{Field, Rule, Slot, section, within};
pub use crate::metrics::Temporality;
pub use crate::otlp::outbox::Signal;

/// The collectors: one object, or a list of them. One with all its defaults where nothing is said.
#[derive(Clone, Debug, PartialEq)]
pub struct Collectors(Vec<Otlp>);

impl Default for Collectors {
    fn default() -> Self {
        Self(vec![Otlp::default()])
    }
}

impl Collectors {
    /// None at all.
    pub(super) const NONE: Self = Self(Vec::new());
}

impl std::ops::Deref for Collectors {
    type Target = [Otlp];

    fn deref(&self) -> &[Otlp] {
        &self.0
    }
}

impl std::ops::DerefMut for Collectors {
    fn deref_mut(&mut self) -> &mut [Otlp] {
        &mut self.0
    }
}

impl Field for Collectors {
    fn slot(&mut self) -> Slot<'_> {
        self.0.slot()
    }
}

section! {
    /// A collector: where it is, what it takes, and how.
    pub struct Otlp {
        /// Envoy cluster of the collector.
        cluster: String = "otel_collector".to_owned() => Rule::Text(|cluster| {
            cluster.is_empty().then(|| "is empty; give the name of an Envoy cluster".to_owned())
        });
        /// `:authority` of the exports. Default: the cluster's name.
        authority: Option<String> = None => Rule::Text(|authority| {
            (authority.is_empty() || !is_visible(authority))
                .then(|| "is no host name; give one, or leave it out".to_owned())
        });
        /// What is sent there. Default: traces alone, which is all that many backends take.
        signals: Vec<Signal> = vec![Signal::Traces];
        /// How it is sent. `grpc` wants a cluster that speaks HTTP/2.
        protocol: Protocol = Protocol::default();
        /// How it is compressed.
        compression: Compression = Compression::default();
        /// Path of the traces over HTTP.
        traces_path: String = "/v1/traces".to_owned() => Rule::Text(path), also "path";
        /// Path of the metrics over HTTP.
        metrics_path: String = "/v1/metrics".to_owned() => Rule::Text(path);
        /// Path of the logs over HTTP.
        logs_path: String = "/v1/logs".to_owned() => Rule::Text(path);
        /// Further headers of the exports, e.g. a tenant or a key.
        headers: BTreeMap<String, Secret> = BTreeMap::new();
        /// Milliseconds until an export is given up.
        timeout_ms: u32 = 10_000 => within(1, 60_000, "milliseconds");
        /// Spans, or log records, at which a batch is sent.
        max_batch_records: u32 = 64 => within(1, 4_096, "records"), also "max_batch_spans";
        /// Bytes at which a batch is sent.
        max_batch_bytes: u32 = 256 << 10 => within(1_024, 4 << 20, "bytes");
        /// Milliseconds that a record waits for others.
        max_batch_age_ms: u32 = 1_000 => within(10, 60_000, "milliseconds");
        /// Bytes of records of all signals that a worker holds while they are not delivered; what comes beyond pushes
        /// out the oldest, which is counted. No less than a batch.
        max_queue_bytes: u32 = 2 << 20 => within(16 << 10, 64 << 20, "bytes");
        /// Bytes of records that a worker holds beyond those when many exchanges end at once, as long as the collector
        /// is not known to fail.
        max_burst_bytes: u32 = 40 << 20 => within(0, 256 << 20, "bytes");
        /// Exports of a worker and a signal under way at a time, four times as many in a burst.
        max_in_flight: u32 = 4 => within(1, 64, "exports");
    }
    checked by check_otlp
}

fn path(path: &str) -> Option<String> {
    let fits = path.starts_with('/') && is_visible(path);
    (!fits).then(|| format!("is {path:?}; give a path that begins with /, e.g. /v1/traces"))
}

fn check_otlp(otlp: &Otlp, problems: &mut Problems) {
    if otlp.signals.is_empty() {
        problems.add_at("signals", "is empty; give one or several of traces, metrics, logs");
    }
    let twice = |signal: &Signal| otlp.signals.iter().filter(|other| *other == signal).count() > 1;
    if let Some(signal) = otlp.signals.iter().find(|signal| twice(signal)) {
        problems.add_at("signals", format!("names {} twice; give it once", signal.name()));
    }
    let mark = problems.enter("headers");
    for (name, value) in &otlp.headers {
        let problem = if let Some(advice) = reserved_for(name) {
            format!("is not for you to set; {advice}")
        } else if !is_header_name(name) {
            "is no header name; give lower-case letters, digits and dashes".to_owned()
        } else if value.expose().bytes().any(|b| b.is_ascii_control() && b != b'\t') {
            "holds a control character, which no header may; remove it".to_owned()
        } else {
            continue;
        };
        problems.add_at(name, problem);
    }
    problems.leave(mark);
    if otlp.max_queue_bytes < otlp.max_batch_bytes && !problems.any_at("max_batch_bytes") {
        let object = problems.path();
        let problem = format!(
            "is {}, less than {object}.max_batch_bytes, {}: no batch would ever be whole; give at least as much",
            otlp.max_queue_bytes, otlp.max_batch_bytes
        );
        problems.add_at("max_queue_bytes", problem);
    }
}

/// What to do instead of setting a header that the export sets.
fn reserved_for(header: &str) -> Option<&'static str> {
    match header {
        ":authority" | "host" => Some("use otlp.authority"),
        ":path" => Some("use traces_path, metrics_path and logs_path"),
        "content-type" | "content-length" | "content-encoding" | "transfer-encoding" | "te" => {
            Some("it follows from the body and the protocol")
        }
        _ if header.starts_with(':') => Some("an export is a POST over the cluster's protocol"),
        _ => None,
    }
}

/// Which calls Envoy's log tells, one line of JSON each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Console {
    /// All that would be exported, where nobody says where to and Envoy has no cluster of the default's name.
    #[default]
    Auto,
    /// None.
    Off,
    /// Those that failed.
    Errors,
    /// All.
    All,
}

impl Console {
    /// Whether a call is told that failed, or did not.
    #[must_use]
    pub fn tells(self, failed: bool) -> bool {
        match self {
            Self::Auto | Self::Off => false,
            Self::Errors => failed,
            Self::All => true,
        }
    }

    /// Whether it was asked for.
    pub(super) fn is_chosen(self) -> bool {
        matches!(self, Self::Errors | Self::All)
    }
}

/// How exports are sent (`OTEL_EXPORTER_OTLP_PROTOCOL` of the OpenTelemetry specification).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// Protobuf over HTTP.
    #[default]
    HttpProtobuf,
    /// JSON over HTTP.
    HttpJson,
    /// gRPC, for which the cluster must speak HTTP/2.
    Grpc,
}

/// How exports are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip.
    Gzip,
}

section! {
    /// Metrics, for the collectors whose `signals` name them.
    pub struct Metrics {
        /// Milliseconds between two collections.
        interval_ms: u32 = 60_000 => within(1_000, 3_600_000, "milliseconds");
        /// Whether a point tells of all time, or of the time since the last.
        temporality: Temporality = Temporality::default();
        /// Attribute sets that a worker tells apart; what comes beyond is told together, under
        /// `otel.metric.overflow`.
        max_attribute_sets: u32 = 2_000 => within(1, 100_000, "attribute sets");
    }
}
