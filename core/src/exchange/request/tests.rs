use proptest::prelude::*;

use crate::call::{Call, End, Losses, Request};
use crate::exchange::Observer;
use crate::headers::Headers;
use crate::time::UnixNanos;

/// On the host of a provider that has paths of all kinds.
fn call_with(path: &str, headers: &[(&str, &str)], chunks: &[&[u8]]) -> Option<Call> {
    let mut pairs: Vec<(&[u8], &[u8])> =
        vec![(b":method", b"POST"), (b":authority", b"api.deepinfra.com"), (b":path", path.as_bytes())];
    pairs.extend(headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())));
    let observer = Observer::default();
    let mut exchange = observer.begin(&Headers::new(&pairs), UnixNanos(0))?;
    for chunk in chunks {
        exchange.request_body(chunk, UnixNanos(0));
    }
    exchange.request_end(UnixNanos(0));
    exchange.finish(End::Unknown, UnixNanos(0))
}

fn call(path: &str, body: &str) -> Call {
    call_with(path, &[("content-type", "application/json")], &[body.as_bytes()]).unwrap()
}

fn request(path: &str, body: &str) -> Request {
    call(path, body).request
}

const CHAT: &str = "/v1/chat/completions";
const COMPLETIONS: &str = "/v1/completions";
const EMBEDDINGS: &str = "/v1/embeddings";

#[test]
fn messages_are_counted_by_what_they_are() {
    let count = |path: &str, body: &str| request(path, body).message_count;
    assert_eq!(count(CHAT, r#"{"messages":[{"role":"system"},{"role":"user"}]}"#), Some(2));
    assert_eq!(count(CHAT, r#"{"messages":[]}"#), None);
    assert_eq!(count(CHAT, r#"{"messages":null}"#), None);
    assert_eq!(count(COMPLETIONS, r#"{"prompt":"a"}"#), Some(1));
    assert_eq!(count(COMPLETIONS, r#"{"prompt":""}"#), Some(1));
    assert_eq!(count(COMPLETIONS, r#"{"prompt":["a","b","c"]}"#), Some(3));
    assert_eq!(count(COMPLETIONS, r#"{"prompt":[1,2,3]}"#), Some(1));
    assert_eq!(count(COMPLETIONS, r#"{"prompt":[[1,2],[3]]}"#), Some(2));
    assert_eq!(count(EMBEDDINGS, r#"{"input":["a","b"],"model":"m"}"#), Some(2));
    assert_eq!(count("/v1/responses", r#"{"input":"a"}"#), Some(1));
    assert_eq!(count("/v1/responses", r#"{"prompt":{"id":"p"}}"#), None);
    assert_eq!(count("/cohere/v1/chat", r#"{"message":"a"}"#), Some(1));
    assert_eq!(count("/cohere/v1/chat", r#"{"chat_history":[{},{}],"message":"a"}"#), Some(3));
    assert_eq!(count("/model/m/invoke", r#"{"chat_history":[{},{}],"message":"a"}"#), Some(3));
    assert_eq!(count("/model/amazon.titan-embed/invoke", r#"{"inputText":"a"}"#), Some(1));
    assert_eq!(count("/v1/models/m:countTokens", r#"{"generateContentRequest":{"contents":[{}]}}"#), Some(1));
    assert_eq!(count("/model/m/count-tokens", r#"{"input":{"invokeModel":{"body":"e30="}}}"#), None);
    assert_eq!(count("/v1/models/m:embedContent", r#"{"content":{"parts":[]}}"#), Some(1));
    assert_eq!(count("/v2/rerank", r#"{"query":"a","documents":["b"]}"#), None);
}

#[test]
fn a_form_of_thousands_of_parts_is_read_no_further() {
    let form = |parts: usize| {
        let part = "Content-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b\r\n";
        let body = format!("--b\r\n{}", part.repeat(parts));
        let content_type = [("content-type", "multipart/form-data; boundary=b")];
        let call = |chunks: &[&[u8]]| call_with("/v1/audio/transcriptions", &content_type, chunks).unwrap();
        let whole = call(&[body.as_bytes()]);
        assert_eq!(whole, call(&body.as_bytes().chunks(1000).collect::<Vec<_>>()));
        assert_eq!(whole.request.model.as_deref(), Some("whisper-1"));
        whole.losses.excessive_bodies
    };
    assert_eq!(form(2_700), 0);
    assert_eq!(form(10_000), 1);
}

#[test]
fn parameters_belong_to_generation_alone() {
    let body =
        r#"{"model":"m","input":["a"],"temperature":1,"max_tokens":5,"n":2,"stop":"x","top_k":3,"seed":1}"#;
    assert_eq!(
        request(EMBEDDINGS, body),
        Request {
            model: Some("m".to_owned()),
            message_count: Some(1),
            body_bytes: body.len() as u64,
            ..Request::default()
        }
    );
    assert_eq!(request("/v2/rerank", r#"{"query":"a","top_k":3,"top_n":1}"#).top_k, None);
    let image = request("/v1/images/generations", r#"{"prompt":"a","n":2,"temperature":1}"#);
    assert_eq!((image.choice_count, image.temperature), (Some(2), None));
    // Where one table serves all operations they are read, whatever is asked for.
    let image = request("/model/stability.sd3/invoke", r#"{"prompt":"a","temperature":1,"seed":3}"#);
    assert_eq!((image.temperature, image.seed), (None, None));
}

#[test]
fn only_numbers_are_numbers() {
    let request =
        request(CHAT, r#"{"temperature":"1","top_p":null,"presence_penalty":{"scale":1},"seed":1e400}"#);
    assert_eq!(
        (request.temperature, request.top_p, request.presence_penalty, request.seed),
        (None, None, None, None)
    );
}

#[test]
fn what_is_kept_is_bounded() {
    let text = "x".repeat(5000);
    let stops = format!("\"{text}\",").repeat(100);
    let tools = format!("{{\"function\":{{\"name\":\"{text}\"}}}},").repeat(100);
    let body = format!(
        r#"{{"model":"{text}","stop":[{}],"tools":[{}]}}"#,
        stops.trim_end_matches(','),
        tools.trim_end_matches(',')
    );
    let call = call(CHAT, &body);
    assert_eq!(call.request.model.map(|model| model.len()), Some(256));
    assert_eq!(call.request.stop_sequences.len(), 4);
    assert!(call.request.stop_sequences.iter().all(|stop| stop.len() == 128));
    assert_eq!((call.request.tool_count, call.request.tool_names.len()), (Some(100), 12));
    assert!(call.request.tool_names.iter().all(|name| name.len() == 128));
    assert_eq!(call.losses, Losses { truncated_values: 201, ..Losses::default() });
}

#[test]
fn a_cut_falls_between_characters() {
    let model = "é".repeat(300);
    assert_eq!(
        request(CHAT, &format!(r#"{{"model":"a{model}"}}"#)).model,
        Some(format!("a{}", "é".repeat(127)))
    );
}

#[test]
fn a_body_cut_short_gives_what_was_seen() {
    let body = br#"{"model":"m","temperature":0.5,"messages":[{"role":"user","content":"a"},{"#;
    let call = call_with(CHAT, &[("content-type", "application/json")], &[body]).unwrap();
    assert_eq!((call.request.model.as_deref(), call.request.temperature), (Some("m"), Some(0.5)));
    assert_eq!((call.request.message_count, call.losses.malformed_messages), (None, 1));
}

#[test]
fn bodies_that_cannot_be_read_are_counted() {
    let losses = |headers: &[(&str, &str)], body: &[u8]| call_with(CHAT, headers, &[body]).unwrap().losses;
    let json = ("content-type", "application/json");
    let none = Losses::default();
    assert_eq!(losses(&[json], b"{]"), Losses { malformed_messages: 1, ..none });
    assert_eq!(losses(&[json], b""), none);
    assert_eq!(losses(&[("content-type", "audio/mpeg")], b"ID3"), Losses { unread_bodies: 1, ..none });
    assert_eq!(
        losses(&[json, ("content-encoding", "rot13")], b"{}"),
        Losses { mislabelled_bodies: 1, ..none }
    );
    assert_eq!(
        losses(&[json, ("content-encoding", "gzip")], b"{}"),
        Losses { mislabelled_bodies: 1, ..none }
    );
    assert_eq!(
        losses(&[json, ("content-encoding", "gzip")], b"\x1f\x8b\x08"),
        Losses { undecoded_bodies: 1, ..none }
    );
}

#[test]
fn sdks_that_name_no_type_send_json() {
    let call = call_with("/model/m/invoke", &[], &[br#"{"prompt":"a","max_gen_len":3}"#]).unwrap();
    assert_eq!((call.operation.name(), call.request.max_tokens), ("text_completion", Some(3)));
}

#[test]
fn headers_name_sessions_and_guardrails() {
    let headers = [
        ("content-type", "application/json"),
        ("x-session-id", "s1"),
        ("session_id", "s2"),
        ("x-amzn-bedrock-guardrailidentifier", "g"),
    ];
    let body: &[u8] = br#"{"prompt":"a"}"#;
    let request = call_with("/model/m/invoke", &headers, &[body]).unwrap().request;
    assert_eq!((request.session_id.as_deref(), request.guardrail_id.as_deref()), (Some("s1"), Some("g")));
}

/// Members that tell the same facts several times over.
const COMPETING: &[&str] = &[
    r#""max_tokens":1"#,
    r#""max_completion_tokens":2"#,
    r#""max_output_tokens":3"#,
    r#""stop":["a","b"]"#,
    r#""stop_sequences":["c"]"#,
    r#""reasoning":{"effort":"low","max_tokens":4}"#,
    r#""reasoning_effort":"high""#,
    r#""temperature":0.5"#,
    r#""top_p":null"#,
    r#""topP":0.25"#,
    r#""messages":[{},{}]"#,
    r#""session_id":"s""#,
    r#""litellm_session_id":"t""#,
    r#""response_format":{"type":"json_object"}"#,
    r#""modalities":["text","audio"]"#,
];

proptest! {
    #[test]
    fn the_order_of_members_does_not_matter(members in Just(COMPETING.to_vec()).prop_shuffle(), cut in 1_usize..50) {
        let body = format!("{{{}}}", members.join(","));
        let chunks: Vec<&[u8]> = body.as_bytes().chunks(cut).collect();
        let call = call_with(CHAT, &[], &chunks).unwrap();
        prop_assert_eq!(call.request, Request {
            max_tokens: Some(2),
            stop_sequences: vec!["a".to_owned(), "b".to_owned()],
            reasoning_level: Some("high".to_owned()),
            thinking_budget: Some(4),
            temperature: Some(0.5),
            top_p: Some(0.25),
            message_count: Some(2),
            session_id: Some("s".to_owned()),
            output_type: Some("speech"),
            body_bytes: body.len() as u64,
            ..Request::default()
        });
    }
}
