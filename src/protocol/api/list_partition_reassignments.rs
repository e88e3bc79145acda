//! ListPartitionReassignments: which partitions are on the move. Only the controller knows.

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// Asks which partitions are on the move.
    pub struct ListPartitionReassignmentsRequest [flexible 0] {
        timeout_ms: i32 [0..] = 60000;
        /// The partitions asked about; null for all.
        topics: Option<Vec<ListPartitionReassignmentsTopics>> [0..] null [0..];
    }

    /// Partitions of one topic. The plural is Kafka's.
    pub struct ListPartitionReassignmentsTopics {
        name: Text [0..];
        partition_indexes: Vec<i32> [0..];
    }

    /// The partitions that are on the move.
    pub struct ListPartitionReassignmentsResponse [flexible 0] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [0..];
        /// An error of the whole request.
        error_code: i16 [0..];
        error_message: Option<Text> [0..] null [0..];
        topics: Vec<OngoingTopicReassignment> [0..];
    }

    /// The moves of one topic.
    pub struct OngoingTopicReassignment {
        name: Text [0..];
        partitions: Vec<OngoingPartitionReassignment> [0..];
    }

    /// The move of one partition.
    pub struct OngoingPartitionReassignment {
        partition_index: i32 [0..];
        /// Every replica there is meanwhile: the old and the new.
        replicas: Vec<i32> [0..];
        adding_replicas: Vec<i32> [0..];
        removing_replicas: Vec<i32> [0..];
    }
}
