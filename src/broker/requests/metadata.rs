//! Metadata: what this broker knows of the cluster, for whoever asks.

use super::{Asked, is_internal};
use crate::broker::Broker;
use crate::broker::metadata::{Image, PartitionImage, TopicImage};
use crate::model::{BrokerId, TopicId, TopicName};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::metadata::{
    MetadataRequestTopic, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
    NOT_ASKED,
};
use crate::protocol::api::{MetadataRequest, MetadataResponse};
use crate::time::Moment;

/// What anybody may do when nobody has set access rules: read, write, create, delete, alter, describe,
/// and describe and alter settings.
const TOPIC_OPERATIONS: i32 = 0b1101_1111_1000;

/// Create, alter, describe, act as a broker, describe and alter settings, write idempotently.
pub(super) const CLUSTER_OPERATIONS: i32 = 0b1_1111_1010_0000;

/// The first version in which topics may be asked for by id.
const IDS_FROM: i16 = 12;

impl Broker {
    pub(super) fn handle_metadata(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: MetadataRequest,
        out: &mut Outbox,
    ) {
        let version = asked.id.version;
        let mut topics = match &request.topics {
            None => self.all_topics(version),
            Some(topics) if topics.is_empty() && version == 0 => self.all_topics(version),
            Some(topics) => {
                let may_create =
                    request.allow_auto_topic_creation && self.config.auto_create_topics;
                let described = topics.iter();
                described
                    .map(|topic| self.topic_metadata(at, topic, version, may_create, out))
                    .collect()
            }
        };
        if request.include_topic_authorized_operations {
            for topic in topics.iter_mut().filter(|topic| topic.error_code == 0) {
                topic.topic_authorized_operations = TOPIC_OPERATIONS;
            }
        }
        let image = &self.metadata;
        let brokers = image.brokers().iter();
        let controller = image.controller().filter(|id| image.is_alive(*id));
        let response = MetadataResponse {
            brokers: brokers
                .map(|(id, address)| MetadataResponseBroker {
                    node_id: id.0,
                    host: address.host.clone(),
                    port: i32::from(address.port),
                    rack: None,
                })
                .collect(),
            cluster_id: self.cluster_id.clone(),
            controller_id: controller.unwrap_or(BrokerId::NONE).0,
            topics,
            cluster_authorized_operations: match request.include_cluster_authorized_operations {
                true => CLUSTER_OPERATIONS,
                false => NOT_ASKED,
            },
            ..MetadataResponse::default()
        };
        self.answer(at, asked.id, &response, out);
    }

    fn all_topics(&self, version: i16) -> Vec<MetadataResponseTopic> {
        let topics = self.metadata.topics();
        topics
            .map(|(name, topic)| described(&self.metadata, name, topic, version))
            .collect()
    }

    fn topic_metadata(
        &mut self,
        at: Moment,
        asked: &MetadataRequestTopic,
        version: i16,
        may_create: bool,
        out: &mut Outbox,
    ) -> MetadataResponseTopic {
        let by_id = asked.topic_id != TopicId::default();
        if version < IDS_FROM && (by_id || asked.name.is_none()) {
            return failed(asked, ErrorCode::InvalidRequest);
        }
        let name = match (&asked.name, by_id) {
            (_, true) => self.metadata.name_of(asked.topic_id).cloned(),
            (Some(name), false) => Some(TopicName(name.clone())),
            (None, false) => None,
        };
        let Some(name) = name else {
            return failed(asked, ErrorCode::UnknownTopicId);
        };
        if let Some(topic) = self.metadata.topic(&name) {
            return described(&self.metadata, &name, topic, version);
        }
        let error = match may_create && !by_id {
            true => self.auto_create(at, &name, out),
            // Names that could never be a topic's are told so.
            false if TopicName::check(name.as_str()).is_err() => ErrorCode::InvalidTopicException,
            false => ErrorCode::UnknownTopicOrPartition,
        };
        failed(asked, error)
    }
}

fn failed(asked: &MetadataRequestTopic, error: ErrorCode) -> MetadataResponseTopic {
    MetadataResponseTopic {
        error_code: error.code(),
        name: asked.name.clone(),
        topic_id: asked.topic_id,
        is_internal: asked.name.as_deref().is_some_and(is_internal),
        ..MetadataResponseTopic::default()
    }
}

fn described(
    image: &Image,
    name: &TopicName,
    topic: &TopicImage,
    version: i16,
) -> MetadataResponseTopic {
    let partitions = topic.partitions.iter();
    MetadataResponseTopic {
        name: Some(name.0.clone()),
        topic_id: topic.id,
        is_internal: is_internal(name.as_str()),
        partitions: partitions
            .map(|(index, partition)| described_partition(image, *index, partition, version))
            .collect(),
        ..MetadataResponseTopic::default()
    }
}

/// A partition whose leader is not alive has none, and says so (5). In version 0 dead replicas are left
/// out, and that is an error too (9); later ones list them as they are assigned.
fn described_partition(
    image: &Image,
    index: i32,
    partition: &PartitionImage,
    version: i16,
) -> MetadataResponsePartition {
    let numbers = |ids: &[BrokerId]| -> Vec<i32> {
        let listed = ids.iter().filter(|id| version > 0 || image.is_alive(**id));
        listed.map(|id| id.0).collect()
    };
    let (replicas, isr) = (numbers(&partition.replicas), numbers(&partition.isr));
    let some_left_out =
        replicas.len() < partition.replicas.len() || isr.len() < partition.isr.len();
    let leads = image.is_alive(partition.leader);
    let error = match leads {
        false => ErrorCode::LeaderNotAvailable,
        true if some_left_out => ErrorCode::ReplicaNotAvailable,
        true => ErrorCode::None,
    };
    MetadataResponsePartition {
        error_code: error.code(),
        partition_index: index,
        leader_id: if leads {
            partition.leader.0
        } else {
            BrokerId::NONE.0
        },
        leader_epoch: partition.leader_epoch.0,
        replica_nodes: replicas,
        isr_nodes: isr,
        offline_replicas: partition.offline.iter().map(|id| id.0).collect(),
    }
}
