//! ListOffsets: finds an offset by time, or the first or the last one.

use crate::model::Text;
use crate::protocol::message::messages;

/// The offset after the last record that a client may read.
pub const LATEST: i64 = -1;
/// The first offset of the log.
pub const EARLIEST: i64 = -2;
/// The record with the greatest timestamp; from version 7 on.
pub const MAX_TIMESTAMP: i64 = -3;
/// The first offset on the broker's own disk; from version 8 on.
pub const EARLIEST_LOCAL: i64 = -4;

messages! {
    /// Asks for offsets by time.
    pub struct ListOffsetsRequest [flexible 6] {
        /// The replica that asks, or −1 for a client.
        replica_id: i32 [0..];
        /// 1 if only decided transactions count towards the last offset.
        isolation_level: i8 [2..];
        topics: Vec<ListOffsetsTopic> [0..];
    }

    pub struct ListOffsetsTopic {
        name: Text [0..];
        partitions: Vec<ListOffsetsPartition> [0..];
    }

    /// Which offset of a partition is wanted.
    pub struct ListOffsetsPartition {
        partition_index: i32 [0..];
        /// The leader epoch the client knows; −1 is unknown.
        current_leader_epoch: i32 [4..] = -1;
        /// The time in milliseconds, or one of the constants of this module.
        timestamp: i64 [0..];
        /// How many offsets to list, in version 0.
        max_num_offsets: i32 [0..=0] = 1;
    }

    /// The offsets that were found.
    pub struct ListOffsetsResponse [flexible 6] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [2..];
        topics: Vec<ListOffsetsTopicResponse> [0..];
    }

    pub struct ListOffsetsTopicResponse {
        name: Text [0..];
        partitions: Vec<ListOffsetsPartitionResponse> [0..];
    }

    /// The offset that was found in a partition.
    pub struct ListOffsetsPartitionResponse {
        partition_index: i32 [0..];
        error_code: i16 [0..];
        /// The offsets, in version 0.
        old_style_offsets: Vec<i64> [0..=0];
        /// The timestamp of the record found; −1 if none was looked for by time.
        timestamp: i64 [1..] = -1;
        /// The offset; −1 if no record is so young.
        offset: i64 [1..] = -1;
        /// The epoch of the leader that wrote that record; −1 is unknown.
        leader_epoch: i32 [4..] = -1;
    }
}
