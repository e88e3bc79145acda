//! What compaction must keep, and what it must not make.

use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;

use super::cleaned::records;
use super::{Invariant, View, broker};
use crate::fact::{Entry, Fact, Role};
use crate::log::Log;
use crate::model::{LeaderEpoch, Offset, TopicName, TopicPartition};
use crate::protocol::records::Record;
use crate::sorted::SortedMap;
use crate::time::{Duration, Timestamp};

/// Of each partition so many records are remembered, the newest.
const REMEMBERED: usize = 50_000;

/// When a log was compacted: of every key the last record before the clean point is still there, at its offset and
/// as it was written, unless it is a tombstone and `delete.retention.ms` are over; no key stands there
/// twice; nothing stands there that no leader wrote.
#[derive(Clone, Debug, Default)]
pub struct CompactionKeepsTheLast {
    partitions: SortedMap<TopicPartition, Written>,
}

/// What leaders wrote to a partition that compacts.
#[derive(Clone, Debug)]
struct Written {
    /// The newest leader's.
    epoch: LeaderEpoch,
    /// Nothing is known of what is before.
    since: Offset,
    records: SortedMap<Offset, Known>,
    /// The shortest time for which the topic has wanted tombstones to stay.
    retention: Duration,
}

#[derive(Clone, Debug)]
struct Known {
    key: Option<Bytes>,
    contents: u64,
    is_tombstone: bool,
    at: Timestamp,
}

impl Invariant for CompactionKeepsTheLast {
    fn name(&self) -> &'static str {
        "CompactionKeepsTheLast"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        let replica = |partition: &TopicPartition| {
            let by = view.world.broker_by_id(broker(entry)?)?;
            by.partition(partition)
        };
        match &entry.fact {
            Fact::RecordsAppended {
                partition,
                role: Role::Leader,
                base_offset,
                next_offset,
                epoch,
                ..
            } => {
                let leader = replica(partition);
                let leader = leader.filter(|leader| leader.config().cleanup_policy.compacts());
                if let Some(leader) = leader {
                    let retention = leader.config().delete_retention;
                    let wall = view.world.wall(view.world.now());
                    let known = self.written(partition, *base_offset, *epoch, retention);
                    known.append(leader.log(), (*base_offset, *next_offset), *epoch, wall);
                }
            }
            Fact::BecameLeader {
                partition,
                epoch,
                start_offset,
                ..
            } => {
                if let Some(known) = self.partitions.get_mut(partition)
                    && *epoch > known.epoch
                {
                    known.epoch = *epoch;
                    known.cut(*start_offset);
                }
            }
            Fact::LogCleaned {
                partition, until, ..
            } => {
                let lost = view.losses.is_lost(partition) || view.losses.is_torn(partition);
                if let Some(replica) = replica(partition)
                    && let Some(known) = self.partitions.get(partition)
                    && !lost
                {
                    let wall = view.world.wall(view.world.now());
                    let stretch = (*until, view.cleaned.until(partition).max(*until));
                    return known.judge(replica.log(), stretch, wall).map_err(|what| {
                        let by = replica.log_end();
                        format!("{partition} was compacted before {until} of {by}: {what}")
                    });
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl CompactionKeepsTheLast {
    /// A topic is gone; another of the same name begins with nothing.
    pub(super) fn forget_topic(&mut self, topic: &TopicName) {
        self.partitions
            .retain(|partition, _| partition.topic != *topic);
    }

    fn written(
        &mut self,
        partition: &TopicPartition,
        since: Offset,
        epoch: LeaderEpoch,
        retention: Duration,
    ) -> &mut Written {
        if !self.partitions.contains_key(partition) {
            let fresh = Written {
                epoch,
                since,
                records: SortedMap::new(),
                retention,
            };
            self.partitions.insert(partition.clone(), fresh);
        }
        let known = self
            .partitions
            .get_mut(partition)
            .expect("it was just put there");
        known.retention = known.retention.min(retention);
        known
    }
}

impl Written {
    fn append(
        &mut self,
        log: &Log,
        (from, to): (Offset, Offset),
        epoch: LeaderEpoch,
        wall: Timestamp,
    ) {
        // Who was replaced and does not know it writes what will not stay.
        if epoch < self.epoch {
            return;
        }
        self.epoch = epoch;
        for (offset, record) in records(log, from, to) {
            self.records.insert(offset, Known::new(&record, wall));
        }
        while self.records.len() > REMEMBERED {
            if let Some((oldest, _)) = self.records.pop_first() {
                self.since = oldest + 1;
            }
        }
    }

    fn cut(&mut self, to: Offset) {
        self.since = self.since.min(to);
        while self
            .records
            .last_key_value()
            .is_some_and(|(last, _)| *last >= to)
        {
            self.records.pop_last();
        }
    }

    /// Holds a log that was compacted up to `until` against what was written. It may be a copy of one that has been
    /// compacted further, up to `furthest`, and lack what comes again there.
    fn judge(
        &self,
        log: &Log,
        (until, furthest): (Offset, Offset),
        wall: Timestamp,
    ) -> Result<(), String> {
        let from = log.start().max(self.since);
        if from >= until {
            return Ok(());
        }
        let left = records(log, from, until);
        let mut standing: SortedMap<&Bytes, Offset> = SortedMap::new();
        for (offset, record) in &left {
            let written = self.records.get(offset);
            if written.is_none_or(|written| written.contents != contents(record)) {
                return Err(format!("nobody wrote what stands at {offset}"));
            }
            if let Some(key) = &record.key
                && let Some(before) = standing.insert(key, *offset)
            {
                return Err(format!("one key stands at {before} and at {offset}"));
            }
        }
        let mut last: SortedMap<&Bytes, Offset> = SortedMap::new();
        for (offset, written) in self.records.range(from..furthest) {
            if let Some(key) = &written.key {
                last.insert(key, *offset);
            }
        }
        for (_, offset) in last.into_iter().filter(|(_, offset)| *offset < until) {
            let written = &self.records[&offset];
            let age = u64::try_from(wall.0.saturating_sub(written.at.0)).unwrap_or(0);
            let may_go = written.is_tombstone && age >= self.retention.as_millis();
            if !left.contains_key(&offset) && !may_go {
                return Err(format!("the last record of its key is gone from {offset}"));
            }
        }
        Ok(())
    }
}

impl Known {
    fn new(record: &Record, at: Timestamp) -> Known {
        Known {
            key: record.key.clone(),
            contents: contents(record),
            is_tombstone: record.value.is_none(),
            at,
        }
    }
}

/// What a record says, as a number.
fn contents(record: &Record) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&record.key, &record.value, record.timestamp).hash(&mut hasher);
    for header in &record.headers {
        (&*header.key, &header.value).hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::LogConfig;
    use crate::protocol::records::{BatchBuilder, Codec};

    const WALL: Timestamp = Timestamp(1_700_000_000_000);

    /// A log with these records, `key=value` or `key` alone, at these offsets; `-` is none.
    fn log_of(words: &str) -> Log {
        let mut log = Log::new(Offset(0), WALL);
        for (offset, word) in words.split_whitespace().enumerate() {
            if word == "-" {
                continue;
            }
            let (key, value) = match word.split_once('=') {
                Some((key, value)) => (key, Some(value.as_bytes())),
                None => (word, None),
            };
            let mut builder = BatchBuilder::new(Codec::None);
            builder.append(WALL.0, Some(key.as_bytes()), value, &[]);
            builder.set_place(Offset(offset as i64), 0);
            let batch = builder.build_batch();
            let appended = log.append_as_follower(&batch, WALL, &LogConfig::default());
            assert!(appended.is_some());
        }
        log
    }

    fn judged(written: &str, left: &str, later: i64) -> Result<(), String> {
        let mut known = Written {
            epoch: LeaderEpoch(0),
            since: Offset(0),
            records: SortedMap::new(),
            retention: Duration::from_secs(60),
        };
        let log = log_of(written);
        known.append(&log, (Offset(0), log.end()), LeaderEpoch(0), WALL);
        let whole = (log.end(), log.end());
        known.judge(&log_of(left), whole, Timestamp(WALL.0 + later))
    }

    #[test]
    fn the_last_of_every_key_must_be_left_and_nothing_else_may_appear() {
        let written = "a=1 b=1 a=2 c=1 b";
        for (left, later, wrong) in [
            ("- - a=2 c=1 b", 0, ""),
            ("- - a=2 c=1 -", 60_000, ""),
            (
                "- - a=2 c=1 -",
                59_999,
                "the last record of its key is gone from @4",
            ),
            (
                "- - - c=1 b",
                0,
                "the last record of its key is gone from @2",
            ),
            ("a=1 - a=2 c=1 b", 0, "one key stands at @0 and at @2"),
            ("- - a=3 c=1 b", 0, "nobody wrote what stands at @2"),
            ("- c=1 a=2 - b", 0, "nobody wrote what stands at @1"),
        ] {
            let found = judged(written, left, later);
            match wrong {
                "" => assert_eq!(found, Ok(()), "{left}"),
                wrong => assert_eq!(found, Err(wrong.to_owned()), "{left}"),
            }
        }
    }

    #[test]
    fn replicas_differ_by_what_was_compacted_and_by_nothing_else() {
        let partition = TopicPartition::new("carts", 0);
        let mut cleaned = crate::world::invariant::Cleaned::default();
        let difference = |cleaned: &crate::world::invariant::Cleaned, one, other| {
            let (one, other) = (log_of(one), log_of(other));
            let end = one.end().max(other.end());
            cleaned.first_difference(&partition, (&one, &other), Offset(0), end)
        };
        assert_eq!(difference(&cleaned, "a=1 a=2", "- a=2"), Some(Offset(0)));
        let entry = Entry {
            number: 1,
            at: crate::time::Instant::ZERO,
            by: None,
            fact: Fact::LogCleaned {
                partition: partition.clone(),
                from: Offset(0),
                until: Offset(3),
                bytes_before: 0,
                bytes_after: 0,
                removed: 0,
            },
        };
        cleaned.see(&entry);
        for (one, other, expected) in [
            ("a=1 b=1 a=2 c=1", "- b=1 a=2 c=1", None),
            ("a=1 b a=2 c=1", "- - a=2 c=1", None),
            ("a=1 b=1 a=2 c=1", "- - a=2 c=1", Some(Offset(1))),
            ("a=1 b=1 a=2 c=1", "- b=2 a=2 c=1", Some(Offset(1))),
            ("a=1 b=1 a=2 c=1", "- b=1 a=2 c=2", Some(Offset(3))),
        ] {
            let found = difference(&cleaned, one, other);
            assert_eq!(found, expected, "{one} and {other}");
        }
    }
}
