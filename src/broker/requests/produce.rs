//! Produce: a producer's batches go into the logs that this broker leads.
//!
//! Partitions are independent: one that fails does not affect the others of the request. Of a partition that is named
//! twice the last entry counts, and it is answered once.
//!
//! Unlike Kafka, which appends the last entry that is well formed and answers for the last that is not: what is answered
//! is what became of the entry that counts.

use super::{Asked, is_internal};
use crate::broker::Broker;
use crate::broker::partition::Around;
use crate::broker::purgatory::{DelayedProduce, Parked, Wait, WaitingAppend};
use crate::broker::replicas::Slot;
use crate::fact::{Fact, Numbers};
use crate::log::validate::Refused;
use crate::model::{Address, BrokerId, Offset, TopicName, TopicPartition};
use crate::process::Outbox;
use crate::protocol::api::produce::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceData,
    PartitionProduceResponse, TopicProduceData, TopicProduceResponse,
};
use crate::protocol::api::{ProduceRequest, ProduceResponse};
use crate::protocol::records::{Batch, Codec, read_batches};
use crate::protocol::{Chunks, ErrorCode, Reason};
use crate::sorted::{Mentions, last_words};
use crate::time::{Duration, Moment};

/// The client id that Kafka's admin tools use.
const ADMIN: &str = "__admin_client";

/// The first version of Produce that may carry zstd.
const ZSTD_FROM: i16 = 7;

/// The first version whose answer names the new leader.
const LEADER_FROM: i16 = 10;

struct Refusal {
    error: ErrorCode,
    why: Option<&'static str>,
    /// The records that are to blame, and for what.
    records: Vec<(i32, &'static str)>,
}

impl From<ErrorCode> for Refusal {
    fn from(error: ErrorCode) -> Refusal {
        Refusal {
            error,
            why: None,
            records: Vec::new(),
        }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Refusal {
        Refusal {
            error: refused.error,
            why: Some(refused.why),
            records: refused.records,
        }
    }
}

struct Stored {
    slot: Slot,
    required: Offset,
}

impl Broker {
    pub(super) fn handle_produce(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: ProduceRequest,
        out: &mut Outbox,
    ) {
        let acks = request.acks;
        let mut response = ProduceResponse::default();
        let mut waiting = Vec::new();
        let mut failed = false;
        let topics = &request.topic_data;
        let entries: Vec<(&TopicProduceData, &PartitionProduceData)> = (topics.iter())
            .flat_map(|topic| topic.partition_data.iter().map(move |data| (topic, data)))
            .collect();
        let partitions = Mentions::of(
            entries
                .iter()
                .map(|(topic, data)| (&*topic.name, data.index)),
        );
        let names = Mentions::of(topics.iter().map(|topic| &*topic.name));
        // Where the answers for a topic are, by where it is named first.
        let mut answered = vec![None; topics.len()];
        for (topic, data) in last_words(&entries, &partitions) {
            let partition = TopicPartition {
                topic: TopicName(topic.name.clone()),
                partition: data.index,
            };
            let (answer, stored) = self.produce(at, asked, acks, &partition, data, out);
            failed |= stored.is_none();
            let first = names.first(&*topic.name).expect("it is named");
            let place = *answered[first].get_or_insert_with(|| {
                response.responses.push(TopicProduceResponse {
                    name: topic.name.clone(),
                    partition_responses: Vec::new(),
                });
                response.responses.len() - 1
            });
            let answers = &mut response.responses[place].partition_responses;
            if let Some(stored) = stored {
                waiting.push(WaitingAppend {
                    slot: stored.slot,
                    required: stored.required,
                    topic: place,
                    partition: answers.len(),
                });
            } else if asked.id.version >= LEADER_FROM {
                let leader = BrokerId(answer.current_leader.leader_id);
                let named = &mut response.node_endpoints;
                self.name_node(leader, named, |node| node.node_id, endpoint);
            }
            answers.push(answer);
        }
        match acks {
            0 if failed => self.close_unanswered(asked.id.connection, out),
            0 => {
                self.connections.unmute(asked.id, at.now);
            }
            -1 if !waiting.is_empty() => {
                let timeout = Duration::from_millis_i32(request.timeout_ms);
                self.await_isr(at, asked, response, waiting, timeout, out);
            }
            _ => self.answer(at, asked.id, &response, out),
        }
    }

    fn produce(
        &mut self,
        at: Moment,
        asked: &Asked,
        acks: i16,
        partition: &TopicPartition,
        data: &PartitionProduceData,
        out: &mut Outbox,
    ) -> (PartitionProduceResponse, Option<Stored>) {
        let mut answer = PartitionProduceResponse {
            index: data.index,
            ..PartitionProduceResponse::default()
        };
        let checked = self.check_request(asked, acks, partition, data.records.as_ref());
        let numbers = checked.as_ref().ok();
        let numbers = numbers.and_then(|(_, batch)| Numbers::of(&batch.header));
        let appended =
            checked.and_then(|(slot, batch)| self.append(at, acks, slot, &batch, &mut answer, out));
        match appended {
            Ok(stored) => (answer, Some(stored)),
            Err(refusal) => {
                out.note(Fact::ProduceRefused {
                    partition: partition.clone(),
                    error: refusal.error,
                    numbers,
                });
                answer.error_code = refusal.error.code();
                answer.base_offset = -1;
                answer.error_message = refusal.why.map(Into::into);
                let records = refusal.records.into_iter();
                answer.record_errors = records
                    .map(|(index, why)| BatchIndexAndErrorMessage {
                        batch_index: index,
                        batch_index_error_message: Some(why.into()),
                    })
                    .collect();
                answer.current_leader = self.leader_of(partition, refusal.error);
                (answer, None)
            }
        }
    }

    /// What is checked before the log is asked, in Kafka's order.
    fn check_request(
        &self,
        asked: &Asked,
        acks: i16,
        partition: &TopicPartition,
        records: Option<&Chunks>,
    ) -> Result<(Slot, Batch), Refusal> {
        if self.metadata.partition(partition).is_none() {
            return Err(ErrorCode::UnknownTopicOrPartition.into());
        }
        let batch = one_batch(records, asked.id.version)?;
        if !(-1..=1).contains(&acks) {
            return Err(ErrorCode::InvalidRequiredAcks.into());
        }
        let internal = is_internal(partition.topic.as_str());
        if internal && asked.client_id.as_deref() != Some(ADMIN) {
            return Err(ErrorCode::InvalidTopicException.into());
        }
        let slot = self.replicas.slot(partition);
        let slot = slot.ok_or(ErrorCode::NotLeaderOrFollower)?;
        // Not modelled: transactions. No transaction is ever open here.
        if batch.header.is_transactional() {
            return Err(ErrorCode::InvalidTxnState.into());
        }
        // A small part of a large request would keep all of it in memory.
        if batch.size() * 2 < asked.frame_bytes {
            return Ok((slot, batch.detached()));
        }
        Ok((slot, batch))
    }

    fn append(
        &mut self,
        at: Moment,
        acks: i16,
        slot: Slot,
        batch: &Batch,
        answer: &mut PartitionProduceResponse,
        out: &mut Outbox,
    ) -> Result<Stored, Refusal> {
        let cluster = self.metadata.clone();
        let around = Around {
            at,
            lag: self.config.replica_lag_time_max,
            cluster: &cluster,
        };
        if !self.replicas.get(slot).is_leader() {
            return Err(ErrorCode::NotLeaderOrFollower.into());
        }
        let replica = self.replicas.get_mut(slot);
        let appended = replica.append(batch, acks, around, out);
        let appended = appended?;
        answer.base_offset = appended.base_offset.0;
        answer.log_append_time_ms = appended.append_time.0;
        answer.log_start_offset = replica.log_start().0;
        self.stir(slot);
        Ok(Stored {
            slot,
            required: appended.next_offset,
        })
    }

    /// Holds the answer of an `acks=all` produce until the ISR has everything.
    fn await_isr(
        &mut self,
        at: Moment,
        asked: &Asked,
        mut response: ProduceResponse,
        mut waiting: Vec<WaitingAppend>,
        timeout: Duration,
        out: &mut Outbox,
    ) {
        waiting.retain(|append| {
            let verdict = self.replicas.get(append.slot).acknowledges(append.required);
            if let Some(error) = verdict {
                append.settle(&mut response, error);
            }
            verdict.is_none()
        });
        if waiting.is_empty() {
            return self.answer(at, asked.id, &response, out);
        }
        let parked = Parked {
            request: asked.id,
            since: at.now,
            until: at.now + timeout,
            wait: Wait::Produce(DelayedProduce { response, waiting }),
        };
        self.park(parked, out);
    }

    /// Who leads instead, for a client that asked the wrong broker.
    fn leader_of(&self, partition: &TopicPartition, error: ErrorCode) -> LeaderIdAndEpoch {
        let mut leader = LeaderIdAndEpoch::default();
        if error == ErrorCode::NotLeaderOrFollower
            && let Some((id, epoch)) = self.current_leader(partition)
        {
            (leader.leader_id, leader.leader_epoch) = (id.0, epoch.0);
        }
        leader
    }
}

fn endpoint(id: BrokerId, address: &Address) -> NodeEndpoint {
    NodeEndpoint {
        node_id: id.0,
        host: address.host.clone(),
        port: i32::from(address.port),
        rack: None,
    }
}

/// The one batch that a partition of a produce request holds (`ProduceRequest.validateRecords`).
fn one_batch(records: Option<&Chunks>, version: i16) -> Result<Batch, Refusal> {
    let refuse = |error, why| Refusal::from(Refused::new(error, why));
    let invalid = |why| refuse(ErrorCode::InvalidRecord, why);
    let Some(records) = records else {
        return Err(invalid("there are no records"));
    };
    let batches = read_batches(records).map_err(|malformed| match malformed.reason {
        Reason::Truncated => invalid("there is no whole batch"),
        Reason::OldMagic => invalid("only batches of magic 2 are accepted"),
        _ => refuse(ErrorCode::CorruptMessage, "the batch contradicts itself"),
    })?;
    let [batch] = batches.as_slice() else {
        return Err(invalid("there must be exactly one batch"));
    };
    if version < ZSTD_FROM && batch.header.codec() == Ok(Codec::Zstd) {
        let why = "zstd needs version 7 of Produce";
        return Err(refuse(ErrorCode::UnsupportedCompressionType, why));
    }
    Ok(batch.clone())
}
