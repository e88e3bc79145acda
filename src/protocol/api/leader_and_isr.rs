//! LeaderAndIsr: the controller makes brokers leaders and followers.
//!
//! Fenced twice: by the controller's epoch, so that a deposed controller is not obeyed, and by the
//! broker's, so that a restarted broker does not obey what was meant for its former life.

use crate::model::{Text, TopicId};
use crate::protocol::message::messages;

messages! {
    /// The state that partitions shall have on this broker.
    pub struct LeaderAndIsrRequest [flexible 4] {
        controller_id: i32 [0..];
        /// Whether the controller is a KRaft one, during a migration.
        is_kraft_controller: bool [7..];
        controller_epoch: i32 [0..];
        /// The life of the broker that this is meant for; −1 is unknown.
        broker_epoch: i64 [2..] = -1;
        /// Kafka's `Type`: 0 unknown, 1 some partitions, 2 all that the broker has.
        request_type: i8 [5..];
        /// The partitions, each with its topic's name.
        ungrouped_partition_states: Vec<LeaderAndIsrPartitionState> [0..=1];
        /// The partitions by topic.
        topic_states: Vec<LeaderAndIsrTopicState> [2..];
        /// Where the leaders named above listen.
        live_leaders: Vec<LeaderAndIsrLiveLeader> [0..];
    }

    /// The partitions of one topic.
    pub struct LeaderAndIsrTopicState {
        topic_name: Text [2..];
        topic_id: TopicId [5..];
        partition_states: Vec<LeaderAndIsrPartitionState> [2..];
    }

    /// Where a leader listens.
    pub struct LeaderAndIsrLiveLeader {
        broker_id: i32 [0..];
        host_name: Text [0..];
        port: i32 [0..];
    }

    /// The state that a partition shall have.
    pub struct LeaderAndIsrPartitionState {
        topic_name: Text [0..=1];
        partition_index: i32 [0..];
        /// The epoch of the controller that decided this state.
        controller_epoch: i32 [0..];
        /// The leader; −1 for none, −2 while the topic is being deleted.
        leader: i32 [0..];
        leader_epoch: i32 [0..];
        isr: Vec<i32> [0..];
        /// The version of the partition's state in ZooKeeper.
        partition_epoch: i32 [0..];
        replicas: Vec<i32> [0..];
        /// The replicas that a reassignment adds.
        adding_replicas: Vec<i32> [3..];
        /// The replicas that a reassignment removes.
        removing_replicas: Vec<i32> [3..];
        /// Whether the broker is not to have the partition yet.
        is_new: bool [1..];
        /// 1 while the leader recovers from an unclean election.
        leader_recovery_state: i8 [6..];
    }

    /// What became of it.
    pub struct LeaderAndIsrResponse [flexible 4] {
        /// An error of the whole request, such as an old controller.
        error_code: i16 [0..];
        /// The results, each with its topic's name.
        partition_errors: Vec<LeaderAndIsrPartitionError> [0..=4];
        /// The results by topic.
        topics: Vec<LeaderAndIsrTopicError> [5..];
    }

    /// The results for one topic.
    pub struct LeaderAndIsrTopicError {
        topic_id: TopicId [5..];
        partition_errors: Vec<LeaderAndIsrPartitionError> [5..];
    }

    /// The result for one partition.
    pub struct LeaderAndIsrPartitionError {
        topic_name: Text [0..=4];
        partition_index: i32 [0..];
        error_code: i16 [0..];
    }
}
