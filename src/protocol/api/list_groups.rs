//! ListGroups: the groups that the broker coordinates. Other brokers have others.

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// Asks for groups in certain states, or for all.
    pub struct ListGroupsRequest [flexible 3] {
        states_filter: Vec<Text> [4..];
        types_filter: Vec<Text> [5..];
    }

    /// The groups.
    pub struct ListGroupsResponse [flexible 3] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [1..];
        error_code: i16 [0..];
        groups: Vec<ListedGroup> [0..];
    }

    /// One group.
    pub struct ListedGroup {
        group_id: Text [0..];
        protocol_type: Text [0..];
        group_state: Text [4..];
        /// "classic" for groups of this protocol.
        group_type: Text [5..];
    }
}
