//! `attributes`: what an operator adds to every call.

use super::check::{is_header_name, is_visible, not_empty};
use super::problems::Problems;
use super::read::no_name;
use super::table::{Rule, section};
use super::{Config, Secret};
use crate::attributes::{Attribute, CONVERSATION, Key, Origin};
use crate::trace_context::baggage::{MAX_ENTRIES, MAX_VALUE};

section! {
    /// An attribute of every call: always the same, or what a header of the request, its body, or Envoy's metadata says.
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
        /// Path of the member of the request's JSON whose value it is, e.g. `metadata.user_id`, or a list of such paths,
        /// of which the first one that has something counts. Keys joined by dots, 4 at most; 4 paths at most; 256 bytes
        /// of a text. None that holds credentials or content.
        body: Vec<String> = Vec::new() => Rule::OneOrList;
        /// Where in Envoy's metadata it stands: `dynamic`, `route`, `cluster` or `endpoint`, the namespace, and the keys
        /// below it, e.g. `["dynamic", "envoy.filters.http.jwt_authn", "payload", "sub"]`. 256 bytes of a text.
        metadata: Vec<String> = Vec::new();
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
        let attributes = self.attributes.iter().map(|rule| {
            let from = match (&rule.value, &rule.header) {
                (Some(value), _) => Origin::Value(value.clone()),
                (None, Some(header)) => Origin::Header(header.clone()),
                (None, None) if !rule.body.is_empty() => Origin::Body(rule.body.clone()),
                (None, None) => Origin::Metadata(rule.metadata.clone()),
            };
            Attribute { name: rule.name.clone(), from, hash: rule.hash.then(key) }
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
    let given =
        [rule.value.is_some(), rule.header.is_some(), !rule.body.is_empty(), !rule.metadata.is_empty()];
    match given.into_iter().filter(|given| *given).count() {
        0 => problems.add("has no value; give one of value, header, body, metadata"),
        1 if rule.hash && rule.value.is_some() => {
            problems.add_at("hash", "goes with what a request tells; leave it out");
        }
        1 => {}
        count => problems.add(format!("has {count} sources; give one of value, header, body, metadata")),
    }
    check_body(&rule.body, problems);
    check_metadata(&rule.metadata, problems);
}

fn check_body(paths: &[String], problems: &mut Problems) {
    if paths.len() > MAX_PATHS {
        problems.add_at("body", format!("has {} paths; give {MAX_PATHS} at most", paths.len()));
    }
    let list = problems.enter("body");
    for (index, path) in paths.iter().enumerate() {
        if let Some(problem) = body_path(path) {
            // A path by itself is no list.
            let mark = (paths.len() > 1).then(|| problems.enter_item(index));
            problems.add(problem);
            if let Some(mark) = mark {
                problems.leave(mark);
            }
        }
    }
    problems.leave(list);
}

fn body_path(path: &str) -> Option<String> {
    let keys: Vec<&str> = path.split('.').collect();
    let is_key = |key: &&str| !key.is_empty() && !key.contains(['[', ']', '*', '/', '$']);
    if !keys.iter().all(is_key) || keys.len() > MAX_KEYS {
        return Some(format!(
            "is {path:?}; give keys joined by dots, {MAX_KEYS} at most, and none in a list, as in \"metadata.user_id\""
        ));
    }
    if keys.iter().any(|key| is_secret(key)) {
        return Some(format!("is {path:?}, which holds credentials: they never leave; give another member"));
    }
    let first = keys.first().copied().unwrap_or_default();
    CONTENT
        .contains(&first)
        .then(|| format!("is {path:?}, which is content; content.capture tells that, bounded and redacted"))
}

fn check_metadata(path: &[String], problems: &mut Problems) {
    let Some((of, keys)) = path.split_first() else { return };
    if !METADATA.contains(&of.as_str()) {
        problems.add_at("metadata[0]", no_name(of, METADATA));
    } else if keys.len() < 2
        || keys.len() > MAX_DEPTH
        || keys.iter().any(|key| key.is_empty() || key.contains('\0'))
    {
        problems.add_at(
            "metadata",
            format!("names no value; give {of}, its namespace, and the keys below it, {MAX_DEPTH} names at most behind {of}"),
        );
    } else if let Some(key) = keys.iter().find(|key| is_secret(key)) {
        problems.add_at(
            "metadata",
            format!("has the key {key:?}, which holds credentials: they never leave; give another"),
        );
    }
}

/// Whether a member of this name is a credential.
fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace('_', "-");
    CREDENTIALS.contains(&key.as_str()) || SECRETS.contains(&key.as_str())
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
/// Most paths of which one counts.
const MAX_PATHS: usize = 4;
/// Most keys of such a path.
const MAX_KEYS: usize = 4;
/// Most names behind the first one of a place in metadata.
const MAX_DEPTH: usize = 8;
/// What has metadata.
const METADATA: &[&str] = &["dynamic", "route", "cluster", "endpoint"];
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

/// Members of bodies and metadata that are secrets, beside those named as the headers are.
const SECRETS: &[&str] = &[
    "access-token",
    "aws-secret-access-key",
    "aws-session-token",
    "bearer",
    "client-secret",
    "credentials",
    "id-token",
    "password",
    "refresh-token",
    "secret",
    "secret-key",
    "token",
];

/// Members of bodies that are what is said.
const CONTENT: &[&str] = &[
    "contents",
    "documents",
    "input",
    "inputs",
    "instructions",
    "message",
    "messages",
    "prompt",
    "query",
    "system",
    "systemInstruction",
    "system_instruction",
    "text",
    "texts",
    "tools",
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
                {"name":"user.id","header":"x-user","hash":true},
                {"name":"end_user","body":"user"},
                {"name":"end_user.hash","body":["metadata.user_id","safety_identifier"],"hash":true},
                {"name":"sub","metadata":["dynamic","envoy.filters.http.jwt_authn","payload","sub"]}
            ]
        }"#;
        let config = Config::parse(text.as_bytes()).unwrap();
        let attribute = |name: &str, from| Attribute { name: name.into(), from, hash: None };
        let hash = Some(Key::new(b"0123456789abcdef"));
        let hashed = |name: &str, from| Attribute { hash: hash.clone(), ..attribute(name, from) };
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let expected = [
            attribute("team", Origin::Value("a".into())),
            attribute("session.id", Origin::Header("x-session".into())),
            attribute("gen_ai.conversation.id", Origin::Header("x-thread".into())),
            hashed("user.id", Origin::Header("x-user".into())),
            attribute("end_user", Origin::Body(texts(&["user"]))),
            hashed("end_user.hash", Origin::Body(texts(&["metadata.user_id", "safety_identifier"]))),
            attribute(
                "sub",
                Origin::Metadata(texts(&["dynamic", "envoy.filters.http.jwt_authn", "payload", "sub"])),
            ),
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
            (r#"{"name":"b"}"#, ": has no value; give one of value, header, body, metadata"),
            (
                r#"{"name":"b","value":"x","header":"y"}"#,
                ": has 2 sources; give one of value, header, body, metadata",
            ),
            (
                r#"{"name":"b","value":"x","hash":true}"#,
                ".hash: goes with what a request tells; leave it out",
            ),
            (
                r#"{"name":"b","body":"messages[0].content"}"#,
                r#".body: is "messages[0].content"; give keys joined by dots, 4 at most, and none in a list, as in "metadata.user_id""#,
            ),
            (
                r#"{"name":"b","body":["user","a.b.c.d.e"]}"#,
                r#".body[1]: is "a.b.c.d.e"; give keys joined by dots, 4 at most, and none in a list, as in "metadata.user_id""#,
            ),
            (
                r#"{"name":"b","body":"api_key"}"#,
                r#".body: is "api_key", which holds credentials: they never leave; give another member"#,
            ),
            (
                r#"{"name":"b","body":"prompt"}"#,
                r#".body: is "prompt", which is content; content.capture tells that, bounded and redacted"#,
            ),
            (r#"{"name":"b","body":["a","b","c","d","e"]}"#, ".body: has 5 paths; give 4 at most"),
            (
                r#"{"name":"b","metadata":["dynamik","a","b"]}"#,
                r#".metadata[0]: is "dynamik"; give one of dynamic, route, cluster, endpoint; did you mean "dynamic"?"#,
            ),
            (
                r#"{"name":"b","metadata":["route","a"]}"#,
                ".metadata: names no value; give route, its namespace, and the keys below it, 8 names at most behind route",
            ),
            (
                r#"{"name":"b","metadata":["dynamic","a","access_token"]}"#,
                r#".metadata: has the key "access_token", which holds credentials: they never leave; give another"#,
            ),
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
