//! AlterPartition: a leader asks for another ISR, and the controller writes it down or refuses.
//!
//! Laws: a change is written over the version that was judged; the leader epoch stays as it is.

use super::Controller;
use super::partition_state::{PartitionState, Recovery};
use super::question::{Reply, Token};
use super::reading::written_version;
use super::step::Step;
use crate::model::{
    BrokerEpoch, BrokerId, LeaderEpoch, PartitionEpoch, Text, TopicId, TopicName, TopicPartition,
};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::alter_partition::{PartitionData, PartitionResult, TopicResult};
use crate::protocol::api::{AlterPartitionRequest, AlterPartitionResponse};
use crate::protocol::zookeeper::Outcome;

/// What a leader asks for.
struct Wanted {
    leader_epoch: LeaderEpoch,
    partition_epoch: PartitionEpoch,
    isr: Vec<BrokerId>,
    recovery: Recovery,
}

/// What comes of a question.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// It is so already.
    Already,
    Accepted,
    Refused(ErrorCode),
}

/// The changes that one request asks for, on their way to ZooKeeper.
#[derive(Clone, Debug)]
pub(super) struct Changes {
    pub(super) token: Token,
    topics: Vec<(Text, TopicId, Vec<Change>)>,
}

/// What becomes of one partition of the request.
#[derive(Clone, Debug)]
struct Change {
    index: i32,
    outcome: Decided,
}

#[derive(Clone, Debug)]
enum Decided {
    Refused(ErrorCode),
    /// The state as it is.
    Stands(TopicPartition),
    /// The state to be written.
    Accepted(TopicPartition, PartitionState),
}

impl Changes {
    /// The states to be written, in order.
    pub(super) fn accepted(&self) -> impl Iterator<Item = (TopicPartition, PartitionState)> + '_ {
        let changes = self.topics.iter().flat_map(|(_, _, changes)| changes);
        changes.filter_map(|change| match &change.outcome {
            Decided::Accepted(name, state) => Some((name.clone(), state.clone())),
            _ => None,
        })
    }

    fn accepted_mut(&mut self) -> impl Iterator<Item = &mut Change> {
        let changes = self.topics.iter_mut().flat_map(|(_, _, changes)| changes);
        changes.filter(|change| matches!(change.outcome, Decided::Accepted(..)))
    }
}

impl Controller {
    /// Judges what a leader asks for; what is accepted is written next.
    pub(super) fn alter_partition(
        &mut self,
        token: Token,
        request: &AlterPartitionRequest,
        version: i16,
    ) {
        let sender = BrokerId(request.broker_id);
        let epoch = self.store.broker_epoch(sender);
        let same =
            |epoch: BrokerEpoch| epoch.0 == request.broker_epoch || !self.rules.notices_bounces;
        if !epoch.is_some_and(same) {
            let response = AlterPartitionResponse {
                error_code: ErrorCode::StaleBrokerEpoch.code(),
                ..AlterPartitionResponse::default()
            };
            return self.replies.push((token, Reply::AlterPartition(response)));
        }
        let topics = request.topics.iter().map(|topic| {
            let name = match version {
                2.. => self.store.name_of(topic.topic_id).cloned(),
                _ => Some(TopicName(topic.topic_name.clone())),
            };
            let changes = topic.partitions.iter().map(|asked| Change {
                index: asked.partition_index,
                outcome: match name.clone() {
                    None => Decided::Refused(ErrorCode::UnknownTopicId),
                    Some(topic) => self.decide(topic, asked, sender, version),
                },
            });
            (topic.topic_name.clone(), topic.topic_id, changes.collect())
        });
        let topics = topics.collect();
        self.next(Step::WriteIsrs(Changes { token, topics }));
    }

    fn decide(
        &self,
        topic: TopicName,
        asked: &PartitionData,
        sender: BrokerId,
        version: i16,
    ) -> Decided {
        let partition = asked.partition_index;
        let name = TopicPartition { topic, partition };
        let isr = match version {
            3.. => {
                let states = asked.new_isr_with_epochs.iter();
                states.map(|state| BrokerId(state.broker_id)).collect()
            }
            _ => asked.new_isr.iter().map(|id| BrokerId(*id)).collect(),
        };
        let wanted = Wanted {
            leader_epoch: LeaderEpoch(asked.leader_epoch),
            partition_epoch: PartitionEpoch(asked.partition_epoch),
            isr,
            recovery: match asked.leader_recovery_state {
                1 => Recovery::Recovering,
                _ => Recovery::Recovered,
            },
        };
        let known = self.store.partition(&name);
        let Some(state) = known.filter(|state| state.is_born()) else {
            return Decided::Refused(ErrorCode::UnknownTopicOrPartition);
        };
        let wanted = match self.rules.compares_versions {
            true => wanted,
            false => Wanted {
                partition_epoch: state.partition_epoch,
                ..wanted
            },
        };
        match judge(state, sender, &wanted, |id| self.store.is_alive(id)) {
            Verdict::Refused(ErrorCode::IneligibleReplica) if version < 2 => {
                Decided::Refused(ErrorCode::OperationNotAttempted)
            }
            Verdict::Refused(error) => Decided::Refused(error),
            Verdict::Already => Decided::Stands(name),
            Verdict::Accepted => {
                let state = PartitionState {
                    isr: wanted.isr,
                    recovery: wanted.recovery,
                    ..state.clone()
                };
                Decided::Accepted(name, state)
            }
        }
    }

    /// The writes have gone well, or somebody else's came first.
    pub(super) fn isrs_written(
        &mut self,
        mut changes: Changes,
        outcomes: &[Outcome],
        out: &mut Outbox,
    ) {
        for (change, outcome) in changes.accepted_mut().zip(outcomes) {
            let Decided::Accepted(name, state) = &change.outcome else {
                continue;
            };
            if let Some(version) = written_version(outcome) {
                self.take_written(name, state.clone(), version, out);
                self.batch.metadata.insert(name.clone());
                change.outcome = Decided::Stands(name.clone());
            }
        }
        self.then(Step::EndMoves);
        // Unlike Kafka, which refuses at once what another version has kept it from writing: after a
        // connection to ZooKeeper broke, that version may be its own first attempt.
        let all_written = changes.accepted().next().is_none();
        match all_written {
            true => self.answer_changes(&changes),
            false => self.next(Step::CheckIsrs(changes)),
        }
    }

    /// What stands in ZooKeeper where a write was refused.
    pub(super) fn isrs_checked(
        &mut self,
        mut changes: Changes,
        outcomes: &[Outcome],
        out: &mut Outbox,
    ) {
        let names: Vec<TopicPartition> = changes.accepted().map(|(name, _)| name).collect();
        self.take_states(&names, outcomes);
        for change in changes.accepted_mut() {
            let Decided::Accepted(name, state) = &change.outcome else {
                continue;
            };
            let stands = self.store.partition(name).is_some_and(|now| {
                now.partition_epoch == state.partition_epoch.next()
                    && (now.leader, now.leader_epoch) == (state.leader, state.leader_epoch)
                    && now.isr == state.isr
            });
            if stands {
                self.note_decided(name, out);
                self.batch.metadata.insert(name.clone());
            }
            change.outcome = match stands {
                true => Decided::Stands(name.clone()),
                false => Decided::Refused(ErrorCode::InvalidUpdateVersion),
            };
        }
        self.answer_changes(&changes);
    }

    fn answer_changes(&mut self, changes: &Changes) {
        let topics = changes
            .topics
            .iter()
            .map(|(name, id, changes)| TopicResult {
                topic_name: name.clone(),
                topic_id: *id,
                partitions: changes.iter().map(|change| self.result(change)).collect(),
            });
        let response = AlterPartitionResponse {
            topics: topics.collect(),
            ..AlterPartitionResponse::default()
        };
        let reply = Reply::AlterPartition(response);
        self.replies.push((changes.token, reply));
    }

    fn result(&self, change: &Change) -> PartitionResult {
        let error = match &change.outcome {
            Decided::Stands(name) | Decided::Accepted(name, _) => {
                if let Some(state) = self.store.partition(name) {
                    return PartitionResult {
                        partition_index: change.index,
                        error_code: ErrorCode::None.code(),
                        leader_id: state.leader.0,
                        leader_epoch: state.leader_epoch.0,
                        isr: state.isr.iter().map(|id| id.0).collect(),
                        leader_recovery_state: i8::from(state.recovery == Recovery::Recovering),
                        partition_epoch: state.partition_epoch.0,
                    };
                }
                ErrorCode::UnknownTopicOrPartition
            }
            Decided::Refused(error) => *error,
        };
        PartitionResult {
            partition_index: change.index,
            error_code: error.code(),
            ..PartitionResult::default()
        }
    }
}

/// The checks in Kafka's order (`KafkaController.tryProcessAlterPartition`).
///
/// The state that is wanted already counts as success before old partition epochs are refused, so that
/// a leader whose answer was lost may ask again.
fn judge(
    state: &PartitionState,
    sender: BrokerId,
    wanted: &Wanted,
    alive: impl Fn(BrokerId) -> bool,
) -> Verdict {
    let ahead =
        wanted.partition_epoch > state.partition_epoch || wanted.leader_epoch > state.leader_epoch;
    if ahead {
        // The leader knows more than this controller, which is then no controller any more.
        return Verdict::Refused(ErrorCode::NotController);
    }
    if wanted.leader_epoch < state.leader_epoch {
        return Verdict::Refused(ErrorCode::FencedLeaderEpoch);
    }
    let same = wanted.isr == state.isr && wanted.recovery == state.recovery;
    if sender == state.leader && same {
        return Verdict::Already;
    }
    if wanted.partition_epoch < state.partition_epoch {
        return Verdict::Refused(ErrorCode::InvalidUpdateVersion);
    }
    // Whoever recovers is alone, and whoever has recovered does not begin again.
    let recovering = wanted.recovery == Recovery::Recovering;
    if recovering && (wanted.isr.len() > 1 || state.recovery == Recovery::Recovered) {
        return Verdict::Refused(ErrorCode::InvalidRequest);
    }
    if wanted.isr.iter().any(|id| !alive(*id)) {
        return Verdict::Refused(ErrorCode::IneligibleReplica);
    }
    // Unlike Kafka, which trusts its brokers: nobody may be in sync who has no replica, and the leader
    // may not leave.
    let sound = wanted.isr.contains(&state.leader)
        && wanted.isr.iter().all(|id| state.replicas.contains(id))
        && sender == state.leader;
    match sound {
        true => Verdict::Accepted,
        false => Verdict::Refused(ErrorCode::InvalidRequest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_judged_in_the_order_of_kafka() {
        let ids = |ids: &[i32]| -> Vec<BrokerId> { ids.iter().map(|id| BrokerId(*id)).collect() };
        let state = PartitionState {
            leader: BrokerId(1),
            leader_epoch: LeaderEpoch(5),
            isr: ids(&[1, 2]),
            partition_epoch: PartitionEpoch(7),
            replicas: ids(&[1, 2, 3, 4]),
            ..PartitionState::default()
        };
        use Verdict::{Accepted, Already, Refused};
        let table = [
            // leader epoch, partition epoch, isr, verdict; broker 4 is dead
            (5, 7, &[1, 2, 3][..], Accepted),
            (5, 7, &[1], Accepted),
            (5, 8, &[1], Refused(ErrorCode::NotController)),
            (6, 7, &[1], Refused(ErrorCode::NotController)),
            (4, 8, &[1], Refused(ErrorCode::NotController)),
            (4, 7, &[1], Refused(ErrorCode::FencedLeaderEpoch)),
            (5, 7, &[1, 2], Already),
            (5, 3, &[1, 2], Already),
            (5, 6, &[1], Refused(ErrorCode::InvalidUpdateVersion)),
            (5, 7, &[1, 2, 4], Refused(ErrorCode::IneligibleReplica)),
            (5, 7, &[2], Refused(ErrorCode::InvalidRequest)),
            (5, 7, &[1, 9], Refused(ErrorCode::IneligibleReplica)),
        ];
        for (leader_epoch, partition_epoch, isr, expected) in table {
            let wanted = Wanted {
                leader_epoch: LeaderEpoch(leader_epoch),
                partition_epoch: PartitionEpoch(partition_epoch),
                isr: ids(isr),
                recovery: Recovery::Recovered,
            };
            let verdict = judge(&state, BrokerId(1), &wanted, |id| id.0 <= 3);
            assert_eq!(
                verdict, expected,
                "e{leader_epoch} v{partition_epoch} {isr:?}"
            );
        }
    }
}
