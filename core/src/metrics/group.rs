//! The groups: points that share their attributes, found by them.
//!
//! An index of our own in the place of a `HashMap`: groups are kept in the order they came, which is the order they
//! are collected in, and are never taken out one by one. The hash is a simple one that anybody can make collide;
//! what that costs is bounded by the number of groups.

use super::point::Point;
use crate::budget::{Budget, Claim};
use crate::otlp::proto::{Attributes, Writer};
use crate::signal::AttributeSink;
use crate::signal::metric::Series;
use crate::time::UnixNanos;

/// All groups. The first is the one that takes what there is no room for.
#[derive(Debug)]
pub(super) struct Groups {
    /// Empty, or [`OVERFLOW`] and others.
    groups: Vec<Group>,
    /// Where a hash leads: a group's place in `groups`, or 0 where there is none. As many as a power of two, of
    /// which at most half are in use; a group that finds its place taken is in the next that is free.
    index: Vec<u32>,
    /// What they may take of the VM's memory, but for the first one, which is small.
    claim: Claim,
}

/// A point, where a value is to be added.
#[derive(Debug)]
pub(super) struct Found<'g> {
    pub(super) point: &'g mut Point,
    /// It began now.
    pub(super) is_new: bool,
    /// There was no room for it where it was looked for.
    pub(super) overflows: bool,
}

/// Points that share their attributes.
#[derive(Debug)]
struct Group {
    hash: u64,
    /// `KeyValue`s in field [`ATTRIBUTE`] of a message.
    attributes: Box<[u8]>,
    /// One for each series, in the order they came.
    points: Vec<Point>,
}

impl Groups {
    /// None yet, and none that takes more than the budget gives.
    pub(super) fn new(budget: &Budget) -> Self {
        Self { groups: Vec::new(), index: Vec::new(), claim: budget.empty() }
    }

    /// The place of the group with these attributes. Where it would be one more than `most`, or there is no memory
    /// for it, [`OVERFLOW`].
    pub(super) fn find_or_add(&mut self, attributes: &[u8], most: usize) -> usize {
        let hash = hash(attributes);
        if let Some(found) = self.find(hash, attributes) {
            return found;
        }
        if self.groups.is_empty() {
            let mut overflow = Vec::new();
            Attributes::new(&mut Writer::new(&mut overflow), ATTRIBUTE).flag(OVERFLOW_KEY, true);
            self.groups.push(Group { hash: 0, attributes: overflow.into(), points: Vec::new() });
        }
        let place = self.groups.len();
        if place > most || !self.claims(attributes.len().saturating_add(GROUP)) {
            return OVERFLOW;
        }
        self.groups.push(Group { hash, attributes: attributes.into(), points: Vec::new() });
        if self.groups.len() > self.index.len() / 2 {
            self.index.clear();
            self.index.resize(self.groups.len().saturating_mul(4).next_power_of_two(), FREE);
            for (place, group) in self.groups.iter().enumerate().skip(1) {
                enter(&mut self.index, group.hash, place);
            }
        } else {
            enter(&mut self.index, hash, place);
        }
        place
    }

    fn find(&self, hash: u64, attributes: &[u8]) -> Option<usize> {
        for slot in slots(self.index.len(), hash) {
            match *self.index.get(slot)? {
                FREE => return None,
                place => {
                    let place = place as usize;
                    let group = self.groups.get(place)?;
                    if group.hash == hash && *group.attributes == *attributes {
                        return Some(place);
                    }
                }
            }
        }
        None
    }

    /// The group's point of a series; that of [`OVERFLOW`] where there is no memory for another one.
    pub(super) fn point(
        &mut self,
        group: usize,
        series: &'static Series,
        now: UnixNanos,
    ) -> Option<Found<'_>> {
        let place_in = |groups: &[Group], group: usize| {
            groups.get(group)?.points.iter().position(|point| std::ptr::eq(point.series, series))
        };
        let mut found = place_in(&self.groups, group);
        let has_room = group == OVERFLOW || found.is_some() || self.claims(Point::most_bytes(series));
        let group = if has_room { group } else { OVERFLOW };
        if !has_room {
            found = place_in(&self.groups, OVERFLOW);
        }
        let points = &mut self.groups.get_mut(group)?.points;
        let place = found.unwrap_or_else(|| {
            points.push(Point::new(series, now));
            points.len().saturating_sub(1)
        });
        let overflows = group == OVERFLOW;
        Some(Found { point: points.get_mut(place)?, is_new: found.is_none(), overflows })
    }

    /// Whether there is memory for so many bytes more, which are taken then.
    fn claims(&mut self, bytes: usize) -> bool {
        self.claim.resize(self.claim.bytes().saturating_add(bytes)).is_ok()
    }

    /// All points, each with the attributes of its group.
    pub(super) fn points(&self) -> impl Iterator<Item = (&[u8], &Point)> {
        self.groups.iter().flat_map(|group| group.points.iter().map(|point| (&*group.attributes, point)))
    }

    /// All points were collected, and go on.
    pub(super) fn collected(&mut self, now: UnixNanos) {
        for point in self.groups.iter_mut().flat_map(|group| &mut group.points) {
            point.collected(now);
        }
    }

    /// All points were collected, and are done with.
    pub(super) fn clear(&mut self) {
        self.groups.clear();
        self.index.fill(FREE);
        // To less it is always granted.
        let _ = self.claim.resize(0);
    }
}

fn enter(index: &mut [u32], hash: u64, place: usize) {
    for slot in slots(index.len(), hash) {
        if let Some(slot @ &mut FREE) = index.get_mut(slot) {
            *slot = u32::try_from(place).unwrap_or(FREE);
            return;
        }
    }
}

/// All slots of an index of that many (a power of two), from the one that the hash leads to.
fn slots(length: usize, hash: u64) -> impl Iterator<Item = usize> {
    let mask = length.wrapping_sub(1);
    (0..length).map(move |step| (hash as usize).wrapping_add(step) & mask)
}

/// Eight bytes at a time, each mixed in by a multiplication. That mixes into the upper bits alone, so they are mixed
/// into the lower ones, which lead into the index, at the end.
fn hash(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    let mix =
        |hash: u64, word: &[u8; 8]| (hash.rotate_left(5) ^ u64::from_le_bytes(*word)).wrapping_mul(MIXER);
    let hash = words.iter().chain([&last]).fold(bytes.len() as u64, mix);
    let hash = (hash ^ (hash >> 32)).wrapping_mul(MIXER);
    hash ^ (hash >> 32)
}

/// Field that the attributes of a group stand in; each data point has another one for them.
pub(super) const ATTRIBUTE: u32 = 1;
/// Bytes of a group beside its attributes and points: itself, in a vector that grows by doubling, and its slots.
const GROUP: usize = 2 * size_of::<Group>() + 32;
/// Place of the group that takes what there is no room for.
pub(super) const OVERFLOW: usize = 0;
/// Its only attribute, by the metrics SDK's specification.
const OVERFLOW_KEY: &str = "otel.metric.overflow";
/// Odd, with bits everywhere: 2^64 divided by the golden ratio.
const MIXER: u64 = 0x9e37_79b9_7f4a_7c15;
/// No group: nothing leads to the first one.
const FREE: u32 = OVERFLOW as u32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_told_apart_by_all_their_bytes() {
        let mut groups = Groups::new(&Budget::default());
        let sets: Vec<_> = (0..500_u32).map(|n| format!("{}{n}", "long ".repeat(n as usize % 7))).collect();
        for (n, set) in sets.iter().enumerate() {
            assert_eq!(groups.find_or_add(set.as_bytes(), 500), n + 1);
        }
        for (n, set) in sets.iter().enumerate() {
            assert_eq!(groups.find_or_add(set.as_bytes(), 500), n + 1, "found again");
        }
        assert_eq!(groups.find_or_add(b"one more", 500), OVERFLOW);
        assert_eq!(groups.find_or_add(sets[7].as_bytes(), 0), 8, "those there are stay");
        groups.clear();
        assert_eq!(groups.find_or_add(b"one more", 500), 1);
    }

    #[test]
    fn sets_whose_hashes_collide_are_two_groups() {
        // The second word makes up for what the first one changes: undone is what the hash does with the first.
        let first =
            |word: u64| (16_u64.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(5);
        let (one, other) = (first(1), first(2));
        let one: Vec<u8> = [1_u64, one].into_iter().flat_map(u64::to_le_bytes).collect();
        let other: Vec<u8> = [2_u64, other].into_iter().flat_map(u64::to_le_bytes).collect();
        assert_eq!(hash(&one), hash(&other));
        assert_ne!(hash(&one), hash(b"\x01"));
        let mut groups = Groups::new(&Budget::default());
        assert_eq!([groups.find_or_add(&one, 9), groups.find_or_add(&other, 9)], [1, 2]);
        assert_eq!([groups.find_or_add(&other, 9), groups.find_or_add(&one, 9)], [2, 1]);
    }

    #[test]
    fn the_hash_spreads_what_differs_little() {
        let hashes: std::collections::HashSet<_> =
            (0..1000).map(|n| hash(format!("gpt-{n}").as_bytes()) & 0xffff).collect();
        assert!(hashes.len() > 950, "{}", hashes.len());
    }
}
