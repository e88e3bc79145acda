//! What is true of the cluster: registered brokers, topics, and every partition's state.
//!
//! Apart from who decides it: with ZooKeeper this is what the znodes hold, and the controller's copy of
//! them; a metadata log could hold it as well.

use crate::sorted::{SortedMap, SortedSet};

use super::TopicSetup;
use crate::model::{
    Address, BrokerEpoch, BrokerId, LeaderEpoch, PartitionEpoch, Text, TopicId, TopicName,
    TopicPartition,
};
use crate::process::TopicConfigs;

/// A partition's state: what `/brokers/topics/T/partitions/P/state` holds, and its assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionState {
    /// −1 when nobody leads.
    pub leader: BrokerId,
    pub leader_epoch: LeaderEpoch,
    /// The replicas that count, in the order in which they joined.
    pub isr: Vec<BrokerId>,
    /// How often the state has changed.
    pub partition_epoch: PartitionEpoch,
    /// The brokers to which the partition is assigned, the preferred leader first.
    pub replicas: Vec<BrokerId>,
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicState {
    pub id: TopicId,
    pub configs: Vec<(Text, Text)>,
    pub partitions: Vec<PartitionState>,
}

/// A registered broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveBroker {
    pub epoch: BrokerEpoch,
    pub address: Address,
}

/// The state of the cluster.
#[derive(Clone, Debug, Default)]
pub struct Store {
    brokers: SortedMap<BrokerId, LiveBroker>,
    topics: SortedMap<TopicName, TopicState>,
    names: SortedMap<TopicId, TopicName>,
    /// Replicas whose broker is alive and whose directory is not.
    offline: SortedSet<(BrokerId, TopicPartition)>,
}

impl Store {
    /// The brokers that are alive, by id.
    pub fn brokers(&self) -> &SortedMap<BrokerId, LiveBroker> {
        &self.brokers
    }

    pub fn is_alive(&self, broker: BrokerId) -> bool {
        self.brokers.contains_key(&broker)
    }

    pub fn topics(&self) -> &SortedMap<TopicName, TopicState> {
        &self.topics
    }

    pub fn topic(&self, name: &TopicName) -> Option<&TopicState> {
        self.topics.get(name)
    }

    pub fn name_of(&self, id: TopicId) -> Option<&TopicName> {
        self.names.get(&id)
    }

    pub fn partition(&self, name: &TopicPartition) -> Option<&PartitionState> {
        let index = usize::try_from(name.partition).ok()?;
        self.topic(&name.topic)?.partitions.get(index)
    }

    /// Every partition, by name.
    pub fn partitions(&self) -> impl Iterator<Item = (TopicPartition, &PartitionState)> {
        self.topics.iter().flat_map(|(topic, state)| {
            let states = state.partitions.iter().zip(0..);
            states.map(move |(state, partition)| {
                let topic = topic.clone();
                (TopicPartition { topic, partition }, state)
            })
        })
    }

    /// The partitions of one topic.
    pub(super) fn partitions_of(
        &self,
        topic: &TopicName,
    ) -> impl Iterator<Item = TopicPartition> + use<> {
        let count = self.topic(topic).map_or(0, |topic| topic.partitions.len());
        let topic = topic.clone();
        (0..count as i32).map(move |partition| TopicPartition {
            topic: topic.clone(),
            partition,
        })
    }

    /// The settings that topics have of their own.
    pub(super) fn configs_of(&self, topic: &TopicName) -> Option<TopicConfigs> {
        let state = self.topic(topic)?;
        Some(TopicConfigs {
            topic: topic.clone(),
            configs: state.configs.clone(),
        })
    }

    pub(super) fn all_configs(&self) -> Vec<TopicConfigs> {
        let topics = self.topics.keys();
        topics.filter_map(|topic| self.configs_of(topic)).collect()
    }

    pub(super) fn register(&mut self, id: BrokerId, broker: LiveBroker) {
        self.brokers.insert(id, broker);
    }

    /// A new topic: of each partition the first live replica leads, and all live ones are in sync.
    pub(super) fn create_topic(&mut self, topic: &TopicSetup) {
        assert!(
            !self.topics.contains_key(&topic.name),
            "a topic is created once"
        );
        let states = topic.replicas.iter().map(|replicas| {
            let live = replicas.iter().copied().filter(|id| self.is_alive(*id));
            let isr: Vec<BrokerId> = live.collect();
            PartitionState {
                leader: isr.first().copied().unwrap_or(BrokerId::NONE),
                leader_epoch: LeaderEpoch(0),
                isr,
                partition_epoch: PartitionEpoch(0),
                replicas: replicas.clone(),
            }
        });
        let state = TopicState {
            id: topic.id,
            configs: topic.configs.clone(),
            partitions: states.collect(),
        };
        self.topics.insert(topic.name.clone(), state);
        self.names.insert(topic.id, topic.name.clone());
    }

    /// Whether a replica can be counted on: its broker is alive, and so is its directory.
    pub fn is_online(&self, broker: BrokerId, name: &TopicPartition) -> bool {
        let fallen = self.offline.iter();
        let mut fallen = fallen.filter(|(other, _)| *other == broker);
        self.is_alive(broker) && !fallen.any(|(_, other)| other == name)
    }

    /// A replica's directory has failed. Whether that is news.
    pub(super) fn set_offline(&mut self, broker: BrokerId, name: &TopicPartition) -> bool {
        self.partition(name).is_some() && self.offline.insert((broker, name.clone()))
    }

    /// A replica works, or works again.
    pub(super) fn set_online(&mut self, broker: BrokerId, name: &TopicPartition) {
        self.offline
            .retain(|(other, fallen)| *other != broker || fallen != name);
    }

    /// Takes a follower out of the ISR, by a new epoch of its leader. Whether it was in it.
    pub(super) fn leave_isr(&mut self, broker: BrokerId, name: &TopicPartition) -> bool {
        let Some(state) = self.partition(name) else {
            return false;
        };
        if state.leader == broker || !state.isr.contains(&broker) {
            return false;
        }
        let left = state.isr.iter().copied().filter(|id| *id != broker);
        let left = left.collect();
        self.set_isr(name, left);
        let topic = self.topics.get_mut(&name.topic);
        let index = usize::try_from(name.partition).unwrap_or(usize::MAX);
        if let Some(state) = topic.and_then(|topic| topic.partitions.get_mut(index)) {
            state.leader_epoch = state.leader_epoch.next();
        }
        true
    }

    /// Writes another ISR, as a compare-and-set on the partition epoch would.
    pub(super) fn set_isr(&mut self, name: &TopicPartition, isr: Vec<BrokerId>) {
        let topic = self.topics.get_mut(&name.topic);
        let index = usize::try_from(name.partition).unwrap_or(usize::MAX);
        let state = topic.and_then(|topic| topic.partitions.get_mut(index));
        let state = state.expect("only known partitions change");
        assert!(
            !isr.is_empty() && isr.iter().all(|id| state.replicas.contains(id)),
            "the ISR is a part of the replicas"
        );
        state.isr = isr;
        state.partition_epoch = state.partition_epoch.next();
    }
}
