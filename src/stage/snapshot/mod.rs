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
//!
//! `broker`, `log`, `client`, `travel`, `anatomy` and `change` hold the nouns.

mod anatomy;
mod broker;
mod change;
mod client;
mod log;
mod travel;

use crate::model::{BrokerId, Text, TopicPartition};
use crate::stage::Thing;
use crate::time::Instant;

pub use anatomy::*;
pub use broker::*;
pub use change::*;
pub use client::*;
pub use log::*;
pub use travel::*;

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
    /// Whoever has errands for the cluster: they create topics and move partitions, and write nothing.
    pub operators: Vec<Producer>,
    pub groups: Vec<Group>,
    pub consumers: Vec<Consumer>,
    pub coordination: Coordination,
    /// Only the links that are not in order; all others are drawn as plain lines.
    pub links: Vec<Link>,
    pub travellers: Vec<Traveller>,
    /// What has just happened; at most one change of a kind for each copy.
    pub changes: Vec<Change>,
    pub motion: Motion,
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
    /// The reader can act on what is shown: cards have their buttons, and every link can be pointed at.
    pub acts: bool,
    /// Every replica has a row of one kind, the subject's too.
    pub even: bool,
    /// Partitions that are still to be created, with who will hold them: their room is kept.
    pub rooms: Vec<(TopicPartition, Vec<BrokerId>)>,
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
    /// Of the acknowledged records those in partitions that nobody leads now.
    pub waiting: u64,
    /// Of the acknowledged records those that are not on every in-sync replica yet.
    pub pending: u64,
    /// Of the acknowledged records those that retention, compaction or the deletion of their topic took.
    pub expired: u64,
    pub lost: u64,
    pub duplicated: u64,
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
            operators: Vec::new(),
            groups: Vec::new(),
            consumers: Vec::new(),
            coordination: Coordination::Absent,
            links: Vec::new(),
            travellers: Vec::new(),
            changes: Vec::new(),
            motion: Motion::Full,
            notes: Vec::new(),
            washes: Vec::new(),
            subject: None,
            selection: None,
            focus: None,
            audit: None,
            anatomy: None,
            legend: Vec::new(),
            acts: false,
            even: false,
            rooms: Vec::new(),
        }
    }

    /// All partitions of all topics, in order.
    pub fn partitions(&self) -> impl Iterator<Item = &Partition> {
        self.topics.iter().flat_map(|topic| &topic.partitions)
    }

    pub fn partition(&self, id: &TopicPartition) -> Option<&Partition> {
        self.partitions().find(|partition| partition.id == *id)
    }

    /// The topic that a partition belongs to.
    pub fn topic_of(&self, id: &TopicPartition) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.name == id.topic)
    }

    pub fn broker(&self, id: BrokerId) -> Option<&Broker> {
        self.brokers.iter().find(|broker| broker.id == id)
    }

    /// True when the reader is asked to look at this thing.
    pub fn washed(&self, thing: &Thing) -> bool {
        self.washes.iter().take(3).any(|wash| wash == thing)
    }
}
