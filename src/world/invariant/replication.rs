//! Who leads, who counts, and what is committed.

use super::{Invariant, PerReplica, View, broker};
use crate::broker::Partition;
use crate::controller::znodes;
use crate::fact::{Entry, Fact, Role};
use crate::model::{BrokerId, LeaderEpoch, Offset, PartitionEpoch, TopicName, TopicPartition};
use crate::sorted::SortedMap;

#[derive(Clone, Debug, Default)]
struct Known {
    /// Which broker led in which epoch.
    leaders: SortedMap<LeaderEpoch, BrokerId>,
    /// The newest state that the controller decided.
    decided: Option<(LeaderEpoch, PartitionEpoch)>,
}

/// R1 the ISR are replicas and the leader is one of them. R2 an epoch has one leader. R3 epochs only grow.
/// R6 and R12 what lies below a leader's high watermark is on every replica that counts. R10 a leader's
/// high watermark does not go back within its epoch. R13 it does not move while too few are in sync, by
/// the ISR that the controller has written down. R15 who joins the ISR has what is committed and what came
/// before this epoch.
#[derive(Clone, Debug, Default)]
pub struct CommittedIsReplicated {
    partitions: SortedMap<TopicPartition, Known>,
    /// Each leader's own high watermark and the epoch in which it stood there.
    watermarks: PerReplica<(LeaderEpoch, Offset)>,
}

impl Invariant for CommittedIsReplicated {
    fn name(&self) -> &'static str {
        "CommittedIsReplicated"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        match &entry.fact {
            Fact::ZnodeCreated { path, .. } | Fact::ZnodeChanged { path, .. } => {
                return self.written(view, path);
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
                role,
                from,
                to,
            } => {
                let replica = view.world.broker_by_id(by);
                let Some(replica) = replica.and_then(|b| b.partition(partition)) else {
                    return Ok(());
                };
                match role {
                    Role::Leader if replica.is_leader() => {
                        self.stays_in_its_epoch(by, replica, *to)?;
                        is_on_all_that_count(view, by, replica, *from, *to)
                    }
                    Role::Follower if from < to => was_committed_before(view, by, replica, *to),
                    _ => Ok(()),
                }
            }
            Fact::BecameLeader {
                partition, epoch, ..
            } => {
                // A broker that starts again knows less than it did.
                self.watermarks.forget(by, partition);
                let known = self.partitions.get_or_default(partition);
                match known.leaders.insert(*epoch, by) {
                    Some(other) if other != by => Err(format!(
                        "R2: brokers {other} and {by} both lead {partition} in {epoch}"
                    )),
                    _ => Ok(()),
                }
            }
            // When it is asked for: by the time of the answer who joins may have caught up after all.
            Fact::IsrChangeAsked {
                partition,
                from,
                to,
            }
            | Fact::IsrChanged {
                partition,
                from,
                to,
                ..
            } => {
                let joined = to.iter().filter(|id| !from.contains(id)).copied();
                has_caught_up(view, by, partition, joined)
            }
            _ => Ok(()),
        }
    }
}

impl CommittedIsReplicated {
    /// A replica is gone, and nothing that is known of it matters any more.
    pub(super) fn forget(&mut self, by: BrokerId, partition: &TopicPartition) {
        self.watermarks.forget(by, partition);
    }

    /// A topic is gone.
    pub(super) fn forget_topic(&mut self, topic: &TopicName) {
        self.partitions
            .retain(|partition, _| partition.topic != *topic);
    }

    /// R10 and R13.
    fn stays_in_its_epoch(
        &mut self,
        by: BrokerId,
        leader: &Partition,
        to: Offset,
    ) -> Result<(), String> {
        let (partition, epoch) = (leader.name(), leader.leader_epoch());
        let before = self.watermarks.insert(by, partition, (epoch, to));
        if let Some((known, at)) = before
            && known == epoch
            && at > to
        {
            return Err(format!(
                "R10: {partition} goes back from {at} to {to} in {epoch}"
            ));
        }
        if leader.isr().len() < leader.min_isr() {
            let isr = leader.isr();
            return Err(format!(
                "R13: {partition} commits up to {to} with only {isr:?} in sync"
            ));
        }
        Ok(())
    }

    /// A partition's state was written in ZooKeeper.
    fn written(&mut self, view: View<'_>, path: &str) -> Result<(), String> {
        let Some(partition) = znodes::state_of(path) else {
            return Ok(());
        };
        let state = view.world.cluster().partition(&partition);
        let Some(state) = state.filter(|state| state.is_born()) else {
            return Ok(());
        };
        let (isr, leader) = (&state.isr, state.leader);
        // Who is no part of a changed wish leaves the assignment first and the ISR after it, as in Kafka.
        let before = view.states.before(&partition, state.partition_epoch);
        let was_in = |id: &BrokerId| before.is_some_and(|(_, stood)| stood.isr.contains(id));
        let mut strangers = isr.iter().filter(|id| !state.replicas.contains(id));
        if let Some(stranger) = strangers.find(|id| !was_in(id)) {
            return Err(format!(
                "R1: broker {stranger} is in the ISR of {partition}, but no replica"
            ));
        }
        if isr.is_empty() || leader != BrokerId::NONE && !isr.contains(&leader) {
            return Err(format!(
                "R1: broker {leader} leads {partition} without being in its ISR"
            ));
        }
        let known = self.partitions.get_or_default(&partition);
        let fresh = (state.leader_epoch, state.partition_epoch);
        // A new leader of the ensemble says again what its predecessor had said last.
        let old = known.decided;
        if old.is_some_and(|old| fresh != old && (fresh.0 < old.0 || fresh.1 <= old.1)) {
            return Err(format!("R3: the state of {partition} goes back"));
        }
        known.decided = Some(fresh);
        Ok(())
    }
}

/// R6 and R12, for the stretch by which a leader's high watermark moved.
fn is_on_all_that_count(
    view: View<'_>,
    by: BrokerId,
    leader: &Partition,
    from: Offset,
    to: Offset,
) -> Result<(), String> {
    let partition = leader.name();
    let is_past = leader.leader_epoch() < view.committed.since(partition);
    if is_past || view.losses.is_torn(partition) {
        return Ok(());
    }
    let counted = leader.maximal_isr().iter().filter(|id| **id != by);
    // Whoever is being moved away is in sync for a moment longer than it is a replica, and is not waited for:
    // only replicas can be elected.
    let counted = counted.filter(|id| leader.replicas().contains(id));
    // What a bereft one has told before is all that its leader knows.
    let counted = counted.filter(|id| !view.losses.is_bereft(partition, **id));
    for id in counted {
        let member = view.world.broker_by_id(*id);
        let Some(member) = member.and_then(|b| b.partition(partition)) else {
            continue;
        };
        if member.log_end() < to {
            let end = member.log_end();
            return Err(format!(
                "R12: {partition} is committed up to {to}, but broker {id} ends at {end}"
            ));
        }
        let from = from.max(member.log_start()).max(leader.log_start());
        let logs = (leader.log(), member.log());
        let difference = view.cleaned.first_difference(partition, logs, from, to);
        if difference.is_some() {
            return Err(format!(
                "R6: brokers {by} and {id} differ below {to} of {partition}"
            ));
        }
    }
    Ok(())
}

/// R6, of a follower: it exposes nothing that no leader has committed.
fn was_committed_before(
    view: View<'_>,
    by: BrokerId,
    follower: &Partition,
    to: Offset,
) -> Result<(), String> {
    let partition = follower.name();
    let committed = view.committed.until(partition);
    let is_past = follower.leader_epoch() < view.committed.since(partition);
    match to <= committed || is_past || view.losses.is_torn(partition) {
        true => Ok(()),
        false => Err(format!(
            "R6: broker {by} exposes {partition} up to {to}, committed is {committed}"
        )),
    }
}

/// R15.
fn has_caught_up(
    view: View<'_>,
    by: BrokerId,
    partition: &TopicPartition,
    joined: impl Iterator<Item = BrokerId>,
) -> Result<(), String> {
    let leader = view.world.broker_by_id(by);
    let leader = leader.and_then(|b| b.partition(partition));
    // Who was replaced while it waited for the answer has nothing to say any more.
    let state = view.world.cluster().partition(partition);
    let current = state.map(|state| state.leader_epoch);
    let leads = |p: &&Partition| p.is_leader() && current.is_none_or(|e| e == p.leader_epoch());
    let Some(leader) = leader.filter(leads) else {
        return Ok(());
    };
    if view.losses.is_torn(partition) {
        return Ok(());
    }
    for id in joined {
        let member = view.world.broker_by_id(id);
        let Some(member) = member.and_then(|b| b.partition(partition)) else {
            continue;
        };
        let least = leader.epoch_start().unwrap_or_default();
        let least = least.max(leader.high_watermark());
        if member.log_end() < least && !view.losses.is_bereft(partition, id) {
            return Err(format!(
                "R15: broker {id} joins the ISR of {partition} before it has caught up"
            ));
        }
    }
    Ok(())
}
