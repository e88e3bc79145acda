//! How far each partition has been compacted, by any of its replicas: there, and only there, logs may have gaps and
//! differ from each other by what was compacted.
//!
//! Law: what two replicas both have at an offset is the same; what only one of them has, the other could do without:
//! its key has a later record, or it is a tombstone, whose time may be over, or it has no key and was written
//! before the topic was to compact. The later record may be a tombstone that is gone by now: who was away for
//! longer than it stayed never gets it, and keeps what it had taken elsewhere. Where committed records were lost, so may
//! the later record be.

use std::sync::Arc;

use bytes::Bytes;

use super::broker;
use crate::fact::{Entry, Fact, Role};
use crate::log::Log;
use crate::model::{Offset, TopicName, TopicPartition};
use crate::protocol::records::Record;
use crate::sorted::SortedMap;
use crate::world::World;

/// How far every partition has been compacted.
#[derive(Clone, Debug, Default)]
pub struct Cleaned {
    until: SortedMap<TopicPartition, Offset>,
    /// Where each key's last tombstone was written.
    tombstones: SortedMap<TopicPartition, Arc<SortedMap<Bytes, Offset>>>,
    /// Up to here partitions were committed when they lost records, and with them some for which others had to go.
    lossy: SortedMap<TopicPartition, Offset>,
}

impl Cleaned {
    /// Behind this, no replica has ever been compacted.
    pub fn until(&self, partition: &TopicPartition) -> Offset {
        self.until.get(partition).copied().unwrap_or_default()
    }

    /// Learns from a piece of news.
    pub(super) fn see(&mut self, world: &World, entry: &Entry) {
        match &entry.fact {
            Fact::LogCleaned {
                partition, until, ..
            } => self.raise(partition, *until),
            Fact::RecordsAppended {
                partition,
                role: Role::Leader,
                base_offset,
                next_offset,
                ..
            } => {
                let by = broker(entry).and_then(|by| world.broker_by_id(by));
                let leader = by.and_then(|by| by.partition(partition));
                if let Some(leader) = leader.filter(|one| one.config().cleanup_policy.compacts()) {
                    self.written(partition, leader.log(), *base_offset, *next_offset);
                }
            }
            _ => {}
        }
    }

    /// A replica has been compacted up to here.
    pub(super) fn raise(&mut self, partition: &TopicPartition, until: Offset) {
        if until > self.until(partition) {
            self.until.insert(partition.clone(), until);
        }
    }

    /// Records of a partition that was committed up to here are gone. Who was compacted when they stood there may lack
    /// what came before them with their keys, and others have it.
    pub(super) fn lost(&mut self, partition: &TopicPartition, committed: Offset) {
        let known = self.lossy.entry(partition.clone()).or_default();
        *known = committed.max(*known);
    }

    /// A leader has written this stretch of its log.
    pub(super) fn written(
        &mut self,
        partition: &TopicPartition,
        log: &Log,
        from: Offset,
        to: Offset,
    ) {
        for record in records_in_order(log, from, to) {
            if let Some(key) = record.key.filter(|_| record.value.is_none()) {
                let known = self.tombstones.get_or_default(partition);
                Arc::make_mut(known).insert(key, record.offset);
            }
        }
    }

    /// Whether a tombstone of a record's key was written behind it.
    fn was_taken(&self, partition: &TopicPartition, record: &Record) -> bool {
        let known = self.tombstones.get(partition);
        let last = known.and_then(|known| known.get(record.key.as_ref()?));
        last.is_some_and(|last| *last > record.offset)
    }

    /// A topic is gone; another of the same name begins with nothing.
    pub(super) fn forget_topic(&mut self, topic: &TopicName) {
        self.until.retain(|partition, _| partition.topic != *topic);
        self.lossy.retain(|partition, _| partition.topic != *topic);
        self.tombstones
            .retain(|partition, _| partition.topic != *topic);
    }

    /// Where two replicas differ in a stretch of their logs by more than what was compacted.
    pub(super) fn first_difference(
        &self,
        partition: &TopicPartition,
        (one, other): (&Log, &Log),
        from: Offset,
        to: Offset,
    ) -> Option<Offset> {
        let cleaned = self.until(partition).clamp(from, to.max(from));
        let first = match from < cleaned {
            true => self.differs_by_more(partition, (one, other), from, cleaned),
            false => None,
        };
        first.or_else(|| differs(one, other, cleaned, to))
    }
}

impl Cleaned {
    /// Whether there is nothing in a stretch of a partition that a reader would miss: all of it has been compacted, and
    /// what a log still has there comes again or is a tombstone.
    pub(super) fn is_gap(
        &self,
        partition: &TopicPartition,
        log: &Log,
        from: Offset,
        to: Offset,
    ) -> bool {
        if from >= to || to > self.until(partition).min(log.end()) {
            return false;
        }
        let left = records(log, from, to);
        let last = last_of_keys(log, from);
        left.values().all(|record| {
            may_be_gone(record) || comes_again(&last, record) || self.was_taken(partition, record)
        })
    }

    /// Record by record, where either may have been compacted.
    fn differs_by_more(
        &self,
        partition: &TopicPartition,
        (one, other): (&Log, &Log),
        from: Offset,
        to: Offset,
    ) -> Option<Offset> {
        let (mine, theirs) = (records(one, from, to), records(other, from, to));
        let mut missing = Vec::new();
        for offset in mine.keys().chain(theirs.keys()) {
            match (mine.get(offset), theirs.get(offset)) {
                (Some(mine), Some(theirs)) if mine != theirs => return Some(*offset),
                (Some(record), None) | (None, Some(record)) if !may_be_gone(record) => {
                    missing.push(record);
                }
                _ => {}
            }
        }
        missing.retain(|record| !self.was_taken(partition, record));
        let lossy = self.lossy.get(partition).copied().unwrap_or_default();
        missing.retain(|record| record.offset >= lossy);
        if missing.is_empty() {
            return None;
        }
        let last = [one, other].map(|log| last_of_keys(log, from));
        let mut wrong = missing.into_iter();
        let wrong = wrong.find(|record| !last.iter().any(|last| comes_again(last, record)));
        wrong.map(|record| record.offset)
    }
}

/// Batch by batch, byte by byte.
fn differs(one: &Log, other: &Log, from: Offset, to: Offset) -> Option<Offset> {
    if from >= to {
        return None;
    }
    let mut theirs = other.batches(from, to);
    for mine in one.batches(from, to) {
        if !theirs.next().is_some_and(|their| their.is_copy_of(mine)) {
            return Some(mine.base_offset());
        }
    }
    theirs.next().map(|missing| missing.base_offset())
}

/// The records of a stretch of a log, by offset.
pub(super) fn records(log: &Log, from: Offset, to: Offset) -> SortedMap<Offset, Record> {
    let records = records_in_order(log, from, to);
    records.map(|record| (record.offset, record)).collect()
}

/// The records of a stretch of a log.
fn records_in_order(log: &Log, from: Offset, to: Offset) -> impl Iterator<Item = Record> {
    let batches = log.batches(from, to);
    let records = batches.flat_map(|stored| stored.batch().records());
    let records = records.filter_map(Result::ok);
    records.filter(move |record| from <= record.offset && record.offset < to)
}

/// Whether a record may be gone though none of its key comes later.
fn may_be_gone(record: &Record) -> bool {
    record.key.is_none() || record.value.is_none()
}

/// Where a log has each key last, from an offset on.
fn last_of_keys(log: &Log, from: Offset) -> SortedMap<Option<Bytes>, Offset> {
    let mut last = SortedMap::new();
    for (offset, record) in records(log, from, log.end()) {
        last.insert(record.key, offset);
    }
    last
}

/// Whether there is a later record of the same key.
fn comes_again(last: &SortedMap<Option<Bytes>, Offset>, record: &Record) -> bool {
    last.get(&record.key)
        .is_some_and(|last| *last > record.offset)
}
