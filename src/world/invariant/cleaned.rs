//! How far each partition has been compacted, by any of its replicas: there, and only there, logs may have gaps and
//! differ from each other by what was compacted.
//!
//! Law: what two replicas both have at an offset is the same; what only one of them has, the other could do without:
//! its key has a later record, or it is a tombstone, whose time may be over.

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
        let left = || records(log, from, to);
        let superseded = |record: &Record| record.value.is_none() || comes_again(log, record);
        from < to && to <= self.until(partition) && left().values().all(superseded)
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
    let offsets = mine.keys().chain(theirs.keys());
    let mut wrong = offsets.filter(|offset| match (mine.get(offset), theirs.get(offset)) {
        (Some(mine), Some(theirs)) => mine != theirs,
        (Some(record), None) | (None, Some(record)) => {
            record.value.is_some() && !comes_again(one, record) && !comes_again(other, record)
        }
        (None, None) => false,
    });
    wrong.next().copied()
}

/// The records of a stretch of a log, by offset.
pub(super) fn records(log: &Log, from: Offset, to: Offset) -> SortedMap<Offset, Record> {
    let batches = log.batches(from, to);
    let records = batches.flat_map(|stored| stored.batch().records());
    let records = records.filter_map(Result::ok);
    let within = records.filter(|record| from <= record.offset && record.offset < to);
    within.map(|record| (record.offset, record)).collect()
}

/// Whether a log has a later record of the same key.
fn comes_again(log: &Log, record: &Record) -> bool {
    let batches = log.batches(record.offset + 1, log.end());
    let mut later = batches.flat_map(|stored| stored.batch().records());
    later.any(|later| {
        later.is_ok_and(|later| later.offset > record.offset && later.key == record.key)
    })
}
