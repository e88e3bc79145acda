//! Something remembered of each replica.

use crate::model::{BrokerId, TopicName, TopicPartition};
use crate::sorted::SortedMap;

/// A small map by broker and partition, looked up without building a key where the replica is known.
#[derive(Clone, Debug)]
pub(super) struct PerReplica<T> {
    brokers: SortedMap<BrokerId, SortedMap<TopicPartition, T>>,
}

impl<T> Default for PerReplica<T> {
    fn default() -> Self {
        let brokers = SortedMap::new();
        PerReplica { brokers }
    }
}

impl<T> PerReplica<T> {
    pub(super) fn get(&self, by: BrokerId, partition: &TopicPartition) -> Option<&T> {
        self.brokers.get(&by)?.get(partition)
    }

    pub(super) fn get_mut(&mut self, by: BrokerId, partition: &TopicPartition) -> Option<&mut T> {
        self.brokers.get_mut(&by)?.get_mut(partition)
    }

    /// Puts something down; returns what it replaces.
    pub(super) fn insert(
        &mut self,
        by: BrokerId,
        partition: &TopicPartition,
        value: T,
    ) -> Option<T> {
        let known = self.brokers.entry(by).or_default();
        match known.get_mut(partition) {
            Some(place) => Some(std::mem::replace(place, value)),
            None => known.insert(partition.clone(), value),
        }
    }

    /// What is remembered of a replica, which is nothing when it is new.
    pub(super) fn known(&mut self, by: BrokerId, partition: &TopicPartition) -> &mut T
    where
        T: Default,
    {
        let known = self.brokers.entry(by).or_default();
        // Two look-ups instead of a clone of the key in the usual case.
        if !known.contains_key(partition) {
            known.insert(partition.clone(), T::default());
        }
        known.get_mut(partition).expect("it was just put there")
    }

    /// A replica is gone, by order. Another of the same name may come, and owes nothing to this one.
    pub(super) fn forget(&mut self, by: BrokerId, partition: &TopicPartition) {
        if let Some(known) = self.brokers.get_mut(&by) {
            known.remove(partition);
        }
    }

    /// A broker begins or ends a life.
    pub(super) fn forget_broker(&mut self, by: BrokerId) {
        self.brokers.remove(&by);
    }

    /// A topic is gone.
    pub(super) fn forget_topic(&mut self, topic: &TopicName) {
        for known in self.brokers.values_mut() {
            known.retain(|partition, _| partition.topic != *topic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forgotten_of_one_replica_is_remembered_of_the_others() {
        let (one, other) = (BrokerId(1), BrokerId(2));
        let (orders, tea) = (
            TopicPartition::new("orders", 0),
            TopicPartition::new("tea", 0),
        );
        let mut known = PerReplica::default();
        for by in [one, other] {
            for partition in [&orders, &tea] {
                *known.known(by, partition) += 1;
                assert_eq!(known.insert(by, partition, 7), Some(1));
            }
        }
        known.forget(one, &orders);
        assert_eq!(known.get_mut(one, &orders), None);
        assert_eq!(known.get_mut(one, &tea), Some(&mut 7));
        known.forget_topic(&tea.topic);
        assert_eq!(known.get_mut(one, &tea), None);
        assert_eq!(known.get_mut(other, &orders), Some(&mut 7));
        assert_eq!(known.get_mut(other, &tea), None);
    }
}
