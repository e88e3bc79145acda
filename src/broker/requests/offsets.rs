//! OffsetCommit and OffsetFetch: how far groups have read, as their coordinator knows it. Version 0 does not ask it
//! ([`old_offsets`](super::old_offsets)).

use super::Asked;
use super::room::Room;
use crate::broker::Broker;
use crate::group::Group;
use crate::model::{Text, TopicName, TopicPartition};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::offset_fetch::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use crate::protocol::api::{OffsetCommitRequest, OffsetFetchRequest, OffsetFetchResponse};
use crate::time::Moment;

/// The first version that asks for several groups at once.
const SEVERAL_FROM: i16 = 8;
/// The first version whose answer has an error of the whole.
const ERROR_FROM: i16 = 2;

/// Whether a partition is told of while a commit of it is being written (`require_stable`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Commits {
    /// Not then, lest its next reader begin before what the last has read: UNSTABLE_OFFSET_COMMIT (88).
    Settled,
    /// Then too: what was committed before it.
    UnderWay,
}

/// Partitions by topic; `None` for all.
type Wanted = Option<Vec<(Text, Vec<i32>)>>;

impl Broker {
    pub(super) fn handle_offset_commit(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: OffsetCommitRequest,
        out: &mut Outbox,
    ) {
        if asked.id.version == 0 {
            return self.commit_in_zookeeper(at, asked, request, out);
        }
        let asker = self.asker(asked.id);
        let metadata = self.metadata.clone();
        let exists = |partition: &TopicPartition| metadata.partition(partition).is_some();
        (self.groups.coordinator).commit(at, asker, request, &exists);
        self.serve_groups(at, out);
    }

    pub(super) fn handle_offset_fetch(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: OffsetFetchRequest,
        out: &mut Outbox,
    ) {
        if asked.id.version == 0 {
            return self.fetch_from_zookeeper(at, asked, request, out);
        }
        let stable = match request.require_stable {
            true => Commits::Settled,
            false => Commits::UnderWay,
        };
        let mut response = OffsetFetchResponse::default();
        if asked.id.version >= SEVERAL_FROM {
            let mut room = Room::of(asked.id);
            for group in request.groups {
                let topics = group.topics.map(|topics| {
                    let topics = topics.into_iter();
                    topics
                        .map(|topic| (topic.name, topic.partition_indexes))
                        .collect()
                });
                let committed = self.committed_by(group.group_id, topics, stable);
                if !room.take(&committed) {
                    return self.refuse_length(asked.id, out);
                }
                response.groups.push(committed);
            }
        } else {
            let topics = request.topics.map(|topics| {
                let topics = topics.into_iter();
                topics
                    .map(|topic| (topic.name, topic.partition_indexes))
                    .collect()
            });
            let wanted: Wanted = topics;
            let all = wanted.clone();
            let group = self.committed_by(request.group_id, wanted, stable);
            response.error_code = group.error_code;
            response.topics = older(group, all, asked.id.version);
        }
        self.answer(at, asked.id, &response, out);
    }

    fn committed_by(&self, id: Text, wanted: Wanted, stable: Commits) -> OffsetFetchResponseGroup {
        let mut answer = OffsetFetchResponseGroup {
            group_id: id.clone(),
            ..OffsetFetchResponseGroup::default()
        };
        let group = match self.groups.coordinator.committed(&id) {
            Ok(group) => group,
            Err(error) => {
                answer.error_code = error.code();
                return answer;
            }
        };
        answer.topics = match wanted {
            Some(topics) => asked_for(group, topics, stable),
            None => group
                .map(|group| everything(group, stable))
                .unwrap_or_default(),
        };
        answer
    }
}

fn asked_for(
    group: Option<&Group>,
    topics: Vec<(Text, Vec<i32>)>,
    stable: Commits,
) -> Vec<OffsetFetchResponseTopics> {
    let topics = topics.into_iter().map(|(name, indexes)| {
        let partitions = indexes.into_iter().map(|index| {
            let partition = TopicPartition {
                topic: TopicName(name.clone()),
                partition: index,
            };
            told(group, &partition, stable)
        });
        OffsetFetchResponseTopics {
            partitions: partitions.collect(),
            name,
        }
    });
    topics.collect()
}

fn everything(group: &Group, stable: Commits) -> Vec<OffsetFetchResponseTopics> {
    let mut topics: Vec<OffsetFetchResponseTopics> = Vec::new();
    for (partition, _) in group.offsets().iter() {
        let told = told(Some(group), partition, stable);
        match topics.last_mut() {
            Some(topic) if topic.name == partition.topic.0 => topic.partitions.push(told),
            _ => topics.push(OffsetFetchResponseTopics {
                name: partition.topic.0.clone(),
                partitions: vec![told],
            }),
        }
    }
    topics
}

fn told(
    group: Option<&Group>,
    partition: &TopicPartition,
    stable: Commits,
) -> OffsetFetchResponsePartitions {
    let mut told = OffsetFetchResponsePartitions {
        partition_index: partition.partition,
        committed_offset: -1,
        ..OffsetFetchResponsePartitions::default()
    };
    let offsets = group.map(Group::offsets);
    let pending = offsets.is_some_and(|offsets| offsets.is_pending(partition));
    if pending && stable == Commits::Settled {
        told.error_code = ErrorCode::UnstableOffsetCommit.code();
    } else if let Some(committed) = offsets.and_then(|offsets| offsets.get(partition)) {
        told.committed_offset = committed.offset.0;
        told.committed_leader_epoch = committed.leader_epoch.0;
        told.metadata = Some(committed.metadata.clone());
    }
    told
}

/// The same in versions that speak of one group. Before there was an error of the whole, every partition
/// said it.
fn older(
    group: OffsetFetchResponseGroup,
    wanted: Wanted,
    version: i16,
) -> Vec<OffsetFetchResponseTopic> {
    let failed = group.error_code != ErrorCode::None.code();
    let topics = match failed && version < ERROR_FROM {
        true => asked_for(None, wanted.unwrap_or_default(), Commits::UnderWay),
        false => group.topics,
    };
    let topics = topics.into_iter().map(|topic| {
        let partitions = topic.partitions.into_iter();
        let partitions = partitions.map(|told| OffsetFetchResponsePartition {
            partition_index: told.partition_index,
            committed_offset: told.committed_offset,
            committed_leader_epoch: told.committed_leader_epoch,
            metadata: told.metadata,
            error_code: match failed {
                true => group.error_code,
                false => told.error_code,
            },
        });
        OffsetFetchResponseTopic {
            name: topic.name,
            partitions: partitions.collect(),
        }
    });
    topics.collect()
}
