//! What the controller says, and what leaders ask of it: LeaderAndIsr, UpdateMetadata, AlterPartition.
//!
//! Two fences stand before every order: the controller's epoch, so that a deposed controller is not
//! obeyed (11), and this broker's own epoch, so that an order meant for its former life is not (77).

use std::sync::Arc;

use super::Asked;
use crate::broker::Broker;
use crate::broker::partition::{Around, Decision, Partition};
use crate::broker::replicas::Slot;

use crate::fact::Fact;
use crate::log::Log;
use crate::model::{
    BrokerId, ControllerEpoch, LeaderEpoch, Offset, PartitionEpoch, TopicId, TopicName,
    TopicPartition,
};
use crate::process::{Outbox, Serials, TopicConfigs};
use crate::protocol::ErrorCode;
use crate::protocol::api::leader_and_isr::{
    LeaderAndIsrPartitionError, LeaderAndIsrPartitionState, LeaderAndIsrTopicError,
};
use crate::protocol::api::{
    AlterPartitionRequest, AlterPartitionResponse, LeaderAndIsrRequest, LeaderAndIsrResponse,
    UpdateMetadataRequest, UpdateMetadataResponse,
};
use crate::time::Moment;

impl Broker {
    /// The fences. A newer controller is remembered.
    fn check_order(&mut self, controller_epoch: i32, broker_epoch: i64) -> Result<(), ErrorCode> {
        if broker_epoch != -1 && broker_epoch < self.epoch.0 {
            return Err(ErrorCode::StaleBrokerEpoch);
        }
        let epoch = ControllerEpoch(controller_epoch);
        if epoch < self.controller_epoch {
            return Err(ErrorCode::StaleControllerEpoch);
        }
        self.controller_epoch = epoch;
        Ok(())
    }

    pub(super) fn handle_leader_and_isr(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: LeaderAndIsrRequest,
        out: &mut Outbox,
    ) {
        let mut response = LeaderAndIsrResponse::default();
        if let Err(error) = self.check_order(request.controller_epoch, request.broker_epoch) {
            response.error_code = error.code();
            return self.answer(at, asked.id, &response, out);
        }
        let flat = request.ungrouped_partition_states.iter();
        let flat = flat.map(|state| (&state.topic_name, TopicId::default(), state));
        let grouped = request.topic_states.iter().flat_map(|topic| {
            let states = topic.partition_states.iter();
            states.map(move |state| (&topic.topic_name, topic.topic_id, state))
        });
        for (topic, id, state) in flat.chain(grouped) {
            let name = TopicPartition {
                topic: TopicName(topic.clone()),
                partition: state.partition_index,
            };
            let error = match self.obey(at, name, id, state, out) {
                Ok(()) => ErrorCode::None,
                Err(error) => error,
            };
            let error = LeaderAndIsrPartitionError {
                topic_name: topic.clone(),
                partition_index: state.partition_index,
                error_code: error.code(),
            };
            match response.topics.last_mut() {
                _ if asked.id.version < 5 => response.partition_errors.push(error),
                Some(topic) if topic.topic_id == id => topic.partition_errors.push(error),
                _ => response.topics.push(LeaderAndIsrTopicError {
                    topic_id: id,
                    partition_errors: vec![error],
                }),
            }
        }
        self.answer(at, asked.id, &response, out);
        self.run_fetchers(at, out);
    }

    /// Makes one replica what the controller wants it to be.
    ///
    /// # Errors
    /// INCONSISTENT_TOPIC_ID (103); UNKNOWN_TOPIC_OR_PARTITION (3) when no replica of it belongs here;
    /// STALE_CONTROLLER_EPOCH (11) when its epoch is not newer than what is known.
    fn obey(
        &mut self,
        at: Moment,
        name: TopicPartition,
        id: TopicId,
        state: &LeaderAndIsrPartitionState,
        out: &mut Outbox,
    ) -> Result<(), ErrorCode> {
        let slot = self.replicas.slot(&name);
        let known = slot.map(|slot| self.replicas.get(slot));
        let other_topic = |known: &Partition| {
            known.topic_id() != TopicId::default()
                && id != TopicId::default()
                && known.topic_id() != id
        };
        if known.is_some_and(other_topic) {
            return Err(ErrorCode::InconsistentTopicId);
        }
        let epoch = LeaderEpoch(state.leader_epoch);
        if known.is_some_and(|known| epoch <= known.leader_epoch()) {
            return Err(ErrorCode::StaleControllerEpoch);
        }
        if !state.replicas.contains(&self.id.0) {
            return Err(ErrorCode::UnknownTopicOrPartition);
        }
        let slot = slot.unwrap_or_else(|| self.create_replica(at, name, id));
        if self.replicas.get(slot).topic_id() == TopicId::default() {
            self.replicas.get_mut(slot).set_topic_id(id);
        }
        let ids = |ids: &[i32]| -> Vec<BrokerId> { ids.iter().map(|id| BrokerId(*id)).collect() };
        let decision = Decision {
            leader: BrokerId(state.leader),
            leader_epoch: epoch,
            partition_epoch: PartitionEpoch(state.partition_epoch),
            isr: ids(&state.isr),
            replicas: ids(&state.replicas),
        };
        self.change_role(at, slot, decision, out);
        Ok(())
    }

    fn change_role(&mut self, at: Moment, slot: Slot, decision: Decision, out: &mut Outbox) {
        let cluster = self.metadata.clone();
        let around = Around {
            at,
            lag: self.config.replica_lag_time_max,
            cluster: &cluster,
        };
        let (leader, epoch) = (decision.leader, decision.leader_epoch);
        let replica = self.replicas.get_mut(slot);
        if leader == self.id {
            replica.become_leader(decision, around, out);
            self.stop_fetching(slot);
        } else if leader == BrokerId::NONE || cluster.is_alive(leader) {
            replica.become_follower(decision, around, out);
            self.stop_fetching(slot);
            if leader != BrokerId::NONE {
                self.start_fetching(slot, leader, epoch);
            }
        }
        // Otherwise the new leader is unknown here: the old state and epoch stay, and another order
        // will come.
        self.isr_changes.forget(slot);
        self.stir(slot);
    }

    fn create_replica(&mut self, at: Moment, name: TopicPartition, id: TopicId) -> Slot {
        let config = self.topic_config(&name.topic);
        let stored = self.disk.replicas.remove(&name);
        let high_watermark = self.disk.high_watermarks.get(&name).copied();
        // What another topic of the same name has left behind is not this topic's.
        let stored = stored.filter(|stored| stored.topic_id == id);
        let log = match stored {
            Some(stored) => stored.log,
            None => Log::new(Offset::ZERO, at.wall),
        };
        // A new replica clamps it to its log.
        let high_watermark = high_watermark.unwrap_or(Offset::ZERO);
        let replica = Partition::new(name, id, self.id, config, log, high_watermark);
        self.replicas.insert(replica)
    }

    pub(super) fn handle_update_metadata(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &UpdateMetadataRequest,
        out: &mut Outbox,
    ) {
        let error = match self.check_order(request.controller_epoch, request.broker_epoch) {
            Err(error) => error,
            Ok(()) => {
                Arc::make_mut(&mut self.metadata).update(request);
                out.note(Fact::MetadataCacheUpdated {
                    topics: self.metadata.topics().len() as u32,
                    brokers: self.metadata.brokers().len() as u32,
                });
                ErrorCode::None
            }
        };
        let response = UpdateMetadataResponse {
            error_code: error.code(),
        };
        self.answer(at, asked.id, &response, out);
        self.check_waiting_topics(at, out);
        self.send_to_controller(at, out);
    }

    pub(super) fn handle_alter_partition(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &AlterPartitionRequest,
        out: &mut Outbox,
    ) {
        let response = match &mut self.controller {
            Some(controller) => {
                let mut serials = Serials(&mut self.connection_serial);
                controller.alter_partition(at.now, request, asked.id.version, &mut serials, out)
            }
            None => AlterPartitionResponse {
                error_code: ErrorCode::NotController.code(),
                ..AlterPartitionResponse::default()
            },
        };
        self.answer(at, asked.id, &response, out);
    }

    /// The controller told a topic's settings.
    pub(in crate::broker) fn take_configs(&mut self, configs: TopicConfigs) {
        let (topic, configs) = (configs.topic, configs.configs);
        let changed = self.topic_configs.insert(topic.clone(), configs.into());
        if changed.as_ref() == self.topic_configs.get(&topic) {
            return;
        }
        let config = self.topic_config(&topic);
        let slots = self.replicas.of_topic(&topic);
        let slots: Vec<Slot> = slots.map_or(Vec::new(), |slots| slots.values().copied().collect());
        for slot in slots {
            if *self.replicas.get(slot).config() != config {
                self.replicas.get_mut(slot).set_config(config.clone());
                self.stir(slot);
            }
        }
    }
}
