//! What must hold after every step, whatever the faults.
//!
//! An invariant is a fold over facts that looks only at what the news names, so that checking costs what
//! the news costs. It is `Clone` and part of what is saved with each checkpoint. The laws are numbered as
//! the project's reliability catalogue numbers them:
//!
//! - [`committed`]: how far each partition is committed, which most of them speak of;
//! - [`losses`]: what may be gone without any law being broken;
//! - [`cleaned`]: how far logs are compacted, where replicas may differ by what is gone;
//! - [`structure`]: A1 to A5, A7 — one replica's log is in order, its bytes are what was produced;
//! - [`matching`]: R4, R5, R16 — the logs of one partition are one log;
//! - [`replication`]: R1 to R3, R6, R10, R12, R13, R15 — who leads, who counts, what is committed;
//! - [`quorum`]: R7, R8, R9 — who could be elected has what is committed;
//! - [`states`]: the states of partitions that have stood in ZooKeeper;
//! - [`offices`]: C1, C3 — one decides, and by what it has seen;
//! - [`elections`]: C4, C5 — who is elected, and who counts after having been away;
//! - [`pictures`]: C6 — what brokers believe was true;
//! - [`clients`]: P2, R14, R17, R18 — what clients are told is true;
//! - [`orders`]: R3 — whom a broker obeys;
//! - [`topics`]: C7, C8 — what is left of topics that are gone, and where moves end;
//! - [`sessions`]: C2 — who is alive, by the word of ZooKeeper;
//! - [`answers`]: P3 — whoever asks is answered once, and in time;
//! - [`told`]: R11, R14, I7 — what consumers are answered is true, read off the [`wire`];
//! - [`produced`]: R17, I7 — what producers are answered is true;
//! - [`sequences`]: A6, I1 to I4, I6 — what is numbered is written once and in order;
//! - [`refusals`]: I1, I2 — nobody is refused who numbers well;
//! - [`compaction`]: what compaction must keep;
//! - [`groups`]: K2, K4 — generations follow each other, and each gives a partition to one member;
//! - [`parts`]: K3, K4 — what a leader hands in is what its members get, and it leaves nothing out;
//! - [`offsets`]: K6 — what a group has committed is what its members find;
//! - [`coordinators`]: K1, K7 — one coordinates, who has read what it coordinates;
//! - [`commits`]: K5, K7 — who may commit for a group;
//! - [`handed`]: K10 — nobody commits what it was not handed;
//! - [`departures`]: K8 — nobody is taken out of a group early;
//! - [`bounded`]: P1 — nothing runs in a circle;
//! - [`logs`]: A2 to A4 once more — whole logs, read when everything is over.
//!
//! `wire` and `asked` read requests and answers off the wire; `per_replica` keeps something for each replica.
//!
//! A law that speaks of whole logs is kept by induction: what an append or a cut changes is looked at
//! when it is news, and the epochs of two logs say whether the rest still agrees.
//!
//! A loss of power may take what was committed: Kafka promises that it does not only while another broker of
//! the ISR can be elected. So a replica that has lost its tail is excused until it has caught up; and when
//! it comes to lead before that, or somebody is elected out of sync, what is committed begins anew with
//! that leader's log.
//!
//! Whoever was replaced and does not know it yet is not held to what is true by now: R8, R9, R11 and R15
//! look at the leader of the newest epoch.

pub mod answers;
mod asked;
pub mod bounded;
pub mod cleaned;
pub mod clients;
pub mod commits;
pub mod committed;
pub mod compaction;
pub mod coordinators;
pub mod departures;
pub mod elections;
pub mod groups;
pub mod handed;
pub mod logs;
pub mod losses;
pub mod matching;
pub mod offices;
pub mod offsets;
pub mod orders;
pub mod parts;
mod per_replica;
pub mod pictures;
pub mod produced;
pub mod quorum;
pub mod refusals;
pub mod replication;
pub mod sequences;
pub mod sessions;
pub mod states;
pub mod structure;
#[cfg(test)]
mod tests;
pub mod told;
pub mod topics;
mod wire;

use std::sync::Arc;

use crate::fact::{Entry, Fact};
use crate::model::{BrokerId, Offset, ProcessId, TopicPartition};
use crate::time::Instant;
use crate::world::World;

pub use cleaned::Cleaned;
pub use committed::Committed;
pub use logs::judge_logs;
pub use losses::Losses;
use per_replica::PerReplica;
pub use produced::acknowledged;
pub use states::States;
pub(crate) use wire::{Frames, answer, codes};

/// A law that does not hold any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub name: &'static str,
    pub at: Instant,
    /// What was seen, in a sentence.
    pub what: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.at, self.name, self.what)
    }
}

/// What a law may look at besides the news.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The world as it stands after the whole step.
    pub world: &'a World,
    /// How far partitions are committed, this piece of news included.
    pub committed: &'a Committed,
    /// What may be gone, this piece of news included.
    pub losses: &'a Losses,
    /// What has stood in ZooKeeper, this piece of news included.
    pub states: &'a States,
    /// How far logs are compacted, this piece of news included.
    pub cleaned: &'a Cleaned,
}

/// A law.
pub trait Invariant: Clone {
    /// What the law says, as its name.
    fn name(&self) -> &'static str;

    /// Looks at one piece of news.
    ///
    /// # Errors
    /// What was seen that must not be.
    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String>;
}

/// Every law that is kept.
///
/// Held by reference so that a checkpoint copies a pointer; a law copies itself when it next learns.
#[derive(Clone, Debug, Default)]
pub struct Checker {
    laws: Arc<Laws>,
}

/// What the laws know in common.
#[derive(Clone, Debug, Default)]
struct Common {
    committed: Committed,
    losses: Losses,
    states: States,
    cleaned: Cleaned,
}

#[derive(Clone, Debug, Default)]
struct Laws {
    common: Common,
    structure: structure::LogsAreInOrder,
    matching: matching::LogsAgree,
    replication: replication::CommittedIsReplicated,
    quorum: quorum::QuorumsOverlap,
    offices: offices::OneDecides,
    elections: elections::LeadersAreInSync,
    pictures: pictures::PicturesWereTrue,
    orders: orders::OrdersAreFenced,
    topics: topics::NothingStaysBehind,
    sessions: sessions::ZnodesHaveLivingOwners,
    clients: clients::ClientsAreToldTheTruth,
    answers: answers::WhoAsksIsAnswered,
    told: told::NobodyIsToldLess,
    produced: produced::ProducersAreAnsweredRightly,
    sequences: sequences::NumberedOnce,
    refusals: refusals::WellNumberedIsTaken,
    compaction: compaction::CompactionKeepsTheLast,
    groups: groups::GenerationsFollow,
    parts: parts::PartsAreTheLeaders,
    offsets: offsets::CommitsAreKept,
    coordinators: coordinators::OneCoordinates,
    commits: commits::CommitsAreTheGroups,
    handed: handed::NobodyCommitsUnread,
    departures: departures::NobodyIsTakenOutEarly,
    bounded: bounded::InstantsEnd,
}

impl Checker {
    /// Shows every law the news.
    ///
    /// # Errors
    /// The first that does not hold; the others have seen the news all the same.
    pub fn check<'a>(
        &mut self,
        world: &World,
        news: impl Iterator<Item = &'a Entry>,
    ) -> Result<(), Violation> {
        let mut first = Ok(());
        let laws = Arc::make_mut(&mut self.laws);
        for entry in news.filter(|entry| !is_said_again(world, entry)) {
            laws.common.see(world, entry);
            laws.forget_what_is_gone(entry);
            let view = laws.common.view(world);
            look(&mut laws.structure, view, entry, &mut first);
            look(&mut laws.matching, view, entry, &mut first);
            look(&mut laws.replication, view, entry, &mut first);
            look(&mut laws.quorum, view, entry, &mut first);
            look(&mut laws.offices, view, entry, &mut first);
            look(&mut laws.elections, view, entry, &mut first);
            look(&mut laws.pictures, view, entry, &mut first);
            look(&mut laws.orders, view, entry, &mut first);
            look(&mut laws.topics, view, entry, &mut first);
            look(&mut laws.sessions, view, entry, &mut first);
            look(&mut laws.clients, view, entry, &mut first);
            look(&mut laws.answers, view, entry, &mut first);
            look(&mut laws.told, view, entry, &mut first);
            look(&mut laws.produced, view, entry, &mut first);
            look(&mut laws.sequences, view, entry, &mut first);
            look(&mut laws.refusals, view, entry, &mut first);
            look(&mut laws.compaction, view, entry, &mut first);
            look(&mut laws.groups, view, entry, &mut first);
            look(&mut laws.parts, view, entry, &mut first);
            look(&mut laws.offsets, view, entry, &mut first);
            look(&mut laws.coordinators, view, entry, &mut first);
            look(&mut laws.commits, view, entry, &mut first);
            look(&mut laws.handed, view, entry, &mut first);
            look(&mut laws.departures, view, entry, &mut first);
            look(&mut laws.bounded, view, entry, &mut first);
        }
        first
    }

    /// What may be gone, and which replicas may be stuck, without anybody being to blame.
    pub fn losses(&self) -> &Losses {
        &self.laws.common.losses
    }

    /// How far logs are compacted.
    pub fn cleaned(&self) -> &Cleaned {
        &self.laws.common.cleaned
    }

    /// How far a partition is committed, by any leader's word.
    pub fn committed(&self, partition: &TopicPartition) -> Offset {
        self.laws.common.committed.until(partition)
    }
}

impl Common {
    /// What is committed and what is excused is known before anybody judges.
    fn see(&mut self, world: &World, entry: &Entry) {
        self.committed.see(world, entry);
        self.states.see(world, entry);
        self.cleaned.see(world, entry);
        for loss in self.losses.see(world, entry, &self.committed) {
            let committed = self.committed.until(&loss.partition);
            self.cleaned.lost(&loss.partition, committed);
            self.committed.begin_anew(&loss);
        }
        match &entry.fact {
            Fact::BecameLeader {
                partition, epoch, ..
            } => {
                if let Some(by) = broker(entry) {
                    self.committed.led(world, by, partition, *epoch);
                }
            }
            Fact::TopicDeleted { topic } => {
                self.committed.forget_topic(topic);
                self.states.forget_topic(topic);
                self.cleaned.forget_topic(topic);
            }
            _ => {}
        }
    }

    fn view<'a>(&'a self, world: &'a World) -> View<'a> {
        View {
            world,
            committed: &self.committed,
            losses: &self.losses,
            states: &self.states,
            cleaned: &self.cleaned,
        }
    }
}

impl Laws {
    fn forget_what_is_gone(&mut self, entry: &Entry) {
        match &entry.fact {
            Fact::ReplicaDeleted { partition } => {
                if let Some(by) = broker(entry) {
                    self.structure.forget(by, partition);
                    self.matching.forget(by, partition);
                    self.replication.forget(by, partition);
                    self.orders.forget(by, partition);
                    self.sequences.forget(by, partition);
                    self.topics.forget(by, partition);
                }
            }
            Fact::TopicDeleted { topic } => {
                self.replication.forget_topic(topic);
                self.offices.forget_topic(topic);
                self.pictures.forget_topic(topic);
                self.told.forget_topic(topic);
                self.produced.forget_topic(topic);
                self.compaction.forget_topic(topic);
            }
            _ => {}
        }
    }
}

/// Shows one law one piece of news; what is wrong goes to `first` unless something else was wrong before.
fn look<I: Invariant>(
    law: &mut I,
    view: View<'_>,
    entry: &Entry,
    first: &mut Result<(), Violation>,
) {
    if let Err(what) = law.check(view, entry)
        && first.is_ok()
    {
        *first = Err(Violation {
            name: law.name(),
            at: entry.at,
            what,
        });
    }
}

/// Whether a leader of the ensemble that was replaced and does not know it yet carries out what its
/// successor has carried out already.
fn is_said_again(world: &World, entry: &Entry) -> bool {
    let of_znodes = matches!(
        entry.fact,
        Fact::ZnodeCreated { .. }
            | Fact::ZnodeChanged { .. }
            | Fact::ZnodeDeleted { .. }
            | Fact::SessionRanOut { .. }
    );
    let host = entry.by.filter(|_| of_znodes).and_then(|by| world.host(by));
    host.and_then(|host| host.zookeeper())
        .is_some_and(|server| world.is_deposed(server))
}

/// The broker that noted an entry.
fn broker(entry: &Entry) -> Option<BrokerId> {
    entry.by.and_then(ProcessId::broker)
}
