//! Who leads, who counts, and what is committed.

use crate::sorted::SortedMap;

use std::sync::Arc;

use super::losses::Losses;
use super::{Invariant, PerReplica, broker};
use crate::broker::Partition;
use crate::controller::znodes;
use crate::fact::{Entry, Fact, Role};
use crate::model::{BrokerId, LeaderEpoch, Offset, PartitionEpoch, TopicPartition};
use crate::world::World;

#[derive(Clone, Debug, Default)]
struct Known {
    /// Offsets below this were below the high watermark of a presumed leader.
    committed: Offset,
    /// Which broker led in which epoch.
    leaders: SortedMap<LeaderEpoch, BrokerId>,
    /// The newest state that the controller decided.
    decided: Option<(LeaderEpoch, PartitionEpoch)>,
}

/// R1 the ISR are replicas and the leader is one of them. R2 an epoch has one leader. R3 epochs only grow.
/// R6 and R12 what lies below a leader's high watermark is on every replica that counts. R10 a leader's
/// high watermark does not go back within its epoch. R13 it does not move while too few are in sync.
/// R15 who joins the ISR has what is committed and what came before this epoch.
#[derive(Clone, Debug, Default)]
pub struct CommittedIsReplicated {
    partitions: SortedMap<TopicPartition, Known>,
    /// Each leader's own high watermark and the epoch in which it stood there.
    watermarks: PerReplica<(LeaderEpoch, Offset)>,
    losses: Arc<Losses>,
}

impl CommittedIsReplicated {
    /// How far a partition is committed, by any leader's word.
    pub fn committed(&self, partition: &TopicPartition) -> Offset {
        self.partitions
            .get(partition)
            .map_or(Offset::ZERO, |known| known.committed)
    }

    fn known(&mut self, partition: &TopicPartition) -> &mut Known {
        // Two look-ups instead of a clone of the key in the usual case.
        if !self.partitions.contains_key(partition) {
            self.partitions.insert(partition.clone(), Known::default());
        }
        self.partitions
            .get_mut(partition)
            .expect("it was just put there")
    }

    fn leader_moved(
        &mut self,
        world: &World,
        by: BrokerId,
        partition: &TopicPartition,
        to: Offset,
    ) -> Result<(), String> {
        let replica = world.broker_by_id(by).and_then(|b| b.partition(partition));
        let Some(leader) = replica.filter(|p| p.is_leader()) else {
            return Ok(());
        };
        let epoch = leader.leader_epoch();
        let marks = self.watermarks.entry(by).or_default();
        match marks.get_mut(partition) {
            Some((known, at)) if *known == epoch && *at > to => {
                return Err(format!(
                    "R10: {partition} goes back from {at} to {to} in {epoch}"
                ));
            }
            Some(known) => *known = (epoch, to),
            None => drop(marks.insert(partition.clone(), (epoch, to))),
        }
        let committed = self.known(partition).committed;
        if leader.maximal_isr().len() < leader.min_isr() && to > committed {
            return Err(format!(
                "R13: {partition} commits up to {to} with too few replicas in sync"
            ));
        }
        let counted = leader.maximal_isr().iter().filter(|id| **id != by);
        // What a bereft one has told before is all that its leader knows.
        let counted = counted.filter(|id| !self.losses.is_bereft(partition, **id));
        for id in counted {
            let member = world.broker_by_id(*id).and_then(|b| b.partition(partition));
            let Some(member) = member else { continue };
            if member.log_end() < to {
                let end = member.log_end();
                return Err(format!(
                    "R12: {partition} is committed up to {to}, but broker {id} ends at {end}"
                ));
            }
            let from = committed.max(member.log_start()).max(leader.log_start());
            let mut mine = leader.log().batches(from, to);
            let alike = member
                .log()
                .batches(from, to)
                .all(|theirs| mine.next().is_some_and(|mine| mine.is_copy_of(theirs)));
            if !alike || mine.next().is_some() {
                return Err(format!(
                    "R6: brokers {by} and {id} differ below {to} of {partition}"
                ));
            }
        }
        let known = self.known(partition);
        known.committed = known.committed.max(to);
        Ok(())
    }

    /// A partition's state was written in ZooKeeper.
    fn written(&mut self, world: &World, path: &str) -> Result<(), String> {
        let Some(partition) = znodes::state_of(path) else {
            return Ok(());
        };
        let state = world.cluster().partition(&partition);
        let Some(state) = state.filter(|state| state.is_born()) else {
            return Ok(());
        };
        let (isr, leader) = (&state.isr, state.leader);
        if let Some(stranger) = isr.iter().find(|id| !state.replicas.contains(id)) {
            return Err(format!(
                "R1: broker {stranger} is in the ISR of {partition}, but no replica"
            ));
        }
        if isr.is_empty() || leader != BrokerId::NONE && !isr.contains(&leader) {
            return Err(format!(
                "R1: broker {leader} leads {partition} without being in its ISR"
            ));
        }
        let known = self.known(&partition);
        let fresh = (state.leader_epoch, state.partition_epoch);
        // A new leader of the ensemble says again what its predecessor had said last.
        let old = known.decided;
        if old.is_some_and(|old| fresh != old && (fresh.0 < old.0 || fresh.1 <= old.1)) {
            return Err(format!("R3: the state of {partition} goes back"));
        }
        known.decided = Some(fresh);
        Ok(())
    }

    fn joined(
        &self,
        world: &World,
        by: BrokerId,
        partition: &TopicPartition,
        joined: impl Iterator<Item = BrokerId>,
    ) -> Result<(), String> {
        let leader = world.broker_by_id(by).and_then(|b| b.partition(partition));
        // Who was replaced while it waited for the answer has nothing to say any more.
        let state = world.cluster().partition(partition);
        let current = state.map(|state| state.leader_epoch);
        let leads = |p: &&Partition| p.is_leader() && current.is_none_or(|e| e == p.leader_epoch());
        let Some(leader) = leader.filter(leads) else {
            return Ok(());
        };
        for id in joined {
            let member = world.broker_by_id(id).and_then(|b| b.partition(partition));
            let Some(member) = member else { continue };
            let least = leader.epoch_start().unwrap_or_default();
            let least = least.max(leader.high_watermark());
            if member.log_end() < least && !self.losses.is_bereft(partition, id) {
                return Err(format!(
                    "R15: broker {id} joins the ISR of {partition} before it has caught up"
                ));
            }
        }
        Ok(())
    }
}

impl Invariant for CommittedIsReplicated {
    fn name(&self) -> &'static str {
        "CommittedIsReplicated"
    }

    fn check(&mut self, world: &World, entry: &Entry) -> Result<(), String> {
        match &entry.fact {
            Fact::ZnodeCreated { path, .. } | Fact::ZnodeChanged { path, .. } => {
                return self.written(world, path);
            }
            Fact::ZnodeDeleted { path } => {
                if let Some(partition) = znodes::state_of(path) {
                    self.partitions.remove(&partition);
                }
                return Ok(());
            }
            _ => {}
        }
        let Some(by) = broker(entry) else {
            return Ok(());
        };
        match &entry.fact {
            Fact::HighWatermarkMoved {
                partition,
                role: Role::Leader,
                to,
                ..
            } => self.leader_moved(world, by, partition, *to),
            Fact::HighWatermarkMoved {
                partition,
                role: Role::Follower,
                to,
                ..
            } => {
                let committed = self.committed(partition);
                match *to <= committed {
                    true => Ok(()),
                    false => Err(format!(
                        "R6: broker {by} exposes {partition} up to {to}, committed is {committed}"
                    )),
                }
            }
            Fact::BecameLeader {
                partition, epoch, ..
            } => {
                // A broker that starts again knows less than it did.
                if let Some(marks) = self.watermarks.get_mut(&by) {
                    marks.remove(partition);
                }
                let known = self.known(partition);
                match known.leaders.insert(*epoch, by) {
                    Some(other) if other != by => Err(format!(
                        "R2: brokers {other} and {by} both lead {partition} in {epoch}"
                    )),
                    _ => Ok(()),
                }
            }
            Fact::IsrChanged {
                partition,
                from,
                to,
                ..
            } => {
                let joined = to.iter().filter(|id| !from.contains(id)).copied();
                self.joined(world, by, partition, joined)
            }
            _ => Ok(()),
        }
    }
    fn excuse(&mut self, losses: &Arc<Losses>) {
        self.losses = losses.clone();
    }
}
