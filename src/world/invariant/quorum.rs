//! Those for whom a leader waits include those from whom the next leader would be taken.

use std::sync::Arc;

use super::losses::Losses;
use super::{Invariant, broker};
use crate::broker::Partition;
use crate::controller::{PartitionState, znodes};
use crate::fact::{Entry, Fact, Role};
use crate::log::EpochStart;
use crate::model::{BrokerId, Offset, TopicPartition};
use crate::sorted::SortedMap;
use crate::world::World;

/// What was committed, by any leader's word.
#[derive(Clone, Debug, Default)]
struct Committed {
    until: Offset,
    /// The epochs of what was committed.
    epochs: Vec<EpochStart>,
}

/// R7 a leader's maximal ISR includes the ISR that the controller has written down; with no change asked
/// for, the two are equal. R8 every member of the controller's ISR has everything that is committed.
/// R9 a new leader's log holds what was committed before it, in the epochs in which it was.
///
/// All three are about the controller's newest leader: one who was replaced and does not know it yet
/// counts by rules of his own.
#[derive(Clone, Debug, Default)]
pub struct QuorumsOverlap {
    committed: SortedMap<TopicPartition, Committed>,
    losses: Arc<Losses>,
}

impl Invariant for QuorumsOverlap {
    fn name(&self) -> &'static str {
        "QuorumsOverlap"
    }

    fn check(&mut self, world: &World, entry: &Entry) -> Result<(), String> {
        match &entry.fact {
            Fact::ZnodeChanged { path, .. } => {
                let Some(partition) = znodes::state_of(path) else {
                    return Ok(());
                };
                if self.losses.is_lost(&partition) {
                    return Ok(());
                }
                self.candidates_are_complete(world, &partition)?;
                return waits_for_the_candidates(world, &partition);
            }
            Fact::ZnodeDeleted { path } => {
                if let Some(partition) = znodes::state_of(path) {
                    self.committed.remove(&partition);
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
            } => {
                self.commit(world, by, partition, *to);
                self.candidates_are_complete(world, partition)
            }
            Fact::BecameLeader { partition, .. } => {
                self.leader_is_complete(world, by, partition)?;
                waits_for_the_candidates(world, partition)
            }
            Fact::PartitionStateDecided { partition, .. } => {
                self.candidates_are_complete(world, partition)?;
                waits_for_the_candidates(world, partition)
            }
            Fact::IsrChangeAsked { partition, .. }
            | Fact::IsrChanged { partition, .. }
            | Fact::IsrChangeRefused { partition, .. } => {
                waits_for_the_candidates(world, partition)
            }
            _ => Ok(()),
        }
    }

    fn excuse(&mut self, losses: &Arc<Losses>) {
        self.losses = losses.clone();
    }
}

impl QuorumsOverlap {
    fn commit(&mut self, world: &World, by: BrokerId, partition: &TopicPartition, to: Offset) {
        if !self.committed.contains_key(partition) {
            self.committed
                .insert(partition.clone(), Committed::default());
        }
        let known = self
            .committed
            .get_mut(partition)
            .expect("it was just put there");
        if to <= known.until {
            return;
        }
        known.until = to;
        let Some(leader) = world.broker_by_id(by).and_then(|b| b.partition(partition)) else {
            return;
        };
        known.epochs.clear();
        let epochs = leader.log().epochs().entries().iter();
        known.epochs.extend(epochs.filter(|epoch| epoch.start < to));
    }

    fn candidates_are_complete(
        &self,
        world: &World,
        partition: &TopicPartition,
    ) -> Result<(), String> {
        let Some(committed) = self.committed.get(partition).map(|known| known.until) else {
            return Ok(());
        };
        let isr = decided(world, partition).map_or(&[][..], |state| &state.isr);
        for id in isr {
            let member = world.broker_by_id(*id).and_then(|b| b.partition(partition));
            let bereft = self.losses.is_bereft(partition, *id);
            let short = |member: &&Partition| member.log_end() < committed && !bereft;
            if let Some(member) = member.filter(short) {
                let end = member.log_end();
                return Err(format!(
                    "R8: broker {id} may be elected for {partition}, committed is {committed}, it ends at {end}"
                ));
            }
        }
        Ok(())
    }

    fn leader_is_complete(
        &self,
        world: &World,
        by: BrokerId,
        partition: &TopicPartition,
    ) -> Result<(), String> {
        let leader = world.broker_by_id(by).and_then(|b| b.partition(partition));
        let (Some(leader), Some(known)) = (leader, self.committed.get(partition)) else {
            return Ok(());
        };
        // An order that comes late makes a leader of somebody who is none by now.
        let current = decided(world, partition).map(|state| state.leader_epoch);
        if current.is_some_and(|current| leader.leader_epoch() < current) {
            return Ok(());
        }
        let (end, committed) = (leader.log_end(), known.until);
        if end < committed {
            return Err(format!(
                "R9: broker {by} leads {partition}, committed is {committed}, its log ends at {end}"
            ));
        }
        let start = leader.log_start();
        let epoch_at = |offset: Offset| {
            let at = known.epochs.partition_point(|epoch| epoch.start <= offset);
            at.checked_sub(1).map(|at| known.epochs[at].epoch)
        };
        // Both lists say in which epoch each committed record was written; they must say the same.
        let starts = leader.log().epochs().entries().iter().chain(&known.epochs);
        let starts = starts.map(|epoch| epoch.start.max(start));
        for offset in starts.filter(|offset| *offset < committed) {
            if leader.log().epochs().epoch_of(offset) != epoch_at(offset) {
                return Err(format!(
                    "R9: broker {by} leads {partition} with another record at {offset} than was committed"
                ));
            }
        }
        Ok(())
    }
}

/// R7, where the leader is the one that the controller has decided.
fn waits_for_the_candidates(world: &World, partition: &TopicPartition) -> Result<(), String> {
    let Some(state) = decided(world, partition) else {
        return Ok(());
    };
    let leader = world.broker_by_id(state.leader);
    let leader = leader.and_then(|b| b.partition(partition));
    let current =
        |leader: &&Partition| leader.is_leader() && leader.leader_epoch() == state.leader_epoch;
    let Some(leader) = leader.filter(current) else {
        return Ok(());
    };
    let maximal = leader.maximal_isr();
    if let Some(missing) = state.isr.iter().find(|id| !maximal.contains(id)) {
        return Err(format!(
            "R7: broker {missing} may be elected for {partition}, but the leader does not wait for it"
        ));
    }
    if leader.pending().is_none() && maximal.len() != state.isr.len() {
        return Err(format!(
            "R7: nothing is asked for, yet the ISR of {partition} is {maximal:?} to its leader and {:?} to the controller",
            state.isr
        ));
    }
    Ok(())
}

fn decided<'a>(world: &'a World, partition: &TopicPartition) -> Option<&'a PartitionState> {
    let state = world.cluster().partition(partition);
    state.filter(|state| state.is_born())
}
