//! OffsetForLeaderEpoch: asks a leader where an earlier leader's epoch ended.
//!
//! A follower whose log does not continue in the leader's cuts it at the answer. The high watermark
//! would be the wrong place: a record below it may have been lost, and a record above it kept.

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// Asks where epochs end.
    pub struct OffsetForLeaderEpochRequest [flexible 4] {
        /// The follower that asks; −1 for a consumer, −2 for anybody.
        replica_id: i32 [3..] = -2;
        topics: Vec<OffsetForLeaderTopic> [0..];
    }

    pub struct OffsetForLeaderTopic {
        topic: Text [0..];
        partitions: Vec<OffsetForLeaderPartition> [0..];
    }

    /// Asks where an epoch of a partition ends.
    pub struct OffsetForLeaderPartition {
        partition: i32 [0..];
        /// The leader epoch the client knows; −1 is unknown.
        current_leader_epoch: i32 [2..] = -1;
        /// The epoch whose end is wanted.
        leader_epoch: i32 [0..];
    }

    /// Where the epochs end.
    pub struct OffsetForLeaderEpochResponse [flexible 4] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [2..];
        topics: Vec<OffsetForLeaderTopicResult> [0..];
    }

    pub struct OffsetForLeaderTopicResult {
        topic: Text [0..];
        partitions: Vec<EpochEndOffset> [0..];
    }

    /// Where an epoch ends.
    pub struct EpochEndOffset {
        error_code: i16 [0..];
        partition: i32 [0..];
        /// The largest epoch the leader has that is not above the one asked for; −1 if none.
        leader_epoch: i32 [1..] = -1;
        /// The first offset that does not belong to it; −1 if unknown.
        end_offset: i64 [0..] = -1;
    }
}
