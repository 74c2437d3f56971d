//! The bytes of a file → documents, or the filter's configuration itself.

use serde_json::Value;

/// What a file is.
pub(super) enum Content {
    /// The configuration itself, whatever is wrong with it: the filter says that best.
    Bare,
    /// Resources of Envoy, Istio, Kubernetes.
    Documents(Vec<Value>),
}

/// Reads JSON, or YAML of several documents.
///
/// # Errors
/// Where it is meant to hold the filter's configuration somewhere, and cannot be read.
pub(super) fn read(bytes: &[u8]) -> Result<Content, String> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Ok(Content::Bare) };
    let text = text.trim_start_matches('\u{feff}');
    match documents(text) {
        Ok(documents) if documents.iter().any(is_around) => Ok(Content::Documents(documents)),
        Err(problem) if MARKS.iter().any(|mark| text.contains(mark)) => Err(problem),
        _ => Ok(Content::Bare),
    }
}

/// The documents in a text of YAML, or of JSON.
pub(super) fn documents(text: &str) -> Result<Vec<Value>, String> {
    if text.trim_start().starts_with(['{', '[']) {
        let one = serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}"));
        return one.map(|one| vec![one]);
    }
    serde_saphyr::from_multiple(text).map_err(|error| format!("is no YAML: {error}"))
}

/// Whether it is something around the filter's configuration.
fn is_around(document: &Value) -> bool {
    match document {
        Value::Object(object) => {
            let listed = object.get("resources").is_some_and(Value::is_array);
            listed || MARKS.iter().any(|mark| object.contains_key(*mark))
        }
        // A list of listeners, of filters, of resources.
        Value::Array(items) => items.iter().any(is_around),
        _ => false,
    }
}

/// Members that Envoy's and Kubernetes' documents have, and the filter's configuration never.
const MARKS: &[&str] = &[
    "static_resources",
    "dynamic_resources",
    "filter_chains",
    "default_filter_chain",
    "http_filters",
    "typed_config",
    "typed_extension_protocol_options",
    "@type",
    "apiVersion",
];
