//! How a body is cut into the pieces that callbacks see.

use std::fmt;
use std::ops::Range;

use crate::sim::world::Random;

/// How a body is cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pieces(Cut);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Cut {
    Every(usize),
    /// At these places, ascending.
    At(Vec<usize>),
    Random(u64),
}

impl Pieces {
    /// Not at all.
    pub fn whole() -> Self {
        Self(Cut::At(Vec::new()))
    }

    /// Every `size` bytes.
    pub fn of(size: usize) -> Self {
        Self(Cut::Every(size.max(1)))
    }

    /// At these places.
    pub fn at(places: impl IntoIterator<Item = usize>) -> Self {
        let mut places: Vec<_> = places.into_iter().collect();
        places.sort_unstable();
        places.dedup();
        Self(Cut::At(places))
    }

    /// At random, the same for the same seed: pieces from one byte to the whole body.
    pub fn random(seed: u64) -> Self {
        Self(Cut::Random(seed))
    }

    /// `whole`, `of:7`, `at:3,17`, `random:1`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text.split_once(':') {
            None if text == "whole" => Self::whole(),
            Some(("of", size)) => Self(Cut::Every(size.parse().ok()?)),
            Some(("at", places)) => {
                Self::at(places.split(',').map(str::parse).collect::<Result<Vec<_>, _>>().ok()?)
            }
            Some(("random", seed)) => Self::random(seed.parse().ok()?),
            _ => return None,
        })
    }

    /// The pieces of a body of `size` bytes, in order; none is empty.
    pub fn ranges(&self, size: usize) -> Vec<Range<usize>> {
        let places = self.places(size);
        let starts = std::iter::once(0).chain(places.iter().copied());
        let ends = places.iter().copied().chain([size]);
        starts.zip(ends).map(|(start, end)| start..end).filter(|range| !range.is_empty()).collect()
    }

    /// Where a body of `size` bytes is cut, ascending, strictly inside it.
    pub(crate) fn places(&self, size: usize) -> Vec<usize> {
        match &self.0 {
            Cut::Every(step) => (*step..size).step_by(*step).collect(),
            Cut::At(places) => places.iter().copied().filter(|place| (1..size).contains(place)).collect(),
            Cut::Random(seed) => {
                let mut random = Random::seeded(*seed);
                // Small pieces and large ones are equally likely, whatever the size of the body.
                let magnitudes = usize::BITS - size.leading_zeros();
                let mut places = Vec::new();
                let mut at = 0;
                loop {
                    let magnitude = random.below(u64::from(magnitudes.max(1)));
                    at += 1 + usize::try_from(random.below(1 << magnitude)).unwrap_or_default();
                    if at >= size {
                        return places;
                    }
                    places.push(at);
                }
            }
        }
    }
}

/// As a `SCRIPT` names it: `whole`, `of:7`, `at:3,17`, `random:1`.
impl fmt::Display for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Cut::Every(size) => write!(f, "of:{size}"),
            Cut::At(places) if places.is_empty() => f.write_str("whole"),
            Cut::At(places) => {
                let places: Vec<_> = places.iter().map(usize::to_string).collect();
                write!(f, "at:{}", places.join(","))
            }
            Cut::Random(seed) => write!(f, "random:{seed}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_body_in_order() {
        let all = [Pieces::whole(), Pieces::of(3), Pieces::at([0, 4, 2, 9, 10]), Pieces::random(7)];
        for pieces in all {
            for size in 0..10 {
                let bytes: Vec<_> = pieces.ranges(size).into_iter().flatten().collect();
                assert_eq!(bytes, (0..size).collect::<Vec<_>>(), "{pieces:?} of {size}");
            }
        }
        assert_eq!(Pieces::of(4).ranges(10), [0..4, 4..8, 8..10]);
        assert_eq!(Pieces::random(3).places(1000), Pieces::random(3).places(1000));
    }
}
