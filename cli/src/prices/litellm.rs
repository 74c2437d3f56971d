//! LiteLLM's `model_prices_and_context_window.json`: an object of models, each with its provider and its prices in USD
//! per token.
//!
//! A price's key says what it is for, and behind that when it holds: `input_cost_per_token_above_200k_tokens_priority`.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use inferspan_core::config::{PriceRates, PriceRule, PriceTier};
use serde_json::{Map, Value};

use super::section::{Section, price, rounded};

/// Adds what the table says.
pub(super) fn convert(table: &Map<String, Value>, section: &mut Section) -> Result<()> {
    for (name, entry) in table.iter().filter(|(name, _)| *name != "sample_spec") {
        let Value::Object(entry) = entry else { bail!("{name}: is {entry}; a model is an object") };
        let Some(provider) = entry.get("litellm_provider").and_then(Value::as_str) else {
            section.leave_out("name no provider");
            continue;
        };
        let Prices { base, tiers, otherwise } = Prices::read(name, entry)?;
        let Some(model) = model(name, provider) else {
            section.leave_out("hold in one region or for one size of pictures only");
            continue;
        };
        if otherwise && !charges(&base) && tiers.is_empty() {
            section.leave_out("are charged by something else than tokens");
            continue;
        }
        section.charged_otherwise = section.charged_otherwise.saturating_add(otherwise.into());
        section.add(PriceRule {
            model,
            provider: Some(provider_name(provider).to_owned()),
            valid_from: None,
            usd_per_million: base,
            context_window: entry.get("max_input_tokens").and_then(Value::as_u64),
            tiers,
        });
    }
    Ok(())
}

/// What an entry says of prices.
struct Prices {
    base: PriceRates,
    tiers: Vec<PriceTier>,
    /// Something else costs, too.
    otherwise: bool,
}

/// When a price holds: beyond how many input tokens, and in which service tier. In this order the later one wins, as
/// with LiteLLM: a price for long inputs over a service tier's for any.
type When = (Option<u64>, Option<&'static str>);

impl Prices {
    fn read(name: &str, entry: &Map<String, Value>) -> Result<Self> {
        let mut rates: BTreeMap<When, PriceRates> = BTreeMap::new();
        let mut otherwise = false;
        for (key, value) in entry.iter().filter(|(key, _)| key.contains("cost")) {
            let path = format!("{name}.{key}");
            let Some((field, when)) = meaning(key) else {
                otherwise |= is_charge(value) && !key.contains("_batches");
                continue;
            };
            if let Some(usd) = price(&path, value)? {
                *field(rates.entry(when).or_default()) = Some(rounded(usd * 1e6));
            }
        }
        if let Some(Value::Array(ranges)) = entry.get("tiered_pricing") {
            for (index, range) in ranges.iter().enumerate() {
                read_range(&format!("{name}.tiered_pricing[{index}]"), range, &mut rates)?;
            }
        }
        let base = rates.remove(&(None, None)).unwrap_or_default();
        let tiers = rates.into_iter().map(|((above_input_tokens, service_tier), usd_per_million)| {
            PriceTier { above_input_tokens, service_tier: service_tier.map(str::to_owned), usd_per_million }
        });
        Ok(Self { base, tiers: tiers.collect(), otherwise })
    }
}

/// One of the ranges of `tiered_pricing`: prices for inputs longer than where it begins.
fn read_range(path: &str, range: &Value, rates: &mut BTreeMap<When, PriceRates>) -> Result<()> {
    let Value::Object(range) = range else { bail!("{path}: is {range}; a range is an object") };
    let from = range.get("range").and_then(|bounds| bounds.get(0)).and_then(Value::as_f64);
    let Some(from) = from.filter(|from| *from >= 0.0) else {
        bail!("{path}.range: is no range of input tokens; give where it begins and where it ends");
    };
    let above = (from > 0.0).then_some(from as u64);
    for (key, value) in range {
        if let Some((field, (None, None))) = meaning(key)
            && let Some(usd) = price(&format!("{path}.{key}"), value)?
        {
            *field(rates.entry((above, None)).or_default()) = Some(rounded(usd * 1e6));
        }
    }
    Ok(())
}

type Field = fn(&mut PriceRates) -> &mut Option<f64>;

/// What a key is the price of, and when it holds. `None` for what is no price of a token.
fn meaning(key: &str) -> Option<(Field, When)> {
    FIELDS.iter().find_map(|(base, field)| Some((*field, when(key.strip_prefix(base)?)?)))
}

fn when(mut rest: &str) -> Option<When> {
    let (mut service_tier, mut above) = (None, None);
    while !rest.is_empty() {
        if let Some(tier) =
            SERVICE_TIERS.iter().find(|tier| rest.strip_prefix('_').is_some_and(|r| r.starts_with(**tier)))
        {
            service_tier = Some(*tier);
            rest = rest.get(tier.len().saturating_add(1)..)?;
        } else {
            let (thousands, after) = rest.strip_prefix("_above_")?.split_once("k_tokens")?;
            above = Some(thousands.parse::<u64>().ok()?.checked_mul(1_000)?);
            rest = after;
        }
    }
    Some((above, service_tier))
}

/// Whether one pays for it, however that is told.
fn is_charge(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_f64().is_some_and(|usd| usd > 0.0),
        Value::Object(object) => object.values().any(is_charge),
        _ => false,
    }
}

fn charges(rates: &PriceRates) -> bool {
    [rates.input, rates.output, rates.input_audio, rates.output_audio, rates.input_image, rates.output_image]
        .iter()
        .flatten()
        .any(|usd| *usd > 0.0)
}

/// The model as it is named in calls. `None` where the name tells a region or a size.
fn model(name: &str, provider: &str) -> Option<String> {
    // `vertex_ai-language-models` stands for models of `vertex_ai/…`.
    let route = provider.split('-').next().unwrap_or(provider);
    let own = [provider, route].iter().find_map(|prefix| name.strip_prefix(prefix)?.strip_prefix('/'));
    let own = own.unwrap_or(name);
    let in_part = match provider_name(provider) {
        "aws.bedrock" | "azure.ai.openai" => own.contains('/'),
        _ => own.split('/').any(|part| part.contains("-x-") || part == "standard" || part == "hd"),
    };
    // What is tuned has more behind its name.
    let tuned = own.starts_with("ft:");
    (!in_part && !own.is_empty()).then(|| if tuned { format!("{own}:*") } else { own.to_owned() })
}

/// `gen_ai.provider.name` of a provider of LiteLLM. But for these they are the same.
fn provider_name(provider: &str) -> &str {
    let found = PROVIDERS.iter().find(|(prefix, _)| {
        provider.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
    });
    found.map_or(provider, |(_, name)| name)
}

/// By how they begin; the longer name first.
const PROVIDERS: &[(&str, &str)] = &[
    ("azure_ai", "azure.ai.inference"),
    ("azure", "azure.ai.openai"),
    ("bedrock", "aws.bedrock"),
    ("codestral", "mistral_ai"),
    ("cohere", "cohere"),
    ("fireworks_ai", "fireworks_ai"),
    ("gemini", "gcp.gemini"),
    ("mistral", "mistral_ai"),
    ("moonshot", "moonshot_ai"),
    ("sagemaker", "aws.sagemaker"),
    ("text-completion-codestral", "mistral_ai"),
    ("text-completion-openai", "openai"),
    ("vertex_ai", "gcp.vertex_ai"),
    ("voyage", "voyage_ai"),
    ("watsonx", "ibm.watsonx.ai"),
    ("xai", "x_ai"),
    ("zai", "z_ai"),
];

const SERVICE_TIERS: &[&str] = &["flex", "priority", "ultrafast"];

/// The longer key before one that it begins with.
const FIELDS: &[(&str, Field)] = &[
    ("input_cost_per_token_cache_hit", |rates| &mut rates.cache_read),
    ("input_cost_per_token", |rates| &mut rates.input),
    ("output_cost_per_token", |rates| &mut rates.output),
    ("cache_read_input_token_cost", |rates| &mut rates.cache_read),
    ("cache_creation_input_token_cost_above_1hr", |rates| &mut rates.cache_write_1h),
    ("cache_creation_input_token_cost", |rates| &mut rates.cache_write),
    ("output_cost_per_reasoning_token", |rates| &mut rates.reasoning),
    ("input_cost_per_audio_token", |rates| &mut rates.input_audio),
    ("output_cost_per_audio_token", |rates| &mut rates.output_audio),
    ("input_cost_per_image_token", |rates| &mut rates.input_image),
    ("output_cost_per_image_token", |rates| &mut rates.output_image),
];
