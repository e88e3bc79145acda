//! Asking the controller for another ISR: Kafka's `AlterPartitionManager`.
//!
//! Questions are collected and sent together, one request in flight at a time. One that fails as a
//! whole (the controller moved, the connection broke) is asked again after 50 ms, for ever: until it is
//! answered the leader counts every replica that may be in the ISR.

use crate::sorted::SortedMap;

use super::controller_line::{ControllerLine, Overdue};
use super::partition::IsrProposal;
use super::replicas::Slot;
use super::{Broker, Owner};
use crate::broker::partition::Around;
use crate::channel::Answer;
use crate::model::{BrokerId, LeaderEpoch, PartitionEpoch, TopicId};
use crate::process::Outbox;
use crate::protocol::api::AlterPartitionRequest;
use crate::protocol::api::alter_partition::{
    BrokerState, PartitionData, PartitionResult, TopicData,
};
use crate::protocol::{Chunks, ErrorCode};
use crate::time::{Duration, Instant, Moment, earliest};

const RETRY_BACKOFF: Duration = Duration::from_millis(50);

/// What is asked and not yet answered.
#[derive(Clone, Debug)]
pub(super) struct IsrChanges {
    unanswered: SortedMap<Slot, IsrProposal>,
    pub(super) line: ControllerLine<Vec<(Slot, LeaderEpoch)>>,
    retry_at: Option<Instant>,
}

impl IsrChanges {
    /// `timeout` is `controller.socket.timeout.ms`.
    pub(super) fn new(id: BrokerId, timeout: Duration) -> IsrChanges {
        IsrChanges {
            unanswered: SortedMap::new(),
            line: ControllerLine::new(id, "alter-partition", timeout),
            retry_at: None,
        }
    }

    /// The replica has another role now: what it asked for before does not matter any more.
    pub(super) fn forget(&mut self, slot: Slot) {
        self.unanswered.remove(&slot);
    }

    pub(super) fn next_wakeup(&self) -> Option<Instant> {
        let retry = self.retry_at.filter(|_| !self.unanswered.is_empty());
        earliest([retry, self.line.next_timeout()])
    }

    fn fail(&mut self, now: Instant) {
        self.retry_at = Some(now + RETRY_BACKOFF);
    }

    pub(super) fn closed(&mut self, now: Instant, out: &mut Outbox) {
        self.line.closed(out);
        self.fail(now);
    }

    pub(super) fn check_overdue(&mut self, now: Instant, out: &mut Outbox) {
        if self.line.check_overdue(now, out) == Overdue::GivenUp {
            self.fail(now);
        }
    }
}

impl Broker {
    /// A leader wants another ISR.
    pub(super) fn ask_for_isr(
        &mut self,
        at: Moment,
        slot: Slot,
        proposal: IsrProposal,
        out: &mut Outbox,
    ) {
        self.isr_changes.unanswered.insert(slot, proposal);
        self.send_isr_changes(at, out);
    }

    /// Sends every open question, if none is in flight and the controller is known.
    pub(super) fn send_isr_changes(&mut self, at: Moment, out: &mut Outbox) {
        let changes = &self.isr_changes;
        let too_soon = changes.retry_at.is_some_and(|retry| retry > at.now);
        if changes.unanswered.is_empty() || too_soon {
            return;
        }
        self.isr_changes.retry_at = None;
        if self.line_is_free(at, Owner::IsrChanges, |me| &mut me.isr_changes.line, out) {
            let (request, tag) = self.isr_request();
            self.isr_changes.line.ask(at.now, &request, tag, out);
        }
    }

    fn isr_request(&self) -> (AlterPartitionRequest, Vec<(Slot, LeaderEpoch)>) {
        let mut topics: Vec<TopicData> = Vec::new();
        let mut tag = Vec::new();
        for (slot, proposal) in &self.isr_changes.unanswered {
            let replica = self.replicas.get(*slot);
            let data = PartitionData {
                partition_index: replica.name().partition,
                leader_epoch: proposal.leader_epoch.0,
                partition_epoch: proposal.partition_epoch.0,
                new_isr_with_epochs: (proposal.isr.iter())
                    .map(|(id, epoch)| BrokerState {
                        broker_id: id.0,
                        broker_epoch: if *id == self.id {
                            self.epoch.0
                        } else {
                            epoch.0
                        },
                    })
                    .collect(),
                ..PartitionData::default()
            };
            tag.push((*slot, proposal.leader_epoch));
            let id = replica.topic_id();
            match topics.iter_mut().find(|topic| topic.topic_id == id) {
                Some(topic) => topic.partitions.push(data),
                None => topics.push(TopicData {
                    topic_name: replica.name().topic.0.clone(),
                    topic_id: id,
                    partitions: vec![data],
                }),
            }
        }
        let request = AlterPartitionRequest {
            broker_id: self.id.0,
            broker_epoch: self.epoch.0,
            topics,
        };
        (request, tag)
    }

    pub(super) fn isr_answered(&mut self, at: Moment, bytes: Chunks, out: &mut Outbox) {
        let Some(arrived) = self.isr_changes.line.received(bytes, out) else {
            return self.isr_changes.fail(at.now);
        };
        for answer in arrived.answers {
            if self.take_isr_answer(at, &answer, out).is_none() {
                self.isr_changes.fail(at.now);
            }
        }
        self.send_isr_changes(at, out);
    }

    /// `None` when the whole request failed.
    fn take_isr_answer(
        &mut self,
        at: Moment,
        answer: &Answer<Vec<(Slot, LeaderEpoch)>>,
        out: &mut Outbox,
    ) -> Option<()> {
        let response = answer.decode::<AlterPartitionRequest>().ok()?;
        if response.error_code != ErrorCode::None.code() {
            return None;
        }
        let results: Vec<(TopicId, &PartitionResult)> = (response.topics.iter())
            .flat_map(|topic| {
                topic
                    .partitions
                    .iter()
                    .map(|result| (topic.topic_id, result))
            })
            .collect();
        for (slot, epoch) in &answer.tag {
            let asked = self.isr_changes.unanswered.get(slot);
            if asked.is_none_or(|asked| asked.leader_epoch != *epoch) {
                continue;
            }
            let replica = self.replicas.get(*slot);
            let (id, index) = (replica.topic_id(), replica.name().partition);
            let mut results = results.iter();
            let result =
                results.find(|(topic, result)| *topic == id && result.partition_index == index);
            if let Some((_, result)) = result {
                self.take_isr_result(at, *slot, *epoch, result, out);
            }
        }
        Some(())
    }

    fn take_isr_result(
        &mut self,
        at: Moment,
        slot: Slot,
        epoch: LeaderEpoch,
        result: &PartitionResult,
        out: &mut Outbox,
    ) {
        let cluster = self.metadata.clone();
        let around = Around {
            at,
            lag: self.config.replica_lag_time_max,
            cluster: &cluster,
        };
        self.isr_changes.unanswered.remove(&slot);
        let replica = self.replicas.get_mut(slot);
        match ErrorCode::from_i16(result.error_code) {
            ErrorCode::None => {
                let isr = result.isr.iter().map(|id| BrokerId(*id)).collect();
                let version = PartitionEpoch(result.partition_epoch);
                replica.isr_changed(epoch, version, isr, around, out);
            }
            error @ (ErrorCode::IneligibleReplica
            | ErrorCode::OperationNotAttempted
            | ErrorCode::UnknownTopicOrPartition
            | ErrorCode::UnknownTopicId
            | ErrorCode::FencedLeaderEpoch
            | ErrorCode::InvalidUpdateVersion
            | ErrorCode::InvalidRequest) => replica.isr_refused(epoch, error, out),
            _ => {
                // A controller that knows less than this leader. The question stays open.
                if let Some(proposal) = replica.open_proposal() {
                    self.isr_changes.unanswered.insert(slot, proposal);
                    self.isr_changes.fail(at.now);
                }
            }
        }
        self.stir(slot);
    }

    /// Looks for followers that have fallen behind: every half of `replica.lag.time.max.ms`.
    pub(super) fn shrink_isrs(&mut self, at: Moment, out: &mut Outbox) {
        let cluster = self.metadata.clone();
        let around = Around {
            at,
            lag: self.config.replica_lag_time_max,
            cluster: &cluster,
        };
        for slot in self.replicas.slots() {
            let replica = self.replicas.get(slot);
            if !replica.is_leader() || replica.out_of_sync(around).is_empty() {
                continue;
            }
            let proposal = self.replicas.get_mut(slot).maybe_shrink(around, out);
            if let Some(proposal) = proposal {
                self.isr_changes.unanswered.insert(slot, proposal);
            }
        }
        self.send_isr_changes(at, out);
    }
}
