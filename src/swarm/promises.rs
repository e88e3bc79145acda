//! What was promised, and whether it was kept.
//!
//! A promise is a success that a producer was told under `acks=all`: these very bytes stand at this
//! offset. In the end the leader's log must have them there, unless retention took them. What Kafka
//! promises is the contract of durability (D1 to D3): any number of clean deaths, pauses and cuts, and the
//! loss of a machine's power while another member of the ISR has everything.
//!
//! What is not promised is known to the invariants ([`Losses`]): a partition that was led by somebody out
//! of sync, or by a replica that had lost some of what was committed with the power of its machine, may
//! lose records when the budget allows such trouble at all.
//!
//! And clients are asked what they can testify ([`crate::testimony`]): they know nothing of logs, and so may notice
//! what whoever knows all does not look for.
//!
//! [`Losses`]: crate::world::invariant::Losses

use super::{Budget, Run};
use crate::client::config::Acks;
use crate::controller::{Recovery, znodes};
use crate::fact::{Entry, Fact};
use crate::model::{BrokerId, Offset, ProcessId, TopicPartition};
use crate::sorted::{SortedMap, SortedSet};
use crate::testimony::Finding;
use crate::world::World;
use crate::world::invariant;

/// The clients that use the cluster once it is well again.
pub(super) const LAST_PRODUCER: ProcessId = ProcessId::Producer(90);
pub(super) const LAST_READER: ProcessId = ProcessId::Consumer(90);

/// One batch that was acknowledged.
#[derive(Clone, Copy, Debug)]
struct Promise {
    base_offset: Offset,
    /// The checksum of the batch that stood there, in the log of the broker that answered; `None` when
    /// that answer was not seen.
    checksum: Option<u32>,
}

/// What was promised.
#[derive(Clone, Debug, Default)]
pub struct Promises {
    made: SortedMap<TopicPartition, Vec<Promise>>,
    /// The checksums of batches of whose fate their producers have not heard yet.
    answered: SortedMap<ProcessId, SortedMap<(TopicPartition, Offset), u32>>,
    /// Partitions of which there was one before that is gone.
    buried: SortedSet<TopicPartition>,
    /// How often somebody was elected who was out of sync.
    unclean: u64,
    /// How far the last reader has read.
    read: SortedMap<TopicPartition, Offset>,
    /// How many records of the last producer were acknowledged.
    confirmed: u32,
}

impl Promises {
    pub(super) fn add(&mut self, world: &World, entry: &Entry) {
        match &entry.fact {
            Fact::RecordsAcknowledged {
                partition,
                base_offset,
                records,
                acks: -1,
            } => {
                if entry.by == Some(LAST_PRODUCER) {
                    self.confirmed += records;
                }
                let answered = entry.by.and_then(|by| self.answered.get_mut(&by));
                let place = (partition.clone(), *base_offset);
                let promise = Promise {
                    base_offset: *base_offset,
                    checksum: answered.and_then(|answered| answered.remove(&place)),
                };
                let there = world.cluster().partition(partition).is_some();
                if !there || promise.checksum.is_none() && self.buried.contains(partition) {
                    // It was a promise about a topic that is gone.
                    return;
                }
                self.made.get_or_default(partition).push(promise);
            }
            Fact::ResponseSent { connection, .. } => {
                if let Some(by) = entry.by.and_then(ProcessId::broker) {
                    self.answered(world, by, connection.opener, entry);
                }
            }
            Fact::ZnodeDeleted { path } => {
                if let Some(name) = znodes::state_of(path) {
                    self.made.remove(&name);
                    // Who hears only now that a batch was written hears of what is gone.
                    for answered in self.answered.values_mut() {
                        answered.retain(|(other, _), _| *other != name);
                    }
                    self.buried.insert(name);
                }
            }
            Fact::ZnodeChanged { path, .. } => {
                let Some(name) = znodes::state_of(path) else {
                    return;
                };
                let state = world.cluster().partition(&name);
                if state.is_some_and(|state| state.recovery == Recovery::Recovering) {
                    self.unclean += 1;
                }
            }
            // Who deletes a topic wants nothing of it kept.
            Fact::TopicDeleted { topic } => {
                self.made.retain(|partition, _| partition.topic != *topic);
            }
            Fact::RecordsConsumed {
                partition,
                next_offset,
                ..
            } if entry.by == Some(LAST_READER) => {
                self.read.insert(partition.clone(), *next_offset);
            }
            _ => {}
        }
    }

    /// A broker answers: what stands where it says that the batches are.
    fn answered(&mut self, world: &World, by: BrokerId, producer: ProcessId, entry: &Entry) {
        let asks = world.host(producer).and_then(|host| host.producer());
        if asks.is_none_or(|producer| producer.config().acks != Acks::All) {
            return;
        }
        for (name, offset) in invariant::acknowledged(world, entry) {
            if let Some(checksum) = checksum_at(world, by, &name, offset) {
                let answered = self.answered.entry(producer).or_default();
                answered.insert((name, offset), checksum);
            }
        }
    }

    /// How often somebody was elected who was out of sync.
    pub(super) fn unclean(&self) -> u64 {
        self.unclean
    }

    /// How far the last reader has read.
    pub(super) fn read(&self, partition: &TopicPartition) -> Offset {
        self.read.get(partition).copied().unwrap_or_default()
    }

    /// How many records of the last producer were acknowledged.
    pub(super) fn confirmed(&self) -> u32 {
        self.confirmed
    }
}

/// The checksum of the batch that begins at an offset of a broker's log.
fn checksum_at(
    world: &World,
    by: BrokerId,
    partition: &TopicPartition,
    offset: Offset,
) -> Option<u32> {
    let log = world.broker_by_id(by)?.partition(partition)?.log();
    let stored = log.batches(offset, offset + 1).next()?;
    (stored.base_offset() == offset).then(|| stored.checksum())
}

/// Holds the promises against the logs, and the logs against themselves.
pub(super) fn judge(run: &mut Run<'_>, budget: Budget) {
    if run.failure().is_some() {
        return;
    }
    if let Err(violation) = invariant::judge_logs(run.world()) {
        return run.fail(violation.name, violation.what);
    }
    let mut broken = None;
    for (name, made) in &run.promises().made {
        let excused = run.losses().is_lost(name);
        let state = run.world().cluster().partition(name);
        let leader = state.and_then(|state| run.world().broker_by_id(state.leader));
        let Some(leader) = leader.and_then(|broker| broker.partition(name)) else {
            continue;
        };
        let kept = |promise: &Promise| {
            let (at, log) = (promise.base_offset, leader.log());
            // What retention or compaction takes was not promised.
            if at < log.start().max(run.cleaned(name)) {
                return true;
            }
            let found = log.batches(at, at + 1).next();
            let crc = found.map(|stored| stored.checksum());
            crc.is_some() && (promise.checksum.is_none() || crc == promise.checksum)
        };
        let lost: Vec<&Promise> = made.iter().filter(|promise| !kept(promise)).collect();
        if let Some(first) = lost.first()
            && (budget != Budget::Harsh || !excused)
        {
            let (count, at) = (lost.len(), first.base_offset);
            broken = Some(format!(
                "D1: {count} batches of {name} were acknowledged by the whole ISR and are gone, the first at {at}"
            ));
            break;
        }
    }
    if let Some(what) = broken {
        run.fail("NothingAcknowledgedIsLost", what);
    }
    if let Some(found) = testified(run, budget) {
        run.fail("ClientsFindNothingWrong", format!("H1: {found}"));
    }
}

/// What clients themselves can testify that no setting allows.
fn testified(run: &Run<'_>, budget: Budget) -> Option<Finding> {
    let found = run.witness().findings().into_iter();
    let mut wrong = found.filter(|found| found.is_wrong);
    wrong.find(|found| {
        let name = &found.partition;
        let lost = run.losses().is_lost(name) || run.losses().is_torn(name);
        let state = run.world().cluster().partition(name);
        let leader = state.and_then(|state| run.world().broker_by_id(state.leader));
        let leader = leader.and_then(|broker| broker.partition(name));
        // What is compacted is written anew, and nobody knows it again.
        let whole = leader.is_some_and(|leader| leader.log().cleaned_until().is_none());
        whole && !(budget == Budget::Harsh && lost)
    })
}
