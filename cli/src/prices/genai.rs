//! pydantic's genai-prices: a list of providers, each with its models, which say by a little logic what names they go by
//! and what a million tokens cost, from when on and from what length of the input.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use inferspan_core::config::{PriceRates, PriceRule, PriceTier};
use serde_json::{Map, Value};

use super::section::{Section, price, rounded};

/// Adds what the table says.
pub(super) fn convert(providers: &[Value], section: &mut Section) -> Result<()> {
    for (index, provider) in providers.iter().enumerate() {
        let id = text(provider, "id").with_context(|| format!("[{index}]"))?;
        let models = provider.get("models").and_then(Value::as_array);
        let Some(models) = models else { bail!("{id}: has no list of models") };
        let names = provider_names(id);
        for model in models {
            if model.get("removed") == Some(&Value::Bool(true)) {
                section.leave_out("are offered no more");
                continue;
            }
            let path = format!("{id}.{}", text(model, "id").with_context(|| id.to_owned())?);
            match names.as_slice() {
                [] => section.leave_out("cost what the provider behind Hugging Face asks"),
                names => convert_model(&path, names, model, section)?,
            }
        }
    }
    Ok(())
}

fn convert_model(path: &str, providers: &[String], model: &Value, section: &mut Section) -> Result<()> {
    let Some(prices) = model.get("prices") else { bail!("{path}: has no prices") };
    let one = [(None, prices)];
    let all: Vec<(Option<&Value>, &Value)> = match prices {
        Value::Array(list) => {
            list.iter().map(|each| (each.get("constraint"), each.get("prices").unwrap_or(each))).collect()
        }
        _ => one.to_vec(),
    };
    let mut dated = Vec::new();
    for (constraint, prices) in all {
        let valid_from = match constraint.filter(|constraint| !constraint.is_null()) {
            None => None,
            Some(constraint) => match constraint.get("start_date").and_then(Value::as_str) {
                Some(date) => Some(date.to_owned()),
                None => {
                    section.leave_out("cost otherwise at some time of the day");
                    return Ok(());
                }
            },
        };
        let Some(found) = Prices::read(&format!("{path}.prices"), prices)? else {
            section.leave_out("are charged by the request, too");
            return Ok(());
        };
        dated.push((valid_from, found));
    }
    let Some(patterns) = model.get("match").map(|clause| patterns(path, clause)).transpose()?.flatten()
    else {
        section.leave_out("go by names that no pattern can say");
        return Ok(());
    };
    let otherwise = dated.iter().any(|(_, prices)| prices.otherwise);
    section.charged_otherwise = section.charged_otherwise.saturating_add(otherwise.into());
    for provider in providers {
        for pattern in &patterns {
            for (valid_from, prices) in &dated {
                section.add(PriceRule {
                    model: pattern.clone(),
                    provider: Some(provider.clone()),
                    valid_from: valid_from.clone(),
                    usd_per_million: prices.base.clone(),
                    context_window: model.get("context_window").and_then(Value::as_u64),
                    tiers: prices.tiers.clone(),
                });
            }
        }
    }
    Ok(())
}

/// What a set of prices says.
struct Prices {
    base: PriceRates,
    tiers: Vec<PriceTier>,
    /// Something else costs, too.
    otherwise: bool,
}

impl Prices {
    /// `None` where each request has a price.
    fn read(path: &str, prices: &Value) -> Result<Option<Self>> {
        let Value::Object(prices) = prices else { bail!("{path}: is {prices}; prices are an object") };
        let mut base = PriceRates::default();
        let mut tiers: BTreeMap<u64, PriceRates> = BTreeMap::new();
        let mut otherwise = false;
        for (key, value) in prices {
            let path = format!("{path}.{key}");
            let Some((_, field)) = FIELDS.iter().find(|(own, _)| own == key) else {
                if key == "requests_kcount" && price(&path, value)?.is_some_and(|usd| usd > 0.0) {
                    return Ok(None);
                }
                otherwise |= !value.is_null();
                continue;
            };
            let (first, further) = match value {
                Value::Object(tiered) => (tiered.get("base").unwrap_or(&Value::Null), steps(&path, tiered)?),
                value => (value, Vec::new()),
            };
            *field(&mut base) = price(&path, first)?.map(rounded);
            for (start, usd) in further {
                *field(tiers.entry(start).or_default()) = Some(rounded(usd));
            }
        }
        let tiers = tiers.into_iter().map(|(start, usd_per_million)| PriceTier {
            above_input_tokens: Some(start),
            service_tier: None,
            usd_per_million,
        });
        Ok(Some(Self { base, tiers: tiers.collect(), otherwise }))
    }
}

/// From how many input tokens on a price is another, and which.
fn steps(path: &str, tiered: &Map<String, Value>) -> Result<Vec<(u64, f64)>> {
    let tiers = tiered.get("tiers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let step = |(index, tier): (usize, &Value)| {
        let path = format!("{path}.tiers[{index}]");
        let start = tier.get("start").and_then(Value::as_u64);
        let usd = price(&format!("{path}.price"), tier.get("price").unwrap_or(&Value::Null))?;
        match (start, usd) {
            (Some(start), Some(usd)) => Ok((start, usd)),
            _ => bail!("{path}: has no start or no price"),
        }
    };
    tiers.iter().enumerate().map(step).collect()
}

/// The patterns that say what a clause says. `None` where none can.
fn patterns(path: &str, clause: &Value) -> Result<Option<Vec<String>>> {
    let Some((kind, what)) = clause.as_object().and_then(|clause| clause.iter().next()) else {
        bail!("{path}.match: is {clause}; a clause is an object with one key");
    };
    if let (Some(before_and_behind), Value::String(text)) = (stars(kind), what) {
        let (before, behind) = before_and_behind;
        return Ok((!text.contains('*') && !text.is_empty()).then(|| vec![format!("{before}{text}{behind}")]));
    }
    match (kind.as_str(), what) {
        ("or", Value::Array(clauses)) => {
            let each = clauses.iter().map(|clause| patterns(path, clause));
            let each: Vec<Option<Vec<String>>> = each.collect::<Result<_>>()?;
            Ok(each.into_iter().collect::<Option<Vec<_>>>().map(|lists| lists.concat()))
        }
        ("and", Value::Array(clauses)) => Ok(joined(clauses)),
        ("regex", Value::String(_)) => Ok(None),
        _ => bail!("{path}.match.{kind}: is no clause that is known here"),
    }
}

/// One beginning, one part, one end at most, in one pattern.
fn joined(clauses: &[Value]) -> Option<Vec<String>> {
    let mut parts = [None; 3];
    for clause in clauses {
        let (kind, what) = clause.as_object()?.iter().next()?;
        let place = ["starts_with", "contains", "ends_with"].iter().position(|own| own == kind)?;
        let text = what.as_str().filter(|text| !text.contains('*') && !text.is_empty())?;
        if parts.get_mut(place)?.replace(text).is_some() {
            return None;
        }
    }
    let [start, part, end] = parts;
    let part = part.map(|part| format!("{part}*")).unwrap_or_default();
    Some(vec![format!("{}*{part}{}", start.unwrap_or_default(), end.unwrap_or_default())])
}

/// What stands before and behind the text of a clause.
fn stars(kind: &str) -> Option<(&'static str, &'static str)> {
    match kind {
        "equals" => Some(("", "")),
        "starts_with" => Some(("", "*")),
        "ends_with" => Some(("*", "")),
        "contains" => Some(("*", "*")),
        _ => None,
    }
}

fn text<'v>(object: &'v Value, key: &str) -> Result<&'v str> {
    object.get(key).and_then(Value::as_str).with_context(|| format!("has no {key}"))
}

/// `gen_ai.provider.name` of a provider of genai-prices. But for these they are the same.
fn provider_names(id: &str) -> Vec<String> {
    if id.starts_with("huggingface_") {
        return Vec::new();
    }
    match PROVIDERS.iter().find(|(own, _)| *own == id) {
        Some((_, names)) => names.iter().map(|name| (*name).to_owned()).collect(),
        None => vec![id.replace('-', "_")],
    }
}

const PROVIDERS: &[(&str, &[&str])] = &[
    ("aws", &["aws.bedrock"]),
    ("azure", &["azure.ai.openai", "azure.ai.inference"]),
    ("fireworks", &["fireworks_ai"]),
    ("google", &["gcp.gemini", "gcp.vertex_ai"]),
    ("mistral", &["mistral_ai"]),
    ("moonshotai", &["moonshot_ai"]),
    ("together", &["together_ai"]),
    ("voyageai", &["voyage_ai"]),
    ("xai", &["x_ai"]),
    ("zai", &["z_ai"]),
    ("zhipuai", &["z_ai"]),
];

type Field = fn(&mut PriceRates) -> &mut Option<f64>;

const FIELDS: &[(&str, Field)] = &[
    ("input_mtok", |rates| &mut rates.input),
    ("output_mtok", |rates| &mut rates.output),
    ("cache_read_mtok", |rates| &mut rates.cache_read),
    ("cache_write_mtok", |rates| &mut rates.cache_write),
    ("cache_write_5m_mtok", |rates| &mut rates.cache_write),
    ("cache_write_1h_mtok", |rates| &mut rates.cache_write_1h),
    ("output_reasoning_mtok", |rates| &mut rates.reasoning),
    ("input_audio_mtok", |rates| &mut rates.input_audio),
    ("output_audio_mtok", |rates| &mut rates.output_audio),
    ("input_image_mtok", |rates| &mut rates.input_image),
    ("output_image_mtok", |rates| &mut rates.output_image),
];
