//! Topics, partitions and settings that cannot be.

use super::{NOBODYS, hex};
use crate::model::{Text, TopicId, TopicPartition};
use crate::protocol::api::alter_partition_reassignments::{
    ReassignablePartition, ReassignableTopic,
};
use crate::protocol::api::create_partitions::{CreatePartitionsAssignment, CreatePartitionsTopic};
use crate::protocol::api::create_topics::{
    CreatableReplicaAssignment, CreatableTopic, CreateableTopicConfig,
};
use crate::protocol::api::delete_topics::DeleteTopicState;
use crate::protocol::api::elect_leaders::TopicPartitions;
use crate::protocol::api::incremental_alter_configs::{AlterConfigsResource, AlterableConfig};
use crate::protocol::api::{
    AlterPartitionReassignmentsRequest, CreatePartitionsRequest, CreateTopicsRequest,
    DeleteTopicsRequest, ElectLeadersRequest, IncrementalAlterConfigsRequest,
};
use crate::swarm::Draw;

/// Topics that cannot be made or removed.
pub(super) fn topics(partition: &TopicPartition, draw: &mut Draw) -> String {
    let named = |name: &str, partitions: i32, factor: i16| CreatableTopic {
        name: name.into(),
        num_partitions: partitions,
        replication_factor: factor,
        ..CreatableTopic::default()
    };
    let assigned = |partition_index: i32, broker_ids: &[i32]| CreatableReplicaAssignment {
        partition_index,
        broker_ids: broker_ids.to_vec(),
    };
    let there = partition.topic.as_str();
    let wished = match draw.between(0, 11) {
        0 => vec![named(there, 1, 1)],
        1 => vec![named("wished", draw.pick(&[0, -5]), 1)],
        2 => vec![named("wished", 1, draw.pick(&[0, 30]))],
        3 => vec![named("wished", 100_000, 1)],
        4 => vec![named(draw.pick(&["..", "a/b", ""]), 1, 1)],
        5 => vec![named("wished", 1, 1), named("wished", 1, 1)],
        6 => vec![CreatableTopic {
            assignments: vec![assigned(0, &[1])],
            ..named("wished", 2, 1)
        }],
        7 => vec![CreatableTopic {
            assignments: vec![draw_assigned(draw)],
            ..named("wished", -1, -1)
        }],
        8 => vec![CreatableTopic {
            configs: vec![CreateableTopicConfig {
                name: draw.pick(&["no.such.setting", "retention.ms"]).into(),
                value: Some("soon".into()),
            }],
            ..named("wished", 1, 1)
        }],
        9 => return delete(None, NOBODYS, 6),
        10 => {
            return delete(
                Some("nowhere".into()),
                TopicId::default(),
                draw.between(0, 6),
            );
        }
        _ => return delete(None, TopicId::default(), 6),
    };
    let request = CreateTopicsRequest {
        topics: wished,
        timeout_ms: 1_000,
        ..CreateTopicsRequest::default()
    };
    hex(&request, draw.between(2, 7))
}

/// The replicas of one partition, assigned to where none can be.
fn draw_assigned(draw: &mut Draw) -> CreatableReplicaAssignment {
    let (partition_index, broker_ids) = match draw.between(0, 3) {
        0 => (0, vec![99]),
        1 => (0, vec![1, 1]),
        2 => (0, Vec::new()),
        _ => (3, vec![1]),
    };
    CreatableReplicaAssignment {
        partition_index,
        broker_ids,
    }
}

/// Topics that shall have other numbers of partitions.
pub(super) fn growth(partition: &TopicPartition, draw: &mut Draw) -> String {
    let (name, count, replicas): (Text, i32, Option<Vec<i32>>) = match draw.between(0, 4) {
        0 => (partition.topic.0.clone(), draw.pick(&[0, 1, 100_000]), None),
        1 => ("nowhere".into(), 3, None),
        2 => (partition.topic.0.clone(), 7, Some(vec![99])),
        3 => (partition.topic.0.clone(), 7, Some(Vec::new())),
        _ => ("..".into(), 3, None),
    };
    let one = CreatePartitionsTopic {
        name,
        count,
        assignments: replicas.map(|broker_ids| vec![CreatePartitionsAssignment { broker_ids }]),
    };
    let twice = draw.chance(1, 4);
    let request = CreatePartitionsRequest {
        topics: match twice {
            true => vec![one.clone(), one],
            false => vec![one],
        },
        timeout_ms: 1_000,
        ..CreatePartitionsRequest::default()
    };
    hex(&request, draw.between(0, 3))
}

/// Partitions that shall be where they cannot be, and leaders that shall be who they are.
pub(super) fn places(partition: &TopicPartition, draw: &mut Draw) -> String {
    let (name, index) = (partition.topic.0.clone(), partition.partition);
    if draw.chance(1, 2) {
        let (topic, kind) = match draw.between(0, 3) {
            0 => (name, 9),
            1 => ("nowhere".into(), 0),
            _ => (name, 0),
        };
        let request = ElectLeadersRequest {
            election_type: kind,
            topic_partitions: Some(vec![TopicPartitions {
                topic,
                partitions: vec![draw.pick(&[index, 900])],
            }]),
            timeout_ms: 1_000,
        };
        return hex(&request, draw.between(1, 2));
    }
    let (partition_index, replicas) = match draw.between(0, 4) {
        0 => (index, None),
        1 => (index, Some(vec![99])),
        2 => (index, Some(vec![1, 1])),
        3 => (index, Some(Vec::new())),
        _ => (900, Some(vec![1])),
    };
    let request = AlterPartitionReassignmentsRequest {
        timeout_ms: 1_000,
        topics: vec![ReassignableTopic {
            name,
            partitions: vec![ReassignablePartition {
                partition_index,
                replicas,
            }],
        }],
    };
    hex(&request, 0)
}

/// Settings that nothing has, or that it cannot have.
pub(super) fn settings(partition: &TopicPartition, draw: &mut Draw) -> String {
    let (kind, name): (i8, Text) = match draw.between(0, 4) {
        0 => (2, "nowhere".into()),
        1 => (77, "x".into()),
        2 => (4, "900".into()),
        _ => (2, partition.topic.0.clone()),
    };
    let (setting, operation, value): (&str, i8, Option<Text>) = match draw.between(0, 4) {
        0 => ("no.such.setting", 0, Some("1".into())),
        1 => ("retention.ms", 0, Some("soon".into())),
        2 => ("retention.ms", 9, Some("1".into())),
        3 => ("retention.ms", 0, None),
        _ => ("retention.ms", 2, Some("1".into())),
    };
    let request = IncrementalAlterConfigsRequest {
        resources: vec![AlterConfigsResource {
            resource_type: kind,
            resource_name: name,
            configs: vec![AlterableConfig {
                name: setting.into(),
                config_operation: operation,
                value,
            }],
        }],
        ..IncrementalAlterConfigsRequest::default()
    };
    hex(&request, draw.between(0, 1))
}

fn delete(name: Option<Text>, topic_id: TopicId, version: u64) -> String {
    let request = DeleteTopicsRequest {
        topic_names: name.iter().cloned().collect(),
        topics: vec![DeleteTopicState { name, topic_id }],
        timeout_ms: 1_000,
    };
    hex(&request, version)
}
