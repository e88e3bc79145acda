//! Assignors: which member of a group reads which partitions.
//!
//! The leader of a group runs one of these over what all members have said. All are pure functions: equal
//! members and topics give equal parts, whoever computes them.
//!
//! - `range`: topic by topic, a stretch of its partitions for each member;
//! - `roundrobin` (in `round_robin`): all partitions in a row, dealt out one by one;
//! - `sticky`: as even as can be, and within that everybody keeps what he has;
//! - `cooperative-sticky`: the same, but what changes hands is given away one generation before it is
//!   handed over, so that nobody has to stop reading what he keeps.
//!
//! Laws: every partition of a topic that somebody subscribes to goes to exactly one subscriber, except that
//! `cooperative-sticky` holds back what another member still has.
//!
//! Not modelled: racks.

mod movements;
mod range;
mod round_robin;
mod sticky;
#[cfg(test)]
mod tests;

use crate::model::{Text, TopicPartition};
use crate::sorted::SortedMap;

/// Kafka's assignors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Assignor {
    Range,
    RoundRobin,
    Sticky,
    CooperativeSticky,
}

/// What a member has said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscriber {
    pub id: Text,
    /// The name of a static member.
    pub instance: Option<Text>,
    pub topics: Vec<Text>,
    /// What it has by now.
    pub owned: Vec<TopicPartition>,
    /// The generation in which it got that; −1 when it does not say.
    pub generation: i32,
}

/// What each member gets, by its id.
pub type Parts = SortedMap<Text, Vec<TopicPartition>>;

/// How many partitions each topic has. A topic that is not in it is unknown, and nobody gets any of it.
pub type Topics = SortedMap<Text, i32>;

impl Assignor {
    pub const ALL: [Assignor; 4] = [
        Assignor::Range,
        Assignor::RoundRobin,
        Assignor::Sticky,
        Assignor::CooperativeSticky,
    ];

    /// What members call it among themselves.
    pub fn name(self) -> &'static str {
        match self {
            Assignor::Range => "range",
            Assignor::RoundRobin => "roundrobin",
            Assignor::Sticky => "sticky",
            Assignor::CooperativeSticky => "cooperative-sticky",
        }
    }

    /// The assignor of this name.
    pub fn parse(name: &str) -> Option<Assignor> {
        Assignor::ALL
            .into_iter()
            .find(|assignor| assignor.name() == name)
    }

    /// Whether members keep what they have while a generation is prepared.
    pub fn is_cooperative(self) -> bool {
        self == Assignor::CooperativeSticky
    }

    /// Divides the partitions. Every member is in the answer, with nothing if need be.
    pub fn assign(self, topics: &Topics, members: &[Subscriber]) -> Parts {
        match self {
            Assignor::Range => range::assign(topics, members),
            Assignor::RoundRobin => round_robin::assign(topics, members),
            Assignor::Sticky => sticky::assign(topics, members),
            Assignor::CooperativeSticky => {
                let parts = sticky::assign(topics, members);
                sticky::hold_back(parts, members)
            }
        }
    }
}

/// Nothing for anybody.
fn nothing(members: &[Subscriber]) -> Parts {
    let members = members.iter();
    members
        .map(|member| (member.id.clone(), Vec::new()))
        .collect()
}

/// The members in the order in which they are served: static ones by their names, then the others by id.
fn in_order(members: &[Subscriber]) -> Vec<&Subscriber> {
    let mut ordered: Vec<&Subscriber> = members.iter().collect();
    crate::sorted::sort_by(&mut ordered, |a, b| {
        let key = |member: &Subscriber| {
            let name = member.instance.clone();
            (name.is_none(), name, member.id.clone())
        };
        key(a).cmp(&key(b))
    });
    ordered
}

/// The partitions of a topic.
fn partitions_of(topic: &Text, count: i32) -> impl Iterator<Item = TopicPartition> {
    let topic = crate::model::TopicName(topic.clone());
    (0..count).map(move |partition| TopicPartition {
        topic: topic.clone(),
        partition,
    })
}
