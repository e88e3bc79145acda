//! What brokers tell producers is true, as it can be read off the wire.

use super::asked::Asked;
use super::wire::answer;
use super::{Invariant, View, broker};
use crate::broker::{Broker, Partition};
use crate::client::config::Acks;
use crate::controller::znodes;
use crate::fact::{Entry, Fact, Role};
use crate::model::{BrokerId, ConnectionId, LeaderEpoch, Offset, TopicName, TopicPartition};
use crate::protocol::api::ProduceRequest;
use crate::protocol::api::produce::PartitionProduceResponse;
use crate::protocol::{AnyRequest, ApiKey, ErrorCode};
use crate::sorted::SortedMap;
use crate::world::World;

/// So many of a partition's latest appends under the minimum of the ISR are remembered.
const REMEMBERED: usize = 64;

/// R17 a success under acks=all is sent when the high watermark has passed the batch and enough replicas
/// are in sync, as there were when it was appended; a batch that is refused for want of them is not
/// appended. I7 with an error comes no offset, unless the records were appended before it.
#[derive(Clone, Debug, Default)]
pub struct ProducersAreAnsweredRightly {
    /// Under which epochs and where the batches begin that were appended while too few replicas were in sync:
    /// another leader may give the same offset to another batch, and so may this one after a loss of power.
    alone: SortedMap<TopicPartition, Vec<(LeaderEpoch, Offset)>>,
    /// What leaders have committed while too few were in sync, by the epochs of the records, whoever leads as they are
    /// committed. No leader does that: the high watermark stands still until enough are in sync again. So nobody may be
    /// told of it with success, whatever else his answer waited for.
    thin: SortedMap<TopicPartition, Vec<(LeaderEpoch, Offset, Offset)>>,
    /// What strangers ask, who say in their requests how many must have it.
    strangers: Asked,
    /// What a leader has appended in this step of the world.
    appended: Option<(u64, BrokerId, TopicPartition)>,
}

impl Invariant for ProducersAreAnsweredRightly {
    fn name(&self) -> &'static str {
        "ProducersAreAnsweredRightly"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        (self.strangers).follow_strangers(view.world, entry, |api| api == ApiKey::Produce);
        if let Fact::ZnodeDeleted { path } = &entry.fact {
            if let Some(partition) = znodes::state_of(path) {
                self.alone.remove(&partition);
                self.thin.remove(&partition);
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
                epoch,
                ..
            } => {
                if view.losses.is_torn(partition) {
                    self.begins_again(partition, *epoch, *base_offset);
                }
                self.appended(view.world, by, partition, *base_offset);
                Ok(())
            }
            Fact::HighWatermarkMoved {
                partition,
                role: Role::Leader,
                from,
                to,
            } => {
                self.committed(view.world, by, partition, (*from, *to));
                Ok(())
            }
            Fact::ProduceRefused {
                partition,
                error: ErrorCode::NotEnoughReplicas,
                ..
            } => {
                let step = view.world.steps();
                match &self.appended {
                    Some(last) if *last == (step, by, partition.clone()) => Err(format!(
                        "R17: broker {by} refuses a batch of {partition} for want of replicas, and has appended it"
                    )),
                    _ => Ok(()),
                }
            }
            Fact::ResponseSent {
                connection,
                api: ApiKey::Produce,
                version,
                correlation_id,
            } => {
                let over = (*connection, *version, *correlation_id);
                match view.world.broker_by_id(by) {
                    Some(from) => self.produced(view, from, over),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

/// Over which connection, in which version and under which number something was answered.
type Over = (ConnectionId, i16, i32);

impl ProducersAreAnsweredRightly {
    /// A topic is gone.
    pub(super) fn forget_topic(&mut self, topic: &TopicName) {
        self.alone.retain(|partition, _| partition.topic != *topic);
        self.thin.retain(|partition, _| partition.topic != *topic);
    }

    fn appended(&mut self, world: &World, by: BrokerId, partition: &TopicPartition, base: Offset) {
        self.appended = Some((world.steps(), by, partition.clone()));
        let leader = world.broker_by_id(by).and_then(|b| b.partition(partition));
        let Some(leader) = leader else {
            return;
        };
        if leader.isr().len() < leader.min_isr() {
            let alone = self.alone.entry(partition.clone()).or_default();
            alone.push((leader.leader_epoch(), base));
            if alone.len() > REMEMBERED {
                alone.remove(0);
            }
        }
    }

    /// A leader appends here, in a partition that was torn: what stood at this place or behind it under the same epoch has
    /// gone with the power of its machine, and the place is given again.
    fn begins_again(&mut self, partition: &TopicPartition, under: LeaderEpoch, base: Offset) {
        if let Some(alone) = self.alone.get_mut(partition) {
            alone.retain(|(epoch, offset)| *epoch != under || *offset < base);
        }
        for (epoch, _, to) in self.thin.get_mut(partition).into_iter().flatten() {
            if *epoch == under {
                *to = (*to).min(base);
            }
        }
        if let Some(thin) = self.thin.get_mut(partition) {
            thin.retain(|(_, from, to)| from < to);
        }
    }

    fn committed(
        &mut self,
        world: &World,
        by: BrokerId,
        partition: &TopicPartition,
        (from, to): (Offset, Offset),
    ) {
        let leader = world.broker_by_id(by).and_then(|b| b.partition(partition));
        let few = |leader: &&Partition| leader.maximal_isr().len() < leader.min_isr();
        if let Some(leader) = leader.filter(few) {
            let thin = self.thin.entry(partition.clone()).or_default();
            let epochs = leader.log().epochs().entries();
            let ends = epochs.iter().skip(1).map(|next| next.start);
            let ends = ends.chain([leader.log_end()]);
            for (begins, end) in epochs.iter().zip(ends) {
                let (from, to) = (from.max(begins.start), to.min(end));
                if from < to {
                    thin.push((begins.epoch, from, to));
                }
            }
            let surplus = thin.len().saturating_sub(REMEMBERED);
            thin.drain(..surplus);
        }
    }

    /// Whether this producer, or what a stranger has asked, wants to hear of it when the whole ISR has it.
    fn wants_all(&mut self, world: &World, over: Over) -> bool {
        let producer = world.host(over.0.opener).and_then(|host| host.producer());
        if let Some(producer) = producer {
            return producer.config().acks == Acks::All;
        }
        let frame = self.strangers.take(over.0, over.2);
        let asked = frame.and_then(|frame| AnyRequest::decode(&frame).ok());
        matches!(asked, Some((_, AnyRequest::Produce(asked))) if asked.acks == -1)
    }

    fn produced(&mut self, view: View<'_>, from: &Broker, over: Over) -> Result<(), String> {
        let all = self.wants_all(view.world, over);
        let Some(answer) = answer::<ProduceRequest>(view.world, over.0, over.1, over.2) else {
            return Ok(());
        };
        // One that waits for the others in its answer was safe when that was decided, which is when the high watermark
        // passed it.
        let parts = answer.responses.iter();
        let parts: usize = parts.map(|topic| topic.partition_responses.len()).sum();
        let is_decided_now = parts == 1;
        for topic in &answer.responses {
            for found in &topic.partition_responses {
                let name = TopicPartition {
                    topic: TopicName(topic.name.clone()),
                    partition: found.index,
                };
                says_no_offset_in_error(&name, found)?;
                if all && found.error_code == 0 {
                    self.is_safe(from, &name, Offset(found.base_offset))?;
                    if is_decided_now {
                        has_enough_replicas(from, &name, Offset(found.base_offset))?;
                    }
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
        let epoch = leader.log().epochs().epoch_of(base);
        let thin = self.thin.get(name).into_iter().flatten();
        let mut thin = thin.filter(|(of, ..)| Some(*of) == epoch);
        if thin.any(|(_, from, to)| (*from..*to).contains(&base)) {
            return Err(format!(
                "R17: broker {by} acknowledges {name}{base} with acks=all, committed while too few were in sync"
            ));
        }
        let alone = self.alone.get(name).zip(epoch);
        if alone.is_some_and(|(alone, epoch)| alone.contains(&(epoch, base))) {
            return Err(format!(
                "R17: broker {by} acknowledges {name}{base} with acks=all, appended while too few were in sync"
            ));
        }
        Ok(())
    }
}

/// Where the batches begin of which a broker has just told a producer that they are written.
pub fn acknowledged(world: &World, entry: &Entry) -> Vec<(TopicPartition, Offset)> {
    let Fact::ResponseSent {
        connection,
        api: ApiKey::Produce,
        version,
        correlation_id,
    } = &entry.fact
    else {
        return Vec::new();
    };
    let answer = answer::<ProduceRequest>(world, *connection, *version, *correlation_id);
    let topics = answer.iter().flat_map(|answer| &answer.responses);
    let written = topics.flat_map(|topic| {
        let found = topic.partition_responses.iter();
        let found = found.filter(|found| found.error_code == 0);
        found.map(move |found| {
            let name = TopicPartition {
                topic: TopicName(topic.name.clone()),
                partition: found.index,
            };
            (name, Offset(found.base_offset))
        })
    });
    written.collect()
}

/// I7, of an answer to a producer.
fn says_no_offset_in_error(
    name: &TopicPartition,
    found: &PartitionProduceResponse,
) -> Result<(), String> {
    // After these the records may be in the log all the same, or have been until their topic was deleted, and
    // Kafka says where.
    let after_append = [
        ErrorCode::UnknownTopicOrPartition,
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

/// R17, of a batch whose acknowledgement is decided now.
fn has_enough_replicas(from: &Broker, name: &TopicPartition, base: Offset) -> Result<(), String> {
    let Some(leader) = from.partition(name).filter(|p| p.is_leader()) else {
        return Ok(());
    };
    let (by, isr) = (from.id(), leader.maximal_isr());
    match isr.len() < leader.min_isr() {
        true => Err(format!(
            "R17: broker {by} acknowledges {name}{base} with acks=all and only {isr:?} in sync"
        )),
        false => Ok(()),
    }
}
