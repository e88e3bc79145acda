//! AlterPartition: a leader asks for another ISR, and the controller writes it down or refuses.

use super::{Controller, PartitionState};
use crate::model::{BrokerId, LeaderEpoch, PartitionEpoch, TopicName, TopicPartition};
use crate::process::{Outbox, Serials};
use crate::protocol::ErrorCode;
use crate::protocol::api::alter_partition::{PartitionData, PartitionResult, TopicResult};
use crate::protocol::api::{AlterPartitionRequest, AlterPartitionResponse};
use crate::time::Instant;

/// Recovering from an unclean election, which does not happen here yet.
const RECOVERING: i8 = 1;

/// What a leader asks for.
struct Wanted {
    leader_epoch: LeaderEpoch,
    partition_epoch: PartitionEpoch,
    isr: Vec<BrokerId>,
    recovering: bool,
}

/// What comes of a question.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// It is so already.
    Already,
    Accepted,
    Refused(ErrorCode),
}

impl Controller {
    /// Answers a leader, and tells everybody what has changed.
    pub fn alter_partition(
        &mut self,
        now: Instant,
        request: &AlterPartitionRequest,
        version: i16,
        serials: &mut Serials<'_>,
        out: &mut Outbox,
    ) -> AlterPartitionResponse {
        let sender = BrokerId(request.broker_id);
        let known = self.store.brokers().get(&sender);
        if known.is_none_or(|broker| broker.epoch.0 != request.broker_epoch) {
            return AlterPartitionResponse {
                error_code: ErrorCode::StaleBrokerEpoch.code(),
                ..AlterPartitionResponse::default()
            };
        }
        let mut response = AlterPartitionResponse::default();
        let mut changed = Vec::new();
        for topic in &request.topics {
            let name = match version {
                2.. => self.store.name_of(topic.topic_id).cloned(),
                _ => Some(TopicName(topic.topic_name.clone())),
            };
            let results = topic.partitions.iter().map(|asked| {
                let Some(topic) = name.clone() else {
                    return refused(asked.partition_index, ErrorCode::UnknownTopicId);
                };
                let partition = asked.partition_index;
                let name = TopicPartition { topic, partition };
                self.alter(name, asked, sender, version, &mut changed)
            });
            response.topics.push(TopicResult {
                topic_name: topic.topic_name.clone(),
                topic_id: topic.topic_id,
                partitions: results.collect(),
            });
        }
        if !changed.is_empty() {
            self.note_decided(&changed, out);
            self.send_metadata(&changed);
            self.pump(now, serials, out);
        }
        response
    }

    fn alter(
        &mut self,
        name: TopicPartition,
        asked: &PartitionData,
        sender: BrokerId,
        version: i16,
        changed: &mut Vec<TopicPartition>,
    ) -> PartitionResult {
        let index = name.partition;
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
            recovering: asked.leader_recovery_state == RECOVERING,
        };
        let Some(state) = self.store.partition(&name) else {
            return refused(index, ErrorCode::UnknownTopicOrPartition);
        };
        match judge(state, sender, &wanted, |id| self.store.is_alive(id)) {
            Verdict::Refused(ErrorCode::IneligibleReplica) if version < 2 => {
                return refused(index, ErrorCode::OperationNotAttempted);
            }
            Verdict::Refused(error) => return refused(index, error),
            Verdict::Already => {}
            Verdict::Accepted => {
                self.store.set_isr(&name, wanted.isr);
                changed.push(name.clone());
            }
        }
        let state = self.store.partition(&name).expect("it was there");
        PartitionResult {
            partition_index: index,
            error_code: ErrorCode::None.code(),
            leader_id: state.leader.0,
            leader_epoch: state.leader_epoch.0,
            isr: state.isr.iter().map(|id| id.0).collect(),
            leader_recovery_state: 0,
            partition_epoch: state.partition_epoch.0,
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
    if sender == state.leader && wanted.isr == state.isr && !wanted.recovering {
        return Verdict::Already;
    }
    if wanted.partition_epoch < state.partition_epoch {
        return Verdict::Refused(ErrorCode::InvalidUpdateVersion);
    }
    if wanted.recovering {
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

fn refused(index: i32, error: ErrorCode) -> PartitionResult {
    PartitionResult {
        partition_index: index,
        error_code: error.code(),
        ..PartitionResult::default()
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
                recovering: false,
            };
            let verdict = judge(&state, BrokerId(1), &wanted, |id| id.0 <= 3);
            assert_eq!(
                verdict, expected,
                "e{leader_epoch} v{partition_epoch} {isr:?}"
            );
        }
    }
}
