//! What the controller says, and what leaders ask of it: LeaderAndIsr, UpdateMetadata, AlterPartition.
//!
//! Two fences stand before every order: the controller's epoch, so that a deposed controller is not
//! obeyed (11), and this broker's own epoch, so that an order meant for its former life is not (77). A third is
//! the leader epoch of each partition, where there is one.

use std::sync::Arc;

use super::Asked;
use crate::broker::Broker;
use crate::broker::controlling::Pending;
use crate::broker::partition::{Around, Decision, Partition};
use crate::broker::replicas::Slot;
use crate::controller::{Question, last_or_new};

use crate::fact::Fact;
use crate::log::Log;
use crate::log::planted::Bug;
use crate::model::{
    BrokerEpoch, BrokerId, ConnectionId, ControllerEpoch, LeaderEpoch, Offset, PartitionEpoch,
    TopicId, TopicName, TopicPartition,
};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::leader_and_isr::{
    LeaderAndIsrPartitionError, LeaderAndIsrPartitionState, LeaderAndIsrTopicError,
};
use crate::protocol::api::{
    AlterPartitionRequest, ControlledShutdownRequest, LeaderAndIsrRequest, LeaderAndIsrResponse,
    UpdateMetadataRequest, UpdateMetadataResponse,
};
use crate::sorted::SortedSet;
use crate::time::Moment;

impl Broker {
    /// The fences. A newer controller is remembered.
    ///
    /// Unlike Kafka, there is one more, for what no leader epoch fences: what comes over a connection that the
    /// controller has given up is older than what came since over the next. Late UpdateMetadata is not
    /// obeyed: it would replace a newer picture of the cluster, and stay. A late StopReplica without a leader epoch
    /// (−1, −2) is not either: it would delete the replica of a topic that has been made again since. Nor is a
    /// late LeaderAndIsr about a replica that is not here: it would bring back one that has been deleted since.
    pub(super) fn check_order(
        &mut self,
        controller_epoch: i32,
        broker_epoch: i64,
        over: ConnectionId,
    ) -> Result<Timing, ErrorCode> {
        let planted = self.config.log.planted;
        let former = broker_epoch != -1 && broker_epoch < self.epoch.0;
        if former && !planted.has(Bug::BounceUnnoticed) {
            return Err(ErrorCode::StaleBrokerEpoch);
        }
        let epoch = ControllerEpoch(controller_epoch);
        if epoch < self.controller_epoch && !planted.has(Bug::ZombieControllerWrites) {
            return Err(ErrorCode::StaleControllerEpoch);
        }
        if epoch == self.controller_epoch && over.serial < self.order_serial {
            return Ok(Timing::Late);
        }
        self.order_serial = over.serial;
        self.controller_epoch = epoch;
        Ok(Timing::InTime)
    }

    pub(super) fn handle_leader_and_isr(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: LeaderAndIsrRequest,
        out: &mut Outbox,
    ) {
        let mut response = LeaderAndIsrResponse::default();
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
        // A new replica needs its topic's settings, and they are in ZooKeeper.
        let missing = self.unknown_topics(&request);
        if !missing.is_empty() {
            for topic in missing.iter() {
                self.read_configs(at, topic, out);
            }
            let waiting = WaitingOrder {
                asked: asked.clone(),
                request,
                missing,
            };
            return self.waiting_orders.push(waiting);
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
            let absent = self.replicas.slot(&name).is_none();
            let obeyed = match timing {
                Timing::Late if absent => Err(ErrorCode::StaleControllerEpoch),
                _ => self.obey(at, name, id, state, out),
            };
            let error = obeyed.err().unwrap_or(ErrorCode::None);
            let error = LeaderAndIsrPartitionError {
                topic_name: topic.clone(),
                partition_index: state.partition_index,
                error_code: error.code(),
            };
            if asked.id.version < 5 {
                response.partition_errors.push(error);
                continue;
            }
            let begin = || LeaderAndIsrTopicError {
                topic_id: id,
                partition_errors: Vec::new(),
            };
            let topics = &mut response.topics;
            let topic = last_or_new(topics, |topic| topic.topic_id == id, begin);
            topic.partition_errors.push(error);
        }
        // Settings that were read for replicas that are not here after all are not kept.
        for topic in topics_of(&request) {
            if self.replicas.of_topic(&topic).is_none() {
                self.topic_configs.remove(&topic);
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
        // What a log on the disk says counts before its replica is opened, too.
        let stored = self.disk.replicas.get(&name);
        let stored = stored.map_or(TopicId::default(), |stored| stored.topic_id);
        let other_log = stored != TopicId::default() && id != TopicId::default() && stored != id;
        if known.is_some_and(other_topic) || known.is_none() && other_log {
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
        } else if cluster.is_alive(leader) {
            replica.become_follower(decision, around, out);
            self.stop_fetching(slot);
            self.start_fetching(slot, leader, epoch);
        }
        // Otherwise nobody leads, or somebody who is unknown here: the old state and epoch stay, and
        // another order will come.
        self.isr_changes.forget(slot);
        self.stir(slot);
        self.groups_follow(at, slot, out);
    }

    fn create_replica(&mut self, at: Moment, name: TopicPartition, id: TopicId) -> Slot {
        let config = self.topic_config(&name.topic);
        let stored = self.disk.replicas.remove(&name);
        let high_watermark = self.disk.high_watermarks.get(&name).copied();
        let log = match stored {
            Some(mut stored) => {
                // An epoch in which nothing was written is forgotten when a log is opened.
                stored.log.truncate_to(stored.log.end(), at.wall);
                stored.log
            }
            None => Log::new(Offset::ZERO, at.wall).with_seed(self.seed_of(&name)),
        };
        // A new replica clamps it to its log.
        let high_watermark = high_watermark.unwrap_or(Offset::ZERO);
        let replica = Partition::new(name, id, self.id, config, log, high_watermark);
        let slot = self.replicas.insert(replica);
        self.arm_cleaner(at);
        slot
    }

    /// A number of this replica's own.
    fn seed_of(&self, name: &TopicPartition) -> u64 {
        let topic = name.topic.as_str().bytes().map(u64::from);
        let numbers = [name.partition, self.id.0].map(|number| u64::from(number.cast_unsigned()));
        let words = topic.chain(numbers);
        words.fold(0xcbf2_9ce4_8422_2325, |seed, word| {
            (seed ^ word).wrapping_mul(0x0000_0100_0000_01b3)
        })
    }

    pub(super) fn handle_update_metadata(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &UpdateMetadataRequest,
        out: &mut Outbox,
    ) {
        let error = match self.check_order(
            request.controller_epoch,
            request.broker_epoch,
            asked.id.connection,
        ) {
            Err(error) => error,
            Ok(Timing::Late) => ErrorCode::StaleControllerEpoch,
            Ok(Timing::InTime) => {
                let gone = Arc::make_mut(&mut self.metadata).update(request);
                out.note(Fact::MetadataCacheUpdated {
                    topics: self.metadata.topics().len() as u32,
                    brokers: self.metadata.brokers().len() as u32,
                });
                self.groups_learn(at, &gone, out);
                ErrorCode::None
            }
        };
        let response = UpdateMetadataResponse {
            error_code: error.code(),
        };
        self.answer(at, asked.id, &response, out);
        self.check_waiting_admin(at, out);
        self.send_to_controller(at, out);
    }

    /// The topics of an order whose settings have never been read.
    fn unknown_topics(&self, request: &LeaderAndIsrRequest) -> SortedSet<TopicName> {
        let mut topics = topics_of(request);
        topics.retain(|topic| !self.topic_configs.contains_key(topic));
        topics
    }

    /// A topic's settings are known: orders that have waited for nothing else are carried out.
    pub(in crate::broker) fn resume_orders(
        &mut self,
        at: Moment,
        topic: &TopicName,
        out: &mut Outbox,
    ) {
        for order in &mut self.waiting_orders {
            order.missing.remove(topic);
        }
        while let Some(ready) = self
            .waiting_orders
            .iter()
            .position(|order| order.missing.is_empty())
        {
            let order = self.waiting_orders.remove(ready);
            self.handle_leader_and_isr(at, &order.asked, order.request, out);
        }
    }

    pub(super) fn handle_alter_partition(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: AlterPartitionRequest,
        out: &mut Outbox,
    ) {
        let version = asked.id.version;
        let question = Question::AlterPartition { request, version };
        let pending = Pending::AlterPartition(asked.clone());
        self.ask_controller(at, pending, question, out);
    }

    pub(super) fn handle_controlled_shutdown(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &ControlledShutdownRequest,
        out: &mut Outbox,
    ) {
        let question = Question::ControlledShutdown {
            broker: BrokerId(request.broker_id),
            epoch: BrokerEpoch(request.broker_epoch),
        };
        let pending = Pending::ControlledShutdown(asked.clone());
        self.ask_controller(at, pending, question, out);
    }
}

/// Whether an order comes over the newest connection of its controller, or over one that was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timing {
    InTime,
    Late,
}

/// The topics that an order speaks of.
fn topics_of(request: &LeaderAndIsrRequest) -> SortedSet<TopicName> {
    let flat = request.ungrouped_partition_states.iter();
    let flat = flat.map(|state| &state.topic_name);
    let grouped = request.topic_states.iter().map(|topic| &topic.topic_name);
    let named = flat.chain(grouped);
    named.map(|name| TopicName(name.clone())).collect()
}

/// An order that waits until settings of topics are read.
#[derive(Clone, Debug)]
pub(in crate::broker) struct WaitingOrder {
    asked: Asked,
    request: LeaderAndIsrRequest,
    missing: SortedSet<TopicName>,
}

impl WaitingOrder {
    /// Whether it waits for the settings of this topic.
    pub(in crate::broker) fn misses(&self, topic: &TopicName) -> bool {
        self.missing.contains(topic)
    }
}
