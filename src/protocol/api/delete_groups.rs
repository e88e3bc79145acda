//! DeleteGroups: forgets groups without members, and what they have committed.

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// The groups to forget.
    pub struct DeleteGroupsRequest [flexible 2] {
        groups_names: Vec<Text> [0..];
    }

    /// What became of them.
    pub struct DeleteGroupsResponse [flexible 2] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [0..];
        results: Vec<DeletableGroupResult> [0..];
    }

    /// What became of one group.
    pub struct DeletableGroupResult {
        group_id: Text [0..];
        error_code: i16 [0..];
    }
}
