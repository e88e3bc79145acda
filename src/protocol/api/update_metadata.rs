//! UpdateMetadata: the controller tells every broker what to answer to Metadata.

use crate::model::{Text, TopicId};
use crate::protocol::message::messages;

messages! {
    /// What has changed in the cluster.
    pub struct UpdateMetadataRequest [flexible 6] {
        controller_id: i32 [0..];
        /// Whether the controller is a KRaft one, during a migration.
        is_kraft_controller: bool [8..];
        /// Kafka's `Type`: 0 unknown, 1 what has changed, 2 everything.
        request_type: i8 [8..] tag [0];
        controller_epoch: i32 [0..];
        /// The life of the broker that this is meant for; −1 is unknown.
        broker_epoch: i64 [5..] = -1;
        /// The partitions, each with its topic's name.
        ungrouped_partition_states: Vec<UpdateMetadataPartitionState> [0..=4];
        /// The partitions by topic.
        topic_states: Vec<UpdateMetadataTopicState> [5..];
        /// All brokers that are alive.
        live_brokers: Vec<UpdateMetadataBroker> [0..];
    }

    /// The partitions of one topic.
    pub struct UpdateMetadataTopicState {
        topic_name: Text [5..];
        topic_id: TopicId [7..];
        partition_states: Vec<UpdateMetadataPartitionState> [5..];
    }

    /// The state of a partition.
    pub struct UpdateMetadataPartitionState {
        topic_name: Text [0..=4];
        partition_index: i32 [0..];
        /// The epoch of the controller that decided this state.
        controller_epoch: i32 [0..];
        /// The leader; −1 for none, −2 while the topic is being deleted.
        leader: i32 [0..];
        leader_epoch: i32 [0..];
        isr: Vec<i32> [0..];
        /// The version of the partition's state in ZooKeeper.
        zk_version: i32 [0..];
        replicas: Vec<i32> [0..];
        /// The replicas that are not alive.
        offline_replicas: Vec<i32> [4..];
    }

    /// A broker that is alive.
    pub struct UpdateMetadataBroker {
        id: i32 [0..];
        /// Where it listens, in version 0.
        v0_host: Text [0..=0];
        /// Where it listens, in version 0.
        v0_port: i32 [0..=0];
        endpoints: Vec<UpdateMetadataEndpoint> [1..];
        rack: Option<Text> [2..] null [0..];
    }

    /// One of the places where a broker listens.
    pub struct UpdateMetadataEndpoint {
        port: i32 [1..];
        host: Text [1..];
        /// The name of the listener.
        listener: Text [3..];
        /// 0 is plain text.
        security_protocol: i16 [1..];
    }

    /// Whether the broker obeyed.
    pub struct UpdateMetadataResponse [flexible 6] {
        error_code: i16 [0..];
    }
}
