//! What has moved while partitions are moved about, so that two members do not exchange partitions of one topic for
//! nothing (`PartitionMovements`).
//!
//! Laws: a partition is known to have moved from where it was in the beginning to where it is now; one that is back is
//! known no more.

use crate::model::{Text, TopicPartition};
use crate::sorted::SortedMap;

/// From whom each partition that moved came, and who has it now.
#[derive(Default)]
pub(super) struct Movements(SortedMap<TopicPartition, (Text, Text)>);

impl Movements {
    /// A partition moves.
    pub fn note(&mut self, partition: &TopicPartition, from: &Text, to: &Text) {
        let before = self.0.remove(partition);
        let from = before.map_or_else(|| from.clone(), |(from, _)| from);
        if from != *to {
            self.0.insert(partition.clone(), (from, to.clone()));
        }
    }

    /// Which partition of the topic has gone from `to` to whoever had `partition` in the beginning: that goes back, and
    /// `partition` stays where it is (`getTheActualPartitionToBeMoved`). Of several it is the first by number.
    pub fn opposite(
        &self,
        partition: &TopicPartition,
        from: &Text,
        to: &Text,
    ) -> Option<TopicPartition> {
        let before = self.0.get(partition);
        let from = before.map_or(from, |(from, _)| from);
        let mut moved = self.0.iter();
        let found = moved.find(|(other, (source, target))| {
            other.topic == partition.topic && source == to && target == from
        });
        found.map(|(other, _)| other.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_gave_away_something_gets_that_back_and_nothing_else_of_the_topic() {
        let [a, b, c] = ["a", "b", "c"].map(Text::from);
        let (first, second) = (TopicPartition::new("t0", 0), TopicPartition::new("t0", 1));
        let mut moved = Movements::default();
        moved.note(&first, &a, &b);
        assert_eq!(moved.opposite(&second, &b, &a), Some(first.clone()));
        assert_eq!(moved.opposite(&second, &a, &b), None, "it is the same way");
        assert_eq!(
            moved.opposite(&second, &c, &a),
            None,
            "it is another member"
        );
        let other = TopicPartition::new("t1", 1);
        assert_eq!(moved.opposite(&other, &b, &a), None, "it is another topic");
        // It goes on, and is known by where it began.
        moved.note(&first, &b, &c);
        assert_eq!(moved.opposite(&second, &c, &a), Some(first.clone()));
        moved.note(&first, &c, &a);
        assert_eq!(moved.opposite(&second, &c, &a), None, "it is back");
    }
}
