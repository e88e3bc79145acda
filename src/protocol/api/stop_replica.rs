//! StopReplica: the controller takes replicas out of service, and may have their logs removed.
//!
//! Fenced like LeaderAndIsr: by the controller's epoch and the broker's, and from version 3 on by the
//! partition's leader epoch.

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// The replicas that this broker shall stop.
    pub struct StopReplicaRequest [flexible 2] {
        controller_id: i32 [0..];
        /// Whether the controller is a KRaft one, during a migration.
        is_kraft_controller: bool [4..];
        controller_epoch: i32 [0..];
        /// The life of the broker that this is meant for; −1 is unknown.
        broker_epoch: i64 [1..] = -1;
        /// Whether the logs of all of them are removed too.
        delete_partitions: bool [0..=2];
        /// The partitions, each with its topic's name.
        ungrouped_partitions: Vec<StopReplicaPartitionV0> [0..=0];
        /// The partitions by topic.
        topics: Vec<StopReplicaTopicV1> [1..=2];
        /// The partitions by topic, each with what it shall come to.
        topic_states: Vec<StopReplicaTopicState> [3..];
    }

    /// A partition to stop. The name is Kafka's.
    pub struct StopReplicaPartitionV0 {
        topic_name: Text [0..=0];
        partition_index: i32 [0..=0];
    }

    /// The partitions of one topic to stop. The name is Kafka's.
    pub struct StopReplicaTopicV1 {
        name: Text [1..=2];
        partition_indexes: Vec<i32> [1..=2];
    }

    /// The partitions of one topic to stop.
    pub struct StopReplicaTopicState {
        topic_name: Text [3..];
        partition_states: Vec<StopReplicaPartitionState> [3..];
    }

    /// A partition to stop.
    pub struct StopReplicaPartitionState {
        partition_index: i32 [3..];
        /// The epoch of the leader that the controller knows; −2 while the topic is being deleted.
        leader_epoch: i32 [3..] = -1;
        /// Whether the log is removed too.
        delete_partition: bool [3..];
    }

    /// What became of it.
    pub struct StopReplicaResponse [flexible 2] {
        /// An error of the whole request, such as an old controller.
        error_code: i16 [0..];
        partition_errors: Vec<StopReplicaPartitionError> [0..];
    }

    /// The result for one partition.
    pub struct StopReplicaPartitionError {
        topic_name: Text [0..];
        partition_index: i32 [0..];
        error_code: i16 [0..];
    }
}
