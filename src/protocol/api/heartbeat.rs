//! Heartbeat: a member says that it lives, and hears whether it must join again.

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// The member lives.
    pub struct HeartbeatRequest [flexible 4] {
        group_id: Text [0..];
        generation_id: i32 [0..];
        member_id: Text [0..];
        group_instance_id: Option<Text> [3..] null [3..];
    }

    /// Whether all is as it was.
    pub struct HeartbeatResponse [flexible 4] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [1..];
        error_code: i16 [0..];
    }
}
