//! What to set so that a client of some provider talks to us.

use std::net::SocketAddr;

use host_test::rig::config::Upstream;

/// An environment variable that clients of a provider read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    pub(crate) variable: &'static str,
    pub(crate) value: String,
    /// What the user should know besides.
    pub(crate) note: Option<&'static str>,
}

/// The variable that the provider's own client library reads its base URL from, or OpenAI's, which is the most
/// widely understood. Of several upstreams each has its name as the first segment of its paths.
pub(crate) fn of(upstream: &Upstream, address: SocketAddr, name: &str) -> Hint {
    let host = upstream.host.as_str();
    let known = KNOWN.iter().find(|known| known.is(host, upstream.port));
    let (variable, path, note) = match known {
        Some(known) => (known.variable, known.path, known.note),
        None => ("OPENAI_BASE_URL", "/v1", None),
    };
    // A path in the upstream's URL is the base path there, and so it is here.
    let path = if upstream.path.is_empty() { path } else { upstream.path.as_str() };
    let address = match address {
        any if any.ip().is_unspecified() => SocketAddr::from(([127, 0, 0, 1], any.port())),
        address => address,
    };
    let name = if name.is_empty() { String::new() } else { format!("/{name}") };
    Hint { variable, value: format!("http://{address}{name}{path}"), note }
}

struct Known {
    /// The host, or after a `*` what it ends with.
    host: &'static str,
    /// The port, or 0 for any.
    port: u16,
    variable: &'static str,
    /// What the base URL holds besides the origin.
    path: &'static str,
    note: Option<&'static str>,
}

impl Known {
    const fn new(host: &'static str, variable: &'static str, path: &'static str) -> Self {
        Self { host, port: 0, variable, path, note: None }
    }

    fn is(&self, host: &str, port: u16) -> bool {
        let host_fits = match self.host.strip_prefix('*') {
            Some(end) => host.ends_with(end),
            None => host == self.host,
        };
        host_fits && (self.port == 0 || port == self.port)
    }
}

const KNOWN: &[Known] = &[
    Known::new("api.openai.com", "OPENAI_BASE_URL", "/v1"),
    Known::new("api.anthropic.com", "ANTHROPIC_BASE_URL", ""),
    Known::new("*.openai.azure.com", "AZURE_OPENAI_ENDPOINT", ""),
    Known::new("generativelanguage.googleapis.com", "GOOGLE_GEMINI_BASE_URL", ""),
    Known::new("aiplatform.googleapis.com", "GOOGLE_VERTEX_BASE_URL", ""),
    Known::new("*-aiplatform.googleapis.com", "GOOGLE_VERTEX_BASE_URL", ""),
    Known::new("api.cohere.com", "CO_API_URL", ""),
    Known::new("api.groq.com", "GROQ_BASE_URL", ""),
    Known::new("api.together.xyz", "TOGETHER_BASE_URL", "/v1"),
    Known::new("api.replicate.com", "REPLICATE_API_BASE_URL", ""),
    Known::new("openrouter.ai", "OPENAI_BASE_URL", "/api/v1"),
    Known {
        note: Some(
            "Bedrock signs the Host that the client knows: calls signed for this address are refused there.",
        ),
        ..Known::new("*.amazonaws.com", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "")
    },
    Known { port: 11434, ..Known::new("*", "OLLAMA_HOST", "") },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_provider_has_its_variable() {
        let cases = [
            ("https://api.openai.com", "OPENAI_BASE_URL=http://127.0.0.1:8080/v1"),
            ("https://api.openai.com/v1", "OPENAI_BASE_URL=http://127.0.0.1:8080/v1"),
            ("https://api.anthropic.com", "ANTHROPIC_BASE_URL=http://127.0.0.1:8080"),
            ("https://me.openai.azure.com", "AZURE_OPENAI_ENDPOINT=http://127.0.0.1:8080"),
            ("http://localhost:11434", "OLLAMA_HOST=http://127.0.0.1:8080"),
            ("https://openrouter.ai", "OPENAI_BASE_URL=http://127.0.0.1:8080/api/v1"),
            ("http://127.0.0.1:8000", "OPENAI_BASE_URL=http://127.0.0.1:8080/v1"),
        ];
        for (upstream, expected) in cases {
            let upstream: Upstream = upstream.parse().unwrap();
            let hint = of(&upstream, "0.0.0.0:8080".parse().unwrap(), "");
            let named = of(&upstream, "0.0.0.0:8080".parse().unwrap(), "n");
            assert_eq!(named.value, hint.value.replace(":8080", ":8080/n"));
            assert_eq!(format!("{}={}", hint.variable, hint.value), expected, "{upstream}");
        }
    }
}
