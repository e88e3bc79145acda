//! `Offsets`: how far a group has read.
//!
//! An offset counts once the record that says it is committed, not before; of two the one that stands later
//! in the log counts, whichever was answered first. There is no law that offsets grow: who commits a smaller
//! one reads again.

use super::Token;
use super::record::Committed;
use super::weight;
use crate::model::{Offset, TopicName, TopicPartition};
use crate::sorted::{SortedMap, SortedSet};
use crate::time::{Duration, Timestamp};

/// What a group has committed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offsets {
    committed: SortedMap<TopicPartition, Kept>,
    /// The commits of each partition that are being written.
    pending: SortedMap<TopicPartition, SortedSet<Token>>,
    /// What the committed ones weigh in memory.
    weight: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    committed: Committed,
    /// Where its record stands.
    written_at: Offset,
}

impl Offsets {
    pub fn get(&self, partition: &TopicPartition) -> Option<&Committed> {
        self.committed.get(partition).map(|kept| &kept.committed)
    }

    /// Where the record of what was committed stands.
    pub fn written_at(&self, partition: &TopicPartition) -> Option<Offset> {
        self.committed.get(partition).map(|kept| kept.written_at)
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&TopicPartition, &Committed)> {
        let kept = self.committed.iter();
        kept.map(|(partition, kept)| (partition, &kept.committed))
    }

    /// What they weigh in memory, those under way aside.
    pub(super) fn weight(&self) -> u64 {
        self.weight
    }

    /// Whether there is an offset of a partition, or one under way.
    pub(super) fn knows(&self, partition: &TopicPartition) -> bool {
        self.committed.contains_key(partition) || self.is_pending(partition)
    }

    /// The partitions of which there is an offset, or one under way.
    pub(super) fn known(&self) -> Vec<TopicPartition> {
        let pending = self.pending.keys();
        let pending = pending.filter(|partition| !self.committed.contains_key(*partition));
        self.committed.keys().chain(pending).cloned().collect()
    }

    /// Whether there is nothing, not even under way.
    pub fn is_empty(&self) -> bool {
        self.committed.is_empty() && self.pending.is_empty()
    }

    /// Whether a commit is being written.
    pub fn is_pending(&self, partition: &TopicPartition) -> bool {
        self.pending.contains_key(partition)
    }

    /// A commit is being written.
    pub(super) fn prepare(&mut self, partition: TopicPartition, token: Token) {
        self.pending.entry(partition).or_default().insert(token);
    }

    /// It was written, or it was not. False when it was forgotten meanwhile: what says so stands behind it.
    ///
    /// Unlike Kafka, where a commit that was forgotten comes back for as long as a later one is under way.
    pub(super) fn settle(&mut self, partition: &TopicPartition, token: Token) -> bool {
        let Some(tokens) = self.pending.get_mut(partition) else {
            return false;
        };
        let waited_for = tokens.remove(&token);
        if tokens.is_empty() {
            self.pending.remove(partition);
        }
        waited_for
    }

    /// What stands in the log at an offset counts from now on, unless something later does; whether it does.
    pub(super) fn take(
        &mut self,
        partition: TopicPartition,
        written_at: Offset,
        committed: Committed,
    ) -> bool {
        let known = self.committed.get(&partition);
        let counts = known.is_none_or(|known| known.written_at < written_at);
        if counts {
            self.weight += weight::offset(&partition, &committed);
            self.weight -= known.map_or(0, |known| weight::offset(&partition, &known.committed));
            let kept = Kept {
                committed,
                written_at,
            };
            self.committed.insert(partition, kept);
        }
        counts
    }

    pub(super) fn forget(&mut self, partition: &TopicPartition) {
        if let Some(known) = self.committed.remove(partition) {
            self.weight -= weight::offset(partition, &known.committed);
        }
        self.pending.remove(partition);
    }

    /// The partitions whose offsets have been kept long enough. `since` is when the count began for all of
    /// them, or else each counts from its commit; those of `read` topics are kept.
    pub(super) fn expired(
        &self,
        wall: Timestamp,
        retention: Duration,
        since: Option<Timestamp>,
        read: &SortedSet<TopicName>,
    ) -> Vec<TopicPartition> {
        let over = |kept: &Kept| match kept.committed.expires {
            Some(at) => wall >= at,
            None => {
                let from = since.unwrap_or(kept.committed.at);
                wall.0.saturating_sub(from.0) >= retention.as_millis() as i64
            }
        };
        let all = self.committed.iter();
        all.filter(|(partition, _)| !self.is_pending(partition))
            .filter(|(partition, _)| !read.contains(&partition.topic))
            .filter(|(_, kept)| over(kept))
            .map(|(partition, _)| partition.clone())
            .collect()
    }
}
