//! Thresholds of OpenTelemetry's consistent probability sampling, and where they are told: the member `ot` of the
//! W3C trace state.
//!
//! A span is sampled where its randomness, 56 bits that all spans of a trace share, is not below the threshold. So
//! all who sample at one ratio choose alike, and who knows the threshold of a sampled span knows for how many it
//! stands: 2^56 / (2^56 − threshold).

use std::fmt;

use crate::trace_context::{TraceId, TraceState};

/// Randomness below this is not sampled; 0 rejects nothing, 2^56 all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Threshold(u64);

impl Threshold {
    /// Samples all.
    pub const ALL: Self = Self(0);
    /// Samples nothing.
    pub const NONE: Self = Self(VALUES);

    /// Samples `ratio` of the traces, from 0 to 1: to four hex digits beyond those that a ratio near 0 or 1 begins
    /// with, as others round it who sample at that ratio.
    #[must_use]
    pub fn of_ratio(ratio: f64) -> Self {
        let accepted = (ratio.clamp(0.0, 1.0) * VALUES as f64).round() as u64;
        let rejected = VALUES.saturating_sub(accepted);
        if accepted == 0 || rejected == 0 {
            return Self(rejected);
        }
        let digits_of = |part: u64| part.leading_zeros().saturating_sub(64 - BITS) / 4;
        let digits = digits_of(accepted).max(digits_of(rejected)).saturating_add(PRECISION);
        let shift = DIGITS.saturating_sub(digits).saturating_mul(4);
        let half = 1_u64.checked_shl(shift).unwrap_or(0) / 2;
        Self((rejected.saturating_add(half) >> shift) << shift)
    }

    /// Reads the value of `th`: 1 to 14 digits of lower-case hex, those at the end that are 0 left out.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=DIGITS as usize).contains(&text.len());
        digits(text).filter(|_| fits).map(|value| {
            let missing = DIGITS.saturating_sub(text.len() as u32);
            Self(value << missing.saturating_mul(4))
        })
    }

    /// Whether what has this randomness is sampled.
    #[must_use]
    pub fn samples(self, randomness: u64) -> bool {
        randomness >= self.0
    }
}

/// The value of `th`.
impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:014x}", self.0);
        let kept = text.trim_end_matches('0');
        f.write_str(if kept.is_empty() { "0" } else { kept })
    }
}

/// The randomness of a trace: what its state says (`rv`), else the last 56 bits of its id.
#[must_use]
pub fn randomness(trace_id: TraceId, state: &TraceState) -> u64 {
    let told = state.get(MEMBER).and_then(|ot| entries(ot).find(|(key, _)| *key == "rv"));
    let told = told.map(|(_, value)| value).filter(|value| value.len() == DIGITS as usize);
    told.and_then(digits).unwrap_or_else(|| {
        let [.., b0, b1, b2, b3, b4, b5, b6] = trace_id.to_bytes();
        u64::from_be_bytes([0, b0, b1, b2, b3, b4, b5, b6])
    })
}

/// The state of a span that was sampled at this threshold: its member `ot` first, with what else stood in it, and
/// all other members behind it in their order.
#[must_use]
pub fn with_threshold(state: &TraceState, threshold: Threshold) -> TraceState {
    let mut value = format!("th:{threshold}");
    let others = state.get(MEMBER).into_iter().flat_map(entries).filter(|(key, _)| *key != "th");
    for (key, other) in others {
        // What would not fit is left out; the first that stood there, rv as a rule, stay.
        if value.len().saturating_add(key.len()).saturating_add(other.len()).saturating_add(2) <= MAX_VALUE {
            value.extend([";", key, ":", other]);
        }
    }
    state.insert(MEMBER, &value).unwrap_or_else(|| state.clone())
}

/// The entries of a member `ot`, those that are none left out.
fn entries(ot: &str) -> impl Iterator<Item = (&str, &str)> {
    ot.split(';').filter_map(|entry| entry.split_once(':'))
}

/// Lower-case hex.
fn digits(text: &str) -> Option<u64> {
    let is_digit = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    if !text.bytes().all(is_digit) {
        return None;
    }
    u64::from_str_radix(text, 16).ok()
}

/// OpenTelemetry's member of the trace state.
const MEMBER: &str = "ot";
/// Longest value of a member.
const MAX_VALUE: usize = 256;
/// Bits of randomness, and as hex digits.
const BITS: u32 = 56;
const DIGITS: u32 = 14;
/// How many values that gives.
const VALUES: u64 = 1 << BITS;
/// Hex digits that a threshold is given to.
const PRECISION: u32 = 4;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn state(members: &[(&str, &str)]) -> TraceState {
        let members: Vec<_> = members.iter().map(|(key, value)| format!("{key}={value}")).collect();
        TraceState::parse(&members.join(",")).unwrap()
    }

    #[test]
    fn a_ratio_is_the_threshold_that_others_give_it() {
        for (ratio, threshold) in [
            (1.0, "0"),
            (0.5, "8"),
            (0.25, "c"),
            (0.75, "4"),
            (0.1, "e666"),
            (0.01, "fd70a"),
            (0.001, "ffbe77"),
            (1.0 / 3.0, "aaab"),
            (2.0 / 3.0, "5555"),
            (0.999, "004189"),
            (0.000_000_001, "fffffffbb48"),
        ] {
            assert_eq!(Threshold::of_ratio(ratio).to_string(), threshold, "{ratio}");
        }
        assert_eq!(Threshold::of_ratio(0.0), Threshold::NONE);
        assert_eq!(Threshold::of_ratio(1e-20), Threshold::NONE);
        assert_eq!(Threshold::of_ratio(1.0), Threshold::ALL);
        assert_eq!(Threshold::of_ratio(f64::NAN), Threshold::NONE);
    }

    #[test]
    fn reads_what_is_a_threshold() {
        for (text, value) in [
            ("0", Some(0)),
            ("8", Some(1 << 55)),
            ("c", Some(3 << 54)),
            ("00000000000001", Some(1)),
            ("ffffffffffffff", Some((1 << 56) - 1)),
            ("", None),
            ("C", None),
            ("+8", None),
            ("0x8", None),
            ("000000000000001", None),
        ] {
            assert_eq!(Threshold::parse(text), value.map(Threshold), "{text:?}");
        }
    }

    #[test]
    fn samples_what_is_not_below() {
        let [half, none] = [0.5, 0.0].map(Threshold::of_ratio);
        for (randomness, sampled) in [(0, false), ((1 << 55) - 1, false), (1 << 55, true)] {
            assert_eq!(half.samples(randomness), sampled);
        }
        assert!(!none.samples((1 << 56) - 1));
        assert!(Threshold::ALL.samples(0));
    }

    #[test]
    fn randomness_is_the_traces_unless_it_is_told() {
        let id = TraceId::from(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128);
        let own = 0x48_eb21_1c80_319c;
        for (ot, expected) in [
            ("rv:6e6d1a75832a2f", 0x6e_6d1a_7583_2a2f),
            ("th:c;rv:6e6d1a75832a2f;x:1", 0x6e_6d1a_7583_2a2f),
            ("th:c", own),
            ("rv:6e6d1a75832a2", own),
            ("rv:6e6d1a75832a2f0", own),
            ("rv:6E6d1a75832a2f", own),
            ("nonsense", own),
        ] {
            assert_eq!(randomness(id, &state(&[("a", "1"), ("ot", ot)])), expected, "{ot}");
        }
        assert_eq!(randomness(id, &TraceState::NONE), own);
    }

    #[test]
    fn a_threshold_is_told_first_and_costs_nothing_else_of_the_state() {
        let quarter = Threshold::of_ratio(0.25);
        for (before, after) in [
            (&[][..], "ot=th:c"),
            (&[("a", "1"), ("b", "2")], "ot=th:c,a=1,b=2"),
            (&[("a", "1"), ("ot", "th:8"), ("b", "2")], "ot=th:c,a=1,b=2"),
            (&[("a", "1"), ("ot", "rv:6e6d1a75832a2f;th:8;x:1")], "ot=th:c;rv:6e6d1a75832a2f;x:1,a=1"),
            (&[("ot", "nonsense")], "ot=th:c"),
        ] {
            assert_eq!(with_threshold(&state(before), quarter).header(), after, "{before:?}");
        }
        let long = format!("rv:6e6d1a75832a2f;x:{}", "y".repeat(235));
        assert_eq!(with_threshold(&state(&[("ot", &long)]), quarter).header(), "ot=th:c;rv:6e6d1a75832a2f");
        let full: Vec<_> = (0..32).map(|n| format!("k{n}=v")).collect();
        let full = with_threshold(&TraceState::parse(&full.join(",")).unwrap(), quarter);
        let told = full.header();
        assert!(told.starts_with("ot=th:c,k0=v") && told.ends_with("k30=v"), "{told}");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(value in 0_u64..1 << 56) {
            let threshold = Threshold(value);
            prop_assert_eq!(Threshold::parse(&threshold.to_string()), Some(threshold));
            let state = with_threshold(&TraceState::NONE, threshold);
            prop_assert_eq!(state.header(), format!("ot=th:{threshold}"));
        }

        #[test]
        fn the_share_sampled_is_the_ratio(ratio in 1e-12_f64..=1.0) {
            let Threshold(rejected) = Threshold::of_ratio(ratio);
            let share = (VALUES - rejected) as f64 / VALUES as f64;
            // Four digits, the first of which may be 1.
            prop_assert!((share - ratio).abs() <= ratio / 4096.0, "{} {}", share, ratio);
        }

        #[test]
        fn who_samples_more_samples_all_that_less_would(
            (a, b) in (0.0_f64..=1.0, 0.0_f64..=1.0),
            trace in any::<[u8; 16]>(),
        ) {
            let randomness = randomness(TraceId::from_bytes(trace), &TraceState::NONE);
            let [less, more] = [a.min(b), a.max(b)].map(|ratio| Threshold::of_ratio(ratio).samples(randomness));
            prop_assert!(!less || more);
        }
    }
}
