//! What outlives a crash of a broker.
//!
//! When the process dies, every appended batch is still there: its operating system has it. When the
//! machine loses power, each log ends somewhere between what was flushed and where it ended. Either
//! way a broker begins again with the high watermarks and log starts as they were last written down, and
//! learns from the controller what its replicas are. A log start that had not been written down yet is
//! forgotten: the log begins with its first segment again.

use crate::sorted::SortedMap;
use std::sync::Arc;

use crate::log::Log;
use crate::model::{Offset, TopicId, TopicPartition};
use crate::rng::Rng;
use crate::time::Timestamp;

/// A broker's log directory.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    pub(super) replicas: SortedMap<TopicPartition, StoredReplica>,
    /// `replication-offset-checkpoint`: every high watermark as of the last checkpoint.
    pub(super) high_watermarks: Arc<SortedMap<TopicPartition, Offset>>,
    /// `log-start-offset-checkpoint`: where logs begin that begin within a segment, as of the last checkpoint.
    pub(super) log_starts: Arc<SortedMap<TopicPartition, Offset>>,
    /// How many connections the broker has opened in all its lives.
    pub(super) connections: u32,
    /// `.kafka_cleanshutdown`: the broker stopped in order, and everything is flushed.
    pub(super) clean: bool,
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

    /// One log on the disk.
    pub fn log(&self, name: &TopicPartition) -> Option<&Log> {
        self.replicas.get(name).map(|replica| &replica.log)
    }

    /// The topic to which a log on the disk belongs.
    pub fn topic_of(&self, name: &TopicPartition) -> Option<TopicId> {
        self.replicas.get(name).map(|replica| replica.topic_id)
    }

    /// The high watermark that was last written down; nothing is `@0`.
    pub fn high_watermark(&self, name: &TopicPartition) -> Offset {
        let written = self.high_watermarks.get(name).copied();
        written.unwrap_or(Offset::ZERO)
    }

    /// The machine has lost power. Which logs ended where, and end where now.
    pub fn lose_unflushed(
        &mut self,
        wall: Timestamp,
        rng: &mut Rng,
    ) -> Vec<(TopicPartition, Offset, Offset)> {
        let mut lost = Vec::new();
        for (name, replica) in self.replicas.iter_mut() {
            if let Some((from, to)) = replica.log.lose_unflushed(wall, rng) {
                lost.push((name.clone(), from, to));
            }
        }
        lost
    }
}
