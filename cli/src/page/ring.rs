//! The last calls, for whoever looks: those that come, and those that came before.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// Export requests, the oldest of which go when there are too many calls.
pub(super) struct Ring {
    kept: Mutex<Kept>,
    /// The number of the next entry.
    next: watch::Sender<u64>,
}

#[derive(Default)]
struct Kept {
    entries: VecDeque<Entry>,
    /// The number of the first of them.
    first: u64,
    calls: usize,
}

struct Entry {
    json: Arc<str>,
    calls: usize,
}

impl Default for Ring {
    fn default() -> Self {
        Self { kept: Mutex::default(), next: watch::Sender::new(0) }
    }
}

impl Ring {
    /// Adds a request with so many calls.
    pub(super) fn push(&self, json: &str, calls: usize) {
        if calls == 0 {
            return;
        }
        let next = {
            let mut kept = self.lock();
            kept.entries.push_back(Entry { json: json.into(), calls });
            kept.calls += calls;
            while kept.calls > MOST_CALLS && kept.entries.len() > 1 {
                let gone = kept.entries.pop_front().map_or(0, |entry| entry.calls);
                kept.calls -= gone;
                kept.first += 1;
            }
            kept.first + kept.entries.len() as u64
        };
        self.next.send_replace(next);
    }

    /// The requests from that number on with their numbers, as many as are there and at most `most`; and whether some
    /// before them are gone.
    pub(super) fn since(&self, number: u64, most: usize) -> (Vec<(u64, Arc<str>)>, bool) {
        let kept = self.lock();
        let skip = usize::try_from(number.saturating_sub(kept.first)).unwrap_or(usize::MAX);
        let numbered = (kept.first..).zip(&kept.entries).skip(skip).take(most);
        let found = numbered.map(|(number, entry)| (number, Arc::clone(&entry.json))).collect();
        (found, number < kept.first)
    }

    /// Tells of what comes.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.next.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const MOST_CALLS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(ring: &Ring, from: u64, most: usize) -> (Vec<u64>, bool) {
        let (found, gone) = ring.since(from, most);
        (found.into_iter().map(|(number, _)| number).collect(), gone)
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many_calls() {
        let ring = Ring::default();
        ring.push("{}", 0);
        assert_eq!(numbers(&ring, 0, 9), (vec![], false));
        ring.push("a", 1);
        ring.push("b", 9_999);
        assert_eq!(numbers(&ring, 0, 9), (vec![0, 1], false));
        assert_eq!(numbers(&ring, 1, 9), (vec![1], false));
        assert_eq!(numbers(&ring, 0, 1), (vec![0], false));
        ring.push("c", 1);
        assert_eq!(numbers(&ring, 0, 9), (vec![1, 2], true));
        ring.push("d", 20_000);
        assert_eq!(numbers(&ring, 1, 9), (vec![3], true), "one that is larger alone stays");
        assert_eq!(numbers(&ring, 4, 9), (vec![], false));
        assert_eq!(*ring.watch().borrow(), 4);
    }
}
