//! The table of prices, and how the entry for a call is found.
//!
//! Invariant: entries are sorted by what their patterns begin with, so that a lookup narrows them letter by letter and
//! looks only at those that can fit: a table of thousands costs a call little more than one of ten.

use std::cmp::Reverse;

use super::date::Date;
use super::pattern::Pattern;
use super::rates::{Part, Rates};
use crate::time::UnixNanos;

/// Prices of models.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prices {
    entries: Vec<Placed>,
    threshold_usd: Option<f64>,
    /// Whether an entry says how much its model takes.
    has_windows: bool,
}

/// An entry and its place among those that were told.
#[derive(Clone, Debug, PartialEq)]
struct Placed {
    entry: Entry,
    place: usize,
}

/// What the tokens of a model cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Which model.
    pub model: Pattern,
    /// Of which provider; `None` for each.
    pub provider: Option<Box<str>>,
    /// From when on.
    pub valid_from: Option<Date>,
    /// Where no tier says otherwise.
    pub rates: Rates,
    /// What costs otherwise, and when. Of those that fit, the later one wins.
    pub tiers: Box<[Tier]>,
    /// Tokens that the model takes at most.
    pub context_window: Option<u64>,
}

/// Prices in place of the entry's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Tier {
    /// More than so many input tokens; `None` for any number.
    pub above_input_tokens: Option<u64>,
    /// In that service tier, in lower case; `None` for each.
    pub service_tier: Option<Box<str>>,
    /// Those that differ.
    pub rates: Rates,
}

/// Two entries for the same model, provider and date, by their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The one that would be taken.
    pub first: usize,
    /// The one that never would.
    pub again: usize,
}

impl Prices {
    /// Makes a table of entries. `threshold_usd`: what a call may cost before it is told of.
    ///
    /// # Errors
    /// An entry that could never be taken.
    pub fn new(
        entries: impl IntoIterator<Item = Entry>,
        threshold_usd: Option<f64>,
    ) -> Result<Self, Duplicate> {
        let entries = entries.into_iter().enumerate();
        let mut entries: Vec<Placed> = entries.map(|(place, entry)| Placed { entry, place }).collect();
        entries.sort_by(|a, b| {
            let prefixes = a.entry.model.prefix().cmp(b.entry.model.prefix());
            prefixes.then_with(|| a.entry.key().cmp(&b.entry.key())).then(a.place.cmp(&b.place))
        });
        let twice = entries.iter().zip(entries.iter().skip(1)).find(|(a, b)| a.entry.key() == b.entry.key());
        match twice {
            Some((first, again)) => Err(Duplicate { first: first.place, again: again.place }),
            None => {
                let has_windows = entries.iter().any(|placed| placed.entry.context_window.is_some());
                Ok(Self { entries, threshold_usd, has_windows })
            }
        }
    }

    /// Whether there are no prices.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether nothing here concerns any call.
    pub(super) fn say_nothing(&self) -> bool {
        self.entries.is_empty() && self.threshold_usd.is_none()
    }

    /// Whether something is said of how much models take.
    pub(super) fn has_windows(&self) -> bool {
        self.has_windows
    }

    pub(super) fn threshold_usd(&self) -> Option<f64> {
        self.threshold_usd
    }

    /// The entry for a model: the most specific of those that hold for that provider at that time.
    pub(super) fn find(&self, model: &str, provider: &str, now: UnixNanos) -> Option<&Entry> {
        let mut best: Option<&Placed> = None;
        // Those that begin with as many letters of the model as have been looked at.
        let mut rest = self.entries.as_slice();
        let mut letters = model.bytes().map(|letter| letter.to_ascii_lowercase());
        for seen in 0_usize.. {
            let ends = match rest.first().and_then(|placed| placed.prefix_letter(seen)) {
                Some(_) => 0,
                None => rest.partition_point(|placed| placed.prefix_letter(seen).is_none()),
            };
            let (ending, longer) = rest.split_at_checked(ends)?;
            for placed in ending.iter().filter(|placed| placed.entry.holds_for(model, provider, now)) {
                if best.is_none_or(|best| placed.rank() > best.rank()) {
                    best = Some(placed);
                }
            }
            let letter = letters.next();
            // As many begin alike, most letters narrow nothing.
            let all_have_it = |placed: Option<&Placed>| placed.and_then(|p| p.prefix_letter(seen)) == letter;
            if letter.is_some() && all_have_it(longer.first()) && all_have_it(longer.last()) {
                rest = longer;
                continue;
            }
            let before = longer.partition_point(|placed| placed.prefix_letter(seen) < letter);
            let (_, longer) = longer.split_at_checked(before)?;
            let same = longer.partition_point(|placed| placed.prefix_letter(seen) == letter);
            rest = longer.get(..same)?;
            if rest.is_empty() {
                break;
            }
        }
        best.map(|placed| &placed.entry)
    }
}

impl Placed {
    /// A letter of what the names of its model begin with; `None` behind its end.
    fn prefix_letter(&self, at: usize) -> Option<u8> {
        self.entry.model.prefix().get(at).copied()
    }

    /// The greatest is taken.
    fn rank(&self) -> impl PartialOrd {
        let Entry { model, provider, valid_from, .. } = &self.entry;
        (model.rank(), provider.is_some(), *valid_from, Reverse(self.place))
    }
}

impl Entry {
    /// What no two entries may have in common.
    fn key(&self) -> (&str, Option<&str>, Option<Date>) {
        (self.model.text(), self.provider.as_deref(), self.valid_from)
    }

    fn holds_for(&self, model: &str, provider: &str, now: UnixNanos) -> bool {
        self.provider.as_deref().is_none_or(|own| own == provider)
            && self.valid_from.is_none_or(|date| date.begin() <= now)
            && self.model.matches(model)
    }

    /// What a part costs in a call of so many input tokens, in USD per million.
    pub(super) fn rate(&self, part: Part, input_tokens: u64, service_tier: Option<&str>) -> Option<f64> {
        let fitting = self.tiers.iter().rev().filter(|tier| tier.holds_for(input_tokens, service_tier));
        fitting.map(|tier| &tier.rates).chain([&self.rates]).find_map(|rates| rates.of(part))
    }
}

impl Tier {
    fn holds_for(&self, input_tokens: u64, service_tier: Option<&str>) -> bool {
        let wanted = self.service_tier.as_deref();
        self.above_input_tokens.is_none_or(|most| input_tokens > most)
            && wanted.is_none_or(|own| service_tier.is_some_and(|tier| tier.eq_ignore_ascii_case(own)))
    }
}
