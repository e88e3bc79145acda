//! How the sender comes by a producer id, and what it does when it begins anew with it.

use std::cmp::Ordering;

use super::batch::ProducerBatch;
use super::numbering::Identity;
use super::sender::{Call, Sender, Turn};
use crate::channel::Answer;
use crate::client::network::{Network, Readiness};
use crate::fact::Fact;
use crate::model::{BrokerId, ProducerEpoch, ProducerId, TopicPartition};
use crate::process::Outbox;
use crate::protocol::api::InitProducerIdRequest;
use crate::protocol::{ApiKey, ErrorCode};
use crate::sorted::sort_by;
use crate::time::Duration;

impl Sender {
    /// Sees to it that batches can be numbered; whether they can be now.
    pub(super) fn is_numbering(&mut self, turn: &mut Turn<'_>) -> bool {
        self.numbering.resolve();
        let anew = self.numbering.begin_anew();
        if !anew.is_empty() {
            self.note_identity(turn.out);
        }
        for partition in anew {
            self.number_anew(&partition, turn.network);
        }
        if let Some(error) = self.numbering.refused() {
            for batch in self.accumulator.take_all() {
                self.give_up(&batch);
                self.fail(&batch, error, turn.out);
            }
        }
        if self.numbering.wants_id(turn.at.now) {
            self.ask_for_id(turn);
        }
        self.numbering.identity().is_some()
    }

    fn note_identity(&self, out: &mut Outbox) {
        if let Some(Identity { id, epoch }) = self.numbering.identity() {
            let producer_id = id;
            out.note(Fact::ProducerIdTaken { producer_id, epoch });
        }
    }

    /// Numbers a partition's batches anew that are under way or will be sent again. What brokers answer to
    /// the numbers they had is still heard.
    fn number_anew(&mut self, partition: &TopicPartition, network: &mut Network<Call>) {
        let calls = network.calls_mut();
        let sent = calls.flat_map(|(_, call)| call.batches_mut());
        let sent = sent.filter(|batch| batch.partition == *partition && !batch.given_up);
        let sent = sent.filter(|batch| batch.stamp.is_some());
        let mut batches: Vec<&mut ProducerBatch> = sent.collect();
        batches.extend(self.accumulator.numbered_mut(partition));
        sort_by(&mut batches, |one, other| {
            match one.stamp.zip(other.stamp) {
                Some((one, other)) if one.is_before(other) => Ordering::Less,
                Some((one, other)) if other.is_before(one) => Ordering::Greater,
                _ => Ordering::Equal,
            }
        });
        let records: Vec<u32> = batches.iter().map(|batch| batch.records).collect();
        let stamps = self.numbering.restart(partition, &records);
        for (batch, stamp) in batches.into_iter().zip(stamps) {
            batch.number(stamp);
        }
    }

    /// Asks any broker for a producer id.
    fn ask_for_id(&mut self, turn: &mut Turn<'_>) {
        let now = turn.at.now;
        let Some(broker) = turn.network.least_loaded(now, turn.rng) else {
            return;
        };
        if turn.network.ensure(now, broker, turn.rng, turn.out) != Readiness::Ready {
            return;
        }
        let Some(version) = turn.network.version(broker, ApiKey::InitProducerId) else {
            return self.numbering.refuse(ErrorCode::UnsupportedVersion);
        };
        let request = InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: i32::MAX,
            ..InitProducerIdRequest::default()
        };
        self.numbering.asked();
        let call = Call::InitProducerId;
        (turn.network).call(now, broker, &request, version, call, turn.out);
    }

    pub(super) fn id_answered(&mut self, from: BrokerId, answer: &Answer<()>, turn: &mut Turn<'_>) {
        let Ok(response) = answer.decode::<InitProducerIdRequest>() else {
            return self.unreadable(from, Call::InitProducerId, turn);
        };
        let error = ErrorCode::from_i16(response.error_code);
        match error {
            ErrorCode::None => {
                self.numbering.take_id(Identity {
                    id: ProducerId(response.producer_id),
                    epoch: ProducerEpoch(response.producer_epoch),
                });
                self.note_identity(turn.out);
            }
            _ if error.is_retriable() => self.ask_for_id_again(turn),
            _ => self.numbering.refuse(error),
        }
    }

    pub(super) fn ask_for_id_again(&mut self, turn: &Turn<'_>) {
        let at = turn.at.now + turn.config.retry_backoff.max(Duration::TICK);
        self.numbering.ask_again(at);
    }
}
