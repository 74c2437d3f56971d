//! Content of exchanges, assembled as the providers' SDKs do, held against what was written out by hand.
//!
//! A case is a file: an exchange as in `fixtures/README.md`, a line `### content`, and the JSON of each attribute. Exchanges
//! of the fixtures have a file of their name that ends in `.content`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::Path;

use inferspan_core::api::{Api, Overrides};
use inferspan_core::budget::Budget;
use inferspan_core::content::{Content, Redactor, Settings};
use inferspan_core::exchange::Observer;
use serde_json::{Map, Value};
use support::{Cut, Exchange};

/// Name, exchange and expected attributes of each case.
fn cases() -> Vec<(String, Exchange, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/content");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |path: &Path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(path).unwrap();
        let (exchange, content) = text.split_once("\n### content\n").unwrap_or_else(|| panic!("{name}"));
        let content = serde_json::from_str(content).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name.clone(), Exchange::parse(exchange, &name), content)
    };
    let fixtures = support::cases().into_iter().filter(|case| case.name.ends_with(".http"));
    let fixtures = fixtures.filter_map(|case| {
        let text = fs::read_to_string(support::folder().join(&case.name).with_extension("content")).ok()?;
        let content = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        Some((case.name, case.exchange, content))
    });
    files.iter().map(|path| read(path)).chain(fixtures).collect()
}

fn observer(settings: Settings) -> Observer {
    Observer::new(Overrides::default(), Budget::default()).with_content(Some(settings))
}

fn attributes(content: Option<&Content>) -> Value {
    let attributes = content.into_iter().flat_map(Content::attributes);
    let parsed = attributes.map(|(name, json)| {
        (name.to_owned(), serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}")))
    });
    Value::Object(parsed.collect::<Map<_, _>>())
}

#[test]
fn every_format_gives_what_its_sdk_would() {
    let observer = observer(Settings { redactor: Redactor::default(), ..Settings::default() });
    let mut wrong = String::new();
    let cases = cases();
    assert!(cases.len() > 120, "the cases are not found");
    let api = |exchange: &Exchange| exchange.observe(&observer, Cut::Whole).map(|call| call.api);
    let covered: Vec<_> = cases.iter().filter_map(|(_, exchange, _)| api(exchange)).collect();
    for known in Api::ALL {
        let told = covered.contains(known) != NO_TEXT.contains(known);
        assert!(told, "{}: what is its content?", known.name());
    }
    for (name, exchange, expected) in cases {
        for cut in [Cut::Whole, Cut::Every(1), Cut::Every(7), Cut::Random(1), Cut::Random(2)] {
            let call = exchange.observe(&observer, cut).unwrap_or_else(|| panic!("{name}: no call"));
            let seen = attributes(call.content.as_deref());
            if seen != expected {
                wrong.push_str(&format!("\n{name} ({cut:?})\n  expected {expected}\n  actual   {seen}\n"));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Formats of which nothing is captured: a rerank's documents are no messages.
const NO_TEXT: &[Api] = &[Api::Rerank];

#[test]
fn content_that_the_budget_has_no_memory_for_is_counted() {
    let text = "POST https://api.openai.com/v1/chat/completions\ncontent-type: application/json\n\n\
                {\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}\n###\nHTTP 200\n\
                content-type: application/json\n\n\
                {\"choices\":[{\"index\":0,\"message\":{\"content\":\"Ho\"},\"finish_reason\":\"stop\"}]}";
    let exchange = Exchange::parse(text, "small");
    // There is memory to read both bodies, and none to capture what they say.
    for (memory, losses, told) in [(1 << 20, 0, 2), (20 << 10, 2, 0)] {
        let settings = Settings { bytes: 64 << 10, ..Settings::default() };
        let budget = Budget::new(memory);
        let observer = Observer::new(Overrides::default(), budget).with_content(Some(settings));
        let call = exchange.observe(&observer, Cut::Whole).unwrap();
        assert_eq!(call.losses.unbudgeted_bodies, losses, "{memory}");
        assert_eq!(call.content.map_or(0, |content| content.attributes().count()), told, "{memory}");
        assert_eq!(call.response.finish_reasons, ["stop"], "the facts are read");
    }
}

/// The content of an OpenAI chat with these messages, and these deltas of an answer.
fn chat(settings: Settings, messages: &str, deltas: &[&str], end: &str) -> Content {
    let events = deltas.iter().map(|delta| {
        let delta = serde_json::to_string(delta).unwrap();
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{delta}}}}}]}}\n\n")
    });
    let events = events.collect::<String>();
    let text = format!(
        "POST https://api.openai.com/v1/chat/completions\ncontent-type: application/json\n\n\
         {{\"model\":\"m\",\"stream\":true,\"messages\":{messages}}}\n###\nHTTP 200\n\
         content-type: text/event-stream\n\n{events}{end}"
    );
    let call = Exchange::parse(&text, "chat").observe(&observer(settings), Cut::Whole).unwrap();
    *call.content.unwrap()
}

const STOP: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

/// The only text of the answer.
fn answered(content: &Content) -> String {
    let messages: Value = serde_json::from_str(content.output_messages.as_deref().unwrap()).unwrap();
    messages[0]["parts"][0]["content"].as_str().unwrap().to_owned()
}

#[test]
fn a_secret_is_found_across_deltas() {
    let secret = "mail jane.roe@example.com, card 4111 1111 1111 1111, key sk-proj-abcdefghij0123456789 end";
    let bytes: Vec<String> = secret.chars().map(String::from).collect();
    let bytes: Vec<&str> = bytes.iter().map(String::as_str).collect();
    for at in 0..secret.len() {
        let content = chat(Settings::default(), "[]", &[&secret[..at], &secret[at..]], STOP);
        let expected = "mail [REDACTED:email], card [REDACTED:credit_card], key [REDACTED:api_key] end";
        assert_eq!((answered(&content).as_str(), content.redactions), (expected, 3), "{at}");
    }
    assert_eq!(chat(Settings::default(), "[]", &bytes, STOP).redactions, 3, "a byte at a time");
}

#[test]
fn a_secret_that_the_bound_cuts_leaves_no_beginning() {
    let secrets =
        ["sk-proj-abcdefghij0123456789", "jane.roe@example.com", "4111 1111 1111 1111", "hunter2 EMP 123456"];
    for secret in secrets {
        for filler in 300..760 {
            let text = format!("{} {secret} and more, and more, and more", "x".repeat(filler));
            let messages = format!(r#"[{{"role":"user","content":"{text}"}}]"#);
            let patterns = vec![inferspan_core::content::Pattern::new("hunter2 EMP [0-9]{6}").unwrap()];
            let kinds = inferspan_core::content::Secret::ALL.to_vec();
            let redactor = Redactor::new(kinds, patterns, Vec::new());
            let settings = Settings { bytes: 1024, redactor, ..Settings::default() };
            let content = chat(settings, &messages, &[&text], STOP);
            for (name, json) in content.attributes() {
                for beginning in ["sk-", "jane", "4111", "hunter"] {
                    assert!(!json.contains(beginning), "{name} {filler}: {json}");
                }
            }
        }
    }
}

#[test]
fn what_breaks_off_shows_no_beginning_of_a_secret() {
    let content = chat(Settings::default(), "[]", &["Your key is ", "sk-pro"], "");
    assert_eq!(answered(&content), "Your key is…[truncated]");
}

#[test]
fn members_of_some_names_are_not_shown() {
    let messages = r#"[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"login",
        "arguments":"{\"user\":\"ann\",\"Password\":\"hunter2\",\"deep\":[{\"token\":{\"a\":1}}]}"}}]},
        {"role":"tool","tool_call_id":"c","content":"{\"password\":\"hunter2\",\"ok\":true}"}]"#;
    let fields = vec!["password".to_owned(), "token".to_owned()];
    let redactor = Redactor::new(Vec::new(), Vec::new(), fields);
    let content = chat(Settings { redactor, ..Settings::default() }, messages, &["Done."], STOP);
    let expected = r#"[{"role":"assistant","parts":[{"type":"tool_call","id":"c","name":"login","arguments":{"user":"ann","Password":"[REDACTED:field]","deep":[{"token":"[REDACTED:field]"}]}}]},{"role":"tool","parts":[{"type":"tool_call_response","id":"c","response":{"password":"[REDACTED:field]","ok":true}}]}]"#;
    assert_eq!(content.input_messages.as_deref(), Some(expected));
    assert_eq!(content.redactions, 3);
}

#[test]
fn what_is_cut_is_json_and_says_so() {
    let long = "word ".repeat(10_000);
    let content =
        chat(Settings::default(), &format!(r#"[{{"role":"user","content":"{long}"}}]"#), &[&long], STOP);
    for (name, json) in content.attributes() {
        let messages: Value = serde_json::from_str(json).unwrap();
        let text = messages[0]["parts"][0]["content"].as_str().unwrap();
        assert!(text.ends_with("word…[truncated]"), "{name}: {text}");
        assert!(text.len() > 3000 && json.len() <= 16 << 10, "{name}: {}", json.len());
    }
    assert!(content.truncated >= 2, "{}", content.truncated);
}

#[test]
fn of_a_long_conversation_the_newest_messages_stay() {
    let messages: Vec<String> =
        (0..2000).map(|n| format!(r#"{{"role":"user","content":"This is message number {n}."}}"#)).collect();
    let content = chat(Settings::default(), &format!("[{}]", messages.join(",")), &["Ok."], STOP);
    let told: Value = serde_json::from_str(content.input_messages.as_deref().unwrap()).unwrap();
    let told = told.as_array().unwrap();
    let text = |message: &Value| message["parts"][0]["content"].as_str().unwrap().to_owned();
    assert_eq!(text(told.last().unwrap()), "This is message number 1999.");
    assert!(told.len() > 40, "{}", told.len());
    assert_eq!(text(&told[0]), format!("This is message number {}.", 2000 - told.len()));
    assert!(content.truncated as usize >= 2000 - told.len());
}

#[test]
fn only_what_is_asked_for_is_captured() {
    let off = Settings {
        system_instructions: false,
        input_messages: false,
        output_messages: false,
        tool_definitions: false,
        tool_calls: false,
        ..Settings::default()
    };
    let messages = r#"[{"role":"system","content":"S"},{"role":"user","content":"U"},{"role":"assistant","tool_calls":[
        {"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},
        {"role":"tool","tool_call_id":"c","content":"secret"}]"#;
    let content = chat(Settings { input_messages: true, ..off.clone() }, messages, &["Ok."], STOP);
    let expected = r#"[{"role":"user","parts":[{"type":"text","content":"U"}]},{"role":"assistant","parts":[{"type":"tool_call","id":"c","name":"f"}]},{"role":"tool","parts":[{"type":"tool_call_response","id":"c","response":""}]}]"#;
    let told: Vec<_> = content.attributes().collect();
    assert_eq!(told, [("gen_ai.input.messages", expected)]);
    let content = chat(Settings { output_messages: true, ..off }, messages, &["Ok."], STOP);
    assert_eq!(content.attributes().count(), 1);
    assert_eq!(answered(&content), "Ok.");
}

#[test]
fn facts_are_the_same_with_content_and_without() {
    for case in support::cases() {
        let without = case.exchange.observe(&Observer::default(), Cut::Whole);
        let with = case.exchange.observe(&observer(Settings::default()), Cut::Whole);
        let with = with.map(|mut call| {
            call.content = None;
            call
        });
        assert_eq!(with, without, "{}", case.name);
    }
}
