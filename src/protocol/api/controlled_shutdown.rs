//! ControlledShutdown: a broker that is about to stop asks the controller to move its leaderships away.
//!
//! The oldest API between brokers: its version 0 is the one request whose header has no client id.

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// A broker wants to stop.
    pub struct ControlledShutdownRequest [flexible 3] {
        broker_id: i32 [0..];
        /// The life of the broker that wants to stop; −1 is unknown.
        broker_epoch: i64 [2..] = -1;
    }

    /// Whether it may.
    pub struct ControlledShutdownResponse [flexible 3] {
        error_code: i16 [0..];
        /// The partitions that the broker still leads: it should ask again.
        remaining_partitions: Vec<RemainingPartition> [0..];
    }

    /// A partition that the broker still leads.
    pub struct RemainingPartition {
        topic_name: Text [0..];
        partition_index: i32 [0..];
    }
}
