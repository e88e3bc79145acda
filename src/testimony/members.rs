//! `Members`: takes the account of what consumers ask the coordinators of their groups and are told.

use super::groups::Groups;
use super::progress::Progress;
use crate::broker::OFFSETS_TOPIC;
use crate::controller::znodes;
use crate::fact::{Entry, Fact};
use crate::group;
use crate::model::{BrokerId, ConnectionId, Offset, ProcessId, Text, TopicName, TopicPartition};
use crate::protocol::api::{
    JoinGroupRequest, OffsetCommitRequest, OffsetFetchRequest, SyncGroupRequest,
};
use crate::protocol::consumer_protocol::Assignment;
use crate::protocol::{AnyRequest, ApiKey, ErrorCode};
use crate::sorted::SortedMap;
use crate::world::World;
use crate::world::invariant::{Frames, answer};

/// Follows them.
///
/// What a stranger has a group remember or forget is not followed: where there is one, nobody is held to what groups
/// have committed. Nor is a coordinator that was replaced and does not know it, which may tell what it knew.
#[derive(Clone, Debug, Default)]
pub struct Members {
    asked: Frames,
    /// The numbers of commits, and of questions after them, that have no answer yet.
    numbers: SortedMap<ConnectionId, SortedMap<i32, u64>>,
}

/// Over which connection, in which version and under which number something was answered.
type Over = (ConnectionId, i16, i32);

impl Members {
    /// Learns from a piece of news.
    pub(super) fn add(
        &mut self,
        world: &World,
        entry: &Entry,
        progress: &Progress,
        groups: &mut Groups,
    ) {
        let of_members = |api| matches!(api, ApiKey::SyncGroup | ApiKey::OffsetCommit);
        self.asked.follow(world, entry, of_members);
        match &entry.fact {
            Fact::RequestSent {
                connection,
                api,
                correlation_id,
                ..
            } if is_consumer(connection.opener) => {
                let over = (*connection, *correlation_id);
                self.asks(world, entry, (*api, over), progress, groups);
            }
            Fact::ResponseSent {
                connection,
                api,
                version,
                correlation_id,
            } if is_consumer(connection.opener) => {
                let over = (*connection, *version, *correlation_id);
                let from = entry.by.and_then(ProcessId::broker);
                match api {
                    ApiKey::JoinGroup => joined(world, over, groups),
                    ApiKey::SyncGroup => self.given(world, over, groups),
                    ApiKey::OffsetCommit => self.committed(world, over, groups),
                    ApiKey::OffsetFetch => self.told(world, from, over, groups),
                    _ => {}
                }
            }
            Fact::Connected { connection, .. } | Fact::Disconnected { connection, .. } => {
                let lost = self.numbers.remove(connection).unwrap_or_default();
                for number in lost.values() {
                    groups.settled(*number);
                }
            }
            Fact::Killed { .. }
            | Fact::Stopped
            | Fact::MembershipFailed { .. }
            | Fact::GroupLeft { .. } => {
                if let Some(by) = entry.by {
                    groups.gone(by);
                }
            }
            Fact::OffsetForgotten { group, partition } => groups.forgets(group, partition),
            Fact::GroupRebalancing { group, .. } if says_so(world, entry, group) => {
                groups.stirs(group, entry.at);
            }
            Fact::GroupStabilized { group, .. } if says_so(world, entry, group) => {
                groups.rests(group);
            }
            Fact::GroupGenerationBegan { group, members, .. }
                if members.is_empty() && says_so(world, entry, group) =>
            {
                groups.rests(group);
            }
            Fact::GroupsLoaded { partition, .. } => {
                groups.are_read_anew(|group| home_of(world, group).partition == *partition);
            }
            Fact::ZnodeCreated { path, .. } | Fact::ZnodeChanged { path, .. } => {
                let topic = znodes::topic_of(path);
                let topic = topic.filter(|topic| topic.as_str() == OFFSETS_TOPIC);
                let topic = topic.and_then(|topic| world.cluster().topic(&topic));
                if let Some(count) = topic.map(|topic| topic.partitions.len()) {
                    groups.are_kept_by(count as i32);
                }
            }
            Fact::ZnodeDeleted { path } => {
                let name = znodes::state_of(path);
                if name.is_some_and(|name| name.topic.as_str() == OFFSETS_TOPIC) {
                    groups.forget_all();
                }
            }
            _ => {}
        }
    }

    fn asks(
        &mut self,
        world: &World,
        entry: &Entry,
        (api, (connection, id)): (ApiKey, (ConnectionId, i32)),
        progress: &Progress,
        groups: &mut Groups,
    ) {
        let number = match api {
            ApiKey::JoinGroup => {
                if let Some(group) = group_of(world, connection.opener) {
                    groups.asks(connection.opener, group, entry.at);
                }
                return;
            }
            ApiKey::OffsetCommit => {
                let frame = self.asked.get(connection, id);
                let request = frame.and_then(|frame| AnyRequest::decode(frame).ok());
                let Some((_, AnyRequest::OffsetCommit(request))) = request else {
                    return;
                };
                let offsets: Vec<(TopicPartition, Offset)> = offsets_of(&request).collect();
                let group = &request.group_id;
                progress.commits(world, connection.opener, group, &offsets, groups);
                let by = (&request.member_id, request.generation_id_or_member_epoch);
                groups.commits(group, by, &offsets)
            }
            ApiKey::OffsetFetch => groups.wonders(),
            _ => return,
        };
        let numbers = self.numbers.entry(connection).or_default();
        numbers.insert(id, number);
    }

    fn given(&mut self, world: &World, over: Over, groups: &mut Groups) {
        let frame = self.asked.take(over.0, over.2);
        let request = frame.and_then(|frame| AnyRequest::decode(&frame).ok());
        let told = answer::<SyncGroupRequest>(world, over.0, over.1, over.2);
        let (Some((_, AnyRequest::SyncGroup(request))), Some(told)) = (request, told) else {
            return;
        };
        if told.error_code == 0 {
            let part = Assignment::read(&told.assignment).unwrap_or_default();
            let who = (&request.member_id, request.group_instance_id.as_ref());
            let (by, group) = (over.0.opener, &request.group_id);
            groups.given(by, group, who, request.generation_id, part.partitions());
        }
    }

    fn number(&mut self, over: Over) -> Option<u64> {
        let numbers = self.numbers.get_mut(&over.0.other_end());
        numbers.and_then(|numbers| numbers.remove(&over.2))
    }

    fn committed(&mut self, world: &World, over: Over, groups: &mut Groups) {
        let number = self.number(over);
        self.asked.take(over.0, over.2);
        let told = answer::<OffsetCommitRequest>(world, over.0, over.1, over.2);
        let (Some(number), Some(told)) = (number, told) else {
            return;
        };
        for topic in &told.topics {
            for one in &topic.partitions {
                let partition = named(&topic.name, one.partition_index);
                match ErrorCode::from_i16(one.error_code) {
                    ErrorCode::None => groups.taken(number, &partition),
                    error if is_certain(error) => groups.refused(number, &partition),
                    _ => {}
                }
            }
        }
        groups.settled(number);
    }

    fn told(&mut self, world: &World, from: Option<BrokerId>, over: Over, groups: &mut Groups) {
        let number = self.number(over);
        let told = answer::<OffsetFetchRequest>(world, over.0, over.1, over.2);
        let (Some(number), Some(told), Some(from)) = (number, told, from) else {
            return;
        };
        let mut hosts = world.hosts();
        if hosts.any(|host| matches!(host.id, ProcessId::Socket(_))) {
            return;
        }
        let newer = told.groups.iter().filter(|group| group.error_code == 0);
        let newer = newer.flat_map(|group| {
            let topics = group.topics.iter();
            topics.flat_map(move |topic| {
                let all = topic.partitions.iter().filter(|one| one.error_code == 0);
                all.map(move |one| {
                    let partition = named(&topic.name, one.partition_index);
                    (&group.group_id, partition, one.committed_offset)
                })
            })
        });
        for (group, partition, offset) in newer {
            if is_kept_by(world, from, group) {
                let offset = (offset >= 0).then_some(Offset(offset));
                groups.told(number, group, &partition, offset);
            }
        }
    }
}

fn joined(world: &World, over: Over, groups: &mut Groups) {
    let told = answer::<JoinGroupRequest>(world, over.0, over.1, over.2);
    let told = told.filter(|told| told.error_code == 0);
    if let (Some(told), Some(group)) = (told, group_of(world, over.0.opener)) {
        groups.joined(group, &told.member_id, told.generation_id, &told.leader);
    }
}

fn is_consumer(opener: ProcessId) -> bool {
    matches!(opener, ProcessId::Consumer(_))
}

/// The group of a consumer.
fn group_of(world: &World, by: ProcessId) -> Option<&Text> {
    let consumer = world.host(by)?.consumer()?;
    Some(&consumer.config().group_id)
}

/// The partition of the offsets topic that keeps a group.
pub(super) fn home_of(world: &World, group: &str) -> TopicPartition {
    let topic = TopicName::new(OFFSETS_TOPIC);
    let known = world.cluster().topic(&topic);
    let count = known.map_or(1, |topic| topic.partitions.len() as i32);
    TopicPartition {
        topic,
        partition: group::partition_of(group, count),
    }
}

/// Whether who coordinates a group has noted this.
fn says_so(world: &World, entry: &Entry, group: &str) -> bool {
    let by = entry.by.and_then(ProcessId::broker);
    by.is_some_and(|by| is_kept_by(world, by, group))
}

/// Whether a broker leads what keeps a group, and knows that it does.
fn is_kept_by(world: &World, by: BrokerId, group: &str) -> bool {
    let home = home_of(world, group);
    let state = world.cluster().partition(&home);
    let replica = world
        .broker_by_id(by)
        .and_then(|broker| broker.partition(&home));
    let (Some(state), Some(replica)) = (state, replica) else {
        return false;
    };
    state.leader == by && replica.leader_epoch() == state.leader_epoch
}

fn named(topic: &Text, partition: i32) -> TopicPartition {
    TopicPartition {
        topic: TopicName(topic.clone()),
        partition,
    }
}

/// What a commit says.
fn offsets_of(request: &OffsetCommitRequest) -> impl Iterator<Item = (TopicPartition, Offset)> {
    request.topics.iter().flat_map(|topic| {
        let partitions = topic.partitions.iter();
        partitions.map(|one| {
            let partition = named(&topic.name, one.partition_index);
            (partition, Offset(one.committed_offset))
        })
    })
}

/// Whether an error says for certain that nothing was written.
fn is_certain(error: ErrorCode) -> bool {
    matches!(
        error,
        ErrorCode::IllegalGeneration
            | ErrorCode::UnknownMemberId
            | ErrorCode::FencedInstanceId
            | ErrorCode::RebalanceInProgress
            | ErrorCode::CoordinatorLoadInProgress
            | ErrorCode::OffsetMetadataTooLarge
            | ErrorCode::UnknownTopicOrPartition
    )
}
