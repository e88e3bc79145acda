//! Those for whom a leader waits include those from whom the next leader would be taken.

use super::{Invariant, View, broker};
use crate::broker::Partition;
use crate::controller::{PartitionState, znodes};
use crate::fact::{Entry, Fact, Role};
use crate::model::{BrokerId, Offset, TopicPartition};
use crate::world::World;

/// R7 a leader's maximal ISR includes the ISR that the controller has written down; with no change asked
/// for, the two are equal. R8 every member of the controller's ISR has everything that is committed.
/// R9 a new leader's log holds what was committed before it, in the epochs in which it was.
///
/// All three are about the controller's newest leader: one who was replaced and does not know it yet
/// counts by rules of his own.
#[derive(Clone, Debug, Default)]
pub struct QuorumsOverlap;

impl Invariant for QuorumsOverlap {
    fn name(&self) -> &'static str {
        "QuorumsOverlap"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        match &entry.fact {
            Fact::ZnodeChanged { path, .. } => {
                let Some(partition) = znodes::state_of(path) else {
                    return Ok(());
                };
                candidates_are_complete(view, &partition)?;
                waits_for_the_candidates(view.world, &partition)
            }
            Fact::HighWatermarkMoved {
                partition,
                role: Role::Leader,
                ..
            } => candidates_are_complete(view, partition),
            Fact::BecameLeader { partition, .. } => {
                if let Some(by) = broker(entry) {
                    leader_is_complete(view, by, partition)?;
                }
                waits_for_the_candidates(view.world, partition)
            }
            Fact::PartitionStateDecided { partition, .. } => {
                candidates_are_complete(view, partition)?;
                waits_for_the_candidates(view.world, partition)
            }
            Fact::IsrChangeAsked { partition, .. }
            | Fact::IsrChanged { partition, .. }
            | Fact::IsrChangeRefused { partition, .. } => {
                waits_for_the_candidates(view.world, partition)
            }
            _ => Ok(()),
        }
    }
}

/// R8.
fn candidates_are_complete(view: View<'_>, partition: &TopicPartition) -> Result<(), String> {
    let committed = view.committed.until(partition);
    if view.losses.is_torn(partition) {
        return Ok(());
    }
    let Some(state) = decided(view.world, partition) else {
        return Ok(());
    };
    // Whoever is being moved away is not waited for from the moment at which the leader hears of it, though
    // it stays in the ISR a moment longer. In Kafka too: should controller and leader die in between, a
    // record may be gone.
    let stays = |id: &&BrokerId| state.replicas.contains(id) && !state.removing.contains(id);
    for id in state.isr.iter().filter(stays) {
        let member = view.world.broker_by_id(*id);
        let member = member.and_then(|b| b.partition(partition));
        let bereft = view.losses.is_bereft(partition, *id);
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

/// R9.
fn leader_is_complete(
    view: View<'_>,
    by: BrokerId,
    partition: &TopicPartition,
) -> Result<(), String> {
    let leader = view.world.broker_by_id(by);
    let Some(leader) = leader.and_then(|b| b.partition(partition)) else {
        return Ok(());
    };
    // An order that comes late makes a leader of somebody who is none by now.
    let current = decided(view.world, partition).map(|state| state.leader_epoch);
    let is_past = current.is_some_and(|current| leader.leader_epoch() < current);
    if is_past || view.losses.is_torn(partition) {
        return Ok(());
    }
    let (end, committed) = (leader.log_end(), view.committed.until(partition));
    if end < committed {
        return Err(format!(
            "R9: broker {by} leads {partition}, committed is {committed}, its log ends at {end}"
        ));
    }
    let known = view.committed.epochs(partition);
    // What retention has taken from either says nothing any more.
    let oldest = known.first().map(|epoch| epoch.start);
    let start = leader.log_start().max(oldest.unwrap_or_default());
    // Of epochs whose batches are compacted away, who copied its log knows nothing; that nothing stands there that
    // nobody wrote is another law's.
    let start = start.max(view.cleaned.until(partition));
    let epoch_at = |offset: Offset| {
        let at = known.partition_point(|epoch| epoch.start <= offset);
        at.checked_sub(1).map(|at| known[at].epoch)
    };
    // Both lists say in which epoch each committed record was written; they must say the same.
    let starts = leader.log().epochs().entries().iter().chain(known);
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
