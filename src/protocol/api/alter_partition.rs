//! AlterPartition: a leader asks the controller for another ISR.
//!
//! The leader alone knows who has caught up, the controller alone may write it down. Until the answer
//! comes, the leader counts every replica of the old and of the new ISR.

use crate::model::{Text, TopicId};
use crate::protocol::message::messages;

messages! {
    /// Asks for new ISRs.
    pub struct AlterPartitionRequest [flexible 0] {
        /// The leader that asks.
        broker_id: i32 [0..];
        /// The life of the leader that asks; −1 is unknown.
        broker_epoch: i64 [0..] = -1;
        topics: Vec<TopicData> [0..];
    }

    /// The partitions of one topic; named up to version 1, by id from 2 on.
    pub struct TopicData {
        topic_name: Text [0..=1];
        topic_id: TopicId [2..];
        partitions: Vec<PartitionData> [0..];
    }

    /// The ISR that a partition shall have.
    pub struct PartitionData {
        partition_index: i32 [0..];
        /// The epoch in which the asker leads.
        leader_epoch: i32 [0..];
        /// The new ISR.
        new_isr: Vec<i32> [0..=2];
        /// The new ISR, each replica with the life in which it caught up.
        new_isr_with_epochs: Vec<BrokerState> [3..];
        /// 1 while the leader recovers from an unclean election.
        leader_recovery_state: i8 [1..];
        /// The version of the state that this is to replace.
        partition_epoch: i32 [0..];
    }

    /// A replica, and which life of it.
    pub struct BrokerState {
        broker_id: i32 [3..];
        /// The replica's broker epoch; −1 is unknown.
        broker_epoch: i64 [3..] = -1;
    }

    /// What became of it.
    pub struct AlterPartitionResponse [flexible 0] {
        /// How long the next request will wait because of quotas.
        throttle_time_ms: i32 [0..];
        /// An error of the whole request, such as an old broker epoch.
        error_code: i16 [0..];
        topics: Vec<TopicResult> [0..];
    }

    /// The results for one topic. Kafka calls it `TopicData`, as in the request.
    pub struct TopicResult {
        topic_name: Text [0..=1];
        topic_id: TopicId [2..];
        partitions: Vec<PartitionResult> [0..];
    }

    /// The state a partition has now. Kafka calls it `PartitionData`, as in the request.
    pub struct PartitionResult {
        partition_index: i32 [0..];
        error_code: i16 [0..];
        leader_id: i32 [0..];
        leader_epoch: i32 [0..];
        isr: Vec<i32> [0..];
        /// 1 while the leader recovers from an unclean election.
        leader_recovery_state: i8 [1..];
        /// The version of the state.
        partition_epoch: i32 [0..];
    }
}
