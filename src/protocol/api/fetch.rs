//! Fetch: reads record batches. Consumers and followers use the same request.
//!
//! What sets a follower apart is its replica id: its fetch offset tells the leader how far it has
//! copied, which is what moves the high watermark. From version 7 on a *session* may remember the
//! partitions of earlier requests, so that only changes need to be said.

use crate::model::{Text, TopicId};
use crate::protocol::chunks::Chunks;
use crate::protocol::message::messages;

messages! {
    /// Asks for batches from given offsets on.
    pub struct FetchRequest [flexible 12] {
        /// The cluster the client believes to talk to, if it knows.
        cluster_id: Option<Text> [12..] null [12..] tag [0];
        /// The follower that asks, or −1 for a consumer; since version 15 in `replica_state`.
        replica_id: i32 [0..=14] = -1;
        /// The follower that asks, and which life of it.
        replica_state: ReplicaState [15..] tag [1];
        /// How long the answer may wait for `min_bytes` to be there.
        max_wait_ms: i32 [0..];
        /// How many bytes are worth an answer.
        min_bytes: i32 [0..];
        /// How many bytes the answer should not exceed, except for its first batch.
        max_bytes: i32 [3..] = i32::MAX;
        /// 0 shows every record below the high watermark, 1 only those of decided transactions.
        isolation_level: i8 [4..];
        /// The session, or 0 for none.
        session_id: i32 [7..];
        /// The number of the request in its session; 0 opens one, −1 wants none.
        session_epoch: i32 [7..] = -1;
        topics: Vec<FetchTopic> [0..];
        /// The partitions to drop from the session.
        forgotten_topics_data: Vec<ForgottenTopic> [7..];
        /// Where the consumer is, so that a near replica may be preferred.
        rack_id: Text [11..];
    }

    /// A follower, and which life of it.
    pub struct ReplicaState {
        /// The follower, or −1 for a consumer.
        replica_id: i32 [15..] = -1;
        /// The follower's broker epoch, or −1.
        replica_epoch: i64 [15..] = -1;
    }

    /// A topic to read from; named up to version 12, by id from 13 on.
    pub struct FetchTopic {
        topic: Text [0..=12];
        topic_id: TopicId [13..];
        partitions: Vec<FetchPartition> [0..];
    }

    /// A partition to read from.
    pub struct FetchPartition {
        partition: i32 [0..];
        /// The leader epoch the client knows; the broker refuses if its own differs. −1 is unknown.
        current_leader_epoch: i32 [9..] = -1;
        /// The first offset wanted.
        fetch_offset: i64 [0..];
        /// The epoch of the last record the follower has, by which the leader sees whether the two
        /// logs agree so far.
        last_fetched_epoch: i32 [12..] = -1;
        /// The first offset of the follower's log; −1 for consumers.
        log_start_offset: i64 [5..] = -1;
        /// How many bytes of this partition to send at most, except for the first batch.
        partition_max_bytes: i32 [0..];
    }

    /// Partitions that the session shall forget.
    pub struct ForgottenTopic {
        topic: Text [7..=12];
        topic_id: TopicId [13..];
        partitions: Vec<i32> [7..];
    }

    /// Batches, and how far they may be read.
    pub struct FetchResponse [flexible 12] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [1..];
        /// An error of the whole request, such as an unknown session.
        error_code: i16 [7..];
        /// The session that was opened or used; 0 for none.
        session_id: i32 [7..];
        responses: Vec<FetchableTopicResponse> [0..];
        /// Where the leaders named in this answer listen.
        node_endpoints: Vec<NodeEndpoint> [16..] tag [0];
    }

    /// What was read of one topic.
    pub struct FetchableTopicResponse {
        topic: Text [0..=12];
        topic_id: TopicId [13..];
        partitions: Vec<PartitionData> [0..];
    }

    /// What was read of one partition.
    pub struct PartitionData {
        partition_index: i32 [0..];
        error_code: i16 [0..];
        /// The offset below which every record is on all replicas in the ISR. By it followers learn
        /// what is committed.
        high_watermark: i64 [0..];
        /// The offset below which every transaction is decided.
        last_stable_offset: i64 [4..] = -1;
        /// The first offset of the log.
        log_start_offset: i64 [5..] = -1;
        /// Where the follower's log parts from the leader's: the follower must cut its log there.
        diverging_epoch: EpochEndOffset [12..] tag [0];
        /// Who leads now, when this broker does not.
        current_leader: LeaderIdAndEpoch [12..] tag [1];
        /// The snapshot to load instead; KRaft only.
        snapshot_id: SnapshotId [12..] tag [2];
        /// Transactions whose records a reader of committed records must skip; null for others.
        aborted_transactions: Option<Vec<AbortedTransaction>> [4..] null [4..];
        /// The replica a consumer should read from instead; −1 for none.
        preferred_read_replica: i32 [11..] = -1;
        /// Whole stored batches. The first may begin before the offset asked for, and the last may
        /// be cut short.
        records: Option<Chunks> [0..] null [0..];
    }

    /// The end of an epoch; −1 is unknown.
    pub struct EpochEndOffset {
        epoch: i32 [12..] = -1;
        end_offset: i64 [12..] = -1;
    }

    /// A partition's leader as far as the broker knows; −1 is unknown.
    pub struct LeaderIdAndEpoch {
        leader_id: i32 [12..] = -1;
        leader_epoch: i32 [12..] = -1;
    }

    /// Names a snapshot by where it ends.
    pub struct SnapshotId {
        end_offset: i64 [0..] = -1;
        epoch: i32 [0..] = -1;
    }

    /// A transaction that was aborted.
    pub struct AbortedTransaction {
        producer_id: i64 [4..];
        /// The transaction's first offset in this partition.
        first_offset: i64 [4..];
    }

    /// Where a broker listens.
    pub struct NodeEndpoint {
        node_id: i32 [16..];
        host: Text [16..];
        port: i32 [16..];
        rack: Option<Text> [16..] null [16..];
    }
}
