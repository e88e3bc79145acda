//! Links that are not in order, and what is on its way.

use crate::model::{ProcessId, Text, TopicPartition};
use crate::stage::snapshot::KeyMark;
use crate::time::Instant;

/// A link that is not in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    pub a: ProcessId,
    pub b: ProcessId,
    pub state: LinkState,
    /// Only what this end sends is lost; `None`: either way.
    pub from: Option<ProcessId>,
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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    /// One of the dots that stand for more packets than can be followed.
    Stream {
        key: KeyMark,
    },
    /// What a broker and ZooKeeper say to each other.
    Coordination,
    /// A member of a group says that it is still there.
    Beat,
    /// A message that carries no records. Named only when it is the step's subject.
    Control {
        name: Option<ControlName>,
    },
}

/// The name on a control message: "LeaderAndIsr", "epoch 6".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ControlName {
    pub name: Text,
    pub detail: Text,
}
