//! Who calls, and what a call is called, as a configuration says: attributes of an operator's own, ids from headers and
//! bodies, models by their names, and requests that are none of our business.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use inferspan_core::budget::Budget;
use inferspan_core::call::{Call, End};
use inferspan_core::config::Config;
use inferspan_core::exchange::Observer;
use inferspan_core::headers::Headers;
use inferspan_core::signal::{AttributeSink, Span};
use inferspan_core::time::UnixNanos;
use inferspan_core::trace_context::{Position, SpanId, TraceId};

#[test]
fn what_an_operator_says_of_every_call_is_told() {
    let config = r#"{
        "hash_key": "0123456789abcdef",
        "attributes": [
            {"name":"team","value":"a"},
            {"name":"user.id","header":"x-user","hash":true},
            {"name":"session.id","header":"x-session"},
            {"name":"gen_ai.conversation.id","header":"x-thread"},
            {"name":"missing","header":"x-missing"}
        ]
    }"#;
    let headers = [("x-user", "alice"), ("x-session", "s-1"), ("x-thread", "t-1"), ("x-other", "hidden")];
    let told = told(config, &headers, "gpt-4o").expect("a call");
    for (key, value) in [
        ("team", "a"),
        ("user.id", "fdbf8b1cacd3d578e062d0e41104357d"),
        ("session.id", "s-1"),
        ("gen_ai.conversation.id", "t-1"),
    ] {
        let values: Vec<_> =
            told.iter().filter(|(told, _)| told == key).map(|(_, value)| value.as_str()).collect();
        assert_eq!(values, [value], "{key}");
    }
    assert!(
        told.iter().all(|(key, value)| key != "missing" && value != "hidden" && value != "alice"),
        "{told:?}"
    );
}

#[test]
fn ids_of_users_and_sessions_come_from_bodies() {
    let config = r#"{
        "hash_key": "0123456789abcdef",
        "attributes": [
            {"name":"user.id","body":["safety_identifier","user","metadata.user_id"]},
            {"name":"user.hash","body":["safety_identifier","user","metadata.user_id"],"hash":true},
            {"name":"session.id","body":"prompt_cache_key"},
            {"name":"gen_ai.conversation.id","body":"metadata.thread"},
            {"name":"asked","body":"model"}
        ]
    }"#;
    let hash = "fdbf8b1cacd3d578e062d0e41104357d";
    for (body, expected) in [
        (
            r#"{"model":"m","user":"alice","prompt_cache_key":"s-1","metadata":{"thread":"t-1","user_id":"no"}}"#,
            &[
                ("user.id", "alice"),
                ("user.hash", hash),
                ("session.id", "s-1"),
                ("gen_ai.conversation.id", "t-1"),
                ("asked", "m"),
            ][..],
        ),
        // The first path counts, whatever comes first in the body; and the last of two members of one name.
        (
            r#"{"metadata":{"user_id":"no"},"user":"no","safety_identifier":"no","safety_identifier":"alice"}"#,
            &[("user.id", "alice"), ("user.hash", hash)],
        ),
        // What is no text is told as it stands, and what is neither text nor number nor truth value is not.
        (r#"{"user":4711,"prompt_cache_key":true}"#, &[("user.id", "4711"), ("session.id", "true")]),
        (r#"{"user":null,"metadata":{"user_id":"alice"},"prompt_cache_key":["x"]}"#, &[("user.id", "alice")]),
        // Only where the path says.
        (r#"{"messages":[{"user":"no","metadata":{"user_id":"no"}}],"tools":[{"user":"no"}]}"#, &[]),
        (r#"{"safety_identifier":"","user":"\u0061lice"}"#, &[("user.id", "alice")]),
    ] {
        for cut in [usize::MAX, 1, 7] {
            let told = told_of(config, body, cut).expect("a call");
            let own: Vec<_> = told
                .iter()
                .filter(|(key, _)| {
                    ["user.id", "user.hash", "session.id", "gen_ai.conversation.id", "asked"]
                        .contains(&key.as_str())
                })
                .map(|(key, value)| (key.as_str(), value.as_str()))
                .collect();
            for pair in expected {
                assert!(own.contains(pair), "{pair:?} of {own:?} in {body}, cut {cut}");
            }
            let more =
                own.iter().filter(|(key, _)| *key != "user.hash" && !expected.iter().any(|(k, _)| k == key));
            assert_eq!(more.count(), 0, "{own:?} of {body}");
        }
    }
}

#[test]
fn so_much_is_kept_of_a_member() {
    let config = r#"{"attributes":[{"name":"user.id","body":"user"}]}"#;
    let told = told_of(config, &format!(r#"{{"user":"{}"}}"#, "ä".repeat(300)), 100).expect("a call");
    let user = told.iter().find(|(key, _)| key == "user.id").map(|(_, value)| value.as_str());
    assert_eq!(user, Some("ä".repeat(128).as_str()), "256 bytes");
}

#[test]
fn nothing_is_told_of_members_that_are_not_named() {
    let told =
        told_of("{}", r#"{"user":"hidden","safety_identifier":"hidden"}"#, usize::MAX).expect("a call");
    assert!(told.iter().all(|(_, value)| value != "hidden"), "{told:?}");
}

#[test]
fn nothing_is_told_of_headers_that_are_not_named() {
    let told = told("{}", &[("x-user", "hidden")], "gpt-4o").expect("a call");
    assert!(told.iter().all(|(_, value)| value != "hidden"), "{told:?}");
}

#[test]
fn a_model_is_called_as_the_rule_of_its_place_says() {
    let config = r#"{"providers":[
        {"path":"/v1/embeddings","models":{"d-1":"other"}},
        {"host":"api.openai.com","models":{"d-1":"gpt-4o"}}
    ]}"#;
    for (asked, expected) in [("d-1", "gpt-4o"), ("d-2", "d-2")] {
        let told = told(config, &[], asked).expect("a call");
        let model =
            told.iter().find(|(key, _)| key == "gen_ai.request.model").map(|(_, value)| value.as_str());
        assert_eq!(model, Some(expected), "{asked}");
    }
}

#[test]
fn the_first_rule_that_fits_says_whether_a_request_is_ours() {
    for (providers, ours) in [
        (r#"[{"host":"api.openai.com","ignore":true}]"#, false),
        (r#"[{"path":"/chat/completions","ignore":true}]"#, false),
        (r#"[{"host":"api.anthropic.com","ignore":true}]"#, true),
        (r#"[{"host":"api.openai.com","provider":"a"},{"path":"/chat/completions","ignore":true}]"#, true),
        (r#"[{"host":"*.openai.com","ignore":true},{"host":"api.openai.com","provider":"a"}]"#, false),
    ] {
        let told = told(&format!(r#"{{"providers":{providers}}}"#), &[], "gpt-4o");
        assert_eq!(told.is_some(), ours, "{providers}");
    }
}

/// The texts that are told of a call with these headers; `None` where it is no call.
fn told(config: &str, headers: &[(&str, &str)], model: &str) -> Option<Vec<(String, String)>> {
    let body = format!(r#"{{"model":"{model}","messages":[]}}"#);
    texts(config, headers, &body, usize::MAX)
}

/// The same of a call with this body, which comes in pieces of so many bytes.
fn told_of(config: &str, body: &str, cut: usize) -> Option<Vec<(String, String)>> {
    texts(config, &[], body, cut)
}

fn texts(config: &str, headers: &[(&str, &str)], body: &str, cut: usize) -> Option<Vec<(String, String)>> {
    let config = Config::parse(config.as_bytes()).expect(config);
    let call = call(&config, headers, body, cut)?;
    let position = Position::root(TraceId::from(7_u128), SpanId::from(8_u64), true);
    let conventions = config.conventions();
    let mut texts = Texts::default();
    Span::new(&call, &position, &conventions).attributes(&mut texts);
    Some(texts.0)
}

fn call(config: &Config, headers: &[(&str, &str)], body: &str, cut: usize) -> Option<Call> {
    let observer = Observer::configured(config, &Budget::new(1 << 20));
    let request = [
        (":method", "POST"),
        (":scheme", "https"),
        (":authority", "api.openai.com"),
        (":path", "/v1/chat/completions"),
        ("content-type", "application/json"),
    ];
    let pairs: Vec<_> =
        request.iter().chain(headers).map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
    let now = UnixNanos(1);
    let mut exchange = observer.begin(&Headers::new(&pairs), now)?;
    for piece in body.as_bytes().chunks(cut) {
        exchange.request_body(piece, now);
    }
    exchange.request_end(now);
    let answer: &[(&[u8], &[u8])] = &[(b":status", b"200"), (b"content-type", b"application/json")];
    exchange.response_headers(&Headers::new(answer), now);
    exchange.response_body(br#"{"object":"chat.completion","choices":[]}"#, now);
    exchange.finish(End::Complete, now)
}

/// Keeps attributes that are texts.
#[derive(Default)]
struct Texts(Vec<(String, String)>);

impl AttributeSink for Texts {
    fn text(&mut self, key: &str, value: &str) {
        self.0.push((key.to_owned(), value.to_owned()));
    }
    fn int(&mut self, _: &str, _: i64) {}
    fn double(&mut self, _: &str, _: f64) {}
    fn flag(&mut self, _: &str, _: bool) {}
    fn texts(&mut self, _: &str, _: &mut dyn Iterator<Item = &str>) {}
}
