//! OpenTelemetry's environment variables, as far as they mean something here.
//!
//! In: a configuration, the keys that it gives, and variables. Out: the configuration with what it left open filled
//! in, and a line for each variable that could not be used. A variable never makes a configuration invalid: what it
//! says is checked as the same key would be, and left out where it is wrong. No line shows a value.

use std::collections::BTreeMap;

use super::problems::Problems;
use super::value::Value;
use super::{Compression, Config, Otlp, Protocol, SamplingRule, Secret, Temporality, check};
use crate::otlp::outbox::Signal;
use crate::percent;

/// Variables that are set and not empty, by name.
type Variables = BTreeMap<String, String>;

/// What the variables did.
#[derive(Debug, Default)]
pub(super) struct Filled {
    /// A line for each that could not be used.
    pub(super) notes: Vec<String>,
    /// The keys that were filled in, and by which.
    pub(super) keys: Vec<(String, String)>,
}

/// Fills in what the configuration leaves open.
pub(super) fn fill(config: &mut Config, given: &Value<'_>, variables: Variables) -> Filled {
    let mut filling = Filling { config, given, variables, filled: Filled::default() };
    filling.variables.retain(|_, value| !value.trim().is_empty());
    filling.resource();
    filling.sampler();
    filling.export();
    filling.disabled();
    filling.filled
}

struct Filling<'a> {
    config: &'a mut Config,
    given: &'a Value<'a>,
    variables: Variables,
    filled: Filled,
}

impl Filling<'_> {
    fn resource(&mut self) {
        let named = self.config.resource.attributes.contains_key("service.name");
        let named = named || self.config.service_name.is_some();
        if let Some((name, text)) = self.take(&["OTEL_RESOURCE_ATTRIBUTES"]) {
            match pairs(&text).collect::<Option<Vec<_>>>() {
                Some(pairs) => {
                    for (key, value) in pairs.into_iter().filter(|(key, _)| key != "service.name" || !named) {
                        self.fills(format!("resource.attributes.{key}"), name);
                        self.config.resource.attributes.entry(key).or_insert(value);
                    }
                }
                None => self.note(name, "is no list of key=value, percent-encoded; all of it is left out"),
            }
        }
        if let Some((variable, name)) = self.take(&["OTEL_SERVICE_NAME"])
            && !named
        {
            self.fills("service_name".to_owned(), variable);
            self.config.resource.attributes.remove("service.name");
            self.config.service_name = Some(name.trim().to_owned());
        }
    }

    fn sampler(&mut self) {
        let argument = self.take(&["OTEL_TRACES_SAMPLER_ARG"]);
        let Some((name, sampler)) = self.take(&["OTEL_TRACES_SAMPLER"]) else { return };
        if self.given.has("trace.sample_ratio") {
            return;
        }
        let sampler = sampler.trim();
        let (parent_based, kind) = match sampler.strip_prefix("parentbased_") {
            Some(kind) => (true, kind),
            None => (false, sampler),
        };
        let ratio = match kind {
            "always_on" => 1.0,
            "always_off" => 0.0,
            "traceidratio" => match argument.map(|(_, text)| text.trim().parse::<f64>()) {
                None => 1.0,
                Some(Ok(ratio)) if (0.0..=1.0).contains(&ratio) => ratio,
                Some(_) => {
                    self.note("OTEL_TRACES_SAMPLER_ARG", "is no share; give 0 to 1");
                    1.0
                }
            },
            _ => {
                self.note(
                    name,
                    "names none of always_on, always_off, traceidratio and those with parentbased_ before",
                );
                return;
            }
        };
        self.config.trace.sample_ratio = ratio;
        self.fills("trace.sample_ratio".to_owned(), name);
        if !parent_based {
            self.fills(format!("sampling.rules[{}]", self.config.sampling.rules.len()), name);
            let rule = SamplingRule { ratio, override_parent: true, ..SamplingRule::default() };
            self.config.sampling.rules.push(rule);
        }
    }

    /// Meant for one collector: several that are listed by name each say what they need, and what is one's key is
    /// none of the others' business.
    fn export(&mut self) {
        for row in ROWS {
            if let Some((name, text)) = self.take(row.names) {
                self.apply(name, row.keys, |config| (row.fill)(config, text.trim()));
            }
        }
        if self.given.has("otlp[0]") {
            return;
        }
        self.endpoints();
        for (kind, keys, fill) in OTLP_ROWS {
            if let Some((name, text)) = self.take_of_otlp(kind) {
                self.apply(&name, keys, |config| {
                    config.otlp.iter_mut().try_for_each(|o| fill(o, text.trim()))
                });
            }
        }
        if let Some((name, text)) = self.take_of_otlp("HEADERS") {
            self.headers(&name, &text);
        }
    }

    /// Of a URL the path alone means something here.
    fn endpoints(&mut self) {
        let all = self.take(&["OTEL_EXPORTER_OTLP_ENDPOINT"]);
        let mut used = all.as_ref().map(|(name, _)| *name);
        for signal in Signal::ALL {
            let key = format!("otlp.{}_path", signal.name());
            let own = format!("OTEL_EXPORTER_OTLP_{}_ENDPOINT", signal.name().to_ascii_uppercase());
            let more = format!("/v1/{}", signal.name());
            let (name, path) = match (self.variables.remove(&own), &all) {
                (Some(url), _) => {
                    used = used.or(Some("OTEL_EXPORTER_OTLP_…_ENDPOINT"));
                    (own, format!("/{}", path_of(&url)))
                }
                (None, Some((name, url))) => match path_of(url) {
                    "" => ((*name).to_owned(), more),
                    path => ((*name).to_owned(), format!("/{path}{more}")),
                },
                (None, None) => continue,
            };
            let keys =
                if signal == Signal::Traces { &["otlp.traces_path", "otlp.path"][..] } else { &[&*key] };
            self.apply(&name, keys, |config| {
                for otlp in config.otlp.iter_mut() {
                    match signal {
                        Signal::Traces => &mut otlp.traces_path,
                        Signal::Metrics => &mut otlp.metrics_path,
                        Signal::Logs => &mut otlp.logs_path,
                    }
                    .clone_from(&path);
                }
                Ok(())
            });
        }
        if let Some(name) = used.filter(|_| !self.given.has("otlp.cluster")) {
            self.note(name, ENDPOINT);
        }
    }

    fn headers(&mut self, variable: &str, text: &str) {
        for pair in pairs(text) {
            let Some((name, value)) = pair else {
                self.note(variable, "has an entry that is no key=value, percent-encoded; it is left out");
                continue;
            };
            let name = name.to_ascii_lowercase();
            self.fills(format!("otlp.headers.{name}"), variable);
            self.apply(variable, &[], |config| {
                for otlp in config.otlp.iter_mut() {
                    otlp.headers.entry(name.clone()).or_insert_with(|| Secret(value.clone()));
                }
                Ok(())
            });
        }
    }

    fn disabled(&mut self) {
        if let Some((_, value)) = self.take(&["OTEL_SDK_DISABLED"]) {
            self.config.disabled = value.trim().eq_ignore_ascii_case("true");
        }
    }

    /// The first of these variables that is set.
    fn take(&mut self, names: &[&'static str]) -> Option<(&'static str, String)> {
        names.iter().find_map(|name| Some((*name, self.variables.remove(*name)?)))
    }

    /// The variable of the exporter that is set: that of the one signal that is exported, else that of all.
    fn take_of_otlp(&mut self, kind: &str) -> Option<(String, String)> {
        let own = match self.config.otlp.first().map(|otlp| otlp.signals.as_slice()) {
            Some([signal]) => {
                Some(format!("OTEL_EXPORTER_OTLP_{}_{kind}", signal.name().to_ascii_uppercase()))
            }
            _ => None,
        };
        let names = own.into_iter().chain([format!("OTEL_EXPORTER_OTLP_{kind}")]);
        names.into_iter().find_map(|name| Some((name.clone(), self.variables.remove(&name)?)))
    }

    /// Fills in what a variable says, unless one of its keys is given or it would make the configuration invalid.
    fn apply(&mut self, variable: &str, keys: &[&str], fill: impl FnOnce(&mut Config) -> Fit) {
        if keys.iter().any(|key| self.given.has(key)) {
            return;
        }
        let mut config = self.config.clone();
        let filled = fill(&mut config).map_err(str::to_owned);
        let checked = filled.and_then(|()| {
            let mut problems = Problems::default();
            check::check(&mut config, &mut problems);
            problems.into_result(self.given).map_err(|errors| errors.to_string())
        });
        match checked {
            Ok(()) => {
                *self.config = config;
                if let Some(key) = keys.iter().find(|key| !key.ends_with(']')) {
                    self.fills((*key).to_owned(), variable);
                }
            }
            Err(problem) => self.note(variable, &problem),
        }
    }

    fn fills(&mut self, key: String, variable: &str) {
        self.filled.keys.push((key, variable.to_owned()));
    }

    fn note(&mut self, variable: &str, problem: &str) {
        self.filled.notes.push(format!("{variable} {problem}"));
    }
}

/// The entries of a list `key=value,…`, decoded; `None` for each that is none.
fn pairs(text: &str) -> impl Iterator<Item = Option<(String, String)>> {
    text.split(',').filter(|entry| !entry.trim().is_empty()).map(|entry| {
        let (key, value) = entry.split_once('=')?;
        let (key, value) =
            (percent::decode(key.trim().as_bytes())?, percent::decode(value.trim().as_bytes())?);
        (!key.is_empty()).then_some((key, value))
    })
}

/// The path of a URL, without slashes at its ends.
fn path_of(url: &str) -> &str {
    let place = url.trim().split_once("://").map_or(url.trim(), |(_, place)| place);
    place.split_once('/').map(|(_, path)| path.trim_end_matches('/')).unwrap_or_default()
}

/// What is wrong with a value, if anything is.
type Fit = Result<(), &'static str>;

/// A variable, those that come before it, the keys that it fills, and how.
struct Row {
    names: &'static [&'static str],
    keys: &'static [&'static str],
    fill: fn(&mut Config, &str) -> Fit,
}

const ROWS: &[Row] = &[
    Row {
        names: &["OTEL_METRIC_EXPORT_INTERVAL"],
        keys: &["metrics.interval_ms"],
        fill: |config, text| number(&mut config.metrics.interval_ms, text),
    },
    Row {
        names: &["OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"],
        keys: &["metrics.temporality"],
        fill: |config, text| {
            config.metrics.temporality = match text.to_ascii_lowercase().as_str() {
                "cumulative" => Temporality::Cumulative,
                // All instruments here are those that low memory has as deltas.
                "delta" | "lowmemory" => Temporality::Delta,
                _ => return Err("names none of cumulative, delta, lowmemory"),
            };
            Ok(())
        },
    },
    Row {
        names: &["OTEL_BSP_SCHEDULE_DELAY"],
        keys: &["otlp[0]", "otlp.max_batch_age_ms"],
        fill: |config, text| config.otlp.iter_mut().try_for_each(|o| number(&mut o.max_batch_age_ms, text)),
    },
    Row {
        names: &["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"],
        keys: &["otlp[0]", "otlp.max_batch_records", "otlp.max_batch_spans"],
        fill: |config, text| config.otlp.iter_mut().try_for_each(|o| number(&mut o.max_batch_records, text)),
    },
];

/// What follows `OTEL_EXPORTER_OTLP_` or that and a signal, the keys that it fills, and how.
type OtlpRow = (&'static str, &'static [&'static str], fn(&mut Otlp, &str) -> Fit);

const OTLP_ROWS: &[OtlpRow] = &[
    ("TIMEOUT", &["otlp.timeout_ms"], |otlp, text| number(&mut otlp.timeout_ms, text)),
    ("PROTOCOL", &["otlp.protocol"], |otlp, text| {
        otlp.protocol = match text {
            "http/protobuf" => Protocol::HttpProtobuf,
            "http/json" => Protocol::HttpJson,
            "grpc" => Protocol::Grpc,
            _ => return Err("names none of http/protobuf, http/json, grpc"),
        };
        Ok(())
    }),
    ("COMPRESSION", &["otlp.compression"], |otlp, text| {
        otlp.compression = match text {
            "none" => Compression::None,
            "gzip" => Compression::Gzip,
            _ => return Err("names none of none, gzip"),
        };
        Ok(())
    }),
];

fn number(field: &mut u32, text: &str) -> Fit {
    *field = text.parse().map_err(|_| "is no whole number")?;
    Ok(())
}

const ENDPOINT: &str =
    "cannot name a cluster of Envoy's: give that as otlp.cluster; of the URL its path is used";

#[cfg(test)]
mod tests {
    use super::*;

    /// The configuration that this text and these variables give, and what is said of the variables.
    fn filled(text: &str, variables: &[(&str, &str)]) -> (Config, Vec<String>) {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let (config, notes) = Config::parse_with(text.as_bytes(), variables.collect()).expect(text);
        (as_if_given(config), notes)
    }

    /// Whether `otlp` is given is what the two differ in.
    fn as_if_given(config: Config) -> Config {
        Config { otlp_is_given: true, ..config }
    }

    /// The same as a configuration would say it.
    fn parsed(text: &str) -> Config {
        as_if_given(Config::parse(text.as_bytes()).expect(text))
    }

    #[test]
    fn a_variable_says_what_the_configuration_leaves_open() {
        for (variables, text) in [
            (&[("OTEL_SERVICE_NAME", "shop")][..], r#"{"service_name":"shop"}"#),
            (
                &[("OTEL_RESOURCE_ATTRIBUTES", "service.name=shop,a=b%2Cc , d%3D= e ")],
                r#"{"resource":{"attributes":{"service.name":"shop","a":"b,c","d=":"e"}}}"#,
            ),
            (
                &[
                    ("OTEL_SERVICE_NAME", "shop"),
                    ("OTEL_RESOURCE_ATTRIBUTES", "service.name=other,service.version=1"),
                ],
                r#"{"service_name":"shop","resource":{"attributes":{"service.version":"1"}}}"#,
            ),
            (&[("OTEL_SERVICE_NAME", " ")], "{}"),
            (&[("OTEL_TRACES_SAMPLER", "parentbased_always_on")], r#"{"trace":{"sample_ratio":1}}"#),
            (&[("OTEL_TRACES_SAMPLER", "parentbased_always_off")], r#"{"trace":{"sample_ratio":0}}"#),
            (
                &[("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "0.25")],
                r#"{"trace":{"sample_ratio":0.25}}"#,
            ),
            (&[("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")], "{}"),
            (
                &[("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "0.25")],
                r#"{"trace":{"sample_ratio":0.25},
                    "sampling":{"rules":[{"ratio":0.25,"override_parent":true}]}}"#,
            ),
            (
                &[("OTEL_TRACES_SAMPLER", "always_off")],
                r#"{"trace":{"sample_ratio":0},"sampling":{"rules":[{"ratio":0,"override_parent":true}]}}"#,
            ),
            (
                &[("OTEL_EXPORTER_OTLP_HEADERS", "X-Tenant=a%20b,authorization=Bearer%20k")],
                r#"{"otlp":{"headers":{"x-tenant":"a b","authorization":"Bearer k"}}}"#,
            ),
            (
                &[("OTEL_EXPORTER_OTLP_HEADERS", "a=1"), ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "b=2")],
                r#"{"otlp":{"headers":{"b":"2"}}}"#,
            ),
            (&[("OTEL_EXPORTER_OTLP_TIMEOUT", "250")], r#"{"otlp":{"timeout_ms":250}}"#),
            (
                &[("OTEL_EXPORTER_OTLP_TIMEOUT", "1"), ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "2")],
                r#"{"otlp":{"timeout_ms":2}}"#,
            ),
            (
                &[("OTEL_BSP_SCHEDULE_DELAY", "5000"), ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "512")],
                r#"{"otlp":{"max_batch_age_ms":5000,"max_batch_records":512}}"#,
            ),
            (
                &[
                    ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
                    ("OTEL_EXPORTER_OTLP_COMPRESSION", "none"),
                ],
                "{}",
            ),
            (&[("OTEL_SDK_DISABLED", "false")], "{}"),
            (&[("PATH", "/bin"), ("OTEL_LOG_LEVEL", "debug")], "{}"),
        ] {
            assert_eq!(filled("{}", variables), (parsed(text), Vec::new()), "{variables:?}");
        }
        assert!(filled("", &[("OTEL_SDK_DISABLED", "True")]).0.disabled);
    }

    #[test]
    fn what_the_configuration_says_counts() {
        for (text, variables) in [
            (r#"{"service_name":"shop"}"#, &[("OTEL_SERVICE_NAME", "other")][..]),
            (r#"{"service_name":"shop"}"#, &[("OTEL_RESOURCE_ATTRIBUTES", "service.name=other")]),
            (
                r#"{"resource":{"attributes":{"service.name":"shop","a":"1"}}}"#,
                &[("OTEL_SERVICE_NAME", "other"), ("OTEL_RESOURCE_ATTRIBUTES", "service.name=another,a=2")],
            ),
            // What is the default was said nonetheless.
            (r#"{"trace":{"sample_ratio":1}}"#, &[("OTEL_TRACES_SAMPLER", "always_off")]),
            (r#"{"otlp":{"timeout_ms":10000}}"#, &[("OTEL_EXPORTER_OTLP_TIMEOUT", "250")]),
            (r#"{"otlp":{"headers":{"x-tenant":"a"}}}"#, &[("OTEL_EXPORTER_OTLP_HEADERS", "X-Tenant=b")]),
            (
                r#"{"otlp":{"cluster":"c","path":"/v1/traces"}}"#,
                &[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://collector/other")],
            ),
        ] {
            assert_eq!(filled(text, variables), (parsed(text), Vec::new()), "{text} {variables:?}");
        }
        let rules = r#"{"sampling":{"rules":[{"error":true}]}}"#;
        let (config, _) = filled(rules, &[("OTEL_TRACES_SAMPLER", "always_off")]);
        assert_eq!(config.sampling.rules[0], parsed(rules).sampling.rules[0], "rules come before it");
    }

    #[test]
    fn what_is_meant_for_one_collector_is_told_to_none_of_several() {
        let two = r#"{"otlp":[{"cluster":"a"},{"cluster":"b"}]}"#;
        let variables = [
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=k"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "5"),
            ("OTEL_BSP_SCHEDULE_DELAY", "500"),
        ];
        assert_eq!(filled(two, &variables), (parsed(two), Vec::new()));
    }

    #[test]
    fn a_signals_own_variable_counts_where_it_is_the_only_one() {
        let variables = [("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "7"), ("OTEL_EXPORTER_OTLP_TIMEOUT", "9")];
        for (signals, timeout) in [(r#""metrics""#, 7), (r#""traces""#, 9), (r#""traces","metrics""#, 9)] {
            let (config, _) = filled(&format!(r#"{{"otlp":{{"signals":[{signals}]}}}}"#), &variables);
            assert_eq!(config.otlp[0].timeout_ms, timeout, "{signals}");
        }
    }

    #[test]
    fn an_endpoint_says_its_path() {
        let cluster = "{\"otlp\":{\"cluster\":\"c\"}}";
        for (variable, url, path) in [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318", "/v1/traces"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/", "/v1/traces"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://api.example.com/otlp/", "/otlp/v1/traces"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://api.example.com/otlp/traces", "/otlp/traces"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://api.example.com", "/"),
        ] {
            let (config, notes) = filled(cluster, &[(variable, url)]);
            assert_eq!((config.otlp[0].traces_path.as_str(), notes.len()), (path, 0), "{variable} {url}");
            let (config, notes) = filled("{}", &[(variable, url)]);
            assert_eq!(config.otlp[0].traces_path, path);
            assert_eq!(notes.len(), 1);
            assert!(notes[0].ends_with(ENDPOINT), "{notes:?}");
        }
        let (config, _) = filled(cluster, &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector/otlp")]);
        assert_eq!(config.otlp[0].metrics_path, "/otlp/v1/metrics");
        assert_eq!(config.otlp[0].logs_path, "/otlp/v1/logs");
    }

    #[test]
    fn what_cannot_be_used_is_left_out_and_told_without_its_value() {
        for (variable, value, note) in [
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                "a=1,hidden",
                "is no list of key=value, percent-encoded; all of it is left out",
            ),
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                "a=%hidden",
                "is no list of key=value, percent-encoded; all of it is left out",
            ),
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                "=hidden",
                "is no list of key=value, percent-encoded; all of it is left out",
            ),
            (
                "OTEL_TRACES_SAMPLER",
                "xray",
                "names none of always_on, always_off, traceidratio and those with parentbased_ before",
            ),
            (
                "OTEL_EXPORTER_OTLP_HEADERS",
                "hidden",
                "has an entry that is no key=value, percent-encoded; it is left out",
            ),
            (
                "OTEL_EXPORTER_OTLP_HEADERS",
                "a b=hidden",
                "otlp.headers.a b: is no header name; give lower-case letters, digits and dashes",
            ),
            (
                "OTEL_EXPORTER_OTLP_HEADERS",
                "Host=hidden",
                "otlp.headers.host: is not for you to set; use otlp.authority",
            ),
            (
                "OTEL_EXPORTER_OTLP_HEADERS",
                "a=hidden%0A",
                "otlp.headers.a: holds a control character, which no header may; remove it",
            ),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "is no whole number"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "0", "otlp.timeout_ms: is 0; give 1 to 60000 (milliseconds)"),
            (
                "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
                "99999",
                "otlp.max_batch_records: is 99999; give 1 to 4096 (records)",
            ),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "udp", "names none of http/protobuf, http/json, grpc"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "names none of none, gzip"),
            (
                "OTEL_METRIC_EXPORT_INTERVAL",
                "1",
                "metrics.interval_ms: is 1; give 1000 to 3600000 (milliseconds)",
            ),
            (
                "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
                "other",
                "names none of cumulative, delta, lowmemory",
            ),
        ] {
            let expected = (as_if_given(Config::default()), vec![format!("{variable} {note}")]);
            assert_eq!(filled("{}", &[(variable, value)]), expected, "{value}");
        }
        let ratio = [("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "2")];
        assert_eq!(filled("{}", &ratio).1, ["OTEL_TRACES_SAMPLER_ARG is no share; give 0 to 1"]);
    }
}
