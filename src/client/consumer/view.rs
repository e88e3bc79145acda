//! Looking at a consumer from outside: for pictures, inspectors and tables.
//!
//! Nothing here changes anything, and nothing that runs needs it.

use std::collections::VecDeque;

use bytes::Bytes;

use super::buffer::Buffer;
use super::membership::Membership;
use super::subscription::{Assigned, State};
use super::{BYTES_SHOWN, Consumer, RECORDS_SHOWN};
use crate::client::config::ConsumerConfig;
use crate::client::metadata::Metadata;
use crate::model::{BrokerId, Offset, TopicPartition};
use crate::protocol::ErrorCode;
use crate::protocol::records::Record;
use crate::time::Instant;

/// A record that `poll()` returned; long keys and values are cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    pub partition: TopicPartition,
    pub offset: Offset,
    pub key: Option<Bytes>,
    pub value: Option<Bytes>,
}

/// A partition as others may see it.
#[derive(Clone, Copy, Debug)]
pub struct PartitionView<'a> {
    pub partition: &'a TopicPartition,
    /// The offset of the next record that `poll()` returns; `None` while there is no position.
    pub position: Option<Offset>,
    /// As the leader last said.
    pub high_watermark: Option<Offset>,
    /// How many records lie between the position and the high watermark, as far as is known.
    pub lag: Option<i64>,
    /// How many records were fetched and not yet returned.
    pub buffered: u64,
    pub doing: Doing,
    /// Whether its application has paused it, whatever else is done about it.
    pub is_paused: bool,
}

/// What a consumer is doing about a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Asking how far its group has read.
    Restoring,
    /// Asking where the log begins or ends.
    Resetting,
    /// Asking a new leader whether what was read is still there.
    Validating,
    Reading,
    Paused,
    Failed(ErrorCode),
}

impl Consumer {
    pub fn config(&self) -> &ConsumerConfig {
        &self.config
    }

    /// The partitions of the assignment.
    pub fn partitions(&self) -> impl Iterator<Item = PartitionView<'_>> + Clone {
        let partitions = self.subscription.iter();
        partitions.map(|(partition, assigned)| view(partition, assigned))
    }

    /// One partition of the assignment.
    pub fn partition(&self, partition: &TopicPartition) -> Option<PartitionView<'_>> {
        self.partitions().find(|view| view.partition == partition)
    }

    /// How many records `poll()` has returned.
    pub fn consumed(&self) -> u64 {
        self.consumed
    }

    /// The last records that `poll()` returned, oldest first, up to [`RECORDS_SHOWN`]; of each `poll()`
    /// and partition only those of the last batch. Decodes them.
    pub fn recent(&self) -> Vec<Delivered> {
        let mut recent = VecDeque::new();
        for returned in self.returned.iter().rev() {
            let records = returned.batch.records().filter_map(Result::ok);
            let records = records
                .filter(|record| record.offset >= returned.from && record.offset < returned.to);
            let records: Vec<Record> = records.collect();
            for record in records.iter().rev() {
                recent.push_front(shown(&returned.partition, record));
                if recent.len() == RECORDS_SHOWN {
                    return recent.into();
                }
            }
        }
        recent.into()
    }

    /// When the application polls again, while it is not in `poll()`.
    pub fn next_poll(&self) -> Option<Instant> {
        self.application.works_until()
    }

    /// Its place in its group, if it has one.
    pub fn membership(&self) -> Option<&Membership> {
        self.config.has_group().then_some(&self.membership)
    }

    /// Why its last commit came to nothing, if it did.
    pub fn commit_failure(&self) -> Option<ErrorCode> {
        self.commits.failure()
    }

    /// The broker that it takes for its group's coordinator.
    pub fn coordinator(&self) -> Option<BrokerId> {
        self.coordinator.broker()
    }

    /// What the consumer believes about the cluster.
    pub fn metadata(&self) -> &Metadata {
        self.network.metadata()
    }
}

fn view<'a>(partition: &'a TopicPartition, assigned: &Assigned) -> PartitionView<'a> {
    let (position, doing) = match &assigned.state {
        State::Restoring { .. } => (None, Doing::Restoring),
        State::Resetting { .. } => (None, Doing::Resetting),
        State::Validating { position, .. } => (Some(position.offset), Doing::Validating),
        State::Reading { position } if assigned.is_paused => (Some(position.offset), Doing::Paused),
        State::Reading { position } => (Some(position.offset), Doing::Reading),
        State::Failed { error, position } => (position.map(|at| at.offset), Doing::Failed(*error)),
    };
    let high_watermark = assigned.high_watermark;
    // Who does not ask any more does not hear how much comes after it.
    let end = high_watermark.filter(|_| !matches!(doing, Doing::Failed(_)));
    PartitionView {
        partition,
        position,
        high_watermark,
        lag: position.and_then(|at| end.map(|end| (end - at).max(0))),
        buffered: assigned.buffer.as_ref().map_or(0, Buffer::records),
        doing,
        is_paused: assigned.is_paused,
    }
}

fn shown(partition: &TopicPartition, record: &Record) -> Delivered {
    let cut = |bytes: &Bytes| bytes.slice(..bytes.len().min(BYTES_SHOWN));
    Delivered {
        partition: partition.clone(),
        offset: record.offset,
        key: record.key.as_ref().map(cut),
        value: record.value.as_ref().map(cut),
    }
}
