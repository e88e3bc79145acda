//! OffsetCommit and OffsetFetch: how far a group has read.
//!
//! Who is a member of the present generation may commit; so may anybody while the group has no members,
//! which is how offsets are kept by those who assign partitions by hand, and set by operators.

use super::coordinator::{Coordinator, Names};
use super::desk::{Writing, coordinator_error};
use super::join::check_member;
use super::record::{Committed, offset_record};
use super::state::{Group, State};
use super::{Asker, Token};
use crate::fact::Fact;
use crate::model::{LeaderEpoch, Offset, Text, TopicName, TopicPartition};
use crate::protocol::ErrorCode;
use crate::protocol::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
    OffsetCommitResponse, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use crate::sorted::{Mentions, last_words};
use crate::time::{Moment, Timestamp};

impl Coordinator {
    /// A group remembers how far it has read. `exists` says whether there is such a partition.
    pub fn commit(
        &mut self,
        at: Moment,
        asker: Asker,
        mut request: OffsetCommitRequest,
        exists: &dyn Fn(&TopicPartition) -> bool,
    ) {
        self.desk.at = at;
        request.topics = named_once(request.topics);
        let any_exists = request.topics.iter().any(|topic| {
            let mut partitions = topic.partitions.iter();
            partitions.any(|asked| exists(&named(&topic.name, asked.partition_index)))
        });
        // Who commits nothing that there is has not been heard of.
        let allowed = match any_exists {
            true => self.may_commit(&request),
            false => Ok(()),
        };
        let allowed = allowed.err().unwrap_or(ErrorCode::None);
        let most = self.desk.config.offset_metadata_max_bytes;
        let mut offsets = Vec::new();
        let mut records = Vec::new();
        let topics = request.topics.iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|asked| {
                let partition = named(&topic.name, asked.partition_index);
                let note = asked.committed_metadata.as_deref().unwrap_or_default();
                let error = match allowed {
                    _ if !exists(&partition) => ErrorCode::UnknownTopicOrPartition,
                    ErrorCode::None if note.encode_utf16().count() > most => {
                        ErrorCode::OffsetMetadataTooLarge
                    }
                    allowed => allowed,
                };
                if error.is_none() {
                    let committed = committed(asked, request.retention_time_ms, at.wall);
                    records.push(offset_record(
                        &request.group_id,
                        &partition,
                        Some(&committed),
                    ));
                    offsets.push((partition, committed));
                }
                OffsetCommitResponsePartition {
                    partition_index: asked.partition_index,
                    error_code: error.code(),
                }
            });
            OffsetCommitResponseTopic {
                name: topic.name.clone(),
                partitions: partitions.collect(),
            }
        });
        let response = OffsetCommitResponse {
            topics: topics.collect(),
            ..OffsetCommitResponse::default()
        };
        if offsets.is_empty() {
            return self.desk.answer(asker, response);
        }
        let partition = self.partition_of(&request.group_id);
        let (group, desk) = self.found(partition, &request.group_id);
        let partitions = offsets.iter().map(|(partition, _)| partition.clone());
        let partitions: Vec<TopicPartition> = partitions.collect();
        let writing = Writing::Offsets {
            group: group.id.clone(),
            offsets,
            asker,
            response: Box::new(response),
        };
        let token = desk.write(&request.group_id, records, writing);
        for partition in partitions {
            group.offsets.prepare(partition, token);
        }
    }

    /// Whether this commit is one of the group's, and its member lives then (`doCommitOffsets`).
    fn may_commit(&mut self, request: &OffsetCommitRequest) -> Result<(), ErrorCode> {
        self.check(&request.group_id, Names::Any)?;
        let generation = request.generation_id_or_member_epoch;
        let Some((group, desk)) = self.find(&request.group_id) else {
            // Who has a generation had a group.
            return match generation < 0 {
                true => Ok(()),
                false => Err(ErrorCode::IllegalGeneration),
            };
        };
        if desk.config.fences_commits {
            check_commit(group, request)?;
        }
        match group.state {
            State::CompletingRebalance => Err(ErrorCode::RebalanceInProgress),
            State::Dead => Err(ErrorCode::CoordinatorNotAvailable),
            State::Empty => Ok(()),
            State::Stable | State::PreparingRebalance => {
                desk.heard(group, &request.member_id);
                Ok(())
            }
        }
    }

    /// Offsets are written down, or they are not.
    pub(super) fn offsets_written(
        &mut self,
        group: &Text,
        token: Token,
        offsets: Vec<(TopicPartition, Committed)>,
        asker: Asker,
        mut response: OffsetCommitResponse,
        result: Result<Offset, ErrorCode>,
    ) {
        if let Some((group, desk)) = self.find(group) {
            for (nth, (partition, committed)) in offsets.into_iter().enumerate() {
                let waited_for = group.offsets.settle(&partition, token);
                let Some(base) = result.ok().filter(|_| waited_for) else {
                    continue;
                };
                let fact = Fact::OffsetCommitted {
                    group: group.id.clone(),
                    partition: partition.clone(),
                    offset: committed.offset,
                };
                if group.offsets.take(partition, base + nth as i64, committed) {
                    desk.note(fact);
                }
            }
        }
        if let Err(error) = result {
            let error = why(error).code();
            let partitions = response
                .topics
                .iter_mut()
                .flat_map(|topic| &mut topic.partitions);
            for partition in partitions.filter(|partition| partition.error_code == 0) {
                partition.error_code = error;
            }
        }
        self.desk.answer(asker, response);
    }

    /// What a group has committed, or why that cannot be said. A group that nobody knows has committed
    /// nothing.
    ///
    /// # Errors
    /// That the group is another broker's, or is being read.
    pub fn committed(&self, group: &str) -> Result<Option<&Group>, ErrorCode> {
        match self.check(group, Names::Any) {
            Err(ErrorCode::CoordinatorLoadInProgress) if !self.desk.config.waits_for_reading => {
                return Ok(None);
            }
            checked => {
                checked?;
            }
        }
        Ok(self.group(group).filter(|group| group.state != State::Dead))
    }
}

/// A partition that is named twice is committed once, as it was named last, and answered once.
pub fn named_once(topics: Vec<OffsetCommitRequestTopic>) -> Vec<OffsetCommitRequestTopic> {
    let names = Mentions::of(topics.iter().map(|topic| &topic.name));
    let unique = names.firsts().map(|first| {
        let topic = &topics[first];
        let places = names.places(&topic.name).iter();
        let named = places.flat_map(|place| &topics[*place].partitions);
        let named: Vec<OffsetCommitRequestPartition> = named.cloned().collect();
        let mentions = Mentions::of(named.iter().map(|partition| partition.partition_index));
        OffsetCommitRequestTopic {
            name: topic.name.clone(),
            partitions: last_words(&named, &mentions),
        }
    });
    unique.collect()
}

fn named(topic: &Text, partition: i32) -> TopicPartition {
    TopicPartition {
        topic: TopicName(topic.clone()),
        partition,
    }
}

/// Who may commit (`validateOffsetCommit`).
fn check_commit(group: &Group, request: &OffsetCommitRequest) -> Result<(), ErrorCode> {
    let generation = request.generation_id_or_member_epoch;
    let instance = request.group_instance_id.as_ref();
    if group.state == State::Dead {
        return Err(ErrorCode::CoordinatorNotAvailable);
    }
    if generation < 0 && group.state == State::Empty {
        return Ok(());
    }
    if generation >= 0 || !request.member_id.is_empty() || instance.is_some() {
        check_member(group, &request.member_id, instance)?;
        return match generation == group.generation {
            true => Ok(()),
            false => Err(ErrorCode::IllegalGeneration),
        };
    }
    Err(ErrorCode::UnknownMemberId)
}

fn committed(
    asked: &OffsetCommitRequestPartition,
    retention_millis: i64,
    wall: Timestamp,
) -> Committed {
    let at = match asked.commit_timestamp {
        -1 => wall,
        millis => Timestamp(millis),
    };
    Committed {
        offset: Offset(asked.committed_offset),
        leader_epoch: LeaderEpoch(asked.committed_leader_epoch),
        metadata: asked.committed_metadata.clone().unwrap_or_default(),
        at,
        expires: (retention_millis != -1).then(|| Timestamp(at.0.saturating_add(retention_millis))),
    }
}

/// What a member is told when its offsets could not be written (`createPutCacheCallback`).
fn why(error: ErrorCode) -> ErrorCode {
    match error {
        ErrorCode::MessageTooLarge
        | ErrorCode::RecordListTooLarge
        | ErrorCode::InvalidFetchSize => ErrorCode::InvalidCommitOffsetSize,
        other => coordinator_error(other),
    }
}
