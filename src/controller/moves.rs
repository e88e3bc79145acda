//! Partitions that move to other brokers (KIP-455, `onPartitionReassignment`).
//!
//! A move is written into the topic's znode: the replicas as they were and as they will be, together, with
//! who is added and who goes. From then on the new replicas copy. When all of those that stay are in sync
//! the controller ends it: a leader that does not stay hands over, those who go leave the ISR, stop and
//! delete what they have, and the assignment is what was wished for.
//!
//! A wish may be changed or given up on the way. A move always begins where the partition was before any wish:
//! who was added on the way and is not wished for any more goes at once, and to give up is to wish for the
//! beginning, where everybody is already.
//!
//! Laws: nobody who had a replica before is taken away until everybody who stays has everything; the leader is
//! one who stays when the others go.

use super::batch::Data;
use super::question::{Reply, Token};
use super::step::Step;
use super::strategy::Strategy;
use super::znodes::TopicAssignment;
use super::{Controller, znodes};
use crate::model::{BrokerId, TopicName, TopicPartition};
use crate::protocol::ErrorCode;
use crate::protocol::zookeeper::{ANY_VERSION, Operation};
use crate::sorted::{Mentions, SortedSet};

/// Where a partition shall be; `None` gives a move up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveWish {
    pub partition: TopicPartition,
    pub target: Option<Vec<BrokerId>>,
}

/// A move that is under way: of whom the partition's replicas are, who is added and who goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ongoing {
    pub partition: TopicPartition,
    pub replicas: Vec<BrokerId>,
    pub adding: Vec<BrokerId>,
    pub removing: Vec<BrokerId>,
}

impl Controller {
    /// The moves that are under way: of these partitions, or of all.
    pub(super) fn list_moves(&self, named: Option<&[TopicPartition]>) -> Vec<Ongoing> {
        let named = named.map(Mentions::of);
        let moving = self.store.partitions().filter(|(name, state)| {
            let is_named = || named.as_ref().is_none_or(|named| named.is_named(name));
            state.is_reassigning() && is_named()
        });
        let listed = moving.map(|(partition, state)| Ongoing {
            partition,
            replicas: state.replicas.clone(),
            adding: state.adding.clone(),
            removing: state.removing.clone(),
        });
        listed.collect()
    }

    /// Judges wishes; those that can be are begun.
    pub(super) fn reassign(&mut self, token: Token, wishes: &[MoveWish]) {
        let mut results = Vec::new();
        let mut topics = SortedSet::new();
        let mut steps = Vec::new();
        for wish in wishes {
            let name = wish.partition.clone();
            let error = match self.judge_move(wish) {
                Err(error) => error,
                Ok(None) => ErrorCode::None,
                Ok(Some(target)) => {
                    topics.insert(name.topic.clone());
                    steps.extend(self.begin_move(&name, target));
                    ErrorCode::None
                }
            };
            results.push((name, error));
        }
        let mut all: Vec<Step> = topics.iter().cloned().map(Step::WriteAssignment).collect();
        all.push(Step::Reply(token, Reply::Reassigned(Ok(results))));
        all.extend(steps);
        all.push(Step::EndMoves);
        self.next_all(all);
    }

    /// Where a partition is to go; `None` when there is nothing to do.
    fn judge_move(&self, wish: &MoveWish) -> Result<Option<Vec<BrokerId>>, ErrorCode> {
        let name = &wish.partition;
        let known = self.store.partition(name);
        let state = known.filter(|state| state.is_born() && !self.is_deleting(&name.topic));
        let state = state.ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let Some(target) = &wish.target else {
            return match state.is_reassigning() {
                true => Ok(Some(state.origin())),
                false => Err(ErrorCode::NoReassignmentInProgress),
            };
        };
        let distinct = Mentions::of(target.iter().copied());
        let origin = state.origin();
        // Only who is new to it must be alive.
        let mut new = target.iter().filter(|id| !origin.contains(id));
        let sound = !target.is_empty()
            && distinct.are_distinct()
            && target.iter().all(|id| id.0 >= 0)
            && new.all(|id| self.store.is_alive(*id));
        match sound {
            false => Err(ErrorCode::InvalidReplicaAssignment),
            true if *target == state.replicas && !state.is_reassigning() => Ok(None),
            true => Ok(Some(target.clone())),
        }
    }

    /// Sets a partition on its way from where it was before any move, not from where an earlier wish was
    /// taking it (`ReplicaAssignment.reassignTo`). Who was added by that wish and is no part of this one stops
    /// at once; and when nobody is added or goes, as when a wish is given up, the move ends where it begins.
    fn begin_move(&mut self, name: &TopicPartition, target: Vec<BrokerId>) -> Vec<Step> {
        let state = self.store.partition_mut(name).expect("it was judged");
        let before = state.replicas.clone();
        state.reassign_to(&target);
        let unneeded = before.iter().copied();
        let unneeded = unneeded.filter(|id| !state.replicas.contains(id)).collect();
        let moving = state.is_reassigning();
        let mut steps = remove_replicas(name, unneeded);
        if !steps.is_empty() {
            // It may have led.
            steps.extend([Step::ElectVacant, Step::Flush]);
        }
        match moving {
            true => steps.extend([Step::Elect(vec![name.clone()], Strategy::Stay), Step::Flush]),
            false => steps.extend(self.end_move(name)),
        }
        steps
    }

    /// What a topic's znode shall hold.
    pub(super) fn write_assignment(&self, topic: &TopicName) -> Vec<Operation> {
        let assignment: TopicAssignment = self.store.assignment(topic).unwrap_or_default();
        let write = Operation::SetData {
            path: znodes::topic_path(topic),
            data: znodes::write_topic(&assignment),
            version: ANY_VERSION,
        };
        vec![self.guarded(vec![write])]
    }

    /// Ends the moves of which everybody who stays is in sync, one after the other: whoever writes a topic's
    /// assignment writes all of it, and nobody may be taken out of the assignment who is still in an ISR.
    pub(super) fn end_moves(&mut self) {
        let names = self.store.partitions().map(|(name, _)| name);
        let ready = names.filter(|name| self.is_ready(name));
        let mut steps: Vec<Step> = ready.map(Step::EndMove).collect();
        if !steps.is_empty() {
            steps.push(Step::Delete);
        }
        self.next_all(steps);
    }

    /// Whether everybody who stays is in sync.
    fn is_ready(&self, name: &TopicPartition) -> bool {
        self.store.partition(name).is_some_and(|state| {
            state.is_reassigning() && state.target().iter().all(|id| state.isr.contains(id))
        })
    }

    /// Ends a move, unless something happened to it while others were ended.
    pub(super) fn end_move_in_turn(&mut self, name: &TopicPartition) {
        if self.is_ready(name) {
            let steps = self.end_move(name);
            self.next_all(steps);
        }
    }

    /// Makes the target the assignment: the lead goes to who stays, and who does not stay goes.
    fn end_move(&mut self, name: &TopicPartition) -> Vec<Step> {
        let state = self.store.partition_mut(name).expect("it was listed");
        let removing = std::mem::take(&mut state.removing);
        state.replicas.retain(|id| !removing.contains(id));
        state.adding.clear();
        let leader = state.leader;
        let stays = state.replicas.contains(&leader) && self.store.is_online(leader, name);
        let strategy = match stays {
            true => Strategy::Stay,
            false => Strategy::Reassign,
        };
        let mut steps = vec![Step::Elect(vec![name.clone()], strategy), Step::Flush];
        steps.extend(remove_replicas(name, removing));
        steps.extend([
            Step::WriteAssignment(name.topic.clone()),
            Step::TellMetadata(vec![name.clone()]),
            Step::Flush,
        ]);
        steps
    }
}

/// Takes replicas away that are no part of the assignment any more: out of the ISR, to a halt, and off the disk.
fn remove_replicas(name: &TopicPartition, brokers: Vec<BrokerId>) -> Vec<Step> {
    if brokers.is_empty() {
        return Vec::new();
    }
    let mut steps = Vec::new();
    for broker in &brokers {
        steps.extend([Step::Leave(*broker, vec![name.clone()]), Step::Flush]);
    }
    let leaving: Vec<_> = brokers.into_iter().map(|id| (id, name.clone())).collect();
    steps.extend([
        Step::StopReplicas(leaving.clone(), Data::Kept),
        Step::Flush,
        Step::StopReplicas(leaving, Data::Deleted),
        Step::Flush,
    ]);
    steps
}
