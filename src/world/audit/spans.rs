//! Offsets that have something in common, as spans.

use crate::model::Offset;
use crate::sorted::SortedMap;

/// Offsets as half-open spans that neither touch nor overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spans(SortedMap<i64, i64>);

impl Spans {
    pub fn add(&mut self, from: Offset, to: Offset) {
        let (mut from, mut to) = (from.0, to.0);
        let before = self.0.range(..=from).next_back().map(|(a, b)| (*a, *b));
        if let Some((a, b)) = before.filter(|(_, b)| *b >= from) {
            from = a;
            to = to.max(b);
        }
        while let Some((a, b)) = self.0.range(from..=to).next().map(|(a, b)| (*a, *b)) {
            self.0.remove(&a);
            to = to.max(b);
        }
        self.0.insert(from, to);
    }

    /// Takes out what lies at or after an offset, and gives it back.
    pub fn take_from(&mut self, from: Offset) -> Vec<(i64, i64)> {
        self.take_between(from.0, i64::MAX)
    }

    /// Takes out what lies from one offset to before another, and gives it back.
    pub fn take_between(&mut self, from: i64, to: i64) -> Vec<(i64, i64)> {
        let taken: Vec<(i64, i64)> = self.between(from, to).collect();
        if taken.is_empty() {
            return taken;
        }
        let all = std::mem::take(&mut self.0);
        for (a, b) in all {
            for (a, b) in [(a, b.min(from)), (a.max(to), b)] {
                if a < b {
                    self.0.insert(a, b);
                }
            }
        }
        taken
    }

    pub fn contains(&self, offset: Offset) -> bool {
        let before = self.0.range(..=offset.0).next_back();
        before.is_some_and(|(_, to)| offset.0 < *to)
    }

    /// What lies from one offset to before another.
    pub fn between(&self, from: i64, to: i64) -> impl Iterator<Item = (i64, i64)> {
        let spans = self.0.iter();
        let spans = spans.map(move |(a, b)| (*a.max(&from), *b.min(&to)));
        spans.filter(|(a, b)| a < b)
    }

    pub fn count_between(&self, from: i64, to: i64) -> u64 {
        self.between(from, to).map(|(a, b)| (b - a) as u64).sum()
    }

    /// How many spans there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_join_where_they_touch() {
        let mut spans = Spans::default();
        spans.add(Offset(0), Offset(2));
        spans.add(Offset(4), Offset(6));
        assert_eq!(spans.count_between(0, 100), 4);
        spans.add(Offset(2), Offset(4));
        assert_eq!(spans.0.len(), 1);
        assert_eq!(spans.count_between(1, 5), 4);
        spans.add(Offset(1), Offset(3));
        assert_eq!(spans.count_between(0, 100), 6);
    }

    #[test]
    fn spans_are_taken_from_an_offset_on() {
        let mut spans = Spans::default();
        spans.add(Offset(0), Offset(4));
        spans.add(Offset(6), Offset(8));
        assert_eq!(spans.take_from(Offset(3)), [(3, 4), (6, 8)]);
        assert_eq!(spans.count_between(0, 100), 3);
        assert!(spans.take_from(Offset(3)).is_empty());
        spans.add(Offset(5), Offset(9));
        assert_eq!(spans.take_between(2, 7), [(2, 3), (5, 7)]);
        assert_eq!(spans.take_between(0, 100), [(0, 2), (7, 9)]);
    }
}
