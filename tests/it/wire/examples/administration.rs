//! Examples of what is asked of the controller: topics, places, leaders and settings.

use super::{ORDERS, text};
use kafka_playground::protocol::api::*;

pub fn stop_replica_request() -> StopReplicaRequest {
    use stop_replica::*;
    StopReplicaRequest {
        controller_id: 3,
        is_kraft_controller: true,
        controller_epoch: 4,
        broker_epoch: 31,
        delete_partitions: true,
        ungrouped_partitions: vec![StopReplicaPartitionV0 {
            topic_name: text("orders"),
            partition_index: 1,
        }],
        topics: vec![StopReplicaTopicV1 {
            name: text("orders"),
            partition_indexes: vec![1, 2],
        }],
        topic_states: vec![StopReplicaTopicState {
            topic_name: text("orders"),
            partition_states: vec![StopReplicaPartitionState {
                partition_index: 1,
                leader_epoch: 7,
                delete_partition: true,
            }],
        }],
    }
}

pub fn stop_replica_response() -> StopReplicaResponse {
    StopReplicaResponse {
        error_code: 11,
        partition_errors: vec![stop_replica::StopReplicaPartitionError {
            topic_name: text("orders"),
            partition_index: 1,
            error_code: 74,
        }],
    }
}

pub fn controlled_shutdown_response() -> ControlledShutdownResponse {
    ControlledShutdownResponse {
        error_code: 77,
        remaining_partitions: vec![controlled_shutdown::RemainingPartition {
            topic_name: text("orders"),
            partition_index: 2,
        }],
    }
}

pub fn delete_topics_request() -> DeleteTopicsRequest {
    use delete_topics::DeleteTopicState;
    DeleteTopicsRequest {
        topics: vec![
            DeleteTopicState {
                name: Some(text("payments")),
                ..Default::default()
            },
            DeleteTopicState {
                name: None,
                topic_id: ORDERS,
            },
        ],
        topic_names: vec![text("payments"), text("orders")],
        timeout_ms: 30_000,
    }
}

pub fn delete_topics_response() -> DeleteTopicsResponse {
    use delete_topics::DeletableTopicResult;
    DeleteTopicsResponse {
        throttle_time_ms: 100,
        responses: vec![
            DeletableTopicResult {
                name: Some(text("orders")),
                topic_id: ORDERS,
                ..Default::default()
            },
            DeletableTopicResult {
                name: Some(text("payments")),
                error_code: 3,
                error_message: Some(text("no such topic")),
                ..Default::default()
            },
        ],
    }
}

pub fn create_partitions_request() -> CreatePartitionsRequest {
    use create_partitions::*;
    CreatePartitionsRequest {
        topics: vec![
            CreatePartitionsTopic {
                name: text("orders"),
                count: 4,
                assignments: Some(vec![CreatePartitionsAssignment {
                    broker_ids: vec![2, 1],
                }]),
            },
            CreatePartitionsTopic {
                name: text("payments"),
                count: 6,
                assignments: None,
            },
        ],
        timeout_ms: 30_000,
        validate_only: true,
    }
}

pub fn create_partitions_response() -> CreatePartitionsResponse {
    use create_partitions::CreatePartitionsTopicResult;
    CreatePartitionsResponse {
        throttle_time_ms: 100,
        results: vec![
            CreatePartitionsTopicResult {
                name: text("orders"),
                ..Default::default()
            },
            CreatePartitionsTopicResult {
                name: text("payments"),
                error_code: 37,
                error_message: Some(text("Topic already has 6 partitions.")),
            },
        ],
    }
}

pub fn elect_leaders_request() -> ElectLeadersRequest {
    ElectLeadersRequest {
        election_type: 1,
        topic_partitions: Some(vec![elect_leaders::TopicPartitions {
            topic: text("orders"),
            partitions: vec![0, 2],
        }]),
        timeout_ms: 30_000,
    }
}

pub fn elect_leaders_response() -> ElectLeadersResponse {
    use elect_leaders::*;
    ElectLeadersResponse {
        throttle_time_ms: 100,
        error_code: 0,
        replica_election_results: vec![ReplicaElectionResult {
            topic: text("orders"),
            partition_result: vec![
                PartitionResult::default(),
                PartitionResult {
                    partition_id: 2,
                    error_code: 84,
                    error_message: Some(text("not needed")),
                },
            ],
        }],
    }
}

pub fn incremental_alter_configs_request() -> IncrementalAlterConfigsRequest {
    use incremental_alter_configs::*;
    let change = |name, config_operation, value: Option<&str>| AlterableConfig {
        name: text(name),
        config_operation,
        value: value.map(text),
    };
    IncrementalAlterConfigsRequest {
        resources: vec![AlterConfigsResource {
            resource_type: 2,
            resource_name: text("orders"),
            configs: vec![
                change("retention.ms", 0, Some("60000")),
                change("segment.bytes", 1, None),
            ],
        }],
        validate_only: true,
    }
}

pub fn incremental_alter_configs_response() -> IncrementalAlterConfigsResponse {
    IncrementalAlterConfigsResponse {
        throttle_time_ms: 100,
        responses: vec![incremental_alter_configs::AlterConfigsResourceResponse {
            error_code: 40,
            error_message: Some(text("not a number")),
            resource_type: 2,
            resource_name: text("orders"),
        }],
    }
}

pub fn alter_partition_reassignments_request() -> AlterPartitionReassignmentsRequest {
    use alter_partition_reassignments::*;
    let partition = |partition_index, replicas| ReassignablePartition {
        partition_index,
        replicas,
    };
    AlterPartitionReassignmentsRequest {
        timeout_ms: 30_000,
        topics: vec![ReassignableTopic {
            name: text("orders"),
            partitions: vec![partition(0, Some(vec![4, 1])), partition(1, None)],
        }],
    }
}

pub fn alter_partition_reassignments_response() -> AlterPartitionReassignmentsResponse {
    use alter_partition_reassignments::*;
    let partition =
        |partition_index, error_code, message: Option<&str>| ReassignablePartitionResponse {
            partition_index,
            error_code,
            error_message: message.map(text),
        };
    AlterPartitionReassignmentsResponse {
        throttle_time_ms: 100,
        error_code: 0,
        error_message: None,
        responses: vec![ReassignableTopicResponse {
            name: text("orders"),
            partitions: vec![
                partition(0, 0, None),
                partition(1, 85, Some("nothing is under way")),
            ],
        }],
    }
}

pub fn list_partition_reassignments_request() -> ListPartitionReassignmentsRequest {
    use list_partition_reassignments::ListPartitionReassignmentsTopics;
    ListPartitionReassignmentsRequest {
        timeout_ms: 30_000,
        topics: Some(vec![ListPartitionReassignmentsTopics {
            name: text("orders"),
            partition_indexes: vec![0, 1],
        }]),
    }
}

pub fn list_partition_reassignments_response() -> ListPartitionReassignmentsResponse {
    use list_partition_reassignments::*;
    ListPartitionReassignmentsResponse {
        throttle_time_ms: 100,
        error_code: 0,
        error_message: None,
        topics: vec![OngoingTopicReassignment {
            name: text("orders"),
            partitions: vec![OngoingPartitionReassignment {
                partition_index: 0,
                replicas: vec![4, 1, 2],
                adding_replicas: vec![4],
                removing_replicas: vec![2],
            }],
        }],
    }
}

pub fn describe_cluster_response() -> DescribeClusterResponse {
    use describe_cluster::DescribeClusterBroker;
    let broker = |broker_id, host, rack: Option<&str>| DescribeClusterBroker {
        broker_id,
        host: text(host),
        port: 9092,
        rack: rack.map(text),
    };
    DescribeClusterResponse {
        throttle_time_ms: 100,
        error_code: 0,
        error_message: None,
        endpoint_type: 1,
        cluster_id: text("playground"),
        controller_id: 3,
        brokers: vec![broker(1, "b1", Some("r1")), broker(3, "b3", None)],
        cluster_authorized_operations: 0x0de0,
    }
}
