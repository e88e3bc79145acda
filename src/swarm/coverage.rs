//! What was seen at all: a generator that never makes a thing happen proves nothing about it.

use super::kind::Kind;
use crate::fact::{Entry, Fact};
use crate::model::BrokerId;
use crate::sorted::SortedMap;

/// Things that happen.
pub const EVENTS: [&str; 30] = [
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
];

/// How often each thing was seen.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    faults: SortedMap<&'static str, u64>,
    events: SortedMap<&'static str, u64>,
    errors: SortedMap<&'static str, u64>,
    leaders: SortedMap<crate::model::TopicPartition, BrokerId>,
}

impl Coverage {
    /// Adds what another run has seen.
    pub fn merge(&mut self, other: &Coverage) {
        let pairs = [
            (&mut self.faults, &other.faults),
            (&mut self.events, &other.events),
            (&mut self.errors, &other.errors),
        ];
        for (mine, theirs) in pairs {
            for (name, count) in theirs {
                *mine.entry(name).or_default() += count;
            }
        }
    }

    /// What was seen, and how often.
    pub fn seen(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let all = [&self.faults, &self.events, &self.errors];
        all.into_iter()
            .flatten()
            .map(|(name, count)| (*name, *count))
    }

    /// What was never seen.
    pub fn never(&self) -> impl Iterator<Item = &'static str> + '_ {
        let faults = Kind::all().map(Kind::name);
        let faults = faults.filter(|name| !self.faults.contains_key(name));
        let events = EVENTS.into_iter();
        faults.chain(events.filter(|name| !self.events.contains_key(name)))
    }

    /// A kind of trouble was made.
    pub(super) fn fault(&mut self, name: &'static str) {
        *self.faults.entry(name).or_default() += 1;
    }

    fn event(&mut self, name: &'static str) {
        *self.events.entry(name).or_default() += 1;
    }

    pub(super) fn add(&mut self, entry: &Entry) {
        match &entry.fact {
            Fact::ProduceRefused { error, .. }
            | Fact::SendWillRetry { error, .. }
            | Fact::SendFailed { error, .. }
            | Fact::FetchFailed { error, .. }
            | Fact::IsrChangeRefused { error, .. }
            | Fact::ReadingFailed { error, .. }
            | Fact::TopicRefused { error, .. }
            | Fact::ErrandRefused { error, .. } => {
                *self.errors.entry(error.name()).or_default() += 1;
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
            Fact::FetchFailed { .. } => EVENTS[24],
            Fact::RequestRejected { .. } => EVENTS[25],
            Fact::Disconnected {
                reason: crate::fact::CloseReason::RequestTimedOut,
                ..
            } => EVENTS[26],
            Fact::SegmentRolled { .. } => EVENTS[27],
            Fact::LogStartMoved { .. } => EVENTS[28],
            Fact::ReplicaStopped { .. } => EVENTS[29],
            _ => return None,
        })
    }

    /// A leader was elected that was out of sync.
    pub(super) fn unclean(&mut self) {
        self.event(EVENTS[3]);
    }
}
