//! What compaction must keep, and what it must not make.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

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
/// twice; nothing stands there that no leader wrote, and nothing was compacted that is not committed.
///
/// What leaders wrote is known as far as it is committed; of the rest, what counts is what the newest leader has
/// when it begins. A leader that was replaced and does not know it writes on, and what it wrote stays if it
/// is elected again before it has cut its log.
#[derive(Clone, Debug, Default)]
pub struct CompactionKeepsTheLast {
    partitions: SortedMap<TopicPartition, Arc<Written>>,
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
    /// The epoch with which the partition went on after it had lost something: there, what is known begins.
    after_loss: LeaderEpoch,
    /// Somebody compacted by a wrong clock: nobody can tell until when tombstones must stay.
    clocks_differ: bool,
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
        let wall = view.world.wall(view.world.now());
        match &entry.fact {
            Fact::RecordsAppended {
                partition,
                role: Role::Leader,
                base_offset,
                next_offset,
                epoch,
                ..
            } => match replica(partition) {
                // Who has not heard of a loss writes what will not stay.
                Some(_) if *epoch < view.committed.since(partition) => {}
                Some(leader) if leader.config().cleanup_policy.compacts() => {
                    let retention = leader.config().delete_retention;
                    let lost = view.committed.since(partition);
                    let known = self.written(partition, *base_offset, *epoch, lost);
                    known.retention = known.retention.min(retention);
                    known.append(leader.log(), (*base_offset, *next_offset), *epoch, wall);
                }
                // What is written meanwhile is not looked at.
                Some(_) => {
                    self.partitions.remove(partition);
                }
                None => {}
            },
            Fact::BecameLeader {
                partition,
                epoch,
                start_offset,
                ..
            } => {
                if let Some(known) = self.partitions.get_mut(partition)
                    && *epoch >= known.epoch
                {
                    let known = Arc::make_mut(known);
                    known.epoch = *epoch;
                    let lost = view.committed.since(partition);
                    let committed = view.committed.until(partition);
                    let log = replica(partition).map(|leader| leader.log());
                    match log.filter(|_| lost == known.after_loss) {
                        Some(log) => known.led(log, committed, *start_offset, wall),
                        None => known.begin_anew(*start_offset),
                    }
                    if *epoch >= lost {
                        known.after_loss = lost;
                    }
                }
            }
            Fact::LogCleaned {
                partition, until, ..
            } => {
                let Some(replica) = replica(partition) else {
                    return Ok(());
                };
                if *until > replica.high_watermark() {
                    return Err(format!(
                        "{partition} was compacted before {until}, but committed is {}",
                        replica.high_watermark()
                    ));
                }
                let Some(known) = self.partitions.get_mut(partition) else {
                    return Ok(());
                };
                let host = entry.by.and_then(|by| view.world.host(by));
                let is_wrong = host.is_some_and(|host| !host.clock().is_right());
                let retention = replica.config().delete_retention;
                if is_wrong && !known.clocks_differ || retention < known.retention {
                    let known = Arc::make_mut(known);
                    known.clocks_differ |= is_wrong;
                    known.retention = known.retention.min(retention);
                }
                // After a loss, who has not heard of it may have anything.
                let lost = view.committed.since(partition);
                let latest = replica.log().epochs().latest();
                let goes_on = lost == LeaderEpoch::NONE
                    || lost == known.after_loss
                        && latest.is_some_and(|latest| latest.epoch >= lost);
                if goes_on && !view.losses.is_torn(partition) {
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
        after_loss: LeaderEpoch,
    ) -> &mut Written {
        if !self.partitions.contains_key(partition) {
            let fresh = Written {
                epoch,
                since,
                records: SortedMap::new(),
                retention: Duration::MAX,
                after_loss,
                clocks_differ: false,
            };
            self.partitions.insert(partition.clone(), Arc::new(fresh));
        }
        let known = self.partitions.get_mut(partition);
        Arc::make_mut(known.expect("it was just put there"))
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
        // What stays of what is written by who was replaced, the next leader has.
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

    /// Somebody leads from now on, with this log up to `start`: what is not committed is what it has there.
    fn led(&mut self, log: &Log, committed: Offset, start: Offset, wall: Timestamp) {
        let from = committed.max(self.since).min(start);
        self.since = self.since.min(from);
        while let Some((last, _)) = self.records.last_key_value()
            && *last >= from
        {
            self.records.pop_last();
        }
        for (offset, record) in records(log, from, start) {
            self.records.insert(offset, Known::new(&record, wall));
        }
    }

    /// Nothing of what is before is known.
    fn begin_anew(&mut self, since: Offset) {
        self.since = since;
        self.records.clear();
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
        // Keys stand in any order.
        let mut standing: BTreeMap<&Bytes, Offset> = BTreeMap::new();
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
        let mut last: BTreeMap<&Bytes, Offset> = BTreeMap::new();
        for (offset, written) in self.records.range(from..furthest) {
            if let Some(key) = &written.key {
                last.insert(key, *offset);
            }
        }
        for (_, offset) in last.into_iter().filter(|(_, offset)| *offset < until) {
            let written = &self.records[&offset];
            let age = u64::try_from(wall.0.saturating_sub(written.at.0)).unwrap_or(0);
            let is_over = self.clocks_differ || age >= self.retention.as_millis();
            let may_go = written.is_tombstone && is_over;
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

    fn known() -> Written {
        Written {
            epoch: LeaderEpoch(0),
            since: Offset(0),
            records: SortedMap::new(),
            retention: Duration::from_secs(60),
            after_loss: LeaderEpoch::NONE,
            clocks_differ: false,
        }
    }

    fn judged(written: &str, left: &str, later: i64) -> Result<(), String> {
        let mut known = known();
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
    fn what_is_not_committed_is_what_the_next_leader_has() {
        let mut known = known();
        let first = log_of("a=1 b=1 c=1");
        known.append(&first, (Offset(0), Offset(3)), LeaderEpoch(0), WALL);
        // Somebody leads who has less, and the first, which does not know it yet, writes on.
        known.epoch = LeaderEpoch(1);
        known.led(&log_of("a=1 b=1"), Offset(2), Offset(2), WALL);
        let first = log_of("a=1 b=1 c=1 d=1");
        known.append(&first, (Offset(3), Offset(4)), LeaderEpoch(0), WALL);
        let whole = (Offset(4), Offset(4));
        let judged = |known: &Written, left| known.judge(&log_of(left), whole, WALL);
        let nobody = |offset| Err(format!("nobody wrote what stands at {offset}"));
        assert_eq!(judged(&known, "a=1 b=1 c=1 d=1"), nobody("@2"));
        // It is elected again with all that it has.
        known.epoch = LeaderEpoch(2);
        known.led(&first, Offset(2), Offset(4), WALL);
        assert_eq!(judged(&known, "a=1 b=1 c=1 d=1"), Ok(()));
        // What is committed is not learned again.
        known.led(&log_of("a=1 b=2 c=1 d=1"), Offset(2), Offset(4), WALL);
        assert_eq!(judged(&known, "a=1 b=2 c=1 d=1"), nobody("@1"));
    }

    #[test]
    fn only_the_newest_records_are_remembered_and_only_they_are_judged() {
        let mut known = known();
        let log = log_of("a=1 b=1");
        known.append(&log, (Offset(0), Offset(2)), LeaderEpoch(0), WALL);
        let one = known.records[&Offset(1)].clone();
        for offset in 2..=REMEMBERED as i64 {
            known.records.insert(Offset(offset), one.clone());
        }
        let log = log_of("a=1 b=1 c=1");
        known.append(&log, (Offset(2), Offset(3)), LeaderEpoch(0), WALL);
        assert_eq!((known.records.len(), known.since), (REMEMBERED, Offset(1)));
    }

    #[test]
    fn who_compacted_by_a_wrong_clock_may_have_taken_a_tombstone_early() {
        let mut known = known();
        let log = log_of("a b=1");
        known.append(&log, (Offset(0), Offset(2)), LeaderEpoch(0), WALL);
        let left = log_of("- b=1");
        let whole = (Offset(2), Offset(2));
        assert!(known.judge(&left, whole, WALL).is_err());
        known.clocks_differ = true;
        assert_eq!(known.judge(&left, whole, WALL), Ok(()));
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
        cleaned.raise(&partition, Offset(3));
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
        // The tombstone that took it is gone from one, and never came to the other.
        let (kept, taken) = ("a=1 b=1 a=2 - c=1", "a=1 - a=2 - c=1");
        assert_eq!(difference(&cleaned, kept, taken), Some(Offset(1)));
        let written = log_of("a=1 b=1 a=2 b c=1");
        cleaned.written(&partition, &written, Offset(0), Offset(5));
        assert_eq!(difference(&cleaned, kept, taken), None);
    }
}
