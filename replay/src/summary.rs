//! What calls add up to, by model and provider.

use std::collections::BTreeMap;
use std::time::Duration;

use inferspan_core::call::Call;

/// What one call adds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// The model that answered, else the one that was asked; empty where none is known.
    pub model: String,
    /// Who answered.
    pub provider: String,
    /// Whether it failed.
    pub failed: bool,
    /// Tokens in, where they are known.
    pub input_tokens: Option<u64>,
    /// Tokens out, where they are known.
    pub output_tokens: Option<u64>,
    /// What it cost in USD, where that is known.
    pub cost: Option<f64>,
    /// Time to first token, where it was streamed and somebody measured times.
    pub first_token: Option<Duration>,
}

impl From<&Call> for Sample {
    fn from(call: &Call) -> Self {
        let (timing, model) = (call.timing, call.response.model.as_ref().or(call.request.model.as_ref()));
        let first_token = timing.first_token.map(|first| Duration::from_nanos(first.since(timing.start)));
        let measured = timing.end > timing.start;
        Self {
            model: model.cloned().unwrap_or_default(),
            provider: call.provider.clone().into_owned(),
            failed: call.error.is_some(),
            input_tokens: call.usage.input_tokens,
            output_tokens: call.usage.output_tokens,
            cost: call.usage.cost.map(|cost| cost.usd),
            first_token: first_token.filter(|_| measured && call.stream.is_some()),
        }
    }
}

/// What calls add up to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// How many there were.
    pub calls: u64,
    /// How many of them failed.
    pub failed: u64,
    /// Tokens in; `None` where no call told any.
    pub input_tokens: Option<u64>,
    /// Tokens out, likewise.
    pub output_tokens: Option<u64>,
    /// USD, likewise.
    pub cost: Option<f64>,
    /// Sorted or not.
    first_tokens: Vec<Duration>,
}

impl Row {
    /// The time to first token that so many percent of the streams stayed within (nearest rank).
    #[must_use]
    pub fn first_token(&self, percent: usize) -> Option<Duration> {
        let mut times = self.first_tokens.clone();
        times.sort_unstable();
        let rank = (times.len() * percent).div_ceil(100).max(1);
        times.get(rank - 1).copied()
    }

    fn add(&mut self, sample: &Sample) {
        fn plus<T: std::ops::Add<Output = T>>(sum: &mut Option<T>, more: Option<T>) {
            *sum = match (sum.take(), more) {
                (Some(sum), Some(more)) => Some(sum + more),
                (sum, more) => sum.or(more),
            };
        }
        self.calls += 1;
        self.failed += u64::from(sample.failed);
        plus(&mut self.input_tokens, sample.input_tokens);
        plus(&mut self.output_tokens, sample.output_tokens);
        plus(&mut self.cost, sample.cost);
        self.first_tokens.extend(sample.first_token);
    }
}

/// Calls, added up by model and provider.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    rows: BTreeMap<(String, String), Row>,
    all: Row,
}

impl Summary {
    /// Adds a call.
    pub fn add(&mut self, sample: Sample) {
        self.all.add(&sample);
        self.rows.entry((sample.model.clone(), sample.provider.clone())).or_default().add(&sample);
    }

    /// Each model and provider, and what their calls add up to; those with the most calls first.
    #[must_use]
    pub fn rows(&self) -> Vec<(&str, &str, &Row)> {
        let rows = self.rows.iter();
        let mut rows: Vec<_> =
            rows.map(|((model, provider), row)| (model.as_str(), provider.as_str(), row)).collect();
        rows.sort_by_key(|(_, _, row)| std::cmp::Reverse(row.calls));
        rows
    }

    /// All calls together.
    #[must_use]
    pub fn all(&self) -> &Row {
        &self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let mut row = Row::default();
        assert_eq!(row.first_token(50), None);
        row.first_tokens = [7, 1, 3, 9, 5].map(Duration::from_millis).to_vec();
        let millis = |percent| row.first_token(percent).map(|time| time.as_millis());
        assert_eq!([millis(0), millis(20), millis(50), millis(95), millis(100)], [1, 1, 5, 9, 9].map(Some));
    }

    #[test]
    fn what_is_not_known_is_not_zero() {
        let mut summary = Summary::default();
        let sample =
            |model: &str, input_tokens| Sample { model: model.into(), input_tokens, ..Sample::default() };
        summary.add(Sample { failed: true, ..sample("b", None) });
        summary.add(Sample { cost: Some(0.5), ..sample("a", Some(3)) });
        summary.add(Sample { cost: Some(0.25), ..sample("a", None) });
        let rows: Vec<_> = summary
            .rows()
            .into_iter()
            .map(|(model, _, row)| (model, row.calls, row.failed, row.input_tokens, row.cost))
            .collect();
        assert_eq!(rows, [("a", 2, 0, Some(3), Some(0.75)), ("b", 1, 1, None, None)]);
        assert_eq!((summary.all().calls, summary.all().input_tokens), (3, Some(3)));
    }
}
