//! Who may commit for a group, and who may not.

use super::asked::Asked;
use super::coordinators::home_of;
use super::wire::answer;
use super::{Invariant, View, broker};
use crate::fact::{Entry, Fact};
use crate::group::{Group, State};
use crate::model::{BrokerId, ConnectionId, Offset, Text, TopicName, TopicPartition};
use crate::protocol::api::{JoinGroupRequest, OffsetCommitRequest};
use crate::protocol::{AnyRequest, ApiKey, Chunks, ErrorCode};
use crate::sorted::{SortedMap, SortedSet};
use crate::time::Instant;
use crate::world::World;

/// K5 a commit is taken from who is a member of the present generation, but not before the parts of that generation
/// are given out, and from anybody while the group has no members; and only the others are refused.
///
/// K7 what a group has committed goes back only when somebody has asked for that.
///
/// Who is a member is known from the coordinator's word when the generation begins, and from the answers to JoinGroups
/// since: who bears the name of another from then on has taken its place.
///
/// A commit is taken at one moment between its being sent and its being answered, and the law does not know at
/// which: what held at any of them is accepted. A refusal is held to what the coordinator knows as it answers.
#[derive(Clone, Debug, Default)]
pub struct CommitsAreTheGroups {
    frames: Asked,
    joins: Asked,
    /// By the word of the coordinator that answers.
    since: SortedMap<(BrokerId, Text), Since>,
    /// What was committed last.
    last: SortedMap<(Text, TopicPartition), Offset>,
}

/// Where a group stands, and since when.
#[derive(Clone, Debug, Default)]
struct Since {
    generation: i32,
    began: Instant,
    /// Since when it has members.
    peopled: Option<Instant>,
    /// Since when the parts of this generation are waited for.
    completing: Option<Instant>,
    /// Who has been a member of this generation at any time; `None` when that is not known.
    members: Option<SortedSet<Text>>,
    /// Who bears each name, as far as members were told.
    bearers: SortedMap<Text, Text>,
    /// Who left since it began, or was replaced, and when.
    left: Vec<(Text, Instant)>,
}

impl Invariant for CommitsAreTheGroups {
    fn name(&self) -> &'static str {
        "CommitsAreTheGroups"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        self.follow(view, entry);
        let Some(by) = broker(entry) else {
            return Ok(());
        };
        match &entry.fact {
            Fact::OffsetCommitted {
                group,
                partition,
                offset,
            } => self.goes_on(group, partition, *offset),
            Fact::OffsetForgotten { group, partition } => {
                self.last.remove(&(group.clone(), partition.clone()));
                Ok(())
            }
            Fact::ResponseSent {
                connection,
                api: ApiKey::OffsetCommit,
                version,
                correlation_id,
            } => self.answered(view, by, (*connection, *version, *correlation_id)),
            Fact::ResponseSent {
                connection,
                api: ApiKey::JoinGroup,
                version,
                correlation_id,
            } => {
                let over = (*connection, *version, *correlation_id);
                self.joined(view.world, by, over, entry.at);
                Ok(())
            }
            fact => {
                self.see(view, by, entry.at, fact);
                Ok(())
            }
        }
    }
}

impl CommitsAreTheGroups {
    fn follow(&mut self, view: View<'_>, entry: &Entry) {
        let wanted = |api| api == ApiKey::OffsetCommit;
        self.frames.follow(view.world, entry, wanted);
        let joins = |api| api == ApiKey::JoinGroup;
        self.joins.follow(view.world, entry, joins);
    }

    /// Learns where groups stand.
    fn see(&mut self, view: View<'_>, by: BrokerId, at: Instant, fact: &Fact) {
        match fact {
            Fact::Started | Fact::Killed { .. } | Fact::Stopped => {
                self.since.retain(|(broker, _), _| *broker != by);
            }
            Fact::GroupsLoaded { partition, .. } => self.loaded(view, by, at, *partition),
            Fact::GroupRebalancing { group, generation } => {
                let since = self.since.entry((by, group.clone())).or_default();
                if since.generation != *generation || since.began == Instant::ZERO {
                    // It was forgotten, and begins as if it had never been.
                    *since = Since {
                        generation: *generation,
                        began: at,
                        ..Since::default()
                    };
                }
                since.completing = None;
                since.peopled.get_or_insert(at);
            }
            Fact::GroupGenerationBegan {
                group,
                generation,
                members,
                ..
            } => {
                let since = self.since.entry((by, group.clone())).or_default();
                let peopled = since.peopled.unwrap_or(at);
                *since = Since {
                    generation: *generation,
                    began: at,
                    peopled: (!members.is_empty()).then_some(peopled),
                    completing: (!members.is_empty()).then_some(at),
                    members: Some(members.iter().cloned().collect()),
                    bearers: std::mem::take(&mut since.bearers),
                    left: Vec::new(),
                };
            }
            Fact::GroupStabilized { group, .. } => {
                if let Some(since) = self.since.get_mut(&(by, group.clone())) {
                    since.completing = None;
                }
            }
            Fact::MemberLeft { group, member, .. } => {
                if let Some(since) = self.since.get_mut(&(by, group.clone())) {
                    since.left.push((member.clone(), at));
                }
            }
            _ => {}
        }
    }

    /// A broker has read groups, and knows what was written down of them.
    fn loaded(&mut self, view: View<'_>, by: BrokerId, at: Instant, partition: i32) {
        self.since.retain(|(broker, group), _| {
            *broker != by || home_of(view, by, group) != Some(partition)
        });
        let broker = view.world.broker_by_id(by).into_iter();
        let groups = broker.flat_map(|broker| broker.coordinator().groups());
        let known = groups.filter(|group| home_of(view, by, &group.id) == Some(partition));
        for group in known {
            let since = Since {
                generation: group.generation(),
                began: at,
                peopled: (!group.members().is_empty()).then_some(at),
                members: Some(group.members().iter().map(|it| it.id.clone()).collect()),
                bearers: bearers_of(group),
                ..Since::default()
            };
            self.since.insert((by, group.id.clone()), since);
        }
    }

    /// A member is told that it is one: it may have taken another's place.
    fn joined(&mut self, world: &World, by: BrokerId, over: (ConnectionId, i16, i32), at: Instant) {
        let (connection, version, id) = over;
        let request = self.joins.take(connection, id);
        let request = request.and_then(|frame| AnyRequest::decode(&frame).ok());
        let told = answer::<JoinGroupRequest>(world, connection, version, id);
        let (Some((_, AnyRequest::JoinGroup(request))), Some(told)) = (request, told) else {
            return;
        };
        let since = self.since.get_mut(&(by, request.group_id.clone()));
        let Some(since) = since.filter(|it| it.generation == told.generation_id) else {
            return;
        };
        if told.error_code != 0 {
            return;
        }
        if let Some(members) = &mut since.members {
            members.insert(told.member_id.clone());
        }
        let Some(name) = request.group_instance_id else {
            return;
        };
        let before = since.bearers.insert(name, told.member_id.clone());
        if let Some(before) = before.filter(|before| *before != told.member_id) {
            since.left.push((before, at));
        }
    }

    /// K7, as a group remembers something else.
    fn goes_on(
        &mut self,
        group: &Text,
        partition: &TopicPartition,
        offset: Offset,
    ) -> Result<(), String> {
        let key = (group.clone(), partition.clone());
        let before = self.last.insert(key, offset);
        let Some(before) = before.filter(|before| offset < *before) else {
            return Ok(());
        };
        let asks = |frame: &Chunks| asks_for(frame, group, partition, offset);
        if self.frames.is_incomplete() || self.frames.all().any(asks) {
            return Ok(());
        }
        Err(format!(
            "K7: group {group} goes back from {before} to {offset} of {partition}, for which nobody has asked"
        ))
    }

    /// K5, as somebody is answered.
    fn answered(
        &mut self,
        view: View<'_>,
        by: BrokerId,
        over: (ConnectionId, i16, i32),
    ) -> Result<(), String> {
        let (connection, version, id) = over;
        let Some((sent, frame)) = self.frames.take_sent(connection, id) else {
            return Ok(());
        };
        // What ZooKeeper keeps is no group's.
        if version == 0 {
            return Ok(());
        }
        let Ok((_, AnyRequest::OffsetCommit(request))) = AnyRequest::decode(&frame) else {
            return Ok(());
        };
        let Some(told) = answer::<OffsetCommitRequest>(view.world, connection, version, id) else {
            return Ok(());
        };
        let codes = told.topics.iter().flat_map(|topic| &topic.partitions);
        let codes = codes.map(|told| ErrorCode::from_i16(told.error_code));
        let name = &request.group_id;
        for code in codes {
            let wrong = match code {
                ErrorCode::None => self.wrongly_taken(by, &request, sent),
                refusal => {
                    let broker = view.world.broker_by_id(by);
                    let group = broker.and_then(|broker| broker.coordinator().group(name));
                    wrongly_refused(refusal, group, &request)
                }
            };
            if let Some(why) = wrong {
                let generation = request.generation_id_or_member_epoch;
                return Err(format!(
                    "K5: broker {by} answers {code} to a commit of generation {generation} of group {name}, and {why}"
                ));
            }
        }
        Ok(())
    }

    /// Why a commit could not be taken at any moment since it was sent, if so.
    fn wrongly_taken(
        &self,
        by: BrokerId,
        request: &OffsetCommitRequest,
        sent: Instant,
    ) -> Option<&'static str> {
        let since = self.since.get(&(by, request.group_id.clone()))?;
        let before = |at: Option<Instant>| at.is_some_and(|at| at < sent);
        let generation = request.generation_id_or_member_epoch;
        if generation < 0 {
            return before(since.peopled).then_some("the group has members");
        }
        let left = since.left.iter();
        let left = left.filter(|(member, _)| *member == request.member_id);
        let left = left.map(|(_, at)| *at).min();
        match generation {
            older if older < since.generation => {
                (since.began < sent).then_some("a later one had begun when it was sent")
            }
            newer if newer > since.generation => Some("there is no such generation yet"),
            _ if before(left) => Some("its member had gone when it was sent"),
            _ if !since.knows(&request.member_id) => Some("its member is none of that generation"),
            _ => before(since.completing).then_some("nobody has his part of it yet"),
        }
    }
}

impl Since {
    /// Whether somebody has been a member of this generation.
    fn knows(&self, member: &Text) -> bool {
        let members = self.members.as_ref();
        members.is_none_or(|members| members.contains(member))
    }
}

/// Who bears each name in a group.
fn bearers_of(group: &Group) -> SortedMap<Text, Text> {
    let members = group.members().iter();
    let bearers = members.filter_map(|it| Some((it.instance_id.clone()?, it.id.clone())));
    bearers.collect()
}

/// Why a commit should have been taken, if so.
fn wrongly_refused(
    code: ErrorCode,
    group: Option<&Group>,
    request: &OffsetCommitRequest,
) -> Option<&'static str> {
    let (id, instance) = (&request.member_id, request.group_instance_id.as_ref());
    let generation = request.generation_id_or_member_epoch;
    let members = || group.into_iter().flat_map(Group::members);
    let bearer = || members().find(|member| member.instance_id.as_ref() == instance);
    let (holds, why) = match code {
        ErrorCode::UnknownMemberId => {
            let by_nobody = generation < 0 && id.is_empty() && instance.is_none();
            let unknown = match instance {
                Some(_) => bearer().is_none(),
                None => members().all(|member| member.id != *id),
            };
            let peopled = group.is_some_and(|group| group.state() != State::Empty);
            let holds = group.is_some() && unknown && (!by_nobody || peopled);
            (holds, "its member is one")
        }
        ErrorCode::FencedInstanceId => {
            let holds = instance.is_some() && bearer().is_some_and(|member| member.id != *id);
            (holds, "nobody else bears its name")
        }
        ErrorCode::IllegalGeneration => {
            let holds = group.is_none_or(|group| group.generation() != generation);
            (holds, "that is the generation")
        }
        ErrorCode::RebalanceInProgress => {
            let state = group.map(Group::state);
            (
                state == Some(State::CompletingRebalance),
                "everybody has his part",
            )
        }
        _ => return None,
    };
    (!holds).then_some(why)
}

/// Whether a request asks that a group remember this.
fn asks_for(frame: &Chunks, group: &Text, partition: &TopicPartition, offset: Offset) -> bool {
    let Ok((header, AnyRequest::OffsetCommit(request))) = AnyRequest::decode(frame) else {
        return false;
    };
    header.api_version > 0
        && request.group_id == *group
        && request.topics.iter().any(|topic| {
            let mut asked = topic.partitions.iter();
            TopicName(topic.name.clone()) == partition.topic
                && asked.any(|asked| {
                    asked.partition_index == partition.partition
                        && asked.committed_offset == offset.0
                })
        })
}
