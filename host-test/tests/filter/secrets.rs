//! Nothing sensitive leaves by default: no key, cookie, query, prompt or answer in any byte that the filter sends, logs or
//! counts, whatever becomes of the exchange.

use std::fs;
use std::path::Path;
use std::time::Duration;

use host_test::build;
use host_test::sim::{Break, Proxy, Reply, Script};
use serde_json::Value;

use crate::framing;
use crate::world::proxy;

/// What must not be seen again.
const SECRET: &str = "hunter2";

/// Calls that carry the secret wherever a client or an upstream may put one.
fn calls() -> Vec<Script> {
    let mut calls = Vec::new();
    for framing in framing::all() {
        let secretive = |script: Script| with_secrets(script, framing.name);
        calls.push(secretive(framing.whole.clone()));
        calls.extend(framing.error_inside.clone().map(secretive));
        calls.push(secretive(framing.whole.clone().breaks(Break::ClientLeaves, framing.beginning)));
        calls.push(secretive(framing.whole.clone().breaks_before_response(Break::TimesOut)));
        // Providers quote what was wrong.
        let quoting = format!(
            r#"{{"error":{{"message":"Incorrect API key provided: {SECRET}. Your prompt '{SECRET}' was refused",
               "type":"invalid_request_error","param":"messages.{SECRET}","code":"invalid_api_key"}}}}"#
        );
        calls.push(secretive(framing.whole.clone().respond(401, "application/json", quoting)));
        calls.push(secretive(framing.whole.clone().respond(502, "text/html", format!("<p>{SECRET}</p>"))));
        calls.push(secretive(framing.whole.clone().respond(
            200,
            "application/json",
            format!("{{\"{SECRET}\":["),
        )));
    }
    let chat = |body: &str, answer: &str| {
        with_secrets(framing::json().whole.respond(200, "application/json", answer), "chat").with_body(body)
    };
    calls.push(chat(
        r#"{"model":"gpt-4o","messages":[{"role":"system","content":"hunter2"},{"role":"user","content":[
            {"type":"text","text":"hunter2"},{"type":"image_url","image_url":{"url":"https://x/?sig=hunter2"}}]}],
            "tools":[{"type":"function","function":{"name":"f","description":"hunter2","parameters":{"a":"hunter2"}}}],
            "tool_choice":{"type":"function","function":{"name":"hunter2"}},"user":"hunter2",
            "metadata":{"k":"hunter2"},"logit_bias":{"hunter2":1},"safety_identifier":"hunter2"}"#,
        r#"{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"hunter2","refusal":"hunter2",
            "reasoning_content":"hunter2","tool_calls":[{"id":"t","type":"function","function":{"name":"f",
            "arguments":"{\"a\":\"hunter2\"}"}}]},"logprobs":{"content":[{"token":"hunter2"}]},
            "finish_reason":"tool_calls"}]}"#,
    ));
    let responses =
        r#"{"model":"gpt-4o","input":"hunter2","instructions":"hunter2","metadata":{"a":"hunter2"}}"#;
    calls.push(
        with_secrets(Script::post("/v1/responses", responses), "responses")
            .request_header(":authority", "api.openai.com")
            .respond(
                200,
                "application/json",
                r#"{"id":"r","status":"completed","instructions":"hunter2","output":[{"type":"message","content":[
                    {"type":"output_text","text":"hunter2"}]},{"type":"function_call","name":"f","call_id":"c",
                    "arguments":"hunter2"}],"usage":{"input_tokens":1,"output_tokens":1}}"#,
            ),
    );
    calls
}

/// The script with the secret in its headers, its query, its messages and its trace state's neighbours.
fn with_secrets(script: Script, name: &str) -> Script {
    let path = script.request.headers.get_str(":path").unwrap().to_owned();
    let mut script =
        script.named(name).request_header(":path", format!("{path}?key={SECRET}&api-version=1#{SECRET}"));
    for header in [
        "authorization",
        "proxy-authorization",
        "x-api-key",
        "api-key",
        "x-goog-api-key",
        "cookie",
        "x-amz-security-token",
        "cf-aig-authorization",
        "openai-organization",
        "openai-project",
        "referer",
        "x-forwarded-for",
        "x-unknown",
    ] {
        script = script.request_header(header, format!("Bearer {SECRET}"));
    }
    for header in ["set-cookie", "www-authenticate", "location", "x-unknown", "openai-organization"] {
        script = script.response_header(header, format!("k={SECRET}"));
    }
    let hidden = |body: &mut Vec<u8>| {
        if let Ok(text) = str::from_utf8(body) {
            *body = text.replace("Why?", SECRET).replace("Because.", SECRET).into_bytes();
        }
    };
    hidden(&mut script.request.body);
    hidden(&mut script.response.body);
    script
}

trait WithBody {
    fn with_body(self, body: &str) -> Self;
}

impl WithBody for Script {
    fn with_body(mut self, body: &str) -> Self {
        self.request.body = body.as_bytes().to_vec();
        self
    }
}

/// Everything that the filter let out.
fn leaves_nothing(proxy: &Proxy, what: &str) {
    let holds = |bytes: &[u8]| bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
    for callout in proxy.callouts().iter() {
        assert!(!holds(&callout.body), "{what}: {}", String::from_utf8_lossy(&callout.body));
        assert!(!callout.headers.iter().any(|(name, value)| holds(name) || holds(value)), "{what}");
    }
    for line in proxy.logs() {
        assert!(!holds(line.text.as_bytes()), "{what}: {}", line.text);
    }
    assert!(!proxy.counters().keys().any(|name| holds(name.as_bytes())), "{what}");
}

#[test]
fn no_export_log_line_or_counter_tells_a_secret() {
    let mut spans = 0;
    for reply in [Reply::status(200), Reply::status(401), Reply::refused()] {
        for script in calls() {
            let mut proxy = proxy().cluster("otel_collector", reply.clone()).start().unwrap();
            proxy.run(&script).unwrap();
            proxy.advance(Duration::from_secs(5)).unwrap();
            leaves_nothing(&proxy, &script.name);
            spans += usize::from(!proxy.callouts().is_empty());
        }
    }
    assert_eq!(spans, 3 * calls().len(), "each of them is told of");
}

/// Every signal, name and event that there is, as JSON, in which a text shows as it is.
const EVERYTHING: &str = r#"{
    "otlp": { "signals": ["traces", "metrics", "logs"], "protocol": "http/json" },
    "metrics": { "interval_ms": 1000 },
    "logs": { "events": ["inference_details", "exceptions", "cost_threshold"] },
    "semconv": {
        "version": ["1.36.0", "1.41.0", "1.42.0-dev", "next"],
        "vocabularies": ["gen_ai", "openinference", "llm"]
    },
    "console": "all",
    "filter_state": ["provider", "operation", "model", "request_model", "input_tokens", "output_tokens",
        "total_tokens", "cost_usd", "outcome", "error_type", "time_to_first_token_ms"],
    "prices": [{ "model": "*", "usd_per_million": { "input": 1, "output": 1 } }],
    "cost": { "threshold_usd": 0 }
}"#;

#[test]
fn no_signal_in_any_vocabulary_tells_a_secret() {
    for script in calls() {
        let mut proxy = proxy().configuration(EVERYTHING).start().unwrap();
        let stream = proxy.run(&script).unwrap();
        proxy.advance(Duration::from_secs(5)).unwrap();
        leaves_nothing(&proxy, &script.name);
        let state = proxy.exchange(stream).filter_state();
        assert!(state.contains_key("inferspan.outcome"), "{}", script.name);
        assert!(proxy.logs().iter().any(|line| line.text.starts_with('{')), "{}", script.name);
        for (name, value) in state {
            let value = String::from_utf8_lossy(&value);
            assert!(!name.contains(SECRET) && !value.contains(SECRET), "{}: {name}={value}", script.name);
        }
        let callouts = proxy.callouts();
        for path in ["/v1/traces", "/v1/metrics", "/v1/logs"] {
            let sent = callouts.iter().any(|callout| callout.headers.get_str(":path") == Some(path));
            assert!(sent, "{}: nothing at {path}", script.name);
        }
    }
}

/// Secrets as people write them, and what must not be seen of them.
const PLANTED: &[&str] = &[
    "jane.roe@example.com",
    "sk-proj-abcdefghij0123456789",
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "EMP-123456",
];

#[test]
fn what_is_captured_and_redacted_tells_no_planted_secret() {
    let configuration = r#"{
        "otlp": { "signals": ["traces", "metrics", "logs"], "protocol": "http/json" },
        "semconv": { "vocabularies": ["gen_ai", "openinference", "llm"] },
        "logs": { "events": ["inference_details", "exceptions"] },
        "content": {
            "capture": ["system_instructions", "input_messages", "output_messages", "tool_definitions", "tool_calls"],
            "on": ["spans", "logs"],
            "redact": { "patterns": ["EMP-[0-9]{6}"], "fields": ["password"] }
        }
    }"#;
    let all = PLANTED.join(", ");
    let request = format!(
        r#"{{"model":"gpt-4o","messages":[{{"role":"system","content":"Tell {all}."}},{{"role":"user","content":[
            {{"type":"text","text":"I am {all} here"}},{{"type":"image_url","image_url":{{"url":"https://x/?sig=hunter2"}}}}]}},
            {{"role":"assistant","tool_calls":[{{"id":"c","type":"function","function":{{"name":"f",
            "arguments":"{{\"password\":\"hunter2\",\"who\":\"{all}\"}}"}}}}]}}]}}"#
    );
    let answer = format!(
        r#"{{"id":"c","choices":[{{"index":0,"message":{{"role":"assistant","content":"You are {all} indeed"}},
            "finish_reason":"stop"}}]}}"#
    );
    let mut deltas = String::new();
    for delta in format!("You are {all} indeed").chars() {
        deltas.push_str(&format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{delta}\"}}}}]}}\n\n"
        ));
    }
    deltas.push_str("data: [DONE]\n\n");
    for (kind, answer) in [("application/json", answer), ("text/event-stream", deltas)] {
        let script = framing::json().whole.respond(200, kind, answer).with_body(&request);
        let script = with_secrets(script, kind).with_body(&request);
        let mut proxy = proxy().configuration(configuration).start().unwrap();
        proxy.run(&script).unwrap();
        proxy.advance(Duration::from_secs(5)).unwrap();
        leaves_nothing(&proxy, kind);
        let callouts = proxy.callouts();
        let sent: String = callouts.iter().map(|callout| String::from_utf8_lossy(&callout.body)).collect();
        for secret in PLANTED {
            assert!(!sent.contains(secret), "{kind}: {secret}");
        }
        for told in [
            "gen_ai.input.messages",
            "gen_ai.output.messages",
            "llm.input_messages.0.message.content",
            "indeed",
            "[REDACTED:email]",
        ] {
            assert!(sent.contains(told), "{kind}: {told} is not told");
        }
        let on = |path: &str| {
            let mut of = callouts.iter().filter(|callout| callout.headers.get_str(":path") == Some(path));
            of.any(|callout| String::from_utf8_lossy(&callout.body).contains("gen_ai.output.messages"))
        };
        assert!(on("/v1/traces") && on("/v1/logs"), "{kind}");
    }
}

/// The exchanges of every format's fixtures, all that is said in them replaced by this text; and whether they generate.
fn fixtures(said: &str) -> Vec<Script> {
    let folder = build::workspace().join("core/tests/fixtures");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir() && !path.ends_with("none"))
        .flat_map(|api| fs::read_dir(api).unwrap().map(|entry| entry.unwrap().path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "http"))
        .collect();
    files.sort();
    files.iter().filter_map(|path| fixture(path, said)).collect()
}

/// What stands in this file, with the secret wherever a client may put one; `None` where a body is coded or a form.
fn fixture(path: &Path, said: &str) -> Option<Script> {
    let text = fs::read_to_string(path).unwrap();
    let (request, answer) = text.split_once("\n###\n")?;
    let (head, body) = request.split_once("\n\n")?;
    let (answer_head, answer_body) = answer.split_once("\n\n")?;
    let coded = ["content-encoding", "eventstream", "multipart", "# "];
    if coded.iter().any(|mark| head.contains(mark) || answer_head.contains(mark)) {
        return None;
    }
    let mut lines = head.lines();
    let url = lines.next()?.strip_prefix("POST ")?;
    let (scheme, rest) = url.split_once("://")?;
    let (authority, target) = rest.split_at_checked(rest.find('/')?)?;
    let status = answer_head.strip_prefix("HTTP ")?.get(..3)?.parse().ok()?;
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut script = Script::post(target, with_text(body, said))
        .request_header(":scheme", scheme)
        .request_header(":authority", authority)
        .respond(status, "application/json", with_text(answer_body, said));
    for (name, value) in lines.filter_map(header) {
        script = script.request_header(&name, value);
    }
    for (name, value) in answer_head.lines().skip(1).filter_map(header) {
        script = script.response_header(&name, value);
    }
    let name =
        path.strip_prefix(build::workspace().join("core/tests/fixtures")).unwrap().display().to_string();
    Some(with_secrets(script, &name))
}

/// The body, each text in it that is said replaced: members of these names, and what stands in lists of texts.
fn with_text(body: &str, said: &str) -> String {
    let replace = |line: &str| -> String {
        let (head, json) = match line.find('{') {
            Some(at) if line.starts_with("data:") => line.split_at(at),
            _ => ("", line),
        };
        match serde_json::from_str::<Value>(json) {
            Ok(mut value) => {
                say(&mut value, said, false);
                format!("{head}{value}")
            }
            Err(_) => line.to_owned(),
        }
    };
    match serde_json::from_str::<Value>(body) {
        Ok(_) => replace(body),
        Err(_) => body.lines().map(replace).collect::<Vec<_>>().join("\n") + "\n\n",
    }
}

fn say(value: &mut Value, said: &str, is_said: bool) {
    match value {
        Value::String(text) if is_said => *text = said.to_owned(),
        Value::Array(items) => items.iter_mut().for_each(|item| say(item, said, is_said)),
        Value::Object(members) => {
            for (key, member) in members {
                say(member, said, SAID.contains(&key.as_str()));
            }
        }
        _ => {}
    }
}

/// Members that are what is said, in one format or another.
const SAID: &[&str] = &[
    "arguments",
    "args",
    "completion",
    "content",
    "data",
    "delta",
    "description",
    "generated_text",
    "generation",
    "input",
    "inputs",
    "inputText",
    "inputs",
    "instructions",
    "message",
    "outputText",
    "parameters",
    "partial_json",
    "preamble",
    "prompt",
    "query",
    "reasoning_content",
    "refusal",
    "response",
    "result",
    "system",
    "system_prompt",
    "text",
    "text_input",
    "text_output",
    "texts",
    "thinking",
    "tool_plan",
    "transcript",
    "value",
];

#[test]
fn no_format_tells_a_secret_unless_content_is_captured() {
    let mut proxy = proxy().configuration(EVERYTHING).start().unwrap();
    let scripts = fixtures(SECRET);
    assert!(scripts.len() > 150, "{}", scripts.len());
    for script in &scripts {
        let stream = proxy.run(script).unwrap();
        for (name, value) in proxy.exchange(stream).filter_state() {
            let value = String::from_utf8_lossy(&value);
            assert!(!name.contains(SECRET) && !value.contains(SECRET), "{}: {name}={value}", script.name);
        }
    }
    proxy.advance(Duration::from_secs(5)).unwrap();
    leaves_nothing(&proxy, "one of them");
    for path in ["/v1/traces", "/v1/metrics", "/v1/logs"] {
        let sent =
            proxy.callouts().iter().filter(|callout| callout.headers.get_str(":path") == Some(path)).count();
        assert!(sent > 0, "nothing at {path}");
    }
}

#[test]
fn no_format_tells_a_planted_secret_where_content_is_captured() {
    let all = PLANTED.join(", ");
    let scripts = fixtures(&format!("I am {all} indeed"));
    for version in ["1.36.0", "1.41.0", "1.42.0-dev", "next"] {
        let configuration = format!(
            r#"{{
                "otlp": {{ "signals": ["traces", "metrics", "logs"], "protocol": "http/json" }},
                "semconv": {{ "version": "{version}", "vocabularies": ["gen_ai", "openinference", "llm"] }},
                "logs": {{ "events": ["inference_details", "exceptions"] }},
                "console": "all",
                "content": {{
                    "capture":
                        ["system_instructions", "input_messages", "output_messages", "tool_definitions", "tool_calls"],
                    "on": ["spans", "logs"],
                    "redact": {{ "patterns": ["EMP-[0-9]{{6}}"] }}
                }}
            }}"#
        );
        let mut proxy = proxy().configuration(configuration).start().unwrap();
        for script in &scripts {
            proxy.run(script).unwrap();
        }
        proxy.advance(Duration::from_secs(5)).unwrap();
        leaves_nothing(&proxy, version);
        let callouts = proxy.callouts();
        let sent: String = callouts.iter().map(|callout| String::from_utf8_lossy(&callout.body)).collect();
        let logged: String = proxy.logs().iter().map(|line| line.text.as_str()).collect();
        for secret in PLANTED {
            assert!(!sent.contains(secret) && !logged.contains(secret), "{version}: {secret}");
        }
        assert!(sent.matches("[REDACTED:email]").count() > 500, "{version}: it is captured");
    }
}

#[test]
fn the_collectors_key_goes_to_the_collector_alone() {
    let configuration = format!(r#"{{"otlp":{{"headers":{{"authorization":"Bearer {SECRET}"}}}}}}"#);
    for reply in [Reply::status(200), Reply::status(401), Reply::status(503), Reply::reset()] {
        let mut proxy =
            proxy().configuration(&configuration).cluster("otel_collector", reply).start().unwrap();
        proxy.run(&framing::json().whole).unwrap();
        proxy.advance(Duration::from_secs(5)).unwrap();
        let sent = proxy.callouts()[0].clone();
        assert_eq!(sent.headers.get_str("authorization"), Some("Bearer hunter2"));
        assert!(!String::from_utf8_lossy(&sent.body).contains(SECRET));
        assert!(proxy.logs().iter().all(|line| !line.text.contains(SECRET)), "{:?}", proxy.logs());
    }
}

#[test]
fn a_configuration_that_is_refused_is_not_quoted() {
    let mut proxy = proxy().start().unwrap();
    for wrong in [
        r#"{"otlp":{"headers":"authorization=Bearer hunter2"}}"#,
        r#"{"otlp":{"headers":["hunter2"]}}"#,
        r#"{"otlp":{"headers":{"authorization":"Bearer hunter2\u0000"}}}"#,
        r#"{"otlp":{"headers":{"authorization":"Bearer hunter2"#,
    ] {
        proxy.reconfigure(wrong).unwrap_err();
        leaves_nothing(&proxy, wrong);
    }
    assert!(proxy.logs().len() >= 4, "each of them is refused with its reason");
}
