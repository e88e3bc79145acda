//! Questions about what is not there, and those that only brokers may ask.

use super::{NOBODYS, hex};
use crate::model::{Text, TopicId, TopicPartition};
use crate::protocol::api::metadata::MetadataRequestTopic;
use crate::protocol::api::offset_for_leader_epoch::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use crate::protocol::api::{
    AllocateProducerIdsRequest, AlterPartitionRequest, ControlledShutdownRequest,
    DescribeClusterRequest, InitProducerIdRequest, LeaderAndIsrRequest, MetadataRequest,
    OffsetForLeaderEpochRequest, StopReplicaRequest, UpdateMetadataRequest,
};
use crate::swarm::Draw;

/// Questions about what is not there.
pub(super) fn questions(partition: &TopicPartition, draw: &mut Draw) -> String {
    let name = partition.topic.0.clone();
    match draw.between(0, 6) {
        // The oldest metadata leave the dead out, and say that it is an error.
        0 => {
            let request = MetadataRequest {
                topics: Some(Vec::new()),
                ..MetadataRequest::default()
            };
            hex(&request, draw.between(0, 1))
        }
        1 => metadata(Some("a/b".into()), TopicId::default(), draw.between(4, 12)),
        2 => metadata(None, NOBODYS, draw.pick(&[10, 12])),
        3 => {
            let request = OffsetForLeaderEpochRequest {
                topics: vec![OffsetForLeaderTopic {
                    topic: name,
                    partitions: vec![OffsetForLeaderPartition {
                        partition: draw.pick(&[partition.partition, 900]),
                        current_leader_epoch: draw.pick(&[-1, 0, 1_000]),
                        leader_epoch: draw.pick(&[-5, 0, 1, 1_000]),
                    }],
                }],
                ..OffsetForLeaderEpochRequest::default()
            };
            hex(&request, draw.between(0, 4))
        }
        4 => {
            let request = DescribeClusterRequest {
                endpoint_type: draw.pick(&[1, 2, 9]),
                ..DescribeClusterRequest::default()
            };
            hex(&request, draw.between(0, 1))
        }
        5 => {
            let named = ["".into(), "t".into()].map(Some);
            let at = draw.between(0, 1) as usize;
            let request = InitProducerIdRequest {
                transactional_id: named[at].clone(),
                transaction_timeout_ms: 1_000,
                ..InitProducerIdRequest::default()
            };
            hex(&request, draw.between(0, 5))
        }
        // A version of ApiVersions that nobody knows yet.
        _ => "0000000a0012006300000001ffff".to_owned(),
    }
}

/// What only brokers may ask of each other.
pub(super) fn of_brokers(draw: &mut Draw) -> String {
    match draw.between(0, 5) {
        0 => hex(&LeaderAndIsrRequest::default(), draw.between(0, 7)),
        1 => hex(&StopReplicaRequest::default(), draw.between(0, 4)),
        2 => hex(&UpdateMetadataRequest::default(), draw.between(0, 8)),
        3 => hex(&ControlledShutdownRequest::default(), draw.between(0, 3)),
        4 => hex(&AlterPartitionRequest::default(), draw.between(0, 3)),
        _ => hex(&AllocateProducerIdsRequest::default(), 0),
    }
}

fn metadata(name: Option<Text>, topic_id: TopicId, version: u64) -> String {
    let request = MetadataRequest {
        topics: Some(vec![MetadataRequestTopic { topic_id, name }]),
        allow_auto_topic_creation: false,
        ..MetadataRequest::default()
    };
    hex(&request, version)
}
