//! What the filter takes each request for, and why one makes no span.
//!
//! Envoy writes a line for each request into its log; what the filter makes of the request's headers is asked of its
//! own core. Where the bodies showed that it was no call after all, the filter itself says why, at level debug.

use std::sync::OnceLock;

use inferspan_core::api::{Overrides, detect};
use inferspan_core::headers::Headers;
use inferspan_replay::NoCall;
use serde_json::{Value, json};

use super::of_filter;

/// Begins to explain. What is to be called with each line of Envoy's log.
pub(super) fn begin(overrides: Overrides) -> fn(&str) {
    // There is one `up` in a process.
    let _ = OVERRIDES.set(overrides);
    log
}

/// Has Envoy tell of each request.
pub(super) fn add_to(bootstrap: &mut Value) {
    let managers =
        bootstrap.pointer_mut("/static_resources/listeners/0/filter_chains/0/filters/0/typed_config");
    if let Some(Value::Object(manager)) = managers {
        let access = json!([{
            "name": "stderr",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StderrAccessLog",
                "log_format": { "json_format": {
                    MARK: true,
                    "method": "%REQ(:METHOD)%", "path": "%REQ(:PATH)%", "authority": "%REQ(:AUTHORITY)%",
                    "scheme": "%REQ(:SCHEME)%", "type": "%REQ(CONTENT-TYPE)%", "status": "%RESPONSE_CODE%",
                } },
            },
        }]);
        manager.insert("access_log".to_owned(), access);
    }
}

/// Passes on what Envoy or the filter in it logs: each line begins with its level, but for those of requests.
fn log(line: &str) {
    if let Some(request) = serde_json::from_str::<Value>(line).ok().filter(|line| line.get(MARK).is_some()) {
        eprintln!("{}", of_request(&request, OVERRIDES.get().unwrap_or(&Overrides::default())));
        return;
    }
    let (level, text) = line.split_once(' ').unwrap_or_default();
    match of_filter(text) {
        Some(said) if level == "debug" => eprintln!("  {said}"),
        Some(said) => eprintln!("{said}"),
        // What Envoy itself has to say of its VMs is no news.
        None if matches!(level, "trace" | "debug" | "info") => {}
        None => eprintln!("envoy: {line}"),
    }
}

/// `POST /v1/files → 200: no call: …`
fn of_request(request: &Value, overrides: &Overrides) -> String {
    let text = |key: &str| request.get(key).and_then(Value::as_str).unwrap_or_default();
    let (method, path) = (text("method"), text("path"));
    let headers = [
        (":method", method),
        (":scheme", text("scheme")),
        (":authority", text("authority")),
        (":path", path),
        ("content-type", text("type")),
    ];
    let headers = headers.map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let taken_for = match detect(&Headers::new(&headers), overrides, &()) {
        Some(call) => format!("{}, by {}", call.api.name(), call.provider),
        None => NoCall::of_method(method.as_bytes()).reason().to_owned(),
    };
    // A query may hold a key.
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let status = match request.get("status") {
        Some(Value::Number(status)) if status.as_u64() != Some(0) => format!(" → {status}"),
        Some(Value::String(status)) if status != "0" => format!(" → {status}"),
        _ => String::new(),
    };
    format!("{method} {path}{status}: {taken_for}")
}

static OVERRIDES: OnceLock<Overrides> = OnceLock::new();

/// Tells a line of a request from others.
const MARK: &str = "inferspan_up";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_is_explained() {
        for (method, path, said) in [
            ("POST", "/v1/chat/completions?key=k", "POST /v1/chat/completions → 200: openai_chat, by openai"),
            ("GET", "/v1/models", "GET /v1/models → 200: no call: every call is a POST"),
            ("POST", "/v1/files", "POST /v1/files → 200: no call: no LLM API has this path, "),
        ] {
            let request = json!({
                "method": method, "path": path, "authority": "api.openai.com", "scheme": "https", "type": null,
                "status": 200,
            });
            let line = of_request(&request, &Overrides::default());
            assert!(line.starts_with(said), "{line}");
        }
    }
}
