//! What groups weigh in memory: members and what they know, their parts, ids that were given away, offsets with their
//! notes, and what is being written of all that.
//!
//! Nobody bounds how many groups there are, so who has only so much memory has to know. Everything here is an estimate
//! from lengths, as in `world::weight`; nothing in a group depends on it.

use bytes::Bytes;

use super::coordinator::Coordinator;
use super::desk::{Timer, Writing};
use super::member::{Member, Protocol};
use super::record::Committed;
use super::state::Group;
use crate::model::{Text, TopicPartition};
use crate::time::Instant;

/// What text and bytes have beside them: the counts of their owners, and where they lie.
const OWNER: u64 = 32;
/// Who goes when it is silent is known by a deadline, which is found by its time and by its name.
const DEADLINE: u64 = 2 * size_of::<(Timer, Instant)>() as u64;

impl Coordinator {
    /// What it knows of its groups. Costs a look at every member, none at offsets.
    pub fn weight(&self) -> u64 {
        let groups = self.groups().map(Group::weight);
        let writes = self.desk.writes.values().map(Writing::weight);
        groups.sum::<u64>() + writes.sum::<u64>()
    }
}

impl Group {
    fn weight(&self) -> u64 {
        let members = self.members.iter().map(Member::weight);
        // Those who have an id and have not come with it.
        let pending = self.pending.iter().map(|id| text(id) + DEADLINE);
        let wanted = self.subscribed.iter().flat_map(|topics| topics.iter());
        let wanted = wanted.map(|topic| text(&topic.0));
        size_of::<Group>() as u64
            + text(&self.id)
            + members.sum::<u64>()
            + pending.sum::<u64>()
            + wanted.sum::<u64>()
            + self.offsets.weight()
    }
}

impl Member {
    fn weight(&self) -> u64 {
        let names = [&self.id, &self.client_id, &self.client_host];
        let names = names.into_iter().chain(&self.instance_id).map(text);
        let protocols = self.protocols.iter();
        let protocols = protocols
            .map(|(name, metadata)| size_of::<Protocol>() as u64 + text(name) + bytes(metadata));
        // Its id stands in a deadline, and while it is awaited in lists.
        size_of::<Member>() as u64
            + DEADLINE
            + names.sum::<u64>()
            + protocols.sum::<u64>()
            + bytes(&self.assignment)
    }
}

impl Writing {
    fn weight(&self) -> u64 {
        match self {
            Writing::Parts { parts, .. } => {
                parts.iter().map(|(id, part)| text(id) + bytes(part)).sum()
            }
            Writing::Returned { old, .. } => old.weight(),
            Writing::Offsets { offsets, .. } => {
                let offsets = offsets.iter();
                offsets.map(|(partition, it)| offset(partition, it)).sum()
            }
            Writing::Rest => 0,
        }
    }
}

/// What is kept of one partition that a group has read.
pub(super) fn offset(partition: &TopicPartition, committed: &Committed) -> u64 {
    let entry = size_of::<(TopicPartition, Committed)>() as u64;
    entry + OWNER + text(&partition.topic.0) + text(&committed.metadata)
}

fn text(text: &Text) -> u64 {
    size_of::<Text>() as u64 + OWNER + text.len() as u64
}

fn bytes(bytes: &Bytes) -> u64 {
    OWNER + bytes.len() as u64
}
