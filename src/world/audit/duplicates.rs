//! Second copies of what was sent again: where they stand, by the epochs in which they were appended.
//!
//! A batch that was sent again is looked out for among what leaders append, for as long as somebody may still send it.
//! Which of the copies can be read is a question to the log of whoever leads: an unclean leader may have another record
//! in the place of one, and a later leader may have it still.

use super::leads::kept;
use super::spans::Spans;
use crate::log::Log;
use crate::model::{LeaderEpoch, Offset, TopicName, TopicPartition};
use crate::sorted::SortedMap;
use crate::time::{Duration, Instant};
use crate::world::copies::Copies;

/// For so long after a batch was sent again its second copy is looked out for: nobody sends again for longer.
const LOOKED_OUT: Duration = Duration::from_secs(300);

/// Where second copies stand.
#[derive(Clone, Debug, Default)]
pub(super) struct Duplicates {
    stand: SortedMap<TopicPartition, SortedMap<LeaderEpoch, Spans>>,
    /// When a batch for a partition was last sent again.
    sent_again: SortedMap<TopicPartition, Instant>,
    /// What the logs of those have who lead in an epoch, or believe that they do, while second copies are looked out for.
    copies: SortedMap<(TopicPartition, LeaderEpoch), Copies>,
}

impl Duplicates {
    /// A batch is sent again.
    pub fn sent_again(&mut self, partition: &TopicPartition, now: Instant) {
        self.sent_again.insert(partition.clone(), now);
    }

    /// Whether a second copy may come. When none can any more, what was known for it is forgotten.
    pub fn may_come(&mut self, partition: &TopicPartition, now: Instant) -> bool {
        let last = self.sent_again.get(partition);
        let may = last.is_some_and(|at| now.since(*at) < LOOKED_OUT);
        if !may {
            self.log_changes(partition);
        }
        may
    }

    /// A leader appends here. Where it has appended before in its epoch, and lost that with its power, the place is given
    /// again; a follower that has the first still may lead later, and what is a second copy there is not counted.
    pub fn begins_again(&mut self, partition: &TopicPartition, of: LeaderEpoch, from: Offset) {
        let stand = self.stand.get_mut(partition);
        if let Some(spans) = stand.and_then(|stand| stand.get_mut(&of)) {
            spans.take_from(from);
        }
    }

    /// Holds batches that were just appended against what the log has before them.
    pub fn compare(
        &mut self,
        partition: &TopicPartition,
        of: LeaderEpoch,
        log: &Log,
        (from, to): (Offset, Offset),
    ) {
        let copies = self.copies.entry((partition.clone(), of));
        let copies = copies.or_insert_with(|| Copies::of(log, from));
        for batch in log.batches(from, to) {
            if copies.has_before(log, batch) {
                let stand = self.stand.entry(partition.clone()).or_default();
                let spans = stand.entry(batch.epoch()).or_default();
                spans.add(batch.base_offset(), batch.next_offset());
            }
        }
    }

    /// Another log counts from now on.
    pub fn log_changes(&mut self, partition: &TopicPartition) {
        self.copies.retain(|(known, _), _| known != partition);
    }

    /// A topic is gone.
    pub fn forget(&mut self, topic: &TopicName) {
        self.stand.retain(|of, _| of.topic != *topic);
        self.sent_again.retain(|of, _| of.topic != *topic);
        self.copies.retain(|(of, _), _| of.topic != *topic);
    }

    /// The partitions in which second copies stand, or stood.
    pub fn partitions(&self) -> impl Iterator<Item = &TopicPartition> {
        self.stand.keys()
    }

    /// Whether the record of an epoch is a second copy.
    pub fn contains(&self, partition: &TopicPartition, at: Offset, of: LeaderEpoch) -> bool {
        let stand = self.stand.get(partition);
        let spans = stand.and_then(|stand| stand.get(&of));
        spans.is_some_and(|spans| spans.contains(at))
    }

    /// How many second copies a log has in a stretch.
    pub fn count(&self, partition: &TopicPartition, log: &Log, from: Offset, to: Offset) -> u64 {
        let stand = self.stand.get(partition).into_iter().flatten();
        let counts = stand.map(|(of, spans)| {
            let (from, to) = kept(log.epochs(), log.end(), *of, (from.0, to.0.max(from.0)));
            spans.count_between(from, to)
        });
        counts.sum()
    }

    /// How many pairs of numbers are kept, and in how many lists.
    pub fn weight(&self) -> (usize, usize) {
        let stand = self.stand.values().flat_map(SortedMap::values);
        let lists = stand.clone().count() + self.copies.len();
        let pairs = stand.map(Spans::len).sum::<usize>();
        let copies = self.copies.values().map(Copies::len).sum::<usize>();
        (pairs + copies, lists)
    }
}
