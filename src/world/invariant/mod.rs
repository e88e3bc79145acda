//! What must hold after every step, whatever the faults.
//!
//! An invariant is a fold over facts that looks only at what the news names, so that checking costs what
//! the news costs. It is `Clone` and part of what is saved with each checkpoint. The laws are numbered as
//! the project's reliability catalogue numbers them:
//!
//! - [`structure`]: A1 to A5, A7 — one replica's log is in order, its bytes are what was produced;
//! - [`matching`]: R4, R5, R16 — the logs of one partition are one log;
//! - [`replication`]: R1 to R3, R6, R10, R12, R13, R15 — who leads, who counts, what is committed;
//! - [`offices`]: C1, C3 to C6 — one decides, and what it decides is what everybody comes to believe;
//! - [`losses`]: what may be gone without any law being broken;
//! - [`quorum`]: R7, R8, R9 — who could be elected has what is committed;
//! - [`clients`]: P2, R14, R17, R18 — what clients are told is true;
//! - [`answers`]: P3, R11 — whoever asks is answered once, in time, and never told less;
//! - [`sequences`]: A6, I1 to I4, I6 — what is numbered is written once and in order;
//! - [`bounded`]: P1 — nothing runs in a circle.
//!
//! "Committed" means below the high watermark of any replica that presumes to lead: the weak trigger, so
//! that a leader nobody listens to any more is caught committing.
//!
//! A law that speaks of whole logs is kept by induction: what an append or a cut changes is looked at
//! when it is news, and the epochs of two logs say whether the rest still agrees.
//!
//! A loss of power may take what was committed: Kafka promises that it does not only while another broker of
//! the ISR can be elected. So a replica that has lost its tail is excused until it has caught up; and when
//! it comes to lead before that, or somebody is elected out of sync, the laws on what is committed (R4 to
//! R12, R15, R16) no longer look at that partition.
//!
//! Whoever was replaced and does not know it yet is not held to what is true by now: R8, R9, R11 and R15
//! look at the leader of the newest epoch.

pub mod answers;
pub mod bounded;
pub mod clients;
pub mod losses;
pub mod matching;
pub mod offices;
pub mod quorum;
pub mod replication;
pub mod sequences;
pub mod structure;
#[cfg(test)]
mod tests;

use crate::sorted::SortedMap;
use std::sync::Arc;

use crate::fact::{Entry, Fact};
use crate::model::{BrokerId, Offset, ProcessId, TopicPartition};
use crate::time::Instant;
use crate::world::World;

pub use losses::Losses;

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

/// A law.
pub trait Invariant: Clone {
    /// What the law says, as its name.
    fn name(&self) -> &'static str;

    /// Looks at one piece of news, with the world as it stands after the whole step.
    ///
    /// # Errors
    /// What was seen that must not be.
    fn check(&mut self, world: &World, entry: &Entry) -> Result<(), String>;

    /// Learns what is excused from now on.
    fn excuse(&mut self, _losses: &Arc<Losses>) {}
}

/// Every law that is kept.
///
/// Held by reference so that a checkpoint copies a pointer; a law copies itself when it next learns.
#[derive(Clone, Debug, Default)]
pub struct Checker {
    laws: Arc<Laws>,
}

#[derive(Clone, Debug, Default)]
struct Laws {
    /// What may be gone.
    losses: Arc<Losses>,
    structure: structure::LogsAreInOrder,
    matching: matching::LogsAgree,
    replication: replication::CommittedIsReplicated,
    quorum: quorum::QuorumsOverlap,
    offices: offices::OneDecides,
    clients: clients::ClientsAreToldTheTruth,
    answers: answers::WhoAsksIsAnswered,
    sequences: sequences::NumberedOnce,
    bounded: bounded::InstantsEnd,
}

impl Laws {
    /// A replica is gone, by order. Another of the same name may come, and owes nothing to this one.
    fn forget(&mut self, by: BrokerId, partition: &TopicPartition) {
        self.structure.forget(by, partition);
        self.matching.forget(by, partition);
        self.sequences.forget(by, partition);
    }

    /// A topic is gone. What the laws about partitions have learned so far is held against nobody any more:
    /// another of the same name begins with nothing.
    fn forget_topics(&mut self) {
        self.replication = replication::CommittedIsReplicated::default();
        self.quorum = quorum::QuorumsOverlap::default();
        self.offices = offices::OneDecides::default();
        self.clients = clients::ClientsAreToldTheTruth::default();
    }
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
        for entry in news {
            laws.count_losses(world, entry);
            if let Fact::ReplicaDeleted { partition } = &entry.fact
                && let Some(by) = broker(entry)
            {
                laws.forget(by, partition);
            }
            if matches!(entry.fact, Fact::TopicDeleted { .. }) {
                laws.forget_topics();
            }
            look(&mut laws.structure, world, entry, &mut first);
            if !about(&entry.fact).is_some_and(|partition| laws.losses.is_lost(partition)) {
                look(&mut laws.matching, world, entry, &mut first);
                look(&mut laws.replication, world, entry, &mut first);
                look(&mut laws.quorum, world, entry, &mut first);
            }
            look(&mut laws.offices, world, entry, &mut first);
            look(&mut laws.clients, world, entry, &mut first);
            look(&mut laws.answers, world, entry, &mut first);
            look(&mut laws.sequences, world, entry, &mut first);
            look(&mut laws.bounded, world, entry, &mut first);
        }
        first
    }

    /// What may be gone, and which replicas may be stuck, without anybody being to blame.
    pub fn losses(&self) -> &Losses {
        &self.laws.losses
    }

    /// How far a partition is committed, by any leader's word.
    pub fn committed(&self, partition: &TopicPartition) -> Offset {
        self.laws.replication.committed(partition)
    }
}

impl Laws {
    /// What is excused is known before anybody judges.
    fn count_losses(&mut self, world: &World, entry: &Entry) {
        let might = matches!(
            entry.fact,
            Fact::LogTailLost { .. }
                | Fact::ZnodeCreated { .. }
                | Fact::ZnodeChanged { .. }
                | Fact::ZnodeDeleted { .. }
                | Fact::BecameLeader { .. }
        );
        let bereft = !self.losses.is_empty() && matches!(entry.fact, Fact::RecordsAppended { .. });
        if !might && !bereft {
            return;
        }
        let committed = |partition: &TopicPartition| self.replication.committed(partition);
        // A copy is made only when there is something new.
        let mut losses = Losses::clone(&self.losses);
        if losses.see(world, entry, committed) {
            self.losses = Arc::new(losses);
            self.tell_losses();
        }
    }

    fn tell_losses(&mut self) {
        self.matching.excuse(&self.losses);
        self.replication.excuse(&self.losses);
        self.quorum.excuse(&self.losses);
        self.answers.excuse(&self.losses);
    }
}

/// Shows one law one piece of news; what is wrong goes to `first` unless something else was wrong before.
fn look<I: Invariant>(
    law: &mut I,
    world: &World,
    entry: &Entry,
    first: &mut Result<(), Violation>,
) {
    if let Err(what) = law.check(world, entry)
        && first.is_ok()
    {
        *first = Err(Violation {
            name: law.name(),
            at: entry.at,
            what,
        });
    }
}

/// The partition that a fact about a log or a state is about.
fn about(fact: &Fact) -> Option<&TopicPartition> {
    match fact {
        Fact::RecordsAppended { partition, .. }
        | Fact::HighWatermarkMoved { partition, .. }
        | Fact::LogTruncated { partition, .. }
        | Fact::LogStartMoved { partition, .. }
        | Fact::PartitionStateDecided { partition, .. }
        | Fact::BecameLeader { partition, .. }
        | Fact::IsrChangeAsked { partition, .. }
        | Fact::IsrChanged { partition, .. }
        | Fact::IsrChangeRefused { partition, .. } => Some(partition),
        _ => None,
    }
}

/// The broker that noted an entry.
fn broker(entry: &Entry) -> Option<BrokerId> {
    entry.by.and_then(ProcessId::broker)
}

/// A small map keyed by broker and partition, looked up without building a key where it is known.
type PerReplica<T> = SortedMap<BrokerId, SortedMap<TopicPartition, T>>;
