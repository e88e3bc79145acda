//! DeleteRecords: moves the beginning of logs forward. Only leaders do it.

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// The logs to shorten.
    pub struct DeleteRecordsRequest [flexible 2] {
        topics: Vec<DeleteRecordsTopic> [0..];
        /// How long to wait for the followers.
        timeout_ms: i32 [0..];
    }

    /// Partitions of one topic.
    pub struct DeleteRecordsTopic {
        name: Text [0..];
        partitions: Vec<DeleteRecordsPartition> [0..];
    }

    /// Where one partition begins from now on.
    pub struct DeleteRecordsPartition {
        partition_index: i32 [0..];
        /// The first offset that stays; −1 for the high watermark.
        offset: i64 [0..];
    }

    /// What became of them.
    pub struct DeleteRecordsResponse [flexible 2] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [0..];
        topics: Vec<DeleteRecordsTopicResult> [0..];
    }

    /// What became of one topic's.
    pub struct DeleteRecordsTopicResult {
        name: Text [0..];
        partitions: Vec<DeleteRecordsPartitionResult> [0..];
    }

    /// What became of one partition.
    pub struct DeleteRecordsPartitionResult {
        partition_index: i32 [0..];
        /// Where the log of the replica begins that begins first.
        low_watermark: i64 [0..];
        error_code: i16 [0..];
    }
}
