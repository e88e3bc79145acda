//! SyncGroup: the leader hands in everybody's part, and everybody fetches his.
//!
//! The parts are written into the log before anybody gets his, so that the next coordinator knows them.

use bytes::Bytes;

use super::Asker;
use super::coordinator::{Coordinator, Names};
use super::desk::{Desk, Writing, coordinator_error};
use super::join::check_member;
use super::rebalance::{self, sync_timer};
use super::record::group_record;
use super::state::{Group, State};
use crate::fact::{Departure, Fact};
use crate::model::Text;
use crate::protocol::ErrorCode;
use crate::protocol::api::sync_group::{SyncGroupRequest, SyncGroupResponse};
use crate::sorted::SortedMap;
use crate::time::Moment;

impl Coordinator {
    /// A member asks for its part; the leader brings all of them.
    pub fn sync(&mut self, at: Moment, asker: Asker, request: SyncGroupRequest) {
        self.desk.at = at;
        if let Err(error) = self.check(&request.group_id, Names::Named) {
            // A group that is being read has to be joined again anyhow.
            let error = match error {
                ErrorCode::CoordinatorLoadInProgress => ErrorCode::RebalanceInProgress,
                other => other,
            };
            return self.desk.answer(asker, refusal(error));
        }
        let Some((group, desk)) = self.find(&request.group_id) else {
            return self.desk.answer(asker, refusal(ErrorCode::UnknownMemberId));
        };
        match check(group, &request) {
            Err(error) => desk.answer(asker, refusal(error)),
            Ok(()) => take(group, asker, request, desk),
        }
    }
}

/// What is checked before the state is looked at (`validateSyncGroup`).
fn check(group: &Group, request: &SyncGroupRequest) -> Result<(), ErrorCode> {
    if group.state == State::Dead {
        return Err(ErrorCode::CoordinatorNotAvailable);
    }
    check_member(
        group,
        &request.member_id,
        request.group_instance_id.as_ref(),
    )?;
    if request.generation_id != group.generation {
        return Err(ErrorCode::IllegalGeneration);
    }
    let differs = |asked: &Option<Text>, is: &Option<Text>| asked.is_some() && asked != is;
    if differs(&request.protocol_type, &group.protocol_type)
        || differs(&request.protocol_name, &group.protocol)
    {
        return Err(ErrorCode::InconsistentGroupProtocol);
    }
    Ok(())
}

fn take(group: &mut Group, asker: Asker, request: SyncGroupRequest, desk: &mut Desk) {
    let id = request.member_id;
    match group.state {
        State::Empty => desk.answer(asker, refusal(ErrorCode::UnknownMemberId)),
        State::PreparingRebalance => desk.answer(asker, refusal(ErrorCode::RebalanceInProgress)),
        State::CompletingRebalance => {
            if let Some(member) = group.member_mut(&id) {
                member.syncing = Some(asker);
            }
            asked_for(group, &id, desk);
            if group.is_leader(&id) {
                let parts = request.assignments.into_iter();
                let mut given = SortedMap::new();
                // Copies: what is kept of a request does not keep all of it.
                let copy = |part: &Bytes| Bytes::copy_from_slice(part);
                given.gather(parts.map(|part| (part.member_id, copy(&part.assignment))));
                hand_in(group, given, desk);
            }
        }
        State::Stable => {
            asked_for(group, &id, desk);
            let response = part_of(group, &id);
            desk.answer(asker, response);
            desk.heard(group, &id);
        }
        State::Dead => desk.answer(asker, refusal(ErrorCode::CoordinatorNotAvailable)),
    }
}

/// A member has asked for its part of this generation.
fn asked_for(group: &mut Group, id: &str, desk: &mut Desk) {
    group.unsynced.remove(id);
    if group.unsynced.is_empty() {
        desk.timers.cancel(&sync_timer(group));
    }
}

/// Has the parts written down. Members that the leader has left out get nothing.
fn hand_in(group: &mut Group, parts: SortedMap<Text, Bytes>, desk: &mut Desk) {
    let part = |id: &Text| parts.get(id).cloned().unwrap_or_default();
    let value = group.written(&|member| part(&member.id));
    let records = vec![group_record(&group.id, Some(&value))];
    let writing = Writing::Parts {
        group: group.id.clone(),
        generation: group.generation,
        parts,
    };
    desk.write(&group.id, records, writing);
}

/// The parts are written down, or they are not.
pub(super) fn written(
    group: &mut Group,
    generation: i32,
    parts: &SortedMap<Text, Bytes>,
    error: Option<ErrorCode>,
    desk: &mut Desk,
) {
    // A later generation has its own.
    if group.state != State::CompletingRebalance || group.generation != generation {
        return;
    }
    if let Some(error) = error {
        call_off(group, why(error), desk);
        return rebalance::prepare_if_possible(group, desk);
    }
    for member in group.members.iter_mut() {
        if desk.config.gives_new_parts || member.assignment.is_empty() {
            member.assignment = parts.get(&member.id).cloned().unwrap_or_default();
        }
    }
    group.go(State::Stable, desk.at.wall);
    desk.note(Fact::GroupStabilized {
        group: group.id.clone(),
        generation,
    });
    answer_all(group, desk);
}

fn answer_all(group: &mut Group, desk: &mut Desk) {
    for id in group.member_ids() {
        let response = part_of(group, &id);
        let member = group.member_mut(&id).expect("it is in the list");
        if let Some(asker) = member.syncing.take() {
            desk.answer(asker, response);
            desk.heard(group, &id);
        }
    }
}

/// Nobody gets a part of this generation (`resetAndPropagateAssignmentError`).
pub(super) fn call_off(group: &mut Group, error: ErrorCode, desk: &mut Desk) {
    let mut heard = Vec::new();
    for member in group.members.iter_mut() {
        member.assignment = Bytes::new();
        if let Some(asker) = member.syncing.take() {
            desk.answer(asker, refusal(error));
            heard.push(member.id.clone());
        }
    }
    for id in heard {
        desk.heard(group, &id);
    }
}

/// Those who have not asked for their part by now do not get one (`onExpirePendingSync`).
pub(super) fn is_over(group: &mut Group, desk: &mut Desk) {
    if !matches!(group.state, State::CompletingRebalance | State::Stable) {
        return;
    }
    let missing = std::mem::take(&mut group.unsynced);
    if missing.is_empty() {
        return;
    }
    for id in missing.iter() {
        rebalance::take_out(group, id, Departure::LateToSync, desk);
    }
    rebalance::prepare(group, desk);
}

fn part_of(group: &Group, id: &str) -> SyncGroupResponse {
    let member = group.member(id);
    SyncGroupResponse {
        protocol_type: group.protocol_type.clone(),
        protocol_name: group.protocol.clone(),
        assignment: member
            .map(|member| member.assignment.clone())
            .unwrap_or_default(),
        ..SyncGroupResponse::default()
    }
}

/// An answer without a part.
pub(super) fn refusal(error: ErrorCode) -> SyncGroupResponse {
    SyncGroupResponse {
        error_code: error.code(),
        ..SyncGroupResponse::default()
    }
}

/// What members are told when the parts could not be written (`storeGroup`).
pub(super) fn why(error: ErrorCode) -> ErrorCode {
    match error {
        ErrorCode::RequestTimedOut => ErrorCode::RebalanceInProgress,
        ErrorCode::MessageTooLarge
        | ErrorCode::RecordListTooLarge
        | ErrorCode::InvalidFetchSize => ErrorCode::UnknownServerError,
        other => coordinator_error(other),
    }
}
