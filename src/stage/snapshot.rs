//! Everything the picture needs to know about one instant, as plain data.
//!
//! A [`Snapshot`] is taken out of the world by `extract` and knows nothing of it: no handles, no
//! borrowed logs, no clocks. That makes the picture testable from hand-made data and lets still
//! pictures, golden figures and the live page share one path.
//!
//! Laws: a snapshot says what *is*, never where it stands (that is `layout`) nor how it looks (that is
//! `scene`); lists keep the order in which the cluster made their members, so equal worlds give equal
//! snapshots.
//!
//! Left out: history. Whatever moves between two instants is a [`Traveller`] with both of its ends in
//! time, and the picture of any instant between them follows from it alone.

use crate::model::{BrokerId, Offset, ProcessId, Text, TopicName, TopicPartition};
use crate::stage::Thing;
use crate::time::Instant;

/// The cluster at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The instant this is a picture of.
    pub at: Instant,
    /// What the picture is called: "Cluster after broker 2 crashed".
    pub title: Text,
    pub brokers: Vec<Broker>,
    pub topics: Vec<Topic>,
    pub producers: Vec<Producer>,
    pub groups: Vec<Group>,
    pub consumers: Vec<Consumer>,
    pub coordination: Coordination,
    /// Only the links that are not in order; all others are drawn as plain lines.
    pub links: Vec<Link>,
    pub travellers: Vec<Traveller>,
    /// Short remarks tied to a thing: "only copy, never acknowledged".
    pub notes: Vec<Note>,
    /// What the reader is asked to look at; at most three are drawn.
    pub washes: Vec<Thing>,
    /// The partition that the lesson is about: it gets the large row.
    pub subject: Option<TopicPartition>,
    pub selection: Option<Thing>,
    /// Where the keyboard stands.
    pub focus: Option<Thing>,
    pub audit: Option<Audit>,
    /// The one record that the record lens takes apart.
    pub anatomy: Option<Anatomy>,
    /// Explains the marks under the picture, in figures only.
    pub legend: Vec<LegendItem>,
}

/// One broker.
#[derive(Clone, Debug, PartialEq)]
pub struct Broker {
    pub id: BrokerId,
    /// Where it listens: `broker-1:9092`.
    pub host: Text,
    pub state: BrokerState,
    pub controller: bool,
}

/// What a broker is doing, as its dot and frame show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrokerState {
    Up,
    Starting,
    Draining,
    /// Its process is gone and its disk is not; the note says since when.
    Crashed {
        note: Text,
    },
    /// It runs, and nobody reaches it.
    CutOff {
        note: Text,
    },
}

/// One topic with its partitions in order of their index.
#[derive(Clone, Debug, PartialEq)]
pub struct Topic {
    pub name: TopicName,
    pub partitions: Vec<Partition>,
}

/// One partition and all its replicas.
#[derive(Clone, Debug, PartialEq)]
pub struct Partition {
    pub id: TopicPartition,
    /// Who leads, when anybody does.
    pub leader: Option<BrokerId>,
    pub isr: Vec<BrokerId>,
    /// In the order of the assignment; the first is the preferred leader.
    pub replicas: Vec<Replica>,
    /// Records per second of the reader's own time.
    pub rate: f64,
    /// The newest stretches of time, oldest first: what Stream and Heat draw.
    pub activity: Vec<Bucket>,
}

/// One stretch of a partition's recent past: how many records of each hue were appended in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    pub counts: Vec<(Hue, u32)>,
}

/// One copy of a partition's log.
#[derive(Clone, Debug, PartialEq)]
pub struct Replica {
    pub broker: BrokerId,
    pub role: Role,
    pub log_start: Offset,
    pub log_end: Offset,
    /// The first offset that this replica knows to be unreadable still.
    pub high_watermark: Option<Offset>,
    /// The newest records, ascending; more than the picture shows do no harm.
    pub cells: Vec<Cell>,
}

/// What a replica is to its partition: the outline of its log says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Leader,
    /// A leader whose election is this step's news.
    NewLeader,
    /// A follower that counts.
    Follower,
    /// A follower out of the ISR, so many records behind.
    Behind(i64),
    /// On its way back: has so many of so many records.
    CatchingUp {
        has: i64,
        of: i64,
    },
    /// Cutting its log back to this offset.
    Truncating(Offset),
    /// On a broker that is down.
    Offline,
    /// On a broker that is down and led until then.
    WasLeader,
}

/// One record as one replica holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    pub offset: Offset,
    pub key: KeyMark,
    pub state: CellState,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellState {
    /// Below the high watermark: stored for good.
    Committed,
    /// Written, and above the high watermark still.
    Open,
    /// A committed record's copy on a broker that is down.
    Ghost,
    /// Uncommitted, and only on a broker that is down.
    Stranded,
    /// Acknowledged and no longer readable.
    Lost,
    /// Deleted by retention.
    Gone,
    /// Its value is null.
    Tombstone,
    /// The same producer sequence stored twice.
    Duplicate,
}

/// A colour by number, 0 to 9; see [`crate::stage::keys`].
pub type Hue = u8;

/// How a record's key is told apart: a hue and a tag of one or two characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyMark {
    /// `None`: the record has no key.
    pub hue: Option<Hue>,
    pub tag: Text,
}

/// One producer.
#[derive(Clone, Debug, PartialEq)]
pub struct Producer {
    pub id: ProcessId,
    pub name: Text,
    /// The line under the name: `producer`, or the file that runs it.
    pub kind: Text,
    /// `acks=all`; left out where the figure does not speak of it.
    pub acks: Option<Text>,
    pub state: ClientState,
    /// Keys of the records it holds, oldest first.
    pub held: Vec<KeyMark>,
    /// One or two short lines beside the held records: "no answer," "will retry".
    pub note: Vec<Text>,
    /// The partitions it writes to, each with the broker it believes to lead.
    pub writes: Vec<Aim>,
}

/// One partition as a client sees it: to whom its requests for it go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aim {
    pub partition: TopicPartition,
    /// By the client's own metadata, right or stale; `None` while it knows nobody.
    pub broker: Option<BrokerId>,
}

/// How a client fares, as the edge of its box shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientState {
    /// All is well.
    Active,
    /// It waits: for a leader, for work, for its next attempt.
    Waiting,
    /// It failed or is about to be thrown out.
    Failed,
}

/// One consumer group.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub name: Text,
    pub state: GroupState,
}

/// The state of a group, as its frame tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupState {
    /// Nothing is said: consumers read partitions that were assigned to them by hand.
    Assigned,
    Stable {
        generation: i32,
    },
    Rebalancing {
        generation: i32,
        /// `JoinGroup` or `SyncGroup`.
        phase: Text,
        done: u32,
        of: u32,
    },
    Empty,
    Dead,
}

/// One consumer.
#[derive(Clone, Debug, PartialEq)]
pub struct Consumer {
    pub id: ProcessId,
    pub name: Text,
    /// The line under the name, such as `consumer.js`; none in crowded pictures.
    pub kind: Option<Text>,
    /// The group it is a member of.
    pub group: Option<Text>,
    pub state: ClientState,
    /// What it is doing: `reading`, `handling`, "waiting for" "a leader".
    pub note: Vec<Text>,
    pub reads: Vec<Reading>,
    /// The key of the record in its hands.
    pub handling: Option<KeyMark>,
}

/// One partition as one consumer reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    pub partition: TopicPartition,
    /// From whom it fetches, by its own metadata; `None` while it waits for a leader.
    pub broker: Option<BrokerId>,
    /// The next offset the client will read.
    pub position: Option<Offset>,
    /// The offset that the group has committed.
    pub committed: Option<Offset>,
    /// High watermark minus the committed offset, or minus the position where nothing is committed.
    pub lag: Option<i64>,
}

/// Who decides about leaders, and where it is written down.
#[derive(Clone, Debug, PartialEq)]
pub enum Coordination {
    /// Not part of this picture.
    Absent,
    /// The plan holds the state and no servers keep it; the line says what is true now.
    StandIn {
        title: Text,
        line: Text,
    },
    ZooKeeper(ZooKeeper),
}

/// The ZooKeeper ensemble.
#[derive(Clone, Debug, PartialEq)]
pub struct ZooKeeper {
    pub servers: Vec<Server>,
    /// "brokers 1 2 3, controller 1": the whole of it in one line.
    pub line: Text,
    /// The few znodes worth showing.
    pub znodes: Vec<Znode>,
    /// False: no majority, no elections.
    pub quorum: bool,
    /// Said beside the line from ZooKeeper to the controller: "broker 1 wrote the new state".
    pub written: Option<Text>,
}

/// One ZooKeeper server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub id: ProcessId,
    pub leads: bool,
    pub up: bool,
}

/// One znode: its path, and its value word by word.
#[derive(Clone, Debug, PartialEq)]
pub struct Znode {
    pub path: Text,
    pub value: Vec<Word>,
    /// A remark behind the value, in red: "session expired".
    pub remark: Option<Text>,
}

/// One word of a znode's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    Plain(Text),
    /// What it was before, struck through.
    Was(Text),
    /// Gone because of a fault, struck through in red.
    Lost(Text),
    /// What it became.
    New(Text),
}

/// A link that is not in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    pub a: ProcessId,
    pub b: ProcessId,
    pub state: LinkState,
    /// `400 ms`, or "Link 1–3 cut 34 s".
    pub label: Text,
}

/// What is wrong with a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    Slow,
    /// Packets wait at the sender.
    Held,
    Cut,
}

/// Something on its way. Its place follows from the two instants and the layout.
#[derive(Clone, Debug, PartialEq)]
pub struct Traveller {
    /// Stable across replay.
    pub id: u64,
    pub load: Load,
    pub from: ProcessId,
    pub to: ProcessId,
    /// Whose row it leaves or enters, when it concerns one partition.
    pub partition: Option<TopicPartition>,
    pub sent_at: Instant,
    pub arrives_at: Instant,
}

/// What travels: round and filled carries records, hollow is an answer, a diamond is control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Load {
    /// Records from a producer, or records on their way to a consumer.
    Request {
        keys: Vec<KeyMark>,
    },
    /// A hollow ring: usually the base offset.
    Answer {
        label: Text,
    },
    ErrorAnswer {
        code: i16,
    },
    /// Records between brokers.
    ReplicaCopy {
        keys: Vec<KeyMark>,
    },
    /// A message that carries no records. Named only when it is the step's subject.
    Control {
        name: Option<ControlName>,
    },
}

/// The name on a control message: "LeaderAndIsr", "epoch 6".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlName {
    pub name: Text,
    pub detail: Text,
}

/// A short remark tied to a thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    pub thing: Thing,
    pub text: Text,
}

/// The audit of all records, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    pub acknowledged: u64,
    pub readable: u64,
    pub lost: u64,
    pub duplicated: u64,
}

/// One record taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Anatomy {
    pub partition: TopicPartition,
    pub offset: Offset,
    pub mark: KeyMark,
    pub state: CellState,
    pub fields: Vec<Field>,
}

/// One field of a record with the bytes that say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// `key`, `value`, `header source`, `timestamp`, …
    pub name: Text,
    pub value: Text,
    pub bytes: Vec<u8>,
    pub kind: FieldKind,
}

/// What a field's bytes are to the reader; decides their tint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Lengths, deltas, attributes: what holds the record together.
    Frame,
    Key,
    /// Value and headers.
    Payload,
    Timestamp,
}

/// What the legend may explain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegendItem {
    Committed,
    Open,
    Ghost,
    Control,
}

impl Snapshot {
    /// A picture of nothing, to be filled.
    pub fn empty(title: &str) -> Snapshot {
        Snapshot {
            at: Instant::ZERO,
            title: title.into(),
            brokers: Vec::new(),
            topics: Vec::new(),
            producers: Vec::new(),
            groups: Vec::new(),
            consumers: Vec::new(),
            coordination: Coordination::Absent,
            links: Vec::new(),
            travellers: Vec::new(),
            notes: Vec::new(),
            washes: Vec::new(),
            subject: None,
            selection: None,
            focus: None,
            audit: None,
            anatomy: None,
            legend: Vec::new(),
        }
    }

    /// All partitions of all topics, in order.
    pub fn partitions(&self) -> impl Iterator<Item = &Partition> {
        self.topics.iter().flat_map(|topic| &topic.partitions)
    }

    pub fn partition(&self, id: &TopicPartition) -> Option<&Partition> {
        self.partitions().find(|partition| partition.id == *id)
    }

    pub fn broker(&self, id: BrokerId) -> Option<&Broker> {
        self.brokers.iter().find(|broker| broker.id == id)
    }

    /// True when the reader is asked to look at this thing.
    pub fn washed(&self, thing: &Thing) -> bool {
        self.washes.iter().take(3).any(|wash| wash == thing)
    }
}

impl Partition {
    pub fn replica(&self, broker: BrokerId) -> Option<&Replica> {
        self.replicas
            .iter()
            .find(|replica| replica.broker == broker)
    }

    /// The replica that leads, when one does.
    pub fn leading(&self) -> Option<&Replica> {
        self.replica(self.leader?)
    }

    /// Where the assignment wants the leader: a matter of structure, so the picture hangs on it and
    /// does not jump when leadership moves.
    pub fn home(&self) -> Option<BrokerId> {
        self.replicas.first().map(|replica| replica.broker)
    }

    /// One past the newest offset that any replica holds, dead ones included.
    pub fn end(&self) -> Offset {
        self.replicas
            .iter()
            .map(|replica| replica.log_end)
            .max()
            .unwrap_or(Offset::ZERO)
    }
}

impl Role {
    /// The class of the bed.
    pub fn class(self) -> &'static str {
        match self {
            Role::Leader | Role::NewLeader => "leader",
            Role::Follower | Role::Truncating(_) => "follower",
            Role::Behind(_) | Role::CatchingUp { .. } => "behind",
            Role::Offline | Role::WasLeader => "offline",
        }
    }

    pub fn leads(self) -> bool {
        matches!(self, Role::Leader | Role::NewLeader)
    }

    pub fn is_offline(self) -> bool {
        matches!(self, Role::Offline | Role::WasLeader)
    }
}

impl KeyMark {
    pub fn new(hue: Hue, tag: &str) -> KeyMark {
        KeyMark {
            hue: Some(hue % 10),
            tag: tag.into(),
        }
    }

    /// A record without a key.
    pub fn none() -> KeyMark {
        KeyMark {
            hue: None,
            tag: "·".into(),
        }
    }
}

impl Broker {
    pub fn is_down(&self) -> bool {
        matches!(self.state, BrokerState::Crashed { .. })
    }
}
