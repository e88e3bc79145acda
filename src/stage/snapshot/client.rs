//! Producers, consumers and groups.

use crate::model::{BrokerId, Offset, ProcessId, Text, TopicName, TopicPartition};
use crate::stage::snapshot::KeyMark;

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
    /// How many records it holds; of so many only the first keys are told.
    pub holds: usize,
    /// One or two short lines beside the held records: "no answer," "will retry".
    pub note: Vec<Text>,
    /// An error was the answer, and it will try again.
    pub retry: Option<Retrying>,
    /// The partitions it writes to, each with the broker it believes to lead.
    pub writes: Vec<Aim>,
}

/// Why a producer tries again, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retrying {
    /// The name of the error.
    pub error: Text,
    /// "retry 2 in 200 ms".
    pub words: Text,
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
    /// Its process died; the note says when.
    Gone,
    /// Its process ended in order; the note says when.
    Ended,
}

impl ClientState {
    /// True when there is no process.
    pub fn is_over(self) -> bool {
        matches!(self, ClientState::Gone | ClientState::Ended)
    }
}

/// One consumer group.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub name: Text,
    pub state: GroupState,
    /// The topics to which its members subscribe: a matter of structure, so boxes stand by them and do not
    /// jump when partitions change hands. None where partitions are assigned by hand.
    pub topics: Vec<TopicName>,
    /// The broker that coordinates it.
    pub coordinator: Option<BrokerId>,
    /// How far it has got in partitions that none of its members reads now.
    pub kept: Vec<Kept>,
}

/// What a group remembers of a partition that nobody reads for it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub partition: TopicPartition,
    pub committed: Offset,
    /// High watermark minus the committed offset.
    pub lag: Option<i64>,
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
    /// Nobody can say: "no coordinator", "being read", "not formed yet".
    Unknown(Text),
}

impl Group {
    /// True for a group that divides partitions among its members: it has a frame with room for what its
    /// coordinator says.
    pub fn is_shared(&self) -> bool {
        !self.topics.is_empty()
    }

    pub fn is_rebalancing(&self) -> bool {
        matches!(self.state, GroupState::Rebalancing { .. })
    }
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
    /// It divides the partitions of its group.
    pub leads: bool,
    pub state: ClientState,
    /// What it is doing: `reading`, `handling`, "waits for" "a leader".
    pub note: Vec<Text>,
    pub reads: Vec<Reading>,
    /// The key of the record in its hands.
    pub handling: Option<KeyMark>,
}

/// One partition as one consumer reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    pub partition: TopicPartition,
    /// From whom it fetches, by its own metadata; `None` while it waits for a leader, or there is no such partition.
    pub broker: Option<BrokerId>,
    /// The next offset the client will read.
    pub position: Option<Offset>,
    /// The offset that the group has committed.
    pub committed: Option<Offset>,
    /// High watermark minus the committed offset, or minus the position where nothing is committed.
    pub lag: Option<i64>,
}
