//! Metadata: who the brokers are, which topics exist and who leads each partition.
//!
//! Any broker may be asked and answers from its own cache, which the controller keeps up to date; two
//! brokers can disagree for a while. Asking for a topic may create it.

use crate::model::{Text, TopicId};
use crate::protocol::message::messages;

/// `topic_authorized_operations` and `cluster_authorized_operations` of those who did not ask.
pub const NOT_ASKED: i32 = i32::MIN;

messages! {
    /// Asks about topics.
    pub struct MetadataRequest [flexible 9] {
        /// The topics; null is all. Version 0 has no null: there an empty list is all.
        topics: Option<Vec<MetadataRequestTopic>> [0..] null [1..];
        /// Whether a topic that does not exist may be created.
        allow_auto_topic_creation: bool [4..] = true;
        /// Whether to say what the client may do to the cluster.
        include_cluster_authorized_operations: bool [8..=10];
        /// Whether to say what the client may do to the topics.
        include_topic_authorized_operations: bool [8..];
    }

    /// A topic by name, or from version 12 on by id with a null name.
    pub struct MetadataRequestTopic {
        topic_id: TopicId [10..];
        name: Option<Text> [0..] null [10..];
    }

    /// The broker's view of the cluster.
    pub struct MetadataResponse [flexible 9] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [3..];
        /// The brokers that are alive.
        brokers: Vec<MetadataResponseBroker> [0..];
        cluster_id: Option<Text> [2..] null [2..];
        /// The controller; −1 if unknown.
        controller_id: i32 [1..] = -1;
        topics: Vec<MetadataResponseTopic> [0..];
        /// What the client may do to the cluster, a bit per operation.
        cluster_authorized_operations: i32 [8..=10] = NOT_ASKED;
    }

    /// A broker that is alive.
    pub struct MetadataResponseBroker {
        node_id: i32 [0..];
        host: Text [0..];
        port: i32 [0..];
        rack: Option<Text> [1..] null [1..];
    }

    /// A topic.
    pub struct MetadataResponseTopic {
        error_code: i16 [0..];
        /// The name; null if the client asked for an id that nobody knows.
        name: Option<Text> [0..] null [12..];
        topic_id: TopicId [10..];
        /// Whether it is one of Kafka's own topics.
        is_internal: bool [1..];
        partitions: Vec<MetadataResponsePartition> [0..];
        /// What the client may do to the topic, a bit per operation.
        topic_authorized_operations: i32 [8..] = NOT_ASKED;
    }

    /// A partition.
    pub struct MetadataResponsePartition {
        error_code: i16 [0..];
        partition_index: i32 [0..];
        /// The leader; −1 if there is none.
        leader_id: i32 [0..];
        /// Counts the leaders; −1 is unknown.
        leader_epoch: i32 [7..] = -1;
        /// The brokers it is assigned to, the preferred leader first.
        replica_nodes: Vec<i32> [0..];
        /// The replicas that count.
        isr_nodes: Vec<i32> [0..];
        /// The replicas that are not alive.
        offline_replicas: Vec<i32> [5..];
    }
}
