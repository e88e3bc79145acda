//! Examples of what members of a group and administrators ask of its coordinator.

use super::{NOON, text};
use bytes::Bytes;
use kafka_playground::protocol::api::*;

/// The id of a member, as a coordinator gives it.
const MEMBER: &str = "app-8f0e1c2d-0000-4000-8000-000000000001";

pub fn find_coordinator_request() -> FindCoordinatorRequest {
    FindCoordinatorRequest {
        key: text("my-group"),
        key_type: 0,
        coordinator_keys: vec![text("my-group"), text("payments")],
    }
}

pub fn find_coordinator_response() -> FindCoordinatorResponse {
    use find_coordinator::Coordinator;
    FindCoordinatorResponse {
        throttle_time_ms: 100,
        error_code: 15,
        error_message: Some(text("nobody yet")),
        node_id: 2,
        host: text("broker-2"),
        port: 9092,
        coordinators: vec![
            Coordinator {
                key: text("my-group"),
                node_id: 2,
                host: text("broker-2"),
                port: 9092,
                ..Default::default()
            },
            Coordinator {
                key: text("payments"),
                node_id: -1,
                port: -1,
                error_code: 15,
                error_message: Some(text("nobody yet")),
                ..Default::default()
            },
        ],
    }
}

pub fn join_group_request() -> JoinGroupRequest {
    JoinGroupRequest {
        group_id: text("my-group"),
        session_timeout_ms: 45_000,
        rebalance_timeout_ms: 300_000,
        member_id: text(MEMBER),
        group_instance_id: Some(text("first")),
        protocol_type: text("consumer"),
        protocols: vec![join_group::JoinGroupRequestProtocol {
            name: text("range"),
            metadata: Bytes::from_static(b"topics"),
        }],
        reason: Some(text("the subscription changed")),
    }
}

pub fn join_group_response() -> JoinGroupResponse {
    JoinGroupResponse {
        throttle_time_ms: 100,
        error_code: 0,
        generation_id: 3,
        protocol_type: Some(text("consumer")),
        protocol_name: Some(text("range")),
        leader: text(MEMBER),
        skip_assignment: true,
        member_id: text(MEMBER),
        members: vec![join_group::JoinGroupResponseMember {
            member_id: text(MEMBER),
            group_instance_id: None,
            metadata: Bytes::from_static(b"topics"),
        }],
    }
}

pub fn sync_group_request() -> SyncGroupRequest {
    SyncGroupRequest {
        group_id: text("my-group"),
        generation_id: 3,
        member_id: text(MEMBER),
        group_instance_id: Some(text("first")),
        protocol_type: Some(text("consumer")),
        protocol_name: Some(text("range")),
        assignments: vec![sync_group::SyncGroupRequestAssignment {
            member_id: text(MEMBER),
            assignment: Bytes::from_static(b"all"),
        }],
    }
}

pub fn sync_group_response() -> SyncGroupResponse {
    SyncGroupResponse {
        throttle_time_ms: 100,
        error_code: 27,
        protocol_type: Some(text("consumer")),
        protocol_name: Some(text("range")),
        assignment: Bytes::from_static(b"all"),
    }
}

pub fn heartbeat_request() -> HeartbeatRequest {
    HeartbeatRequest {
        group_id: text("my-group"),
        generation_id: 3,
        member_id: text(MEMBER),
        group_instance_id: None,
    }
}

pub fn leave_group_request() -> LeaveGroupRequest {
    LeaveGroupRequest {
        group_id: text("my-group"),
        member_id: text(MEMBER),
        members: vec![leave_group::MemberIdentity {
            member_id: text(MEMBER),
            group_instance_id: Some(text("first")),
            reason: Some(text("it is closed")),
        }],
    }
}

pub fn leave_group_response() -> LeaveGroupResponse {
    LeaveGroupResponse {
        throttle_time_ms: 100,
        error_code: 0,
        members: vec![leave_group::MemberResponse {
            member_id: text(MEMBER),
            group_instance_id: Some(text("first")),
            error_code: 25,
        }],
    }
}

pub fn offset_commit_request() -> OffsetCommitRequest {
    use offset_commit::*;
    OffsetCommitRequest {
        group_id: text("my-group"),
        generation_id_or_member_epoch: 3,
        member_id: text(MEMBER),
        group_instance_id: Some(text("first")),
        retention_time_ms: 3_600_000,
        topics: vec![OffsetCommitRequestTopic {
            name: text("orders"),
            partitions: vec![OffsetCommitRequestPartition {
                partition_index: 3,
                committed_offset: 42,
                committed_leader_epoch: 7,
                commit_timestamp: NOON,
                committed_metadata: Some(text("after breakfast")),
            }],
        }],
    }
}

pub fn offset_commit_response() -> OffsetCommitResponse {
    use offset_commit::*;
    OffsetCommitResponse {
        throttle_time_ms: 100,
        topics: vec![OffsetCommitResponseTopic {
            name: text("orders"),
            partitions: vec![OffsetCommitResponsePartition {
                partition_index: 3,
                error_code: 22,
            }],
        }],
    }
}

pub fn offset_fetch_request() -> OffsetFetchRequest {
    use offset_fetch::*;
    OffsetFetchRequest {
        group_id: text("my-group"),
        topics: Some(vec![OffsetFetchRequestTopic {
            name: text("orders"),
            partition_indexes: vec![0, 3],
        }]),
        groups: vec![
            OffsetFetchRequestGroup {
                group_id: text("my-group"),
                member_id: Some(text(MEMBER)),
                member_epoch: 3,
                topics: Some(vec![OffsetFetchRequestTopics {
                    name: text("orders"),
                    partition_indexes: vec![0, 3],
                }]),
            },
            OffsetFetchRequestGroup {
                group_id: text("payments"),
                topics: None,
                ..Default::default()
            },
        ],
        require_stable: true,
    }
}

pub fn offset_fetch_response() -> OffsetFetchResponse {
    use offset_fetch::*;
    OffsetFetchResponse {
        throttle_time_ms: 100,
        topics: vec![OffsetFetchResponseTopic {
            name: text("orders"),
            partitions: vec![OffsetFetchResponsePartition {
                partition_index: 3,
                committed_offset: 42,
                committed_leader_epoch: 7,
                metadata: Some(text("after breakfast")),
                error_code: 0,
            }],
        }],
        error_code: 14,
        groups: vec![OffsetFetchResponseGroup {
            group_id: text("my-group"),
            topics: vec![OffsetFetchResponseTopics {
                name: text("orders"),
                partitions: vec![OffsetFetchResponsePartitions {
                    partition_index: 3,
                    committed_offset: 42,
                    committed_leader_epoch: 7,
                    metadata: Some(text("after breakfast")),
                    error_code: 0,
                }],
            }],
            error_code: 14,
        }],
    }
}

pub fn describe_groups_request() -> DescribeGroupsRequest {
    DescribeGroupsRequest {
        groups: vec![text("my-group")],
        include_authorized_operations: true,
    }
}

pub fn describe_groups_response() -> DescribeGroupsResponse {
    use describe_groups::*;
    DescribeGroupsResponse {
        throttle_time_ms: 100,
        groups: vec![DescribedGroup {
            error_code: 0,
            group_id: text("my-group"),
            group_state: text("Stable"),
            protocol_type: text("consumer"),
            protocol_data: text("range"),
            members: vec![DescribedGroupMember {
                member_id: text(MEMBER),
                group_instance_id: Some(text("first")),
                client_id: text("app"),
                client_host: text("/127.0.0.1"),
                member_metadata: Bytes::from_static(b"topics"),
                member_assignment: Bytes::from_static(b"all"),
            }],
            authorized_operations: 328,
        }],
    }
}

pub fn list_groups_request() -> ListGroupsRequest {
    ListGroupsRequest {
        states_filter: vec![text("Stable")],
        types_filter: vec![text("classic")],
    }
}

pub fn list_groups_response() -> ListGroupsResponse {
    ListGroupsResponse {
        throttle_time_ms: 100,
        error_code: 14,
        groups: vec![list_groups::ListedGroup {
            group_id: text("my-group"),
            protocol_type: text("consumer"),
            group_state: text("Stable"),
            group_type: text("classic"),
        }],
    }
}

pub fn delete_groups_response() -> DeleteGroupsResponse {
    DeleteGroupsResponse {
        throttle_time_ms: 100,
        results: vec![delete_groups::DeletableGroupResult {
            group_id: text("my-group"),
            error_code: 68,
        }],
    }
}

pub fn offset_delete_request() -> OffsetDeleteRequest {
    use offset_delete::*;
    OffsetDeleteRequest {
        group_id: text("my-group"),
        topics: vec![OffsetDeleteRequestTopic {
            name: text("orders"),
            partitions: vec![OffsetDeleteRequestPartition { partition_index: 3 }],
        }],
    }
}

pub fn offset_delete_response() -> OffsetDeleteResponse {
    use offset_delete::*;
    OffsetDeleteResponse {
        error_code: 69,
        throttle_time_ms: 100,
        topics: vec![OffsetDeleteResponseTopic {
            name: text("orders"),
            partitions: vec![OffsetDeleteResponsePartition {
                partition_index: 3,
                error_code: 86,
            }],
        }],
    }
}
