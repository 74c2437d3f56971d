//! What the configuration says of prices, and the table that follows from it.

use super::check::not_empty;
use super::problems::Problems;
use super::table::{Rule, section};
use crate::cost::{Date, Entry, Part, Pattern, Prices, Rate, Rates, Tier};

section! {
    /// What the tokens of a model cost.
    #[cfg_attr(feature = "tools", derive(serde::Serialize))]
    pub struct PriceRule {
        /// Name of the model, regardless of case, `*` standing for any text. Of those that fit the most specific is
        /// taken.
        model: String = String::new();
        /// `gen_ai.provider.name` of who asks that price. Default: everybody.
        #[cfg_attr(feature = "tools", serde(skip_serializing_if = "Option::is_none"))]
        provider: Option<String> = None => Rule::Text(not_empty);
        /// The day, UTC, from which the price holds, e.g. `2026-03-31`. Default: always.
        #[cfg_attr(feature = "tools", serde(skip_serializing_if = "Option::is_none"))]
        valid_from: Option<String> = None => Rule::Text(|day| {
            Date::parse(day).is_none().then(|| format!("is {day:?}; give a day from 1970 to 2500, e.g. 2026-03-31"))
        });
        /// The prices.
        usd_per_million: PriceRates = PriceRates::default();
        /// Tokens that the model takes at most. Default: unknown.
        #[cfg_attr(feature = "tools", serde(skip_serializing_if = "Option::is_none"))]
        context_window: Option<u64> = None;
        /// When the prices are others. Of those that fit, the later one wins.
        #[cfg_attr(feature = "tools", serde(skip_serializing_if = "Vec::is_empty"))]
        tiers: Vec<PriceTier> = Vec::new();
    }
    checked by check_price
}

section! {
    /// Other prices for long inputs, or in a service tier; for both, where both are given.
    #[cfg_attr(feature = "tools", derive(serde::Serialize))]
    pub struct PriceTier {
        /// Where the input has more tokens than that. Default: at any length.
        #[cfg_attr(feature = "tools", serde(skip_serializing_if = "Option::is_none"))]
        above_input_tokens: Option<u64> = None;
        /// In that service tier, regardless of case, e.g. `flex`. Default: in each.
        #[cfg_attr(feature = "tools", serde(skip_serializing_if = "Option::is_none"))]
        service_tier: Option<String> = None => Rule::Text(not_empty);
        /// The prices that differ.
        usd_per_million: PriceRates = PriceRates::default();
    }
    checked by check_tier
}

/// Declares the prices there may be: each with what it is for, its key, and what it is the price of.
macro_rules! rates {
    ($($(#[doc = $doc:literal])* $key:ident = $part:ident,)*) => {
        section! {
            /// USD per million tokens. A part without a price of its own costs what its total does.
            #[cfg_attr(feature = "tools", derive(serde::Serialize))]
            pub struct PriceRates {
                $(
                    $(#[doc = $doc])*
                    #[cfg_attr(feature = "tools", serde(skip_serializing_if = "Option::is_none"))]
                    $key: Option<f64> = None;
                )*
            }
            checked by check_rates
        }

        impl PriceRates {
            fn told(&self) -> [(&'static str, Part, Option<f64>); Part::COUNT] {
                [$((stringify!($key), Part::$part, self.$key),)*]
            }
        }
    };
}

rates! {
    /// Input.
    input = Input,
    /// Output.
    output = Output,
    /// Input from the provider's cache.
    cache_read = CacheRead,
    /// Input written to the provider's cache.
    cache_write = CacheWrite,
    /// Input written there for an hour. Default: as `cache_write`.
    cache_write_1h = CacheWrite1h,
    /// Reasoning, in the output.
    reasoning = Reasoning,
    /// Audio in the input.
    input_audio = InputAudio,
    /// Audio in the output.
    output_audio = OutputAudio,
    /// Images in the input.
    input_image = InputImage,
    /// Images in the output.
    output_image = OutputImage,
}

section! {
    /// What calls may cost.
    pub struct CostLimits {
        /// USD above which a call is told of by an event. Default: none is.
        threshold_usd: Option<f64> = None;
    }
    checked by check_limits
}

fn check_price(rule: &PriceRule, problems: &mut Problems) {
    if let Err(problem) = Pattern::new(&rule.model) {
        problems.add_at("model", format!("is {:?}; {problem}", rule.model));
    }
}

fn check_tier(rule: &PriceTier, problems: &mut Problems) {
    if rule.above_input_tokens.is_none() && rule.service_tier.is_none() {
        problems.add("would always hold; give above_input_tokens, service_tier or both");
    }
}

fn check_rates(rates: &PriceRates, problems: &mut Problems) {
    let mut any = false;
    for (key, _, usd) in rates.told() {
        let Some(usd) = usd else { continue };
        any = true;
        if Rate::new(usd).is_none() {
            let problem =
                format!("is {usd}; give USD per million tokens: 0, or {} to {}", Rate::LEAST, Rate::MOST);
            problems.add_at(key, problem);
        }
    }
    if !any {
        problems.add("tells no price; give input, output or both");
    }
}

fn check_limits(limits: &CostLimits, problems: &mut Problems) {
    if let Some(usd) = limits.threshold_usd.filter(|usd| !(0.0..=MOST_USD).contains(usd)) {
        problems.add_at("threshold_usd", format!("is {usd}; give USD, 0 to {MOST_USD}"));
    }
}

/// The table of the prices, of rules that hold each for itself.
pub(super) fn table(rules: &[PriceRule], limits: &CostLimits, problems: &mut Problems) -> Prices {
    let entries = rules.iter().filter_map(entry);
    Prices::new(entries, limits.threshold_usd).unwrap_or_else(|twice| {
        let problem = format!(
            "is for the same model, provider and date as prices[{}], so that it would never be taken; remove one",
            twice.first
        );
        let marks = (problems.enter("prices"), problems.enter_item(twice.again));
        problems.add(problem);
        problems.leave(marks.1);
        problems.leave(marks.0);
        Prices::default()
    })
}

/// `None` where it was refused.
fn entry(rule: &PriceRule) -> Option<Entry> {
    Some(Entry {
        model: Pattern::new(&rule.model).ok()?,
        provider: rule.provider.as_deref().map(Into::into),
        valid_from: rule.valid_from.as_deref().and_then(Date::parse),
        rates: rates(&rule.usd_per_million),
        tiers: rule.tiers.iter().map(tier).collect(),
        context_window: rule.context_window,
    })
}

fn tier(rule: &PriceTier) -> Tier {
    Tier {
        above_input_tokens: rule.above_input_tokens,
        service_tier: rule.service_tier.as_deref().map(Into::into),
        rates: rates(&rule.usd_per_million),
    }
}

fn rates(told: &PriceRates) -> Rates {
    told.told().into_iter().filter_map(|(_, part, usd)| Some((part, Rate::new(usd?)?))).collect()
}

/// Beyond lies no call's cost.
const MOST_USD: f64 = 1e6;

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn refused(text: &str) -> String {
        Config::parse(text.as_bytes()).expect_err(text).to_string()
    }

    #[test]
    fn tells_what_would_be_right() {
        for (rule, expected) in [
            (
                r#"{"usd_per_million":{"input":1}}"#,
                r#"prices[1].model: is ""; give the model's name, with * for any text where several are meant"#,
            ),
            (
                r#"{"model":"^gpt-4.*","usd_per_million":{"input":1}}"#,
                r#"prices[1].model: is "^gpt-4.*"; patterns are no regular expressions; give the name with * for any text"#,
            ),
            (r#"{"model":"m"}"#, "prices[1].usd_per_million: tells no price; give input, output or both"),
            (
                r#"{"model":"m","usd_per_million":{"input":-1}}"#,
                "prices[1].usd_per_million.input: is -1; give USD per million tokens: 0, or 0.0001 to 1000000",
            ),
            (
                r#"{"model":"m","usd_per_million":{"cache_write_1h":0.0000025}}"#,
                "prices[1].usd_per_million.cache_write_1h: is 0.0000025; give USD per million tokens: 0, or 0.0001 to 1000000",
            ),
            (
                r#"{"model":"m","provider":"","usd_per_million":{"input":1}}"#,
                "prices[1].provider: is empty; give one, or leave it out",
            ),
            (
                r#"{"model":"m","valid_from":"31.3.2026","usd_per_million":{"input":1}}"#,
                r#"prices[1].valid_from: is "31.3.2026"; give a day from 1970 to 2500, e.g. 2026-03-31"#,
            ),
            (
                r#"{"model":"m","valid_from":"2026-02-29","usd_per_million":{"input":1}}"#,
                r#"prices[1].valid_from: is "2026-02-29"; give a day from 1970 to 2500, e.g. 2026-03-31"#,
            ),
            (
                r#"{"model":"m","usd_per_million":{"input":1},"tiers":[{"usd_per_million":{"input":1}}]}"#,
                "prices[1].tiers[0]: would always hold; give above_input_tokens, service_tier or both",
            ),
            (
                r#"{"model":"m","usd_per_million":{"input":1},"tiers":[{"service_tier":"flex"}]}"#,
                "prices[1].tiers[0].usd_per_million: tells no price; give input, output or both",
            ),
            (
                r#"{"model":"m","usd_per_million":{"input":1},"tiers":[{"service_tier":" ","usd_per_million":{"input":1}}]}"#,
                "prices[1].tiers[0].service_tier: is empty; give one, or leave it out",
            ),
            (
                r#"{"model":"A","usd_per_million":{"output":1}}"#,
                "prices[1]: is for the same model, provider and date as prices[0], so that it would never be taken; remove one",
            ),
        ] {
            let text = format!(r#"{{"prices":[{{"model":"a","usd_per_million":{{"input":1}}}},{rule}]}}"#);
            assert_eq!(refused(&text), expected);
        }
        for (usd, shown) in [("-0.5", "-0.5"), ("1000001", "1000001")] {
            let text = format!(r#"{{"cost":{{"threshold_usd":{usd}}}}}"#);
            assert_eq!(refused(&text), format!("cost.threshold_usd: is {shown}; give USD, 0 to 1000000"));
        }
    }

    #[test]
    fn takes_no_other_keys_types_or_numbers() {
        for (text, expected) in [
            (
                r#"{"prices":[{"modle":"m","usd_per_million":{"input":1}}]}"#,
                "prices[0].modle: is no key; give one of model, provider, valid_from, usd_per_million, context_window, tiers; did you mean \"model\"?",
            ),
            (
                r#"{"prices":[{"model":"m","usd_per_million":{"inputs":1}}]}"#,
                "prices[0].usd_per_million.inputs: is no key; give one of input, output,",
            ),
            (
                r#"{"prices":[{"model":"m","usd_per_million":{"input":"1"}}]}"#,
                "prices[0].usd_per_million.input: is a text; give a number, without quotation marks",
            ),
            (
                r#"{"prices":[{"model":"m","usd_per_million":{"input":1e999}}]}"#,
                "line 1, column 52: number out of range",
            ),
            (
                r#"{"prices":[{"model":"m","usd_per_million":{"input":NaN}}]}"#,
                "line 1, column 52: a value is missing",
            ),
            (
                r#"{"prices":[{"model":"m","usd_per_million":{"input":1},"tiers":[{"above_input_tokens":-1,"usd_per_million":{"input":1}}]}]}"#,
                "prices[0].tiers[0].above_input_tokens: is -1; give 0 to 9007199254740991",
            ),
            (r#"{"prices":[["m",1]]}"#, "prices[0]: is a list; give an object"),
            (
                r#"{"cost":{"threshold":1}}"#,
                "cost.threshold: is no key; give threshold_usd; did you mean \"threshold_usd\"?",
            ),
        ] {
            let error = refused(text);
            assert!(error.starts_with(expected), "{text}\n   {error}\n!= {expected}");
        }
    }
}
