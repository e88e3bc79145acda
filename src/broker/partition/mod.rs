//! One replica of one partition on one broker: a log, a role and a high watermark.
//!
//! The controller says who leads (`LeaderAndIsr`). The leader takes records from producers, watches how
//! far its followers have come, and from that derives which records are committed. A follower copies
//! its leader's log and takes the leader's word for the high watermark.
//!
//! - [`isr`]: the replicas that count;
//! - [`replica`]: what a leader knows of a follower;
//! - [`high_watermark`]: the rule by which records become visible;
//! - [`leader`], [`follower`]: what the two roles do;
//! - [`read`]: reading, by consumers and by followers;
//! - `planted`: wrong states, for tests that must notice them.
//!
//! Laws: `log start ≤ high watermark ≤ log end`; a leader's high watermark never goes back within its
//! epoch; the leader is in its ISR; the ISR is part of the replicas; a leader never changes the ISR by
//! itself, it asks the controller.
//!
//! Not modelled: several log directories, of which one may fail.

mod follower;
mod high_watermark;
mod isr;
mod leader;
#[cfg(test)]
mod planted;
mod read;
mod replica;

pub use follower::Copied;
pub use isr::{Isr, PendingIsr};
pub use leader::{IsrProposal, Written};
pub use read::{PartitionRead, ReadPartition, Reader};
pub use replica::FollowerState;

use crate::fact::{Fact, Role};
use crate::log::planted::Bug;
use crate::log::{Cleaned, Dirt, Log, LogConfig};
use crate::model::{BrokerId, LeaderEpoch, Offset, PartitionEpoch, TopicId, TopicPartition};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::time::{Duration, Moment};

use super::metadata::Image;

/// One replica of one partition.
#[derive(Clone, Debug)]
pub struct Partition {
    name: TopicPartition,
    topic_id: TopicId,
    /// The broker that this replica is on.
    local: BrokerId,
    config: LogConfig,
    replicas: Vec<BrokerId>,
    leader: BrokerId,
    leader_epoch: LeaderEpoch,
    partition_epoch: PartitionEpoch,
    isr: Isr,
    duty: Duty,
    log: Log,
    high_watermark: Offset,
}

/// What a replica has to remember for its role.
#[derive(Clone, Debug)]
enum Duty {
    Lead(Lead),
    Follow {
        /// Whether the leader of this epoch has said where the logs part. Only a planted bug asks.
        compared: bool,
    },
}

/// A leader's memory.
#[derive(Clone, Debug)]
struct Lead {
    /// The end of the log when this epoch began. Nobody joins the ISR with less.
    epoch_start: Offset,
    /// The other replicas, in the order of the assignment.
    followers: Vec<FollowerState>,
}

/// What a partition must know of the world around it.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    pub at: Moment,
    /// `replica.lag.time.max.ms`.
    pub lag: Duration,
    /// Who is alive, as far as this broker knows.
    pub cluster: &'a Image,
}

/// The state that the controller decided for a partition, as `LeaderAndIsr` carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub leader: BrokerId,
    pub leader_epoch: LeaderEpoch,
    pub partition_epoch: PartitionEpoch,
    pub isr: Vec<BrokerId>,
    pub replicas: Vec<BrokerId>,
}

impl Partition {
    /// A replica that nobody has given a role yet.
    pub fn new(
        name: TopicPartition,
        topic_id: TopicId,
        local: BrokerId,
        config: LogConfig,
        log: Log,
        high_watermark: Offset,
    ) -> Partition {
        Partition {
            name,
            topic_id,
            local,
            config,
            replicas: Vec::new(),
            leader: BrokerId::NONE,
            leader_epoch: LeaderEpoch::NONE,
            partition_epoch: PartitionEpoch(-1),
            isr: Isr::default(),
            duty: Duty::Follow { compared: false },
            high_watermark: high_watermark.clamp(log.start(), log.end()),
            log,
        }
    }

    pub fn name(&self) -> &TopicPartition {
        &self.name
    }

    pub fn topic_id(&self) -> TopicId {
        self.topic_id
    }

    pub fn role(&self) -> Role {
        match self.duty {
            Duty::Lead(_) => Role::Leader,
            Duty::Follow { .. } => Role::Follower,
        }
    }

    pub fn is_leader(&self) -> bool {
        self.role() == Role::Leader
    }

    /// Who leads, as this replica knows it; −1 when nobody does.
    pub fn leader(&self) -> BrokerId {
        self.leader
    }

    pub fn leader_epoch(&self) -> LeaderEpoch {
        self.leader_epoch
    }

    /// The version of the state that this replica knows.
    pub fn partition_epoch(&self) -> PartitionEpoch {
        self.partition_epoch
    }

    /// The brokers to which the partition is assigned, the preferred leader first.
    pub fn replicas(&self) -> &[BrokerId] {
        &self.replicas
    }

    /// The in-sync replicas. Only a leader keeps them up to date.
    pub fn isr(&self) -> &[BrokerId] {
        self.isr.committed()
    }

    /// Every replica that may be in the ISR, while the controller has not answered.
    pub fn maximal_isr(&self) -> &[BrokerId] {
        self.isr.maximal()
    }

    /// The change of the ISR that the leader has asked for.
    pub fn pending(&self) -> Option<&PendingIsr> {
        self.isr.pending()
    }

    /// What a leader knows of the other replicas; empty on a follower.
    pub fn followers(&self) -> &[FollowerState] {
        match &self.duty {
            Duty::Lead(lead) => &lead.followers,
            Duty::Follow { .. } => &[],
        }
    }

    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The first offset that consumers may not read.
    pub fn high_watermark(&self) -> Offset {
        self.high_watermark
    }

    /// The first readable offset.
    pub fn log_start(&self) -> Offset {
        self.log.start()
    }

    /// The offset that the next record gets.
    pub fn log_end(&self) -> Offset {
        self.log.end()
    }

    /// The topic's settings.
    pub fn config(&self) -> &LogConfig {
        &self.config
    }

    pub(in crate::broker) fn set_config(&mut self, config: LogConfig) {
        self.config = config;
    }

    pub(in crate::broker) fn set_topic_id(&mut self, id: TopicId) {
        self.topic_id = id;
    }

    /// `min.insync.replicas`, but never more than there are replicas (since Kafka 3.7).
    pub fn min_isr(&self) -> usize {
        (self.config.min_insync_replicas as usize).min(self.replicas.len().max(1))
    }

    /// That a request which believes in `epoch` may go on: FENCED_LEADER_EPOCH (74) when it is behind,
    /// UNKNOWN_LEADER_EPOCH (75) when it is ahead. −1 believes in nothing.
    ///
    /// # Errors
    /// As said.
    pub(in crate::broker) fn check_epoch(&self, epoch: i32) -> Result<(), ErrorCode> {
        match epoch {
            _ if epoch < 0 || self.config.planted.has(Bug::FetchUnfenced) => Ok(()),
            _ if epoch < self.leader_epoch.0 => Err(ErrorCode::FencedLeaderEpoch),
            _ if epoch > self.leader_epoch.0 => Err(ErrorCode::UnknownLeaderEpoch),
            _ => Ok(()),
        }
    }

    /// That this replica leads; NOT_LEADER_OR_FOLLOWER (6) otherwise.
    ///
    /// # Errors
    /// As said.
    pub(in crate::broker) fn check_leads(&self) -> Result<(), ErrorCode> {
        match self.duty {
            Duty::Lead(_) => Ok(()),
            Duty::Follow { .. } => Err(ErrorCode::NotLeaderOrFollower),
        }
    }

    fn set_high_watermark(&mut self, to: Offset, out: &mut Outbox) {
        let from = self.high_watermark;
        assert!(
            self.log.start() <= to && to <= self.log.end(),
            "the high watermark lies within the log"
        );
        if from == to {
            return;
        }
        self.high_watermark = to;
        out.note(Fact::HighWatermarkMoved {
            partition: self.name.clone(),
            role: self.role(),
            from,
            to,
        });
    }

    /// Flushes the log to the disk.
    pub(in crate::broker) fn flush(&mut self, out: &mut Outbox) {
        self.log.flush();
        out.wrote();
    }

    /// Drops what the topic's retention lets go.
    pub(in crate::broker) fn expire(&mut self, at: Moment, out: &mut Outbox) {
        let (high_watermark, config) = (self.high_watermark, &self.config);
        let expired = self
            .log
            .delete_old_segments(high_watermark, at.wall, config);
        for gone in expired.iter().filter(|gone| gone.to > gone.from) {
            let reason = match gone.why {
                crate::log::Expiry::Time => crate::fact::LogStartReason::RetentionTime,
                _ => crate::fact::LogStartReason::RetentionSize,
            };
            out.note(Fact::LogStartMoved {
                partition: self.name.clone(),
                from: gone.from,
                to: gone.to,
                reason,
            });
        }
    }

    /// Compacts the log as far as `room` keys allow.
    pub(in crate::broker) fn clean(&mut self, dirt: &Dirt, room: usize, at: Moment) -> Cleaned {
        self.log.clean(dirt, room, at.wall, &self.config)
    }

    /// Forgets producers that have been silent for `producer.id.expiration.ms`.
    pub(in crate::broker) fn forget_silent_producers(&mut self, at: Moment, expiration: Duration) {
        self.log.forget_silent_producers(at.wall, expiration);
    }

    /// Whether retention would change anything, so that looking does not copy a shared log.
    pub(in crate::broker) fn has_expired(&self, at: Moment) -> bool {
        let mut log = self.log.clone();
        !log.delete_old_segments(self.high_watermark, at.wall, &self.config)
            .is_empty()
    }
}
