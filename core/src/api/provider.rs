//! Who answers: the providers, their hosts, and what each does otherwise than the others.
//!
//! The names (`gen_ai.provider.name`) are those of the registry of the OpenTelemetry GenAI conventions; where it
//! has none, those of LiteLLM, which many dashboards and price lists go by.

use super::Quirks;

/// A provider, and what differs from the others. An operator may name others, of which nothing is known.
#[derive(Debug)]
pub(crate) struct Provider {
    /// `gen_ai.provider.name`
    pub(crate) name: &'static str,
    /// Its hosts.
    hosts: &'static [Pattern<'static>],
    /// Paths with this segment are another provider's, on the same hosts.
    except: Option<(&'static str, &'static str)>,
    /// What is special about its answers.
    pub(crate) quirks: Quirks,
    /// The page of the conventions that its spans keep to.
    pub(crate) page: Page,
}

/// A page of the conventions with attributes of one provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// None: the common attributes alone.
    Common,
    /// OpenAI's; Azure OpenAI speaks the same API and has no page of its own.
    OpenAi,
    /// AWS Bedrock's.
    Bedrock,
    /// Azure AI Inference's.
    AzureInference,
}

/// The provider whose host this is (no port; any case). `None` for every other host.
pub(super) fn of_host(host: &[u8], path: &[u8]) -> Option<&'static Provider> {
    let found = PROVIDERS.iter().find(|provider| provider.hosts.iter().any(|own| own.matches(host)))?;
    match found.except {
        Some((segment, other)) if super::path::has_segment(path, segment.as_bytes()) => Some(named(other)),
        _ => Some(found),
    }
}

/// What is known of the provider of that name: nothing, where it has no quirks.
pub(crate) fn named(name: &str) -> &'static Provider {
    PROVIDERS.iter().take(QUIRKY).find(|provider| provider.name == name).unwrap_or(&UNKNOWN)
}

/// A pattern for hosts and names: letters regardless of case, `*` (at most one) for any text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pattern<'a> {
    start: &'a [u8],
    /// `None` without a star.
    end: Option<&'a [u8]>,
}

impl<'a> Pattern<'a> {
    pub(crate) const fn new(pattern: &'a str) -> Self {
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

    #[inline]
    pub(crate) fn matches(&self, text: &[u8]) -> bool {
        let Some(end) = self.end else { return super::path::is(text, self.start) };
        // Most hosts differ from a pattern in length or in their last letters.
        text.split_at_checked(self.start.len()).is_some_and(|(start, rest)| {
            let at = rest.len().checked_sub(end.len());
            at.and_then(|at| rest.get(at..)).is_some_and(|rest| rest.eq_ignore_ascii_case(end))
                && start.eq_ignore_ascii_case(self.start)
        })
    }
}

const fn provider(name: &'static str, hosts: &'static [Pattern<'static>]) -> Provider {
    Provider { name, hosts, except: None, quirks: Quirks::NONE, page: Page::Common }
}

impl Provider {
    const fn page(self, page: Page) -> Self {
        Self { page, ..self }
    }

    const fn except(self, segment: &'static str, other: &'static str) -> Self {
        Self { except: Some((segment, other)), ..self }
    }

    const fn quirks(self, quirks: Quirks) -> Self {
        Self { quirks, ..self }
    }
}

const fn host(pattern: &'static str) -> Pattern<'static> {
    Pattern::new(pattern)
}

/// One that only an operator names.
static UNKNOWN: Provider = provider("", &[]);

/// So many of the providers have quirks.
const QUIRKY: usize = 7;

/// The first whose host fits wins.
#[rustfmt::skip]
static PROVIDERS: &[Provider] = &[
    // The registry of OpenTelemetry. Those with quirks stand first: they are looked up by name.
    provider("openai", &[host("api.openai.com"), host("*.api.openai.com")]).page(Page::OpenAi),
    provider("azure.ai.openai", &[host("*.openai.azure.com"), host("*.openai.azure.us"), host("*.openai.azure.cn"), host("*.cognitiveservices.azure.com"), host("*.cognitiveservices.azure.us"), host("*.api.cognitive.microsoft.com")]).page(Page::OpenAi),
    provider("azure.ai.inference", &[host("*.services.ai.azure.com"), host("*.models.ai.azure.com"), host("models.inference.ai.azure.com"), host("*.inference.ml.azure.com")]).page(Page::AzureInference).except("openai", "azure.ai.openai"),
    provider("aws.bedrock", &[host("bedrock-runtime.*"), host("bedrock-runtime-fips.*"), host("bedrock-agent-runtime.*"), host("bedrock-mantle.*.api.aws")]).page(Page::Bedrock),
    provider("gcp.vertex_ai", &[host("aiplatform.googleapis.com"), host("*-aiplatform.googleapis.com"), host("aiplatform.*.rep.googleapis.com"), host("*.prediction.vertexai.goog")]).quirks(Quirks { numbers_of_vertex: true, ..Quirks::NONE }),
    provider("openrouter", &[host("openrouter.ai"), host("*.openrouter.ai")]).quirks(Quirks { names_upstream: true, usage_follows: true, ..Quirks::NONE }),
    provider("perplexity", &[host("api.perplexity.ai")]).quirks(Quirks { reasoning_beside_output: true, ..Quirks::NONE }),
    provider("anthropic", &[host("api.anthropic.com")]),
    provider("cohere", &[host("api.cohere.com"), host("api.cohere.ai")]),
    provider("deepseek", &[host("api.deepseek.com")]),
    provider("gcp.gemini", &[host("generativelanguage.googleapis.com"), host("*cloudcode-pa.googleapis.com"), host("*cloudcode-pa.sandbox.googleapis.com")]),
    provider("groq", &[host("api.groq.com")]),
    provider("ibm.watsonx.ai", &[host("*.ml.cloud.ibm.com")]),
    provider("mistral_ai", &[host("*.mistral.ai")]),
    provider("moonshot_ai", &[host("api.moonshot.ai"), host("api.moonshot.cn"), host("api.kimi.com")]),
    provider("x_ai", &[host("api.x.ai"), host("*.api.x.ai")]),
    // The names of LiteLLM, but for those in use before.
    provider("abliteration", &[host("api.abliteration.ai")]),
    provider("ai21", &[host("api.ai21.com")]),
    provider("aihubmix", &[host("aihubmix.com")]),
    provider("aiml", &[host("api.aimlapi.com")]),
    provider("aleph_alpha", &[host("api.aleph-alpha.com")]),
    provider("amazon_nova", &[host("api.nova.amazon.com")]),
    provider("anyscale", &[host("api.endpoints.anyscale.com")]),
    provider("apertis", &[host("api.stima.tech"), host("api.apertis.ai")]),
    provider("assemblyai", &[host("api.assemblyai.com"), host("llm-gateway.assemblyai.com")]),
    provider("aws.sagemaker", &[host("runtime.sagemaker.*"), host("runtime-fips.sagemaker.*")]),
    provider("baidu", &[host("aip.baidubce.com"), host("qianfan.baidubce.com")]),
    provider("baseten", &[host("inference.baseten.co"), host("bridge.baseten.co"), host("*.api.baseten.co")]),
    provider("black_forest_labs", &[host("api.bfl.ai"), host("api.bfl.ml")]),
    provider("bytez", &[host("api.bytez.com")]),
    provider("cerebras", &[host("api.cerebras.ai")]),
    provider("charity_engine", &[host("api.charityengine.services")]),
    provider("chutes", &[host("llm.chutes.ai")]),
    provider("clarifai", &[host("api.clarifai.com")]),
    provider("cloudflare", &[host("gateway.ai.cloudflare.com"), host("api.cloudflare.com")]),
    provider("cometapi", &[host("api.cometapi.com")]),
    provider("compactifai", &[host("api.compactif.ai")]),
    provider("crusoe", &[host("managed-inference-api-proxy.crusoecloud.com")]),
    provider("dashscope", &[host("dashscope.aliyuncs.com"), host("dashscope-*.aliyuncs.com"), host("*.dashscope.aliyuncs.com")]),
    provider("databricks", &[host("*.databricks.com"), host("*.azuredatabricks.net")]),
    provider("datarobot", &[host("*.datarobot.com")]),
    provider("deepgram", &[host("api.deepgram.com")]),
    provider("deepinfra", &[host("api.deepinfra.com")]),
    provider("elevenlabs", &[host("api.elevenlabs.io"), host("*.api.elevenlabs.io"), host("api.*.elevenlabs.io")]),
    provider("empower", &[host("app.empower.dev")]),
    provider("fal_ai", &[host("fal.run"), host("queue.fal.run")]),
    provider("featherless_ai", &[host("api.featherless.ai")]),
    provider("fireworks_ai", &[host("api.fireworks.ai")]),
    provider("friendliai", &[host("api.friendli.ai"), host("inference.friendli.ai")]),
    provider("galadriel", &[host("api.galadriel.com"), host("api.galadriel.ai")]),
    provider("gigachat", &[host("gigachat.devices.sberbank.ru")]),
    provider("github", &[host("models.github.ai")]),
    provider("github_copilot", &[host("*.githubcopilot.com")]),
    provider("gmi", &[host("api.gmi-serving.com")]),
    provider("gradient_ai", &[host("inference.do-ai.run"), host("*.agents.do-ai.run")]),
    provider("helicone", &[host("*.helicone.ai")]),
    provider("heroku", &[host("*.inference.heroku.com")]),
    provider("huggingface", &[host("router.huggingface.co"), host("api-inference.huggingface.co"), host("*.endpoints.huggingface.cloud")]),
    provider("hyperbolic", &[host("api.hyperbolic.xyz")]),
    provider("inception", &[host("api.inceptionlabs.ai")]),
    provider("jina_ai", &[host("*.jina.ai")]),
    provider("lambda_ai", &[host("api.lambda.ai"), host("api.lambdalabs.com")]),
    provider("lepton", &[host("*.lepton.run")]),
    provider("llamagate", &[host("api.llamagate.dev")]),
    provider("maritalk", &[host("chat.maritaca.ai")]),
    provider("meta_llama", &[host("api.llama.com")]),
    provider("minimax", &[host("api.minimax.io"), host("api.minimax.chat"), host("api.minimaxi.com"), host("api.minimaxi.chat"), host("api-uw.minimax.io")]),
    provider("morph", &[host("api.morphllm.com")]),
    provider("nano-gpt", &[host("nano-gpt.com")]),
    provider("nebius", &[host("api.studio.nebius.ai"), host("*.studio.nebius.com"), host("*.tokenfactory.nebius.com")]),
    provider("nlp_cloud", &[host("api.nlpcloud.io")]),
    provider("novita", &[host("api.novita.ai")]),
    provider("nscale", &[host("inference.api.nscale.com")]),
    provider("nvidia_nim", &[host("integrate.api.nvidia.com"), host("ai.api.nvidia.com")]),
    provider("oci", &[host("inference.generativeai.*")]),
    provider("ollama", &[host("ollama.com")]),
    provider("ovhcloud", &[host("*.endpoints.kepler.ai.cloud.ovh.net")]),
    provider("poe", &[host("api.poe.com")]),
    provider("predibase", &[host("serving.app.predibase.com")]),
    provider("publicai", &[host("api.publicai.co")]),
    provider("recraft", &[host("external.api.recraft.ai")]),
    provider("replicate", &[host("api.replicate.com")]),
    provider("runwayml", &[host("api.dev.runwayml.com")]),
    provider("sambanova", &[host("api.sambanova.ai")]),
    provider("sarvam", &[host("api.sarvam.ai")]),
    provider("scaleway", &[host("api.scaleway.ai")]),
    provider("snowflake", &[host("*.snowflakecomputing.com")]),
    provider("stability", &[host("api.stability.ai")]),
    provider("synthetic", &[host("api.synthetic.new")]),
    provider("together_ai", &[host("api.together.xyz"), host("api.together.ai")]),
    provider("v0", &[host("api.v0.dev")]),
    provider("veniceai", &[host("api.venice.ai")]),
    provider("vercel_ai_gateway", &[host("ai-gateway.vercel.sh")]),
    provider("volcengine", &[host("ark.*.volces.com"), host("ark.*.bytepluses.com")]),
    provider("voyage_ai", &[host("api.voyageai.com")]),
    provider("wandb", &[host("api.inference.wandb.ai")]),
    provider("writer", &[host("api.writer.com")]),
    provider("xiaomi_mimo", &[host("api.xiaomimimo.com")]),
    provider("z_ai", &[host("api.z.ai"), host("open.bigmodel.cn")]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(host: &str) -> Option<&'static str> {
        of_host(host.as_bytes(), b"/").map(|provider| provider.name)
    }

    #[test]
    fn hosts_have_providers() {
        for (host, provider) in [
            ("api.openai.com", "openai"),
            ("EU.api.OpenAI.com", "openai"),
            ("my-resource.openai.azure.com", "azure.ai.openai"),
            ("swedencentral.api.cognitive.microsoft.com", "azure.ai.openai"),
            ("phi-4-abc.eastus2.models.ai.azure.com", "azure.ai.inference"),
            ("bedrock-runtime.eu-central-1.amazonaws.com", "aws.bedrock"),
            ("bedrock-runtime-fips.us-east-1.amazonaws.com", "aws.bedrock"),
            ("bedrock-mantle.us-east-1.api.aws", "aws.bedrock"),
            ("runtime.sagemaker.eu-west-1.amazonaws.com", "aws.sagemaker"),
            ("europe-west4-aiplatform.googleapis.com", "gcp.vertex_ai"),
            ("aiplatform.eu.rep.googleapis.com", "gcp.vertex_ai"),
            ("cloudcode-pa.googleapis.com", "gcp.gemini"),
            ("codestral.mistral.ai", "mistral_ai"),
            ("us-south.ml.cloud.ibm.com", "ibm.watsonx.ai"),
            ("abc.eu-west-1.aws.endpoints.huggingface.cloud", "huggingface"),
            ("dashscope-intl.aliyuncs.com", "dashscope"),
            ("adb-1.2.azuredatabricks.net", "databricks"),
            ("model-abc.api.baseten.co", "baseten"),
            ("inference.generativeai.us-chicago-1.oci.oraclecloud.com", "oci"),
            ("ark.cn-beijing.volces.com", "volcengine"),
            ("models.github.ai", "github"),
            ("ai-gateway.vercel.sh", "vercel_ai_gateway"),
        ] {
            assert_eq!(of(host), Some(provider), "{host}");
        }
        for host in
            ["", "openai.com", "api.openai.com.evil.example", "notapi.x.ai", "llm.internal", "mistral.ai"]
        {
            assert_eq!(of(host), None, "{host}");
        }
    }

    #[test]
    fn azure_ai_services_are_told_apart_by_path() {
        let of = |path: &str| of_host(b"r.services.ai.azure.com", path.as_bytes()).map(|p| p.name);
        assert_eq!(of("/openai/v1/responses"), Some("azure.ai.openai"));
        assert_eq!(of("/models/chat/completions"), Some("azure.ai.inference"));
        assert_eq!(of("/anthropic/v1/messages"), Some("azure.ai.inference"));
    }

    #[test]
    fn names_are_unique_and_every_host_finds_its_own_provider() {
        for (at, provider) in PROVIDERS.iter().enumerate() {
            assert!(
                PROVIDERS.iter().skip(at + 1).all(|other| other.name != provider.name),
                "{}",
                provider.name
            );
            assert!(!provider.hosts.is_empty(), "{}", provider.name);
            for own in provider.hosts {
                let mut host = own.start.to_vec();
                if let Some(end) = own.end {
                    host.extend_from_slice(b"x1");
                    host.extend_from_slice(end);
                }
                let found = of_host(&host, b"/").map(|provider| provider.name);
                assert_eq!(found, Some(provider.name), "{}", String::from_utf8_lossy(&host));
            }
        }
    }

    /// A pattern that no host needs is a pattern that nobody checked.
    #[test]
    fn every_pattern_is_needed_by_a_host() {
        let lines =
            include_str!("../../tests/fixtures/hosts.txt").lines().filter(|line| !line.starts_with('#'));
        let hosts: Vec<(&str, &str)> = lines
            .filter_map(|line| line.split_once(": "))
            .flat_map(|(provider, hosts)| hosts.split(' ').map(move |host| (host, provider)))
            .collect();
        for (host, provider) in &hosts {
            assert_eq!(of(host), Some(*provider), "{host}");
        }
        let mut unneeded = Vec::new();
        for (at, provider) in PROVIDERS.iter().enumerate() {
            for place in 0..provider.hosts.len() {
                let found_without = |host: &str| {
                    let fits = |(other, provider): &(usize, &Provider)| {
                        let taken_out = |number| *other == at && number == place;
                        let mut hosts = provider.hosts.iter().enumerate();
                        hosts.any(|(number, own)| !taken_out(number) && own.matches(host.as_bytes()))
                    };
                    PROVIDERS.iter().enumerate().find(fits).map(|(_, provider)| provider.name)
                };
                if hosts.iter().all(|(host, provider)| found_without(host) == Some(provider)) {
                    unneeded.push(format!("{}, pattern {place}", provider.name));
                }
            }
        }
        assert!(unneeded.is_empty(), "no host in hosts.txt needs {unneeded:?}");
    }

    #[test]
    fn those_with_quirks_are_looked_up_by_name() {
        let common = |p: &Provider| p.page == Page::Common && p.quirks == Quirks::NONE;
        assert!(PROVIDERS.iter().take(QUIRKY).all(|provider| !common(provider)));
        assert!(PROVIDERS.iter().skip(QUIRKY).all(common));
        assert!(named("openrouter").quirks.names_upstream);
        assert!(common(named("acme")));
    }

    #[test]
    fn one_star_stands_for_any_text() {
        let matches = |pattern: &str, text: &[u8]| Pattern::new(pattern).matches(text);
        assert!(matches("a*z", b"az"));
        assert!(matches("a*z", b"A.b.Z"));
        assert!(!matches("aa*aa", b"aaa"));
        assert!(!matches("*.x", b"x"));
    }
}
