//! `attributes`: what an operator adds to every call.

use super::check::{is_header_name, is_visible, not_empty};
use super::problems::Problems;
use super::table::{Rule, section};
use super::{Config, Secret};
use crate::attributes::{Attribute, CONVERSATION, Key, Origin};
use crate::trace_context::baggage::{MAX_ENTRIES, MAX_VALUE};

section! {
    /// An attribute of every call: always the same, or a header of the request.
    pub struct AttributeRule {
        /// Its key, e.g. `user.id`, `session.id`, `gen_ai.conversation.id`, `tenant.id`.
        name: String = String::new() => Rule::Text(name);
        /// Its value, where that is always the same. 256 bytes at most.
        value: Option<String> = None => Rule::Text(|value| {
            if value.len() > MAX_VALUE {
                return Some(format!("has {} bytes; give {MAX_VALUE} at most", value.len()));
            }
            not_empty(value)
        });
        /// Name of the header whose value it is, 256 bytes of it. No header that holds credentials.
        header: Option<String> = None => Rule::Text(header);
        /// Whether the value is told as its keyed hash: HMAC-SHA256 under `hash_key`, 128 bits of it in hex.
        hash: bool = false;
    }
    checked by check_attribute
}

impl Config {
    /// What is added to every call.
    #[must_use]
    pub fn attributes(&self) -> Vec<Attribute> {
        let key = || Key::new(self.hash_key.as_ref().map(Secret::expose).unwrap_or_default().as_bytes());
        let attributes = self.attributes.iter().filter_map(|rule| {
            let from = match (&rule.value, &rule.header) {
                (Some(value), _) => Origin::Value(value.clone()),
                (None, Some(header)) if rule.hash => Origin::HashedHeader(header.clone(), key()),
                (None, header) => Origin::Header(header.clone()?),
            };
            Some(Attribute { name: rule.name.clone(), from })
        });
        attributes.collect()
    }
}

/// What is wrong with the key of an attribute that does not come from the wire.
pub(super) fn name(key: &str) -> Option<String> {
    if key.is_empty() || key.len() > MAX_NAME || !is_visible(key) {
        return Some(format!("is {key:?}; give 1 to {MAX_NAME} letters, digits and signs without a space"));
    }
    // An attribute of a call is what the wire says, not what is said of it.
    let prefix = OURS.iter().find(|prefix| key.starts_with(**prefix)).filter(|_| key != CONVERSATION)?;
    Some(format!("is {key:?}; attributes under {prefix} are the filter's own"))
}

fn header(name: &str) -> Option<String> {
    if CREDENTIALS.contains(&name) {
        return Some(format!("is {name:?}, which holds credentials: they never leave; give another header"));
    }
    (!is_header_name(name))
        .then(|| format!("is {name:?}; give a header's name in lower-case letters, digits and dashes"))
}

fn check_attribute(rule: &AttributeRule, problems: &mut Problems) {
    match (&rule.value, &rule.header) {
        (None, None) => problems.add("has no value; give a value, or the header that has it"),
        (Some(_), Some(_)) => problems.add("has two values; give a value or a header"),
        (Some(_), None) if rule.hash => problems.add_at("hash", "goes with a header; leave it out"),
        _ => {}
    }
}

/// What the attributes contradict together.
pub(super) fn check(config: &Config, problems: &mut Problems) {
    let others = config.trace.baggage.len();
    let all = config.attributes.len().saturating_add(others);
    if !config.attributes.is_empty() && all > MAX_ENTRIES {
        let problem = format!("are {all} with those of trace.baggage; give {MAX_ENTRIES} at most");
        problems.add_at("attributes", problem);
    }
    let list = problems.enter("attributes");
    for (index, rule) in config.attributes.iter().enumerate() {
        let mark = problems.enter_item(index);
        let before = config.attributes.iter().take(index).map(|other| &other.name);
        if before.chain(&config.trace.baggage).any(|other| *other == rule.name) {
            problems.add_at("name", format!("is {:?} once more; give it once", rule.name));
        }
        if rule.hash && config.hash_key.is_none() {
            problems.add_at("hash", "needs a key to hash with; give hash_key");
        }
        problems.leave(mark);
    }
    problems.leave(list);
}

/// What is wrong with a key to hash with. It is not shown.
pub(super) fn hash_key(key: &str) -> Option<String> {
    (key.len() < MIN_KEY)
        .then(|| format!("has {} bytes; give {MIN_KEY} at least, of random letters", key.len()))
}

/// Longest key of an attribute.
pub(super) const MAX_NAME: usize = 32;
/// Shorter keys could be guessed.
const MIN_KEY: usize = 16;

/// Headers of which each is a secret, or has one in it.
const CREDENTIALS: &[&str] = &[
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "api-key",
    "apikey",
    "x-goog-api-key",
    "ocp-apim-subscription-key",
    "x-amz-security-token",
    "x-auth-token",
    "x-subscription-token",
];

/// What attributes begin with that nobody may set.
const OURS: &[&str] = &[
    "gen_ai.",
    "inferspan.",
    "openai.",
    "aws.",
    "azure.",
    "llm.",
    "openinference.",
    "embedding.",
    "reranker.",
    "provider.",
    "providers.",
    "cache.hit",
    "endpoint.name",
    "request.message_count",
    "total.duration_ms",
    "server.",
    "http.",
    "error.",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_key() {
        let text = r#"{
            "hash_key": "0123456789abcdef",
            "attributes": [
                {"name":"team","value":"a"},
                {"name":"session.id","header":"x-session"},
                {"name":"gen_ai.conversation.id","header":"x-thread"},
                {"name":"user.id","header":"x-user","hash":true}
            ]
        }"#;
        let config = Config::parse(text.as_bytes()).unwrap();
        let attribute = |name: &str, from| Attribute { name: name.into(), from };
        let expected = [
            attribute("team", Origin::Value("a".into())),
            attribute("session.id", Origin::Header("x-session".into())),
            attribute("gen_ai.conversation.id", Origin::Header("x-thread".into())),
            attribute("user.id", Origin::HashedHeader("x-user".into(), Key::new(b"0123456789abcdef"))),
        ];
        assert_eq!(config.attributes(), expected);
        assert!(!format!("{config:?}").contains("0123456789abcdef"));
    }

    #[test]
    fn tells_what_would_be_right() {
        for (rule, expected) in [
            (r#"{"header":"a"}"#, r#".name: is ""; give 1 to 32 letters, digits and signs without a space"#),
            (
                r#"{"name":"gen_ai.request.model","value":"x"}"#,
                r#".name: is "gen_ai.request.model"; attributes under gen_ai. are the filter's own"#,
            ),
            (r#"{"name":"b"}"#, ": has no value; give a value, or the header that has it"),
            (r#"{"name":"b","value":"x","header":"y"}"#, ": has two values; give a value or a header"),
            (r#"{"name":"b","value":""}"#, ".value: is empty; give one, or leave it out"),
            (
                r#"{"name":"b","header":"authorization"}"#,
                r#".header: is "authorization", which holds credentials: they never leave; give another header"#,
            ),
            (
                r#"{"name":"b","header":"X-User"}"#,
                r#".header: is "X-User"; give a header's name in lower-case letters, digits and dashes"#,
            ),
            (r#"{"name":"b","header":"x","hash":true}"#, ".hash: needs a key to hash with; give hash_key"),
            (r#"{"name":"a","header":"x"}"#, r#".name: is "a" once more; give it once"#),
            (r#"{"name":"t","header":"x"}"#, r#".name: is "t" once more; give it once"#),
        ] {
            let text = format!(
                r#"{{"trace":{{"baggage":["t"]}},"attributes":[{{"name":"a","value":"x"}},{rule}]}}"#
            );
            let problem = Config::parse(text.as_bytes()).expect_err(rule).to_string();
            assert_eq!(problem, format!("attributes[1]{expected}"), "{rule}");
        }
        let short = Config::parse(br#"{"hash_key":"hidden"}"#).unwrap_err().to_string();
        assert_eq!(short, "hash_key: has 6 bytes; give 16 at least, of random letters");
        let many: Vec<_> = (0..17).map(|n| format!(r#"{{"name":"a{n}","value":"x"}}"#)).collect();
        let many = Config::parse(format!(r#"{{"attributes":[{}]}}"#, many.join(",")).as_bytes());
        let many = many.unwrap_err().to_string();
        assert_eq!(many, "attributes: are 17 with those of trace.baggage; give 16 at most");
    }
}
