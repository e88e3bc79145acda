//! From the world to a snapshot: the only place of the picture that knows the cluster's insides.
//!
//! Who leads and who is in sync is the controller's word, which is what the cluster agrees on; how far each
//! copy reaches is the broker's own. What travels is read from the bytes under way, never guessed.
//!
//! A [`Memory`] is kept between pictures: which keys have been seen, in order, and what was asked on each
//! connection. It only ever adds to what the journal says, so a picture does not depend on the way to it.
//!
//! Laws: nothing here changes the world; what the world does not know is left out, not made up.

mod anatomy;
mod clients;
mod wire;

use crate::sorted::{SortedMap, SortedSet, sort_by_key};

use crate::broker::Broker as BrokerProcess;
use crate::controller::PartitionState;
use crate::fact::Fact;
use crate::model::{BrokerId, Offset, ProcessId, Text, TopicName, TopicPartition};
use crate::protocol::ApiKey;
use crate::stage::Thing;
use crate::stage::keys::Keys;
use crate::stage::snapshot::{
    Audit, Broker, BrokerState, Cell, CellState, Coordination, KeyMark, LegendItem, Link,
    LinkState, Partition, Replica, Role, Snapshot, Topic,
};
use crate::world::{End, History, Links, World};

/// How many of the newest records of each copy are read.
const CELLS: i64 = 48;
/// How many questions are remembered; answers come long before so many more were asked.
const ASKED: usize = 20_000;

/// What is remembered from picture to picture.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    keys: SortedMap<TopicName, Keys>,
    /// What was asked on a connection under a correlation id.
    asked: SortedMap<(ProcessId, u32, i32), (ApiKey, i16)>,
    /// How much of the journal has been looked at.
    seen: u64,
    /// Travellers that stand still, on links that are held.
    held: SortedSet<u64>,
}

impl Memory {
    /// True for a traveller of the last picture that stands still.
    pub fn is_held(&self, traveller: u64) -> bool {
        self.held.contains(&traveller)
    }

    /// The mark of a key in a topic.
    pub fn mark(&mut self, topic: &TopicName, key: Option<&[u8]>) -> KeyMark {
        let Some(key) = key else {
            return KeyMark::none();
        };
        let key = String::from_utf8_lossy(key);
        let keys = self.keys.entry(topic.clone()).or_default();
        keys.learn(&key);
        keys.mark(&key)
    }

    fn look(&mut self, history: &History) {
        let journal = &history.observed().journal;
        // After going back the same facts come again, and are known.
        let from = if journal.len() < self.seen {
            0
        } else {
            self.seen
        };
        self.seen = journal.len();
        for entry in journal.since(from) {
            match &entry.fact {
                Fact::RecordQueued {
                    partition,
                    key: Some(key),
                } => {
                    self.mark(&partition.topic, Some(key));
                }
                Fact::RequestSent {
                    connection,
                    api,
                    version,
                    correlation_id,
                } => {
                    if self.asked.len() >= ASKED {
                        self.asked.clear();
                    }
                    let name = (connection.opener, connection.serial, *correlation_id);
                    self.asked.insert(name, (*api, *version));
                }
                _ => {}
            }
        }
    }
}

/// The picture's data at the instant at which a history stands.
pub fn snapshot(history: &History, memory: &mut Memory) -> Snapshot {
    memory.look(history);
    let world = history.world();
    let mut snapshot = Snapshot::empty("Cluster");
    snapshot.at = world.now();
    snapshot.brokers = world
        .brokers()
        .map(|broker| self::broker(world, broker))
        .collect();
    snapshot.topics = topics(world, memory);
    clients::add(&mut snapshot, world, memory);
    snapshot.coordination = coordination(world);
    snapshot.links = links(world);
    memory.held.clear();
    snapshot.travellers = wire::travellers(world, memory);
    let report = history.observed().audit.report(world);
    snapshot.audit = Some(Audit {
        acknowledged: report.acknowledged,
        readable: report.readable,
        lost: report.lost,
        duplicated: 0,
    });
    snapshot.legend = vec![LegendItem::Committed, LegendItem::Open];
    snapshot
}

/// Takes one record apart for the record lens: the one that is named, else the newest of the first partition
/// that has any.
pub fn take_apart(
    snapshot: &mut Snapshot,
    world: &World,
    memory: &mut Memory,
    thing: Option<&Thing>,
) {
    snapshot.anatomy = anatomy::of(world, memory, thing);
}

fn broker(world: &World, broker: &BrokerProcess) -> Broker {
    let id = broker.id();
    let links = Links {
        from: End::Only(ProcessId::from(id)),
        to: End::Any,
    };
    let cut = world.network().holds().any(|held| *held == links);
    let state = match cut {
        true => BrokerState::CutOff {
            note: "cut off".into(),
        },
        false => BrokerState::Up,
    };
    let address = broker.address();
    let host = format!("{}:{}", address.host, address.port).into();
    Broker {
        id,
        host,
        state,
        controller: broker.controller().is_some(),
    }
}

fn coordination(world: &World) -> Coordination {
    let Some(controller) = world.brokers().find(|broker| broker.controller().is_some()) else {
        return Coordination::Absent;
    };
    let ids: Vec<String> = world
        .brokers()
        .map(|broker| broker.id().to_string())
        .collect();
    let line = format!("brokers {}, controller {}", ids.join(" "), controller.id());
    Coordination::StandIn {
        title: "Cluster".into(),
        line: line.into(),
    }
}

/// Every partition's state as the controller has it.
fn states(world: &World) -> impl Iterator<Item = (TopicPartition, &PartitionState)> {
    let controller = world.brokers().find_map(BrokerProcess::controller);
    controller
        .into_iter()
        .flat_map(|controller| controller.store().partitions())
}

fn topics(world: &World, memory: &mut Memory) -> Vec<Topic> {
    let mut topics: Vec<Topic> = Vec::new();
    for (id, state) in states(world) {
        let partition = partition(world, memory, id, state);
        match topics
            .last_mut()
            .filter(|topic| topic.name == partition.id.topic)
        {
            Some(topic) => topic.partitions.push(partition),
            None => topics.push(Topic {
                name: partition.id.topic.clone(),
                partitions: vec![partition],
            }),
        }
    }
    // The plan's order is the order in which a person named them.
    let planned = |topic: &Topic| {
        world
            .plan()
            .topics
            .iter()
            .position(|plan| plan.name == topic.name)
    };
    sort_by_key(&mut topics, |topic| planned(topic).unwrap_or(usize::MAX));
    topics
}

fn partition(
    world: &World,
    memory: &mut Memory,
    id: TopicPartition,
    state: &PartitionState,
) -> Partition {
    let leader = Some(state.leader).filter(|leader| *leader != BrokerId::NONE);
    let end = leader
        .and_then(|leader| world.broker_by_id(leader)?.partition(&id))
        .map_or(Offset::ZERO, |replica| replica.log_end());
    let replicas = state.replicas.iter().map(|broker| {
        let role = match leader {
            Some(leader) if leader == *broker => Role::Leader,
            _ if state.isr.contains(broker) => Role::Follower,
            _ => {
                let has = world
                    .broker_by_id(*broker)
                    .and_then(|broker| broker.partition(&id));
                Role::Behind(end - has.map_or(Offset::ZERO, |replica| replica.log_end()))
            }
        };
        replica(world, memory, &id, *broker, role)
    });
    let replicas = replicas.collect();
    Partition {
        id,
        leader,
        isr: state.isr.clone(),
        replicas,
        rate: 0.0,
        activity: Vec::new(),
    }
}

fn replica(
    world: &World,
    memory: &mut Memory,
    id: &TopicPartition,
    broker: BrokerId,
    role: Role,
) -> Replica {
    let Some(held) = world
        .broker_by_id(broker)
        .and_then(|broker| broker.partition(id))
    else {
        let (log_start, log_end) = (Offset::ZERO, Offset::ZERO);
        return Replica {
            broker,
            role,
            log_start,
            log_end,
            high_watermark: None,
            cells: Vec::new(),
        };
    };
    let (start, end, high_watermark) = (held.log_start(), held.log_end(), held.high_watermark());
    let from = start.max(Offset(end.0 - CELLS));
    let mut cells = Vec::new();
    for batch in held.log().batches(from, end) {
        for record in batch
            .batch()
            .records()
            .map_while(Result::ok)
            .filter(|record| record.offset >= from)
        {
            let state = match (record.offset < high_watermark, &record.value) {
                (false, _) => CellState::Open,
                (true, None) => CellState::Tombstone,
                (true, Some(_)) => CellState::Committed,
            };
            let key = memory.mark(&id.topic, record.key.as_deref());
            cells.push(Cell {
                offset: record.offset,
                key,
                state,
            });
        }
    }
    Replica {
        broker,
        role,
        log_start: start,
        log_end: end,
        high_watermark: Some(high_watermark),
        cells,
    }
}

/// The links that are not in order.
fn links(world: &World) -> Vec<Link> {
    let network = world.network();
    let normal = world.plan().latency;
    let ids: Vec<ProcessId> = world.hosts().map(|host| host.id).collect();
    let pairs = ids
        .iter()
        .enumerate()
        .flat_map(|(at, a)| ids[at + 1..].iter().map(move |b| (*a, *b)));
    // A broker that is cut off has a frame that says so for all of its links to other brokers.
    let framed = |id: ProcessId| {
        let found = id.broker().and_then(|id| world.broker_by_id(id));
        found.is_some_and(|found| broker(world, found).state != BrokerState::Up)
    };
    let faulty = pairs.filter_map(|(a, b)| {
        if a.broker().is_some() && b.broker().is_some() && (framed(a) || framed(b)) {
            return None;
        }
        if a.broker().is_none() && b.broker().is_none() {
            return None;
        }
        if network.is_held(a, b) || network.is_held(b, a) {
            return Some(Link {
                a,
                b,
                state: LinkState::Held,
                label: Text::from("held"),
            });
        }
        let slowest = network.latency(a, b).max(network.latency(b, a));
        let slow = slowest > normal.times(2);
        slow.then(|| Link {
            a,
            b,
            state: LinkState::Slow,
            label: format!("{} ms", slowest.as_millis()).into(),
        })
    });
    faulty.collect()
}
