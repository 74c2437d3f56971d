//! What is measured of the export beside counters: what is held for collectors, and how long they take to answer.
//!
//! A gauge of Envoy's belongs to all VMs, so each tells by how much its own part has changed; what a VM held that
//! trapped is told for ever. As metrics, each VM tells its own.

use inferspan_core::signal::metric::{Instrument, Kind, Series};

use crate::host::{self, Metric, MetricKind};

/// What is held for all collectors: being filled, waiting, and under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) records: u64,
    pub(crate) bytes: u64,
}

/// The gauges, and the histogram.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    records: Gauge,
    bytes: Gauge,
    duration: Option<Metric>,
}

#[derive(Debug, Default)]
struct Gauge {
    metric: Option<Metric>,
    now: u64,
    /// What Envoy knows of it.
    told: u64,
}

impl Gauges {
    /// Makes them known to Envoy.
    pub(crate) fn define(&mut self) {
        self.records.define("inferspan_queue_records");
        self.bytes.define("inferspan_queue_bytes");
        self.duration = self
            .duration
            .or_else(|| host::define(MetricKind::Histogram, "inferspan_export_duration_ms").ok());
    }

    /// Sets them. Whether that is news to Envoy.
    pub(crate) fn set(&mut self, held: Held) -> bool {
        self.records.now = held.records;
        self.bytes.now = held.bytes;
        self.records.now != self.records.told || self.bytes.now != self.bytes.told
    }

    /// Adds the length of an export, in nanoseconds.
    pub(crate) fn took(&self, nanos: u64) {
        if let Some(duration) = self.duration {
            let _ = host::record(duration, nanos / NANOS_PER_MILLI);
        }
    }

    /// Tells Envoy. What it does not take stays untold.
    pub(crate) fn flush(&mut self) {
        self.records.flush();
        self.bytes.flush();
    }

    /// The gauges, for the export of metrics.
    pub(crate) fn levels(&self) -> [(&'static Series, u64); 2] {
        [(&QUEUE_RECORDS, self.records.now), (&QUEUE_BYTES, self.bytes.now)]
    }
}

impl Gauge {
    fn define(&mut self, name: &str) {
        self.metric = self.metric.or_else(|| host::define(MetricKind::Gauge, name).ok());
    }

    fn flush(&mut self) {
        let by = self.now.cast_signed().saturating_sub(self.told.cast_signed());
        if by != 0 && self.metric.is_some_and(|metric| host::adjust(metric, by).is_ok()) {
            self.told = self.now;
        }
    }
}

/// How long exports take until they are answered.
pub(crate) static EXPORT_DURATION: Series = Series {
    instrument: {
        static INSTRUMENT: Instrument = Instrument {
            name: "inferspan.export_duration",
            unit: "s",
            description: "How long collectors take to answer",
            kind: Kind::Histogram { bounds: SECONDS, int: false },
        };
        &INSTRUMENT
    },
    attributes: &[],
};

static QUEUE_RECORDS: Series = Series {
    instrument: {
        static INSTRUMENT: Instrument = Instrument {
            name: "inferspan.queue_records",
            unit: "{record}",
            description: "Records held for collectors",
            kind: Kind::Gauge,
        };
        &INSTRUMENT
    },
    attributes: &[],
};

static QUEUE_BYTES: Series = Series {
    instrument: {
        static INSTRUMENT: Instrument = Instrument {
            name: "inferspan.queue_bytes",
            unit: "By",
            description: "Bytes of records held for collectors",
            kind: Kind::Gauge,
        };
        &INSTRUMENT
    },
    attributes: &[],
};

const SECONDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const NANOS_PER_MILLI: u64 = 1_000_000;
