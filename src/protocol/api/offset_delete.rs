//! OffsetDelete: forgets how far a group has read partitions that none of its members subscribes to.

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// The offsets to forget.
    pub struct OffsetDeleteRequest [flexible i16::MAX] {
        group_id: Text [0..];
        topics: Vec<OffsetDeleteRequestTopic> [0..];
    }

    /// Partitions of one topic. The name is Kafka's.
    pub struct OffsetDeleteRequestTopic {
        name: Text [0..];
        partitions: Vec<OffsetDeleteRequestPartition> [0..];
    }

    /// One partition. The name is Kafka's.
    pub struct OffsetDeleteRequestPartition {
        partition_index: i32 [0..];
    }

    /// What became of them.
    pub struct OffsetDeleteResponse [flexible i16::MAX] {
        /// An error of the whole group.
        error_code: i16 [0..];
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [0..];
        topics: Vec<OffsetDeleteResponseTopic> [0..];
    }

    /// What became of one topic's. The name is Kafka's.
    pub struct OffsetDeleteResponseTopic {
        name: Text [0..];
        partitions: Vec<OffsetDeleteResponsePartition> [0..];
    }

    /// What became of one partition's. The name is Kafka's.
    pub struct OffsetDeleteResponsePartition {
        partition_index: i32 [0..];
        error_code: i16 [0..];
    }
}
