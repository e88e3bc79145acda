//! CreateTopics: creates topics. Only the controller does it.

use crate::model::{Text, TopicId};
use crate::protocol::message::messages;

messages! {
    /// Asks for new topics.
    pub struct CreateTopicsRequest [flexible 5] {
        topics: Vec<CreatableTopic> [0..];
        /// How long to wait for the topics to be ready.
        timeout_ms: i32 [0..] = 60000;
        /// Whether only to check what would happen.
        validate_only: bool [1..];
    }

    /// A topic to create: with counts, or with every replica's place.
    pub struct CreatableTopic {
        name: Text [0..];
        /// The number of partitions; −1 for the broker's default, or if `assignments` says it.
        num_partitions: i32 [0..];
        /// The number of replicas of each; −1 likewise.
        replication_factor: i16 [0..];
        assignments: Vec<CreatableReplicaAssignment> [0..];
        configs: Vec<CreateableTopicConfig> [0..];
    }

    /// Which brokers get a partition.
    pub struct CreatableReplicaAssignment {
        partition_index: i32 [0..];
        /// The preferred leader first.
        broker_ids: Vec<i32> [0..];
    }

    /// A setting of the new topic. The spelling of the name is Kafka's.
    pub struct CreateableTopicConfig {
        name: Text [0..];
        value: Option<Text> [0..] null [0..];
    }

    /// What became of the topics.
    pub struct CreateTopicsResponse [flexible 5] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [2..];
        topics: Vec<CreatableTopicResult> [0..];
    }

    /// What became of one topic.
    pub struct CreatableTopicResult {
        name: Text [0..];
        topic_id: TopicId [7..];
        error_code: i16 [0..];
        error_message: Option<Text> [1..] null [0..];
        /// Why the settings below are missing.
        topic_config_error_code: i16 [5..] tag [0];
        /// The number of partitions it got; −1 with an error.
        num_partitions: i32 [5..] = -1;
        /// The number of replicas of each; −1 with an error.
        replication_factor: i16 [5..] = -1;
        /// The topic's settings; null with an error.
        configs: Option<Vec<CreatableTopicConfigs>> [5..] null [5..] = Some(Vec::new());
    }

    /// A setting the new topic has.
    pub struct CreatableTopicConfigs {
        name: Text [5..];
        value: Option<Text> [5..] null [5..];
        read_only: bool [5..];
        /// Where the value comes from: 1 the topic, 4 the broker's file, 5 Kafka's default.
        config_source: i8 [5..] = -1;
        is_sensitive: bool [5..];
    }
}
