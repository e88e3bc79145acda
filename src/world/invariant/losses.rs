//! What may be gone without any law being broken, and why.
//!
//! A machine that loses its power loses the end of its logs. That replica is *bereft* until it has caught
//! up: it may lack what is committed, and nobody is to blame. The partition as a whole is *lost* only when
//! such a replica leads with less than was committed, or when an unclean election was allowed to choose
//! somebody out of sync; from then on the laws on what is committed have nothing to hold on to, and let
//! the partition go.
//!
//! One thing more may come of it. A controller that took office while the replica was away does not know
//! that it was, and lets it lead on in the epoch in which it has led: then an epoch holds two different
//! records at one offset, which no epoch can tell apart, and a follower may be *torn* from its leader
//! for good. Kafka is no better there.
//!
//! Law: nothing is excused without a journaled fact that explains it.

use super::broker;
use crate::controller::{Recovery, znodes};
use crate::fact::{Entry, Fact, Role};
use crate::model::{BrokerId, LeaderEpoch, Offset, TopicPartition};
use crate::sorted::{SortedMap, SortedSet};
use crate::world::World;

/// Replicas and partitions that are excused.
#[derive(Clone, Debug, Default)]
pub struct Losses {
    bereft: SortedMap<TopicPartition, SortedSet<BrokerId>>,
    lost: SortedSet<TopicPartition>,
    torn: SortedSet<TopicPartition>,
    /// Who led last, and in which epoch.
    led: SortedMap<TopicPartition, (BrokerId, LeaderEpoch)>,
}

impl Losses {
    /// Whether nobody is bereft.
    pub(super) fn is_empty(&self) -> bool {
        self.bereft.is_empty()
    }

    /// Whether a replica has lost the end of its log and not got it back.
    pub fn is_bereft(&self, partition: &TopicPartition, broker: BrokerId) -> bool {
        let bereft = self.bereft.get(partition);
        bereft.is_some_and(|bereft| bereft.contains(&broker))
    }

    /// Whether what was committed may be gone.
    pub fn is_lost(&self, partition: &TopicPartition) -> bool {
        self.lost.contains(partition)
    }

    /// Whether one epoch of a partition holds two different records at one offset.
    pub fn is_torn(&self, partition: &TopicPartition) -> bool {
        self.torn.contains(partition)
    }

    /// Learns from a piece of news; true when something changed.
    pub(super) fn see(
        &mut self,
        world: &World,
        entry: &Entry,
        committed: impl Fn(&TopicPartition) -> Offset,
    ) -> bool {
        match &entry.fact {
            Fact::LogTailLost { partition, .. } => {
                let Some(by) = broker(entry) else {
                    return false;
                };
                let bereft = self.bereft.entry(partition.clone()).or_default();
                bereft.insert(by)
            }
            Fact::ZnodeChanged { path, .. } | Fact::ZnodeCreated { path, .. } => {
                let Some(name) = znodes::state_of(path) else {
                    return false;
                };
                let state = world.cluster().partition(&name);
                let unclean = state.is_some_and(|state| state.recovery == Recovery::Recovering);
                unclean && self.lost.insert(name)
            }
            Fact::ZnodeDeleted { path } => {
                let Some(name) = znodes::state_of(path) else {
                    return false;
                };
                let bereft = self.bereft.remove(&name).is_some();
                self.lost.remove(&name) || bereft
            }
            Fact::BecameLeader {
                partition, epoch, ..
            } => {
                let Some(by) = broker(entry) else {
                    return false;
                };
                let again = self.led.insert(partition.clone(), (by, *epoch)) == Some((by, *epoch));
                if !self.is_bereft(partition, by) {
                    return true;
                }
                if again {
                    self.torn.insert(partition.clone());
                    self.lost.insert(partition.clone());
                    return true;
                }
                let end = end_of(world, by, partition);
                if end < committed(partition) {
                    return self.lost.insert(partition.clone());
                }
                self.restore(partition, by)
            }
            Fact::RecordsAppended {
                partition,
                role: Role::Follower,
                next_offset,
                ..
            } => {
                let by = broker(entry).filter(|by| self.is_bereft(partition, *by));
                let caught_up = *next_offset >= committed(partition);
                by.filter(|_| caught_up)
                    .is_some_and(|by| self.restore(partition, by))
            }
            _ => false,
        }
    }

    fn restore(&mut self, partition: &TopicPartition, by: BrokerId) -> bool {
        let Some(bereft) = self.bereft.get_mut(partition) else {
            return false;
        };
        let restored = bereft.remove(&by);
        if bereft.is_empty() {
            self.bereft.remove(partition);
        }
        restored
    }
}

fn end_of(world: &World, by: BrokerId, partition: &TopicPartition) -> Offset {
    let replica = world.broker_by_id(by).and_then(|b| b.partition(partition));
    replica.map_or(Offset::ZERO, |replica| replica.log_end())
}
