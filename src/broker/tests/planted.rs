//! Wrong states, planted for tests that must notice them.

use crate::broker::{Broker, Partition, RequestId};
use crate::model::TopicPartition;
use crate::time::Instant;

impl Broker {
    /// Changes a replica behind everybody's back.
    pub(crate) fn plant(&mut self, name: &TopicPartition, change: impl FnOnce(&mut Partition)) {
        let slot = self.replicas.slot(name).expect("the replica is here");
        change(self.replicas.get_mut(slot));
    }

    /// Has the broker work on a request that it will never answer.
    pub(crate) fn plant_busy(&mut self, request: RequestId) {
        let from = request.connection.opener;
        let limits = (u32::MAX, u32::MAX);
        self.connections
            .opened(request.connection, (from, None), Instant::ZERO, limits);
        self.connections.mute(request);
    }
}
