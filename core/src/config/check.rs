//! What types cannot say of a configuration: bounds, and what contradicts itself.

use super::problems::Problems;
use super::read::{no_name, out_of_range};
use super::table::{Rule, Section, Slot};
use super::{Config, ProviderRule, Semconv, Trace, attributes, prices};
use crate::trace_context::baggage;

/// Notes all that is wrong with what a configuration says, whoever said it.
pub(super) fn check(config: &mut Config, problems: &mut Problems) {
    section(config, problems);
    prices::table(&config.prices, &config.cost, problems);
}

/// Checks the values of an object by its table, and then whether they contradict each other.
fn section(section: &mut dyn Section, problems: &mut Problems) {
    for (index, key) in section.keys().iter().enumerate() {
        let mark = problems.enter(key.name);
        match section.slot(index) {
            Slot::Text(text) => check_text(text, key.rule, problems),
            Slot::MaybeText(Some(text)) => check_text(text, key.rule, problems),
            Slot::MaybeSecret(Some(text)) => check_text(text.expose(), key.rule, problems),
            Slot::Whole(number) => check_number(f64::from(*number), key.rule, problems),
            Slot::MaybeWhole(Some(number)) => check_number(f64::from(*number), key.rule, problems),
            Slot::MaybeLong(Some(number)) => check_number(*number as f64, key.rule, problems),
            Slot::Number(number) | Slot::MaybeNumber(Some(number)) => {
                check_number(*number, key.rule, problems);
            }
            Slot::Section(section) => self::section(section, problems),
            Slot::Sections(sections) => check_items(sections, matches!(key.rule, Rule::OneOrList), problems),
            _ => {}
        }
        problems.leave(mark);
    }
    section.check(problems);
}

/// The one that may stand without a list is called as if it did.
fn check_items(sections: &mut dyn super::table::Sections, one_or_list: bool, problems: &mut Problems) {
    if one_or_list && sections.item(1).is_none() {
        if let Some(item) = sections.item(0) {
            section(item, problems);
        }
        return;
    }
    let mut index = 0_usize;
    while let Some(item) = sections.item(index) {
        let mark = problems.enter_item(index);
        section(item, problems);
        problems.leave(mark);
        index = index.saturating_add(1);
    }
}

fn check_text(text: &str, rule: Rule, problems: &mut Problems) {
    match rule {
        Rule::Text(problem_of) => {
            if let Some(problem) = problem_of(text) {
                problems.add(problem);
            }
        }
        Rule::Known(names) => {
            let names = names();
            if !names.contains(&text) {
                problems.add(no_name(text, &names));
            }
        }
        _ => {}
    }
}

fn check_number(number: f64, rule: Rule, problems: &mut Problems) {
    if let Rule::Within(least, most, unit) = rule
        && !(least..=most).contains(&number)
    {
        problems.add(out_of_range(number, least, most, unit));
    }
}

pub(super) fn check_config(config: &Config, problems: &mut Problems) {
    if let (Some(name), Some(other)) = (&config.service_name, config.resource.attributes.get("service.name"))
        && name != other
    {
        let problem = format!("is {other:?}, but service_name is {name:?}; give one of them");
        problems.add_at("resource.attributes.service.name", problem);
    }
    if config.resource.attributes.contains_key("") {
        problems.add_at("resource.attributes", "has an attribute without a name; give it one");
    }
    attributes::check(config, problems);
    if config.otlp.len() > MAX_COLLECTORS {
        problems
            .add_at("otlp", format!("names {} collectors; give {MAX_COLLECTORS} at most", config.otlp.len()));
    }
}

/// More collectors are better served by one that hands on to them.
const MAX_COLLECTORS: usize = 8;

pub(super) fn check_semconv(semconv: &Semconv, problems: &mut Problems) {
    if semconv.version.is_empty() {
        problems.add_at("version", "is empty; give a version, or leave it out");
    }
    if semconv.vocabularies.is_empty() {
        problems.add_at("vocabularies", "is empty; give a vocabulary, or leave it out");
    }
}

pub(super) fn check_trace(trace: &Trace, problems: &mut Problems) {
    let keys = &trace.baggage;
    let list = problems.enter("baggage");
    if keys.len() > baggage::MAX_ENTRIES {
        problems.add(format!("has {} keys; give {} at most", keys.len(), baggage::MAX_ENTRIES));
    }
    for (index, key) in keys.iter().enumerate() {
        let mark = problems.enter_item(index);
        if let Some(problem) = attributes::name(key) {
            problems.add(problem);
        } else if keys.iter().take(index).any(|other| other == key) {
            problems.add(format!("is {key:?} once more; give it once"));
        }
        problems.leave(mark);
    }
    problems.leave(list);
}

pub(super) fn check_provider(rule: &ProviderRule, problems: &mut Problems) {
    if problems.any_here() {
        return;
    }
    let names = rule.provider.is_some() || rule.api.is_some() || rule.operation.is_some();
    if !names && !rule.ignore && rule.models.is_empty() {
        problems.add("says nothing; give provider, api, operation or several of them");
    }
    if rule.ignore && (names || !rule.models.is_empty()) {
        problems.add_at("ignore", "goes with nothing that is said of a call; leave it out, or the others");
    }
    if rule.operation.is_some() && rule.api.is_none() {
        problems.add_at("operation", "goes with an api; give the one that is spoken there");
    }
    let places = [
        &rule.host,
        &rule.path,
        &rule.path_prefix,
        &rule.path_glob,
        &rule.cluster,
        &rule.route,
        &rule.virtual_host,
    ];
    let everywhere = places.iter().all(|place| place.is_none());
    if rule.api.is_some() && everywhere {
        problems.add("would make every request an LLM call; give a host, a path or both");
    }
    if rule.ignore && everywhere {
        problems.add("would ignore every request; give a host, a path or both");
    }
}

/// What is wrong with a pattern of hosts, so that it could never match or not as it looks.
pub(super) fn host(pattern: &str) -> Option<String> {
    let has_port = |(_, port): (&str, &str)| port.parse::<u16>().is_ok();
    let problem = if pattern.contains("://") {
        "give the host alone, without a scheme"
    } else if pattern.contains('/') {
        "give the host alone, and what follows it as a path"
    } else if pattern.split_once(':').is_some_and(has_port) {
        "give the host without its port: every port of it is meant"
    } else if !is_visible(pattern) {
        "no host has such letters; give its name as it is sent"
    } else if pattern.ends_with('.') {
        "hosts are compared without a dot at their end; leave it out"
    } else {
        return one_star(pattern);
    };
    Some(format!("is {pattern:?}; {problem}"))
}

/// What is wrong with a pattern in which one star may stand for any text.
pub(super) fn one_star(pattern: &str) -> Option<String> {
    let stars = pattern.bytes().filter(|b| *b == b'*').count();
    if stars > 1 {
        return Some(format!("is {pattern:?}; give one * at most"));
    }
    not_empty(pattern)
}

pub(super) fn not_empty(text: &str) -> Option<String> {
    text.trim().is_empty().then(|| "is empty; give one, or leave it out".to_owned())
}

pub(super) fn path(pattern: &str) -> Option<String> {
    problem_of_path(pattern, false)
}

pub(super) fn path_glob(pattern: &str) -> Option<String> {
    problem_of_path(pattern, true)
}

fn problem_of_path(pattern: &str, is_glob: bool) -> Option<String> {
    let problem = if pattern.is_empty() {
        return not_empty(pattern);
    } else if pattern.contains(['?', '#']) {
        "paths are compared without query and fragment; give the path alone"
    } else if pattern.contains("://") {
        "give the path alone, and its host as host"
    } else if pattern.bytes().all(|b| b == b'/') {
        "it names no segment, so that every path would fit; name one, or leave it out"
    } else {
        pattern.split('/').find_map(|word| match word {
            "*" => None,
            "**" if is_glob => None,
            "**" => Some("** is for path_glob; here * stands for any one segment"),
            word if word.contains('*') => {
                Some("a * stands for a whole segment; give it alone between slashes, or use host or cluster")
            }
            _ => None,
        })?
    };
    Some(format!("is {pattern:?}; {problem}"))
}

pub(super) fn is_header_name(name: &str) -> bool {
    let fits = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
    !name.is_empty() && name.bytes().all(fits)
}

pub(super) fn is_visible(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_would_be_right() {
        for (text, expected) in [
            (r#"{"service_name":""}"#, "service_name: is empty; give a name or leave it out"),
            (
                r#"{"service_name":"a","resource":{"attributes":{"service.name":"b"}}}"#,
                r#"resource.attributes.service.name: is "b", but service_name is "a"; give one of them"#,
            ),
            (
                r#"{"resource":{"attributes":{"":"b"}}}"#,
                "resource.attributes: has an attribute without a name; give it one",
            ),
            (r#"{"otlp":{"cluster":""}}"#, "otlp.cluster: is empty; give the name of an Envoy cluster"),
            (r#"{"otlp":{"authority":"a b"}}"#, "otlp.authority: is no host name; give one, or leave it out"),
            (
                r#"{"otlp":{"path":"v1/traces"}}"#,
                r#"otlp.traces_path: is "v1/traces"; give a path that begins with /, e.g. /v1/traces"#,
            ),
            (
                r#"{"otlp":{"headers":{"host":"h"}}}"#,
                "otlp.headers.host: is not for you to set; use otlp.authority",
            ),
            (
                r#"{"otlp":{"headers":{"X-Key":"h"}}}"#,
                "otlp.headers.X-Key: is no header name; give lower-case letters, digits and dashes",
            ),
            (
                r#"{"otlp":{"headers":{"k":"a\r\nb: c"}}}"#,
                "otlp.headers.k: holds a control character, which no header may; remove it",
            ),
            (r#"{"otlp":{"timeout_ms":0}}"#, "otlp.timeout_ms: is 0; give 1 to 60000 (milliseconds)"),
            (
                r#"{"otlp":{"max_burst_bytes":268435457}}"#,
                "otlp.max_burst_bytes: is 268435457; give 0 to 268435456 (bytes)",
            ),
            (
                r#"{"limits":{"max_memory_bytes":1000}}"#,
                "limits.max_memory_bytes: is 1000; give 1048576 to 536870912 (bytes)",
            ),
            (
                r#"{"limits":{"max_live_exchanges":0}}"#,
                "limits.max_live_exchanges: is 0; give 1 to 1000000 (exchanges)",
            ),
            (r#"{"otlp":{"max_in_flight":65}}"#, "otlp.max_in_flight: is 65; give 1 to 64 (exports)"),
            (
                r#"{"otlp":{"max_queue_bytes":16384}}"#,
                "otlp.max_queue_bytes: is 16384, less than otlp.max_batch_bytes, 262144: no batch would ever be whole; \
                 give at least as much",
            ),
            (
                r#"{"trace":{"sample_ratio":1.5}}"#,
                "trace.sample_ratio: is 1.5; give 0 to 1 (share of the traces)",
            ),
            (r#"{"semconv":{"version":[]}}"#, "semconv.version: is empty; give a version, or leave it out"),
            (
                r#"{"semconv":{"vocabularies":[]}}"#,
                "semconv.vocabularies: is empty; give a vocabulary, or leave it out",
            ),
            (
                r#"{"trace":{"baggage":["a b"]}}"#,
                r#"trace.baggage[0]: is "a b"; give 1 to 32 letters, digits and signs without a space"#,
            ),
            (r#"{"trace":{"baggage":["a","a"]}}"#, r#"trace.baggage[1]: is "a" once more; give it once"#),
            (
                r#"{"trace":{"baggage":["gen_ai.system"]}}"#,
                r#"trace.baggage[0]: is "gen_ai.system"; attributes under gen_ai. are the filter's own"#,
            ),
            (
                r#"{"trace":{"baggage":["provider.used"]}}"#,
                r#"trace.baggage[0]: is "provider.used"; attributes under provider. are the filter's own"#,
            ),
            (
                r#"{"trace":{"baggage":["a","b","c","d","e","f","g","h","i","j","k","l","m","n","o","p","q"]}}"#,
                "trace.baggage: has 17 keys; give 16 at most",
            ),
            (
                r#"{"providers":[{"host":"a"}]}"#,
                "providers[0]: says nothing; give provider, api, operation or several of them",
            ),
            (
                r#"{"providers":[{"api":"openai_chat"}]}"#,
                "providers[0]: would make every request an LLM call; give a host, a path or both",
            ),
            (
                r#"{"providers":[{"host":"","provider":"x"}]}"#,
                "providers[0].host: is empty; give one, or leave it out",
            ),
            (
                r#"{"providers":[{"host":"https://llm.corp","provider":"x"}]}"#,
                r#"providers[0].host: is "https://llm.corp"; give the host alone, without a scheme"#,
            ),
            (
                r#"{"providers":[{"host":"llm.corp/v1","provider":"x"}]}"#,
                r#"providers[0].host: is "llm.corp/v1"; give the host alone, and what follows it as a path"#,
            ),
            (
                r#"{"providers":[{"host":"llm.corp:8080","provider":"x"}]}"#,
                r#"providers[0].host: is "llm.corp:8080"; give the host without its port: every port of it is meant"#,
            ),
            (
                r#"{"providers":[{"host":"llm.corp.","provider":"x"}]}"#,
                r#"providers[0].host: is "llm.corp."; hosts are compared without a dot at their end; leave it out"#,
            ),
            (
                r#"{"providers":[{"host":"llm corp","provider":"x"}]}"#,
                r#"providers[0].host: is "llm corp"; no host has such letters; give its name as it is sent"#,
            ),
            (
                r#"{"providers":[{"host":"*.llm.*","provider":"x"}]}"#,
                r#"providers[0].host: is "*.llm.*"; give one * at most"#,
            ),
            (
                r#"{"providers":[{"cluster":"**","provider":"x"}]}"#,
                r#"providers[0].cluster: is "**"; give one * at most"#,
            ),
            (
                r#"{"providers":[{"route":"a*b*","provider":"x"}]}"#,
                r#"providers[0].route: is "a*b*"; give one * at most"#,
            ),
            (
                r#"{"providers":[{"virtual_host":"","provider":"x"}]}"#,
                "providers[0].virtual_host: is empty; give one, or leave it out",
            ),
            (
                r#"{"providers":[{"path":"/chat?x=1","provider":"x"}]}"#,
                r#"providers[0].path: is "/chat?x=1"; paths are compared without query and fragment; give the path alone"#,
            ),
            (
                r#"{"providers":[{"path_prefix":"https://a/b","provider":"x"}]}"#,
                r#"providers[0].path_prefix: is "https://a/b"; give the path alone, and its host as host"#,
            ),
            (
                r#"{"providers":[{"path_prefix":"/","provider":"x"}]}"#,
                r#"providers[0].path_prefix: is "/"; it names no segment, so that every path would fit; name one, or leave it out"#,
            ),
            (
                r#"{"providers":[{"path":"/**/chat","provider":"x"}]}"#,
                r#"providers[0].path: is "/**/chat"; ** is for path_glob; here * stands for any one segment"#,
            ),
            (
                r#"{"providers":[{"path_glob":"/v*/chat","provider":"x"}]}"#,
                r#"providers[0].path_glob: is "/v*/chat"; a * stands for a whole segment; give it alone between slashes, or use host or cluster"#,
            ),
            (
                r#"{"providers":[{"host":"a","operation":"chat"}]}"#,
                "providers[0].operation: goes with an api; give the one that is spoken there",
            ),
        ] {
            let error = Config::parse(text.as_bytes()).expect_err(text);
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn names_the_formats_and_operations_there_are() {
        let refused = |rule: &str| {
            Config::parse(format!(r#"{{"providers":[{rule}]}}"#).as_bytes()).unwrap_err().to_string()
        };
        let error = refused(r#"{"host":"a","api":"openai"}"#);
        assert!(error.starts_with(r#"providers[0].api: is "openai"; give one of openai_chat, "#), "{error}");
        let error = refused(r#"{"host":"a","api":"openai_chat","operation":"talk"}"#);
        assert!(error.starts_with(r#"providers[0].operation: is "talk"; give one of chat, "#), "{error}");
    }

    #[test]
    fn takes_a_name_given_twice_alike() {
        let text = br#"{"service_name":"a","resource":{"attributes":{"service.name":"a"}}}"#;
        assert!(Config::parse(text).is_ok());
    }
}
