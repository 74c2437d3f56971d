//! What has happened so far, and a way to await what has not yet.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Result, anyhow};
use tokio::sync::watch;

use super::PATIENCE;

/// An append-only list that can be awaited: a server writes down what happens, a test waits for the entry it
/// is about. Readers take nothing out, so that tests which share a server do not rob each other; only a server that runs
/// for days has a bound ([`Journal::keep_last`]).
#[derive(Debug)]
pub struct Journal<T> {
    entries: Mutex<Entries<T>>,
    /// How many there were, those among them that are no longer kept.
    length: watch::Sender<usize>,
}

#[derive(Debug)]
struct Entries<T> {
    kept: VecDeque<T>,
    /// Index of the first that is kept.
    first: usize,
    most: usize,
}

impl<T> Entries<T> {
    /// Those from this index on that are kept.
    fn since(&self, start: usize) -> impl Iterator<Item = &T> {
        self.kept.iter().skip(start.saturating_sub(self.first))
    }

    fn end(&self) -> usize {
        self.first.saturating_add(self.kept.len())
    }
}

impl<T> Default for Journal<T> {
    fn default() -> Self {
        let entries = Entries { kept: VecDeque::new(), first: 0, most: usize::MAX };
        Self { entries: Mutex::new(entries), length: watch::Sender::new(0) }
    }
}

impl<T: Clone> Journal<T> {
    /// Writes an entry down and wakes who waits.
    pub fn push(&self, entry: T) {
        let length = {
            let mut entries = self.lock();
            if entries.kept.len() >= entries.most {
                entries.kept.pop_front();
                entries.first += 1;
            }
            entries.kept.push_back(entry);
            entries.end()
        };
        self.length.send_replace(length);
    }

    /// From now on, no more than the last `most` entries are kept.
    pub fn keep_last(&self, most: usize) {
        self.lock().most = most.max(1);
    }

    /// What `of` makes of each entry so far, without a copy of the entries.
    pub fn map<U>(&self, of: impl FnMut(&T) -> U) -> Vec<U> {
        self.lock().kept.iter().map(of).collect()
    }

    /// Everything so far.
    pub fn all(&self) -> Vec<T> {
        self.lock().kept.iter().cloned().collect()
    }

    /// The entries from index `start` on, as soon as there is at least one; for readers that follow along.
    pub async fn since(&self, start: usize) -> Vec<T> {
        self.more_than(start).await;
        self.lock().since(start).cloned().collect()
    }

    /// The entries that a reader has not seen, who has seen `seen` of them; he has seen all of them then.
    pub fn unseen(&self, seen: &mut usize) -> Vec<T> {
        let entries = self.lock();
        let unseen = entries.since(*seen).cloned().collect();
        *seen = entries.end();
        unseen
    }

    /// Waits until there are more than `seen` entries.
    pub async fn more_than(&self, seen: usize) {
        // The sender lives as long as `self`: waiting cannot fail.
        let _ = self.length.subscribe().wait_for(|length| *length > seen).await;
    }

    /// The first entry that `found` takes, now or within [`PATIENCE`]. `what` names it in the error.
    pub async fn find<U>(&self, what: &str, mut found: impl FnMut(&T) -> Option<U>) -> Result<U> {
        let mut length = self.length.subscribe();
        let mut looked_at = 0;
        let search = async {
            loop {
                let now = *length.borrow_and_update();
                let hit = self.lock().since(looked_at).find_map(&mut found);
                if let Some(hit) = hit {
                    return hit;
                }
                looked_at = now;
                let _ = length.changed().await;
            }
        };
        tokio::time::timeout(PATIENCE, search)
            .await
            .map_err(|_| anyhow!("{what}: not within {} s", PATIENCE.as_secs()))
    }

    fn lock(&self) -> MutexGuard<'_, Entries<T>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn finds_what_was_and_what_comes() {
        let journal = Arc::new(Journal::default());
        journal.push(1);
        assert_eq!(journal.find("one", |n| (*n == 1).then_some(*n)).await.unwrap(), 1);

        let waiting = tokio::spawn({
            let journal = Arc::clone(&journal);
            async move { journal.find("three", |n| (*n == 3).then_some(*n)).await }
        });
        journal.push(2);
        journal.push(3);
        assert_eq!(waiting.await.unwrap().unwrap(), 3);
        assert_eq!(journal.since(1).await, [2, 3]);
        assert_eq!(journal.all(), [1, 2, 3]);
    }
    #[tokio::test]
    async fn keeps_no_more_than_it_is_told_to() {
        let journal = Journal::default();
        journal.keep_last(2);
        let mut seen = 0;
        journal.push(1);
        assert_eq!(journal.unseen(&mut seen), [1]);
        (2..=4).for_each(|n| journal.push(n));
        journal.more_than(seen).await;
        assert_eq!(journal.unseen(&mut seen), [3, 4]);
        assert_eq!((seen, journal.unseen(&mut seen)), (4, vec![]));
        assert_eq!(journal.find("three", |n| (*n == 3).then_some(*n)).await.unwrap(), 3);
    }
}
