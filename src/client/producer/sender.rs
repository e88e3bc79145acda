//! `Sender`: takes batches from the accumulator to the leaders and hears what became of them.
//!
//! Kafka's sender is a thread that runs in a circle; here it runs once whenever something happened. What
//! an answer means is decided by its error code. One that may pass (*retriable*) puts the batch back, to
//! be sent again after a pause that grows with each attempt. One that says the metadata is wrong asks for
//! metadata as well. Everything else fails the batch. So does `delivery.timeout.ms`, counted from the
//! moment at which the batch was begun, whatever state it is in then.
//!
//! A lost connection is no answer. The batches that were in flight are sent again, and may be written
//! twice: nobody can say whether the leader had written them. Nor does a failure mean that nothing was
//! written; only an acknowledgement is certain.
//!
//! With `acks=0` there is no answer: a batch counts as sent once its bytes are on their way.
//!
//! An idempotent producer asks for its id before anything else, and numbers what it sends
//! ([`Numbering`]). Then a batch that is sent again is not written again, and order is kept.
//!
//! Unlike Kafka, whose sender does nothing else while it waits for its id, `delivery.timeout.ms` holds
//! meanwhile. Left out: transactions.

use super::accumulator::{Accumulator, Pressure};
use super::batch::{ProducerBatch, RecordRef, Retry};
use super::numbering::Numbering;
use crate::channel::Answer;
use crate::client::backoff::Backoff;
use crate::client::config::{Acks, ProducerConfig};
use crate::client::network::{Event, Network, Readiness};
use crate::fact::{CloseReason, Fact};
use crate::model::{BrokerId, LeaderEpoch, Offset, TopicPartition};
use crate::process::Outbox;
use crate::protocol::api::ProduceRequest;
use crate::protocol::api::produce::{
    PartitionProduceData, PartitionProduceResponse, TopicProduceData,
};
use crate::protocol::records::read_batches;
use crate::protocol::{ApiKey, ErrorCode};
use crate::rng::Rng;
use crate::time::{Instant, Moment, earliest};

/// A request in flight.
#[derive(Clone, Debug)]
pub enum Call {
    Produce(Vec<ProducerBatch>),
    InitProducerId,
}

impl Call {
    /// The batches in it.
    pub fn batches(&self) -> &[ProducerBatch] {
        match self {
            Call::Produce(batches) => batches,
            Call::InitProducerId => &[],
        }
    }

    pub(super) fn batches_mut(&mut self) -> &mut [ProducerBatch] {
        match self {
            Call::Produce(batches) => batches,
            Call::InitProducerId => &mut [],
        }
    }
}

/// What has become of a producer's records so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Handed over by the application.
    pub queued: u64,
    /// Calls of `send()` that failed, so that nothing was queued; they count as failed too.
    pub refused: u64,
    /// Acknowledged, or with acks=0 on their way.
    pub acknowledged: u64,
    /// Failed as far as the application was told; some may be in the log all the same.
    pub failed: u64,
    /// Sent again, counted by batch.
    pub retried: u64,
}

/// What the sender and the application work with during one input.
pub struct Turn<'a> {
    pub at: Moment,
    pub config: &'a ProducerConfig,
    pub network: &'a mut Network<Call>,
    pub rng: &'a mut Rng,
    pub out: &'a mut Outbox,
}

/// Sends batches and hears what became of them.
#[derive(Clone, Debug, Default)]
pub struct Sender {
    pub accumulator: Accumulator,
    pub numbering: Numbering,
    pub tally: Tally,
    /// When a linger or a back-off ends, as of the last run.
    look_again: Option<Instant>,
}

impl Sender {
    /// Fails what is overdue and sends what can be sent.
    pub fn run(&mut self, pressure: Pressure, turn: &mut Turn<'_>) {
        self.expire(turn);
        if turn.config.is_idempotent() && !self.is_numbering(turn) {
            self.look_again = None;
            return;
        }
        while self.send_what_is_ready(pressure, turn) {}
    }

    /// Sends every broker that is ready one request; true when any was sent, for then there may be more.
    fn send_what_is_ready(&mut self, pressure: Pressure, turn: &mut Turn<'_>) -> bool {
        let now = turn.at.now;
        let metadata = turn.network.metadata();
        let ready = (self.accumulator).ready(now, metadata, pressure, turn.config);
        self.look_again = ready.look_again;
        if ready.leader_unknown {
            turn.network.metadata_mut().request_update();
        }
        let mut sent = false;
        for broker in ready.brokers {
            if turn.network.ensure(now, broker, turn.rng, turn.out) != Readiness::Ready {
                continue;
            }
            if turn.network.in_flight(broker) >= turn.config.max_in_flight as usize {
                continue;
            }
            let metadata = turn.network.metadata();
            let Sender {
                accumulator,
                numbering,
                ..
            } = self;
            let batches = accumulator.drain(now, broker, metadata, turn.config, numbering);
            if !batches.is_empty() {
                self.send(broker, batches, turn);
                sent = true;
            }
        }
        sent
    }

    fn expire(&mut self, turn: &mut Turn<'_>) {
        let now = turn.at.now;
        for batch in self.accumulator.take_expired(now, turn.config) {
            self.give_up(&batch);
            self.fail(&batch, ErrorCode::RequestTimedOut, turn.out);
        }
        let timeout = turn.config.delivery_timeout;
        let Sender {
            accumulator,
            numbering,
            tally,
            ..
        } = self;
        for (_, call) in turn.network.calls_mut() {
            for batch in call.batches_mut() {
                if !batch.given_up && batch.created_at + timeout <= now {
                    batch.given_up = true;
                    if let Some(stamp) = batch.stamp {
                        numbering.given_up(&batch.partition, stamp, batch.records);
                    }
                    accumulator.release(batch.memory);
                    note_failure(batch, ErrorCode::RequestTimedOut, tally, turn.out);
                }
            }
        }
    }

    /// A batch will not be sent again. If it has a number, nobody knows whether that is used.
    pub(super) fn give_up(&mut self, batch: &ProducerBatch) {
        if let Some(stamp) = batch.stamp {
            (self.numbering).given_up(&batch.partition, stamp, batch.records);
        }
    }

    fn send(&mut self, broker: BrokerId, mut batches: Vec<ProducerBatch>, turn: &mut Turn<'_>) {
        let now = turn.at.now;
        let Some(version) = turn.network.version(broker, ApiKey::Produce) else {
            for batch in batches {
                self.accumulator.unmute(&batch.partition);
                self.give_up(&batch);
                self.fail(&batch, ErrorCode::UnsupportedVersion, turn.out);
            }
            return;
        };
        for batch in &mut batches {
            let known = turn.network.metadata().leader(&batch.partition);
            batch.attempts += 1;
            batch.retry = None;
            batch.sent_in = known.map_or(LeaderEpoch(i32::MAX), |(_, epoch)| epoch);
            turn.out.note(Fact::BatchSent {
                partition: batch.partition.clone(),
                records: batch.records,
                attempt: batch.attempts,
            });
        }
        let request = request(&batches, turn.config);
        if turn.config.acks == Acks::None {
            (turn.network).call_unanswered(now, broker, &request, version, turn.out);
            for batch in batches {
                self.accumulator.unmute(&batch.partition);
                // Numbered before acks=0 was set, and nobody will say what became of it.
                self.give_up(&batch);
                self.acknowledge(&batch, Offset(-1), turn);
            }
            return;
        }
        let call = Call::Produce(batches);
        (turn.network).call(now, broker, &request, version, call, turn.out);
    }

    /// Hears what became of a request.
    pub fn handle(&mut self, event: Event<Call>, turn: &mut Turn<'_>) {
        match event {
            Event::Answered { from, call, answer } => match call {
                Call::Produce(batches) => self.answered(from, batches, &answer, turn),
                Call::InitProducerId => self.id_answered(from, &answer, turn),
            },
            Event::Lost { calls, error, .. } => {
                for call in calls {
                    match call {
                        Call::Produce(batches) => {
                            for batch in batches {
                                self.complete(batch, error, Offset(-1), turn);
                            }
                        }
                        Call::InitProducerId => self.ask_for_id_again(turn),
                    }
                }
            }
        }
    }

    /// An answer could not be read: its connection is worth nothing any more.
    pub(super) fn unreadable(&mut self, from: BrokerId, call: Call, turn: &mut Turn<'_>) {
        let mut lost = vec![Event::Lost {
            to: from,
            calls: vec![call],
            error: ErrorCode::NetworkException,
        }];
        let (now, reason) = (turn.at.now, CloseReason::Malformed);
        (turn.network).close(now, from, reason, turn.rng, &mut lost, turn.out);
        for event in lost {
            self.handle(event, turn);
        }
    }

    fn answered(
        &mut self,
        from: BrokerId,
        batches: Vec<ProducerBatch>,
        answer: &Answer<()>,
        turn: &mut Turn<'_>,
    ) {
        let Ok(response) = answer.decode::<ProduceRequest>() else {
            return self.unreadable(from, Call::Produce(batches), turn);
        };
        for batch in batches {
            let topics = response.responses.iter();
            let result = topics
                .filter(|topic| *topic.name == *batch.partition.topic.0)
                .flat_map(|topic| &topic.partition_responses)
                .find(|result| result.index == batch.partition.partition);
            // A broker that says nothing about a batch it was sent has a fault of its own.
            let silent = PartitionProduceResponse {
                error_code: ErrorCode::UnknownServerError.code(),
                ..PartitionProduceResponse::default()
            };
            let result = result.unwrap_or(&silent);
            let (leader, epoch) = (
                BrokerId(result.current_leader.leader_id),
                LeaderEpoch(result.current_leader.leader_epoch),
            );
            let metadata = turn.network.metadata_mut();
            metadata.learn_leader(&batch.partition, leader, epoch, turn.out);
            let error = ErrorCode::from_i16(result.error_code);
            self.complete(batch, error, Offset(result.base_offset), turn);
        }
    }

    /// Does what an error code asks for.
    fn complete(
        &mut self,
        batch: ProducerBatch,
        error: ErrorCode,
        offset: Offset,
        turn: &mut Turn<'_>,
    ) {
        self.accumulator.unmute(&batch.partition);
        if error.is_invalid_metadata() {
            turn.network.metadata_mut().request_update();
        }
        let written = matches!(error, ErrorCode::None | ErrorCode::DuplicateSequenceNumber);
        if let Some(stamp) = batch.stamp.filter(|_| written) {
            (self.numbering).acknowledged(&batch.partition, stamp, batch.records);
        }
        if batch.given_up {
            return;
        }
        let retries_left = i64::from(batch.attempts) <= i64::from(turn.config.retries);
        let timely = batch.created_at + turn.config.delivery_timeout > turn.at.now;
        match error {
            // DUPLICATE_SEQUENCE_NUMBER says: it was written before, nobody knows where.
            ErrorCode::None => self.acknowledge(&batch, offset, turn),
            ErrorCode::DuplicateSequenceNumber => self.acknowledge(&batch, Offset(-1), turn),
            ErrorCode::MessageTooLarge if batch.records > 1 => self.split(batch, turn),
            _ if retries_left && timely && self.may_retry(&batch, error) => {
                self.retry(batch, error, turn);
            }
            _ => {
                match batch.stamp {
                    Some(stamp) if retries_left && timely => {
                        self.numbering.refused_for_good(&batch.partition, stamp);
                    }
                    _ => self.give_up(&batch),
                }
                self.fail(&batch, error, turn.out);
            }
        }
    }

    fn may_retry(&mut self, batch: &ProducerBatch, error: ErrorCode) -> bool {
        let Some(stamp) = batch.stamp else {
            return error.is_retriable();
        };
        (self.numbering).may_retry(&batch.partition, stamp, batch.renumbered, error)
    }

    fn acknowledge(&mut self, batch: &ProducerBatch, offset: Offset, turn: &mut Turn<'_>) {
        self.accumulator.release(batch.memory);
        self.tally.acknowledged += u64::from(batch.records);
        turn.out.note(Fact::RecordsAcknowledged {
            partition: batch.partition.clone(),
            base_offset: offset,
            records: batch.records,
            acks: turn.config.acks.code(),
        });
    }

    fn retry(&mut self, mut batch: ProducerBatch, error: ErrorCode, turn: &mut Turn<'_>) {
        let backoff = Backoff {
            first: turn.config.retry_backoff,
            most: turn.config.retry_backoff_max.max(turn.config.retry_backoff),
        };
        let pause = backoff.after(batch.attempts, turn.rng);
        batch.retry = Some(Retry {
            at: turn.at.now + pause,
            error,
        });
        self.tally.retried += 1;
        turn.out.note(Fact::SendWillRetry {
            partition: batch.partition.clone(),
            error,
            retry_in: pause,
        });
        self.accumulator.put_back(batch);
    }

    pub(super) fn fail(&mut self, batch: &ProducerBatch, error: ErrorCode, out: &mut Outbox) {
        self.accumulator.release(batch.memory);
        note_failure(batch, error, &mut self.tally, out);
    }

    /// Cuts a batch that is too large for the broker into smaller ones, in the same order.
    ///
    /// Unlike Kafka, where a batch that is already below `batch.size` is cut into itself until its
    /// delivery timeout, each part is at most half as large.
    fn split(&mut self, batch: ProducerBatch, turn: &mut Turn<'_>) {
        let Ok(whole) = read_batches(batch.bytes()) else {
            self.give_up(&batch);
            self.fail(&batch, ErrorCode::CorruptMessage, turn.out);
            return;
        };
        let size: usize = whole.iter().map(|batch| batch.size()).sum();
        let limit = (turn.config.batch_size as usize).min(size / 2);
        let mut parts: Vec<ProducerBatch> = Vec::new();
        for record in whole.iter().flat_map(|batch| batch.records()) {
            let Ok(record) = record else {
                self.give_up(&batch);
                self.fail(&batch, ErrorCode::CorruptMessage, turn.out);
                return;
            };
            let record = RecordRef {
                key: record.key.as_ref(),
                value: record.value.as_deref(),
                headers: &record.headers,
                timestamp: record.timestamp,
            };
            if parts
                .last_mut()
                .and_then(|part| part.append(record))
                .is_some()
            {
                continue;
            }
            let limit = limit.max(record.size_bound());
            let (partition, memory) = (batch.partition.clone(), limit as u64);
            let (created_at, config) = (batch.created_at, turn.config);
            let mut part = ProducerBatch::new(partition, created_at, limit, memory, config);
            part.append(record).expect("the first record has room");
            parts.push(part);
        }
        self.accumulator.release(batch.memory);
        if let Some(whole) = batch.stamp {
            let mut stamp = whole;
            let mut stamps = Vec::with_capacity(parts.len());
            for part in &mut parts {
                part.number(stamp);
                stamps.push(stamp);
                stamp = stamp.after(part.records);
            }
            self.numbering.split(&batch.partition, whole, &stamps);
        }
        for mut part in parts.into_iter().rev() {
            part.close();
            self.accumulator.take(part.memory);
            self.accumulator.put_back(part);
        }
    }

    /// When something here falls due.
    pub fn next_wakeup(
        &self,
        now: Instant,
        network: &Network<Call>,
        config: &ProducerConfig,
    ) -> Option<Instant> {
        let waiting = network.calls().flat_map(|(_, call)| call.batches());
        let waiting = waiting.filter(|batch| !batch.given_up);
        let oldest = waiting.map(|batch| batch.created_at).min();
        let overdue = oldest.map(|created_at| created_at + config.delivery_timeout);
        let numbering = match config.is_idempotent() {
            true => self.numbering.next_wakeup(now),
            false => None,
        };
        let expiry = self.accumulator.next_expiry(config);
        earliest([overdue, expiry, self.look_again, numbering])
    }
}

fn note_failure(batch: &ProducerBatch, error: ErrorCode, tally: &mut Tally, out: &mut Outbox) {
    tally.failed += u64::from(batch.records);
    out.note(Fact::SendFailed {
        partition: batch.partition.clone(),
        records: batch.records,
        error,
    });
}

/// One request for batches that go to one broker, in their order.
fn request(batches: &[ProducerBatch], config: &ProducerConfig) -> ProduceRequest {
    let mut topics: Vec<TopicProduceData> = Vec::new();
    for batch in batches {
        let TopicPartition { topic, partition } = &batch.partition;
        let data = PartitionProduceData {
            index: *partition,
            records: Some(batch.bytes().clone()),
        };
        match topics.iter_mut().find(|known| *known.name == *topic.0) {
            Some(known) => known.partition_data.push(data),
            None => topics.push(TopicProduceData {
                name: topic.0.clone(),
                partition_data: vec![data],
            }),
        }
    }
    ProduceRequest {
        transactional_id: None,
        acks: config.acks.code(),
        timeout_ms: config.request_timeout.as_millis_i32(),
        topic_data: topics,
    }
}
