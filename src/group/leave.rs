//! LeaveGroup: members go at once, rather than by silence.

use super::Asker;
use super::coordinator::{Coordinator, Names};
use super::desk::Desk;
use super::join::check_member;
use super::rebalance;
use super::state::{Group, State};
use crate::fact::Departure;
use crate::model::Text;
use crate::protocol::ErrorCode;
use crate::protocol::api::leave_group::{LeaveGroupResponse, MemberIdentity, MemberResponse};
use crate::time::Moment;

impl Coordinator {
    /// Members leave. Before version 3 of the request there is one, and its error is that of the answer.
    pub fn leave(&mut self, at: Moment, asker: Asker, group: &Text, members: Vec<MemberIdentity>) {
        self.desk.at = at;
        let response = match self.check(group, Names::Named) {
            Err(error) => LeaveGroupResponse {
                error_code: error.code(),
                ..LeaveGroupResponse::default()
            },
            Ok(_) => self.take_out(group, members),
        };
        self.desk.answer(asker, response);
    }

    fn take_out(&mut self, group: &Text, members: Vec<MemberIdentity>) -> LeaveGroupResponse {
        let mut response = LeaveGroupResponse::default();
        let mut known = self.find(group);
        if let Some((group, _)) = &known
            && group.state == State::Dead
        {
            response.error_code = ErrorCode::CoordinatorNotAvailable.code();
            return response;
        }
        for member in members {
            let left = match &mut known {
                Some((group, desk)) => go(group, &member, desk),
                None => Err(ErrorCode::UnknownMemberId),
            };
            let error = left.err().unwrap_or(ErrorCode::None);
            response.members.push(MemberResponse {
                member_id: member.member_id,
                group_instance_id: member.group_instance_id,
                error_code: error.code(),
            });
        }
        response
    }
}

fn go(group: &mut Group, member: &MemberIdentity, desk: &mut Desk) -> Result<(), ErrorCode> {
    let (id, instance) = (&member.member_id, member.group_instance_id.as_ref());
    if id.is_empty() {
        // An operator takes out whoever bears the name.
        let named = instance.and_then(|name| group.instances.get(name).cloned());
        let id = named.ok_or(ErrorCode::UnknownMemberId)?;
        rebalance::remove(group, &id, Departure::Left, desk);
        return Ok(());
    }
    if group.pending.contains(id) {
        rebalance::drop_pending(group, id, desk);
        return Ok(());
    }
    check_member(group, id, instance)?;
    rebalance::remove(group, id, Departure::Left, desk);
    Ok(())
}
