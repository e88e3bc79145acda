//! SyncGroup: the leader of a group hands in what it has assigned, and everybody gets his part.

use bytes::Bytes;

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// Asks for the member's part; the leader brings all of them.
    pub struct SyncGroupRequest [flexible 4] {
        group_id: Text [0..];
        generation_id: i32 [0..];
        member_id: Text [0..];
        group_instance_id: Option<Text> [3..] null [3..];
        protocol_type: Option<Text> [5..] null [5..];
        protocol_name: Option<Text> [5..] null [5..];
        assignments: Vec<SyncGroupRequestAssignment> [0..];
    }

    /// One member's part. The name is Kafka's.
    pub struct SyncGroupRequestAssignment {
        member_id: Text [0..];
        assignment: Bytes [0..];
    }

    /// The member's part.
    pub struct SyncGroupResponse [flexible 4] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [1..];
        error_code: i16 [0..];
        protocol_type: Option<Text> [5..] null [5..];
        protocol_name: Option<Text> [5..] null [5..];
        assignment: Bytes [0..];
    }
}
