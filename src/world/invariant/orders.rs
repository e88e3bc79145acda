//! Whom a broker obeys.

use super::wire::{Frames, answer};
use super::{Invariant, PerReplica, View, broker};
use crate::fact::{Entry, Fact};
use crate::model::{BrokerId, ConnectionId, LeaderEpoch, TopicPartition};
use crate::protocol::api::{LeaderAndIsrRequest, StopReplicaRequest, UpdateMetadataRequest};
use crate::protocol::{AnyRequest, ApiKey};
use crate::sorted::SortedMap;
use crate::world::World;

/// R3 an order that is obeyed comes from a controller that is not older than the last one obeyed, and is
/// meant for this life of the broker; the epochs in which a replica is given a role only grow.
///
/// An order for a life that has begun in ZooKeeper and of which the broker has not heard yet is obeyed, as
/// in Kafka.
#[derive(Clone, Debug, Default)]
pub struct OrdersAreFenced {
    asked: Frames,
    /// The newest controller that each broker has obeyed in this life.
    obeyed: SortedMap<BrokerId, i32>,
    /// The epoch in which each replica has its role.
    roles: PerReplica<LeaderEpoch>,
}

impl Invariant for OrdersAreFenced {
    fn name(&self) -> &'static str {
        "OrdersAreFenced"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        self.asked.follow(view.world, entry, is_order);
        let Some(by) = broker(entry) else {
            return Ok(());
        };
        match &entry.fact {
            Fact::Started | Fact::Killed { .. } | Fact::Stopped => {
                self.obeyed.remove(&by);
                self.roles.forget_broker(by);
                Ok(())
            }
            Fact::BecameLeader {
                partition, epoch, ..
            }
            | Fact::BecameFollower {
                partition, epoch, ..
            } => match self.roles.insert(by, partition, *epoch) {
                Some(before) if before >= *epoch => Err(format!(
                    "R3: broker {by} is given a role for {partition} in {epoch}, it has one in {before}"
                )),
                _ => Ok(()),
            },
            Fact::ResponseSent {
                connection,
                api,
                version,
                correlation_id,
            } if is_order(*api) => self.answered(
                view.world,
                by,
                *connection,
                (*api, *version),
                *correlation_id,
            ),
            _ => Ok(()),
        }
    }
}

impl OrdersAreFenced {
    /// A replica is gone, and nothing that is known of it matters any more.
    pub(super) fn forget(&mut self, by: BrokerId, partition: &TopicPartition) {
        self.roles.forget(by, partition);
    }

    fn answered(
        &mut self,
        world: &World,
        by: BrokerId,
        connection: ConnectionId,
        (api, version): (ApiKey, i16),
        id: i32,
    ) -> Result<(), String> {
        let order = self.asked.take(connection, id);
        let order = order.and_then(|frame| AnyRequest::decode(&frame).ok());
        let Some((_, order)) = order else {
            return Ok(());
        };
        let error = match api {
            ApiKey::LeaderAndIsr => answer::<LeaderAndIsrRequest>(world, connection, version, id)
                .map(|answer| answer.error_code),
            ApiKey::StopReplica => answer::<StopReplicaRequest>(world, connection, version, id)
                .map(|answer| answer.error_code),
            _ => answer::<UpdateMetadataRequest>(world, connection, version, id)
                .map(|answer| answer.error_code),
        };
        if error != Some(0) {
            return Ok(());
        }
        let (controller_epoch, broker_epoch) = match &order {
            AnyRequest::LeaderAndIsr(order) => (order.controller_epoch, order.broker_epoch),
            AnyRequest::StopReplica(order) => (order.controller_epoch, order.broker_epoch),
            AnyRequest::UpdateMetadata(order) => (order.controller_epoch, order.broker_epoch),
            _ => return Ok(()),
        };
        let own = world.broker_by_id(by).map(|broker| broker.epoch().0);
        if let Some(own) = own.filter(|own| broker_epoch != -1 && broker_epoch < *own) {
            return Err(format!(
                "R3: broker {by} in its life {own} obeys an order for its life {broker_epoch}"
            ));
        }
        match self.obeyed.insert(by, controller_epoch) {
            Some(before) if before > controller_epoch => Err(format!(
                "R3: broker {by} obeys the controller of epoch {controller_epoch} after that of {before}"
            )),
            _ => Ok(()),
        }
    }
}

fn is_order(api: ApiKey) -> bool {
    matches!(
        api,
        ApiKey::LeaderAndIsr | ApiKey::StopReplica | ApiKey::UpdateMetadata
    )
}
