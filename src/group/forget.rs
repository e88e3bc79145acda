//! What is forgotten: offsets that are old, whole groups, and the offsets of topics that are gone.
//!
//! To forget is to write a key without a value, on the leader alone (`acks=0`): how many replicas are in sync does
//! not matter, and nobody waits.

use super::Asker;
use super::coordinator::{Coordinator, Names};
use super::desk::{Desk, Timer};
use super::record::{group_record, offset_record};
use super::state::{CONSUMER, Group, State};
use crate::fact::Fact;
use crate::model::{Text, TopicName, TopicPartition};
use crate::protocol::ErrorCode;
use crate::protocol::api::delete_groups::{DeletableGroupResult, DeleteGroupsResponse};
use crate::protocol::api::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteResponse, OffsetDeleteResponsePartition,
    OffsetDeleteResponseTopic,
};
use crate::sorted::{Mentions, SortedSet, last_words};
use crate::time::Moment;

impl Coordinator {
    /// From now on old offsets are looked for.
    pub fn start(&mut self, at: Moment) {
        let next = at.now + self.desk.config.offsets_retention_check_interval;
        self.desk.timers.set(Timer::Retention, next);
    }

    /// Groups without members are forgotten, with all that they have committed. Who is named twice is answered
    /// once.
    pub fn delete(&mut self, at: Moment, asker: Asker, names: &[Text]) {
        self.desk.at = at;
        let unique = Mentions::of(names);
        let results = unique.firsts().map(|place| {
            let name = &names[place];
            let deleted = self.delete_one(name);
            DeletableGroupResult {
                group_id: name.clone(),
                error_code: deleted.err().unwrap_or(ErrorCode::None).code(),
            }
        });
        let response = DeleteGroupsResponse {
            results: results.collect(),
            ..DeleteGroupsResponse::default()
        };
        self.desk.answer(asker, response);
    }

    fn delete_one(&mut self, name: &Text) -> Result<(), ErrorCode> {
        let partition = self.check(name, Names::Any)?;
        let (group, desk) = self.find(name).ok_or(ErrorCode::GroupIdNotFound)?;
        match group.state {
            State::Dead => return Err(ErrorCode::GroupIdNotFound),
            State::Empty => {}
            _ => return Err(ErrorCode::NonEmptyGroup),
        }
        // Unlike Kafka, also those under way: their records stand before what takes them away.
        let all = group.offsets.known();
        group.go(State::Dead, desk.at.wall);
        write_forgotten(group, &all, desk);
        self.drop_dead(partition);
        Ok(())
    }

    /// A group forgets how far it has read partitions that none of its members reads. `exists` says whether
    /// there is such a partition.
    pub fn delete_offsets(
        &mut self,
        at: Moment,
        asker: Asker,
        request: &OffsetDeleteRequest,
        exists: &dyn Fn(&TopicPartition) -> bool,
    ) {
        self.desk.at = at;
        let mut response = OffsetDeleteResponse::default();
        match self.forget_asked(request, exists) {
            Ok(topics) => response.topics = topics,
            Err(error) => response.error_code = error.code(),
        }
        self.desk.answer(asker, response);
    }

    fn forget_asked(
        &mut self,
        request: &OffsetDeleteRequest,
        exists: &dyn Fn(&TopicPartition) -> bool,
    ) -> Result<Vec<OffsetDeleteResponseTopic>, ErrorCode> {
        let home = self.check(&request.group_id, Names::Named)?;
        let known = self.find(&request.group_id);
        let (group, desk) = known.ok_or(ErrorCode::GroupIdNotFound)?;
        let read = match group.state {
            State::Dead => return Err(ErrorCode::GroupIdNotFound),
            State::Empty => Some(SortedSet::new()),
            _ if group.protocol_type.as_deref() == Some(CONSUMER) => group.subscribed.clone(),
            _ => return Err(ErrorCode::NonEmptyGroup),
        };
        let mut all = Vec::new();
        let topics = request.topics.iter().map(|topic| {
            let name = TopicName(topic.name.clone());
            // What cannot be known to be read by nobody stays.
            let is_read = read.as_ref().is_none_or(|read| read.contains(&name));
            let partitions = topic.partitions.iter().map(|asked| {
                let partition = TopicPartition {
                    topic: name.clone(),
                    partition: asked.partition_index,
                };
                let error = match is_read {
                    _ if !exists(&partition) => ErrorCode::UnknownTopicOrPartition,
                    true => ErrorCode::GroupSubscribedToTopic,
                    false => {
                        all.push(partition);
                        ErrorCode::None
                    }
                };
                OffsetDeleteResponsePartition {
                    partition_index: asked.partition_index,
                    error_code: error.code(),
                }
            });
            OffsetDeleteResponseTopic {
                name: topic.name.clone(),
                partitions: partitions.collect(),
            }
        });
        let topics = topics.collect();
        if !all.is_empty() {
            // Unlike Kafka, also those under way: their records stand before what takes them away.
            all.retain(|partition| group.offsets.knows(partition));
            let all = last_words(&all, &Mentions::of(&all));
            clean(group, &all, desk);
            self.drop_dead(home);
        }
        Ok(topics)
    }

    /// Partitions are gone, and how far they were read with them.
    pub fn partitions_deleted(&mut self, at: Moment, gone: &[TopicPartition]) {
        self.desk.at = at;
        self.clean_up(&|group, _| {
            let known = gone
                .iter()
                .filter(|partition| group.offsets.knows(partition));
            known.cloned().collect()
        });
    }

    /// Offsets that nobody needs any more go.
    pub(super) fn forget_expired(&mut self) {
        self.clean_up(&expired);
        let next = self.desk.at.now + self.desk.config.offsets_retention_check_interval;
        self.desk.timers.set(Timer::Retention, next);
    }

    /// Every group forgets what is old.
    fn clean_up(&mut self, old: &dyn Fn(&Group, &Desk) -> Vec<TopicPartition>) {
        let Coordinator { shards, desk } = self;
        for group in shards
            .values_mut()
            .flat_map(|shard| shard.groups.values_mut())
        {
            let old = old(group, desk);
            clean(group, &old, desk);
        }
        let partitions: Vec<i32> = self.shards.keys().copied().collect();
        for partition in partitions {
            self.drop_dead(partition);
        }
    }

    fn drop_dead(&mut self, partition: i32) {
        if let Some(shard) = self.shards.get_mut(&partition) {
            shard.groups.retain(|_, group| group.state != State::Dead);
        }
    }
}

/// The offsets that a group has kept long enough (`GroupMetadata.removeExpiredOffsets`).
fn expired(group: &Group, desk: &Desk) -> Vec<TopicPartition> {
    let (wall, retention) = (desk.at.wall, desk.config.offsets_retention);
    let none = SortedSet::new();
    let by_commit =
        |read: &SortedSet<TopicName>| group.offsets.expired(wall, retention, None, read);
    match (&group.protocol_type, group.state) {
        (Some(_), State::Empty) => group.offsets.expired(wall, retention, group.since, &none),
        (Some(name), State::Stable) if **name == *CONSUMER => match &group.subscribed {
            Some(read) => by_commit(read),
            None => Vec::new(),
        },
        (None, _) => by_commit(&none),
        _ => Vec::new(),
    }
}

/// Offsets go, and the group if it has neither members nor offsets then (`cleanupGroupMetadata`).
///
/// Unlike Kafka, not while somebody has been given an id and is about to join with it.
fn clean(group: &mut Group, partitions: &[TopicPartition], desk: &mut Desk) {
    for partition in partitions {
        group.offsets.forget(partition);
    }
    let over = group.state == State::Empty && group.offsets.is_empty();
    if over && group.pending.is_empty() {
        group.go(State::Dead, desk.at.wall);
    }
    write_forgotten(group, partitions, desk);
}

/// Writes down what is forgotten, and the group with it if that is dead. A group that never had a generation
/// was never written down itself.
fn write_forgotten(group: &Group, partitions: &[TopicPartition], desk: &mut Desk) {
    for partition in partitions {
        desk.note(Fact::OffsetForgotten {
            group: group.id.clone(),
            partition: partition.clone(),
        });
    }
    let offsets = partitions.iter();
    let mut records: Vec<_> = offsets
        .map(|partition| offset_record(&group.id, partition, None))
        .collect();
    if group.state == State::Dead && group.generation > 0 {
        records.push(group_record(&group.id, None));
    }
    if !records.is_empty() {
        desk.write_and_go_on(&group.id, records);
    }
}
