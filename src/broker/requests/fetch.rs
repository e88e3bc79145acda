//! Fetch: batches go out, to consumers and to followers.
//!
//! A request names the partitions that it reads, or what is different from the last one in its session
//! (KIP-227); either way all of them are read, in order, and what is left out of the answer is only what
//! the reader knows already.

use std::sync::Arc;

use super::Asked;
use crate::broker::Broker;
use crate::broker::connections::RequestId;
use crate::broker::fetch_sessions::{Context, Rank};
use crate::broker::partition::{Around, Partition, PartitionRead, ReadPartition, Reader};
use crate::broker::purgatory::{DelayedFetch, Parked, Seen, Wait, WaitingRead};
use crate::broker::replicas::Slot;
use crate::fetch_session::once;
use crate::log::{AtLeastOne, Place};
use crate::model::{
    Address, BrokerEpoch, BrokerId, LeaderEpoch, Offset, TopicId, TopicName, TopicPartition,
};
use crate::process::Outbox;
use crate::protocol::api::fetch::{
    EpochEndOffset, FetchPartition, FetchTopic, FetchableTopicResponse, LeaderIdAndEpoch,
    NodeEndpoint, PartitionData,
};
use crate::protocol::api::{FetchRequest, FetchResponse};
use crate::protocol::{Chunks, ErrorCode};
use crate::sorted::sort_by_key;
use crate::time::{Duration, Moment};

/// From this version on any replica serves consumers.
const ANY_REPLICA_FROM: i16 = 11;
/// From this version on topics go by their ids.
const TOPIC_IDS_FROM: i16 = 13;
/// From this version on the answer names new leaders.
const LEADER_FROM: i16 = 16;

/// A fetch as this broker will carry it out: once when it comes, and once more if it had to wait.
#[derive(Clone, Debug)]
pub(in crate::broker) struct FetchPlan {
    topics: Arc<Vec<PlannedTopic>>,
    max_bytes: u32,
    isolation_level: i8,
    version: i16,
    session: Context,
}

#[derive(Clone, Debug)]
struct PlannedTopic {
    topic: TopicName,
    id: TopicId,
    partitions: Vec<PlannedPartition>,
}

#[derive(Clone, Copy, Debug)]
struct PlannedPartition {
    /// The replica here, or why there is none.
    slot: Result<Slot, ErrorCode>,
    index: i32,
    current_leader_epoch: i32,
    fetch_offset: Offset,
    last_fetched_epoch: i32,
    log_start: Offset,
    limit: u32,
}

/// Whether what a fetch says about a follower is taken note of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Take {
    Note,
    Nothing,
}

/// What carrying out a plan gave.
struct Gathered {
    response: FetchResponse,
    bytes: u64,
    /// What is there for it, within the limits of each partition.
    available: u64,
    /// An error, a diverging epoch, or a reader beyond what it may read: there is nothing to wait for.
    urgent: bool,
    spots: Vec<WaitingRead>,
}

impl Broker {
    pub(super) fn handle_fetch(
        &mut self,
        at: Moment,
        asked: &Asked,
        mut request: FetchRequest,
        out: &mut Outbox,
    ) {
        let (replica, epoch) = match asked.id.version {
            15.. => (
                request.replica_state.replica_id,
                request.replica_state.replica_epoch,
            ),
            _ => (request.replica_id, -1),
        };
        if replica >= 0 && asked.from_broker != Some(BrokerId(replica)) {
            // Who could pretend to be a follower could commit records that nobody has.
            return self.reject(asked.id.connection, "a fetch in another broker's name", out);
        }
        let reader = match asked.id.version {
            _ if replica >= 0 => Reader::Follower {
                id: BrokerId(replica),
                epoch: BrokerEpoch(epoch),
            },
            ANY_REPLICA_FROM.. => Reader::Consumer,
            _ => Reader::OldConsumer,
        };
        let max_bytes = bytes(request.max_bytes).min(self.config.fetch_max_bytes);
        let min_bytes = u64::from(bytes(request.min_bytes).min(max_bytes));
        let wait = Duration::from_millis_i32(request.max_wait_ms);
        let isolation_level = request.isolation_level;
        let rank = match reader {
            Reader::Follower { .. } => Rank::Follower,
            Reader::OldConsumer | Reader::Consumer => Rank::Consumer,
        };
        let by_id = asked.id.version >= TOPIC_IDS_FROM;
        request.topics = once(request.topics);
        let context = self.fetch_sessions.context(at.now, request, rank, by_id);
        let (session, topics) = match context {
            Ok(found) => found,
            Err(error) => {
                let response = FetchResponse {
                    error_code: error.code(),
                    ..FetchResponse::default()
                };
                return self.answer(at, asked.id, &response, out);
            }
        };
        let plan = FetchPlan {
            topics: Arc::new(self.plan_topics(asked.id.version, &topics)),
            max_bytes,
            isolation_level,
            version: asked.id.version,
            session,
        };
        let result = self.carry_out(at, &plan, reader, Take::Note, out);
        let enough = result.bytes >= min_bytes || result.available >= min_bytes;
        if enough || result.urgent || plan.topics.is_empty() || wait.is_zero() {
            return self.answer_fetch(at, asked.id, &plan, result.response, out);
        }
        let fetch = DelayedFetch {
            plan,
            reader,
            min_bytes,
            spots: result.spots,
            available: result.available,
        };
        let parked = Parked {
            request: asked.id,
            since: at.now,
            until: at.now + wait,
            wait: Wait::Fetch(fetch),
        };
        self.park(parked, out);
    }

    /// Answers a fetch that waited, with whatever is there by now.
    pub(in crate::broker) fn finish_fetch(
        &mut self,
        at: Moment,
        parked: &Parked,
        fetch: &DelayedFetch,
        out: &mut Outbox,
    ) {
        let result = self.carry_out(at, &fetch.plan, fetch.reader, Take::Nothing, out);
        self.answer_fetch(at, parked.request, &fetch.plan, result.response, out);
    }

    /// Answers with what the session of the request, if it has one, leaves to say.
    fn answer_fetch(
        &mut self,
        at: Moment,
        request: RequestId,
        plan: &FetchPlan,
        mut response: FetchResponse,
        out: &mut Outbox,
    ) {
        let by_id = plan.version >= TOPIC_IDS_FROM;
        let slots = self.config.max_incremental_fetch_session_cache_slots;
        let (sessions, rng) = (&mut self.fetch_sessions, &mut self.rng);
        sessions.finish(at.now, &plan.session, by_id, slots, rng, &mut response);
        self.answer(at, request, &response, out);
    }

    fn plan_topics(&self, version: i16, topics: &[FetchTopic]) -> Vec<PlannedTopic> {
        let mut planned = Vec::with_capacity(topics.len());
        for topic in topics {
            let name = match version {
                TOPIC_IDS_FROM.. => self.metadata.name_of(topic.topic_id).cloned(),
                _ => Some(TopicName(topic.topic.clone())),
            };
            let hosted = name.as_ref().and_then(|name| self.replicas.of_topic(name));
            let partitions = topic.partitions.iter().map(|asked| {
                let slot = hosted.and_then(|hosted| hosted.get(&asked.partition));
                let slot = match slot {
                    Some(slot) => self.check_topic_id(*slot, topic.topic_id),
                    None => Err(self.why_not_here(name.as_ref(), asked.partition)),
                };
                planned_partition(slot, asked)
            });
            let partitions = partitions.collect();
            planned.push(PlannedTopic {
                topic: name.unwrap_or_else(|| TopicName(topic.topic.clone())),
                id: topic.topic_id,
                partitions,
            });
        }
        planned
    }

    /// Why a partition cannot be read here: nobody knows it, or somebody else has it.
    fn why_not_here(&self, topic: Option<&TopicName>, partition: i32) -> ErrorCode {
        match topic.cloned() {
            Some(topic) => self.why_not_hosted(&TopicPartition { topic, partition }),
            None => ErrorCode::UnknownTopicId,
        }
    }

    fn check_topic_id(&self, slot: Slot, id: TopicId) -> Result<Slot, ErrorCode> {
        let known = self.replicas.get(slot).topic_id();
        if id != TopicId::default() && known != TopicId::default() && id != known {
            return Err(ErrorCode::InconsistentTopicId);
        }
        Ok(slot)
    }

    /// Reads every partition in the order of the request, within the limits of the whole.
    fn carry_out(
        &mut self,
        at: Moment,
        plan: &FetchPlan,
        reader: Reader,
        take: Take,
        out: &mut Outbox,
    ) -> Gathered {
        let mut result = Gathered {
            response: FetchResponse::default(),
            bytes: 0,
            available: 0,
            urgent: false,
            spots: Vec::new(),
        };
        let mut left = plan.max_bytes;
        // The first partition that has data gives at least one batch, whatever the limits say.
        let mut at_least_one = AtLeastOne::Batch;
        for topic in plan.topics.iter() {
            let mut answers = Vec::with_capacity(topic.partitions.len());
            for planned in &topic.partitions {
                let ask = ReadPartition {
                    reader,
                    current_leader_epoch: planned.current_leader_epoch,
                    fetch_offset: planned.fetch_offset,
                    last_fetched_epoch: planned.last_fetched_epoch,
                    log_start: planned.log_start,
                    limit: planned.limit.min(left),
                    at_least_one,
                };
                let read = planned
                    .slot
                    .and_then(|slot| match self.replicas.is_retired(slot) {
                        true => Err(self.why_not_hosted(self.replicas.get(slot).name())),
                        false => self.read(at, slot, &ask, take, out),
                    });
                let read = match read {
                    Ok(read) => read,
                    Err(error) => {
                        result.urgent = true;
                        answers.push(self.failed(plan, topic, planned.index, error, &mut result));
                        continue;
                    }
                };
                let size = read.records.len() as u32;
                if size > 0 {
                    at_least_one = AtLeastOne::Nothing;
                }
                left = left.saturating_sub(size);
                result.bytes += u64::from(size);
                result.urgent |= read.diverging.is_some();
                if let (Ok(slot), Some(place)) = (planned.slot, read.place) {
                    let mut spot = planned.waiting(slot, place);
                    match measure(self.replicas.get(slot), reader, &spot) {
                        Seen::Complete => result.urgent = true,
                        Seen::Bytes(bytes) => {
                            spot.available = bytes;
                            result.available += u64::from(bytes);
                        }
                    }
                    result.spots.push(spot);
                }
                answers.push(answered(plan, planned.index, read));
            }
            result.response.responses.push(FetchableTopicResponse {
                topic: topic.topic.0.clone(),
                topic_id: topic.id,
                partitions: answers,
            });
        }
        sort_by_key(&mut result.spots, |spot| spot.slot);
        result
    }

    fn read(
        &mut self,
        at: Moment,
        slot: Slot,
        ask: &ReadPartition,
        take: Take,
        out: &mut Outbox,
    ) -> Result<PartitionRead, ErrorCode> {
        let read = self.replicas.get(slot).read(ask)?;
        if take == Take::Nothing || !matches!(ask.reader, Reader::Follower { .. }) {
            return Ok(read);
        }
        // What the answer says was read before: the follower learns of the high watermark that its own
        // fetch has moved only with the next answer.
        let cluster = self.metadata.clone();
        let around = Around {
            at,
            lag: self.config.replica_lag_time_max,
            cluster: &cluster,
        };
        let replica = self.replicas.get_mut(slot);
        let before = (replica.high_watermark(), replica.low_watermark(&cluster));
        let proposal = replica.after_read(ask, &read, around, out);
        if (replica.high_watermark(), replica.low_watermark(&cluster)) != before {
            self.stir(slot);
        }
        if let Some(proposal) = proposal {
            self.ask_for_isr(at, slot, proposal, out);
        }
        Ok(read)
    }

    fn failed(
        &self,
        plan: &FetchPlan,
        topic: &PlannedTopic,
        index: i32,
        error: ErrorCode,
        result: &mut Gathered,
    ) -> PartitionData {
        let mut data = PartitionData {
            partition_index: index,
            error_code: error.code(),
            high_watermark: -1,
            records: Some(Chunks::new()),
            ..PartitionData::default()
        };
        let moved = matches!(
            error,
            ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch
        );
        if plan.version >= LEADER_FROM && moved {
            let name = TopicPartition {
                topic: topic.topic.clone(),
                partition: index,
            };
            if let Some((leader, epoch)) = self.current_leader(&name) {
                data.current_leader = LeaderIdAndEpoch {
                    leader_id: leader.0,
                    leader_epoch: epoch.0,
                };
                let named = &mut result.response.node_endpoints;
                self.name_node(leader, named, |node| node.node_id, endpoint);
            }
        }
        data
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

/// What a waiting fetch finds in a partition now (`DelayedFetch.tryComplete`).
///
/// A reader whose offset lies beyond what it may read (a consumer above the high watermark, a follower
/// above a truncated log) is not made to wait, nor is one that reads from an older segment.
pub(in crate::broker) fn look(partition: &Partition, reader: Reader, spot: &WaitingRead) -> Seen {
    if partition.admit(reader, spot.current_leader_epoch).is_err() {
        return Seen::Complete;
    }
    if spot.last_fetched_epoch >= 0 {
        let offset = spot.place.offset;
        let agrees = partition
            .end_of_epoch(LeaderEpoch(spot.last_fetched_epoch))
            .is_some_and(|end| end.epoch.0 == spot.last_fetched_epoch && end.end >= offset);
        if !agrees {
            return Seen::Complete;
        }
    }
    measure(partition, reader, spot)
}

/// How much a partition has for a reader that it has admitted.
fn measure(partition: &Partition, reader: Reader, spot: &WaitingRead) -> Seen {
    let from = spot.place;
    let until = partition.readable_until(reader);
    if from.offset > until {
        return Seen::Complete;
    }
    if from.offset == until {
        return Seen::Bytes(0);
    }
    let until = partition.log().place(until);
    if from.segment < until.segment {
        return Seen::Complete;
    }
    Seen::Bytes(until.position.saturating_sub(from.position).min(spot.limit))
}

impl PlannedPartition {
    fn waiting(&self, slot: Slot, place: Place) -> WaitingRead {
        WaitingRead {
            slot,
            place,
            current_leader_epoch: self.current_leader_epoch,
            last_fetched_epoch: self.last_fetched_epoch,
            limit: self.limit,
            available: 0,
        }
    }
}

fn planned_partition(slot: Result<Slot, ErrorCode>, asked: &FetchPartition) -> PlannedPartition {
    PlannedPartition {
        slot,
        index: asked.partition,
        current_leader_epoch: asked.current_leader_epoch,
        fetch_offset: Offset(asked.fetch_offset),
        last_fetched_epoch: asked.last_fetched_epoch,
        log_start: Offset(asked.log_start_offset),
        limit: bytes(asked.partition_max_bytes),
    }
}

fn answered(plan: &FetchPlan, index: i32, read: PartitionRead) -> PartitionData {
    let diverging = read.diverging.map(|end| EpochEndOffset {
        epoch: end.epoch.0,
        end_offset: end.end.0,
    });
    PartitionData {
        partition_index: index,
        high_watermark: read.high_watermark.0,
        // Without transactions everything below the high watermark is decided.
        last_stable_offset: read.high_watermark.0,
        log_start_offset: read.log_start.0,
        diverging_epoch: diverging.unwrap_or_default(),
        aborted_transactions: (plan.isolation_level == 1).then(Vec::new),
        records: Some(read.records),
        ..PartitionData::default()
    }
}

/// A number of bytes from the wire; negative ones are none.
fn bytes(count: i32) -> u32 {
    u32::try_from(count).unwrap_or(0)
}
