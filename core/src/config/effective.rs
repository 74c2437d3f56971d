//! What holds: every key with its value, and who said so. And what is no mistake, but can hardly be meant.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::problems::is_at_or_below;
use super::schema::exact;
use super::table::{Key, Rule, Section, Slot};
use super::value::{self, Value};
use super::{Config, ConfigError, ConfigErrors, ProviderRule, SamplingRule, environment};

/// A configuration, and what it comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Effective {
    /// The configuration, with what the environment says.
    pub config: Config,
    /// Every key, in the order of the documentation. Of a rule, and of a price, what it gives.
    pub settings: Vec<Setting>,
    /// A line for each environment variable that could not be used.
    pub notes: Vec<String>,
    /// What is no mistake, but can hardly be meant.
    pub warnings: Vec<ConfigError>,
}

/// A key and what holds for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Its path, e.g. `otlp.timeout_ms`.
    pub key: String,
    /// What holds; `null` where nothing was said and there is no default. Secrets are not shown.
    pub value: Json,
    /// Who said so.
    pub source: Source,
}

/// Who said what holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody.
    Default,
    /// The configuration.
    Configuration,
    /// The environment variable of this name.
    Variable(String),
}

impl Config {
    /// Reads a configuration as [`Config::parse_with`] does, and tells what it comes to.
    ///
    /// # Errors
    /// All that is wrong with the configuration.
    pub fn effective(bytes: &[u8], variables: BTreeMap<String, String>) -> Result<Effective, ConfigErrors> {
        let document = value::read(bytes)?;
        let mut config = Self::read(&document)?;
        let filled = environment::fill(&mut config, &document, variables);
        let mut listing = Listing { document: &document, variables: &filled.keys, settings: Vec::new() };
        listing.section(&mut config.clone(), "", false);
        let (settings, warnings) = (listing.settings, warnings(&config));
        Ok(Effective { config, settings, notes: filled.notes, warnings })
    }
}

struct Listing<'a> {
    document: &'a Value<'a>,
    /// The keys that variables filled in, and which did.
    variables: &'a [(String, String)],
    settings: Vec<Setting>,
}

impl Listing<'_> {
    fn section(&mut self, section: &mut dyn Section, path: &str, in_list: bool) {
        for (index, key) in section.keys().iter().enumerate() {
            let here = below(path, key.name);
            match section.slot(index) {
                Slot::Section(section) => self.section(section, &here, in_list),
                Slot::Sections(list) => self.list(list, key, &here, in_list),
                Slot::Map(map) if !map.is_empty() => {
                    for (name, text) in map {
                        self.add(below(&here, name), None, json!(text));
                    }
                }
                Slot::Secrets(map) if !map.is_empty() => {
                    for name in map.keys() {
                        self.add(below(&here, name), None, json!(HIDDEN));
                    }
                }
                mut slot => {
                    let value = shown(&mut slot).unwrap_or_default();
                    let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
                    if !(in_list && empty) {
                        self.add(here, Some((path, key)), value);
                    }
                }
            }
        }
    }

    fn list(&mut self, list: &mut dyn super::table::Sections, key: &Key, here: &str, in_list: bool) {
        let alone = matches!(key.rule, Rule::OneOrList)
            && list.item(1).is_none()
            && !self.document.has(&format!("{here}[0]"));
        if alone && let Some(item) = list.item(0) {
            return self.section(item, here, in_list);
        }
        if list.item(0).is_none() && !in_list {
            return self.add(here.to_owned(), None, json!([]));
        }
        for index in 0_usize.. {
            let Some(item) = list.item(index) else { break };
            self.section(item, &format!("{here}[{index}]"), !matches!(key.rule, Rule::OneOrList));
        }
    }

    /// With the object that the key is of, where it may be there by another name.
    fn add(&mut self, key: String, of: Option<(&str, &Key)>, value: Json) {
        let renamed =
            of.is_some_and(|(path, key)| key.names().any(|name| self.document.has(&below(path, name))));
        let filled = self.variables.iter().find(|(filled, _)| is_at_or_below(&key, filled));
        let source = match filled {
            _ if renamed || self.document.has(&key) => Source::Configuration,
            Some((_, variable)) => Source::Variable(variable.clone()),
            None => Source::Default,
        };
        self.settings.push(Setting { key, value, source });
    }
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// What stands in a place; nothing of objects, which say it each for themselves.
pub(super) fn shown(slot: &mut Slot<'_>) -> Option<Json> {
    Some(match slot {
        Slot::Text(text) => json!(text),
        Slot::MaybeText(text) => json!(text),
        Slot::MaybeSecret(text) => text.as_ref().map_or(Json::Null, |_| json!(HIDDEN)),
        Slot::Flag(flag) => json!(flag),
        Slot::MaybeFlag(flag) => json!(flag),
        Slot::Whole(number) => json!(number),
        Slot::MaybeWhole(number) => json!(number),
        Slot::MaybeLong(number) => json!(number),
        Slot::Number(number) => exact(**number),
        Slot::MaybeNumber(number) => number.map_or(Json::Null, exact),
        Slot::Name(name) => json!(name.chosen()),
        Slot::Names(names) => json!(names.chosen()),
        Slot::Texts(texts) => json!(texts),
        Slot::Map(map) => json!(map),
        Slot::Secrets(map) => map.keys().map(|name| (name.clone(), json!(HIDDEN))).collect(),
        Slot::Section(_) | Slot::Sections(_) | Slot::None => return None,
    })
}

/// Rules that are never reached.
fn warnings(config: &Config) -> Vec<ConfigError> {
    let mut warnings = Vec::new();
    for (index, rule) in config.providers.iter().enumerate() {
        let before: Vec<_> = config
            .providers
            .iter()
            .enumerate()
            .take(index)
            .filter(|(_, other)| covers(other, rule))
            .collect();
        // What it says, and the first rule before that says it, wherever this one holds. Where an earlier one ignores
        // a request, nothing else is said of it.
        let says: [fn(&ProviderRule) -> bool; 3] = [
            |rule| rule.provider.is_some() || rule.ignore,
            |rule| rule.api.is_some() || rule.ignore,
            |rule| !rule.models.is_empty() || rule.ignore,
        ];
        let first = |says: &fn(&ProviderRule) -> bool| {
            let before = before.iter().find(|(_, other)| says(other)).map(|(at, _)| *at);
            (says(rule), before)
        };
        let decided = says.each_ref().map(first);
        // Each thing that it says was said before, wherever it holds.
        let by = decided.iter().filter(|(says, _)| *says).map(|(_, by)| *by).collect::<Option<Vec<_>>>();
        if let Some(by) = by.and_then(|by| by.into_iter().max()) {
            warnings.push(never_reached("providers", index, by));
        }
    }
    let rules = &config.sampling.rules;
    for (index, rule) in rules.iter().enumerate() {
        if let Some(by) = rules.iter().take(index).position(|other| decides(other, rule)) {
            warnings.push(never_reached("sampling.rules", index, by));
        }
    }
    warnings
}

fn never_reached(list: &str, index: usize, by: usize) -> ConfigError {
    ConfigError {
        path: format!("{list}[{index}]"),
        problem: format!(
            "is never reached, for {list}[{by}] holds wherever it does; put it first, or remove it"
        ),
    }
}

/// Whether a rule holds wherever another does.
fn covers(rule: &ProviderRule, other: &ProviderRule) -> bool {
    let texts = [
        (&rule.host, &other.host),
        (&rule.cluster, &other.cluster),
        (&rule.route, &other.route),
        (&rule.virtual_host, &other.virtual_host),
    ];
    let paths = [
        (&rule.path, &other.path),
        (&rule.path_prefix, &other.path_prefix),
        (&rule.path_glob, &other.path_glob),
    ];
    texts.into_iter().all(|(all, one)| fits(all.as_deref(), one.as_deref()))
        && paths.into_iter().all(|(all, one)| all.is_none() || all == one)
}

/// Whether a sampling rule decides wherever another holds.
fn decides(rule: &SamplingRule, other: &SamplingRule) -> bool {
    let texts = [(&rule.model, &other.model), (&rule.provider, &other.provider), (&rule.route, &other.route)];
    (rule.override_parent || !other.override_parent)
        && (rule.error.is_none() || rule.error == other.error)
        && at_least(rule.slower_than_ms, other.slower_than_ms)
        && at_least(rule.cost_above, other.cost_above)
        && at_least(rule.input_tokens_above, other.input_tokens_above)
        && texts.into_iter().all(|(all, one)| fits(all.as_deref(), one.as_deref()))
        && (rule.header.is_none() || rule.header == other.header)
        && (rule.header_value.is_none() || rule.header_value == other.header_value)
}

fn at_least<T: PartialOrd>(all: Option<T>, one: Option<T>) -> bool {
    match (all, one) {
        (None, _) => true,
        (Some(all), Some(one)) => one >= all,
        (Some(_), None) => false,
    }
}

/// Whether a pattern, in which a star stands for any text, fits all that another fits.
fn fits(all: Option<&str>, one: Option<&str>) -> bool {
    match (all, one) {
        (None, _) => true,
        (Some(all), Some(one)) => match all.split_once('*') {
            None => all.eq_ignore_ascii_case(one),
            Some((begin, end)) => {
                let (begin, end, one) = (begin.to_lowercase(), end.to_lowercase(), one.to_lowercase());
                // The other's star may stand for nothing that this one asks for.
                let (head, tail) = one.split_once('*').unwrap_or((&one, &one));
                head.starts_with(&begin)
                    && tail.ends_with(&end)
                    && one.len() >= begin.len().saturating_add(end.len())
            }
        },
        (Some(all), None) => all == "*",
    }
}

/// What stands for a secret.
const HIDDEN: &str = "…";

#[cfg(test)]
mod tests {
    use super::*;

    fn effective(text: &str, variables: &[(&str, &str)]) -> Effective {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::effective(text.as_bytes(), variables.collect()).expect(text)
    }

    fn setting(effective: &Effective, key: &str) -> (Json, Source) {
        let found = effective.settings.iter().find(|setting| setting.key == key);
        let Setting { value, source, .. } = found.unwrap_or_else(|| panic!("{key}: {effective:#?}")).clone();
        (value, source)
    }

    fn variable(name: &str) -> Source {
        Source::Variable(name.to_owned())
    }

    #[test]
    fn every_key_says_where_it_comes_from() {
        let text = r#"{
            "otlp": { "timeout_ms": 5, "path": "/t", "headers": { "x-key": "hidden" } },
            "resource": { "attributes": { "a.b": "c" } },
            "sampling": { "rules": [{ "error": true }] },
            "trace": { "sample_ratio": null }
        }"#;
        let variables = [
            ("OTEL_SERVICE_NAME", "shop"),
            ("OTEL_RESOURCE_ATTRIBUTES", "d=e"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=t"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "7"),
            ("OTEL_TRACES_SAMPLER", "traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.5"),
        ];
        let effective = effective(text, &variables);
        for (key, value, source) in [
            ("service_name", json!("shop"), variable("OTEL_SERVICE_NAME")),
            ("resource.attributes.a.b", json!("c"), Source::Configuration),
            ("resource.attributes.d", json!("e"), variable("OTEL_RESOURCE_ATTRIBUTES")),
            ("otlp.cluster", json!("otel_collector"), Source::Default),
            ("otlp.authority", Json::Null, Source::Default),
            ("otlp.signals", json!(["traces"]), Source::Default),
            ("otlp.compression", json!("gzip"), variable("OTEL_EXPORTER_OTLP_COMPRESSION")),
            ("otlp.traces_path", json!("/t"), Source::Configuration),
            ("otlp.headers.x-key", json!("…"), Source::Configuration),
            ("otlp.headers.x-tenant", json!("…"), variable("OTEL_EXPORTER_OTLP_HEADERS")),
            ("otlp.timeout_ms", json!(5), Source::Configuration),
            ("trace.sample_ratio", json!(0.5), variable("OTEL_TRACES_SAMPLER")),
            ("sampling.rules[0].error", json!(true), Source::Configuration),
            ("sampling.rules[0].ratio", json!(1), Source::Default),
            ("sampling.rules[1].override_parent", json!(true), variable("OTEL_TRACES_SAMPLER")),
            ("providers", json!([]), Source::Default),
            ("cost.threshold_usd", Json::Null, Source::Default),
        ] {
            assert_eq!(setting(&effective, key), (value, source), "{key}");
        }
        assert!(!format!("{effective:?}").contains("hidden"));
    }

    #[test]
    fn a_collector_of_a_list_is_called_by_its_place() {
        for text in [r#"{"otlp":[{"cluster":"a"}]}"#, r#"{"otlp":[{"cluster":"a"},{}]}"#] {
            let effective = effective(text, &[]);
            assert_eq!(setting(&effective, "otlp[0].cluster"), (json!("a"), Source::Configuration));
            assert_eq!(setting(&effective, "otlp[0].authority"), (Json::Null, Source::Default));
        }
    }

    #[test]
    fn rules_that_are_never_reached_are_told() {
        let warned = |text: &str| -> Vec<String> {
            effective(text, &[]).warnings.iter().map(ToString::to_string).collect()
        };
        let providers = r#"{"providers":[
            {"host":"*.corp","provider":"a"},
            {"host":"LLM.corp","provider":"b"},
            {"host":"LLM.corp","provider":"b","api":"openai_chat"},
            {"host":"*.llm.corp","path":"/ask","provider":"b"},
            {"host":"corp","provider":"b"},
            {"cluster":"x","host":"x.*","provider":"b"}
        ]}"#;
        assert_eq!(
            warned(providers),
            [
                "providers[1]: is never reached, for providers[0] holds wherever it does; put it first, or remove it",
                "providers[3]: is never reached, for providers[0] holds wherever it does; put it first, or remove it",
            ]
        );
        let sampling = r#"{"sampling":{"rules":[
            {"slower_than_ms":1000},
            {"slower_than_ms":2000,"model":"a"},
            {"slower_than_ms":500},
            {"ratio":0.5},
            {"error":true,"override_parent":true},
            {"error":true}
        ]}}"#;
        assert_eq!(
            warned(sampling),
            [
                "sampling.rules[1]: is never reached, for sampling.rules[0] holds wherever it does; put it first, or \
                 remove it",
                "sampling.rules[5]: is never reached, for sampling.rules[3] holds wherever it does; put it first, or \
                 remove it",
            ]
        );
        assert!(warned("{}").is_empty());
    }
}
