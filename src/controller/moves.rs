//! Partitions that move to other brokers (KIP-455, `onPartitionReassignment`).
//!
//! A move is written into the topic's znode: the replicas as they were and as they will be, together, with
//! who is added and who goes. From then on the new replicas copy. When all of those that stay are in sync
//! the controller ends it: a leader that does not stay hands over, those who go leave the ISR, stop and
//! delete what they have, and the assignment is what was wished for.
//!
//! Laws: nobody is taken away before everybody who stays has everything; the leader is one who stays when
//! the others go.

use super::batch::Data;
use super::question::{Reply, Token};
use super::step::Step;
use super::strategy::Strategy;
use super::znodes::TopicAssignment;
use super::{Controller, znodes};
use crate::model::{BrokerId, TopicName, TopicPartition};
use crate::protocol::ErrorCode;
use crate::protocol::zookeeper::{ANY_VERSION, Operation};
use crate::sorted::SortedSet;

/// Where a partition shall be; `None` gives a move up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveWish {
    pub partition: TopicPartition,
    pub target: Option<Vec<BrokerId>>,
}

/// A move as it is written down.
struct Move {
    /// The replicas as they will be and, behind them, those that go.
    replicas: Vec<BrokerId>,
    adding: Vec<BrokerId>,
    removing: Vec<BrokerId>,
}

impl Controller {
    /// Judges wishes; those that can be are begun.
    pub(super) fn reassign(&mut self, token: Token, wishes: &[MoveWish]) {
        let mut results = Vec::new();
        let mut topics = SortedSet::new();
        let mut begun = Vec::new();
        for wish in wishes {
            let name = wish.partition.clone();
            let error = match self.judge_move(wish) {
                Err(error) => error,
                Ok(None) => ErrorCode::None,
                Ok(Some(made)) => {
                    let state = self.store.partition_mut(&name).expect("it was judged");
                    state.replicas = made.replicas;
                    state.adding = made.adding;
                    state.removing = made.removing;
                    topics.insert(name.topic.clone());
                    begun.push(name.clone());
                    ErrorCode::None
                }
            };
            results.push((name, error));
        }
        let mut steps: Vec<Step> = topics.iter().cloned().map(Step::WriteAssignment).collect();
        steps.push(Step::Reply(token, Reply::Reassigned(Ok(results))));
        if !begun.is_empty() {
            steps.extend([
                Step::Elect(begun, Strategy::Stay),
                Step::Flush,
                Step::EndMoves,
            ]);
        }
        self.next_all(steps);
    }

    /// The move; `None` when there is nothing to do.
    fn judge_move(&self, wish: &MoveWish) -> Result<Option<Move>, ErrorCode> {
        let name = &wish.partition;
        let known = self.store.partition(name);
        let state = known.filter(|state| state.is_born() && !self.is_deleting(&name.topic));
        let state = state.ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let origin = state.origin();
        let target = match &wish.target {
            None if !state.is_reassigning() => {
                return Err(ErrorCode::NoReassignmentInProgress);
            }
            None => origin.clone(),
            Some(target) => target.clone(),
        };
        let distinct: SortedSet<BrokerId> = target.iter().copied().collect();
        let sound = !target.is_empty() && distinct.len() == target.len();
        if !sound || target.iter().any(|id| !self.store.is_alive(*id)) && wish.target.is_some() {
            return Err(ErrorCode::InvalidReplicaAssignment);
        }
        if target == state.replicas && !state.is_reassigning() {
            return Ok(None);
        }
        let stay = origin.iter().copied();
        let gone: Vec<BrokerId> = stay.filter(|id| !target.contains(id)).collect();
        let mut replicas = target.clone();
        replicas.extend(&gone);
        // A replica that an earlier wish had added and that this one does not want goes too.
        let given_up = state.replicas.iter().copied();
        let given_up: Vec<BrokerId> = given_up.filter(|id| !replicas.contains(id)).collect();
        replicas.extend(&given_up);
        let fresh = target.iter().copied();
        let adding = fresh.filter(|id| !origin.contains(id)).collect();
        let removing = gone.into_iter().chain(given_up).collect();
        Ok(Some(Move {
            replicas,
            adding,
            removing,
        }))
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

    /// What a topic's znode shall hold when it has grown.
    pub(super) fn write_growth(&self, topic: &TopicName, new: &[Vec<BrokerId>]) -> Vec<Operation> {
        let mut assignment = self.store.assignment(topic).unwrap_or_default();
        let known = assignment.replicas.len() as i32;
        for (number, replicas) in (known..).zip(new) {
            assignment.replicas.insert(number, replicas.clone());
        }
        let write = Operation::SetData {
            path: znodes::topic_path(topic),
            data: znodes::write_topic(&assignment),
            version: ANY_VERSION,
        };
        vec![self.guarded(vec![write])]
    }

    /// Ends the moves of which everybody who stays is in sync.
    pub(super) fn end_moves(&mut self) {
        let ready = self.store.partitions().filter(|(_, state)| {
            state.is_reassigning() && state.target().iter().all(|id| state.isr.contains(id))
        });
        let ready: Vec<(TopicPartition, Vec<BrokerId>, bool)> = ready
            .map(|(name, state)| {
                let target = state.target();
                let stays =
                    target.contains(&state.leader) && self.store.is_online(state.leader, &name);
                (name, state.removing.clone(), stays)
            })
            .collect();
        let mut steps = Vec::new();
        for (name, removing, leader_stays) in ready {
            let state = self.store.partition_mut(&name).expect("it was listed");
            state.replicas = state.target();
            state.adding.clear();
            state.removing.clear();
            let strategy = match leader_stays {
                true => Strategy::Stay,
                false => Strategy::Reassign,
            };
            steps.extend([Step::Elect(vec![name.clone()], strategy), Step::Flush]);
            let mut leaving = Vec::new();
            for broker in removing {
                steps.extend([Step::Leave(broker, vec![name.clone()]), Step::Flush]);
                leaving.push((broker, name.clone()));
            }
            steps.extend([
                Step::StopReplicas(leaving.clone(), Data::Kept),
                Step::Flush,
                Step::StopReplicas(leaving, Data::Deleted),
                Step::Flush,
                Step::WriteAssignment(name.topic.clone()),
                Step::TellMetadata(vec![name]),
                Step::Flush,
            ]);
        }
        if !steps.is_empty() {
            steps.push(Step::Delete);
        }
        self.next_all(steps);
    }
}
