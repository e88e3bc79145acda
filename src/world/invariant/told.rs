//! What brokers answer is true, as it can be read off the wire.

use super::wire::{Frames, answer, is_asked_by_sockets};
use super::{Invariant, View, broker};
use crate::broker::{Broker, Partition};
use crate::client::config::Acks;
use crate::controller::znodes;
use crate::fact::{Entry, Fact, Role};
use crate::log::producers::{Producer, sequence_after};
use crate::model::{
    BrokerId, ConnectionId, LeaderEpoch, Offset, ProducerEpoch, ProducerId, TopicName,
    TopicPartition,
};
use crate::protocol::api::fetch::PartitionData;
use crate::protocol::api::produce::PartitionProduceResponse;
use crate::protocol::api::{FetchRequest, ListOffsetsRequest, ProduceRequest};
use crate::protocol::records::{Batch, BatchHeader, read_batches, read_whole_batches};
use crate::protocol::{AnyRequest, ApiKey, Chunks, ErrorCode};
use crate::sorted::SortedMap;
use crate::world::World;

/// The timestamp by which ListOffsets is asked for the end.
const LATEST: i64 = -1;

/// So many of a partition's latest appends under the minimum of the ISR are remembered.
const REMEMBERED: usize = 64;

/// What was told of a partition's end, and after which loss.
#[derive(Clone, Copy, Debug)]
struct Told {
    since: LeaderEpoch,
    end: Offset,
}

/// R11 the high watermarks that leaders tell clients never go down, cluster-wide. R14 a consumer is sent
/// nothing that ends above the high watermark in the same answer. R17 a success under acks=all is sent when
/// the high watermark has passed the batch and enough replicas are in sync, as there were when it was
/// appended; a batch that is refused for want of them is not appended. I1 a batch that is refused for its
/// sequence or its epoch does not follow the last one. I7 with an error comes no offset, no high watermark
/// and no record, unless the records were appended before it.
///
/// A follower that serves a consumer tells its own high watermark, which may be lower; so may a leader in a
/// new epoch, until everything that was there before it is committed once more: its fetch answers are held
/// to R11 from then on.
#[derive(Clone, Debug, Default)]
pub struct AnswersAreTrue {
    asked: Frames,
    told: SortedMap<TopicPartition, Told>,
    /// Where the batches begin that were appended while too few replicas were in sync.
    alone: SortedMap<TopicPartition, Vec<Offset>>,
    /// What a leader has appended in this step of the world.
    appended: Option<(u64, BrokerId, TopicPartition)>,
}

impl Invariant for AnswersAreTrue {
    fn name(&self) -> &'static str {
        "AnswersAreTrue"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        let asked = |api| matches!(api, ApiKey::ListOffsets | ApiKey::Produce);
        self.asked.follow(view.world, entry, asked);
        if let Fact::ZnodeDeleted { path } = &entry.fact {
            if let Some(partition) = znodes::state_of(path) {
                self.told.remove(&partition);
                self.alone.remove(&partition);
            }
            return Ok(());
        }
        let Some(by) = broker(entry) else {
            return Ok(());
        };
        match &entry.fact {
            Fact::RecordsAppended {
                partition,
                role: Role::Leader,
                base_offset,
                ..
            } => {
                self.appended(view.world, by, partition, *base_offset);
                Ok(())
            }
            Fact::ProduceRefused {
                partition,
                error: ErrorCode::NotEnoughReplicas,
            } => {
                let step = view.world.steps();
                match &self.appended {
                    Some(last) if *last == (step, by, partition.clone()) => Err(format!(
                        "R17: broker {by} refuses a batch of {partition} for want of replicas, and has appended it"
                    )),
                    _ => Ok(()),
                }
            }
            Fact::ProduceRefused {
                partition,
                error:
                    error @ (ErrorCode::OutOfOrderSequenceNumber | ErrorCode::InvalidProducerEpoch),
            } => self.refused_rightly(view, by, partition, *error),
            Fact::ResponseSent {
                connection,
                api,
                version,
                correlation_id,
            } if connection.opener.broker().is_none() => {
                let request = self.asked.take(*connection, *correlation_id);
                let Some(from) = view.world.broker_by_id(by) else {
                    return Ok(());
                };
                let over = (*connection, *version, *correlation_id);
                match api {
                    ApiKey::Fetch => self.fetched(view, from, over),
                    ApiKey::ListOffsets => self.listed(view, from, over, request.as_ref()),
                    ApiKey::Produce => self.produced(view, from, over),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

/// Over which connection, in which version and under which number something was answered.
type Over = (ConnectionId, i16, i32);

impl AnswersAreTrue {
    /// A topic is gone.
    pub(super) fn forget_topic(&mut self, topic: &TopicName) {
        self.told.retain(|partition, _| partition.topic != *topic);
        self.alone.retain(|partition, _| partition.topic != *topic);
    }

    fn appended(&mut self, world: &World, by: BrokerId, partition: &TopicPartition, base: Offset) {
        self.appended = Some((world.steps(), by, partition.clone()));
        let leader = world.broker_by_id(by).and_then(|b| b.partition(partition));
        if leader.is_some_and(|leader| leader.isr().len() < leader.min_isr()) {
            let alone = self.alone.entry(partition.clone()).or_default();
            alone.push(base);
            if alone.len() > REMEMBERED {
                alone.remove(0);
            }
        } else if let Some(alone) = self.alone.get_mut(partition) {
            // Whoever lost its end gives its offsets again.
            alone.retain(|other| *other < base);
        }
    }

    // ---- Fetch

    fn fetched(&mut self, view: View<'_>, from: &Broker, over: Over) -> Result<(), String> {
        let Some(answer) = answer::<FetchRequest>(view.world, over.0, over.1, over.2) else {
            return Ok(());
        };
        for topic in &answer.responses {
            let name = match from.metadata().name_of(topic.topic_id) {
                Some(name) => name.clone(),
                None => TopicName(topic.topic.clone()),
            };
            for data in &topic.partitions {
                let partition = TopicPartition {
                    topic: name.clone(),
                    partition: data.partition_index,
                };
                is_below_the_high_watermark(&partition, data)?;
                let settled = |leader: &Partition| {
                    let began = leader.epoch_start();
                    began.is_none_or(|began| data.high_watermark >= began.0)
                };
                let leader = current_leader(view.world, from, &partition);
                if data.error_code == 0 && leader.is_some_and(settled) {
                    self.tell(view, partition, Offset(data.high_watermark))?;
                }
            }
        }
        Ok(())
    }

    // ---- ListOffsets

    fn listed(
        &mut self,
        view: View<'_>,
        from: &Broker,
        over: Over,
        request: Option<&Chunks>,
    ) -> Result<(), String> {
        let Some(answer) = answer::<ListOffsetsRequest>(view.world, over.0, over.1, over.2) else {
            return Ok(());
        };
        let ends = request.map(ends_asked_for).unwrap_or_default();
        for topic in &answer.topics {
            for found in &topic.partitions {
                let name = TopicPartition {
                    topic: TopicName(topic.name.clone()),
                    partition: found.partition_index,
                };
                if found.error_code != 0 {
                    if (found.offset, found.leader_epoch) != (-1, -1) {
                        return Err(format!(
                            "I7: {name} is listed with error {} and offset {}",
                            found.error_code, found.offset
                        ));
                    }
                    continue;
                }
                if ends.contains(&name) && current_leader(view.world, from, &name).is_some() {
                    self.tell(view, name, Offset(found.offset))?;
                }
            }
        }
        Ok(())
    }

    fn tell(
        &mut self,
        view: View<'_>,
        partition: TopicPartition,
        end: Offset,
    ) -> Result<(), String> {
        if view.losses.is_torn(&partition) {
            return Ok(());
        }
        let since = view.committed.since(&partition);
        let fresh = Told { since, end };
        match self.told.get_mut(&partition) {
            Some(told) if told.since == since && told.end > end => {
                let told = told.end;
                Err(format!(
                    "R11: clients were told that {partition} is committed up to {told}, and now {end}"
                ))
            }
            Some(told) => {
                *told = fresh;
                Ok(())
            }
            None => {
                self.told.insert(partition, fresh);
                Ok(())
            }
        }
    }

    // ---- Produce

    /// I1: some batch that is on its way here or has just come must be refused so.
    fn refused_rightly(
        &self,
        view: View<'_>,
        by: BrokerId,
        name: &TopicPartition,
        error: ErrorCode,
    ) -> Result<(), String> {
        let leader = view.world.broker_by_id(by).and_then(|b| b.partition(name));
        let Some(leader) = leader.filter(|p| p.is_leader()) else {
            return Ok(());
        };
        // What somebody else's socket asks is not followed.
        if is_asked_by_sockets(view.world) {
            return Ok(());
        }
        let sent = self.asked.all().flat_map(|frame| batches_for(frame, name));
        let headers: Vec<BatchHeader> = sent.map(|batch| batch.header).collect();
        let known = |header: &BatchHeader| {
            let producers = leader.log().producers();
            producers.get(ProducerId(header.producer_id))
        };
        let right = headers
            .iter()
            .any(|header| is_refused(known(header), header, error));
        match right || headers.is_empty() {
            true => Ok(()),
            false => Err(format!(
                "I1: broker {by} refuses a batch of {name} with {}, and each that it may mean follows",
                error.name()
            )),
        }
    }

    fn produced(&self, view: View<'_>, from: &Broker, over: Over) -> Result<(), String> {
        let Some(answer) = answer::<ProduceRequest>(view.world, over.0, over.1, over.2) else {
            return Ok(());
        };
        let producer = view.world.host(over.0.opener);
        let producer = producer.and_then(|host| host.producer());
        let all = producer.is_some_and(|producer| producer.config().acks == Acks::All);
        for topic in &answer.responses {
            for found in &topic.partition_responses {
                let name = TopicPartition {
                    topic: TopicName(topic.name.clone()),
                    partition: found.index,
                };
                says_no_offset_in_error(&name, found)?;
                if all && found.error_code == 0 {
                    self.is_safe(from, &name, Offset(found.base_offset))?;
                }
            }
        }
        Ok(())
    }

    /// R17, of a batch that begins here.
    fn is_safe(&self, from: &Broker, name: &TopicPartition, base: Offset) -> Result<(), String> {
        let Some(leader) = from.partition(name).filter(|p| p.is_leader()) else {
            // Who was replaced since then may have answered before.
            return Ok(());
        };
        let by = from.id();
        let high_watermark = leader.high_watermark();
        if high_watermark <= base {
            return Err(format!(
                "R17: broker {by} acknowledges {name}{base} with acks=all at high watermark {high_watermark}"
            ));
        }
        if leader.maximal_isr().len() < leader.min_isr() {
            let isr = leader.maximal_isr();
            return Err(format!(
                "R17: broker {by} acknowledges {name}{base} with acks=all and only {isr:?} in sync"
            ));
        }
        let alone = self.alone.get(name);
        if alone.is_some_and(|alone| alone.contains(&base)) {
            return Err(format!(
                "R17: broker {by} acknowledges {name}{base} with acks=all, appended while too few were in sync"
            ));
        }
        Ok(())
    }
}

/// R14 and I7, in an answer to a consumer.
fn is_below_the_high_watermark(
    partition: &TopicPartition,
    data: &PartitionData,
) -> Result<(), String> {
    let records = data.records.as_ref().filter(|records| !records.is_empty());
    if data.error_code != 0 {
        return match data.high_watermark == -1 && records.is_none() {
            true => Ok(()),
            false => Err(format!(
                "I7: {partition} is fetched with error {}, high watermark {} and records",
                data.error_code, data.high_watermark
            )),
        };
    }
    let batches = records.and_then(|records| read_whole_batches(records).ok());
    let last = batches.as_ref().and_then(|batches| batches.last());
    let end = last.map_or(0, |last| {
        last.header.base_offset + i64::from(last.header.last_offset_delta) + 1
    });
    if end <= data.high_watermark {
        return Ok(());
    }
    Err(format!(
        "R14: a consumer is sent {partition} up to {}, the high watermark is {}",
        Offset(end),
        Offset(data.high_watermark)
    ))
}

/// I7, of an answer to a producer.
fn says_no_offset_in_error(
    name: &TopicPartition,
    found: &PartitionProduceResponse,
) -> Result<(), String> {
    // After these the records may be in the log all the same, and Kafka says where.
    let after_append = [
        ErrorCode::NotLeaderOrFollower,
        ErrorCode::RequestTimedOut,
        ErrorCode::NotEnoughReplicasAfterAppend,
    ];
    let may_be_there = after_append
        .map(ErrorCode::code)
        .contains(&found.error_code);
    let sane = match found.error_code {
        0 => found.base_offset >= 0,
        _ => found.base_offset == -1 || may_be_there && found.base_offset >= 0,
    };
    match sane {
        true => Ok(()),
        false => Err(format!(
            "I7: {name} is answered with error {} and offset {}",
            found.error_code, found.base_offset
        )),
    }
}

/// I1: whether a leader that knows this of a producer refuses a batch of it with such an error.
fn is_refused(known: Option<&Producer>, header: &BatchHeader, error: ErrorCode) -> bool {
    // Nothing known: the producer is new, or its records are gone. Any sequence will do.
    let Some(known) = known.filter(|_| header.is_idempotent()) else {
        return false;
    };
    let epoch = ProducerEpoch(header.producer_epoch);
    let mut batches = known.batches().iter();
    let last = known.batches().last();
    let is_next = match epoch == known.epoch() {
        true => last.is_none_or(|last| header.base_sequence == sequence_after(last.last_sequence)),
        false => header.base_sequence == 0,
    };
    let ends = (header.base_sequence, header.last_sequence());
    let is_there = epoch == known.epoch()
        && batches.any(|batch| (batch.base_sequence, batch.last_sequence) == ends);
    match error {
        ErrorCode::InvalidProducerEpoch => epoch < known.epoch(),
        _ => epoch >= known.epoch() && !is_next && !is_there,
    }
}

/// The batches of a partition in a Produce request.
fn batches_for(request: &Chunks, name: &TopicPartition) -> Vec<Batch> {
    let Ok((_, AnyRequest::Produce(request))) = AnyRequest::decode(request) else {
        return Vec::new();
    };
    let topics = request.topic_data.iter();
    let parts = topics
        .filter(|topic| *topic.name == *name.topic.0)
        .flat_map(|topic| &topic.partition_data)
        .filter(|data| data.index == name.partition);
    let batches = parts.filter_map(|data| read_batches(data.records.as_ref()?).ok());
    batches.flatten().collect()
}

/// A broker's replica, if it leads in the newest epoch. One that was replaced and does not know it
/// tells what was true, and that may be less.
fn current_leader<'a>(
    world: &World,
    broker: &'a Broker,
    name: &TopicPartition,
) -> Option<&'a Partition> {
    let newest = world.cluster().partition(name)?.leader_epoch;
    let leader = broker.partition(name).filter(|p| p.is_leader())?;
    (leader.leader_epoch() == newest).then_some(leader)
}

/// The partitions whose end a ListOffsets request asks for.
fn ends_asked_for(request: &Chunks) -> Vec<TopicPartition> {
    let Ok((_, AnyRequest::ListOffsets(request))) = AnyRequest::decode(request) else {
        return Vec::new();
    };
    let topics = request.topics.iter().flat_map(|topic| {
        let ends = topic
            .partitions
            .iter()
            .filter(|wanted| wanted.timestamp == LATEST);
        ends.map(|wanted| TopicPartition {
            topic: TopicName(topic.name.clone()),
            partition: wanted.partition_index,
        })
    });
    topics.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script;
    use crate::time::Duration;

    /// A law that sees nothing holds always; this one sees what a consumer is told.
    #[test]
    fn answers_of_a_running_world_are_read_off_the_wire() {
        let text = "world brokers=3 seed=1 latency=1ms\n\
            topic orders partitions=1 replicas=1,2,3\n\
            producer p1 acks=all\nconsumer c1 auto.offset.reset=latest\n\
            run 1s\nproduce p1 orders-0 \"a\"\nrun 1s\nassign c1 orders-0\nrun 100ms\n";
        let mut history = script::parse(text)
            .expect("it reads")
            .play()
            .expect("it plays");
        let told = |history: &crate::world::History| {
            let law = &history.observed().checker.laws.told;
            let told = law.told.get(&TopicPartition::new("orders", 0));
            told.map(|told| told.end)
        };
        assert_eq!(told(&history), Some(Offset(1)));
        let line = script::parse_line("produce p1 orders-0 \"b\"").expect("a line");
        let script::Action::Command(command) = line else {
            panic!("{line:?} is no command");
        };
        history.perform(command).expect("it is carried out");
        history.seek(
            history.now() + Duration::from_millis(100),
            crate::world::Steps::UNLIMITED,
        );
        assert_eq!(told(&history), Some(Offset(2)));
    }
}
