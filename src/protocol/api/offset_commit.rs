//! OffsetCommit: a group remembers how far it has read.

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// The offsets to remember, each the next to read.
    pub struct OffsetCommitRequest [flexible 8] {
        group_id: Text [0..];
        /// The generation of the member; −1 of nobody.
        generation_id_or_member_epoch: i32 [1..] = -1;
        member_id: Text [1..];
        group_instance_id: Option<Text> [7..] null [7..];
        /// How long to keep them; −1 as the broker is set.
        retention_time_ms: i64 [2..=4] = -1;
        topics: Vec<OffsetCommitRequestTopic> [0..];
    }

    /// The offsets of one topic. The name is Kafka's.
    pub struct OffsetCommitRequestTopic {
        name: Text [0..];
        partitions: Vec<OffsetCommitRequestPartition> [0..];
    }

    /// The offset of one partition. The name is Kafka's.
    pub struct OffsetCommitRequestPartition {
        partition_index: i32 [0..];
        committed_offset: i64 [0..];
        /// The epoch of the leader that the last record was read from; −1 is unknown.
        committed_leader_epoch: i32 [6..] = -1;
        commit_timestamp: i64 [1..=1] = -1;
        /// Whatever the member wants to remember beside it.
        committed_metadata: Option<Text> [0..] null [0..] = Some(Text::default());
    }

    /// What became of them.
    pub struct OffsetCommitResponse [flexible 8] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [3..];
        topics: Vec<OffsetCommitResponseTopic> [0..];
    }

    /// What became of one topic's. The name is Kafka's.
    pub struct OffsetCommitResponseTopic {
        name: Text [0..];
        partitions: Vec<OffsetCommitResponsePartition> [0..];
    }

    /// What became of one partition's. The name is Kafka's.
    pub struct OffsetCommitResponsePartition {
        partition_index: i32 [0..];
        error_code: i16 [0..];
    }
}
