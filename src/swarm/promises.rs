//! What was promised, and whether it was kept.
//!
//! A promise is a success that a producer was told under `acks=all`: these very bytes stand at this
//! offset. In the end the leader's log must have them there, unless retention took them. What Kafka
//! promises is the contract of durability: a promise outlives any number of clean deaths, pauses and cuts (D1), the
//! loss of one machine's power while another member of the ISR has everything (D2), and of as many as
//! `min.insync.replicas` less one, each of which the controller has seen before the next (D3). A promise
//! that is broken is told by what has happened since it was made.
//!
//! What is not promised is known to the invariants ([`Losses`]): a partition that was led by somebody out
//! of sync, or by a replica that had lost some of what was committed with the power of its machine, may
//! lose records when the budget allows such trouble at all: those that were promised before.
//!
//! The audit that the page shows is held against all this (D4): it counts each acknowledged record once, and calls lost
//! what is gone and nothing else.
//!
//! And clients are asked what they can testify ([`crate::testimony`]): they know nothing of logs, and so may notice
//! what whoever knows all does not look for.
//!
//! [`Losses`]: crate::world::invariant::Losses

use super::groups::health::is_kept;
use super::groups::home_of;
use super::recovery::Core;
use super::{Budget, Run};
use crate::broker::Partition;
use crate::client::config::Acks;
use crate::controller::{Recovery, znodes};
use crate::fact::{Entry, Fact};
use crate::log::StoredBatch;
use crate::model::{BrokerId, LeaderEpoch, Offset, ProcessId, TopicPartition};
use crate::sorted::{SortedMap, SortedSet};
use crate::testimony::{Class, Finding};
use crate::time::Instant;
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
    /// In which epoch the broker led that answered, and when it did; none when that was not seen.
    epoch: LeaderEpoch,
    at: Instant,
    /// In which epoch the batch was appended: its own leader's, or that of one before it.
    appended_in: LeaderEpoch,
    /// How often replicas of the partition had lost the end of their logs by then.
    losses: u32,
}

/// What a broker had when it answered that a batch is safe.
#[derive(Clone, Copy, Debug)]
struct Answer {
    checksum: u32,
    epoch: LeaderEpoch,
    at: Instant,
    appended_in: LeaderEpoch,
    losses: u32,
}

/// What was promised.
#[derive(Clone, Debug, Default)]
pub struct Promises {
    made: SortedMap<TopicPartition, Vec<Promise>>,
    /// The batches of whose fate their producers have not heard yet.
    answered: SortedMap<ProcessId, SortedMap<(TopicPartition, Offset), Answer>>,
    /// How often a replica of each partition has lost the end of its log with the power of its machine.
    losses: SortedMap<TopicPartition, u32>,
    /// Partitions of which there was one before that is gone.
    buried: SortedSet<TopicPartition>,
    /// How often somebody was elected who was out of sync.
    unclean: u64,
    /// How far the last reader has read.
    read: SortedMap<TopicPartition, Offset>,
    /// The partitions of which a record of the last producer was acknowledged.
    confirmed: SortedSet<TopicPartition>,
    /// How many records of each partition were acknowledged, by one replica or all.
    acknowledged: SortedMap<TopicPartition, u64>,
}

impl Promises {
    pub(super) fn add(&mut self, world: &World, entry: &Entry) {
        if let Fact::RecordsAcknowledged {
            partition,
            base_offset,
            records,
            ..
        } = &entry.fact
            && *base_offset >= Offset::ZERO
        {
            *self.acknowledged.get_or_default(partition) += u64::from(*records);
        }
        match &entry.fact {
            Fact::RecordsAcknowledged {
                partition,
                base_offset,
                acks: -1,
                ..
            } => {
                if entry.by == Some(LAST_PRODUCER) {
                    self.confirmed.insert(partition.clone());
                }
                let answered = entry.by.and_then(|by| self.answered.get_mut(&by));
                let place = (partition.clone(), *base_offset);
                let answer = answered.and_then(|answered| answered.remove(&place));
                let promise = Promise {
                    base_offset: *base_offset,
                    checksum: answer.map(|answer| answer.checksum),
                    epoch: answer.map_or(LeaderEpoch::NONE, |answer| answer.epoch),
                    at: answer.map_or(Instant::ZERO, |answer| answer.at),
                    appended_in: answer.map_or(LeaderEpoch::NONE, |answer| answer.appended_in),
                    losses: answer.map_or(0, |answer| answer.losses),
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
            Fact::LogTailLost { partition, .. } => *self.losses.get_or_default(partition) += 1,
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
            let leader = world.broker_by_id(by).and_then(|by| by.partition(&name));
            if let Some((leader, stored)) = leader.zip(leader.and_then(|by| batch_at(by, offset))) {
                let answer = Answer {
                    checksum: stored.checksum(),
                    epoch: leader.leader_epoch(),
                    at: entry.at,
                    appended_in: stored.epoch(),
                    losses: self.losses.get(&name).copied().unwrap_or_default(),
                };
                let answered = self.answered.entry(producer).or_default();
                answered.insert((name, offset), answer);
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

    /// Whether a record of the last producer in a partition was acknowledged.
    pub(super) fn confirmed(&self, partition: &TopicPartition) -> bool {
        self.confirmed.contains(partition)
    }
}

/// The batch that begins at an offset of a replica's log.
fn batch_at(replica: &Partition, offset: Offset) -> Option<&StoredBatch> {
    let stored = replica.log().batches(offset, offset + 1).next();
    stored.filter(|stored| stored.base_offset() == offset)
}

/// Which part of the contract is broken, by how many logs have lost their end since the promise was made.
fn which(losses: u32) -> (&'static str, &'static str) {
    match losses {
        0 => ("D1", "though no replica has lost anything with its power"),
        1 => (
            "D2",
            "though one replica alone has lost something with its power",
        ),
        _ => (
            "D3",
            "after several replicas have lost something with their power",
        ),
    }
}

/// Holds the promises against the logs, and the logs against themselves.
pub(super) fn judge(run: &mut Run<'_>, core: &Core, budget: Budget) {
    if run.failure().is_some() {
        return;
    }
    if let Err(violation) = invariant::judge_logs(run.world()) {
        return run.fail(violation.name, violation.what);
    }
    let mut broken = None;
    for (name, made) in &run.promises().made {
        let Some(leader) = leading(run, name) else {
            continue;
        };
        let kept = |promise: &Promise| is_kept_by(run, name, leader, promise);
        // What is promised after a loss is promised as firmly as before.
        let excused = |promise: &Promise| {
            budget == Budget::Harsh && run.losses().excuses(name, promise.epoch, promise.at)
        };
        let lost = made.iter().filter(|promise| !kept(promise));
        let lost: Vec<&Promise> = lost.filter(|promise| !excused(promise)).collect();
        if let Some(first) = lost.first() {
            let losses = run.promises().losses.get(name).copied().unwrap_or_default();
            let (law, since) = which(losses - first.losses);
            let (count, at) = (lost.len(), first.base_offset);
            broken = Some(format!(
                "{law}: {count} batches of {name} were acknowledged by the whole ISR and are gone, the first at {at}, {since}"
            ));
            break;
        }
    }
    if let Some(what) = broken {
        run.fail("NothingAcknowledgedIsLost", what);
    }
    if let Some(what) = misreported(run) {
        run.fail("TheAuditIsRight", format!("D4: {what}"));
    }
    if let Some(found) = testified(run, core, budget) {
        run.fail("ClientsFindNothingWrong", format!("H1: {found}"));
    }
}

/// Who leads a partition in the end.
fn leading<'a>(run: &'a Run<'_>, name: &TopicPartition) -> Option<&'a Partition> {
    let state = run.world().cluster().partition(name)?;
    run.world().broker_by_id(state.leader)?.partition(name)
}

/// Whether a leader has what was promised, or retention or compaction took it: that was not promised.
fn is_kept_by(run: &Run<'_>, name: &TopicPartition, leader: &Partition, promise: &Promise) -> bool {
    let (at, log) = (promise.base_offset, leader.log());
    if at < log.start().max(run.cleaned(name)) {
        return true;
    }
    let found = log.batches(at, at + 1).next();
    let crc = found.map(|stored| stored.checksum());
    crc.is_some() && (promise.checksum.is_none() || crc == promise.checksum)
}

/// Where the audit that the page shows says something else than the promises and the logs.
fn misreported(run: &Run<'_>) -> Option<String> {
    let audit = run.audit();
    let promises = run.promises();
    // Of a topic that was made twice it cannot be told which of them an answer is about.
    let counted = promises.acknowledged.iter();
    for (name, counted) in counted.filter(|(name, _)| !promises.buried.contains(*name)) {
        let says = audit.acknowledged(name);
        if says != *counted {
            return Some(format!(
                "{counted} records of {name} were acknowledged, and the audit says {says}"
            ));
        }
    }
    let lost = audit.lost(run.world());
    for (name, made) in &run.promises().made {
        let Some(leader) = leading(run, name) else {
            continue;
        };
        let begins = leader.log().start().max(run.cleaned(name));
        let told = made.iter().filter(|promise| promise.checksum.is_some());
        for promise in told.filter(|promise| promise.base_offset >= begins) {
            let at = promise.base_offset;
            // The audit follows the copy that was acknowledged. A batch that was sent again may stand in the same place as
            // an earlier leader has appended it: that is another.
            let stored = leader.log().batches(at, at + 1).next();
            let same = stored.is_some_and(|stored| stored.epoch() == promise.appended_in);
            let is_kept = same && is_kept_by(run, name, leader, promise);
            // Who has led twice in one epoch has appended two records at one offset that no epoch tells apart.
            if same && !is_kept && run.losses().is_torn(name) {
                continue;
            }
            let is_lost = lost.iter().any(|lost| {
                let here = lost.partition == *name && (lost.from..lost.to).contains(&at);
                // Who leads again in one epoch after a loss of power gives one offset twice in it.
                let again = !is_kept && promise.appended_in == lost.since;
                let same = [promise.appended_in, LeaderEpoch::NONE].contains(&lost.of);
                here && same && (again || promise.appended_in < lost.since)
            });
            if is_kept == is_lost {
                let (is, says) = match is_kept {
                    true => ("there", "lost"),
                    false => ("gone", "kept"),
                };
                let epoch = promise.appended_in;
                return Some(format!(
                    "the batch at {at} of {name}, acknowledged and of epoch {epoch}, is {is}, and the audit says {says}"
                ));
            }
        }
    }
    None
}

/// What clients themselves can testify that no setting allows.
fn testified(run: &Run<'_>, core: &Core, budget: Budget) -> Option<Finding> {
    let found = run.witness().findings().into_iter();
    let mut wrong = found.filter(|found| found.is_wrong);
    wrong.find(|found| {
        // A group comes to rest only where there is who could keep it.
        if let (Class::StuckGroup, Some(group)) = (found.class, &found.group)
            && !is_kept(run.world(), run.losses(), core, group)
        {
            return false;
        }
        // What a group knows may be lost with what keeps it.
        let about = match &found.group {
            Some(group) => home_of(run.world(), group),
            None => Some(found.partition.clone()),
        };
        let lost =
            |name: TopicPartition| run.losses().is_lost(&name) || run.losses().is_torn(&name);
        // What a partition has lost is forgotten with it.
        // What groups are done with is known by offsets, which a partition that has lost some gives again.
        let numbered = found.class == Class::NeverProcessed;
        let again = numbered && lost(found.partition.clone());
        let lost = found.is_of_the_past || about.is_none_or(lost) || again;
        !(budget == Budget::Harsh && lost && found.class.may_come_of_loss())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::swarm::{Failure, Recorder};

    /// One record is promised, and then broker 4, which has never heard of it, comes to lead.
    const BEGINNING: &str = "world brokers=4 seed=1 latency=1ms zookeeper.session.timeout.ms=6000 \
         replica.lag.time.max.ms=2000 auto.leader.rebalance.enable=false\n\
         topic orders partitions=1 replicas=2,3,4 unclean.leader.election.enable=true\n\
         producer p1 acks=all\nadmin a1\n";
    const UNCLEAN: &str = "produce p1 orders-0 \"a\"\nrun 1s\n\
         cut b2↔b4\nproduce p1 orders-0 \"b\"\nrun 5s\n";
    const RETURN: &str = "reset b2↔b4\nheal all\nrun 12s\nrestart b2\nrestart b3\nrun 20s\n";

    /// What the judge has to say of a run under two budgets.
    fn judged(lines: &str) -> [Option<String>; 2] {
        [Budget::Safe, Budget::Harsh].map(|budget| {
            let mut recorder = Recorder::default();
            let mut run = Run::begin(BEGINNING, &mut recorder);
            for line in lines.lines() {
                assert!(run.take(line.trim()), "{line}: {:?}", run.failure());
            }
            judge(&mut run, &Core::default(), budget);
            run.failure().map(|failure| failure.kind().to_owned())
        })
    }

    #[test]
    fn what_is_lost_is_told_by_how_many_have_lost_their_power() {
        // Clean deaths, and an election out of sync.
        let clean = format!("{UNCLEAN}kill b2\nkill b3\n{RETURN}");
        assert_eq!(judged(&clean), [Some("D1".to_owned()), None]);
        // Nothing is flushed: both have lost the second record, and one has it.
        let one = format!("{UNCLEAN}kill b2 lossy\nkill b3\n{RETURN}");
        assert_eq!(judged(&one), [Some("D2".to_owned()), None]);
        let two = format!("{UNCLEAN}kill b2 lossy\nkill b3 lossy\n{RETURN}");
        assert_eq!(judged(&two), [Some("D3".to_owned()), None]);
    }

    #[test]
    fn what_is_kept_is_no_failure_whoever_dies() {
        let kept = "produce p1 orders-0 \"a\"\nrun 1s\nkill b2 lossy\nrun 12s\n\
             produce p1 orders-0 \"b\"\nrun 5s\nrestart b2\nrun 10s\n";
        assert_eq!(judged(kept), [None, None]);
    }

    #[test]
    fn a_loss_excuses_what_was_promised_before_it_and_nothing_later() {
        let mut recorder = Recorder::default();
        let mut run = Run::begin(BEGINNING, &mut recorder);
        let lines = format!("{UNCLEAN}kill b2\nkill b3\n{RETURN}produce p1 orders-0 \"c\"\nrun 1s");
        for line in lines.lines() {
            assert!(run.take(line.trim()), "{line}: {:?}", run.failure());
        }
        let orders = TopicPartition::new("orders", 0);
        let made = run.promises().made.get(&orders).expect("it was promised");
        let (early, late) = (made[1], made[made.len() - 1]);
        assert!(run.losses().excuses(&orders, early.epoch, early.at));
        assert!(!run.losses().excuses(&orders, late.epoch, late.at));
        // It was promised anew, and is not what stands there.
        let promises = &mut run.promises_mut().made;
        let last = promises.get_mut(&orders).and_then(|made| made.last_mut());
        last.expect("a promise").checksum = Some(7);
        judge(&mut run, &Core::default(), Budget::Harsh);
        let kind = run.failure().map(Failure::kind);
        assert_eq!(kind, Some("D1"));
    }

    #[test]
    fn an_audit_that_says_something_else_than_the_log_is_found() {
        let lines = format!("{UNCLEAN}kill b2\nkill b3\n{RETURN}produce p1 orders-0 \"c\"\nrun 1s");
        let orders = TopicPartition::new("orders", 0);
        let found = |change: &dyn Fn(&mut Run<'_>)| {
            let mut recorder = Recorder::default();
            let mut run = Run::begin(BEGINNING, &mut recorder);
            for line in lines.lines() {
                assert!(run.take(line.trim()), "{line}: {:?}", run.failure());
            }
            change(&mut run);
            misreported(&run)
        };
        assert_eq!(found(&|_| {}), None);
        let change = |run: &mut Run<'_>, change: &dyn Fn(&mut Vec<Promise>)| {
            let made = run.promises_mut().made.get_mut(&orders);
            change(made.expect("it was promised"));
        };
        let there = found(&|run| {
            let last = run.promises().made[&orders][2];
            run.audit_mut()
                .plant_lost(&orders, last.base_offset, last.appended_in);
            // It is counted, too.
            *run.promises_mut().acknowledged.get_or_default(&orders) += 1;
        });
        assert!(there.is_some_and(|what| what.ends_with("is there, and the audit says lost")));
        let gone = found(&|run| change(run, &|made| made[2].checksum = Some(7)));
        assert!(gone.is_some_and(|what| what.ends_with("is gone, and the audit says kept")));
        // The same bytes, as another leader appended them: what is there is not the copy that was acknowledged, and the
        // audit, which calls it kept, is wrong about it.
        let another = found(&|run| change(run, &|made| made[2].appended_in = LeaderEpoch(7)));
        assert!(another.is_some_and(|what| what.contains("of epoch e7, is gone")));
        let uncounted = found(&|run| *run.promises_mut().acknowledged.get_or_default(&orders) += 1);
        assert!(uncounted.is_some_and(|what| what.starts_with("4 records of orders-0")));
    }
}
