//! StopReplica: replicas stop, and some of them go.
//!
//! Each comes with the leader epoch that the controller knows, so that what is late stops nobody; a topic that
//! is to go has none (−2).

use std::sync::Arc;

use super::Asked;
use super::control::Timing;
use crate::broker::Broker;
use crate::broker::partition::Partition;
use crate::broker::replicas::Slot;
use crate::fact::Fact;
use crate::log::Log;
use crate::model::{Offset, Text, TopicName, TopicPartition};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::stop_replica::StopReplicaPartitionError;
use crate::protocol::api::{StopReplicaRequest, StopReplicaResponse};
use crate::time::Moment;

/// What becomes of a stopped replica's log.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Data {
    Kept,
    Deleted,
}

impl Data {
    fn of(deleted: bool) -> Data {
        match deleted {
            true => Data::Deleted,
            false => Data::Kept,
        }
    }
}

impl Broker {
    pub(super) fn handle_stop_replica(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &StopReplicaRequest,
        out: &mut Outbox,
    ) {
        let mut response = StopReplicaResponse::default();
        let timing = match self.check_order(
            request.controller_epoch,
            request.broker_epoch,
            asked.id.connection,
        ) {
            Ok(timing) => timing,
            Err(error) => {
                response.error_code = error.code();
                return self.answer(at, asked.id, &response, out);
            }
        };
        for (name, leader_epoch, data) in stopped(request) {
            let slot = self.replicas.slot(&name);
            let known = slot.map(|slot| self.replicas.get(slot).leader_epoch().0);
            let error = match (leader_epoch, timing) {
                (0.., _) if known.is_some_and(|known| leader_epoch < known) => {
                    ErrorCode::FencedLeaderEpoch
                }
                (0.., _) | (_, Timing::InTime) => ErrorCode::None,
                // −1 knows no epoch, −2 is a topic that is being deleted: both are obeyed in time.
                (_, Timing::Late) => ErrorCode::StaleControllerEpoch,
            };
            if error == ErrorCode::None {
                self.stop_replica(at, &name, slot, data, out);
            }
            response.partition_errors.push(StopReplicaPartitionError {
                topic_name: name.topic.0,
                partition_index: name.partition,
                error_code: error.code(),
            });
        }
        self.answer(at, asked.id, &response, out);
        self.run_fetchers(at, out);
    }

    fn stop_replica(
        &mut self,
        at: Moment,
        name: &TopicPartition,
        slot: Option<Slot>,
        data: Data,
        out: &mut Outbox,
    ) {
        if let Some(slot) = slot {
            self.stop_fetching(slot);
        }
        match data {
            Data::Deleted => self.delete_replica(at, name, slot, out),
            Data::Kept if slot.is_some() => out.note(Fact::ReplicaStopped {
                partition: name.clone(),
            }),
            Data::Kept => {}
        }
    }

    /// A replica goes, and its log with it. Who waits for it is told that it leads nothing here.
    ///
    /// Unlike Kafka, which renames the directory and removes it a minute later: at once.
    fn delete_replica(
        &mut self,
        at: Moment,
        name: &TopicPartition,
        slot: Option<Slot>,
        out: &mut Outbox,
    ) {
        let stored = self.disk.replicas.remove(name).is_some();
        if self.disk.high_watermarks.contains_key(name) {
            Arc::make_mut(&mut self.disk.high_watermarks).remove(name);
        }
        if let Some(slot) = slot {
            let config = self.replicas.get(slot).config().clone();
            let id = self.replicas.get(slot).topic_id();
            let log = Log::new(Offset::ZERO, at.wall);
            let empty = Partition::new(name.clone(), id, self.id, config, log, Offset::ZERO);
            self.replicas.remove(slot, empty);
            self.isr_changes.forget(slot);
            self.stir(slot);
            self.groups_follow(at, slot, out);
        }
        if self.replicas.of_topic(&name.topic).is_none() {
            self.topic_configs.remove(&name.topic);
        }
        if stored || slot.is_some() {
            out.note(Fact::ReplicaDeleted {
                partition: name.clone(),
            });
        }
    }
}

/// The partitions to stop, each with the leader epoch that the controller knows.
fn stopped(request: &StopReplicaRequest) -> Vec<(TopicPartition, i32, Data)> {
    let name = |topic: &Text, partition: i32| TopicPartition {
        topic: TopicName(topic.clone()),
        partition,
    };
    let all = Data::of(request.delete_partitions);
    let flat = request.ungrouped_partitions.iter();
    let flat = flat.map(|one| (name(&one.topic_name, one.partition_index), -1, all));
    let grouped = request.topics.iter().flat_map(|topic| {
        let partitions = topic.partition_indexes.iter();
        partitions.map(|partition| (name(&topic.name, *partition), -1, all))
    });
    let states = request.topic_states.iter().flat_map(|topic| {
        let states = topic.partition_states.iter();
        states.map(|one| {
            let partition = name(&topic.topic_name, one.partition_index);
            (partition, one.leader_epoch, Data::of(one.delete_partition))
        })
    });
    flat.chain(grouped).chain(states).collect()
}
