//! `Call` → telemetry: what is told of a call, in the vocabularies that were asked for.
//!
//! In: a call, where its span stands, the [`Conventions`]. Out: values that borrow from the call, a [`Span`] and
//! its events. Each hands its attributes to a sink ([`AttributeSink`]), one by one, so that nothing
//! is built only to be written. How they are written is the business of [`crate::otlp`], which knows no call; a
//! person's view reads the same values.
//!
//! A vocabulary is one file in [`convention`] that reads like its table. Nothing here holds content, credentials
//! or headers.

mod attributes;
pub mod convention;
mod event;
pub mod log;
pub mod metric;
pub mod span;

pub use attributes::AttributeSink;
pub use convention::Conventions;
pub use event::{Event, EventRow};
pub use log::LogEvent;
pub use span::Span;

#[cfg(test)]
pub(crate) mod testing {
    //! Sinks that keep what they get, and a call to start from.

    use std::borrow::Cow;

    use super::AttributeSink;
    use super::metric::{Distribution, PointSink, Series, Value};
    use crate::api::Api;
    use crate::call::*;
    use crate::time::UnixNanos;

    /// Attributes as `key=value` lines, in their order.
    #[derive(Debug, Default)]
    pub(crate) struct Lines(pub(crate) Vec<String>);

    impl AttributeSink for Lines {
        fn text(&mut self, key: &str, value: &str) {
            self.0.push(format!("{key}={value:?}"));
        }
        fn int(&mut self, key: &str, value: i64) {
            self.0.push(format!("{key}={value}"));
        }
        fn double(&mut self, key: &str, value: f64) {
            self.0.push(format!("{key}={value:?}"));
        }
        fn flag(&mut self, key: &str, value: bool) {
            self.0.push(format!("{key}={value}"));
        }
        fn texts(&mut self, key: &str, values: &mut dyn Iterator<Item = &str>) {
            self.0.push(format!("{key}={:?}", values.collect::<Vec<_>>()));
        }
    }

    /// Points as `name{attributes of the series} value` lines, after a line of the attributes that they share.
    #[derive(Debug, Default)]
    pub(crate) struct Points(pub(crate) Vec<String>);

    impl Points {
        fn point(&mut self, series: &Series, value: &dyn std::fmt::Display) {
            let own = series.attributes.iter().map(|(_, value)| format!("{{{value}}}")).collect::<String>();
            self.0.push(format!("{}{own} {value}", series.instrument.name));
        }
    }

    impl PointSink for Points {
        fn attributes(&mut self, write: &mut dyn FnMut(&mut dyn AttributeSink)) {
            let mut lines = Lines::default();
            write(&mut lines);
            self.0.push(lines.0.join(" "));
        }
        fn record(&mut self, series: &'static Series, value: Value) {
            match value {
                Value::Int(value) => self.point(series, &value),
                Value::Double(value) => self.point(series, &value),
            }
        }
        fn record_many(&mut self, series: &'static Series, many: &Distribution<'_>) {
            let Distribution { counts, sum, min, max } = many;
            self.point(series, &format!("{counts:?} {sum} {min} {max}"));
        }
    }

    /// The least of a call: a chat that took two seconds, of which nothing more is known.
    pub(crate) fn bare_call() -> Call {
        Call {
            api: Api::OpenAiChat,
            operation: Operation::Chat,
            provider: Cow::Borrowed("openai"),
            server: Server::default(),
            client: ClientFacts::default(),
            request: Request::default(),
            response: Response::default(),
            usage: Usage::default(),
            error: None,
            stream: None,
            proxy: ProxyFacts::default(),
            timing: Timing {
                start: UnixNanos(1_700_000_000_000_000_000),
                end: UnixNanos(1_700_000_002_000_000_000),
                ..Timing::default()
            },
            outcome: Outcome::Completed,
            losses: Losses::default(),
            content: None,
        }
    }
}
