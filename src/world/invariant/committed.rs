//! How far each partition is committed: what the laws hold the logs against.
//!
//! "Committed" means below the high watermark of any replica that presumes to lead: the weak trigger, so
//! that a leader nobody listens to any more is caught committing. It is kept once, for all laws, and has
//! seen a piece of news before any law is shown it.
//!
//! Where records may be lost without anybody being to blame ([`super::losses`]), what was committed no
//! longer binds anybody: it begins anew at the end of the log of the leader with whom the partition goes
//! on. Leaders of older epochs, who may not have heard of it, have no say any more.

use super::broker;
use crate::controller::znodes;
use crate::fact::{Entry, Fact, Role};
use crate::log::EpochStart;
use crate::model::{BrokerId, LeaderEpoch, Offset, TopicName, TopicPartition};
use crate::sorted::SortedMap;
use crate::world::World;

use super::losses::Loss;

#[derive(Clone, Debug)]
struct Known {
    until: Offset,
    /// The epochs of what is committed.
    epochs: Vec<EpochStart>,
    /// Leaders of older epochs have no say.
    since: LeaderEpoch,
    /// It will begin anew with the next leader.
    is_open: bool,
}

impl Default for Known {
    fn default() -> Self {
        Known {
            until: Offset::ZERO,
            epochs: Vec::new(),
            since: LeaderEpoch::NONE,
            is_open: false,
        }
    }
}

/// How far every partition is committed, by any leader's word.
#[derive(Clone, Debug, Default)]
pub struct Committed {
    partitions: SortedMap<TopicPartition, Known>,
    /// How far each was ever committed: what a client may know, however late it hears of it. What is said
    /// of a topic that is gone may still be on its way, so this outlives it.
    ever: SortedMap<TopicPartition, Offset>,
}

impl Committed {
    /// Up to where a partition is committed.
    pub fn until(&self, partition: &TopicPartition) -> Offset {
        self.partitions
            .get(partition)
            .map_or(Offset::ZERO, |known| known.until)
    }

    /// The epochs of what is committed.
    pub(super) fn epochs(&self, partition: &TopicPartition) -> &[EpochStart] {
        self.partitions
            .get(partition)
            .map_or(&[], |known| &known.epochs)
    }

    /// Up to where a partition was ever committed, before anything was lost.
    pub(super) fn ever(&self, partition: &TopicPartition) -> Offset {
        self.ever.get(partition).copied().unwrap_or_default()
    }

    /// The epoch with which a partition went on after its last loss; −1 when nothing was lost.
    pub(super) fn since(&self, partition: &TopicPartition) -> LeaderEpoch {
        self.partitions
            .get(partition)
            .map_or(LeaderEpoch::NONE, |known| known.since)
    }

    /// Learns from a piece of news.
    pub(super) fn see(&mut self, world: &World, entry: &Entry) {
        match &entry.fact {
            Fact::HighWatermarkMoved {
                partition,
                role: Role::Leader,
                to,
                ..
            } => {
                if let Some(by) = broker(entry) {
                    self.commit(world, by, partition, *to);
                }
            }
            Fact::ZnodeDeleted { path } => {
                if let Some(partition) = znodes::state_of(path) {
                    self.partitions.remove(&partition);
                }
            }
            _ => {}
        }
    }

    /// A topic is gone; another of the same name begins with nothing.
    pub(super) fn forget_topic(&mut self, topic: &TopicName) {
        self.partitions
            .retain(|partition, _| partition.topic != *topic);
    }

    /// Records may be gone, and nobody is to blame.
    pub(super) fn begin_anew(&mut self, loss: &Loss) {
        let known = self.partitions.get_or_default(&loss.partition);
        known.since = loss.since;
        known.until = Offset::ZERO;
        known.epochs.clear();
        known.is_open = true;
    }

    /// Somebody leads from now on. When what is committed has to begin anew, it begins with its log.
    pub(super) fn led(
        &mut self,
        world: &World,
        by: BrokerId,
        partition: &TopicPartition,
        epoch: LeaderEpoch,
    ) {
        let Some(known) = self.partitions.get_mut(partition) else {
            return;
        };
        let leader = world.broker_by_id(by).and_then(|b| b.partition(partition));
        if let Some(leader) = leader
            && known.is_open
            && epoch >= known.since
        {
            known.is_open = false;
            known.raise(leader.log_end(), leader.log().epochs().entries());
        }
    }

    fn commit(&mut self, world: &World, by: BrokerId, partition: &TopicPartition, to: Offset) {
        let ever = self.ever.get_or_default(partition);
        *ever = (*ever).max(to);
        let leader = world.broker_by_id(by).and_then(|b| b.partition(partition));
        let known = self.partitions.get_or_default(partition);
        if to <= known.until {
            return;
        }
        let Some(leader) = leader else {
            known.until = to;
            return;
        };
        if leader.leader_epoch() >= known.since {
            known.raise(to, leader.log().epochs().entries());
        }
    }
}

impl Known {
    fn raise(&mut self, to: Offset, epochs: &[EpochStart]) {
        self.until = to;
        let reached = epochs.iter().filter(|epoch| epoch.start < to);
        self.epochs.clear();
        self.epochs.extend(reached);
    }
}
