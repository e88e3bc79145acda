//! The replicas that a broker hosts.

use crate::sorted::{SortedMap, SortedSet};
use std::sync::Arc;

use super::partition::Partition;
use crate::model::{TopicName, TopicPartition};

/// A hosted replica's number on this broker: what waiting requests remember instead of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot(u32);

/// Every hosted replica. Copying it is cheap; changing one replica copies only that one.
#[derive(Clone, Debug, Default)]
pub(super) struct Replicas {
    slots: Vec<Arc<Partition>>,
    /// Numbers of replicas that were deleted. They are never given to another: waiting requests remember
    /// numbers, and would wait for it. What is kept of a deleted replica is an empty log.
    retired: Arc<SortedSet<Slot>>,
    by_name: Arc<SortedMap<TopicName, SortedMap<i32, Slot>>>,
}

impl Slot {
    /// The lowest number.
    pub(super) const FIRST: Slot = Slot(0);
}

impl Replicas {
    /// The replicas of one topic, by partition.
    pub(super) fn of_topic(&self, topic: &TopicName) -> Option<&SortedMap<i32, Slot>> {
        self.by_name.get(topic)
    }

    pub(super) fn slot(&self, name: &TopicPartition) -> Option<Slot> {
        self.of_topic(&name.topic)?.get(&name.partition).copied()
    }

    pub(super) fn get(&self, slot: Slot) -> &Partition {
        &self.slots[slot.0 as usize]
    }

    pub(super) fn get_mut(&mut self, slot: Slot) -> &mut Partition {
        Arc::make_mut(&mut self.slots[slot.0 as usize])
    }

    /// Whether a replica is the very same in another copy.
    pub(super) fn shares(&self, other: &Replicas, slot: Slot) -> bool {
        let at = slot.0 as usize;
        let both = self.slots.get(at).zip(other.slots.get(at));
        both.is_some_and(|(one, other)| Arc::ptr_eq(one, other))
    }

    pub(super) fn find(&self, name: &TopicPartition) -> Option<&Partition> {
        self.slot(name).map(|slot| self.get(slot))
    }

    pub(super) fn insert(&mut self, partition: Partition) -> Slot {
        let slot = Slot(u32::try_from(self.slots.len()).expect("a broker hosts fewer replicas"));
        let TopicPartition {
            topic,
            partition: index,
        } = partition.name().clone();
        let topic = Arc::make_mut(&mut self.by_name).entry(topic).or_default();
        let before = topic.insert(index, slot);
        assert!(before.is_none(), "a partition has one replica on a broker");
        self.slots.push(Arc::new(partition));
        slot
    }

    /// Takes a replica away. What still knows its number finds a replica that leads nothing and holds
    /// nothing.
    pub(super) fn remove(&mut self, slot: Slot, empty: Partition) {
        let name = self.get(slot).name().clone();
        let by_name = Arc::make_mut(&mut self.by_name);
        if let Some(topic) = by_name.get_mut(&name.topic) {
            topic.remove(&name.partition);
            if topic.is_empty() {
                by_name.remove(&name.topic);
            }
        }
        Arc::make_mut(&mut self.retired).insert(slot);
        self.slots[slot.0 as usize] = Arc::new(empty);
    }

    /// Whether the replica with this number was deleted.
    pub(super) fn is_retired(&self, slot: Slot) -> bool {
        self.retired.contains(&slot)
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> + use<> {
        let retired = self.retired.clone();
        let all = (0..self.slots.len() as u32).map(Slot);
        all.filter(move |slot| !retired.contains(slot))
    }

    /// By name, so that everything that walks over replicas does it in one order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&TopicPartition, Slot)> {
        let slots = self.by_name.values().flat_map(SortedMap::values);
        slots.map(|slot| (self.get(*slot).name(), *slot))
    }
}
