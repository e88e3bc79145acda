//! What strangers ask of groups: to be members that they cannot be, and what only members may.

use super::hex;
use crate::model::{Text, TopicPartition};
use crate::protocol::api::join_group::JoinGroupRequestProtocol;
use crate::protocol::api::leave_group::MemberIdentity;
use crate::protocol::api::offset_commit::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use crate::protocol::api::offset_delete::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use crate::protocol::api::offset_fetch::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use crate::protocol::api::{
    DeleteGroupsRequest, DescribeGroupsRequest, FindCoordinatorRequest, HeartbeatRequest,
    JoinGroupRequest, LeaveGroupRequest, ListGroupsRequest, OffsetCommitRequest,
    OffsetDeleteRequest, OffsetFetchRequest, SyncGroupRequest,
};
use crate::swarm::Draw;

/// A group in which no member of ours is.
const STRANGE: &str = "strange";

/// A few such requests, one after the other.
pub(in crate::swarm) fn of_members(
    group: &str,
    partition: &TopicPartition,
    draw: &mut Draw,
) -> Vec<String> {
    let count = draw.between(3, 8);
    (0..count).map(|_| wish(group, partition, draw)).collect()
}

fn wish(group: &str, partition: &TopicPartition, draw: &mut Draw) -> String {
    let either = draw.pick(&[group, STRANGE]);
    match draw.between(0, 13) {
        0..3 => join(either, draw),
        3 => sync(either, draw),
        4 => {
            let request = HeartbeatRequest {
                group_id: draw.pick(&[either, ""]).into(),
                generation_id: draw.pick(&[-1, 1, 900]),
                member_id: "nobody".into(),
                group_instance_id: named(draw),
            };
            hex(&request, draw.between(0, 4))
        }
        5 => leave(either, draw),
        6..9 => commit(either, partition, draw),
        9 => fetch(either, partition, draw),
        10 => {
            // One that has members, one that there is not, and one that may be told to go.
            let request = DeleteGroupsRequest {
                groups_names: vec![draw.pick(&[group, "nowhere", STRANGE]).into()],
            };
            hex(&request, draw.between(0, 2))
        }
        11 => {
            let request = OffsetDeleteRequest {
                group_id: draw.pick(&[group, "nowhere", STRANGE, ""]).into(),
                topics: vec![OffsetDeleteRequestTopic {
                    name: partition.topic.0.clone(),
                    partitions: vec![OffsetDeleteRequestPartition {
                        partition_index: draw.pick(&[partition.partition, 900]),
                    }],
                }],
            };
            hex(&request, 0)
        }
        12 => {
            let request = DescribeGroupsRequest {
                groups: vec![either.into(), "nowhere".into(), Text::default()],
                ..DescribeGroupsRequest::default()
            };
            hex(&request, draw.between(0, 5))
        }
        _ => match draw.chance(1, 2) {
            true => hex(&ListGroupsRequest::default(), draw.between(0, 5)),
            false => {
                let request = FindCoordinatorRequest {
                    key: either.into(),
                    key_type: draw.pick(&[0, 1, 9]),
                    coordinator_keys: vec![either.into(), Text::default()],
                };
                hex(&request, draw.between(0, 5))
            }
        },
    }
}

/// The name of a static member that there may be.
fn named(draw: &mut Draw) -> Option<Text> {
    draw.chance(1, 2).then(|| draw.pick(&["m0", "m1"]).into())
}

fn join(group: &str, draw: &mut Draw) -> String {
    let known = JoinGroupRequestProtocol {
        name: "range".into(),
        metadata: bytes::Bytes::new(),
    };
    // Who is right in everything is right only where no member of ours is.
    let (group_id, session_timeout_ms, member_id, protocol_type, protocols) =
        match draw.between(0, 6) {
            0 => ("", 2_000, "", "consumer", vec![known]),
            1 => (
                group,
                draw.pick(&[1, i32::MAX]),
                "",
                "consumer",
                vec![known],
            ),
            2 => (group, 2_000, "nobody", "consumer", vec![known]),
            3 => (group, 2_000, "", "connect", vec![known]),
            4 => (group, 2_000, "", "consumer", Vec::new()),
            _ => (STRANGE, 2_000, "", "consumer", vec![known]),
        };
    let request = JoinGroupRequest {
        group_id: group_id.into(),
        session_timeout_ms,
        rebalance_timeout_ms: 3_000,
        member_id: member_id.into(),
        protocol_type: protocol_type.into(),
        protocols,
        ..JoinGroupRequest::default()
    };
    let version = match group_id == group && group != STRANGE && protocol_type == "connect" {
        // Of a group that is empty it would become a member at once, in the oldest versions.
        true => draw.between(4, 9),
        false => draw.between(0, 9),
    };
    hex(&request, version)
}

fn sync(group: &str, draw: &mut Draw) -> String {
    let request = SyncGroupRequest {
        group_id: draw.pick(&[group, ""]).into(),
        generation_id: draw.pick(&[0, 1, 900]),
        member_id: "nobody".into(),
        group_instance_id: named(draw),
        protocol_type: draw.chance(1, 2).then(|| "consumer".into()),
        protocol_name: Some("range".into()),
        ..SyncGroupRequest::default()
    };
    hex(&request, draw.between(0, 5))
}

fn leave(group: &str, draw: &mut Draw) -> String {
    let request = LeaveGroupRequest {
        group_id: group.into(),
        member_id: "nobody".into(),
        members: vec![MemberIdentity {
            member_id: "nobody".into(),
            group_instance_id: named(draw),
            ..MemberIdentity::default()
        }],
    };
    hex(&request, draw.between(0, 5))
}

fn commit(group: &str, partition: &TopicPartition, draw: &mut Draw) -> String {
    // What a stranger may commit is remembered for a group in which no member of ours is.
    let (group_id, generation, member) = match draw.between(0, 3) {
        0 => (group, draw.pick(&[5, 900]), "nobody"),
        1 => ("nowhere", 5, ""),
        _ => (STRANGE, -1, ""),
    };
    let note = draw.pick(&[0, 0, 3_000, 5_000]);
    let request = OffsetCommitRequest {
        group_id: group_id.into(),
        generation_id_or_member_epoch: generation,
        member_id: member.into(),
        topics: vec![OffsetCommitRequestTopic {
            name: partition.topic.0.clone(),
            partitions: vec![OffsetCommitRequestPartition {
                partition_index: draw.pick(&[partition.partition, partition.partition, 900]),
                committed_offset: draw.between(0, 50) as i64,
                committed_metadata: Some("n".repeat(note).into()),
                ..OffsetCommitRequestPartition::default()
            }],
        }],
        ..OffsetCommitRequest::default()
    };
    hex(&request, draw.between(0, 9))
}

fn fetch(group: &str, partition: &TopicPartition, draw: &mut Draw) -> String {
    let wanted = OffsetFetchRequestTopics {
        name: partition.topic.0.clone(),
        partition_indexes: vec![partition.partition, 900],
    };
    let older = OffsetFetchRequestTopic {
        name: wanted.name.clone(),
        partition_indexes: wanted.partition_indexes.clone(),
    };
    let request = OffsetFetchRequest {
        group_id: group.into(),
        topics: Some(vec![older]),
        groups: vec![OffsetFetchRequestGroup {
            group_id: group.into(),
            topics: Some(vec![wanted]),
            ..OffsetFetchRequestGroup::default()
        }],
        require_stable: draw.chance(1, 2),
    };
    hex(&request, draw.between(0, 9))
}
