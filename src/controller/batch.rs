//! What is to be told to brokers once an event is dealt with (`ControllerBrokerRequestBatch`).
//!
//! Gathered while the controller decides, sent together: to each broker LeaderAndIsr first, then
//! UpdateMetadata to all, then StopReplica. Telling somebody who leads always tells everybody.

use crate::model::{BrokerId, TopicPartition};
use crate::sorted::{SortedMap, SortedSet};

/// Whether a replica comes to a broker for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Novelty {
    New,
    Known,
}

/// What becomes of the data of a replica that stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Data {
    Kept,
    Deleted,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Batch {
    pub(super) leaders: SortedMap<BrokerId, SortedMap<TopicPartition, Novelty>>,
    /// Partitions whose state everybody is told.
    pub(super) metadata: SortedSet<TopicPartition>,
    /// Everybody is told who is alive, even when no partition has changed.
    pub(super) tell_brokers: bool,
    pub(super) stops: SortedMap<BrokerId, SortedMap<TopicPartition, Data>>,
}

impl Batch {
    pub(super) fn lead(&mut self, broker: BrokerId, name: &TopicPartition, novelty: Novelty) {
        let told = self.leaders.entry(broker).or_default();
        told.insert(name.clone(), novelty);
        self.metadata.insert(name.clone());
    }

    /// Everybody is told about these.
    pub(super) fn tell(&mut self, names: &[TopicPartition]) {
        for name in names {
            self.metadata.insert(name.clone());
        }
    }

    pub(super) fn stop(&mut self, broker: BrokerId, name: &TopicPartition, data: Data) {
        let told = self.stops.entry(broker).or_default();
        told.insert(name.clone(), data);
    }
}
