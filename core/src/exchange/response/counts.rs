//! Token counts and cost as they are told, and the sums that make [`Usage`] of them.

use crate::api::Count;
use crate::call::{Usage, UsageStatus};
use crate::cost::Cost;

/// Counts of one answer.
#[derive(Debug)]
pub(super) struct Counts {
    values: [u64; Count::LEN],
    /// The rank of each value; [`UNTOLD`] where there is none.
    ranks: [u8; Count::LEN],
    /// Bit `n`: count `n` has been told in part by the current message.
    in_parts: u32,
    cost: Option<f64>,
}

/// How counts are to be taken.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reckoning {
    /// Nothing more was to come.
    pub(super) whole: bool,
    /// The operation gives no output that counts: a total is the input, and metered output is none.
    pub(super) nothing_generated: bool,
    /// See `Quirks::reasoning_beside_output`.
    pub(super) reasoning_beside_output: bool,
}

const UNTOLD: u8 = u8::MAX;
/// What one tick of xAI's `cost_in_usd_ticks` is worth.
const USD_PER_TICK: f64 = 1e-10;

impl Default for Counts {
    fn default() -> Self {
        Self { values: [0; Count::LEN], ranks: [UNTOLD; Count::LEN], in_parts: 0, cost: None }
    }
}

impl Counts {
    /// Whether anything was counted.
    pub(super) fn any(&self) -> bool {
        self.ranks.iter().any(|rank| *rank != UNTOLD)
    }

    /// A new message begins: sums begin anew.
    pub(super) fn begin_message(&mut self) {
        self.in_parts = 0;
    }

    /// Replaces what was told at this rank or a higher one.
    pub(super) fn set(&mut self, count: Count, rank: u8, value: u64) {
        let at = count as usize;
        if let (Some(slot), Some(known)) = (self.values.get_mut(at), self.ranks.get_mut(at))
            && rank <= *known
        {
            *slot = value;
            *known = rank;
        }
    }

    /// As [`Self::set`], but a 0 does not replace a value.
    pub(super) fn set_unless_zero(&mut self, count: Count, value: u64) {
        if value != 0 || self.get(count).is_none() {
            self.set(count, 0, value);
        }
    }

    /// As [`Self::set`] for the first of a message; the next ones are added.
    pub(super) fn add(&mut self, count: Count, rank: u8, value: u64) {
        let bit = 1_u32.checked_shl(count as u32).unwrap_or_default();
        let before = if self.in_parts & bit == 0 { 0 } else { self.get(count).unwrap_or_default() };
        self.in_parts |= bit;
        self.set(count, rank, before.saturating_add(value));
    }

    /// A sum of money in USD; the last one counts. What is below nothing is none.
    pub(super) fn set_cost(&mut self, usd: f64) {
        if usd >= 0.0 {
            self.cost = Some(usd);
        }
    }

    /// The same in ticks.
    pub(super) fn set_cost_ticks(&mut self, ticks: f64) {
        self.set_cost(ticks * USD_PER_TICK);
    }

    /// The usage. Input includes what was cached, output includes reasoning.
    pub(super) fn usage(&self, how: Reckoning) -> Usage {
        let get = |count| self.get(count);
        let cache_read = get(Count::CacheRead).or(get(Count::MeteredCacheRead));
        let hour = get(Count::CacheWriteHour);
        let cache_write = get(Count::CacheWrite)
            .or(sum(&[get(Count::CacheWriteOther), hour]))
            .or(get(Count::MeteredCacheWrite));
        let input = match (get(Count::InputUncached), get(Count::Input), get(Count::MeteredInput)) {
            (Some(uncached), _, _) => sum(&[Some(uncached), cache_read, cache_write]),
            (None, Some(input), _) => sum(&[Some(input), get(Count::InputOfTools)]),
            (None, None, Some(metered)) => {
                sum(&[Some(metered), get(Count::MeteredCacheRead), get(Count::MeteredCacheWrite)])
            }
            (None, None, None) => get(Count::Total).filter(|_| how.nothing_generated),
        };
        let reasoning_apart = get(Count::ReasoningApart);
        let output = get(Count::Output)
            .map(
                |output| if self.lacks_reasoning(output, how) { self.with_reasoning(output) } else { output },
            )
            .or(sum(&[get(Count::OutputVisible), reasoning_apart]))
            .or(get(Count::MeteredOutput).filter(|_| !how.nothing_generated));
        let usage = Usage {
            input_tokens: input,
            output_tokens: output,
            cache_read_tokens: cache_read,
            cache_write_tokens: cache_write,
            cache_write_1h_tokens: hour,
            reasoning_tokens: get(Count::Reasoning).or(reasoning_apart),
            input_audio_tokens: get(Count::InputAudio),
            input_image_tokens: get(Count::InputImage),
            output_audio_tokens: get(Count::OutputAudio),
            output_image_tokens: get(Count::OutputImage),
            input_text_tokens: get(Count::InputText),
            output_text_tokens: get(Count::OutputText),
            cache_read_text_tokens: get(Count::CacheReadText),
            cache_read_audio_tokens: get(Count::CacheReadAudio),
            cache_read_image_tokens: get(Count::CacheReadImage),
            cost: self.cost.map(Cost::reported),
            status: UsageStatus::Missing,
        };
        let status = match (usage.input_tokens, usage.output_tokens) {
            (None, None) => UsageStatus::Missing,
            _ if how.whole => UsageStatus::Reported,
            _ => UsageStatus::Partial,
        };
        Usage { status, ..usage }
    }

    /// Whether reasoning is left out of this output: the total says so (xAI), or the provider is one that
    /// does, and there is more reasoning than output.
    fn lacks_reasoning(&self, output: u64, how: Reckoning) -> bool {
        let Some(reasoning) = self.get(Count::Reasoning).filter(|reasoning| *reasoning > 0) else {
            return false;
        };
        let all = sum(&[self.get(Count::Input), Some(output), Some(reasoning)]);
        (self.get(Count::Total).is_some() && self.get(Count::Total) == all)
            || (how.reasoning_beside_output && reasoning > output)
    }

    fn with_reasoning(&self, output: u64) -> u64 {
        output.saturating_add(self.get(Count::Reasoning).unwrap_or_default())
    }

    fn get(&self, count: Count) -> Option<u64> {
        let rank = self.ranks.get(count as usize)?;
        if *rank == UNTOLD { None } else { self.values.get(count as usize).copied() }
    }
}

/// The sum of those that were told; `None` where none was.
fn sum(parts: &[Option<u64>]) -> Option<u64> {
    parts.iter().flatten().copied().reduce(u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Reckoning =
        Reckoning { whole: true, nothing_generated: false, reasoning_beside_output: false };

    fn usage(told: &[(Count, u8, u64)]) -> Usage {
        let mut counts = Counts::default();
        for &(count, rank, value) in told {
            counts.set(count, rank, value);
        }
        counts.usage(WHOLE)
    }

    #[test]
    fn the_lower_rank_wins_in_any_order_and_the_last_of_a_rank() {
        for told in [[(0, 7), (1, 5)], [(1, 5), (0, 7)], [(0, 3), (0, 7)]] {
            let told = told.map(|(rank, value)| (Count::CacheRead, rank, value));
            assert_eq!(usage(&told).cache_read_tokens, Some(7), "{told:?}");
        }
    }

    #[test]
    fn zero_is_a_fact_and_nothing_is_none() {
        let told = usage(&[(Count::Input, 0, 0)]);
        assert_eq!((told.input_tokens, told.output_tokens), (Some(0), None));
        assert_eq!(told.status, UsageStatus::Reported);
        assert_eq!(usage(&[]), Usage::default());
    }

    #[test]
    fn input_includes_what_was_cached() {
        let anthropic =
            [(Count::InputUncached, 0, 12), (Count::CacheRead, 0, 185), (Count::CacheWrite, 0, 1028)];
        assert_eq!(usage(&anthropic).input_tokens, Some(1225));
        let by_lifetime =
            [(Count::InputUncached, 0, 1), (Count::CacheWriteOther, 0, 20), (Count::CacheWriteHour, 0, 300)];
        let told = usage(&by_lifetime);
        assert_eq!(
            (told.input_tokens, told.cache_write_tokens, told.cache_write_1h_tokens),
            (Some(321), Some(320), Some(300))
        );
        let openai = [(Count::Input, 0, 2006), (Count::CacheRead, 0, 1920)];
        assert_eq!(usage(&openai).input_tokens, Some(2006));
        let gemini = [(Count::Input, 0, 40), (Count::InputOfTools, 0, 2)];
        assert_eq!(usage(&gemini).input_tokens, Some(42));
    }

    #[test]
    fn output_includes_reasoning() {
        let gemini = [(Count::OutputVisible, 0, 37), (Count::ReasoningApart, 0, 570)];
        let told = usage(&gemini);
        assert_eq!((told.output_tokens, told.reasoning_tokens), (Some(607), Some(570)));
        let openai = [(Count::Output, 0, 100), (Count::Reasoning, 0, 64)];
        let told = usage(&openai);
        assert_eq!((told.output_tokens, told.reasoning_tokens), (Some(100), Some(64)));
        assert_eq!(usage(&[(Count::Reasoning, 0, 5)]).output_tokens, None);
    }

    #[test]
    fn what_the_body_does_not_tell_the_host_does() {
        let metered =
            [(Count::MeteredInput, 0, 10), (Count::MeteredCacheRead, 0, 200), (Count::MeteredOutput, 0, 30)];
        let told = usage(&metered);
        assert_eq!(
            (told.input_tokens, told.output_tokens, told.cache_read_tokens),
            (Some(210), Some(30), Some(200))
        );
        let native = usage(&[&metered[..], &[(Count::Output, 0, 28)]].concat());
        assert_eq!((native.input_tokens, native.output_tokens), (Some(210), Some(28)));
    }

    #[test]
    fn parts_are_summed_within_a_message_and_replaced_by_the_next() {
        let mut counts = Counts::default();
        counts.add(Count::Output, 0, 3);
        counts.add(Count::Output, 0, 4);
        assert_eq!(counts.usage(WHOLE).output_tokens, Some(7));
        counts.begin_message();
        counts.add(Count::Output, 0, 5);
        assert_eq!(counts.usage(WHOLE).output_tokens, Some(5));
    }

    #[test]
    fn a_zero_may_be_no_fact() {
        let mut counts = Counts::default();
        counts.set_unless_zero(Count::Input, 0);
        assert_eq!(counts.usage(Reckoning::default()).input_tokens, Some(0));
        counts.set_unless_zero(Count::Input, 17);
        counts.set_unless_zero(Count::Input, 0);
        let told = counts.usage(Reckoning::default());
        assert_eq!((told.input_tokens, told.status), (Some(17), UsageStatus::Partial));
    }

    #[test]
    fn the_total_tells_whether_reasoning_is_in_the_output() {
        let told = |total, output, reasoning| {
            let told = [(Count::Input, 0, 7), (Count::Output, 0, output), (Count::Reasoning, 0, reasoning)];
            let total = [(Count::Total, 0, total)];
            let told = usage(&[&told[..], &total[..]].concat());
            (told.input_tokens, told.output_tokens, told.reasoning_tokens)
        };
        assert_eq!(told(137, 90, 40), (Some(7), Some(130), Some(40)));
        assert_eq!(told(97, 90, 40), (Some(7), Some(90), Some(40)));
        assert_eq!(told(0, 90, 40), (Some(7), Some(90), Some(40)));
        assert_eq!(told(97, 90, 0), (Some(7), Some(90), Some(0)));
    }

    #[test]
    fn reasoning_beyond_the_output_is_beside_it_where_the_provider_says_so() {
        let mut counts = Counts::default();
        counts.set(Count::Output, 0, 53);
        counts.set(Count::Reasoning, 0, 54);
        assert_eq!(counts.usage(WHOLE).output_tokens, Some(53));
        let beside = Reckoning { reasoning_beside_output: true, ..WHOLE };
        assert_eq!(counts.usage(beside).output_tokens, Some(107));
        counts.set(Count::Reasoning, 0, 53);
        assert_eq!(counts.usage(beside).output_tokens, Some(53));
    }

    #[test]
    fn a_total_is_the_input_only_where_nothing_is_generated() {
        let mut counts = Counts::default();
        counts.set(Count::Total, 0, 12);
        counts.set(Count::MeteredOutput, 0, 3);
        let told = counts.usage(Reckoning { nothing_generated: true, ..WHOLE });
        assert_eq!((told.input_tokens, told.output_tokens), (Some(12), None));
        let told = counts.usage(WHOLE);
        assert_eq!((told.input_tokens, told.output_tokens), (None, Some(3)));
    }

    #[test]
    fn the_last_cost_counts() {
        let mut counts = Counts::default();
        counts.set_cost(0.5);
        counts.set_cost_ticks(2.0);
        assert_eq!(counts.usage(WHOLE).cost, Some(Cost::reported(2e-10)));
        counts.set_cost(0.25);
        counts.set_cost(-1.0);
        assert_eq!(counts.usage(WHOLE).cost, Some(Cost::reported(0.25)));
    }
}
