//! JoinGroup: a consumer asks to be a member of a group, and waits until all others have asked too.

use bytes::Bytes;

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// Asks to be, or to stay, a member.
    pub struct JoinGroupRequest [flexible 6] {
        group_id: Text [0..];
        /// How long the coordinator waits for a heartbeat.
        session_timeout_ms: i32 [0..];
        /// How long it waits for the others to join; before version 1 the session timeout.
        rebalance_timeout_ms: i32 [1..] = -1;
        /// Empty the first time.
        member_id: Text [0..];
        /// The name under which a static member comes back.
        group_instance_id: Option<Text> [5..] null [5..];
        /// "consumer", for groups of consumers.
        protocol_type: Text [0..];
        /// The assignors that the member knows, the best first.
        protocols: Vec<JoinGroupRequestProtocol> [0..];
        /// Why it joins, for people to read.
        reason: Option<Text> [8..] null [8..];
    }

    /// An assignor, and what it has to know of the member. The name is Kafka's.
    pub struct JoinGroupRequestProtocol {
        name: Text [0..];
        metadata: Bytes [0..];
    }

    /// The generation that the member is in.
    pub struct JoinGroupResponse [flexible 6] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [2..];
        error_code: i16 [0..];
        generation_id: i32 [0..] = -1;
        protocol_type: Option<Text> [7..] null [7..];
        /// The assignor that all agree on.
        protocol_name: Option<Text> [0..] null [7..] = Some(Text::default());
        /// The member that assigns.
        leader: Text [0..];
        /// Whether the leader is to leave the assignment as it is.
        skip_assignment: bool [9..];
        member_id: Text [0..];
        /// All members, for the leader alone.
        members: Vec<JoinGroupResponseMember> [0..];
    }

    /// What the leader is told of a member. The name is Kafka's.
    pub struct JoinGroupResponseMember {
        member_id: Text [0..];
        group_instance_id: Option<Text> [5..] null [5..];
        metadata: Bytes [0..];
    }
}
