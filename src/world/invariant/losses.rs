//! What may be gone without any law being broken, and why.
//!
//! A machine that loses its power loses the end of its logs. That replica is *bereft* until it has caught
//! up: it may lack what is committed, and nobody is to blame. The partition as a whole has *lost* something
//! only when such a replica leads with less than was committed, or when an unclean election was allowed to
//! choose somebody out of sync; from then on the laws on what is committed hold on to what is committed
//! since ([`super::committed`]).
//!
//! One thing more may come of it. A controller that took office while the replica was away does not know
//! that it was, and lets it lead on in the epoch in which it has led: then an epoch holds two different
//! records at one offset, which no epoch can tell apart, and a follower may be *torn* from its leader
//! for good. Kafka is no better there. The laws that compare logs or speak of what is committed let such
//! a partition go.
//!
//! A topic that is being deleted goes replica by replica; the same is true of it. That it is to go stands in
//! ZooKeeper; while nobody there can be asked, what stood there last counts.
//!
//! Law: nothing is excused without a journaled fact that explains it.

use super::broker;
use super::committed::Committed;
use crate::controller::{PartitionState, Recovery, znodes};
use crate::fact::{Entry, Fact, Role};
use crate::model::{BrokerId, LeaderEpoch, Offset, TopicName, TopicPartition};
use crate::sorted::{SortedMap, SortedSet};
use crate::time::Instant;
use crate::world::World;

/// Replicas and partitions that are excused.
#[derive(Clone, Debug, Default)]
pub struct Losses {
    bereft: SortedMap<TopicPartition, SortedSet<BrokerId>>,
    /// With which epoch each partition that has lost something goes on, and since when.
    lost: SortedMap<TopicPartition, (LeaderEpoch, Instant)>,
    torn: SortedSet<TopicPartition>,
    /// Topics that are to go, and the partitions of which a replica has gone already.
    doomed: SortedSet<TopicName>,
    going: SortedSet<TopicPartition>,
    /// How often a partition was torn, and how often one has lost something, a topic that goes left aside.
    tears: u64,
    losses: u64,
    /// Who led last, and in which epoch.
    led: SortedMap<TopicPartition, (BrokerId, LeaderEpoch)>,
    /// The newest epoch in which somebody out of sync was elected.
    unclean: SortedMap<TopicPartition, LeaderEpoch>,
}

/// What was committed in a partition may be gone, and it goes on with the leader of this epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Loss {
    pub(super) partition: TopicPartition,
    pub(super) since: LeaderEpoch,
}

impl Losses {
    #[cfg(test)]
    pub(crate) fn plant_torn(&mut self, partition: TopicPartition) {
        self.torn.insert(partition);
    }

    /// Whether a replica has lost the end of its log and not got it back.
    pub fn is_bereft(&self, partition: &TopicPartition, broker: BrokerId) -> bool {
        let bereft = self.bereft.get(partition);
        bereft.is_some_and(|bereft| bereft.contains(&broker))
    }

    /// Whether something that was committed may be gone.
    pub fn is_lost(&self, partition: &TopicPartition) -> bool {
        self.lost.contains_key(partition)
    }

    /// Whether what a leader of this epoch had committed at this time may be gone: it was before the last loss.
    pub fn excuses(&self, partition: &TopicPartition, epoch: LeaderEpoch, at: Instant) -> bool {
        let lost = self.lost.get(partition);
        let before = lost.is_some_and(|(since, when)| (epoch, at) <= (*since, *when));
        before || self.is_torn(partition)
    }

    /// Whether one epoch of a partition holds two different records at one offset, or it is being deleted.
    pub fn is_torn(&self, partition: &TopicPartition) -> bool {
        self.torn.contains(partition) || self.going.contains(partition)
    }

    /// How often a partition was torn, and how often one has lost something that was committed.
    pub fn counts(&self) -> (u64, u64) {
        (self.tears, self.losses)
    }

    /// Learns from a piece of news; what was lost with it.
    pub(super) fn see(&mut self, world: &World, entry: &Entry, committed: &Committed) -> Vec<Loss> {
        match &entry.fact {
            Fact::LogTailLost { partition, .. } => {
                if let Some(by) = broker(entry) {
                    let bereft = self.bereft.entry(partition.clone()).or_default();
                    bereft.insert(by);
                }
            }
            Fact::ZnodeChanged { path, .. } | Fact::ZnodeCreated { path, .. } => {
                self.doomed.extend(znodes::deletion_of(path));
                let name = znodes::state_of(path);
                let state = name
                    .as_ref()
                    .and_then(|name| world.cluster().partition(name));
                if let Some((name, state)) = name.as_ref().zip(state) {
                    return self.decided(entry.at, name, state).into_iter().collect();
                }
            }
            // What its predecessor had committed last, it does not say.
            Fact::ZooKeeperLeads { .. } => {
                let topics = world.cluster().topics().keys();
                let tree = world.zookeeper_tree();
                let doomed = topics.filter(|topic| {
                    tree.is_some_and(|tree| tree.get(&znodes::deletion_path(topic)).is_some())
                });
                self.doomed = doomed.cloned().collect();
                let states = world.cluster().partitions();
                let lost = states.filter_map(|(name, state)| self.decided(entry.at, &name, state));
                return lost.collect();
            }
            Fact::ZnodeDeleted { path } => {
                if let Some(topic) = znodes::deletion_of(path) {
                    self.doomed.remove(&topic);
                }
                if let Some(name) = znodes::state_of(path) {
                    self.bereft.remove(&name);
                    self.lost.remove(&name);
                    self.torn.remove(&name);
                    self.going.remove(&name);
                    self.led.remove(&name);
                    self.unclean.remove(&name);
                }
            }
            // What a topic holds that is to go is promised to nobody any more.
            Fact::ReplicaDeleted { partition } => {
                let path = znodes::deletion_path(&partition.topic);
                let goes = match world.zookeeper_tree() {
                    Some(tree) => tree.get(&path).is_some(),
                    None => self.doomed.contains(&partition.topic),
                };
                if goes {
                    self.going.insert(partition.clone());
                    let ever = (LeaderEpoch(i32::MAX), entry.at);
                    self.lost.insert(partition.clone(), ever);
                }
            }
            Fact::BecameLeader {
                partition, epoch, ..
            } => {
                if let Some(by) = broker(entry) {
                    let lost = self.leads(world, entry, (by, *epoch), partition, committed);
                    return lost.into_iter().collect();
                }
            }
            Fact::RecordsAppended {
                partition,
                role: Role::Follower,
                next_offset,
                ..
            } if !self.bereft.is_empty() => {
                let by = broker(entry).filter(|by| self.is_bereft(partition, *by));
                if let Some(by) = by.filter(|_| *next_offset >= committed.until(partition)) {
                    self.restore(partition, by);
                }
            }
            _ => {}
        }
        Vec::new()
    }

    /// A state stands in ZooKeeper: perhaps somebody out of sync was elected.
    fn decided(
        &mut self,
        at: Instant,
        name: &TopicPartition,
        state: &PartitionState,
    ) -> Option<Loss> {
        if state.recovery != Recovery::Recovering {
            return None;
        }
        let since = state.leader_epoch;
        let known = self.unclean.get(name).copied();
        if known.is_some_and(|known| known >= since) {
            return None;
        }
        self.unclean.insert(name.clone(), since);
        self.lose(at, name, since)
    }

    fn leads(
        &mut self,
        world: &World,
        entry: &Entry,
        (by, epoch): (BrokerId, LeaderEpoch),
        partition: &TopicPartition,
        committed: &Committed,
    ) -> Option<Loss> {
        let again = self.led.insert(partition.clone(), (by, epoch)) == Some((by, epoch));
        if !self.is_bereft(partition, by) {
            return None;
        }
        if again {
            self.tears += u64::from(self.torn.insert(partition.clone()));
            return self.lose(entry.at, partition, epoch);
        }
        // An order that comes late makes a leader of somebody who is none by now.
        let newest = world.cluster().partition(partition)?.leader_epoch;
        if epoch < newest {
            return None;
        }
        if end_of(world, by, partition) < committed.until(partition) {
            return self.lose(entry.at, partition, epoch);
        }
        self.restore(partition, by);
        None
    }

    fn lose(
        &mut self,
        at: Instant,
        partition: &TopicPartition,
        since: LeaderEpoch,
    ) -> Option<Loss> {
        let lost = self.lost.entry(partition.clone()).or_insert((since, at));
        *lost = (*lost).max((since, at));
        self.losses += 1;
        Some(Loss {
            partition: partition.clone(),
            since,
        })
    }

    fn restore(&mut self, partition: &TopicPartition, by: BrokerId) {
        let Some(bereft) = self.bereft.get_mut(partition) else {
            return;
        };
        bereft.remove(&by);
        if bereft.is_empty() {
            self.bereft.remove(partition);
        }
    }
}

fn end_of(world: &World, by: BrokerId, partition: &TopicPartition) -> Offset {
    let replica = world.broker_by_id(by).and_then(|b| b.partition(partition));
    replica.map_or(Offset::ZERO, |replica| replica.log_end())
}
