//! A broker's picture of the cluster, from which it answers clients.
//!
//! Only the controller changes it, by `UpdateMetadata`; it may be behind, and two brokers may disagree
//! for a while. It also says which brokers are alive, which decides who may join an ISR.

use crate::sorted::SortedMap;
use std::sync::Arc;

use crate::controller::DURING_DELETE;
use crate::model::{
    Address, BrokerId, LeaderEpoch, PartitionEpoch, TopicId, TopicName, TopicPartition,
};
use crate::protocol::api::UpdateMetadataRequest;
use crate::protocol::api::update_metadata::UpdateMetadataPartitionState;

/// What one broker knows of the cluster.
#[derive(Clone, Debug, Default)]
pub struct Image {
    controller: Option<BrokerId>,
    brokers: SortedMap<BrokerId, Address>,
    topics: SortedMap<TopicName, Arc<TopicImage>>,
    names: SortedMap<TopicId, TopicName>,
}

/// What is known of one topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicImage {
    pub id: TopicId,
    pub partitions: SortedMap<i32, PartitionImage>,
}

/// What is known of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionImage {
    /// −1 when nobody leads.
    pub leader: BrokerId,
    pub leader_epoch: LeaderEpoch,
    pub partition_epoch: PartitionEpoch,
    pub isr: Vec<BrokerId>,
    pub replicas: Vec<BrokerId>,
    pub offline: Vec<BrokerId>,
}

impl Image {
    /// The broker that the last update came from.
    pub fn controller(&self) -> Option<BrokerId> {
        self.controller
    }

    /// The brokers that are alive and where they listen.
    pub fn brokers(&self) -> &SortedMap<BrokerId, Address> {
        &self.brokers
    }

    pub fn is_alive(&self, broker: BrokerId) -> bool {
        self.brokers.contains_key(&broker)
    }

    pub fn topics(&self) -> impl ExactSizeIterator<Item = (&TopicName, &TopicImage)> {
        self.topics
            .iter()
            .map(|(name, topic)| (name, topic.as_ref()))
    }

    pub fn topic(&self, name: &TopicName) -> Option<&TopicImage> {
        self.topics.get(name).map(Arc::as_ref)
    }

    /// The name of the topic with this id.
    pub fn name_of(&self, id: TopicId) -> Option<&TopicName> {
        self.names.get(&id)
    }

    pub fn partition(&self, partition: &TopicPartition) -> Option<&PartitionImage> {
        self.topic(&partition.topic)?
            .partitions
            .get(&partition.partition)
    }

    /// Takes over what the controller says. Gives back the partitions that are gone.
    pub(super) fn update(&mut self, request: &UpdateMetadataRequest) -> Vec<TopicPartition> {
        self.controller = Some(BrokerId(request.controller_id)).filter(|id| id.0 >= 0);
        self.brokers = request
            .live_brokers
            .iter()
            .filter_map(|broker| {
                let endpoint = broker.endpoints.first()?;
                let port = u16::try_from(endpoint.port).ok()?;
                let host = endpoint.host.clone();
                Some((BrokerId(broker.id), Address { host, port }))
            })
            .collect();
        let mut gone = Vec::new();
        for topic in &request.topic_states {
            let name = TopicName(topic.topic_name.clone());
            for state in &topic.partition_states {
                if state.leader == DURING_DELETE {
                    self.remove_partition(&name, state.partition_index);
                    gone.push(TopicPartition {
                        topic: name.clone(),
                        partition: state.partition_index,
                    });
                } else {
                    self.update_partition(&name, topic.topic_id, state);
                }
            }
        }
        gone
    }

    fn update_partition(
        &mut self,
        name: &TopicName,
        id: TopicId,
        state: &UpdateMetadataPartitionState,
    ) {
        let topic = self.topics.entry(name.clone()).or_default();
        let topic = Arc::make_mut(topic);
        if id != TopicId::default() && topic.id != id {
            self.names.remove(&topic.id);
            topic.id = id;
            self.names.insert(id, name.clone());
        }
        let ids = |ids: &[i32]| ids.iter().map(|id| BrokerId(*id)).collect();
        let partition = PartitionImage {
            leader: BrokerId(state.leader),
            leader_epoch: LeaderEpoch(state.leader_epoch),
            partition_epoch: PartitionEpoch(state.zk_version),
            isr: ids(&state.isr),
            replicas: ids(&state.replicas),
            offline: ids(&state.offline_replicas),
        };
        topic.partitions.insert(state.partition_index, partition);
    }

    fn remove_partition(&mut self, name: &TopicName, partition: i32) {
        let Some(topic) = self.topics.get_mut(name) else {
            return;
        };
        let topic = Arc::make_mut(topic);
        topic.partitions.remove(&partition);
        if topic.partitions.is_empty() {
            let id = topic.id;
            self.names.remove(&id);
            self.topics.remove(name);
        }
    }
}
