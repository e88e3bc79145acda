//! `Mentions`: what a list from outside names more than once, found by one sort.
//!
//! A request names what it likes, as often as it likes and in whatever order. To look through the whole list for
//! each of its parts would take the square of its length, and a map that is kept as a sorted list grows no
//! faster when its keys come in the wrong order. So the places of the list are sorted by their keys, once.

use std::cmp::Ordering;

use super::{SortedMap, SortedSet};

/// The keys of a list, and where each of them stands in it.
#[derive(Clone, Debug)]
pub struct Mentions<K> {
    keys: Vec<K>,
    /// The places in the order of their keys; those of one key ascend.
    order: Vec<usize>,
}

impl<K: Ord + Copy> Mentions<K> {
    pub fn of(keys: impl IntoIterator<Item = K>) -> Mentions<K> {
        let keys: Vec<K> = keys.into_iter().collect();
        let order = ranked(keys.len(), &|one, other| keys[one].cmp(&keys[other]));
        Mentions { keys, order }
    }

    /// The places of a key, ascending.
    pub fn places(&self, key: K) -> &[usize] {
        let from = self.order.partition_point(|at| self.keys[*at] < key);
        let to = self.order.partition_point(|at| self.keys[*at] <= key);
        &self.order[from..to]
    }

    /// Where a key is named first.
    pub fn first(&self, key: K) -> Option<usize> {
        self.places(key).first().copied()
    }

    pub fn is_named(&self, key: K) -> bool {
        self.first(key).is_some()
    }

    /// Whether a key is named more than once.
    pub fn is_repeated(&self, key: K) -> bool {
        self.places(key).len() > 1
    }

    /// Whether nothing is named more than once.
    pub fn are_distinct(&self) -> bool {
        let pairs = self.order.windows(2);
        pairs
            .into_iter()
            .all(|pair| self.keys[pair[0]] != self.keys[pair[1]])
    }

    /// Each key's first place and its last, in the order of the first.
    pub fn ends(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.keys.iter().enumerate().filter_map(|(place, key)| {
            let places = self.places(*key);
            let is_first = places.first() == Some(&place);
            is_first.then(|| (place, places.last().copied().unwrap_or(place)))
        })
    }

    /// The places at which a key is named for the first time, ascending.
    pub fn firsts(&self) -> impl Iterator<Item = usize> + '_ {
        self.ends().map(|(first, _)| first)
    }
}

/// What a list says of each thing that it names: where it names it first, what it says last, as maps do that keep
/// the order in which their keys came (Java's `LinkedHashMap`).
pub fn last_words<T: Clone, K: Ord + Copy>(list: &[T], keys: &Mentions<K>) -> Vec<T> {
    keys.ends().map(|(_, last)| list[last].clone()).collect()
}

/// The places of a list in the order of what stands there; equals by place.
fn ranked(length: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..length).collect();
    // One sort for every type of key: each would be in the page once more.
    order.sort_unstable_by(|one, other| compare(*one, *other).then(one.cmp(other)));
    order
}

impl<K: Ord, V> SortedMap<K, V> {
    /// Takes in pairs from outside, which may be many and come in any order; of one key the last counts.
    pub fn gather(&mut self, pairs: impl IntoIterator<Item = (K, V)>) {
        self.pairs.extend(pairs);
        let order = ranked(self.pairs.len(), &|one, other| {
            self.pairs[one].0.cmp(&self.pairs[other].0)
        });
        let mut taken: Vec<Option<(K, V)>> = self.pairs.drain(..).map(Some).collect();
        for place in order {
            let Some(pair) = taken[place].take() else {
                continue;
            };
            match self.pairs.last_mut() {
                Some(last) if last.0 == pair.0 => *last = pair,
                _ => self.pairs.push(pair),
            }
        }
    }
}

impl<T: Ord> SortedSet<T> {
    /// Takes in members from outside, which may be many and come in any order.
    pub fn gather(&mut self, members: impl IntoIterator<Item = T>) {
        self.members
            .gather(members.into_iter().map(|member| (member, ())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_where_it_was_first_and_says_what_it_said_last() {
        let list = [("b", 1), ("a", 2), ("b", 3), ("c", 4), ("a", 5)];
        let mentions = Mentions::of(list.iter().map(|(name, _)| *name));
        assert_eq!(mentions.places("b"), [0, 2]);
        assert_eq!(mentions.first("c"), Some(3));
        assert!(mentions.is_repeated("a") && !mentions.is_repeated("c"));
        assert!(!mentions.is_named("d") && !mentions.are_distinct());
        assert_eq!(mentions.firsts().collect::<Vec<_>>(), [0, 1, 3]);
        assert_eq!(last_words(&list, &mentions), [("b", 3), ("a", 5), ("c", 4)]);
        assert!(Mentions::of([3, 1, 2]).are_distinct());
    }

    #[test]
    fn what_is_gathered_is_what_would_have_been_inserted() {
        let pairs = [(5, 'a'), (3, 'b'), (9, 'c'), (3, 'd'), (1, 'e'), (9, 'f')];
        let mut gathered: SortedMap<_, _> = [(3, 'x'), (4, 'y')].into();
        let mut inserted = gathered.clone();
        gathered.gather(pairs);
        inserted.extend(pairs);
        assert_eq!(gathered, inserted);
    }

    #[test]
    fn a_million_in_descending_order_are_no_trouble() {
        let mut map = SortedMap::new();
        map.gather((0..1_000_000).rev().map(|key| (key, ())));
        assert_eq!(map.len(), 1_000_000);
        let mentions = Mentions::of((0..1_000_000).rev());
        assert!(mentions.are_distinct() && mentions.first(0) == Some(999_999));
    }
}
