//! How far each partition has been compacted, by any of its replicas: there, and only there, logs may have gaps and
//! differ from each other by what was compacted.
//!
//! Law: what two replicas both have at an offset is the same; what only one of them has, the other could do without:
//! its key has a later record, or it is a tombstone, whose time may be over, or it has no key and was written
//! before the topic was to compact.

use bytes::Bytes;

use crate::fact::{Entry, Fact};
use crate::log::Log;
use crate::model::{Offset, TopicName, TopicPartition};
use crate::protocol::records::Record;
use crate::sorted::SortedMap;

/// How far every partition has been compacted.
#[derive(Clone, Debug, Default)]
pub struct Cleaned {
    until: SortedMap<TopicPartition, Offset>,
}

impl Cleaned {
    /// Behind this, no replica has ever been compacted.
    pub fn until(&self, partition: &TopicPartition) -> Offset {
        self.until.get(partition).copied().unwrap_or_default()
    }

    /// Learns from a piece of news.
    pub(super) fn see(&mut self, entry: &Entry) {
        if let Fact::LogCleaned {
            partition, until, ..
        } = &entry.fact
        {
            let known = self.until(partition);
            if *until > known {
                self.until.insert(partition.clone(), *until);
            }
        }
    }

    /// A topic is gone; another of the same name begins with nothing.
    pub(super) fn forget_topic(&mut self, topic: &TopicName) {
        self.until.retain(|partition, _| partition.topic != *topic);
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
            true => differs_by_more(one, other, from, cleaned),
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
        if from >= to || to > self.until(partition) {
            return false;
        }
        let left = records(log, from, to);
        let last = last_of_keys(log, from);
        left.values()
            .all(|record| may_be_gone(record) || comes_again(&last, record))
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

/// Record by record, where either may have been compacted.
fn differs_by_more(one: &Log, other: &Log, from: Offset, to: Offset) -> Option<Offset> {
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
    if missing.is_empty() {
        return None;
    }
    let last = [one, other].map(|log| last_of_keys(log, from));
    let mut wrong = missing.into_iter();
    let wrong = wrong.find(|record| !last.iter().any(|last| comes_again(last, record)));
    wrong.map(|record| record.offset)
}

/// The records of a stretch of a log, by offset.
pub(super) fn records(log: &Log, from: Offset, to: Offset) -> SortedMap<Offset, Record> {
    let batches = log.batches(from, to);
    let records = batches.flat_map(|stored| stored.batch().records());
    let records = records.filter_map(Result::ok);
    let within = records.filter(|record| from <= record.offset && record.offset < to);
    within.map(|record| (record.offset, record)).collect()
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
