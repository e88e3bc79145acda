//! JoinGroup: somebody wants to be, or to stay, a member.
//!
//! A consumer does not know its id the first time. It gets one and is asked to come again with it, so that a
//! client that has gone away meanwhile leaves no member behind (KIP-394). A static member, which brings a
//! name of its own, takes the place of whoever bore that name before, and if all agree on the same assignor
//! still, nobody else notices (KIP-345).

use super::Asker;
use super::coordinator::{Coordinator, Names};
use super::desk::{Desk, Writing};
use super::member::{Member, Protocol};
use super::rebalance;
use super::record::group_record;
use super::state::{Group, State};
use crate::fact::Departure;
use crate::model::Text;
use crate::protocol::ErrorCode;
use crate::protocol::api::join_group::{JoinGroupResponse, JoinGroupResponseMember};
use crate::time::{Duration, Moment};

/// How long a new member may wait for its first generation, whatever its session timeout
/// (`GroupCoordinator.NewMemberJoinTimeoutMs`).
const NEW_MEMBER_JOIN_TIMEOUT: Duration = Duration::from_secs(300);

/// A JoinGroup, with what its version and its sender imply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinAsked {
    pub asker: Asker,
    pub group: Text,
    /// Empty the first time.
    pub member: Text,
    pub instance: Option<Text>,
    pub client_id: Text,
    pub client_host: Text,
    pub rebalance_timeout: Duration,
    pub session_timeout: Duration,
    pub protocol_type: Text,
    pub protocols: Vec<Protocol>,
    pub knows: JoinVersion,
}

/// What a client knows of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinVersion {
    /// Before version 4: it joins at once with an id it does not know.
    Plain,
    /// From version 4: it comes again with the id it is given.
    MemberIds,
    /// From version 9: as leader it can be told to leave the parts as they are.
    Skipping,
}

impl JoinVersion {
    /// By the version of the request.
    pub fn of(version: i16) -> JoinVersion {
        match version {
            ..4 => JoinVersion::Plain,
            4..9 => JoinVersion::MemberIds,
            9.. => JoinVersion::Skipping,
        }
    }
}

/// The answer to a static member that came back, once its new id is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReturnAnswer {
    knows: JoinVersion,
    /// The leader before it came.
    leader: Option<Text>,
}

impl Coordinator {
    /// Somebody wants to be, or to stay, a member.
    pub fn join(&mut self, at: Moment, asked: JoinAsked) {
        self.desk.at = at;
        let known = self.check(&asked.group, Names::Named);
        let (shortest, longest) = (
            self.desk.config.group_min_session_timeout,
            self.desk.config.group_max_session_timeout,
        );
        let partition = match known {
            Ok(partition) => partition,
            Err(error) => return refuse(&asked, &asked.member, error, &mut self.desk),
        };
        if !(shortest..=longest).contains(&asked.session_timeout) {
            let error = ErrorCode::InvalidSessionTimeout;
            return refuse(&asked, &asked.member, error, &mut self.desk);
        }
        if !asked.member.is_empty() && self.find(&asked.group).is_none() {
            return refuse(
                &asked,
                &asked.member,
                ErrorCode::UnknownMemberId,
                &mut self.desk,
            );
        }
        let (group, desk) = self.found(partition, &asked.group);
        if !has_room(group, &asked.member, desk.config.group_max_size) {
            desk.unwatch(&asked.group, &asked.member);
            rebalance::take_out(group, &asked.member, Departure::GroupFull, desk);
            refuse(
                &asked,
                &Text::default(),
                ErrorCode::GroupMaxSizeReached,
                desk,
            );
        } else if asked.member.is_empty() {
            join_anew(group, asked, desk);
        } else {
            join_again(group, asked, desk);
        }
        rebalance::complete_if_all_have_joined(group, desk);
    }
}

/// Whether a member may join (`acceptJoiningMember`).
fn has_room(group: &Group, member: &str, most: usize) -> bool {
    let known = group.member(member);
    match group.state {
        State::Empty | State::Dead => true,
        State::PreparingRebalance => {
            known.is_some_and(Member::is_joining) || group.members.joining() < most
        }
        State::CompletingRebalance | State::Stable => known.is_some() || group.members.len() < most,
    }
}

/// Somebody without an id (`doNewMemberJoinGroup`).
fn join_anew(group: &mut Group, asked: JoinAsked, desk: &mut Desk) {
    if group.state == State::Dead {
        return refuse(
            &asked,
            &Text::default(),
            ErrorCode::CoordinatorNotAvailable,
            desk,
        );
    }
    if !group.supports(&asked.protocol_type, &asked.protocols) {
        return refuse(
            &asked,
            &Text::default(),
            ErrorCode::InconsistentGroupProtocol,
            desk,
        );
    }
    let id = desk.new_member_id(&asked.client_id, asked.instance.as_ref());
    let old = asked
        .instance
        .as_ref()
        .and_then(|name| group.instances.get(name).cloned());
    match (&asked.instance, old) {
        (Some(_), Some(old)) => come_back(group, &old, id, asked, desk),
        (None, _) if asked.knows != JoinVersion::Plain => {
            group.pending.insert(id.clone());
            desk.watch(&group.id, &id, asked.session_timeout);
            refuse(&asked, &id, ErrorCode::MemberIdRequired, desk);
        }
        _ => add(group, id, asked, desk),
    }
}

/// Somebody with an id (`doCurrentMemberJoinGroup`).
fn join_again(group: &mut Group, asked: JoinAsked, desk: &mut Desk) {
    let id = asked.member.clone();
    if group.state == State::Dead {
        return refuse(&asked, &id, ErrorCode::CoordinatorNotAvailable, desk);
    }
    if !group.supports(&asked.protocol_type, &asked.protocols) {
        return refuse(&asked, &id, ErrorCode::InconsistentGroupProtocol, desk);
    }
    if group.pending.contains(&id) {
        if asked.instance.is_some() {
            // Only who has no name was given an id to come again with.
            let error = ErrorCode::UnknownServerError;
            return refuse(&asked, &Text::default(), error, desk);
        }
        return add(group, id, asked, desk);
    }
    if let Err(error) = check_member(group, &id, asked.instance.as_ref()) {
        return refuse(&asked, &id, error, desk);
    }
    let same = group
        .member(&id)
        .is_some_and(|member| member.matches(&asked.protocols));
    match group.state {
        State::PreparingRebalance => update(group, &id, asked, desk),
        State::CompletingRebalance if same => {
            // Its answer was lost, and nothing has changed since.
            let response = generation_for(group, &id);
            desk.answer(asked.asker, response);
        }
        State::Stable if same && !group.is_leader(&id) => {
            let response = generation_for(group, &id);
            desk.answer(asked.asker, response);
        }
        State::CompletingRebalance | State::Stable => update(group, &id, asked, desk),
        State::Empty | State::Dead => refuse(&asked, &id, ErrorCode::UnknownMemberId, desk),
    }
}

/// Whether a member is one, under the name it bears (`validateCurrentMember`).
pub(super) fn check_member(
    group: &Group,
    id: &str,
    instance: Option<&Text>,
) -> Result<(), ErrorCode> {
    if let Some(name) = instance {
        return match group.instances.get(name) {
            None => Err(ErrorCode::UnknownMemberId),
            Some(current) if **current != *id => Err(ErrorCode::FencedInstanceId),
            Some(_) => Ok(()),
        };
    }
    match group.member(id) {
        Some(_) => Ok(()),
        None => Err(ErrorCode::UnknownMemberId),
    }
}

fn add(group: &mut Group, id: Text, asked: JoinAsked, desk: &mut Desk) {
    if group.state == State::PreparingRebalance && group.generation == 0 {
        group.grew = true;
    }
    let member = Member {
        id: id.clone(),
        instance_id: asked.instance,
        client_id: asked.client_id,
        client_host: asked.client_host,
        rebalance_timeout: asked.rebalance_timeout,
        session_timeout: asked.session_timeout,
        protocols: asked.protocols,
        assignment: bytes::Bytes::new(),
        joining: Some(asked.asker),
        syncing: None,
        is_new: true,
    };
    group.add(member, &asked.protocol_type);
    desk.watch(&group.id, &id, NEW_MEMBER_JOIN_TIMEOUT);
    rebalance::prepare_if_possible(group, desk);
}

fn take_words(group: &mut Group, id: &str, asked: JoinAsked) {
    group.members.learn(id, asked.protocols);
    group.members.set_timeout(id, asked.rebalance_timeout);
    if let Some(member) = group.member_mut(id) {
        member.session_timeout = asked.session_timeout;
    }
    group.members.set_joining(id, Some(asked.asker));
}

fn update(group: &mut Group, id: &str, asked: JoinAsked, desk: &mut Desk) {
    take_words(group, id, asked);
    rebalance::prepare_if_possible(group, desk);
}

/// A static member comes back without its id (`updateStaticMemberAndRebalance`).
fn come_back(group: &mut Group, old: &Text, id: Text, asked: JoinAsked, desk: &mut Desk) {
    let leader = group.leader.clone();
    let before = group.member(old).cloned();
    let (joined, synced) = group.replace(old, &id);
    desk.unwatch(&group.id, old);
    // Two processes bear one name: the older must go.
    if let Some(asker) = joined {
        desk.answer(asker, refusal(old, ErrorCode::FencedInstanceId));
    }
    if let Some(asker) = synced {
        desk.answer(asker, super::sync::refusal(ErrorCode::FencedInstanceId));
    }
    // The session that begins now is still as long as the last.
    desk.heard(group, &id);
    let knows = asked.knows;
    take_words(group, &id, asked);
    match group.state {
        State::Stable if group.elect_protocol() == group.protocol => {
            let value = group.written(&|member| member.assignment.clone());
            let records = vec![group_record(&group.id, Some(&value))];
            let Some(old) = before else { return };
            let writing = Writing::Returned {
                group: group.id.clone(),
                old,
                new: id,
                answer: Box::new(ReturnAnswer { knows, leader }),
            };
            desk.write(&group.id, records, writing);
        }
        State::Stable => rebalance::prepare_if_possible(group, desk),
        State::CompletingRebalance => rebalance::prepare(group, desk),
        State::PreparingRebalance | State::Empty | State::Dead => {}
    }
}

/// The new id of a static member is written down, or is not.
pub(super) fn returned(
    group: &mut Group,
    old: Member,
    new: &Text,
    answer: ReturnAnswer,
    error: Option<ErrorCode>,
    desk: &mut Desk,
) {
    let Some(asker) = group.members.set_joining(new, None) else {
        // It joined again meanwhile, or is gone.
        return;
    };
    if let Some(error) = error {
        // As if it had not come: the next attempt finds what the log says.
        group.members.learn(new, old.protocols);
        group.members.set_timeout(new, old.rebalance_timeout);
        if let Some(member) = group.member_mut(new) {
            member.session_timeout = old.session_timeout;
        }
        group.replace(new, &old.id);
        desk.unwatch(&group.id, new);
        desk.heard(group, &old.id);
        let refusal = JoinGroupResponse {
            generation_id: group.generation,
            protocol_type: group.protocol_type.clone(),
            protocol_name: group.protocol.clone(),
            leader: answer.leader.unwrap_or_default(),
            ..refusal(&Text::default(), super::sync::why(error))
        };
        return desk.answer(asker, refusal);
    }
    let mut response = generation_for(group, new);
    let leads = group.is_leader(new);
    if answer.knows == JoinVersion::Skipping {
        response.skip_assignment = leads;
    } else {
        // Under its old id it would not know itself, and so does not assign anew.
        response.leader = answer.leader.unwrap_or_default();
        response.members.clear();
    }
    desk.answer(asker, response);
}

/// What a member is told of the present generation; the leader of everybody.
pub(super) fn generation_for(group: &Group, id: &Text) -> JoinGroupResponse {
    let everybody = group.is_leader(id).then(|| group.members.iter());
    let members = everybody.into_iter().flatten();
    let members = members.map(|member| JoinGroupResponseMember {
        member_id: member.id.clone(),
        group_instance_id: member.instance_id.clone(),
        metadata: group
            .protocol
            .as_ref()
            .map(|name| member.metadata(name))
            .unwrap_or_default(),
    });
    JoinGroupResponse {
        generation_id: group.generation,
        protocol_type: group.protocol_type.clone(),
        protocol_name: group.protocol.clone(),
        leader: group.leader.clone().unwrap_or_default(),
        member_id: id.clone(),
        members: members.collect(),
        ..JoinGroupResponse::default()
    }
}

/// An answer that makes nobody a member.
pub(super) fn refusal(id: &Text, error: ErrorCode) -> JoinGroupResponse {
    JoinGroupResponse {
        error_code: error.code(),
        protocol_name: None,
        member_id: id.clone(),
        ..JoinGroupResponse::default()
    }
}

fn refuse(asked: &JoinAsked, id: &Text, error: ErrorCode, desk: &mut Desk) {
    desk.answer(asked.asker, refusal(id, error));
}
