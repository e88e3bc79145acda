//! One example of each message with every field filled in, from which the wire vectors are made.
//!
//! A version that lacks a field leaves it out, so one example serves all versions of a message.

use bytes::Bytes;
use kafka_playground::model::{Text, TopicId};
use kafka_playground::protocol::api::*;
use kafka_playground::protocol::records::{BatchBuilder, Codec, Header};
use kafka_playground::protocol::{AnyRequest, AnyResponse, ApiKey, Chunks};

mod administration;
mod groups;
mod storage;

use administration::*;
use groups::*;
use storage::*;

const NOON: i64 = 1_700_000_000_000;

const ORDERS: TopicId = TopicId([
    0x5a, 0x0c, 0x31, 0x9e, 0x7d, 0x44, 0x4f, 0x0b, 0x9a, 0x61, 0x02, 0xd7, 0x13, 0xe8, 0x66, 0x2f,
]);

fn text(text: &str) -> Text {
    text.into()
}

/// The request of an API.
pub fn request(api: ApiKey) -> AnyRequest {
    match api {
        ApiKey::Produce => AnyRequest::Produce(produce_request()),
        ApiKey::Fetch => AnyRequest::Fetch(fetch_request()),
        ApiKey::ListOffsets => AnyRequest::ListOffsets(list_offsets_request()),
        ApiKey::Metadata => AnyRequest::Metadata(metadata_request()),
        ApiKey::LeaderAndIsr => AnyRequest::LeaderAndIsr(leader_and_isr_request()),
        ApiKey::UpdateMetadata => AnyRequest::UpdateMetadata(update_metadata_request()),
        ApiKey::ApiVersions => AnyRequest::ApiVersions(ApiVersionsRequest {
            client_software_name: text("kafka-playground"),
            client_software_version: text("0.1.0"),
        }),
        ApiKey::CreateTopics => AnyRequest::CreateTopics(create_topics_request()),
        ApiKey::OffsetForLeaderEpoch => {
            AnyRequest::OffsetForLeaderEpoch(offset_for_leader_epoch_request())
        }
        ApiKey::AlterPartition => AnyRequest::AlterPartition(alter_partition_request()),
        ApiKey::StopReplica => AnyRequest::StopReplica(stop_replica_request()),
        ApiKey::ControlledShutdown => AnyRequest::ControlledShutdown(ControlledShutdownRequest {
            broker_id: 1,
            broker_epoch: 31,
        }),
        ApiKey::DeleteTopics => AnyRequest::DeleteTopics(delete_topics_request()),
        ApiKey::InitProducerId => AnyRequest::InitProducerId(InitProducerIdRequest {
            transactional_id: Some(text("transfers")),
            transaction_timeout_ms: 60_000,
            producer_id: 4000,
            producer_epoch: 3,
        }),
        ApiKey::CreatePartitions => AnyRequest::CreatePartitions(create_partitions_request()),
        ApiKey::ElectLeaders => AnyRequest::ElectLeaders(elect_leaders_request()),
        ApiKey::IncrementalAlterConfigs => {
            AnyRequest::IncrementalAlterConfigs(incremental_alter_configs_request())
        }
        ApiKey::DeleteRecords => AnyRequest::DeleteRecords(delete_records_request()),
        ApiKey::DescribeConfigs => AnyRequest::DescribeConfigs(describe_configs_request()),
        ApiKey::AlterConfigs => AnyRequest::AlterConfigs(alter_configs_request()),
        ApiKey::DescribeLogDirs => AnyRequest::DescribeLogDirs(describe_log_dirs_request()),
        ApiKey::AlterPartitionReassignments => {
            AnyRequest::AlterPartitionReassignments(alter_partition_reassignments_request())
        }
        ApiKey::ListPartitionReassignments => {
            AnyRequest::ListPartitionReassignments(list_partition_reassignments_request())
        }
        ApiKey::DescribeCluster => AnyRequest::DescribeCluster(DescribeClusterRequest {
            include_cluster_authorized_operations: true,
            endpoint_type: 1,
        }),
        ApiKey::AllocateProducerIds => {
            AnyRequest::AllocateProducerIds(AllocateProducerIdsRequest {
                broker_id: 2,
                broker_epoch: 31,
            })
        }
        ApiKey::FindCoordinator => AnyRequest::FindCoordinator(find_coordinator_request()),
        ApiKey::JoinGroup => AnyRequest::JoinGroup(join_group_request()),
        ApiKey::SyncGroup => AnyRequest::SyncGroup(sync_group_request()),
        ApiKey::Heartbeat => AnyRequest::Heartbeat(heartbeat_request()),
        ApiKey::SaslHandshake => AnyRequest::SaslHandshake(SaslHandshakeRequest {
            mechanism: text("PLAIN"),
        }),
        ApiKey::LeaveGroup => AnyRequest::LeaveGroup(leave_group_request()),
        ApiKey::OffsetCommit => AnyRequest::OffsetCommit(offset_commit_request()),
        ApiKey::OffsetFetch => AnyRequest::OffsetFetch(offset_fetch_request()),
        ApiKey::DescribeGroups => AnyRequest::DescribeGroups(describe_groups_request()),
        ApiKey::ListGroups => AnyRequest::ListGroups(list_groups_request()),
        ApiKey::DeleteGroups => AnyRequest::DeleteGroups(DeleteGroupsRequest {
            groups_names: vec![text("my-group"), text("payments")],
        }),
        ApiKey::OffsetDelete => AnyRequest::OffsetDelete(offset_delete_request()),
    }
}

/// The response of an API.
pub fn response(api: ApiKey) -> AnyResponse {
    match api {
        ApiKey::Produce => AnyResponse::Produce(produce_response()),
        ApiKey::Fetch => AnyResponse::Fetch(fetch_response()),
        ApiKey::ListOffsets => AnyResponse::ListOffsets(list_offsets_response()),
        ApiKey::Metadata => AnyResponse::Metadata(metadata_response()),
        ApiKey::LeaderAndIsr => AnyResponse::LeaderAndIsr(leader_and_isr_response()),
        ApiKey::UpdateMetadata => {
            AnyResponse::UpdateMetadata(UpdateMetadataResponse { error_code: 77 })
        }
        ApiKey::ApiVersions => AnyResponse::ApiVersions(api_versions_response()),
        ApiKey::CreateTopics => AnyResponse::CreateTopics(create_topics_response()),
        ApiKey::OffsetForLeaderEpoch => {
            AnyResponse::OffsetForLeaderEpoch(offset_for_leader_epoch_response())
        }
        ApiKey::AlterPartition => AnyResponse::AlterPartition(alter_partition_response()),
        ApiKey::StopReplica => AnyResponse::StopReplica(stop_replica_response()),
        ApiKey::ControlledShutdown => {
            AnyResponse::ControlledShutdown(controlled_shutdown_response())
        }
        ApiKey::DeleteTopics => AnyResponse::DeleteTopics(delete_topics_response()),
        ApiKey::InitProducerId => AnyResponse::InitProducerId(InitProducerIdResponse {
            throttle_time_ms: 100,
            error_code: 0,
            producer_id: 4000,
            producer_epoch: 3,
        }),
        ApiKey::CreatePartitions => AnyResponse::CreatePartitions(create_partitions_response()),
        ApiKey::ElectLeaders => AnyResponse::ElectLeaders(elect_leaders_response()),
        ApiKey::IncrementalAlterConfigs => {
            AnyResponse::IncrementalAlterConfigs(incremental_alter_configs_response())
        }
        ApiKey::DeleteRecords => AnyResponse::DeleteRecords(delete_records_response()),
        ApiKey::DescribeConfigs => AnyResponse::DescribeConfigs(describe_configs_response()),
        ApiKey::AlterConfigs => AnyResponse::AlterConfigs(alter_configs_response()),
        ApiKey::DescribeLogDirs => AnyResponse::DescribeLogDirs(describe_log_dirs_response()),
        ApiKey::AlterPartitionReassignments => {
            AnyResponse::AlterPartitionReassignments(alter_partition_reassignments_response())
        }
        ApiKey::ListPartitionReassignments => {
            AnyResponse::ListPartitionReassignments(list_partition_reassignments_response())
        }
        ApiKey::DescribeCluster => AnyResponse::DescribeCluster(describe_cluster_response()),
        ApiKey::AllocateProducerIds => {
            AnyResponse::AllocateProducerIds(AllocateProducerIdsResponse {
                throttle_time_ms: 100,
                error_code: 77,
                producer_id_start: 3000,
                producer_id_len: 1000,
            })
        }
        ApiKey::FindCoordinator => AnyResponse::FindCoordinator(find_coordinator_response()),
        ApiKey::JoinGroup => AnyResponse::JoinGroup(join_group_response()),
        ApiKey::SyncGroup => AnyResponse::SyncGroup(sync_group_response()),
        ApiKey::SaslHandshake => AnyResponse::SaslHandshake(SaslHandshakeResponse {
            error_code: 33,
            mechanisms: vec![text("PLAIN"), text("SCRAM-SHA-256")],
        }),
        ApiKey::Heartbeat => AnyResponse::Heartbeat(HeartbeatResponse {
            throttle_time_ms: 100,
            error_code: 27,
        }),
        ApiKey::LeaveGroup => AnyResponse::LeaveGroup(leave_group_response()),
        ApiKey::OffsetCommit => AnyResponse::OffsetCommit(offset_commit_response()),
        ApiKey::OffsetFetch => AnyResponse::OffsetFetch(offset_fetch_response()),
        ApiKey::DescribeGroups => AnyResponse::DescribeGroups(describe_groups_response()),
        ApiKey::ListGroups => AnyResponse::ListGroups(list_groups_response()),
        ApiKey::DeleteGroups => AnyResponse::DeleteGroups(delete_groups_response()),
        ApiKey::OffsetDelete => AnyResponse::OffsetDelete(offset_delete_response()),
    }
}

fn batch() -> BatchBuilder {
    let mut builder = BatchBuilder::new(Codec::None);
    let header = Header {
        key: text("h"),
        value: Some(Bytes::from_static(b"x")),
    };
    builder.append(NOON, Some(b"k1"), Some(b"v1"), &[header]);
    builder.append(NOON + 5, None, None, &[]);
    builder
}

fn produce_request() -> ProduceRequest {
    use produce::{PartitionProduceData, TopicProduceData};
    let partition = |index, records| PartitionProduceData { index, records };
    ProduceRequest {
        transactional_id: Some(text("transfers")),
        acks: -1,
        timeout_ms: 30_000,
        topic_data: vec![TopicProduceData {
            name: text("orders"),
            partition_data: vec![
                partition(0, Some(Chunks::from(batch().build()))),
                partition(2, None),
            ],
        }],
    }
}

fn produce_response() -> ProduceResponse {
    use produce::*;
    let fine = PartitionProduceResponse {
        index: 0,
        error_code: 0,
        base_offset: 42,
        log_append_time_ms: NOON,
        log_start_offset: 7,
        ..Default::default()
    };
    let refused = PartitionProduceResponse {
        index: 2,
        error_code: 87,
        base_offset: -1,
        record_errors: vec![BatchIndexAndErrorMessage {
            batch_index: 1,
            batch_index_error_message: Some(text("no key")),
        }],
        error_message: Some(text("one record was refused")),
        current_leader: LeaderIdAndEpoch {
            leader_id: 3,
            leader_epoch: 9,
        },
        ..Default::default()
    };
    ProduceResponse {
        responses: vec![TopicProduceResponse {
            name: text("orders"),
            partition_responses: vec![fine, refused],
        }],
        throttle_time_ms: 100,
        node_endpoints: vec![NodeEndpoint {
            node_id: 3,
            host: text("b3"),
            port: 9092,
            rack: Some(text("r1")),
        }],
    }
}

fn fetch_request() -> FetchRequest {
    use fetch::*;
    FetchRequest {
        cluster_id: Some(text("playground")),
        replica_id: 2,
        replica_state: ReplicaState {
            replica_id: 2,
            replica_epoch: 31,
        },
        max_wait_ms: 500,
        min_bytes: 1,
        max_bytes: 10_485_760,
        isolation_level: 1,
        session_id: 5,
        session_epoch: 12,
        topics: vec![FetchTopic {
            topic: text("orders"),
            topic_id: ORDERS,
            partitions: vec![FetchPartition {
                partition: 0,
                current_leader_epoch: 7,
                fetch_offset: 42,
                last_fetched_epoch: 6,
                log_start_offset: 3,
                partition_max_bytes: 1_048_576,
            }],
        }],
        forgotten_topics_data: vec![ForgottenTopic {
            topic: text("orders"),
            topic_id: ORDERS,
            partitions: vec![1, 2],
        }],
        rack_id: text("r1"),
    }
}

fn fetch_response() -> FetchResponse {
    use fetch::*;
    let mut batch = batch();
    batch.set_place(kafka_playground::model::Offset(42), 7);
    batch.set_producer(4000, 0, 10);
    let read = PartitionData {
        partition_index: 0,
        high_watermark: 44,
        last_stable_offset: 43,
        log_start_offset: 3,
        aborted_transactions: Some(vec![AbortedTransaction {
            producer_id: 4001,
            first_offset: 40,
        }]),
        preferred_read_replica: 2,
        records: Some(Chunks::from(batch.build())),
        ..Default::default()
    };
    let moved = PartitionData {
        partition_index: 1,
        error_code: 6,
        high_watermark: -1,
        diverging_epoch: EpochEndOffset {
            epoch: 6,
            end_offset: 40,
        },
        current_leader: LeaderIdAndEpoch {
            leader_id: 3,
            leader_epoch: 9,
        },
        snapshot_id: SnapshotId {
            end_offset: 30,
            epoch: 5,
        },
        ..Default::default()
    };
    FetchResponse {
        throttle_time_ms: 100,
        error_code: 0,
        session_id: 5,
        responses: vec![FetchableTopicResponse {
            topic: text("orders"),
            topic_id: ORDERS,
            partitions: vec![read, moved],
        }],
        node_endpoints: vec![NodeEndpoint {
            node_id: 3,
            host: text("b3"),
            port: 9092,
            rack: None,
        }],
    }
}

fn list_offsets_request() -> ListOffsetsRequest {
    use list_offsets::*;
    let partition = |partition_index, timestamp| ListOffsetsPartition {
        partition_index,
        current_leader_epoch: 7,
        timestamp,
        max_num_offsets: 3,
    };
    ListOffsetsRequest {
        replica_id: -1,
        isolation_level: 1,
        topics: vec![ListOffsetsTopic {
            name: text("orders"),
            partitions: vec![partition(0, LATEST), partition(1, NOON)],
        }],
    }
}

fn list_offsets_response() -> ListOffsetsResponse {
    use list_offsets::*;
    let partition = |partition_index, timestamp, offset| ListOffsetsPartitionResponse {
        partition_index,
        old_style_offsets: vec![offset, 12, 0],
        timestamp,
        offset,
        leader_epoch: 7,
        ..Default::default()
    };
    ListOffsetsResponse {
        throttle_time_ms: 100,
        topics: vec![ListOffsetsTopicResponse {
            name: text("orders"),
            partitions: vec![partition(0, -1, 44), partition(1, NOON + 3, 17)],
        }],
    }
}

fn metadata_request() -> MetadataRequest {
    let topic = metadata::MetadataRequestTopic {
        topic_id: ORDERS,
        name: Some(text("orders")),
    };
    MetadataRequest {
        topics: Some(vec![topic]),
        allow_auto_topic_creation: false,
        include_cluster_authorized_operations: true,
        include_topic_authorized_operations: true,
    }
}

fn metadata_response() -> MetadataResponse {
    use metadata::*;
    let broker = |node_id, host, rack: Option<&str>| MetadataResponseBroker {
        node_id,
        host: text(host),
        port: 9092,
        rack: rack.map(text),
    };
    let led = MetadataResponsePartition {
        error_code: 0,
        partition_index: 0,
        leader_id: 1,
        leader_epoch: 7,
        replica_nodes: vec![1, 2, 3],
        isr_nodes: vec![1, 3],
        offline_replicas: vec![2],
    };
    let leaderless = MetadataResponsePartition {
        error_code: 5,
        partition_index: 1,
        leader_id: -1,
        replica_nodes: vec![2],
        isr_nodes: vec![2],
        offline_replicas: vec![2],
        ..Default::default()
    };
    MetadataResponse {
        throttle_time_ms: 100,
        brokers: vec![broker(1, "b1", Some("r1")), broker(3, "b3", None)],
        cluster_id: Some(text("playground")),
        controller_id: 3,
        topics: vec![MetadataResponseTopic {
            error_code: 0,
            name: Some(text("orders")),
            topic_id: ORDERS,
            is_internal: true,
            partitions: vec![led, leaderless],
            topic_authorized_operations: 0x0df8,
        }],
        cluster_authorized_operations: 0x0de0,
    }
}

fn create_topics_request() -> CreateTopicsRequest {
    use create_topics::*;
    let counted = CreatableTopic {
        name: text("orders"),
        num_partitions: 3,
        replication_factor: 2,
        configs: vec![CreateableTopicConfig {
            name: text("cleanup.policy"),
            value: Some(text("compact")),
        }],
        ..Default::default()
    };
    let placed = CreatableTopic {
        name: text("payments"),
        num_partitions: -1,
        replication_factor: -1,
        assignments: vec![CreatableReplicaAssignment {
            partition_index: 0,
            broker_ids: vec![2, 1],
        }],
        ..Default::default()
    };
    CreateTopicsRequest {
        topics: vec![counted, placed],
        timeout_ms: 30_000,
        validate_only: true,
    }
}

fn create_topics_response() -> CreateTopicsResponse {
    use create_topics::*;
    let created = CreatableTopicResult {
        name: text("orders"),
        topic_id: ORDERS,
        num_partitions: 3,
        replication_factor: 2,
        configs: Some(vec![CreatableTopicConfigs {
            name: text("cleanup.policy"),
            value: Some(text("compact")),
            read_only: false,
            config_source: 1,
            is_sensitive: false,
        }]),
        ..Default::default()
    };
    let refused = CreatableTopicResult {
        name: text("payments"),
        error_code: 36,
        error_message: Some(text("Topic 'payments' already exists.")),
        topic_config_error_code: 29,
        configs: None,
        ..Default::default()
    };
    CreateTopicsResponse {
        throttle_time_ms: 100,
        topics: vec![created, refused],
    }
}

fn offset_for_leader_epoch_request() -> OffsetForLeaderEpochRequest {
    use offset_for_leader_epoch::*;
    OffsetForLeaderEpochRequest {
        replica_id: 2,
        topics: vec![OffsetForLeaderTopic {
            topic: text("orders"),
            partitions: vec![OffsetForLeaderPartition {
                partition: 0,
                current_leader_epoch: 7,
                leader_epoch: 6,
            }],
        }],
    }
}

fn offset_for_leader_epoch_response() -> OffsetForLeaderEpochResponse {
    use offset_for_leader_epoch::*;
    OffsetForLeaderEpochResponse {
        throttle_time_ms: 100,
        topics: vec![OffsetForLeaderTopicResult {
            topic: text("orders"),
            partitions: vec![EpochEndOffset {
                error_code: 0,
                partition: 0,
                leader_epoch: 5,
                end_offset: 40,
            }],
        }],
    }
}

fn leader_and_isr_request() -> LeaderAndIsrRequest {
    use leader_and_isr::*;
    let state = LeaderAndIsrPartitionState {
        topic_name: text("orders"),
        partition_index: 0,
        controller_epoch: 4,
        leader: 1,
        leader_epoch: 7,
        isr: vec![1, 3],
        partition_epoch: 11,
        replicas: vec![1, 2, 3],
        adding_replicas: vec![3],
        removing_replicas: vec![2],
        is_new: true,
        leader_recovery_state: 1,
    };
    LeaderAndIsrRequest {
        controller_id: 3,
        is_kraft_controller: true,
        controller_epoch: 4,
        broker_epoch: 31,
        request_type: 1,
        ungrouped_partition_states: vec![state.clone()],
        topic_states: vec![LeaderAndIsrTopicState {
            topic_name: text("orders"),
            topic_id: ORDERS,
            partition_states: vec![state],
        }],
        live_leaders: vec![LeaderAndIsrLiveLeader {
            broker_id: 1,
            host_name: text("b1"),
            port: 9092,
        }],
    }
}

fn leader_and_isr_response() -> LeaderAndIsrResponse {
    use leader_and_isr::*;
    let result = LeaderAndIsrPartitionError {
        topic_name: text("orders"),
        partition_index: 0,
        error_code: 56,
    };
    LeaderAndIsrResponse {
        error_code: 11,
        partition_errors: vec![result.clone()],
        topics: vec![LeaderAndIsrTopicError {
            topic_id: ORDERS,
            partition_errors: vec![result],
        }],
    }
}

fn update_metadata_request() -> UpdateMetadataRequest {
    use update_metadata::*;
    let state = UpdateMetadataPartitionState {
        topic_name: text("orders"),
        partition_index: 0,
        controller_epoch: 4,
        leader: 1,
        leader_epoch: 7,
        isr: vec![1, 3],
        zk_version: 11,
        replicas: vec![1, 2, 3],
        offline_replicas: vec![2],
    };
    UpdateMetadataRequest {
        controller_id: 3,
        is_kraft_controller: true,
        request_type: 1,
        controller_epoch: 4,
        broker_epoch: 31,
        ungrouped_partition_states: vec![state.clone()],
        topic_states: vec![UpdateMetadataTopicState {
            topic_name: text("orders"),
            topic_id: ORDERS,
            partition_states: vec![state],
        }],
        live_brokers: vec![UpdateMetadataBroker {
            id: 1,
            v0_host: text("b1"),
            v0_port: 9092,
            endpoints: vec![UpdateMetadataEndpoint {
                port: 9092,
                host: text("b1"),
                listener: text("PLAINTEXT"),
                security_protocol: 0,
            }],
            rack: Some(text("r1")),
        }],
    }
}

fn api_versions_response() -> ApiVersionsResponse {
    use api_versions::*;
    let row = |api_key, min_version, max_version| ApiVersion {
        api_key,
        min_version,
        max_version,
    };
    ApiVersionsResponse {
        error_code: 35,
        api_keys: vec![row(0, 3, 11), row(1, 4, 16), row(18, 0, 3)],
        throttle_time_ms: 100,
        supported_features: vec![SupportedFeatureKey {
            name: text("metadata.version"),
            min_version: 1,
            max_version: 20,
        }],
        finalized_features_epoch: 8,
        finalized_features: vec![FinalizedFeatureKey {
            name: text("metadata.version"),
            max_version_level: 20,
            min_version_level: 20,
        }],
        zk_migration_ready: true,
    }
}

fn alter_partition_request() -> AlterPartitionRequest {
    use alter_partition::*;
    AlterPartitionRequest {
        broker_id: 1,
        broker_epoch: 31,
        topics: vec![TopicData {
            topic_name: text("orders"),
            topic_id: ORDERS,
            partitions: vec![PartitionData {
                partition_index: 0,
                leader_epoch: 7,
                new_isr: vec![1, 3],
                new_isr_with_epochs: vec![
                    BrokerState {
                        broker_id: 1,
                        broker_epoch: 31,
                    },
                    BrokerState {
                        broker_id: 3,
                        broker_epoch: 29,
                    },
                ],
                leader_recovery_state: 1,
                partition_epoch: 11,
            }],
        }],
    }
}

fn alter_partition_response() -> AlterPartitionResponse {
    use alter_partition::*;
    AlterPartitionResponse {
        throttle_time_ms: 100,
        error_code: 0,
        topics: vec![TopicResult {
            topic_name: text("orders"),
            topic_id: ORDERS,
            partitions: vec![PartitionResult {
                partition_index: 0,
                error_code: 108,
                leader_id: 1,
                leader_epoch: 7,
                isr: vec![1, 3],
                leader_recovery_state: 1,
                partition_epoch: 12,
            }],
        }],
    }
}
