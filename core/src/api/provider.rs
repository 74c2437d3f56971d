//! Who answers: from hosts to the names of providers (`gen_ai.provider.name`).
//!
//! The names are those of the registry of the OpenTelemetry GenAI conventions; where it has none, ours, in the
//! same style.

/// The provider whose host this is (no port; any case). `None` for every other host.
pub(super) fn of_host(host: &[u8], path: &[u8]) -> Option<&'static str> {
    let (_, provider) = HOSTS.iter().find(|(pattern, _)| matches_host(pattern, host))?;
    // Azure's AI Services host serves Azure OpenAI and everybody's models side by side.
    if *provider == AZURE_INFERENCE && memchr::memmem::find(path, b"/openai/").is_some() {
        return Some(AZURE_OPENAI);
    }
    Some(provider)
}

/// Whether `host` is as the pattern says: letters regardless of case, `*` (at most one) for any text.
pub(super) fn matches_host(pattern: &str, host: &[u8]) -> bool {
    let Some((start, end)) = pattern.split_once('*') else {
        return host.eq_ignore_ascii_case(pattern.as_bytes());
    };
    let starts = host.split_at_checked(start.len()).filter(|(s, _)| s.eq_ignore_ascii_case(start.as_bytes()));
    starts.is_some_and(|(_, rest)| {
        rest.len()
            .checked_sub(end.len())
            .and_then(|at| rest.get(at..))
            .is_some_and(|e| e.eq_ignore_ascii_case(end.as_bytes()))
    })
}

const AZURE_OPENAI: &str = "azure.ai.openai";
const AZURE_INFERENCE: &str = "azure.ai.inference";

/// The first pattern that fits wins.
const HOSTS: &[(&str, &str)] = &[
    ("api.openai.com", "openai"),
    ("*.api.openai.com", "openai"),
    ("*.openai.azure.com", AZURE_OPENAI),
    ("*.openai.azure.us", AZURE_OPENAI),
    ("*.cognitiveservices.azure.com", AZURE_OPENAI),
    ("*.services.ai.azure.com", AZURE_INFERENCE),
    ("models.inference.ai.azure.com", AZURE_INFERENCE),
    ("api.anthropic.com", "anthropic"),
    ("bedrock-runtime.*", "aws.bedrock"),
    ("bedrock-runtime-fips.*", "aws.bedrock"),
    ("bedrock-agent-runtime.*", "aws.bedrock"),
    ("bedrock-mantle.*.api.aws", "aws.bedrock"),
    ("generativelanguage.googleapis.com", "gcp.gemini"),
    ("aiplatform.googleapis.com", "gcp.vertex_ai"),
    ("*-aiplatform.googleapis.com", "gcp.vertex_ai"),
    ("aiplatform.*.rep.googleapis.com", "gcp.vertex_ai"),
    ("api.cohere.com", "cohere"),
    ("api.cohere.ai", "cohere"),
    ("*.mistral.ai", "mistral_ai"),
    ("api.groq.com", "groq"),
    ("api.deepseek.com", "deepseek"),
    ("api.x.ai", "x_ai"),
    ("*.api.x.ai", "x_ai"),
    ("api.perplexity.ai", "perplexity"),
    ("api.moonshot.ai", "moonshot_ai"),
    ("api.moonshot.cn", "moonshot_ai"),
    ("*.ml.cloud.ibm.com", "ibm.watsonx.ai"),
    // Not in the registry.
    ("openrouter.ai", "openrouter"),
    ("*.openrouter.ai", "openrouter"),
    ("api.together.xyz", "together_ai"),
    ("api.together.ai", "together_ai"),
    ("api.fireworks.ai", "fireworks_ai"),
    ("ollama.com", "ollama"),
    ("api.cerebras.ai", "cerebras"),
    ("router.huggingface.co", "huggingface"),
    ("api-inference.huggingface.co", "huggingface"),
    ("*.endpoints.huggingface.cloud", "huggingface"),
    ("gateway.ai.cloudflare.com", "cloudflare"),
    ("api.cloudflare.com", "cloudflare"),
    ("api.writer.com", "writer"),
    ("api.replicate.com", "replicate"),
    ("api.voyageai.com", "voyage_ai"),
    ("api.z.ai", "z_ai"),
    ("*.snowflakecomputing.com", "snowflake"),
    ("api.aleph-alpha.com", "aleph_alpha"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_providers() {
        for (host, provider) in [
            ("api.openai.com", "openai"),
            ("EU.api.OpenAI.com", "openai"),
            ("my-resource.openai.azure.com", "azure.ai.openai"),
            ("bedrock-runtime.eu-central-1.amazonaws.com", "aws.bedrock"),
            ("bedrock-runtime-fips.us-east-1.amazonaws.com", "aws.bedrock"),
            ("bedrock-mantle.us-east-1.api.aws", "aws.bedrock"),
            ("europe-west4-aiplatform.googleapis.com", "gcp.vertex_ai"),
            ("aiplatform.eu.rep.googleapis.com", "gcp.vertex_ai"),
            ("codestral.mistral.ai", "mistral_ai"),
            ("us-south.ml.cloud.ibm.com", "ibm.watsonx.ai"),
            ("abc.eu-west-1.aws.endpoints.huggingface.cloud", "huggingface"),
        ] {
            assert_eq!(of_host(host.as_bytes(), b"/"), Some(provider), "{host}");
        }
        for host in
            ["", "openai.com", "api.openai.com.evil.example", "notapi.x.ai", "llm.internal", "mistral.ai"]
        {
            assert_eq!(of_host(host.as_bytes(), b"/"), None, "{host}");
        }
    }

    #[test]
    fn azure_ai_services_are_told_apart_by_path() {
        let of = |path: &str| of_host(b"r.services.ai.azure.com", path.as_bytes());
        assert_eq!(of("/openai/v1/responses"), Some("azure.ai.openai"));
        assert_eq!(of("/models/chat/completions"), Some("azure.ai.inference"));
        assert_eq!(of("/anthropic/v1/messages"), Some("azure.ai.inference"));
    }

    #[test]
    fn one_star_stands_for_any_text() {
        assert!(matches_host("a*z", b"az"));
        assert!(matches_host("a*z", b"A.b.Z"));
        assert!(!matches_host("aa*aa", b"aaa"));
        assert!(!matches_host("*.x", b"x"));
    }
}
