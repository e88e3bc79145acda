//! FindCoordinator: says which broker coordinates a group. Any broker answers it.

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// Asks for coordinators.
    pub struct FindCoordinatorRequest [flexible 3] {
        /// The group, or the transactional id.
        key: Text [0..=3];
        /// 0 for a group, 1 for a transaction.
        key_type: i8 [1..];
        /// Several groups at once.
        coordinator_keys: Vec<Text> [4..];
    }

    /// Who coordinates.
    pub struct FindCoordinatorResponse [flexible 3] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [1..];
        error_code: i16 [0..=3];
        error_message: Option<Text> [1..=3] null [1..=3];
        node_id: i32 [0..=3];
        host: Text [0..=3];
        port: i32 [0..=3];
        coordinators: Vec<Coordinator> [4..];
    }

    /// Who coordinates one of several groups.
    pub struct Coordinator {
        key: Text [4..];
        node_id: i32 [4..];
        host: Text [4..];
        port: i32 [4..];
        error_code: i16 [4..];
        error_message: Option<Text> [4..] null [4..];
    }
}
