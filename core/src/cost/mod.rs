//! What a call costs: what the provider reports of it, else its tokens at the configured prices.
//!
//! In: a [`Call`] that is over, and [`Prices`]. Out: the [`Cost`] in its usage. A token is charged once: parts of a
//! total (cached, reasoning, audio, images) at a price of their own where there is one, what is left of the total at
//! the total's. What has no price makes the call an unpriced one, never a cheaper one.

mod date;
mod pattern;
mod rates;
mod table;

pub use date::Date;
pub use pattern::Pattern;
pub use rates::{Part, Rate, Rates};
pub use table::{Duplicate, Entry, Prices, Tier};

use crate::call::{Call, Operation, Usage};

/// What a call costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// USD for all of it.
    pub usd: f64,
    /// USD for the input, where it was computed.
    pub input_usd: Option<f64>,
    /// USD for the output, where it was computed.
    pub output_usd: Option<f64>,
    /// Who says so.
    pub source: CostSource,
    /// The configured threshold, where the cost is above it.
    pub exceeded_usd: Option<f64>,
}

/// Who says what a call costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CostSource {
    /// The answer, whether its provider's or a gateway's.
    Provider,
    /// The configuration's prices.
    Configuration,
}

impl CostSource {
    /// The source as it is emitted.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Configuration => "configuration",
        }
    }
}

/// A call used tokens that have no price, though there are prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unpriced;

impl Cost {
    /// As the answer tells it.
    #[must_use]
    pub fn reported(usd: f64) -> Self {
        Self { usd, input_usd: None, output_usd: None, source: CostSource::Provider, exceeded_usd: None }
    }

    /// Of millionths. They are summed before they are divided, so that no rounding adds up.
    fn computed(input: Option<f64>, output: Option<f64>) -> Self {
        let usd = |millionths: f64| millionths / 1e6;
        Self {
            usd: usd(input.unwrap_or_default() + output.unwrap_or_default()),
            input_usd: input.map(usd),
            output_usd: output.map(usd),
            source: CostSource::Configuration,
            exceeded_usd: None,
        }
    }
}

impl Prices {
    /// Puts the cost into a call that is over: what was reported stays, else it is computed; and how much its model
    /// takes. To be done once.
    ///
    /// # Errors
    /// The call used tokens that have no price here.
    pub fn apply(&self, call: &mut Call) -> Result<(), Unpriced> {
        if self.say_nothing() {
            return Ok(());
        }
        if self.has_windows() {
            call.request.context_window = self.entry(call).and_then(|entry| entry.context_window);
        }
        if call.usage.cost.is_none() {
            call.usage.cost = self.price(call);
        }
        if let Some(cost) = &mut call.usage.cost {
            cost.exceeded_usd = self.threshold_usd().filter(|most| cost.usd > *most);
            return Ok(());
        }
        if self.is_empty() || !is_charged(call) { Ok(()) } else { Err(Unpriced) }
    }

    /// The cost of a call by these prices. `None` where it used nothing, or something that has no price.
    #[must_use]
    pub fn price(&self, call: &Call) -> Option<Cost> {
        if !is_charged(call) {
            return None;
        }
        let Call { request, response, usage, .. } = call;
        let entry = self.entry(call)?;
        let service_tier = response.service_tier.as_deref().or(request.service_tier.as_deref());
        let rate = |part| entry.rate(part, usage.input_tokens.unwrap_or_default(), service_tier);
        let input = match usage.input_tokens {
            Some(tokens) => Some(charge(tokens, &input_parts(usage, &rate), rate(Part::Input))?),
            None => None,
        };
        let output = match usage.output_tokens {
            Some(tokens) => Some(charge(tokens, &output_parts(usage, &rate), rate(Part::Output))?),
            None => None,
        };
        Some(Cost::computed(input, output))
    }

    /// The entry of the model that answered, else of the one that was asked for.
    fn entry(&self, call: &Call) -> Option<&Entry> {
        let models = [&call.response.model, &call.request.model].into_iter().flatten();
        let mut entries = models.filter_map(|model| self.find(model, &call.provider, call.timing.start));
        entries.next()
    }
}

/// Whether a call used tokens that its provider charges. Counting tokens is free; what a gateway has in its cache it
/// does not ask its provider for.
fn is_charged(call: &Call) -> bool {
    let Usage { input_tokens, output_tokens, .. } = call.usage;
    let any = input_tokens.is_some() || output_tokens.is_some();
    any && call.operation != Operation::CountTokens && !call.response.is_from_cache()
}

/// Tokens of a part and what they cost, where that is not what the total costs.
type Charge = (Option<u64>, Option<f64>);

/// In the order in which they are taken out of the input, should they overlap.
fn input_parts(usage: &Usage, rate: &dyn Fn(Part) -> Option<f64>) -> [Charge; 5] {
    let hour = usage.cache_write_1h_tokens;
    let written = usage.cache_write_tokens.map(|all| all.saturating_sub(hour.unwrap_or_default()));
    let cache_write = rate(Part::CacheWrite);
    [
        (usage.cache_read_tokens, rate(Part::CacheRead)),
        (hour, rate(Part::CacheWrite1h).or(cache_write)),
        (written, cache_write),
        (usage.input_audio_tokens, rate(Part::InputAudio)),
        (usage.input_image_tokens, rate(Part::InputImage)),
    ]
}

/// Likewise of the output.
fn output_parts(usage: &Usage, rate: &dyn Fn(Part) -> Option<f64>) -> [Charge; 3] {
    [
        (usage.output_audio_tokens, rate(Part::OutputAudio)),
        (usage.output_image_tokens, rate(Part::OutputImage)),
        (usage.reasoning_tokens, rate(Part::Reasoning)),
    ]
}

/// Millionths of USD for a total and its parts, each token once. `None` where some have no price.
fn charge(total: u64, parts: &[Charge], rate: Option<f64>) -> Option<f64> {
    let mut left = total;
    let mut sum = 0.0;
    for (tokens, own) in parts {
        if let (Some(tokens), Some(own)) = (tokens, own) {
            let tokens = left.min(*tokens);
            left = left.saturating_sub(tokens);
            sum += tokens as f64 * own;
        }
    }
    if left > 0 {
        sum += left as f64 * rate?;
    }
    Some(sum)
}

#[cfg(test)]
mod tests;
