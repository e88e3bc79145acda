//! The states of partitions that have stood in ZooKeeper, by version: what the laws hold decisions and
//! pictures against. It is kept once, and has seen a piece of news before any law is shown it.

use crate::controller::{PartitionState, znodes};
use crate::fact::{Entry, Fact};
use crate::model::{BrokerId, LeaderEpoch, PartitionEpoch, TopicName, TopicPartition};
use crate::sorted::SortedMap;
use crate::world::World;

/// So many states of a partition are remembered, to know one again in a broker's picture.
const REMEMBERED: usize = 256;

/// A partition's state as it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stood {
    pub(super) leader: BrokerId,
    pub(super) leader_epoch: LeaderEpoch,
    pub(super) isr: Vec<BrokerId>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    /// The states that ZooKeeper has held, by version.
    states: SortedMap<PartitionEpoch, Stood>,
    /// The version before which some may have been missed.
    from: Option<PartitionEpoch>,
}

/// What has stood.
#[derive(Clone, Debug, Default)]
pub struct States {
    partitions: SortedMap<TopicPartition, Known>,
}

impl States {
    /// The state that stood in a version.
    pub(super) fn at(&self, name: &TopicPartition, version: PartitionEpoch) -> Option<&Stood> {
        self.partitions.get(name)?.states.get(&version)
    }

    /// The newest state that stood before a version.
    pub(super) fn before(
        &self,
        name: &TopicPartition,
        version: PartitionEpoch,
    ) -> Option<(PartitionEpoch, &Stood)> {
        let states = &self.partitions.get(name)?.states;
        let (before, stood) = states.range(..version).next_back()?;
        Some((*before, stood))
    }

    /// Whether every state of a version is known, should there have been one.
    pub(super) fn is_covered(&self, name: &TopicPartition, version: PartitionEpoch) -> bool {
        let Some(known) = self.partitions.get(name) else {
            return false;
        };
        let oldest = known.states.first_key_value().map(|(version, _)| *version);
        known.from.is_none_or(|from| version > from)
            && oldest.is_some_and(|oldest| version >= oldest)
    }

    /// Learns from a piece of news.
    pub(super) fn see(&mut self, world: &World, entry: &Entry) {
        match &entry.fact {
            Fact::ZnodeCreated { path, .. } | Fact::ZnodeChanged { path, .. } => {
                let Some(name) = znodes::state_of(path) else {
                    return;
                };
                let state = world.cluster().partition(&name);
                if let Some(state) = state.filter(|state| state.is_born()) {
                    let known = self.partitions.entry(name).or_default();
                    known.remember(state);
                }
            }
            Fact::ZnodeDeleted { path } => {
                if let Some(name) = znodes::state_of(path) {
                    self.partitions.remove(&name);
                }
            }
            Fact::ZooKeeperLeads { .. } => self.begin_anew(world),
            _ => {}
        }
    }

    /// A topic is gone.
    pub(super) fn forget_topic(&mut self, topic: &TopicName) {
        self.partitions
            .retain(|partition, _| partition.topic != *topic);
    }

    /// A new leader of the ensemble may have committed what its predecessor never told of.
    fn begin_anew(&mut self, world: &World) {
        for (name, state) in world.cluster().partitions() {
            if !state.is_born() {
                continue;
            }
            let known = self.partitions.entry(name).or_default();
            if !known.states.contains_key(&state.partition_epoch) {
                known.from = Some(state.partition_epoch);
                known.remember(state);
            }
        }
    }
}

impl Known {
    fn remember(&mut self, state: &PartitionState) {
        let stood = Stood {
            leader: state.leader,
            leader_epoch: state.leader_epoch,
            isr: state.isr.clone(),
        };
        self.states.insert(state.partition_epoch, stood);
        if self.states.len() > REMEMBERED {
            self.states.pop_first();
        }
    }
}
