//! The replicas that a broker hosts.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::partition::Partition;
use crate::model::TopicPartition;

/// A hosted replica's number on this broker: what waiting requests remember instead of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot(u32);

/// Every hosted replica. Copying it is cheap; changing one replica copies only that one.
#[derive(Clone, Debug, Default)]
pub(super) struct Replicas {
    slots: Vec<Arc<Partition>>,
    by_name: Arc<BTreeMap<TopicPartition, Slot>>,
}

impl Slot {
    /// The lowest number.
    pub(super) const FIRST: Slot = Slot(0);
}

impl Replicas {
    pub(super) fn slot(&self, name: &TopicPartition) -> Option<Slot> {
        self.by_name.get(name).copied()
    }

    pub(super) fn get(&self, slot: Slot) -> &Partition {
        &self.slots[slot.0 as usize]
    }

    pub(super) fn get_mut(&mut self, slot: Slot) -> &mut Partition {
        Arc::make_mut(&mut self.slots[slot.0 as usize])
    }

    pub(super) fn find(&self, name: &TopicPartition) -> Option<&Partition> {
        self.slot(name).map(|slot| self.get(slot))
    }

    pub(super) fn insert(&mut self, partition: Partition) -> Slot {
        let slot = Slot(u32::try_from(self.slots.len()).expect("a broker hosts fewer replicas"));
        let name = partition.name().clone();
        let before = Arc::make_mut(&mut self.by_name).insert(name, slot);
        assert!(before.is_none(), "a partition has one replica on a broker");
        self.slots.push(Arc::new(partition));
        slot
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> + use<> {
        (0..self.slots.len() as u32).map(Slot)
    }

    /// By name, so that everything that walks over replicas does it in one order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&TopicPartition, Slot)> {
        self.by_name.iter().map(|(name, slot)| (name, *slot))
    }
}
