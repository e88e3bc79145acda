//! Orders: the requests that carry the controller's decisions to brokers.

use std::sync::Arc;

use super::queue::Order;
use super::{Controller, PartitionState};
use crate::model::{BrokerEpoch, BrokerId, TopicId, TopicName, TopicPartition};
use crate::protocol::api::leader_and_isr::{
    LeaderAndIsrLiveLeader, LeaderAndIsrPartitionState, LeaderAndIsrTopicState,
};
use crate::protocol::api::update_metadata::{
    UpdateMetadataBroker, UpdateMetadataEndpoint, UpdateMetadataPartitionState,
    UpdateMetadataTopicState,
};
use crate::protocol::api::{LeaderAndIsrRequest, UpdateMetadataRequest};

/// The only listener that brokers have here.
const LISTENER: &str = "PLAINTEXT";

impl Controller {
    /// Tells every broker a topic's settings.
    pub(super) fn send_configs(&mut self, topic: &TopicName) {
        let Some(configs) = self.store.configs_of(topic) else {
            return;
        };
        for queue in self.queues.values_mut() {
            queue.push(Order::Configs(configs.clone()));
        }
    }

    /// Tells every replica of these partitions who leads.
    pub(super) fn send_leaders(&mut self, names: &[TopicPartition]) {
        let brokers: Vec<(BrokerId, BrokerEpoch)> = self.live().collect();
        for (broker, epoch) in brokers {
            let own: Vec<(&TopicPartition, &PartitionState)> = self
                .states(names)
                .filter(|(_, state)| state.replicas.contains(&broker))
                .collect();
            if own.is_empty() {
                continue;
            }
            let request = self.leader_and_isr(epoch, &own);
            self.push(broker, Order::Leaders(Arc::new(request)));
        }
    }

    /// Tells every broker who is alive, and the state of these partitions.
    pub(super) fn send_metadata(&mut self, names: &[TopicPartition]) {
        let brokers: Vec<(BrokerId, BrokerEpoch)> = self.live().collect();
        for (broker, epoch) in brokers {
            let request = self.update_metadata(epoch, names);
            self.push(broker, Order::Metadata(Arc::new(request)));
        }
    }

    fn live(&self) -> impl Iterator<Item = (BrokerId, BrokerEpoch)> {
        let brokers = self.store.brokers().iter();
        brokers.map(|(id, broker)| (*id, broker.epoch))
    }

    pub(super) fn states<'a>(
        &'a self,
        names: &'a [TopicPartition],
    ) -> impl Iterator<Item = (&'a TopicPartition, &'a PartitionState)> {
        let known = |name| Some((name, self.store.partition(name)?));
        // A partition none of whose replicas has ever lived is still new: nobody hears of it.
        let born = |(_, state): &(&TopicPartition, &PartitionState)| !state.isr.is_empty();
        names.iter().filter_map(known).filter(born)
    }

    fn push(&mut self, broker: BrokerId, order: Order) {
        if let Some(queue) = self.queues.get_mut(&broker) {
            queue.push(order);
        }
    }

    fn topic_id(&self, topic: &TopicName) -> TopicId {
        self.store.topic(topic).map_or(TopicId::default(), |t| t.id)
    }

    fn leader_and_isr(
        &self,
        broker_epoch: BrokerEpoch,
        states: &[(&TopicPartition, &PartitionState)],
    ) -> LeaderAndIsrRequest {
        let mut topics: Vec<LeaderAndIsrTopicState> = Vec::new();
        for (name, state) in states {
            let partition = LeaderAndIsrPartitionState {
                partition_index: name.partition,
                controller_epoch: self.epoch.0,
                leader: state.leader.0,
                leader_epoch: state.leader_epoch.0,
                isr: numbers(&state.isr),
                partition_epoch: state.partition_epoch.0,
                replicas: numbers(&state.replicas),
                is_new: state.partition_epoch.0 == 0,
                ..LeaderAndIsrPartitionState::default()
            };
            match topics.last_mut() {
                Some(topic) if topic.topic_name == name.topic.0 => {
                    topic.partition_states.push(partition);
                }
                _ => topics.push(LeaderAndIsrTopicState {
                    topic_name: name.topic.0.clone(),
                    topic_id: self.topic_id(&name.topic),
                    partition_states: vec![partition],
                }),
            }
        }
        let leads = |id: &BrokerId| states.iter().any(|(_, state)| state.leader == *id);
        let brokers = self.store.brokers().iter().filter(|(id, _)| leads(id));
        LeaderAndIsrRequest {
            controller_id: self.host.0,
            controller_epoch: self.epoch.0,
            broker_epoch: broker_epoch.0,
            topic_states: topics,
            live_leaders: brokers
                .map(|(id, broker)| LeaderAndIsrLiveLeader {
                    broker_id: id.0,
                    host_name: broker.address.host.clone(),
                    port: i32::from(broker.address.port),
                })
                .collect(),
            ..LeaderAndIsrRequest::default()
        }
    }

    fn update_metadata(
        &self,
        broker_epoch: BrokerEpoch,
        names: &[TopicPartition],
    ) -> UpdateMetadataRequest {
        let mut topics: Vec<UpdateMetadataTopicState> = Vec::new();
        for (name, state) in self.states(names) {
            let offline = state.replicas.iter();
            let offline = offline.filter(|id| !self.store.is_online(**id, name));
            let partition = UpdateMetadataPartitionState {
                partition_index: name.partition,
                controller_epoch: self.epoch.0,
                leader: state.leader.0,
                leader_epoch: state.leader_epoch.0,
                isr: numbers(&state.isr),
                zk_version: state.partition_epoch.0,
                replicas: numbers(&state.replicas),
                offline_replicas: offline.map(|id| id.0).collect(),
                ..UpdateMetadataPartitionState::default()
            };
            match topics.last_mut() {
                Some(topic) if topic.topic_name == name.topic.0 => {
                    topic.partition_states.push(partition);
                }
                _ => topics.push(UpdateMetadataTopicState {
                    topic_name: name.topic.0.clone(),
                    topic_id: self.topic_id(&name.topic),
                    partition_states: vec![partition],
                }),
            }
        }
        let brokers = self.store.brokers().iter();
        UpdateMetadataRequest {
            controller_id: self.host.0,
            controller_epoch: self.epoch.0,
            broker_epoch: broker_epoch.0,
            topic_states: topics,
            live_brokers: brokers
                .map(|(id, broker)| UpdateMetadataBroker {
                    id: id.0,
                    endpoints: vec![UpdateMetadataEndpoint {
                        port: i32::from(broker.address.port),
                        host: broker.address.host.clone(),
                        listener: LISTENER.into(),
                        security_protocol: 0,
                    }],
                    ..UpdateMetadataBroker::default()
                })
                .collect(),
            ..UpdateMetadataRequest::default()
        }
    }
}

fn numbers(ids: &[BrokerId]) -> Vec<i32> {
    ids.iter().map(|id| id.0).collect()
}
