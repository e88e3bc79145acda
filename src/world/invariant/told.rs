//! What brokers tell consumers is true, as it can be read off the wire.

use super::wire::{Frames, answer};
use super::{Invariant, View, broker};
use crate::broker::{Broker, Partition};
use crate::controller::znodes;
use crate::fact::{Entry, Fact};
use crate::model::{ConnectionId, LeaderEpoch, Offset, TopicName, TopicPartition};
use crate::protocol::api::fetch::PartitionData;
use crate::protocol::api::list_offsets::ListOffsetsPartitionResponse;
use crate::protocol::api::{FetchRequest, ListOffsetsRequest};
use crate::protocol::records::read_whole_batches;
use crate::protocol::{AnyRequest, ApiKey, Chunks};
use crate::sorted::{Mentions, SortedMap};
use crate::world::World;

/// The timestamp by which ListOffsets is asked for the end.
const LATEST: i64 = -1;

/// The first version of Fetch that tells the last stable offset.
const STABLE_FROM: i16 = 4;

/// What was told of a partition's end, and after which loss.
#[derive(Clone, Copy, Debug)]
struct Told {
    since: LeaderEpoch,
    end: Offset,
}

/// R11 the high watermarks that leaders tell clients never go down, cluster-wide. R14 a consumer is sent
/// nothing that ends above the high watermark in the same answer. A1 as there are no transactions, everything below the
/// high watermark is decided: the last stable offset is the same, and nothing was aborted. I7 with an error comes no offset, no high
/// watermark and no record.
///
/// A follower that serves a consumer tells its own high watermark, which may be lower; so may a leader in a
/// new epoch, until everything that was there before it is committed once more: its fetch answers, and those of
/// ListOffsets in version 0, which cannot say that they must wait, are held to R11 from then on.
#[derive(Clone, Debug, Default)]
pub struct NobodyIsToldLess {
    asked: Frames,
    told: SortedMap<TopicPartition, Told>,
}

impl Invariant for NobodyIsToldLess {
    fn name(&self) -> &'static str {
        "NobodyIsToldLess"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        self.asked
            .follow(view.world, entry, |api| api == ApiKey::ListOffsets);
        if let Fact::ZnodeDeleted { path } = &entry.fact {
            if let Some(partition) = znodes::state_of(path) {
                self.told.remove(&partition);
            }
            return Ok(());
        }
        let Some(by) = broker(entry) else {
            return Ok(());
        };
        match &entry.fact {
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
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

/// Over which connection, in which version and under which number something was answered.
type Over = (ConnectionId, i16, i32);

impl NobodyIsToldLess {
    /// A topic is gone.
    pub(super) fn forget_topic(&mut self, topic: &TopicName) {
        self.told.retain(|partition, _| partition.topic != *topic);
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
                if over.1 >= STABLE_FROM {
                    is_decided(&partition, data)?;
                }
                let settled = |leader: &Partition| is_settled(leader, data.high_watermark);
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
                if over.1 == 0 {
                    self.listed_of_old(view, from, name, found, &ends)?;
                    continue;
                }
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

    /// The same of version 0, which lists several offsets, the greatest first.
    fn listed_of_old(
        &mut self,
        view: View<'_>,
        from: &Broker,
        name: TopicPartition,
        found: &ListOffsetsPartitionResponse,
        ends: &[TopicPartition],
    ) -> Result<(), String> {
        let offsets = &found.old_style_offsets;
        if found.error_code != 0 && !offsets.is_empty() {
            return Err(format!(
                "I7: {name} is listed with error {} and offsets",
                found.error_code
            ));
        }
        let Some(greatest) = offsets.first().copied() else {
            return Ok(());
        };
        let Some(leader) = current_leader(view.world, from, &name) else {
            return Ok(());
        };
        let committed = leader.high_watermark();
        if offsets.iter().any(|offset| *offset > committed.0)
            || !offsets.is_sorted_by(|a, b| a >= b)
        {
            return Err(format!(
                "R14: a client is told of {name} at {offsets:?}, the high watermark is {committed}"
            ));
        }
        match ends.contains(&name) && is_settled(leader, greatest) {
            true => self.tell(view, name, Offset(greatest)),
            false => Ok(()),
        }
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

/// A1, in an answer to a consumer, whether it asks for what is committed only or not.
fn is_decided(partition: &TopicPartition, data: &PartitionData) -> Result<(), String> {
    let aborted = data.aborted_transactions.as_ref();
    let aborted = aborted.map_or(0, Vec::len);
    if data.last_stable_offset == data.high_watermark && aborted == 0 {
        return Ok(());
    }
    Err(format!(
        "A1: {partition} is told to be decided up to {} with {aborted} transactions aborted, the high watermark is {}",
        Offset(data.last_stable_offset),
        Offset(data.high_watermark)
    ))
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

/// Whether everything that was there before a leader's epoch is committed once more, by what it tells.
fn is_settled(leader: &Partition, high_watermark: i64) -> bool {
    let began = leader.epoch_start();
    began.is_none_or(|began| high_watermark >= began.0)
}

/// The partitions whose end a ListOffsets request asks for, and nothing else: of one that is named twice version 0 tells
/// twice.
fn ends_asked_for(request: &Chunks) -> Vec<TopicPartition> {
    let Ok((_, AnyRequest::ListOffsets(request))) = AnyRequest::decode(request) else {
        return Vec::new();
    };
    let asked = request.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|wanted| {
            let name = TopicPartition {
                topic: TopicName(topic.name.clone()),
                partition: wanted.partition_index,
            };
            (name, wanted.timestamp)
        })
    });
    let asked: Vec<_> = asked.collect();
    let names = Mentions::of(asked.iter().map(|(name, _)| name));
    let ends = asked
        .iter()
        .filter(|(name, time)| *time == LATEST && names.places(name).len() == 1);
    ends.map(|(name, _)| name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script;

    #[test]
    fn what_is_asked_for_twice_is_no_word_about_the_end() {
        use crate::protocol::api::ListOffsetsRequest;
        use crate::protocol::api::list_offsets::{
            EARLIEST, ListOffsetsPartition, ListOffsetsTopic,
        };
        use crate::protocol::encode_request;

        let ends = |times: &[i64]| {
            let partitions = times.iter().map(|timestamp| ListOffsetsPartition {
                timestamp: *timestamp,
                max_num_offsets: 1,
                ..ListOffsetsPartition::default()
            });
            let request = ListOffsetsRequest {
                topics: vec![ListOffsetsTopic {
                    name: "orders".into(),
                    partitions: partitions.collect(),
                }],
                ..ListOffsetsRequest::default()
            };
            let frame = encode_request(&request, 0, 1, None);
            ends_asked_for(&frame.slice(4, frame.len())).len()
        };
        assert_eq!(ends(&[LATEST]), 1);
        assert_eq!(ends(&[EARLIEST]), 0);
        assert_eq!(ends(&[LATEST, EARLIEST]), 0);
    }
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
