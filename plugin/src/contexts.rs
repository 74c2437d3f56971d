//! The contexts that the host knows by id: roots and streams.
//!
//! Ids are given out in sequence, and most streams are short: an id is its own hash, and what lies in the way of one
//! is few steps long. Invariants: `slots.len()` is 0 or a power of two, never full; from where an id belongs to where
//! it stands, no slot is vacant.

/// What stands at each id. 0 is no id: the host's own is never handed to a filter.
#[derive(Debug)]
pub(crate) struct Contexts<T> {
    slots: Vec<Option<(u32, T)>>,
    used: usize,
}

impl<T> Contexts<T> {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), used: 0 }
    }

    pub(crate) fn get_mut(&mut self, id: u32) -> Option<&mut T> {
        let place = self.find(id)?;
        self.slots.get_mut(place)?.as_mut().map(|(_, value)| value)
    }

    /// Adds one. Where the id is taken already, it is in the place of what was there.
    pub(crate) fn insert(&mut self, id: u32, value: T) {
        if self.used >= self.slots.len() / 2 {
            self.grow();
        }
        let place = self.place(id);
        if let Some(slot) = self.slots.get_mut(place) {
            self.used = self.used.saturating_add(usize::from(slot.is_none()));
            *slot = Some((id, value));
        }
    }

    /// Takes one out.
    pub(crate) fn remove(&mut self, id: u32) -> Option<T> {
        let mut vacant = self.find(id)?;
        let (_, value) = self.slots.get_mut(vacant)?.take()?;
        self.used = self.used.saturating_sub(1);
        // Those behind it close up, but for those that would come before where they belong.
        let mut at = self.after(vacant);
        while let Some(Some((id, _))) = self.slots.get(at) {
            let home = self.home(*id);
            if self.distance(home, at) >= self.distance(vacant, at) {
                self.slots.swap(vacant, at);
                vacant = at;
            }
            at = self.after(at);
        }
        Some(value)
    }

    fn find(&self, id: u32) -> Option<usize> {
        let place = self.place(id);
        self.slots.get(place)?.is_some().then_some(place)
    }

    /// Where the id stands, or would stand.
    fn place(&self, id: u32) -> usize {
        let mut at = self.home(id);
        while let Some(Some((other, _))) = self.slots.get(at)
            && *other != id
        {
            at = self.after(at);
        }
        at
    }

    fn home(&self, id: u32) -> usize {
        id as usize & self.slots.len().wrapping_sub(1)
    }

    fn after(&self, place: usize) -> usize {
        place.wrapping_add(1) & self.slots.len().wrapping_sub(1)
    }

    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & self.slots.len().wrapping_sub(1)
    }

    #[cold]
    fn grow(&mut self) {
        let length = self.slots.len().saturating_mul(2).max(FIRST);
        let mut slots = Vec::new();
        slots.resize_with(length, || None);
        self.used = 0;
        for (id, value) in core::mem::replace(&mut self.slots, slots).into_iter().flatten() {
            self.insert(id, value);
        }
    }
}

/// Slots of the first contexts.
const FIRST: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_each_at_its_id_until_it_is_taken_out() {
        let mut contexts = Contexts::new();
        assert_eq!(contexts.get_mut(1), None);
        assert_eq!(contexts.remove(1), None);
        // All of them belong to one place, at every length that the table has.
        let ids: Vec<u32> = (1..=100).map(|n| n * 1024).collect();
        for id in &ids {
            contexts.insert(*id, *id);
        }
        for id in &ids {
            assert_eq!(contexts.get_mut(*id), Some(&mut id.clone()));
        }
        for id in ids.iter().step_by(3) {
            assert_eq!(contexts.remove(*id), Some(*id));
            assert_eq!(contexts.remove(*id), None);
        }
        for (n, id) in ids.iter().enumerate() {
            let expected = (n % 3 != 0).then_some(*id);
            assert_eq!(contexts.get_mut(*id).copied(), expected, "{id}");
        }
    }

    #[test]
    fn stays_as_small_as_what_is_open() {
        let mut contexts = Contexts::new();
        for id in 1..=10_000 {
            contexts.insert(id, id);
            if id > 5 {
                assert_eq!(contexts.remove(id - 5), Some(id - 5));
            }
        }
        assert_eq!(contexts.slots.len(), 16);
    }

    #[test]
    fn agrees_with_a_map() {
        let mut state = 1_u32;
        let mut random = move |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % below
        };
        let (mut contexts, mut map) = (Contexts::new(), std::collections::BTreeMap::new());
        for value in 0..20_000 {
            let id = random(64) + 1;
            match random(2) {
                0 => {
                    contexts.insert(id, value);
                    map.insert(id, value);
                }
                _ => assert_eq!(contexts.remove(id), map.remove(&id)),
            }
            let id = random(64) + 1;
            assert_eq!(contexts.get_mut(id), map.get_mut(&id));
        }
    }
}
