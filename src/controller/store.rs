//! What is true of the cluster as the controller knows it: registered brokers, topics, and every
//! partition's state (Kafka's `ControllerContext`).
//!
//! A copy of what the znodes hold. It is read once when the controller takes office; after that it
//! changes when a write has succeeded or a watch has told of a change. Nothing here decides: with another
//! place to keep the state it would be the same.

use crate::sorted::{SortedMap, SortedSet};

use super::PartitionState;
use super::znodes::{self, TopicAssignment};
use crate::protocol::zookeeper::Stat;
use bytes::Bytes;

use crate::model::{Address, BrokerEpoch, BrokerId, Text, TopicId, TopicName, TopicPartition};

/// A topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    /// Brokers that have asked to be let go: alive, and to lead nothing any more.
    shutting_down: SortedSet<BrokerId>,
    topics: SortedMap<TopicName, TopicState>,
    names: SortedMap<TopicId, TopicName>,
    /// Replicas whose broker is alive and whose directory is not.
    offline: SortedSet<(BrokerId, TopicPartition)>,
}

impl Store {
    /// The brokers that are registered, by id; also those that are shutting down.
    pub fn brokers(&self) -> &SortedMap<BrokerId, LiveBroker> {
        &self.brokers
    }

    /// Registered, and not on its way out.
    pub fn is_alive(&self, broker: BrokerId) -> bool {
        self.brokers.contains_key(&broker) && !self.shutting_down.contains(&broker)
    }

    /// The epoch under which a broker is registered.
    pub fn broker_epoch(&self, broker: BrokerId) -> Option<BrokerEpoch> {
        self.brokers.get(&broker).map(|known| known.epoch)
    }

    pub(super) fn register(&mut self, id: BrokerId, broker: LiveBroker) {
        self.brokers.insert(id, broker);
        self.offline.retain(|(other, _)| *other != id);
    }

    /// A broker is gone.
    pub(super) fn unregister(&mut self, id: BrokerId) {
        self.brokers.remove(&id);
        self.shutting_down.remove(&id);
        self.offline.retain(|(other, _)| *other != id);
    }

    pub(super) fn begin_shutdown(&mut self, id: BrokerId) {
        self.shutting_down.insert(id);
    }

    // ---- znodes

    /// Takes over what one znode says, or that it is gone. Znodes that hold nothing of this are left alone.
    pub fn take_znode(&mut self, path: &str, found: Option<(&Bytes, Stat)>) {
        if let Some(id) = znodes::broker_of(path) {
            let read = found.and_then(|(data, stat)| Some((znodes::read_broker(data)?, stat)));
            match read {
                Some((address, stat)) => {
                    let epoch = BrokerEpoch(stat.created.0.cast_signed());
                    self.register(id, LiveBroker { epoch, address });
                }
                None => self.unregister(id),
            }
        } else if let Some(topic) = znodes::topic_of(path) {
            match found.and_then(|(data, _)| znodes::read_topic(data)) {
                Some(assignment) => drop(self.assign(&topic, &assignment)),
                None => self.remove_topic(&topic),
            }
        } else if let Some(topic) = znodes::config_of(path) {
            if let Some(configs) = found.and_then(|(data, _)| znodes::read_configs(data)) {
                self.set_configs(&topic, configs);
            }
        } else if let Some(name) = znodes::state_of(path)
            && let Some((data, stat)) = found
            && let Some(state) = znodes::read_state(data, stat.version)
        {
            self.set_state(&name, state);
        }
    }

    // ---- topics

    pub fn topics(&self) -> &SortedMap<TopicName, TopicState> {
        &self.topics
    }

    pub fn topic(&self, name: &TopicName) -> Option<&TopicState> {
        self.topics.get(name)
    }

    pub fn name_of(&self, id: TopicId) -> Option<&TopicName> {
        self.names.get(&id)
    }

    /// Takes over what a topic's znode says. The partitions that are new in it.
    ///
    /// Unlike Kafka, which keeps partitions by number: they are numbered from 0 without gaps here, and
    /// what follows a gap is left out.
    pub(super) fn assign(
        &mut self,
        name: &TopicName,
        assignment: &TopicAssignment,
    ) -> Vec<TopicPartition> {
        let topic = self.topics.entry(name.clone()).or_default();
        topic.id = assignment.id;
        self.names.insert(assignment.id, name.clone());
        let before = topic.partitions.len();
        for (index, (partition, replicas)) in assignment.replicas.iter().enumerate() {
            if i32::try_from(index) != Ok(*partition) {
                break;
            }
            if topic.partitions.len() <= index {
                topic.partitions.push(PartitionState::default());
            }
            let state = &mut topic.partitions[index];
            let list = |lists: &SortedMap<i32, Vec<BrokerId>>| {
                lists.get(partition).cloned().unwrap_or_default()
            };
            state.replicas.clone_from(replicas);
            state.adding = list(&assignment.adding);
            state.removing = list(&assignment.removing);
        }
        let new = before..topic.partitions.len();
        new.map(|index| TopicPartition {
            topic: name.clone(),
            partition: index as i32,
        })
        .collect()
    }

    pub(super) fn set_configs(&mut self, name: &TopicName, configs: Vec<(Text, Text)>) {
        if let Some(topic) = self.topics.get_mut(name) {
            topic.configs = configs;
        }
    }

    /// What a topic's znode should hold.
    pub(super) fn assignment(&self, name: &TopicName) -> Option<TopicAssignment> {
        let topic = self.topic(name)?;
        let states = || (0..).zip(&topic.partitions);
        let some = |list: &Vec<BrokerId>| (!list.is_empty()).then(|| list.clone());
        Some(TopicAssignment {
            id: topic.id,
            replicas: states()
                .map(|(p, state)| (p, state.replicas.clone()))
                .collect(),
            adding: states()
                .filter_map(|(p, state)| Some((p, some(&state.adding)?)))
                .collect(),
            removing: states()
                .filter_map(|(p, state)| Some((p, some(&state.removing)?)))
                .collect(),
        })
    }

    pub(super) fn remove_topic(&mut self, name: &TopicName) {
        if let Some(topic) = self.topics.remove(name) {
            self.names.remove(&topic.id);
        }
        self.offline
            .retain(|(_, partition)| partition.topic != *name);
    }

    // ---- partitions

    pub fn partition(&self, name: &TopicPartition) -> Option<&PartitionState> {
        let index = usize::try_from(name.partition).ok()?;
        self.topic(&name.topic)?.partitions.get(index)
    }

    pub(super) fn partition_mut(&mut self, name: &TopicPartition) -> Option<&mut PartitionState> {
        let index = usize::try_from(name.partition).ok()?;
        self.topics.get_mut(&name.topic)?.partitions.get_mut(index)
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

    /// The partitions of which a broker has a replica.
    pub(super) fn partitions_on(&self, broker: BrokerId) -> Vec<TopicPartition> {
        let all = self.partitions();
        let here = all.filter(|(_, state)| state.replicas.contains(&broker));
        here.map(|(name, _)| name).collect()
    }

    /// The partitions of one topic.
    pub(super) fn partitions_of(&self, topic: &TopicName) -> Vec<TopicPartition> {
        let count = self.topic(topic).map_or(0, |topic| topic.partitions.len());
        let names = (0..count as i32).map(|partition| TopicPartition {
            topic: topic.clone(),
            partition,
        });
        names.collect()
    }

    /// The state that a znode holds now, or is known to hold.
    pub(super) fn set_state(&mut self, name: &TopicPartition, state: PartitionState) {
        let Some(known) = self.partition_mut(name) else {
            return;
        };
        assert!(
            state.leader_epoch >= known.leader_epoch,
            "leader epochs only grow"
        );
        assert!(
            state.partition_epoch >= known.partition_epoch,
            "partition epochs only grow"
        );
        *known = PartitionState {
            replicas: std::mem::take(&mut known.replicas),
            adding: std::mem::take(&mut known.adding),
            removing: std::mem::take(&mut known.removing),
            ..state
        };
    }

    // ---- replicas

    /// Whether a replica can be counted on: its broker is alive, and so is its directory.
    pub fn is_online(&self, broker: BrokerId, name: &TopicPartition) -> bool {
        self.is_alive(broker) && self.has_directory(broker, name)
    }

    /// The same, when a broker on its way out still counts.
    pub(super) fn is_reachable(&self, broker: BrokerId, name: &TopicPartition) -> bool {
        self.brokers.contains_key(&broker) && self.has_directory(broker, name)
    }

    fn has_directory(&self, broker: BrokerId, name: &TopicPartition) -> bool {
        let mut fallen = self.offline.iter();
        !fallen.any(|(other, partition)| *other == broker && partition == name)
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
}
