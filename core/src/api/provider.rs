//! Who answers: from hosts to the names of providers (`gen_ai.provider.name`).
//!
//! The names are those of the registry of the OpenTelemetry GenAI conventions; where it has none, ours, in the
//! same style.

/// The provider whose host this is (no port; any case). `None` for every other host.
pub(super) fn of_host(host: &[u8], path: &[u8]) -> Option<&'static str> {
    let (_, provider) = HOSTS.iter().find(|(pattern, _)| pattern.matches(host))?;
    // Azure's AI Services host serves Azure OpenAI and everybody's models side by side.
    if *provider == AZURE_INFERENCE && memchr::memmem::find(path, b"/openai/").is_some() {
        return Some(AZURE_OPENAI);
    }
    Some(provider)
}

/// Whether `host` is as the pattern says: letters regardless of case, `*` (at most one) for any text.
pub(super) fn matches_host(pattern: &str, host: &[u8]) -> bool {
    Pattern::new(pattern).matches(host)
}

/// A pattern for hosts, taken apart at its star.
#[derive(Clone, Copy)]
struct Pattern<'a> {
    start: &'a [u8],
    /// `None` without a star.
    end: Option<&'a [u8]>,
}

impl<'a> Pattern<'a> {
    const fn new(pattern: &'a str) -> Self {
        let start = pattern.as_bytes();
        let mut rest = start;
        let mut passed = 0_usize;
        while let [first, after @ ..] = rest {
            if let (b'*', Some((start, _))) = (first, start.split_at_checked(passed)) {
                return Self { start, end: Some(after) };
            }
            passed = passed.wrapping_add(1);
            rest = after;
        }
        Self { start, end: None }
    }

    fn matches(&self, host: &[u8]) -> bool {
        let Some(end) = self.end else { return host.eq_ignore_ascii_case(self.start) };
        host.split_at_checked(self.start.len()).is_some_and(|(start, rest)| {
            let at = rest.len().checked_sub(end.len());
            at.and_then(|at| rest.get(at..)).is_some_and(|rest| rest.eq_ignore_ascii_case(end))
                && start.eq_ignore_ascii_case(self.start)
        })
    }
}

const AZURE_OPENAI: &str = "azure.ai.openai";
const AZURE_INFERENCE: &str = "azure.ai.inference";

/// The first pattern that fits wins.
const HOSTS: &[(Pattern<'static>, &str)] = &[
    (Pattern::new("api.openai.com"), "openai"),
    (Pattern::new("*.api.openai.com"), "openai"),
    (Pattern::new("*.openai.azure.com"), AZURE_OPENAI),
    (Pattern::new("*.openai.azure.us"), AZURE_OPENAI),
    (Pattern::new("*.cognitiveservices.azure.com"), AZURE_OPENAI),
    (Pattern::new("*.services.ai.azure.com"), AZURE_INFERENCE),
    (Pattern::new("models.inference.ai.azure.com"), AZURE_INFERENCE),
    (Pattern::new("api.anthropic.com"), "anthropic"),
    (Pattern::new("bedrock-runtime.*"), "aws.bedrock"),
    (Pattern::new("bedrock-runtime-fips.*"), "aws.bedrock"),
    (Pattern::new("bedrock-agent-runtime.*"), "aws.bedrock"),
    (Pattern::new("bedrock-mantle.*.api.aws"), "aws.bedrock"),
    (Pattern::new("generativelanguage.googleapis.com"), "gcp.gemini"),
    (Pattern::new("aiplatform.googleapis.com"), "gcp.vertex_ai"),
    (Pattern::new("*-aiplatform.googleapis.com"), "gcp.vertex_ai"),
    (Pattern::new("aiplatform.*.rep.googleapis.com"), "gcp.vertex_ai"),
    (Pattern::new("api.cohere.com"), "cohere"),
    (Pattern::new("api.cohere.ai"), "cohere"),
    (Pattern::new("*.mistral.ai"), "mistral_ai"),
    (Pattern::new("api.groq.com"), "groq"),
    (Pattern::new("api.deepseek.com"), "deepseek"),
    (Pattern::new("api.x.ai"), "x_ai"),
    (Pattern::new("*.api.x.ai"), "x_ai"),
    (Pattern::new("api.perplexity.ai"), "perplexity"),
    (Pattern::new("api.moonshot.ai"), "moonshot_ai"),
    (Pattern::new("api.moonshot.cn"), "moonshot_ai"),
    (Pattern::new("*.ml.cloud.ibm.com"), "ibm.watsonx.ai"),
    // Not in the registry.
    (Pattern::new("openrouter.ai"), "openrouter"),
    (Pattern::new("*.openrouter.ai"), "openrouter"),
    (Pattern::new("api.together.xyz"), "together_ai"),
    (Pattern::new("api.together.ai"), "together_ai"),
    (Pattern::new("api.fireworks.ai"), "fireworks_ai"),
    (Pattern::new("ollama.com"), "ollama"),
    (Pattern::new("api.cerebras.ai"), "cerebras"),
    (Pattern::new("router.huggingface.co"), "huggingface"),
    (Pattern::new("api-inference.huggingface.co"), "huggingface"),
    (Pattern::new("*.endpoints.huggingface.cloud"), "huggingface"),
    (Pattern::new("gateway.ai.cloudflare.com"), "cloudflare"),
    (Pattern::new("api.cloudflare.com"), "cloudflare"),
    (Pattern::new("api.writer.com"), "writer"),
    (Pattern::new("api.replicate.com"), "replicate"),
    (Pattern::new("api.voyageai.com"), "voyage_ai"),
    (Pattern::new("api.z.ai"), "z_ai"),
    (Pattern::new("*.snowflakecomputing.com"), "snowflake"),
    (Pattern::new("api.aleph-alpha.com"), "aleph_alpha"),
    (Pattern::new("*.databricks.com"), "databricks"),
    (Pattern::new("*.azuredatabricks.net"), "databricks"),
    (Pattern::new("runtime.sagemaker.*"), "aws.sagemaker"),
    (Pattern::new("runtime-fips.sagemaker.*"), "aws.sagemaker"),
    (Pattern::new("*cloudcode-pa.googleapis.com"), "gcp.gemini"),
    (Pattern::new("*cloudcode-pa.sandbox.googleapis.com"), "gcp.gemini"),
    (Pattern::new("inference.generativeai.*"), "oci"),
    (Pattern::new("dashscope.aliyuncs.com"), "dashscope"),
    (Pattern::new("dashscope-*.aliyuncs.com"), "dashscope"),
    (Pattern::new("*.dashscope.aliyuncs.com"), "dashscope"),
    (Pattern::new("ark.*.volces.com"), "volcengine"),
    (Pattern::new("api.minimax.io"), "minimax"),
    (Pattern::new("api.minimaxi.com"), "minimax"),
    (Pattern::new("api.minimax.chat"), "minimax"),
    (Pattern::new("aip.baidubce.com"), "baidu"),
    (Pattern::new("api.llama.com"), "meta_llama"),
    (Pattern::new("*.models.ai.azure.com"), AZURE_INFERENCE),
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
