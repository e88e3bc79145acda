//! `Bench`: a client under test, and a cluster that does what the test says.
//!
//! Bytes go both ways. Connections stand at once, and ApiVersions, Metadata (from a table of leaders),
//! FindCoordinator and InitProducerId are answered by themselves; every other request waits in `asked` until
//! the test answers it, or does not.

use crate::sorted::SortedMap;
use std::collections::VecDeque;

use crate::fact::Entry;
use crate::model::{
    Address, BrokerId, ConnectionId, ProcessId, Text, TopicId, TopicName, TopicPartition,
};
use crate::process::{Effect, Input, Instruction, NewRecord, Outbox, Payload, Process};
use crate::protocol::api::find_coordinator::{Coordinator, FindCoordinatorResponse};
use crate::protocol::api::metadata::{
    MetadataRequest, MetadataResponse, MetadataResponseBroker, MetadataResponsePartition,
    MetadataResponseTopic,
};
use crate::protocol::api::{ApiVersionsResponse, InitProducerIdResponse};
use crate::protocol::{AnyRequest, AnyResponse, ErrorCode, FrameBuffer, RequestHeader};
use crate::time::{Duration, Instant, Moment, Timestamp};

/// A request that waits for its answer.
#[derive(Clone, Debug)]
pub struct Asked {
    pub connection: ConnectionId,
    pub broker: BrokerId,
    pub header: RequestHeader,
    pub request: AnyRequest,
}

/// A client under test.
pub struct Bench<P: Process> {
    pub client: P,
    pub id: ProcessId,
    pub now: Instant,
    /// Leader and epoch of each partition; −1 is nobody.
    pub leaders: SortedMap<TopicPartition, (i32, i32)>,
    pub controller: i32,
    /// The broker that coordinates every group.
    pub coordinator: i32,
    /// How FindCoordinator is answered before it is answered like that: error, node and port of the one group
    /// that is named, or no group at all.
    pub odd_coordinators: VecDeque<Option<(ErrorCode, i32, i32)>>,
    /// So many FindCoordinator are not answered at all.
    pub silent: u32,
    /// Brokers that refuse connections.
    pub down: Vec<i32>,
    /// Requests that wait for the test.
    pub asked: VecDeque<Asked>,
    /// How often metadata was asked for.
    pub refreshed: u32,
    /// How InitProducerId is answered before it is answered with the id 7.
    pub id_refusals: VecDeque<ErrorCode>,
    connections: SortedMap<ConnectionId, (BrokerId, FrameBuffer)>,
    lines: Vec<String>,
}

/// The fixed id of a topic.
pub fn topic_id(name: &str) -> TopicId {
    let mut id = [7; 16];
    let length = name.len().min(16);
    id[..length].copy_from_slice(&name.as_bytes()[..length]);
    TopicId(id)
}

/// Three brokers, 1 to 3.
pub fn addresses() -> Vec<Address> {
    let address = |port| Address {
        host: "test".into(),
        port,
    };
    (1..=3).map(address).collect()
}

impl<P: Process> Bench<P> {
    /// A client that has not booted yet.
    pub fn new(id: ProcessId, client: P) -> Bench<P> {
        Bench {
            client,
            id,
            now: Instant::ZERO,
            leaders: SortedMap::new(),
            controller: 1,
            coordinator: 2,
            odd_coordinators: VecDeque::new(),
            silent: 0,
            down: Vec::new(),
            asked: VecDeque::new(),
            refreshed: 0,
            id_refusals: VecDeque::new(),
            connections: SortedMap::new(),
            lines: Vec::new(),
        }
    }

    /// Says who leads which partitions of a topic, all in epoch 0.
    pub fn topic(&mut self, name: &str, leaders: &[i32]) {
        for (partition, leader) in (0..).zip(leaders) {
            let partition = TopicPartition::new(name, partition);
            self.leaders.insert(partition, (*leader, 0));
        }
    }

    pub fn boot(&mut self) {
        self.give(Input::Booted);
    }

    pub fn tell(&mut self, instruction: Instruction) {
        self.give(Input::Told(instruction));
    }

    pub fn configure(&mut self, name: &str, value: &str) {
        self.tell(Instruction::Configure {
            name: name.into(),
            value: value.into(),
        });
    }

    /// One record, with this key and value.
    pub fn produce(&mut self, topic: &str, partition: Option<i32>, key: Option<&str>, value: &str) {
        let copied = |text: &str| bytes::Bytes::copy_from_slice(text.as_bytes());
        self.tell(Instruction::Produce {
            topic: TopicName::new(topic),
            partition,
            record: NewRecord {
                key: key.map(copied),
                value: Some(copied(value)),
                ..NewRecord::default()
            },
        });
    }

    /// Gives one input and does what follows from it.
    pub fn give(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        let mut out = Outbox::default();
        while let Some(input) = inputs.pop_front() {
            let wall = Timestamp(1_700_000_000_000 + self.now.as_millis() as i64);
            let at = Moment {
                now: self.now,
                wall,
            };
            self.client.handle(at, input, &mut out);
            let effects: Vec<Effect> = out.drain().collect();
            for effect in effects {
                self.follow(effect, &mut inputs);
            }
        }
    }

    fn follow(&mut self, effect: Effect, inputs: &mut VecDeque<Input>) {
        match effect {
            Effect::Wrote | Effect::Exit => {}
            Effect::Note(fact) => {
                let entry = Entry {
                    number: 0,
                    at: self.now,
                    by: Some(self.id),
                    fact,
                };
                if !matches!(entry.fact.kind(), "wire" | "connection" | "start") {
                    self.lines.push(entry.to_string());
                }
            }
            Effect::Connect { connection, to } => {
                let broker = BrokerId(i32::from(to.port));
                if self.down.contains(&broker.0) {
                    inputs.push_back(Input::Closed { connection });
                } else {
                    let stream = (broker, FrameBuffer::default());
                    self.connections.insert(connection, stream);
                    let from = ProcessId::from(broker);
                    inputs.push_back(Input::Opened {
                        connection,
                        from,
                        host: None,
                    });
                }
            }
            Effect::Close { connection } => {
                self.connections.remove(&connection);
                self.asked.retain(|asked| asked.connection != connection);
            }
            Effect::Send {
                payload: Payload::ZooKeeper(_),
                ..
            } => unreachable!("clients speak to brokers alone"),
            Effect::Send {
                connection,
                payload: Payload::Kafka(bytes),
            } => {
                let (broker, buffer) = self.connections.get_mut(&connection).expect("it is open");
                let broker = *broker;
                buffer.push(bytes);
                let mut frames = Vec::new();
                while let Some(frame) = buffer.next(1 << 24).expect("frames") {
                    frames.push(frame);
                }
                for frame in frames {
                    let (header, request) = AnyRequest::decode(&frame).expect("a request");
                    let asked = Asked {
                        connection,
                        broker,
                        header,
                        request,
                    };
                    self.ask(asked, inputs);
                }
            }
        }
    }

    fn ask(&mut self, asked: Asked, inputs: &mut VecDeque<Input>) {
        let response = match &asked.request {
            AnyRequest::ApiVersions(_) => {
                AnyResponse::ApiVersions(ApiVersionsResponse::served(ErrorCode::None))
            }
            AnyRequest::Metadata(request) => {
                self.refreshed += 1;
                AnyResponse::Metadata(self.metadata(request))
            }
            AnyRequest::FindCoordinator(_) if self.silent > 0 => {
                self.silent -= 1;
                return;
            }
            AnyRequest::FindCoordinator(request) => {
                let known = Some((ErrorCode::None, self.coordinator, self.coordinator));
                let answer = self.odd_coordinators.pop_front().unwrap_or(known);
                let keys = request.coordinator_keys.iter();
                let found = keys.filter_map(|key| {
                    let (error, node_id, port) = answer?;
                    Some(Coordinator {
                        key: key.clone(),
                        node_id,
                        host: "test".into(),
                        port,
                        error_code: error.code(),
                        ..Coordinator::default()
                    })
                });
                AnyResponse::FindCoordinator(FindCoordinatorResponse {
                    coordinators: found.collect(),
                    ..FindCoordinatorResponse::default()
                })
            }
            AnyRequest::InitProducerId(request) => {
                assert_eq!(request.transactional_id, None);
                let refusal = self.id_refusals.pop_front();
                AnyResponse::InitProducerId(InitProducerIdResponse {
                    error_code: refusal.unwrap_or_default().code(),
                    producer_id: if refusal.is_none() { 7 } else { -1 },
                    ..InitProducerIdResponse::default()
                })
            }
            _ => {
                self.asked.push_back(asked);
                return;
            }
        };
        inputs.push_back(received(&asked, &response));
    }

    fn metadata(&self, request: &MetadataRequest) -> MetadataResponse {
        let brokers = (1..=3).map(|id| MetadataResponseBroker {
            node_id: id,
            host: "test".into(),
            port: id,
            rack: None,
        });
        let names = request.topics.iter().flatten();
        let topics = names.map(|topic| {
            let name: Text = topic.name.clone().expect("asked by name");
            self.topic_answer(&name)
        });
        MetadataResponse {
            brokers: brokers.collect(),
            controller_id: self.controller,
            topics: topics.collect(),
            ..MetadataResponse::default()
        }
    }

    fn topic_answer(&self, name: &Text) -> MetadataResponseTopic {
        let led = self.leaders.iter();
        let led = led.filter(|(partition, _)| partition.topic.0 == *name);
        let partitions = led.map(|(partition, (leader, epoch))| MetadataResponsePartition {
            error_code: if *leader < 0 { 5 } else { 0 },
            partition_index: partition.partition,
            leader_id: *leader,
            leader_epoch: *epoch,
            ..MetadataResponsePartition::default()
        });
        let partitions: Vec<_> = partitions.collect();
        MetadataResponseTopic {
            error_code: if partitions.is_empty() { 3 } else { 0 },
            name: Some(name.clone()),
            topic_id: topic_id(name),
            partitions,
            ..MetadataResponseTopic::default()
        }
    }

    /// The oldest request that waits.
    ///
    /// # Panics
    /// When none does.
    pub fn next_asked(&mut self) -> Asked {
        self.asked.pop_front().expect("a request waits")
    }

    pub fn answer(&mut self, asked: &Asked, response: &AnyResponse) {
        self.give(received(asked, response));
    }

    /// A broker closes its connections.
    pub fn disconnect(&mut self, broker: i32) {
        let of_broker = |(_, (id, _)): &(&ConnectionId, &(BrokerId, FrameBuffer))| id.0 == broker;
        let closed: Vec<_> = self.connections.iter().filter(of_broker).collect();
        let closed: Vec<_> = closed.into_iter().map(|(id, _)| *id).collect();
        for connection in closed {
            self.connections.remove(&connection);
            self.asked.retain(|asked| asked.connection != connection);
            self.give(Input::Closed { connection });
        }
    }

    /// Lets time pass, waking the client when it asks for it.
    ///
    /// # Panics
    /// When the client runs in a circle.
    pub fn pass(&mut self, span: Duration) {
        let until = self.now + span;
        let mut turns = 0;
        while let Some(at) = self.client.next_wakeup().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.give(Input::Woken);
            turns += 1;
            assert!(turns < 1_000_000, "the client runs in a circle");
        }
        self.now = until;
    }

    pub fn pass_ms(&mut self, millis: u64) {
        self.pass(Duration::from_millis(millis));
    }

    /// The facts noted since the last call, as lines; those of connections and frames left out.
    pub fn lines(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }
}

fn received(asked: &Asked, response: &AnyResponse) -> Input {
    let header = &asked.header;
    let bytes = response.encode(header.api_version, header.correlation_id);
    Input::Received {
        connection: asked.connection,
        payload: Payload::Kafka(bytes),
    }
}
