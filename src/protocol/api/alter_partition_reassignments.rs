//! AlterPartitionReassignments: moves partitions to other brokers. Only the controller does it.

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// Asks for partitions to be moved.
    pub struct AlterPartitionReassignmentsRequest [flexible 0] {
        timeout_ms: i32 [0..] = 60000;
        topics: Vec<ReassignableTopic> [0..];
    }

    /// A topic whose partitions are to be moved.
    pub struct ReassignableTopic {
        name: Text [0..];
        partitions: Vec<ReassignablePartition> [0..];
    }

    /// Where a partition shall be.
    pub struct ReassignablePartition {
        partition_index: i32 [0..];
        /// The brokers, the preferred leader first; null gives up a move that is under way.
        replicas: Option<Vec<i32>> [0..] null [0..];
    }

    /// Whether the moves have begun. They end when the new replicas have caught up.
    pub struct AlterPartitionReassignmentsResponse [flexible 0] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [0..];
        /// An error of the whole request.
        error_code: i16 [0..];
        error_message: Option<Text> [0..] null [0..];
        responses: Vec<ReassignableTopicResponse> [0..];
    }

    /// The moves of one topic.
    pub struct ReassignableTopicResponse {
        name: Text [0..];
        partitions: Vec<ReassignablePartitionResponse> [0..];
    }

    /// Whether the move of one partition has begun.
    pub struct ReassignablePartitionResponse {
        partition_index: i32 [0..];
        error_code: i16 [0..];
        error_message: Option<Text> [0..] null [0..];
    }
}
