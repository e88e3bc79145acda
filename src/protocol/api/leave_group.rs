//! LeaveGroup: members leave at once rather than by silence; an operator may take static members out.

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// Takes members out.
    pub struct LeaveGroupRequest [flexible 4] {
        group_id: Text [0..];
        /// The only member.
        member_id: Text [0..=2];
        members: Vec<MemberIdentity> [3..];
    }

    /// Who leaves: by its id, or by the name of a static member.
    pub struct MemberIdentity {
        member_id: Text [3..];
        group_instance_id: Option<Text> [3..] null [3..];
        /// Why it leaves, for people to read.
        reason: Option<Text> [5..] null [5..];
    }

    /// What became of it.
    pub struct LeaveGroupResponse [flexible 4] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [1..];
        error_code: i16 [0..];
        members: Vec<MemberResponse> [3..];
    }

    /// What became of one member.
    pub struct MemberResponse {
        member_id: Text [3..];
        group_instance_id: Option<Text> [3..] null [3..];
        error_code: i16 [3..];
    }
}
