//! What a configuration makes the filter do, in one line for people: where telemetry goes, and in whose words.

use super::table::Choice;
use super::{Config, Console};
use crate::signal::convention::Vocabulary;

impl Config {
    /// The line, without its end. It holds no header and no key.
    #[must_use]
    pub fn summary(&self) -> String {
        if self.disabled {
            return "nothing is observed (OTEL_SDK_DISABLED)".to_owned();
        }
        let mut ways: Vec<String> = Vec::new();
        for otlp in self.otlp.iter() {
            let signals = list(&otlp.signals);
            let other = if self.falls_back_to_console() { ", to this log where there is none" } else { "" };
            ways.push(format!("{signals} to cluster {} by {}{other}", otlp.cluster, name(otlp.protocol)));
        }
        match self.console {
            Console::Auto | Console::Off => {}
            Console::Errors => ways.push("calls that failed to this log".to_owned()),
            Console::All => ways.push("calls to this log".to_owned()),
        }
        if ways.is_empty() {
            ways.push("nothing is sent anywhere".to_owned());
        }
        let words = self.semconv.vocabularies.iter().map(|vocabulary| match vocabulary {
            Vocabulary::GenAi => format!("{} {}", name(*vocabulary), list(&self.semconv.version)),
            other => name(*other).to_owned(),
        });
        format!("{}; conventions: {}", ways.join("; "), words.collect::<Vec<_>>().join(", "))
    }
}

fn list<T: Choice>(choices: &[T]) -> String {
    choices.iter().map(|choice| name(*choice)).collect::<Vec<_>>().join(", ")
}

fn name<T: Choice>(choice: T) -> &'static str {
    let index = T::CHOICES.iter().position(|known| *known == choice);
    index.and_then(|index| T::NAMES.get(index)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_telemetry_goes_and_in_whose_words() {
        for (configuration, line) in [
            (
                "",
                "traces to cluster otel_collector by http/protobuf, to this log where there is none; \
                 conventions: gen_ai 1.42.0-dev",
            ),
            (
                r#"{"console":"errors","otlp":[{"cluster":"a","signals":["traces","logs"],"headers":{"k":"secret"}},
                    {"cluster":"b","protocol":"grpc"}],
                    "semconv":{"vocabularies":["openinference","gen_ai"],"version":["1.36.0","next"]}}"#,
                "traces, logs to cluster a by http/protobuf; traces to cluster b by grpc; \
                 calls that failed to this log; conventions: openinference, gen_ai 1.36.0, next",
            ),
            (r#"{"console":"all"}"#, "calls to this log; conventions: gen_ai 1.42.0-dev"),
            (r#"{"otlp":[]}"#, "nothing is sent anywhere; conventions: gen_ai 1.42.0-dev"),
            (
                r#"{"console":"off"}"#,
                "traces to cluster otel_collector by http/protobuf; conventions: gen_ai 1.42.0-dev",
            ),
        ] {
            assert_eq!(Config::parse(configuration.as_bytes()).unwrap().summary(), line, "{configuration}");
        }
        let disabled = Config { disabled: true, ..Config::default() };
        assert_eq!(disabled.summary(), "nothing is observed (OTEL_SDK_DISABLED)");
    }
}
