//! The exchanges that are observed, and the bound on their number.
//!
//! Beyond it one makes room for the next: one that has been idle, the longest idle as nearly as a clock's hand
//! finds it. The hand goes round the exchanges; whom it finds active it gives until it comes by again. So a
//! callback on traffic costs one flag, and nobody is looked for while there is room.
//!
//! Invariants: `entries[n].place == n`; `hand` may be beyond the end, and is at the start then.

use std::cell::{Cell, RefCell, RefMut};
use std::rc::Rc;

/// All of a root's.
#[derive(Debug)]
pub(crate) struct Registry<T> {
    entries: Vec<Rc<Entry<T>>>,
    hand: usize,
}

/// One of them: its stream's, and the registry's as long as it is read.
#[derive(Debug)]
pub(crate) struct Entry<T> {
    value: RefCell<T>,
    /// Something happened since the hand came by.
    active: Cell<bool>,
    /// Where the registry has it.
    place: Cell<usize>,
}

impl<T> Default for Registry<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), hand: 0 }
    }
}

impl<T> Registry<T> {
    /// Adds one. Where `most` are there already, another is no longer counted among them: the second value.
    pub(crate) fn admit(&mut self, value: T, most: usize) -> (Rc<Entry<T>>, Option<Rc<Entry<T>>>) {
        let idle = if self.entries.len() >= most { self.idle() } else { None };
        if let Some(idle) = &idle {
            self.remove(idle);
        }
        let place = Cell::new(self.entries.len());
        let entry = Rc::new(Entry { value: RefCell::new(value), active: Cell::new(true), place });
        self.entries.push(Rc::clone(&entry));
        (entry, idle)
    }

    /// Takes one out, if it is still among them.
    pub(crate) fn remove(&mut self, entry: &Rc<Entry<T>>) {
        let place = entry.place.get();
        if self.entries.get(place).is_some_and(|other| Rc::ptr_eq(other, entry)) {
            self.entries.swap_remove(place);
            if let Some(moved) = self.entries.get(place) {
                moved.place.set(place);
            }
        }
    }

    /// The next that has been idle for a round; the first of all where none has.
    fn idle(&mut self) -> Option<Rc<Entry<T>>> {
        for _ in 0..=self.entries.len() {
            if self.hand >= self.entries.len() {
                self.hand = 0;
            }
            let entry = self.entries.get(self.hand)?;
            if !entry.active.replace(false) {
                return Some(Rc::clone(entry));
            }
            self.hand = self.hand.saturating_add(1);
        }
        None
    }
}

impl<T> Entry<T> {
    /// To work on it, because something happened.
    pub(crate) fn touch(&self) -> Option<RefMut<'_, T>> {
        self.active.set(true);
        self.look()
    }

    /// To work on it.
    pub(crate) fn look(&self) -> Option<RefMut<'_, T>> {
        self.value.try_borrow_mut().ok()
    }

    /// What it was, once the registry has it no longer.
    pub(crate) fn into_inner(entry: Rc<Self>) -> Option<T> {
        Rc::into_inner(entry).map(|entry| entry.value.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A registry in which these are, and all of them.
    fn holding(values: &[u32]) -> (Registry<u32>, Vec<Rc<Entry<u32>>>) {
        let mut registry = Registry::default();
        let entries = values.iter().map(|value| registry.admit(*value, usize::MAX).0).collect();
        (registry, entries)
    }

    fn values(registry: &Registry<u32>) -> Vec<u32> {
        for (place, entry) in registry.entries.iter().enumerate() {
            assert_eq!(entry.place.get(), place);
        }
        registry.entries.iter().map(|entry| *entry.look().unwrap()).collect()
    }

    /// Who makes room for one more.
    fn shed_for(registry: &mut Registry<u32>, value: u32, most: usize) -> Option<u32> {
        registry.admit(value, most).1.map(|entry| *entry.look().unwrap())
    }

    #[test]
    fn nobody_makes_room_while_there_is_some() {
        let (mut registry, _) = holding(&[1, 2]);
        assert_eq!(shed_for(&mut registry, 3, 3), None);
        assert_eq!(values(&registry), [1, 2, 3]);
    }

    #[test]
    fn the_idle_make_room_and_not_the_active() {
        let (mut registry, entries) = holding(&[1, 2, 3, 4]);
        assert_eq!(shed_for(&mut registry, 5, 4), Some(1), "all have just come, so the oldest");
        entries[1].touch().unwrap();
        assert_eq!(shed_for(&mut registry, 6, 4), Some(4), "it has the place of the first");
        assert_eq!(shed_for(&mut registry, 7, 4), Some(3));
        assert_eq!(values(&registry).len(), 4);
        assert!(values(&registry).contains(&2), "it was active");
    }

    #[test]
    fn one_is_removed_once_wherever_it_stands() {
        let (mut registry, entries) = holding(&[1, 2, 3]);
        registry.remove(&entries[0]);
        assert_eq!(values(&registry), [3, 2]);
        registry.remove(&entries[0]);
        registry.remove(&entries[2]);
        assert_eq!(values(&registry), [2]);
        registry.remove(&entries[1]);
        assert!(values(&registry).is_empty());
        let [first, _, _] = <[_; 3]>::try_from(entries).unwrap();
        assert_eq!(Entry::into_inner(first), Some(1));
    }

    #[test]
    fn who_made_room_is_its_streams_alone() {
        let (mut registry, mut entries) = holding(&[1]);
        let (_, shed) = registry.admit(2, 1);
        drop(shed);
        registry.remove(&entries[0]);
        assert_eq!(values(&registry), [2], "removing it again takes nobody else out");
        assert_eq!(Entry::into_inner(entries.remove(0)), Some(1));
    }

    #[test]
    fn a_bound_of_nothing_leaves_one() {
        let (mut registry, _) = holding(&[]);
        assert_eq!(shed_for(&mut registry, 1, 0), None);
        assert_eq!(shed_for(&mut registry, 2, 0), Some(1));
        assert_eq!(values(&registry), [2]);
    }
}
