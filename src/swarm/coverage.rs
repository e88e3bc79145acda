//! What was seen at all: a generator that never makes a thing happen proves nothing about it.

use super::codes::{self, CODES};
use super::edges::{self, Edge, States};
use super::kind::Kind;
use crate::fact::{CloseReason, Entry, Fact};
use crate::model::{BrokerId, ProcessId, TopicPartition};
use crate::protocol::{ApiKey, ErrorCode};
use crate::sorted::SortedMap;
use crate::testimony::Measures;
use crate::world::World;

/// Things that happen.
pub const EVENTS: [&str; 34] = [
    "a leader is elected",
    "a partition has no leader",
    "a leader stays and its epoch grows",
    "an unclean leader is elected",
    "an ISR grows",
    "an ISR shrinks",
    "an ISR change is refused",
    "a controller is elected",
    "a controller resigns",
    "a broker goes",
    "a broker registers again",
    "a registration is refused",
    "a session runs out",
    "a session is opened",
    "a zookeeper leads",
    "a zookeeper looks for a leader",
    "a log is cut",
    "a log loses its tail",
    "a leader's high watermark moves",
    "a follower's high watermark goes back",
    "a duplicate is dropped",
    "a produce is refused",
    "a send is tried again",
    "a send fails",
    "a fetch fails",
    "a request is rejected",
    "a request times out",
    "a segment is rolled",
    "a log start moves",
    "a replica is stopped",
    "a follower asks where its leader's log ends",
    "a follower is behind its leader's epoch",
    "a partition is torn",
    "a partition loses what was committed",
];

/// Something that a run may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seen {
    /// A kind of trouble, by its name.
    Fault(&'static str),
    Event(&'static str),
    /// A client, or a broker that asks another, was refused something.
    Error(ErrorCode),
    /// A broker has answered with it.
    Answer(ErrorCode),
    /// A state was left for another.
    Edge(Edge),
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Seen::Fault(name) => write!(f, "fault   {name}"),
            Seen::Event(name) => write!(f, "event   {name}"),
            Seen::Error(error) => write!(f, "error   {error}"),
            Seen::Answer(error) => write!(f, "answer  {error}"),
            Seen::Edge(edge) => write!(f, "edge    {edge}"),
        }
    }
}

/// How often each thing was seen.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    seen: SortedMap<Seen, u64>,
    leaders: SortedMap<TopicPartition, BrokerId>,
    states: States,
    measures: Measures,
}

impl Coverage {
    /// Adds what another run has seen.
    pub fn merge(&mut self, other: &Coverage) {
        for (seen, count) in other.seen() {
            *self.seen.entry(seen).or_default() += count;
        }
        self.measures.merge(&other.measures);
    }

    /// What clients' histories were measured to be.
    pub fn measures(&self) -> &Measures {
        &self.measures
    }

    /// A history is over.
    pub(super) fn measure(&mut self, measures: &Measures) {
        self.measures.merge(measures);
    }

    /// What was seen, and how often.
    pub fn seen(&self) -> impl Iterator<Item = (Seen, u64)> + '_ {
        self.seen.iter().map(|(seen, count)| (*seen, *count))
    }

    /// Everything that can be seen, by the tables of [`codes`](super::codes) and [`edges`]; errors that clients are told are
    /// answers, and are seen there.
    pub fn all() -> impl Iterator<Item = Seen> {
        let faults = Kind::all().map(|kind| Seen::Fault(kind.name()));
        let events = EVENTS.into_iter().map(Seen::Event);
        let answers = CODES.into_iter().filter(|(_, why_not)| why_not.is_none());
        let answers = answers.map(|(error, _)| Seen::Answer(error));
        let edges = edges::all().map(Seen::Edge);
        faults.chain(events).chain(answers).chain(edges)
    }

    /// What was never seen, and could have been.
    pub fn never(&self) -> impl Iterator<Item = Seen> {
        Coverage::all().filter(|one| !self.seen.contains_key(one))
    }

    /// What was seen although it cannot be, by the tables of [`codes`](super::codes) and [`edges`].
    pub fn unforeseen(&self) -> impl Iterator<Item = Seen> {
        let all = self.seen.keys().copied();
        all.filter(|seen| match seen {
            Seen::Answer(error) => !CODES.contains(&(*error, None)),
            Seen::Edge(edge) => edges::all().all(|known| known != *edge),
            Seen::Fault(_) | Seen::Event(_) | Seen::Error(_) => false,
        })
    }

    fn count(&mut self, seen: Seen) {
        *self.seen.entry(seen).or_default() += 1;
    }

    /// A kind of trouble was made.
    pub(super) fn fault(&mut self, name: &'static str) {
        self.count(Seen::Fault(name));
    }

    fn event(&mut self, name: &'static str) {
        self.count(Seen::Event(name));
    }

    /// A world begins.
    pub(super) fn begin(&mut self, world: &World) {
        self.states.begin(world);
    }

    /// Looks at whoever has just acted.
    pub(super) fn look(&mut self, world: &World) {
        self.states.look(world);
        self.add_edges();
    }

    fn add_edges(&mut self) {
        for edge in self.states.take() {
            self.count(Seen::Edge(edge));
        }
    }

    pub(super) fn add(&mut self, world: &World, entry: &Entry) {
        self.states.see(world, entry);
        for error in codes::answered(world, entry) {
            self.count(Seen::Answer(error));
        }
        match &entry.fact {
            Fact::ProduceRefused { error, .. }
            | Fact::SendWillRetry { error, .. }
            | Fact::SendFailed { error, .. }
            | Fact::FetchFailed { error, .. }
            | Fact::IsrChangeRefused { error, .. }
            | Fact::ReadingFailed { error, .. }
            | Fact::TopicRefused { error, .. }
            | Fact::ErrandRefused { error, .. } => {
                self.count(Seen::Error(*error));
            }
            _ => {}
        }
        if let Some(name) = self.name_of(&entry.fact) {
            self.event(name);
        }
    }

    fn name_of(&mut self, fact: &Fact) -> Option<&'static str> {
        Some(match fact {
            Fact::PartitionStateDecided {
                partition, leader, ..
            } => match self.leaders.insert(partition.clone(), *leader) {
                _ if *leader == BrokerId::NONE => EVENTS[1],
                Some(before) if before == *leader => EVENTS[2],
                _ => EVENTS[0],
            },
            Fact::IsrChanged { from, to, .. } if to.len() > from.len() => EVENTS[4],
            Fact::IsrChanged { .. } => EVENTS[5],
            Fact::IsrChangeRefused { .. } => EVENTS[6],
            Fact::ControllerElected { .. } => EVENTS[7],
            Fact::ControllerResigned { .. } => EVENTS[8],
            Fact::BrokerWent { .. } => EVENTS[9],
            Fact::BrokerRegistered { .. } => EVENTS[10],
            Fact::RegistrationRefused => EVENTS[11],
            Fact::SessionRanOut { .. } => EVENTS[12],
            Fact::SessionOpened { .. } => EVENTS[13],
            Fact::ZooKeeperLeads { .. } => EVENTS[14],
            Fact::ZooKeeperLooksForLeader => EVENTS[15],
            Fact::LogTruncated { .. } => EVENTS[16],
            Fact::LogTailLost { .. } => EVENTS[17],
            Fact::HighWatermarkMoved { from, to, .. } if to < from => EVENTS[19],
            Fact::HighWatermarkMoved { .. } => EVENTS[18],
            Fact::DuplicateDropped { .. } => EVENTS[20],
            Fact::ProduceRefused { .. } => EVENTS[21],
            Fact::SendWillRetry { .. } => EVENTS[22],
            Fact::SendFailed { .. } => EVENTS[23],
            Fact::FetchFailed {
                error: ErrorCode::FencedLeaderEpoch,
                ..
            } => EVENTS[31],
            Fact::FetchFailed { .. } => EVENTS[24],
            Fact::RequestSent {
                api: ApiKey::ListOffsets,
                connection,
                ..
            } if matches!(connection.opener, ProcessId::Broker(_)) => EVENTS[30],
            Fact::RequestRejected { .. } => EVENTS[25],
            Fact::Disconnected {
                reason: CloseReason::RequestTimedOut,
                ..
            } => EVENTS[26],
            Fact::SegmentRolled { .. } => EVENTS[27],
            Fact::LogStartMoved { .. } => EVENTS[28],
            Fact::ReplicaStopped { .. } => EVENTS[29],
            _ => return None,
        })
    }

    /// So many partitions were torn, and so many have lost something.
    pub(super) fn damage(&mut self, (torn, lost): (u64, u64)) {
        for (name, times) in [(EVENTS[32], torn), (EVENTS[33], lost)] {
            if times > 0 {
                *self.seen.entry(Seen::Event(name)).or_default() += times;
            }
        }
    }

    /// A leader was elected that was out of sync.
    pub(super) fn unclean(&mut self) {
        self.event(EVENTS[3]);
    }
}
