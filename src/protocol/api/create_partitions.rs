//! CreatePartitions: gives topics more partitions. Only the controller does it.

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// Asks for more partitions.
    pub struct CreatePartitionsRequest [flexible 2] {
        topics: Vec<CreatePartitionsTopic> [0..];
        /// How long to wait for the partitions to be ready.
        timeout_ms: i32 [0..];
        /// Whether only to check what would happen.
        validate_only: bool [0..];
    }

    /// A topic to enlarge.
    pub struct CreatePartitionsTopic {
        name: Text [0..];
        /// How many partitions it shall have in all.
        count: i32 [0..];
        /// Where the new partitions go; null to let the controller choose.
        assignments: Option<Vec<CreatePartitionsAssignment>> [0..] null [0..];
    }

    /// Which brokers get a new partition.
    pub struct CreatePartitionsAssignment {
        /// The preferred leader first.
        broker_ids: Vec<i32> [0..];
    }

    /// What became of the topics.
    pub struct CreatePartitionsResponse [flexible 2] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [0..];
        results: Vec<CreatePartitionsTopicResult> [0..];
    }

    /// What became of one topic.
    pub struct CreatePartitionsTopicResult {
        name: Text [0..];
        error_code: i16 [0..];
        error_message: Option<Text> [0..] null [0..];
    }
}
