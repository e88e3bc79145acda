//! ElectLeaders: makes the preferred replica the leader again, or any replica at all if the others are
//! lost. Only the controller does it.

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// Asks for elections.
    pub struct ElectLeadersRequest [flexible 2] {
        /// 0 elects the preferred replica, 1 a live one if no replica in sync is left.
        election_type: i8 [1..];
        /// The partitions; null for all that there are.
        topic_partitions: Option<Vec<TopicPartitions>> [0..] null [0..] = Some(Vec::new());
        /// How long to wait for the elections.
        timeout_ms: i32 [0..] = 60000;
    }

    /// Partitions of one topic.
    pub struct TopicPartitions {
        topic: Text [0..];
        partitions: Vec<i32> [0..];
    }

    /// What became of the elections.
    pub struct ElectLeadersResponse [flexible 2] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [0..];
        /// An error of the whole request.
        error_code: i16 [1..];
        replica_election_results: Vec<ReplicaElectionResult> [0..];
    }

    /// The elections of one topic.
    pub struct ReplicaElectionResult {
        topic: Text [0..];
        partition_result: Vec<PartitionResult> [0..];
    }

    /// The election of one partition.
    pub struct PartitionResult {
        partition_id: i32 [0..];
        error_code: i16 [0..];
        error_message: Option<Text> [0..] null [0..];
    }
}
