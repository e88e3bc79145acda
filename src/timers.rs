//! Deadlines by key: what a process waits for.
//!
//! A process never sleeps. It keeps its deadlines here, reports the earliest, and takes out those that
//! have come when the world wakes it. One key has one deadline; setting it again moves it.

use crate::sorted::{SortedMap, SortedSet};

use crate::time::Instant;

/// Deadlines, ordered by time and then by key, so that what falls due together fires in one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timers<K: Ord + Clone> {
    by_key: SortedMap<K, Instant>,
    by_time: SortedSet<(Instant, K)>,
}

impl<K: Ord + Clone> Default for Timers<K> {
    fn default() -> Self {
        Timers {
            by_key: SortedMap::new(),
            by_time: SortedSet::new(),
        }
    }
}

impl<K: Ord + Clone> Timers<K> {
    /// Sets or moves the deadline of `key`.
    pub fn set(&mut self, key: K, at: Instant) {
        if let Some(old) = self.by_key.insert(key.clone(), at) {
            self.by_time.remove(&(old, key.clone()));
        }
        self.by_time.insert((at, key));
    }

    /// Forgets `key`; the deadline it had, if any.
    pub fn cancel(&mut self, key: &K) -> Option<Instant> {
        let at = self.by_key.remove(key)?;
        self.by_time.remove(&(at, key.clone()));
        Some(at)
    }

    /// The deadline of `key`.
    pub fn get(&self, key: &K) -> Option<Instant> {
        self.by_key.get(key).copied()
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Instant> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Takes out the earliest deadline that has come by `now`.
    pub fn pop_due(&mut self, now: Instant) -> Option<K> {
        if self.by_time.first()?.0 > now {
            return None;
        }
        let (_, key) = self.by_time.pop_first()?;
        self.by_key.remove(&key);
        Some(key)
    }

    /// Every deadline, earliest first.
    pub fn iter(&self) -> impl Iterator<Item = (Instant, &K)> {
        self.by_time.iter().map(|(at, key)| (*at, key))
    }

    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_again_moves_a_deadline() {
        let mut timers = Timers::default();
        timers.set("fetch", Instant::from_millis(5));
        timers.set("fetch", Instant::from_millis(9));
        assert_eq!(timers.pop_due(Instant::from_millis(5)), None);
        assert_eq!(timers.pop_due(Instant::from_millis(9)), Some("fetch"));
        assert!(timers.is_empty());
    }

    #[test]
    fn what_falls_due_together_comes_in_key_order() {
        let mut timers = Timers::default();
        for key in ["c", "a", "b"] {
            timers.set(key, Instant::from_millis(1));
        }
        let due: Vec<_> = std::iter::from_fn(|| timers.pop_due(Instant::from_millis(1))).collect();
        assert_eq!(due, ["a", "b", "c"]);
    }
}
