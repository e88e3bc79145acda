//! Orders: the requests that carry the controller's decisions to brokers.

use std::sync::Arc;

use super::batch::{Batch, Data, Novelty};
use super::queue::Order;
use super::{Controller, PartitionState, Recovery};
use crate::model::{BrokerEpoch, BrokerId, LeaderEpoch, TopicId, TopicName, TopicPartition};
use crate::protocol::api::leader_and_isr::{
    LeaderAndIsrLiveLeader, LeaderAndIsrPartitionState, LeaderAndIsrTopicState,
};
use crate::protocol::api::stop_replica::{StopReplicaPartitionState, StopReplicaTopicState};
use crate::protocol::api::update_metadata::{
    UpdateMetadataBroker, UpdateMetadataEndpoint, UpdateMetadataPartitionState,
    UpdateMetadataTopicState,
};
use crate::protocol::api::{LeaderAndIsrRequest, StopReplicaRequest, UpdateMetadataRequest};
use crate::sorted::SortedMap;

/// The only listener that brokers have here.
const LISTENER: &str = "PLAINTEXT";

/// −2 as a leader (`LeaderDuringDelete`) and as an epoch (`EpochDuringDelete`): the topic is being deleted.
pub const DURING_DELETE: i32 = -2;

impl Controller {
    /// Puts everything that was gathered into the brokers' queues.
    pub(super) fn send(&mut self, batch: Batch) {
        for (broker, told) in batch.leaders.iter() {
            if let Some(epoch) = self.store.broker_epoch(*broker) {
                let request = self.leader_and_isr(epoch, told);
                self.push(*broker, Order::Leaders(Arc::new(request)));
            }
        }
        let names: Vec<TopicPartition> = batch.metadata.iter().cloned().collect();
        if batch.tell_brokers || !names.is_empty() {
            self.tell_everybody(&names);
        }
        for (broker, told) in batch.stops.iter() {
            if let Some(epoch) = self.store.broker_epoch(*broker) {
                let request = self.stop_replica(epoch, told);
                self.push(*broker, Order::Stop(Arc::new(request)));
            }
        }
    }

    /// Tells every broker who is alive, and the state of these partitions.
    pub(super) fn tell_everybody(&mut self, names: &[TopicPartition]) {
        let brokers: Vec<BrokerId> = self.store.brokers().keys().copied().collect();
        self.send_metadata_to(&brokers, names);
    }

    /// The same, to some.
    pub(super) fn send_metadata_to(&mut self, brokers: &[BrokerId], names: &[TopicPartition]) {
        for broker in brokers {
            if let Some(epoch) = self.store.broker_epoch(*broker) {
                let request = self.update_metadata(epoch, names);
                self.push(*broker, Order::Metadata(Arc::new(request)));
            }
        }
    }

    fn states<'a>(
        &'a self,
        names: impl Iterator<Item = &'a TopicPartition>,
    ) -> impl Iterator<Item = (&'a TopicPartition, &'a PartitionState)> {
        let known = |name| Some((name, self.store.partition(name)?));
        // A partition that nobody has ever led is still new: nobody hears of it.
        names.filter_map(known).filter(|(_, state)| state.is_born())
    }

    fn push(&mut self, broker: BrokerId, order: Order) {
        if let Some(queue) = self.queues.get_mut(&broker) {
            queue.push(order);
        }
    }

    fn stop_replica(
        &self,
        broker_epoch: BrokerEpoch,
        told: &SortedMap<TopicPartition, Data>,
    ) -> StopReplicaRequest {
        let mut topics: Vec<StopReplicaTopicState> = Vec::new();
        for (name, data) in told.iter() {
            let state = self.store.partition(name);
            let epoch = state.map_or(LeaderEpoch::NONE, |state| state.leader_epoch);
            let partition = StopReplicaPartitionState {
                partition_index: name.partition,
                leader_epoch: match self.is_deleting(&name.topic) {
                    true => DURING_DELETE,
                    false => epoch.0,
                },
                delete_partition: *data == Data::Deleted,
            };
            let topic = last_or_new(
                &mut topics,
                |topic| topic.topic_name == name.topic.0,
                || StopReplicaTopicState {
                    topic_name: name.topic.0.clone(),
                    partition_states: Vec::new(),
                },
            );
            topic.partition_states.push(partition);
        }
        StopReplicaRequest {
            controller_id: self.host.0,
            controller_epoch: self.epoch.0,
            broker_epoch: broker_epoch.0,
            topic_states: topics,
            ..StopReplicaRequest::default()
        }
    }

    fn topic_id(&self, topic: &TopicName) -> TopicId {
        self.store.topic(topic).map_or(TopicId::default(), |t| t.id)
    }

    fn leader_and_isr(
        &self,
        broker_epoch: BrokerEpoch,
        told: &SortedMap<TopicPartition, Novelty>,
    ) -> LeaderAndIsrRequest {
        let mut topics: Vec<LeaderAndIsrTopicState> = Vec::new();
        let states: Vec<_> = self.states(told.keys()).collect();
        for (name, state) in &states {
            let partition = LeaderAndIsrPartitionState {
                partition_index: name.partition,
                controller_epoch: state.controller_epoch,
                leader: state.leader.0,
                leader_epoch: state.leader_epoch.0,
                isr: numbers(&state.isr),
                partition_epoch: state.partition_epoch.0,
                replicas: numbers(&state.replicas),
                adding_replicas: numbers(&state.adding),
                removing_replicas: numbers(&state.removing),
                is_new: told.get(*name) == Some(&Novelty::New),
                leader_recovery_state: i8::from(state.recovery == Recovery::Recovering),
                ..LeaderAndIsrPartitionState::default()
            };
            let topic = last_or_new(
                &mut topics,
                |topic| topic.topic_name == name.topic.0,
                || LeaderAndIsrTopicState {
                    topic_name: name.topic.0.clone(),
                    topic_id: self.topic_id(&name.topic),
                    partition_states: Vec::new(),
                },
            );
            topic.partition_states.push(partition);
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
        for (name, state) in self.states(names.iter()) {
            let offline = state.replicas.iter();
            let offline = offline.filter(|id| !self.store.is_reachable(**id, name));
            let partition = UpdateMetadataPartitionState {
                partition_index: name.partition,
                controller_epoch: state.controller_epoch,
                leader: match self.is_deleting(&name.topic) {
                    true => DURING_DELETE,
                    false => state.leader.0,
                },
                leader_epoch: state.leader_epoch.0,
                isr: numbers(&state.isr),
                zk_version: state.partition_epoch.0,
                replicas: numbers(&state.replicas),
                offline_replicas: offline.map(|id| id.0).collect(),
                ..UpdateMetadataPartitionState::default()
            };
            let topic = last_or_new(
                &mut topics,
                |topic| topic.topic_name == name.topic.0,
                || UpdateMetadataTopicState {
                    topic_name: name.topic.0.clone(),
                    topic_id: self.topic_id(&name.topic),
                    partition_states: Vec::new(),
                },
            );
            topic.partition_states.push(partition);
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

/// The last of a list if it fits, or else a new one behind it: what comes sorted by topic is grouped by topic.
pub fn last_or_new<T>(
    list: &mut Vec<T>,
    fits: impl FnOnce(&T) -> bool,
    begin: impl FnOnce() -> T,
) -> &mut T {
    if !list.last().is_some_and(fits) {
        list.push(begin());
    }
    list.last_mut().expect("one was begun")
}
