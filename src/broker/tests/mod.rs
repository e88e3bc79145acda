//! Brokers driven by hand: a cluster on a table, with a client at the other end of a few connections.
//!
//! The bench carries bytes between brokers with one fixed latency, in order, and can hold a link. It is
//! no world: no journal, no plan, no randomness. Tests read as a client sees a cluster, and look inside
//! a broker only where no client can see.
//!
//! Clients: [`producing`], [`idempotence`], [`consuming`], [`sessions`], [`groups`], [`old_offsets`], [`metadata`],
//! [`crowds`].
//! Administrators: [`admin`], [`creating`], [`deleting`], [`settings`]. Brokers among themselves: [`following`], [`in_sync`],
//! [`control`]. What nobody should send: [`bad_frames`], [`bad_records`]; and [`planted`], wrong states for others.

mod admin;
mod bad_frames;
mod bad_records;
mod consuming;
mod control;
mod creating;
mod crowds;
mod deleting;
mod following;
mod groups;
mod idempotence;
mod in_sync;
mod isolation;
mod many;
mod metadata;
mod old_offsets;
mod planted;
mod producing;
mod sessions;
mod settings;

use crate::sorted::{SortedMap, SortedSet};

use super::{Broker, Config, Setup};
use crate::controller::{TopicSetup, znodes};
use crate::fact::Fact;
use crate::model::*;
use crate::process::{Effect, Input, Outbox, Payload, Process};
use crate::protocol::api::fetch::{FetchPartition, FetchTopic, PartitionData};
use crate::protocol::api::produce::{
    PartitionProduceData, PartitionProduceResponse, TopicProduceData,
};
use crate::protocol::api::{FetchRequest, ProduceRequest};
use crate::protocol::records::{BatchBuilder, Codec, read_whole_batches};
use crate::protocol::{Chunks, FrameBuffer, Message, Request, decode_response, encode_request};
use crate::rng::{Rng, Seed};
use crate::time::{Duration, Instant, Moment, Timestamp};
use crate::zookeeper::{Server, Tree, ZooKeeperConfig};

/// What the wall clock says when the bench begins.
const EPOCH: i64 = 1_700_000_000_000;

pub const LATENCY: Duration = Duration::from_millis(1);

/// The topic of most tests.
pub const TOPIC: &str = "orders";

/// Something on its way to somebody.
type Delivery = (ProcessId, ProcessId, Input);

/// A few brokers and the wires between them.
pub struct Bench {
    pub now: Instant,
    zookeeper: Server,
    brokers: SortedMap<ProcessId, Broker>,
    queue: SortedMap<(Instant, u64), Delivery>,
    sent: u64,
    held: SortedSet<(ProcessId, ProcessId)>,
    stuck: Vec<Delivery>,
    /// Whom each connection was opened to.
    targets: SortedMap<(ProcessId, u32), ProcessId>,
    inboxes: SortedMap<ConnectionId, FrameBuffer>,
    closed: SortedSet<ConnectionId>,
    serial: u32,
    pub facts: Vec<(Instant, ProcessId, Fact)>,
}

pub fn b(id: i32) -> ProcessId {
    ProcessId::from(BrokerId(id))
}

pub fn ids(ids: &[i32]) -> Vec<BrokerId> {
    ids.iter().map(|id| BrokerId(*id)).collect()
}

fn address(id: i32) -> Address {
    Address {
        host: format!("broker-{id}").into(),
        port: 9092,
    }
}

/// The one ZooKeeper server of the bench.
const ZOOKEEPER: ProcessId = ProcessId::ZooKeeper(1);

/// A server that knows of one topic.
fn zookeeper(topic: &TopicSetup) -> Server {
    let mut tree = Tree::new();
    let configs = znodes::write_configs(&topic.configs);
    tree.plant(&znodes::config_path(&topic.name), configs);
    let assignment = znodes::write_topic(&topic.assignment());
    tree.plant(&znodes::topic_path(&topic.name), assignment);
    Server::new(crate::zookeeper::Setup {
        id: ZOOKEEPER,
        servers: vec![(ZOOKEEPER, crate::zookeeper::address(1))],
        config: ZooKeeperConfig::default(),
        tree,
    })
}

impl Bench {
    /// Three brokers, of which the first hosts the controller, and one topic of one partition on all of
    /// them, led by the first.
    pub fn new(settings: &[(&str, &str)], topic_configs: &[(&str, &str)]) -> Bench {
        Bench::with_replicas(settings, topic_configs, &[&[1, 2, 3]])
    }

    pub fn with_replicas(
        settings: &[(&str, &str)],
        topic_configs: &[(&str, &str)],
        replicas: &[&[i32]],
    ) -> Bench {
        let mut config = Config::default();
        for (name, value) in settings {
            config.set(name, value).expect("a setting");
        }
        let configs = topic_configs.iter();
        let topic = TopicSetup {
            name: TopicName::new(TOPIC),
            id: TopicId([7; 16]),
            replicas: replicas.iter().map(|list| ids(list)).collect(),
            configs: configs
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
        };
        let mut bench = Bench {
            now: Instant::ZERO,
            zookeeper: zookeeper(&topic),
            brokers: SortedMap::new(),
            queue: SortedMap::new(),
            sent: 0,
            held: SortedSet::new(),
            stuck: Vec::new(),
            targets: SortedMap::new(),
            inboxes: SortedMap::new(),
            closed: SortedSet::new(),
            serial: 0,
            facts: Vec::new(),
        };
        for id in 1..=3 {
            let setup = Setup {
                id: BrokerId(id),
                address: address(id),
                config: config.clone(),
                zookeeper: vec![crate::zookeeper::address(1)],
                rng: Rng::new(Seed(1), b(id).stream()),
            };
            bench.brokers.insert(b(id), Broker::new(setup));
        }
        bench.give(ZOOKEEPER, Input::Booted);
        bench.run(Duration::from_millis(300));
        for id in 1..=3 {
            bench.give(b(id), Input::Booted);
            // One a little after the other, so that the first is controller and all are there when it is.
            bench.run(Duration::from_millis(3));
        }
        bench.run(Duration::from_millis(100));
        bench
    }

    pub fn broker(&self, id: i32) -> &Broker {
        &self.brokers[&b(id)]
    }

    pub fn broker_mut(&mut self, id: i32) -> &mut Broker {
        self.brokers.get_mut(&b(id)).expect("a broker")
    }

    /// The replica of the topic's first partition on a broker.
    pub fn replica(&self, id: i32) -> &super::Partition {
        let name = TopicPartition::new(TOPIC, 0);
        self.broker(id).partition(&name).expect("a replica")
    }

    fn give(&mut self, to: ProcessId, input: Input) {
        let at = self.moment();
        let mut out = Outbox::default();
        if let Some(broker) = self.brokers.get_mut(&to) {
            broker.handle(at, input, &mut out);
        } else if to == ZOOKEEPER {
            self.zookeeper.handle(at, input, &mut out);
        } else {
            self.client_takes(input);
        }
        let effects: Vec<Effect> = out.drain().collect();
        for effect in effects {
            self.carry(to, effect);
        }
    }

    pub fn moment(&self) -> Moment {
        Moment {
            now: self.now,
            wall: Timestamp(EPOCH + self.now.as_millis() as i64),
        }
    }

    fn client_takes(&mut self, input: Input) {
        match input {
            Input::Received {
                connection,
                payload: Payload::Kafka(bytes),
            } => self.inboxes.entry(connection).or_default().push(bytes),
            Input::Closed { connection } => {
                self.closed.insert(connection);
            }
            _ => {}
        }
    }

    fn carry(&mut self, from: ProcessId, effect: Effect) {
        match effect {
            Effect::Wrote | Effect::Exit => {}
            Effect::Note(fact) => self.facts.push((self.now, from, fact)),
            Effect::Connect { connection, to } => {
                let found = self.brokers.values().find(|broker| *broker.address() == to);
                let target = found.map_or(ZOOKEEPER, |broker| b(broker.id().0));
                self.targets.insert((from, connection.serial), target);
                let opened = Input::Opened {
                    connection: connection.other_end(),
                    from,
                    host: None,
                };
                self.post(from, target, opened);
                let opened = Input::Opened {
                    connection,
                    from: target,
                    host: None,
                };
                self.post(target, from, opened);
            }
            Effect::Send {
                connection,
                payload,
            } => {
                let to = self.other_end(from, connection);
                let connection = connection.other_end();
                let input = Input::Received {
                    connection,
                    payload,
                };
                self.post(from, to, input);
            }
            Effect::Close { connection } => {
                let to = self.other_end(from, connection);
                let connection = connection.other_end();
                self.post(from, to, Input::Closed { connection });
            }
        }
    }

    fn other_end(&self, holder: ProcessId, connection: ConnectionId) -> ProcessId {
        match connection.side {
            Side::Client => self.targets[&(holder, connection.serial)],
            Side::Server => connection.opener,
        }
    }

    fn post(&mut self, from: ProcessId, to: ProcessId, input: Input) {
        if self.held.contains(&(from, to)) {
            return self.stuck.push((from, to, input));
        }
        self.sent += 1;
        let at = (self.now + LATENCY, self.sent);
        self.queue.insert(at, (from, to, input));
    }

    /// Nothing gets from one to the other until it is released.
    pub fn hold(&mut self, from: ProcessId, to: ProcessId) {
        self.held.insert((from, to));
    }

    pub fn release(&mut self, from: ProcessId, to: ProcessId) {
        self.held.remove(&(from, to));
        for delivery in std::mem::take(&mut self.stuck) {
            self.post(delivery.0, delivery.1, delivery.2);
        }
    }

    /// Lets time pass.
    pub fn run(&mut self, span: Duration) {
        let end = self.now + span;
        for _ in 0..1_000_000 {
            let due = self.queue.first_key_value().map(|(at, _)| at.0);
            let wakeups = self.brokers.iter();
            let wakeups = wakeups.filter_map(|(id, broker)| Some((broker.next_wakeup()?, *id)));
            let zookeeper = self.zookeeper.next_wakeup().map(|at| (at, ZOOKEEPER));
            let wakeup = wakeups.chain(zookeeper).min();
            let next = due.into_iter().chain(wakeup.map(|(at, _)| at)).min();
            let Some(next) = next.filter(|next| *next <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(next);
            match wakeup {
                Some((at, id)) if due.is_none_or(|due| at < due) => self.give(id, Input::Woken),
                _ => {
                    let (_, delivery) = self.queue.pop_first().expect("something is due");
                    self.give(delivery.1, delivery.2);
                }
            }
        }
        panic!("time does not pass");
    }

    pub fn run_ms(&mut self, millis: u64) {
        self.run(Duration::from_millis(millis));
    }

    // ---- a client

    /// A new connection of a producer to a broker.
    pub fn open(&mut self, to: i32) -> ConnectionId {
        self.open_as(ProcessId::Producer(1), to)
    }

    pub fn open_as(&mut self, from: ProcessId, to: i32) -> ConnectionId {
        self.serial += 1;
        let connection = ConnectionId::client(from, 1_000 + self.serial);
        let to = address(to);
        self.carry(from, Effect::Connect { connection, to });
        connection
    }

    pub fn send_bytes(&mut self, connection: ConnectionId, bytes: Chunks) {
        let payload = Payload::Kafka(bytes);
        self.carry(
            connection.opener,
            Effect::Send {
                connection,
                payload,
            },
        );
    }

    /// Sends a request; its correlation id is its version.
    pub fn ask<R: Request>(&mut self, connection: ConnectionId, request: &R, version: i16) {
        let frame = encode_request(request, version, i32::from(version), Some("test"));
        self.send_bytes(connection, frame);
    }

    /// The next answer that has arrived.
    pub fn answer<R: Request>(
        &mut self,
        connection: ConnectionId,
        version: i16,
    ) -> Option<R::Response> {
        let inbox = self.inboxes.entry(connection).or_default();
        let frame = inbox.next(100_000_000).expect("brokers send frames")?;
        let (correlation, response) =
            decode_response::<R>(&frame, version).expect("brokers answer what was asked");
        assert_eq!(correlation, i32::from(version));
        Some(response)
    }

    /// Asks and waits for as long as a round trip takes.
    pub fn call<R: Request>(
        &mut self,
        connection: ConnectionId,
        request: &R,
        version: i16,
    ) -> R::Response
    where
        R::Response: Message,
    {
        self.ask(connection, request, version);
        self.run(LATENCY.times(2));
        self.answer::<R>(connection, version)
            .expect("an answer at once")
    }

    pub fn is_closed(&self, connection: ConnectionId) -> bool {
        self.closed.contains(&connection)
    }

    /// Whether any fact fits.
    pub fn noted(&self, by: i32, fits: impl Fn(&Fact) -> bool) -> bool {
        let facts = self.facts.iter();
        facts
            .filter(|(_, noted_by, _)| *noted_by == b(by))
            .any(|(_, _, fact)| fits(fact))
    }

    // ---- produce and fetch, the short way

    pub fn produce(&mut self, connection: ConnectionId, acks: i16, value: &str) {
        let request = produce_request(acks, 0, Some(records(&[value])));
        self.ask(connection, &request, PRODUCE);
    }

    pub fn produced(&mut self, connection: ConnectionId) -> Option<PartitionProduceResponse> {
        let response = self.answer::<ProduceRequest>(connection, PRODUCE)?;
        Some(response.responses[0].partition_responses[0].clone())
    }

    /// Produces, lets the cluster work for a while, and says what came of it.
    pub fn produce_now(&mut self, to: i32, acks: i16, value: &str) -> (i16, i64) {
        let connection = self.open(to);
        self.produce(connection, acks, value);
        self.run_ms(50);
        let answer = self.produced(connection).expect("an answer");
        (answer.error_code, answer.base_offset)
    }

    /// Fetches as a consumer from an offset and says what came of it at once.
    pub fn fetch_now(&mut self, from: i32, version: i16, offset: i64) -> Fetched {
        let connection = self.open_as(ProcessId::Consumer(1), from);
        let request = fetch_request(offset, 0);
        let response = self.call(connection, &request, version);
        Fetched::of(&response.responses[0].partitions[0])
    }
}

/// The version that tests produce with.
pub const PRODUCE: i16 = 9;

pub fn records(values: &[&str]) -> Chunks {
    let mut builder = BatchBuilder::new(Codec::None);
    for value in values {
        builder.append(EPOCH, Some(b"k"), Some(value.as_bytes()), &[]);
    }
    Chunks::from(builder.build())
}

pub fn produce_request(acks: i16, partition: i32, records: Option<Chunks>) -> ProduceRequest {
    ProduceRequest {
        acks,
        timeout_ms: 2_000,
        topic_data: vec![TopicProduceData {
            name: TOPIC.into(),
            partition_data: vec![PartitionProduceData {
                index: partition,
                records,
            }],
        }],
        ..ProduceRequest::default()
    }
}

/// A consumer's fetch of the topic's first partition.
pub fn fetch_request(offset: i64, wait_ms: i32) -> FetchRequest {
    FetchRequest {
        max_wait_ms: wait_ms,
        min_bytes: 1,
        max_bytes: 1 << 20,
        topics: vec![FetchTopic {
            topic: TOPIC.into(),
            topic_id: TopicId([7; 16]),
            partitions: vec![FetchPartition {
                fetch_offset: offset,
                partition_max_bytes: 1 << 20,
                ..FetchPartition::default()
            }],
        }],
        ..FetchRequest::default()
    }
}

/// What a fetch of one partition gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    pub error: i16,
    pub high_watermark: i64,
    pub offsets: Vec<i64>,
}

impl Fetched {
    pub fn of(data: &PartitionData) -> Fetched {
        let records = data.records.clone().unwrap_or_default();
        let batches = read_whole_batches(&records).expect("stored batches");
        let offsets = batches.iter().flat_map(|batch| {
            let records = batch
                .records()
                .map(|record| record.expect("a record").offset.0);
            records.collect::<Vec<_>>()
        });
        Fetched {
            error: data.error_code,
            high_watermark: data.high_watermark,
            offsets: offsets.collect(),
        }
    }
}
