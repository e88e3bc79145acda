//! The contract between a program and the world.
//!
//! Everything that runs (broker, producer, consumer, admin client, ZooKeeper server) is a [`Process`]:
//! plain data that handles one [`Input`] at a [`Moment`] and writes [`Effect`]s into an [`Outbox`].
//! Nothing else acts on the world. A process never waits, never sleeps and never looks at a clock: what
//! it waits for is data, and [`Process::next_wakeup`] says when it wants to be called again.
//!
//! Laws: a process is plain data and `Clone`, so that a checkpoint of the world is a copy of it; equal
//! state and equal input give equal state and equal effects; the outbox is the only way out.
//!
//! Left out: threads. A broker handles one input after the other, which is one legal schedule of
//! Kafka's eight I/O threads.

use bytes::Bytes;

use crate::fact::Fact;
use crate::model::{
    Address, BrokerId, ConnectionId, Offset, ProcessId, Text, TopicName, TopicPartition,
};
use crate::protocol::{Chunks, zookeeper};
use crate::time::{Duration, Instant, Moment, Timestamp};

/// What travels over a connection.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// Kafka's own bytes, cut anywhere: the receiver puts frames together again.
    Kafka(Chunks),
    /// A message to or from a ZooKeeper server.
    ZooKeeper(zookeeper::Message),
}

/// What happens to a process.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The first input after a start or restart.
    Booted,
    /// The instant that [`Process::next_wakeup`] reported has come.
    Woken,
    /// A connection stands. The opener learns that its own attempt succeeded; the listener learns who
    /// came, which stands for the authenticated principal of a real cluster.
    Opened {
        connection: ConnectionId,
        from: ProcessId,
        /// The address of who came, if that is a program outside of the world of which it is known.
        host: Option<Text>,
    },
    /// Bytes arrived, in the order in which they were sent.
    Received {
        connection: ConnectionId,
        payload: Payload,
    },
    /// The connection is gone, or the attempt to open it failed. Nothing more comes from it.
    Closed { connection: ConnectionId },
    /// A person, or a person's application, asks a client to do something.
    Told(Instruction),
    /// The process is asked to end in order (SIGTERM). It says [`Effect::Exit`] when it is ready.
    Stopping,
}

/// What a process does to the world.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Asks for a connection; answered by `Opened` or `Closed`. The opener chooses the id.
    Connect {
        connection: ConnectionId,
        to: Address,
    },
    /// Puts bytes on a connection. Lost without notice when the connection is already gone.
    Send {
        connection: ConnectionId,
        payload: Payload,
    },
    /// Closes a connection; the other end learns of it, this end has no further input from it.
    Close { connection: ConnectionId },
    /// Something was written to the disk, which takes time when the disk is slow.
    Wrote,
    /// The process ends by itself. Nothing that it does after this has an effect.
    Exit,
    /// Tells whoever watches that something became true.
    Note(Fact),
}

/// The effects of one input, in order.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    effects: Vec<Effect>,
}

impl Outbox {
    pub fn note(&mut self, fact: Fact) {
        self.effects.push(Effect::Note(fact));
    }

    pub fn connect(&mut self, connection: ConnectionId, to: Address) {
        self.effects.push(Effect::Connect { connection, to });
    }

    pub fn send(&mut self, connection: ConnectionId, bytes: Chunks) {
        self.effects.push(Effect::Send {
            connection,
            payload: Payload::Kafka(bytes),
        });
    }

    /// Says something to a ZooKeeper server or its client.
    pub fn send_zookeeper(&mut self, connection: ConnectionId, message: zookeeper::Message) {
        self.effects.push(Effect::Send {
            connection,
            payload: Payload::ZooKeeper(message),
        });
    }

    pub fn close(&mut self, connection: ConnectionId) {
        self.effects.push(Effect::Close { connection });
    }

    /// Says that something was written to the disk.
    pub fn wrote(&mut self) {
        self.effects.push(Effect::Wrote);
    }

    /// Ends the process.
    pub fn exit(&mut self) {
        self.effects.push(Effect::Exit);
    }

    /// Takes out everything written so far, keeping the room for the next input.
    pub fn drain(&mut self) -> impl Iterator<Item = Effect> + '_ {
        self.effects.drain(..)
    }

    /// What has been written so far.
    pub fn effects(&self) -> &[Effect] {
        &self.effects
    }
}

/// Hands out the numbers of new connections; the process that hosts an organ owns them all.
pub struct Serials<'a>(pub &'a mut u32);

impl Serials<'_> {
    /// A number that was never given out.
    pub fn take(&mut self) -> u32 {
        *self.0 += 1;
        *self.0
    }
}

/// What a process waits for and why: shown by inspectors and drawn as timer arcs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadline {
    pub at: Instant,
    pub why: Text,
}

/// A program that never waits.
pub trait Process: Clone {
    /// What outlives a crash.
    type Disk: Clone;

    /// Handles one input and writes what follows from it.
    fn handle(&mut self, at: Moment, input: Input, out: &mut Outbox);

    /// When to send [`Input::Woken`]; `None` when only an input can change anything. Cheap: the world
    /// asks after every input.
    fn next_wakeup(&self) -> Option<Instant>;

    /// Every deadline, for people.
    fn deadlines(&self) -> Vec<Deadline>;

    /// The process dies; its disk remains.
    fn crash(self) -> Self::Disk;
}

/// One record as an application hands it to a producer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRecord {
    pub key: Option<Bytes>,
    pub value: Option<Bytes>,
    pub headers: Vec<(Text, Option<Bytes>)>,
    /// `None` is the producer's own wall clock at the moment of sending.
    pub timestamp: Option<Timestamp>,
}

/// An application that sends records by itself: one every `interval`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    pub topic: TopicName,
    /// Records per call: a burst of this many is handed to the producer at once.
    pub burst: u32,
    pub interval: Duration,
    /// Keys drawn at random from this list; an empty list sends records without a key.
    pub keys: Vec<Text>,
    /// Bytes of each value; the value is printable and tells its own number.
    pub value_size: u32,
    /// Of so many records the last has no value; `None` is never.
    pub tombstones: Option<u64>,
    /// How many records in all; `None` goes on for ever.
    pub limit: Option<u64>,
}

/// Where a consumer is asked to go on reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeekTo {
    Beginning,
    End,
    Offset(Offset),
}

/// What an admin client sees to besides creating topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// `admin.deleteTopics` of one topic.
    DeleteTopic { topic: TopicName },
    /// `admin.createPartitions`: how many there shall be in all.
    AddPartitions { topic: TopicName, count: i32 },
    /// `admin.alterPartitionReassignments` of one partition; `None` gives a move up.
    Move {
        partition: TopicPartition,
        replicas: Option<Vec<BrokerId>>,
    },
    /// `admin.incrementalAlterConfigs`: sets each of these, or, without a value, gives the default back.
    Alter {
        of: Configured,
        configs: Vec<(Text, Option<Text>)>,
    },
    /// `admin.describeConfigs`: what these settings are, and who says so.
    Describe { of: Configured, names: Vec<Text> },
    /// `admin.deleteRecords` of one partition: everything before an offset, or, without one, everything that is
    /// committed.
    DeleteRecords {
        partition: TopicPartition,
        before: Option<Offset>,
    },
    /// `admin.electLeaders` of one partition.
    Elect {
        partition: TopicPartition,
        election: Election,
    },
}

/// Something that has settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Configured {
    Topic(TopicName),
    Broker(BrokerId),
    /// All brokers, where they have no setting of their own.
    Brokers,
}

impl Configured {
    /// `orders`, `b1` or `brokers`. A topic that is called like the others is written `topic=b1`.
    pub fn parse(word: &str) -> Configured {
        match (word, ProcessId::parse(word).and_then(ProcessId::broker)) {
            ("brokers", _) => Configured::Brokers,
            (_, Some(id)) => Configured::Broker(id),
            _ => Configured::Topic(TopicName::new(word)),
        }
    }
}

impl std::fmt::Display for Configured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Configured::Topic(topic) => write!(f, "{topic}"),
            Configured::Broker(id) => write!(f, "b{id}"),
            Configured::Brokers => write!(f, "brokers"),
        }
    }
}

/// Which kind of election a person wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Election {
    /// The first replica of the assignment, if it is in sync.
    Preferred,
    /// Whoever is alive, when nobody in sync is: records may be lost.
    Unclean,
}

/// What a person asks of a client. Each is a line of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// `producer.send(record)`; `partition` overrides the partitioner.
    Produce {
        topic: TopicName,
        partition: Option<i32>,
        record: NewRecord,
    },
    /// Starts an application that sends by itself, in place of the one that ran.
    StartLoad(Load),
    StopLoad,
    /// `consumer.assign(partitions)`: reads these and no others.
    Assign {
        partitions: Vec<TopicPartition>,
    },
    /// `consumer.seek`.
    Seek {
        partition: TopicPartition,
        to: SeekTo,
    },
    /// `consumer.commitSync`: the group remembers how far the consumer has read.
    Commit,
    /// `consumer.pause`: of these partitions nothing is fetched or returned. None named means all that are assigned.
    Pause {
        partitions: Vec<TopicPartition>,
    },
    /// `consumer.resume`, the same way.
    Resume {
        partitions: Vec<TopicPartition>,
    },
    /// `admin.createTopics` of one topic.
    CreateTopic {
        topic: TopicName,
        partitions: i32,
        replication_factor: i16,
        configs: Vec<(Text, Text)>,
    },
    /// What else an admin client is asked to see to.
    Administer(Errand),
    /// Tells the leading ZooKeeper server to end a session, as if it had run out.
    ExpireSession(zookeeper::SessionId),
    /// Changes one setting of the client by its Kafka name, as if it had been restarted with it.
    Configure {
        name: Text,
        value: Text,
    },
}
