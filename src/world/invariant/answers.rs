//! Whoever asks is answered once, in time, and is not told less than before.

use std::sync::Arc;

use super::losses::Losses;
use super::{Invariant, broker};
use crate::broker::{Broker, Partition};
use crate::client::config::Acks;
use crate::controller::znodes;
use crate::fact::{CloseReason, Entry, Fact};
use crate::model::{BrokerId, ConnectionId, Offset, ProcessId, Side, TopicName, TopicPartition};
use crate::process::Payload;
use crate::protocol::api::{FetchRequest, ListOffsetsRequest};
use crate::protocol::{AnyRequest, ApiKey, Chunks, decode_response};
use crate::sorted::{SortedMap, SortedSet};
use crate::time::{Duration, Instant};
use crate::world::{Host, Parcel, Program, World};

/// The timestamp by which ListOffsets is asked for the end.
const LATEST: i64 = -1;

/// A request that has no answer yet.
#[derive(Clone, Debug)]
struct Open {
    /// How long its sender lets it wait at the broker; `None` when nobody has said.
    patience: Option<Duration>,
    /// When that time is up, once it waits.
    due: Option<Instant>,
    /// Where it waits.
    at: Option<ProcessId>,
    /// The partitions whose end it asks for.
    ends: Vec<(TopicName, i32)>,
}

/// P3 a request is answered once or its connection is closed, and none waits longer than its sender
/// allows. R11 the high watermarks that leaders tell clients never go down, cluster-wide.
///
/// Requests are known from their senders' facts, so what a socket of somebody else's asks is not
/// followed, and a broker that stands still, or waits for its disk, may be late. R11 reads the answers
/// off the wire. A follower that serves a consumer tells its own high watermark, which may be lower; so
/// may a leader in a new epoch, until everything that was there before it is committed once more: its
/// fetch answers are held to this from then on.
#[derive(Clone, Debug, Default)]
pub struct WhoAsksIsAnswered {
    /// What is open on each connection that its opener holds, by correlation id.
    open: SortedMap<ConnectionId, SortedMap<i32, Open>>,
    /// The requests that wait at a broker, by when their time is up.
    waiting: SortedSet<(Instant, ConnectionId, i32)>,
    told: SortedMap<TopicPartition, Offset>,
    losses: Arc<Losses>,
}

impl Invariant for WhoAsksIsAnswered {
    fn name(&self) -> &'static str {
        "WhoAsksIsAnswered"
    }

    fn check(&mut self, world: &World, entry: &Entry) -> Result<(), String> {
        if let Some((due, connection, id)) = self.waiting.first().copied()
            && due < entry.at
        {
            self.waiting.pop_first();
            let open = self.open.get(&connection).and_then(|open| open.get(&id));
            let host = open.and_then(|open| world.host(open.at?));
            // Whose connection was reset may hear of it later than the broker.
            let end = connection.other_end();
            let stands = |host: &Host| {
                let broker = host.broker();
                broker.is_some_and(|broker| broker.connections().any(|(id, _)| id == end))
            };
            if host.is_some_and(|host| stands(host) && !host.is_behind(due, entry.at)) {
                return Err(format!(
                    "P3: #{id} of {connection} should have been answered at {due}"
                ));
            }
        }
        match &entry.fact {
            Fact::Connected { connection, .. } => {
                self.open.insert(*connection, SortedMap::new());
                Ok(())
            }
            Fact::Disconnected {
                connection, reason, ..
            } => self.gone(world, *connection, *reason),
            Fact::Killed { .. } | Fact::Stopped => {
                if let Some(died) = entry.by {
                    self.died(died);
                }
                Ok(())
            }
            Fact::Thawed => {
                if let Some(late) = entry.by {
                    self.excuse(late);
                }
                Ok(())
            }
            Fact::ZnodeDeleted { path } => {
                if let Some(partition) = znodes::state_of(path) {
                    self.told.remove(&partition);
                }
                Ok(())
            }
            Fact::RequestRejected { connection, .. } => {
                self.forget(connection.other_end());
                Ok(())
            }
            Fact::RequestSent {
                connection,
                api,
                correlation_id,
                ..
            } => {
                self.asked(world, *connection, *api, *correlation_id);
                Ok(())
            }
            Fact::RequestParked {
                connection,
                correlation_id,
                ..
            } => {
                self.parked(entry, connection.other_end(), *correlation_id);
                Ok(())
            }
            Fact::ResponseSent {
                connection,
                api,
                version,
                correlation_id,
            } => {
                let open = self.answered(*connection, *correlation_id)?;
                let Some(by) = broker(entry) else {
                    return Ok(());
                };
                let client = connection.opener.broker().is_none();
                match api {
                    ApiKey::Fetch if client => {
                        self.fetched(world, by, *connection, *version, *correlation_id)
                    }
                    ApiKey::ListOffsets if client => {
                        let ends = open.map(|open| open.ends).unwrap_or_default();
                        self.listed(world, (by, *connection), *version, *correlation_id, &ends)
                    }
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
    fn excuse(&mut self, losses: &Arc<Losses>) {
        self.losses = losses.clone();
    }
}

impl WhoAsksIsAnswered {
    fn asked(&mut self, world: &World, connection: ConnectionId, api: ApiKey, id: i32) {
        let Some(open) = self.open.get_mut(&connection) else {
            return;
        };
        if api == ApiKey::Produce && wants_no_answer(world, connection.opener) {
            return;
        }
        let ends = match api {
            ApiKey::ListOffsets => ends_asked_for(world, connection, id),
            _ => Vec::new(),
        };
        let patience = patience(world, connection.opener, api);
        let fresh = Open {
            patience,
            due: None,
            at: None,
            ends,
        };
        open.insert(id, fresh);
    }

    fn parked(&mut self, entry: &Entry, connection: ConnectionId, id: i32) {
        let open = self.open.get_mut(&connection);
        let Some(open) = open.and_then(|open| open.get_mut(&id)) else {
            return;
        };
        open.at = entry.by;
        open.due = open.patience.map(|patience| entry.at + patience);
        self.waiting
            .extend(open.due.map(|due| (due, connection, id)));
    }

    /// Takes a request off the list; nothing when its connection is not followed.
    fn answered(&mut self, connection: ConnectionId, id: i32) -> Result<Option<Open>, String> {
        let end = connection.other_end();
        let Some(open) = self.open.get_mut(&end) else {
            return Ok(None);
        };
        match open.remove(&id) {
            Some(open) => {
                if let Some(due) = open.due {
                    self.waiting.remove(&(due, end, id));
                }
                Ok(Some(open))
            }
            None => Err(format!(
                "P3: {connection} is answered #{id}, which nobody asks or which is answered already"
            )),
        }
    }

    /// A process is gone: nobody waits for what it asked, and nothing that waited for it will be answered.
    fn died(&mut self, died: ProcessId) {
        let own = self
            .open
            .keys()
            .filter(|connection| connection.opener == died);
        for connection in own.copied().collect::<Vec<_>>() {
            self.forget(connection);
        }
        self.excuse(died);
    }

    /// What waits for a process will be answered late, or never.
    fn excuse(&mut self, process: ProcessId) {
        for (connection, open) in self.open.iter_mut() {
            let there = open.iter_mut().filter(|(_, open)| open.at == Some(process));
            for (id, open) in there {
                if let Some(due) = open.due.take() {
                    self.waiting.remove(&(due, *connection, *id));
                }
            }
        }
    }

    fn gone(
        &mut self,
        world: &World,
        connection: ConnectionId,
        reason: CloseReason,
    ) -> Result<(), String> {
        self.forget(connection);
        if reason != CloseReason::RequestTimedOut || connection.side == Side::Server {
            return Ok(());
        }
        // The sender gave up. If the broker works on one of its requests, that request waits for
        // something that will end; one that merely lies there is never answered.
        let end = connection.other_end();
        for broker in world.brokers() {
            let mut held = broker.connections().filter(|(id, _)| *id == end);
            let Some(busy) = held.next().and_then(|(_, held)| held.busy()) else {
                continue;
            };
            // What needs ZooKeeper, or somebody who does, takes as long as that takes.
            let alone = matches!(
                busy.api,
                ApiKey::Produce | ApiKey::Fetch | ApiKey::ListOffsets | ApiKey::ApiVersions
            );
            if !alone {
                continue;
            }
            if !broker.parked().any(|parked| parked.request == busy) {
                return Err(format!(
                    "P3: broker {} works on #{} of {end} and will never answer it",
                    broker.id(),
                    busy.correlation_id
                ));
            }
        }
        Ok(())
    }

    fn forget(&mut self, connection: ConnectionId) {
        for (id, open) in self.open.remove(&connection).unwrap_or_default() {
            if let Some(due) = open.due {
                self.waiting.remove(&(due, connection, id));
            }
        }
    }

    fn fetched(
        &mut self,
        world: &World,
        by: BrokerId,
        connection: ConnectionId,
        version: i16,
        id: i32,
    ) -> Result<(), String> {
        let answer = on_the_wire(world, connection.other_end(), 4, id);
        let answer = answer.and_then(|frame| decode_response::<FetchRequest>(&frame, version).ok());
        let (Some((_, answer)), Some(broker)) = (answer, world.broker_by_id(by)) else {
            return Ok(());
        };
        for topic in &answer.responses {
            let name = match broker.metadata().name_of(topic.topic_id) {
                Some(name) => name.clone(),
                None => TopicName(topic.topic.clone()),
            };
            for data in topic.partitions.iter().filter(|data| data.error_code == 0) {
                let partition = TopicPartition {
                    topic: name.clone(),
                    partition: data.partition_index,
                };
                let settled = |leader: &Partition| {
                    let began = leader.epoch_start();
                    began.is_none_or(|began| data.high_watermark >= began.0)
                };
                let leader = current_leader(world, broker, &partition);
                if leader.is_some_and(settled) {
                    self.tell(partition, Offset(data.high_watermark))?;
                }
            }
        }
        Ok(())
    }

    fn listed(
        &mut self,
        world: &World,
        (by, connection): (BrokerId, ConnectionId),
        version: i16,
        id: i32,
        ends: &[(TopicName, i32)],
    ) -> Result<(), String> {
        if ends.is_empty() {
            return Ok(());
        }
        let answer = on_the_wire(world, connection.other_end(), 4, id);
        let answer =
            answer.and_then(|frame| decode_response::<ListOffsetsRequest>(&frame, version).ok());
        let Some((_, answer)) = answer else {
            return Ok(());
        };
        for topic in &answer.topics {
            for found in topic
                .partitions
                .iter()
                .filter(|found| found.error_code == 0)
            {
                let index = found.partition_index;
                let wanted = ends
                    .iter()
                    .find(|(name, other)| name.0 == topic.name && *other == index);
                if let Some((topic, partition)) = wanted.cloned() {
                    let name = TopicPartition { topic, partition };
                    let broker = world.broker_by_id(by);
                    let leader = broker.and_then(|broker| current_leader(world, broker, &name));
                    if leader.is_some() {
                        self.tell(name, Offset(found.offset))?;
                    }
                }
            }
        }
        Ok(())
    }

    fn tell(&mut self, partition: TopicPartition, end: Offset) -> Result<(), String> {
        if self.losses.is_lost(&partition) {
            return Ok(());
        }
        match self.told.get_mut(&partition) {
            Some(told) if *told > end => Err(format!(
                "R11: clients were told that {partition} is committed up to {told}, and now {end}"
            )),
            Some(told) => {
                *told = end;
                Ok(())
            }
            None => {
                self.told.insert(partition, end);
                Ok(())
            }
        }
    }
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

/// The newest bytes on their way to an end of a connection that have this number at this place; without
/// the size that stands before every frame.
fn on_the_wire(world: &World, to: ConnectionId, place: usize, id: i32) -> Option<Chunks> {
    let packets = world.in_flight().filter(|packet| packet.connection == to);
    let packets = packets.filter_map(|packet| match &packet.parcel {
        Parcel::Bytes(Payload::Kafka(bytes)) if bytes.len() >= place + 4 => {
            let numbered = bytes.slice(place, place + 4).to_bytes()[..] == id.to_be_bytes();
            numbered.then_some((packet.number, bytes))
        }
        _ => None,
    });
    let (_, bytes) = packets.max_by_key(|(number, _)| *number)?;
    Some(bytes.slice(4, bytes.len()))
}

/// The partitions whose end a ListOffsets request that was just sent asks for.
fn ends_asked_for(world: &World, connection: ConnectionId, id: i32) -> Vec<(TopicName, i32)> {
    let frame = on_the_wire(world, connection.other_end(), 8, id);
    let Some(Ok((_, AnyRequest::ListOffsets(request)))) =
        frame.map(|frame| AnyRequest::decode(&frame))
    else {
        return Vec::new();
    };
    let topics = request.topics.iter().flat_map(|topic| {
        let ends = topic
            .partitions
            .iter()
            .filter(|wanted| wanted.timestamp == LATEST);
        ends.map(|wanted| (TopicName(topic.name.clone()), wanted.partition_index))
    });
    topics.collect()
}

fn wants_no_answer(world: &World, opener: ProcessId) -> bool {
    let producer = world.host(opener).and_then(|host| host.producer());
    producer.is_some_and(|producer| producer.config().acks == Acks::None)
}

/// How long a request may wait at a broker, by the settings of who sends it.
fn patience(world: &World, opener: ProcessId, api: ApiKey) -> Option<Duration> {
    let host = world.host(opener)?;
    let wait = match api {
        ApiKey::Produce => host.producer()?.config().request_timeout,
        ApiKey::Fetch => match opener.broker() {
            Some(_) => host.broker()?.config().replica_fetch_wait_max,
            None => host.consumer()?.config().fetch_max_wait,
        },
        ApiKey::CreateTopics => match &host.program {
            Program::Admin(admin) => admin.config().request_timeout,
            Program::Broker(broker) => broker.config().request_timeout,
            _ => return None,
        },
        _ => return None,
    };
    Some(wait.max(Duration::TICK))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script;

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
            let law = &history.observed().checker.laws.answers;
            (
                law.told.get(&TopicPartition::new("orders", 0)).copied(),
                law.waiting.len(),
            )
        };
        assert_eq!(
            told(&history),
            (Some(Offset(1)), 3),
            "two followers and the consumer wait"
        );
        let line = script::parse_line("produce p1 orders-0 \"b\"").expect("a line");
        let script::Action::Command(command) = line else {
            panic!("{line:?} is no command");
        };
        history.perform(command).expect("it is carried out");
        history.seek(
            history.now() + Duration::from_millis(100),
            crate::world::Steps::UNLIMITED,
        );
        assert_eq!(told(&history), (Some(Offset(2)), 3));
    }
}
