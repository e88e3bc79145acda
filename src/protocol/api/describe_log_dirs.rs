//! DescribeLogDirs: how large the replicas of a broker are, by directory.

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// Asks for replicas.
    pub struct DescribeLogDirsRequest [flexible 2] {
        /// The topics; null for all.
        topics: Option<Vec<DescribableLogDirTopic>> [0..] null [0..] = Some(Vec::new());
    }

    /// Partitions of one topic.
    pub struct DescribableLogDirTopic {
        topic: Text [0..];
        partitions: Vec<i32> [0..];
    }

    /// The directories.
    pub struct DescribeLogDirsResponse [flexible 2] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [0..];
        error_code: i16 [3..];
        results: Vec<DescribeLogDirsResult> [0..];
    }

    /// One directory.
    pub struct DescribeLogDirsResult {
        error_code: i16 [0..];
        log_dir: Text [0..];
        topics: Vec<DescribeLogDirsTopic> [0..];
        /// The size of its volume in bytes; −1 is unknown.
        total_bytes: i64 [4..] = -1;
        usable_bytes: i64 [4..] = -1;
    }

    /// The replicas of one topic.
    pub struct DescribeLogDirsTopic {
        name: Text [0..];
        partitions: Vec<DescribeLogDirsPartition> [0..];
    }

    /// One replica.
    pub struct DescribeLogDirsPartition {
        partition_index: i32 [0..];
        partition_size: i64 [0..];
        /// How far it is behind the high watermark, or behind the replica it is to replace.
        offset_lag: i64 [0..];
        is_future_key: bool [0..];
    }
}
