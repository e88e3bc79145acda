//! What outlives a crash of a broker.
//!
//! Not modelled: the page cache. A crash here is that of the process, not of its machine, so every
//! appended batch is still there; only what Kafka itself keeps in memory alone is lost.

use crate::sorted::SortedMap;
use std::sync::Arc;

use crate::log::Log;
use crate::model::{Offset, TopicId, TopicPartition};

/// A broker's log directory.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    pub(super) replicas: SortedMap<TopicPartition, StoredReplica>,
    /// `replication-offset-checkpoint`: every high watermark as of the last checkpoint.
    pub(super) high_watermarks: Arc<SortedMap<TopicPartition, Offset>>,
    /// How many connections the broker has opened in all its lives.
    pub(super) connections: u32,
}

/// One replica's directory: its log and `partition.metadata`.
#[derive(Clone, Debug)]
pub(super) struct StoredReplica {
    pub(super) topic_id: TopicId,
    pub(super) log: Log,
}

impl Disk {
    /// The logs on the disk.
    pub fn logs(&self) -> impl Iterator<Item = (&TopicPartition, &Log)> {
        self.replicas
            .iter()
            .map(|(name, replica)| (name, &replica.log))
    }
}
