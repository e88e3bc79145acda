//! Heartbeat: a member lives; and what happens when it is silent.
//!
//! The answer to a heartbeat is how members learn that a generation is being prepared: there is no other way
//! to tell them, for nobody calls a client.

use super::Asker;
use super::coordinator::{Coordinator, Names};
use super::desk::Desk;
use super::join::check_member;
use super::rebalance;
use super::state::{Group, State};
use crate::fact::Departure;
use crate::model::Text;
use crate::protocol::ErrorCode;
use crate::protocol::api::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use crate::time::Moment;

impl Coordinator {
    /// A member lives.
    pub fn heartbeat(&mut self, at: Moment, asker: Asker, request: &HeartbeatRequest) {
        self.desk.at = at;
        let error = self.hear(request);
        let response = HeartbeatResponse {
            error_code: error.code(),
            ..HeartbeatResponse::default()
        };
        self.desk.answer(asker, response);
    }

    fn hear(&mut self, request: &HeartbeatRequest) -> ErrorCode {
        match self.check(&request.group_id, Names::Named) {
            // What was read last may well know it.
            Err(ErrorCode::CoordinatorLoadInProgress) => return ErrorCode::None,
            Err(error) => return error,
            Ok(_) => {}
        }
        let Some((group, desk)) = self.find(&request.group_id) else {
            return ErrorCode::UnknownMemberId;
        };
        if group.state == State::Dead {
            return ErrorCode::CoordinatorNotAvailable;
        }
        let (id, instance) = (&request.member_id, request.group_instance_id.as_ref());
        if let Err(error) = check_member(group, id, instance) {
            return error;
        }
        if request.generation_id != group.generation {
            return ErrorCode::IllegalGeneration;
        }
        match group.state {
            State::Empty | State::Dead => ErrorCode::UnknownMemberId,
            State::CompletingRebalance | State::Stable => {
                desk.heard(group, id);
                ErrorCode::None
            }
            State::PreparingRebalance => {
                desk.heard(group, id);
                ErrorCode::RebalanceInProgress
            }
        }
    }
}

/// A member has been silent for its session timeout (`onExpireHeartbeat`).
pub(super) fn silent(group: &mut Group, id: &Text, desk: &mut Desk) {
    if group.state == State::Dead {
        return;
    }
    if group.pending.contains(id) {
        return rebalance::drop_pending(group, id, desk);
    }
    let Some(member) = group.member(id) else {
        return;
    };
    // Whoever waits for an answer cannot speak. Only a new member may have gone without knowing its id.
    let waits = member.is_joining() || member.is_syncing();
    if member.is_new || !waits {
        rebalance::remove(group, id, Departure::Silent, desk);
    }
}
