//! The stops: every place at which something visible happened, in order.
//!
//! What the transport calls an event is a step of the world that noted at least one fact that the stage
//! shows. Stops are learned as the world runs and forgotten from a fork on; going back and forth between
//! known stops needs no looking ahead.

use crate::controller::znodes;
use crate::fact::{Entry, Fact, LogStartReason, Role};
use crate::stage::extract;
use crate::time::{Duration, Instant};
use crate::world::{Host, Journal, Place, World};

/// A stretch longer than this without a visible event is folded.
pub const FOLD: Duration = Duration::from_secs(2);

/// One visible event: the place right after it, and how long the journal was then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    pub place: Place,
    pub entries: u64,
    /// The shortest flight among what travels from here on, if anything does.
    pub flight: Option<Duration>,
}

/// The visible events of one branch as far as it was ever run.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    stops: Vec<Stop>,
    /// Idle stretches, for the ribbon.
    folds: Vec<(Instant, Instant)>,
    /// How much of the journal has been looked at.
    seen: u64,
}

impl Timeline {
    /// Looks at what the journal says beyond what was seen. Called after every step into new ground.
    pub fn observe(&mut self, place: Place, journal: &Journal, world: &World) {
        let news = std::mem::replace(&mut self.seen, journal.len());
        if journal.len() <= news || !journal.since(news).any(|entry| seen(entry, world)) {
            return;
        }
        let stop = Stop {
            place,
            entries: journal.len(),
            flight: travelling(world),
        };
        match self.stops.last_mut() {
            Some(last) if last.place > place => {}
            Some(last) if last.place == place => *last = stop,
            _ => {
                let before = self
                    .stops
                    .last()
                    .map_or(Instant::ZERO, |stop| stop.place.at);
                if place.at.since(before) > FOLD {
                    self.folds.push((before, place.at));
                }
                self.stops.push(stop);
            }
        }
    }

    /// The world now stands where its journal has this length.
    pub fn moved(&mut self, journal: &Journal) {
        self.seen = journal.len();
    }

    /// Forgets everything after a place: from here on things may go another way.
    pub fn fork(&mut self, place: Place) {
        self.stops
            .truncate(self.stops.partition_point(|stop| stop.place <= place));
        self.folds.retain(|(_, to)| *to <= place.at);
    }

    /// Forgets what is not in a journal of this length: a command there was taken back.
    pub fn forget_after(&mut self, entries: u64) {
        let kept = self.stops.partition_point(|stop| stop.entries <= entries);
        self.stops.truncate(kept);
    }

    pub fn stops(&self) -> &[Stop] {
        &self.stops
    }

    /// How many events have happened at a place.
    pub fn count(&self, place: Place) -> usize {
        self.stops.partition_point(|stop| stop.place <= place)
    }

    pub fn next_after(&self, place: Place) -> Option<Stop> {
        self.stops.get(self.count(place)).copied()
    }

    /// The last stop at or before a place.
    pub fn latest(&self, place: Place) -> Option<Stop> {
        self.stops[..self.count(place)].last().copied()
    }

    /// The last stop before a place.
    pub fn before(&self, place: Place) -> Option<Stop> {
        self.stops[..self.stops.partition_point(|stop| stop.place < place)]
            .last()
            .copied()
    }

    pub fn folds(&self) -> &[(Instant, Instant)] {
        &self.folds
    }
}

/// The shortest flight among the packets that carry bytes and move.
pub fn travelling(world: &World) -> Option<Duration> {
    let moving = world
        .in_flight()
        .filter(|packet| packet.held_since.is_none());
    let carrying = moving.filter(|packet| extract::is_drawn(packet));
    carrying
        .map(|packet| packet.arrives_at.since(packet.sent_at))
        .min()
}

/// Records of a producer that are drawn while they wait; more change nothing on the picture.
const HELD: usize = 8;

/// True for a fact that changes the picture.
pub fn seen(entry: &Entry, world: &World) -> bool {
    match (&entry.fact, entry.by) {
        (Fact::RecordQueued { .. }, Some(by)) => {
            let producer = world.host(by).and_then(Host::producer);
            let waiting = producer.map(|producer| {
                let flying = producer.in_flight().map(|(_, batch)| batch);
                let batches = flying.chain(producer.queued());
                batches.map(|batch| batch.records as usize).sum::<usize>()
            });
            waiting.is_none_or(|waiting| waiting <= HELD)
        }
        (fact, _) => weight(fact) > 0,
    }
}

/// How much a fact has to say, when only one of several can be told; 0 is never told.
pub fn weight(fact: &Fact) -> u8 {
    if is_hidden(fact) {
        return 0;
    }
    match fact {
        Fact::Commanded { .. } => 9,
        Fact::IsrChanged { .. }
        | Fact::BecameLeader { .. }
        | Fact::LogTruncated { .. }
        | Fact::SendFailed { .. }
        | Fact::ReadingFailed { .. }
        | Fact::ProduceRefused { .. }
        | Fact::DuplicateDropped { .. }
        | Fact::RequestRejected { .. }
        | Fact::TopicCreated { .. }
        | Fact::TopicRefused { .. }
        | Fact::ControllerElected { .. }
        | Fact::SessionRanOut { .. }
        | Fact::Stopped
        | Fact::GroupRebalancing { .. }
        | Fact::GroupGenerationBegan { .. }
        | Fact::GroupStabilized { .. }
        | Fact::MemberLeft { .. }
        | Fact::ErrandDone { .. }
        | Fact::ErrandRefused { .. }
        | Fact::ZooKeeperLeads { .. } => 8,
        Fact::SendWillRetry { .. }
        | Fact::IsrChangeRefused { .. }
        | Fact::PartitionStateDecided { .. }
        | Fact::ControllerResigned { .. }
        | Fact::BrokerRegistered { .. }
        | Fact::RegistrationRefused
        | Fact::SessionExpired { .. }
        | Fact::ReplicaDeleted { .. }
        | Fact::ZooKeeperLooksForLeader => 7,
        Fact::BrokerCame { .. } | Fact::BrokerWent { .. } => 6,
        Fact::RecordsAcknowledged { .. } => 6,
        Fact::RecordsAppended {
            role: Role::Leader, ..
        } => 5,
        Fact::HighWatermarkMoved {
            role: Role::Leader, ..
        } => 4,
        // A follower whose log begins later because its leader's does has nothing new to say.
        Fact::LogStartMoved {
            reason: LogStartReason::Leader,
            ..
        } => 4,
        Fact::LogStartMoved { .. } | Fact::LogCleaned { .. } => 7,
        Fact::RecordsConsumed { .. } => 4,
        Fact::SegmentRolled { .. } | Fact::TopicConfigured { .. } => 3,
        Fact::ZnodeCreated { path, .. }
        | Fact::ZnodeChanged { path, .. }
        | Fact::ZnodeDeleted { path } => znode_weight(path),
        Fact::GroupsLoaded { .. } | Fact::OffsetCommitted { .. } | Fact::OffsetForgotten { .. } => {
            3
        }
        Fact::PartitionsLost { .. } | Fact::MembershipFailed { .. } | Fact::CommitFailed { .. } => {
            9
        }
        Fact::GroupLeft { .. } | Fact::HeartbeatRefused { .. } => 8,
        Fact::GroupJoined { .. }
        | Fact::PartitionsAssigned { .. }
        | Fact::PartitionsRevoked { .. } => 7,
        Fact::CoordinatorFound { .. } | Fact::OffsetsCommitted { .. } => 3,
        Fact::RecordsProcessed { .. } => 3,
        Fact::BecameFollower { .. } | Fact::LeaderLearned { .. } => 3,
        Fact::BatchSent { .. } | Fact::ProducerIdTaken { .. } => 3,
        Fact::RecordsAppended { .. } | Fact::PositionSet { .. } => 3,
        Fact::RecordQueued { .. } | Fact::RecordsQueued { .. } => 2,
        Fact::HighWatermarkMoved { .. } => 1,
        _ => 0,
    }
}

/// A picture shows who is registered, who is controller, and the states of partitions.
fn znode_weight(path: &str) -> u8 {
    let shown = path == znodes::CONTROLLER
        || znodes::broker_of(path).is_some()
        || znodes::state_of(path).is_some_and(|partition| !extract::is_internal(&partition.topic));
    if shown { 3 } else { 0 }
}

/// True for what happens to the partitions in which the cluster keeps what is its own: no picture shows them.
fn is_hidden(fact: &Fact) -> bool {
    match fact {
        Fact::BecameLeader { partition, .. }
        | Fact::BecameFollower { partition, .. }
        | Fact::RecordsAppended { partition, .. }
        | Fact::HighWatermarkMoved { partition, .. }
        | Fact::PartitionStateDecided { partition, .. }
        | Fact::IsrChanged { partition, .. }
        | Fact::IsrChangeRefused { partition, .. }
        | Fact::LogStartMoved { partition, .. }
        | Fact::LogCleaned { partition, .. }
        | Fact::LogTruncated { partition, .. } => extract::is_internal(&partition.topic),
        _ => false,
    }
}
