//! Produce: appends record batches to partitions.
//!
//! The only request that may have no answer: with `acks` 0 the client does not wait, and a broker
//! that could not append can only close the connection.

use crate::model::Text;
use crate::protocol::chunks::Chunks;
use crate::protocol::message::messages;

messages! {
    /// Batches for any number of partitions, all led by the broker that is asked.
    pub struct ProduceRequest [flexible 9] {
        /// The transaction the batches belong to, or null.
        transactional_id: Option<Text> [3..] null [3..];
        /// Who must have the records before the answer: 0 nobody, 1 the leader, −1 every replica
        /// in the ISR.
        acks: i16 [0..];
        /// How long to wait for the replicas.
        timeout_ms: i32 [0..];
        topic_data: Vec<TopicProduceData> [0..];
    }

    /// The batches for one topic.
    pub struct TopicProduceData {
        name: Text [0..];
        partition_data: Vec<PartitionProduceData> [0..];
    }

    /// The batch for one partition.
    pub struct PartitionProduceData {
        index: i32 [0..];
        /// One record batch. More than one is refused by the broker, not by the codec.
        records: Option<Chunks> [0..] null [0..];
    }

    /// Where the batches stand now.
    pub struct ProduceResponse [flexible 9] {
        responses: Vec<TopicProduceResponse> [0..];
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [1..];
        /// Where the leaders named in this answer listen.
        node_endpoints: Vec<NodeEndpoint> [10..] tag [0];
    }

    /// The results for one topic.
    pub struct TopicProduceResponse {
        name: Text [0..];
        partition_responses: Vec<PartitionProduceResponse> [0..];
    }

    /// The result for one partition.
    pub struct PartitionProduceResponse {
        index: i32 [0..];
        error_code: i16 [0..];
        /// The offset given to the batch's first record; −1 with an error.
        base_offset: i64 [0..];
        /// The broker's time of appending, if the topic's timestamps are the broker's; else −1.
        log_append_time_ms: i64 [2..] = -1;
        /// The first offset of the log.
        log_start_offset: i64 [5..] = -1;
        /// The records for which the batch was refused.
        record_errors: Vec<BatchIndexAndErrorMessage> [8..];
        /// What was wrong, in words.
        error_message: Option<Text> [8..] null [8..];
        /// Who leads now, when this broker does not.
        current_leader: LeaderIdAndEpoch [10..] tag [0];
    }

    /// A record that was refused.
    pub struct BatchIndexAndErrorMessage {
        /// The record's place in its batch.
        batch_index: i32 [8..];
        /// What was wrong with it.
        batch_index_error_message: Option<Text> [8..] null [8..];
    }

    /// A partition's leader as far as the broker knows; −1 is unknown.
    pub struct LeaderIdAndEpoch {
        leader_id: i32 [10..] = -1;
        leader_epoch: i32 [10..] = -1;
    }

    /// Where a broker listens.
    pub struct NodeEndpoint {
        node_id: i32 [10..];
        host: Text [10..];
        port: i32 [10..];
        rack: Option<Text> [10..] null [10..];
    }
}
