//! OffsetFetch: how far groups have read, as they have committed it.

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// Asks for one group's offsets, or from version 8 on for those of several.
    pub struct OffsetFetchRequest [flexible 6] {
        group_id: Text [0..=7];
        /// The topics; null for all that the group has committed.
        topics: Option<Vec<OffsetFetchRequestTopic>> [0..=7] null [2..=7] = Some(Vec::new());
        groups: Vec<OffsetFetchRequestGroup> [8..];
        /// Whether to leave out partitions of which a commit is being written.
        require_stable: bool [7..];
    }

    /// Partitions of one topic. The name is Kafka's.
    pub struct OffsetFetchRequestTopic {
        name: Text [0..=7];
        partition_indexes: Vec<i32> [0..=7];
    }

    /// One of several groups. The name is Kafka's.
    pub struct OffsetFetchRequestGroup {
        group_id: Text [8..];
        member_id: Option<Text> [9..] null [9..];
        member_epoch: i32 [9..] = -1;
        topics: Option<Vec<OffsetFetchRequestTopics>> [8..] null [8..] = Some(Vec::new());
    }

    /// Partitions of one topic. The name is Kafka's.
    pub struct OffsetFetchRequestTopics {
        name: Text [8..];
        partition_indexes: Vec<i32> [8..];
    }

    /// The offsets.
    pub struct OffsetFetchResponse [flexible 6] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [3..];
        topics: Vec<OffsetFetchResponseTopic> [0..=7];
        /// An error of the whole group.
        error_code: i16 [2..=7];
        groups: Vec<OffsetFetchResponseGroup> [8..];
    }

    /// The offsets of one topic. The name is Kafka's.
    pub struct OffsetFetchResponseTopic {
        name: Text [0..=7];
        partitions: Vec<OffsetFetchResponsePartition> [0..=7];
    }

    /// The offset of one partition. The name is Kafka's.
    pub struct OffsetFetchResponsePartition {
        partition_index: i32 [0..=7];
        /// The next to read; −1 if none was committed.
        committed_offset: i64 [0..=7];
        committed_leader_epoch: i32 [5..=7] = -1;
        metadata: Option<Text> [0..=7] null [0..=7] = Some(Text::default());
        error_code: i16 [0..=7];
    }

    /// The offsets of one of several groups. The name is Kafka's.
    pub struct OffsetFetchResponseGroup {
        group_id: Text [8..];
        topics: Vec<OffsetFetchResponseTopics> [8..];
        error_code: i16 [8..];
    }

    /// The offsets of one topic. The name is Kafka's.
    pub struct OffsetFetchResponseTopics {
        name: Text [8..];
        partitions: Vec<OffsetFetchResponsePartitions> [8..];
    }

    /// The offset of one partition. The name is Kafka's.
    pub struct OffsetFetchResponsePartitions {
        partition_index: i32 [8..];
        committed_offset: i64 [8..];
        committed_leader_epoch: i32 [8..] = -1;
        metadata: Option<Text> [8..] null [8..] = Some(Text::default());
        error_code: i16 [8..];
    }
}
