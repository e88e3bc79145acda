//! What stands in `__consumer_offsets`: the schemas of its keys and values.
//!
//! Each is written behind its version, a big-endian `i16`. A key of version 0 or 1 names an offset, of version
//! 2 a group; the version of a value is its own.

use bytes::Bytes;

use super::message::messages;
use crate::model::Text;

messages! {
    /// Names an offset. The name is Kafka's.
    pub struct OffsetCommitKey [flexible i16::MAX] {
        group: Text [0..];
        topic: Text [0..];
        partition: i32 [0..];
    }

    /// An offset. The name is Kafka's.
    pub struct OffsetCommitValue [flexible 4] {
        offset: i64 [0..];
        leader_epoch: i32 [3..] = -1;
        metadata: Text [0..];
        commit_timestamp: i64 [0..];
        expire_timestamp: i64 [1..=1] = -1;
    }

    /// Names a group. The name is Kafka's.
    pub struct GroupMetadataKey [flexible i16::MAX] {
        group: Text [0..];
    }

    /// A group in one of its generations. The name is Kafka's.
    pub struct GroupMetadataValue [flexible 4] {
        protocol_type: Text [0..];
        generation: i32 [0..];
        protocol: Option<Text> [0..] null [0..];
        leader: Option<Text> [0..] null [0..];
        current_state_timestamp: i64 [2..] = -1;
        members: Vec<MemberMetadata> [0..];
    }

    /// A member of it. The name is Kafka's.
    pub struct MemberMetadata {
        member_id: Text [0..];
        group_instance_id: Option<Text> [3..] null [3..];
        client_id: Text [0..];
        client_host: Text [0..];
        rebalance_timeout: i32 [1..] = -1;
        session_timeout: i32 [0..];
        subscription: Bytes [0..];
        assignment: Bytes [0..];
    }
}
