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
use crate::sorted::Mentions;
use crate::time::Moment;

/// What anybody may do when nobody has set access rules: read, write, create, delete, alter, describe,
/// and describe and alter settings.
const TOPIC_OPERATIONS: i32 = 0b1101_1111_1000;

/// Create, alter, describe, act as a broker, describe and alter settings, write idempotently.
pub(super) const CLUSTER_OPERATIONS: i32 = 0b1_1111_1010_0000;

/// The first version in which topics may be asked for by id.
const IDS_FROM: i16 = 12;

/// Whether topics that are asked for and are not there are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Create {
    Missing,
    Nothing,
}

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
                let create = match may_create {
                    true => Create::Missing,
                    false => Create::Nothing,
                };
                self.named_topics(at, topics, version, create, out)
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

    /// Each of these topics once, however often it is named: to Kafka they are a set. Those that are not there
    /// are made in one go.
    fn named_topics(
        &mut self,
        at: Moment,
        asked: &[MetadataRequestTopic],
        version: i16,
        create: Create,
        out: &mut Outbox,
    ) -> Vec<MetadataResponseTopic> {
        // A topic that is asked for by its id has whatever name it has.
        let names = asked.iter().map(|topic| match is_by_id(topic) {
            true => (topic.topic_id, None),
            false => (topic.topic_id, topic.name.as_ref()),
        });
        let mentions = Mentions::of(names);
        let mut topics = Vec::new();
        let mut missing: Vec<(usize, TopicName)> = Vec::new();
        for place in mentions.firsts() {
            let topic = &asked[place];
            match self.topic_metadata(topic, version) {
                Ok(described) => topics.push(described),
                Err(error) => {
                    let makes = error == ErrorCode::UnknownTopicOrPartition
                        && create == Create::Missing
                        && !is_by_id(topic);
                    if let Some(name) = topic.name.clone().filter(|_| makes) {
                        missing.push((topics.len(), TopicName(name)));
                    }
                    topics.push(failed(topic, error));
                }
            }
        }
        if !missing.is_empty() {
            let names = missing.iter().map(|(_, name)| name);
            let errors = self.auto_create(at, names, out);
            for ((place, _), error) in missing.iter().zip(errors) {
                topics[*place].error_code = error.code();
            }
        }
        topics
    }

    fn topic_metadata(
        &self,
        asked: &MetadataRequestTopic,
        version: i16,
    ) -> Result<MetadataResponseTopic, ErrorCode> {
        let by_id = is_by_id(asked);
        if version < IDS_FROM && (by_id || asked.name.is_none()) {
            return Err(ErrorCode::InvalidRequest);
        }
        let name = match (&asked.name, by_id) {
            (_, true) => self.metadata.name_of(asked.topic_id).cloned(),
            (Some(name), false) => Some(TopicName(name.clone())),
            (None, false) => None,
        };
        let name = name.ok_or(ErrorCode::UnknownTopicId)?;
        if let Some(topic) = self.metadata.topic(&name) {
            return Ok(described(&self.metadata, &name, topic, version));
        }
        // Names that could never be a topic's are told so.
        Err(match TopicName::check(name.as_str()) {
            Err(_) => ErrorCode::InvalidTopicException,
            Ok(()) => ErrorCode::UnknownTopicOrPartition,
        })
    }
}

fn is_by_id(topic: &MetadataRequestTopic) -> bool {
    topic.topic_id != TopicId::default()
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
