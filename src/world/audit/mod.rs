//! The audit: what was acknowledged, and what of it a consumer can read.
//!
//! A fold over facts keeps which offsets each producer was promised; the report holds them against the
//! logs as they are.
//!
//! Laws: a record is *readable* when it lies below the high watermark of the partition's leader, *lost* when the
//! leader's log ends before it; it stays lost when its offset is given to another, also when the word that it was
//! appended reaches the producer only after that, until somebody leads who has it still. While nobody leads the
//! partition it *waits*, above the high watermark it is *not yet* readable, and what retention or compaction
//! removed, or went with its topic, is *gone by request*. Each acknowledged record is exactly one of these. What
//! counts is the copy that was acknowledged: when a batch was sent again and an earlier leader has appended it too,
//! that is another copy of it. A record is *duplicated* when the producer sent its batch again and both copies were
//! appended: the records of the second are bit for bit those of the first, for a batch carries when it was made and
//! is not made anew.
//!
//! [`leads`] who led from where on · [`duplicates`] second copies · [`spans`] offsets as spans · [`report`] the promises held against the logs.

mod duplicates;
mod leads;
mod report;
mod spans;

use duplicates::Duplicates;
use leads::{Lead, Leads, kept};
use spans::Spans;

pub use report::Report;

use crate::fact::{Entry, Fact, Role};
use crate::log::Log;
use crate::model::{BrokerId, LeaderEpoch, Offset, ProcessId, TopicName, TopicPartition};
use crate::protocol::ApiKey;
use crate::sorted::SortedMap;
use crate::time::Instant;
use crate::world::World;
use crate::world::invariant::acknowledged;

/// So many answers are remembered that nobody has heard yet.
const UNHEARD: usize = 2_048;

/// What was promised.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// Answers that are under way: whom they tell of a batch at which place, and in which epoch it was appended. Whoever is
    /// asked again for what it has may have it from a leader before.
    told: SortedMap<(ProcessId, TopicPartition, Offset), LeaderEpoch>,
    /// By the epoch whose leader appended them, none where that is not known, and by who was told.
    acknowledged: SortedMap<TopicPartition, SortedMap<(LeaderEpoch, ProcessId), Spans>>,
    /// Who led each partition, by epoch, and from which offset on.
    leads: SortedMap<TopicPartition, Leads>,
    /// How many records were acknowledged in topics that are gone by somebody's will, and how many of such topics had been
    /// lost before.
    deleted: u64,
    lost_before: u64,
    /// Topics of which there was one before that is gone, and what was appended to the new one's partitions: who hears
    /// only now that a batch was written may hear of the one that is gone.
    buried: SortedMap<TopicName, SortedMap<i32, Offset>>,
    /// What a new leader did not have: acknowledged, and lost until somebody leads who has it still.
    gone: SortedMap<TopicPartition, Vec<Lost>>,
    duplicates: Duplicates,
}

/// Acknowledged records that no leader has any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    pub partition: TopicPartition,
    pub from: Offset,
    /// The offset after the last of them.
    pub to: Offset,
    /// Who appended them, and in which epoch; none where that is not known.
    pub leader: BrokerId,
    pub of: LeaderEpoch,
    /// The epoch whose leader did not have them.
    pub since: LeaderEpoch,
    /// Who was told that they are stored.
    by: ProcessId,
}

impl Lost {
    fn count(&self) -> u64 {
        (self.to.0 - self.from.0) as u64
    }
}

impl Audit {
    /// One record of an epoch is called lost.
    #[cfg(test)]
    pub(crate) fn plant_lost(&mut self, partition: &TopicPartition, at: Offset, of: LeaderEpoch) {
        let promise = (of, ProcessId::Producer(1));
        let since = LeaderEpoch(of.0 + 1);
        self.lose(partition, promise, since, [(at.0, at.0 + 1)]);
    }

    pub(super) fn add<'a>(&mut self, world: &World, news: impl Iterator<Item = &'a Entry>) {
        for entry in news {
            match (entry.by, &entry.fact) {
                (
                    Some(by),
                    Fact::RecordsAcknowledged {
                        partition,
                        base_offset,
                        records,
                        ..
                    },
                ) if base_offset.0 >= 0 => {
                    let to = *base_offset + i64::from(*records);
                    let from = world.heard().and_then(ProcessId::broker);
                    self.promise(world, by, partition, (*base_offset, to), from);
                }
                (
                    Some(by),
                    Fact::BecameLeader {
                        partition,
                        epoch,
                        start_offset: start,
                        ..
                    },
                ) => {
                    let broker = by.broker().unwrap_or(BrokerId::NONE);
                    let start = *start;
                    self.begin_epoch(world, partition, *epoch, Lead { broker, start });
                }
                (
                    Some(by),
                    Fact::ResponseSent {
                        connection,
                        api: ApiKey::Produce,
                        ..
                    },
                ) if matches!(connection.opener, ProcessId::Producer(_)) => {
                    self.answered(world, by, connection.opener, entry);
                }
                (Some(by), Fact::Killed { .. } | Fact::Stopped) => {
                    self.told.retain(|(whom, ..), _| *whom != by);
                }
                // Who deletes a topic wants nothing of it kept.
                (_, Fact::TopicDeleted { topic }) => {
                    let (kept, lost) = self.acknowledged_in(topic);
                    self.deleted += kept;
                    self.lost_before += lost;
                    self.told.retain(|(_, of, _), _| of.topic != *topic);
                    let stays = |partition: &TopicPartition| partition.topic != *topic;
                    self.acknowledged.retain(|of, _| stays(of));
                    self.leads.retain(|of, _| stays(of));
                    self.gone.retain(|of, _| stays(of));
                    self.duplicates.forget(topic);
                    self.buried.insert(topic.clone(), SortedMap::new());
                }
                (
                    _,
                    Fact::BatchSent {
                        partition,
                        attempt: 2..,
                        ..
                    },
                ) => {
                    self.duplicates.sent_again(partition, entry.at);
                }
                (
                    Some(by),
                    Fact::RecordsAppended {
                        partition,
                        role: Role::Leader,
                        base_offset,
                        next_offset,
                        epoch,
                        ..
                    },
                ) => {
                    self.duplicates
                        .begins_again(partition, *epoch, *base_offset);
                    let offsets = (*base_offset, *next_offset);
                    self.appended(world, (entry.at, by), partition, *epoch, offsets);
                }
                _ => {}
            }
        }
    }

    /// A broker answers a producer: in which epochs the batches were appended that it has stored.
    fn answered(&mut self, world: &World, by: ProcessId, producer: ProcessId, entry: &Entry) {
        let Some(broker) = by.broker().and_then(|id| world.broker_by_id(id)) else {
            return;
        };
        for (name, at) in acknowledged(world, entry) {
            let replica = broker.partition(&name);
            if let Some(of) = replica.and_then(|replica| replica.log().epochs().epoch_of(at)) {
                self.told.insert((producer, name, at), of);
            }
        }
        // Some are never heard: their connections were lost.
        while self.told.len() > UNHEARD {
            self.told.pop_first();
        }
    }

    /// A leader appended records.
    fn appended(
        &mut self,
        world: &World,
        (now, by): (Instant, ProcessId),
        partition: &TopicPartition,
        of: LeaderEpoch,
        (from, to): (Offset, Offset),
    ) {
        if let Some(ends) = self.buried.get_mut(&partition.topic) {
            let end = ends.entry(partition.partition).or_default();
            *end = to.max(*end);
        }
        if self.duplicates.may_come(partition, now) {
            let broker = by.broker().and_then(|id| world.broker_by_id(id));
            let replica = broker.and_then(|broker| broker.partition(partition));
            if let Some(replica) = replica {
                self.duplicates
                    .compare(partition, of, replica.log(), (from, to));
            }
        }
    }

    /// A broker told a producer that it has these. What whoever leads by now lacks of them is lost already.
    fn promise(
        &mut self,
        world: &World,
        by: ProcessId,
        partition: &TopicPartition,
        (from, to): (Offset, Offset),
        broker: Option<BrokerId>,
    ) {
        // In which epoch it was appended, the broker's log said when the answer left.
        let told = self.told.remove(&(by, partition.clone(), from));
        if let Some(ends) = self.buried.get(&partition.topic) {
            let end = ends.get(&partition.partition);
            if end.is_none_or(|end| *end < to) {
                self.deleted += (to.0 - from.0).max(0).cast_unsigned();
                return;
            }
        }
        let leads = self.leads.get(partition);
        let of = told.or_else(|| {
            leads
                .zip(broker)
                .and_then(|(leads, by)| leads.last_of(by, from))
        });
        let all = (from.0, to.0);
        let (kept, since) = leads.zip(of).map_or((all, None), |(leads, of)| {
            let newest = leads.newest().filter(|(newest, _)| *newest > of);
            let log = newest.and_then(|(_, broker)| whole_log(world, broker, partition));
            match (newest, log) {
                (None, _) => (all, None),
                (Some((since, _)), Some(log)) => {
                    let begin = log.begin.clamp(from.0, to.0);
                    let (a, b) = kept(log.log.epochs(), log.log.end(), of, (begin, to.0));
                    // What lies before the log's beginning was there.
                    let a = if a == begin { from.0 } else { a };
                    ((a, b), Some(since))
                }
                (Some((since, _)), None) => {
                    let cut = leads.cut_after(of).map_or(to.0, |start| start.0);
                    ((from.0, cut.clamp(from.0, to.0)), Some(since))
                }
            }
        });
        let of = of.unwrap_or(LeaderEpoch::NONE);
        if kept.0 < kept.1 {
            let spans = self.acknowledged.entry(partition.clone()).or_default();
            let spans = spans.entry((of, by)).or_default();
            spans.add(Offset(kept.0), Offset(kept.1));
        }
        let lost = [(all.0, kept.0), (kept.1.max(kept.0), all.1)];
        if let Some(since) = since {
            self.lose(partition, (of, by), since, lost);
        }
    }

    /// These are lost since an epoch.
    fn lose(
        &mut self,
        partition: &TopicPartition,
        (of, by): (LeaderEpoch, ProcessId),
        since: LeaderEpoch,
        spans: impl IntoIterator<Item = (i64, i64)>,
    ) {
        let leads = self.leads.get(partition);
        let leader = leads.map_or(BrokerId::NONE, |leads| leads.leader_in(of));
        for (from, to) in spans.into_iter().filter(|(from, to)| from < to) {
            self.gone.entry(partition.clone()).or_default().push(Lost {
                partition: partition.clone(),
                from: Offset(from),
                to: Offset(to),
                leader,
                of,
                since,
                by,
            });
        }
    }

    /// A new leader gives its own records the offsets that follow its log: what was acknowledged there, and what
    /// it has another record in place of, is nowhere any more.
    fn begin_epoch(
        &mut self,
        world: &World,
        partition: &TopicPartition,
        epoch: LeaderEpoch,
        lead: Lead,
    ) {
        let leads = self.leads.entry(partition.clone()).or_default();
        let is_late = leads.newest().is_some_and(|(newest, _)| epoch < newest);
        leads.begin(epoch, lead);
        if is_late {
            // Others have led since.
            return;
        }
        let log = whole_log(world, lead.broker, partition);
        let mut lacks = Vec::new();
        for ((of, by), spans) in self.acknowledged.get_mut(partition).into_iter().flatten() {
            let taken = match log.as_ref().filter(|_| *of != LeaderEpoch::NONE) {
                // Who was elected out of sync may have other records before its end, too.
                Some(log) => {
                    let (a, b) = kept(log.log.epochs(), lead.start, *of, (log.begin, i64::MAX));
                    let mut taken = spans.take_between(log.begin, a);
                    taken.extend(spans.take_between(b, i64::MAX));
                    taken
                }
                None => spans.take_from(lead.start),
            };
            lacks.push(((*of, *by), taken));
        }
        for (promise, taken) in lacks {
            self.lose(partition, promise, epoch, taken);
        }
        let broker = world.broker_by_id(lead.broker);
        if let Some(replica) = broker.and_then(|broker| broker.partition(partition)) {
            self.find_again(partition, replica.log(), lead.start);
        }
        self.duplicates.log_changes(partition);
    }

    /// Who leads now may have what an earlier leader lacked: it was out of sync, or away, and has it still. In one epoch
    /// it is the same record, unless its leader lost it and gave its offset again.
    fn find_again(&mut self, partition: &TopicPartition, log: &Log, end: Offset) {
        for lost in self.gone.remove(partition).unwrap_or_default() {
            let begin = lost.from.0.max(log.start().0);
            let known = lost.of != LeaderEpoch::NONE && lost.of < lost.since && begin < lost.to.0;
            let (from, to) = match known {
                true => kept(log.epochs(), end, lost.of, (begin, lost.to.0)),
                false => (lost.to.0, lost.to.0),
            };
            let promise = (lost.of, lost.by);
            if from < to {
                let spans = self.acknowledged.entry(partition.clone()).or_default();
                let spans = spans.entry(promise).or_default();
                spans.add(Offset(from), Offset(to));
            }
            let left = match from < to {
                true => vec![(lost.from.0, from), (to, lost.to.0)],
                false => vec![(lost.from.0, lost.to.0)],
            };
            self.lose(partition, promise, lost.since, left);
        }
    }

    /// Whether the record of an epoch is the second copy of one that was sent again.
    pub fn is_duplicate(&self, partition: &TopicPartition, at: Offset, of: LeaderEpoch) -> bool {
        self.duplicates.contains(partition, at, of)
    }

    /// Whether anything of a partition is lost.
    pub fn has_lost(&self, partition: &TopicPartition) -> bool {
        self.gone
            .get(partition)
            .is_some_and(|gone| !gone.is_empty())
    }

    /// Whether a record of this epoch was acknowledged, and a leader of a later one did not have it; with `lacks`, when it
    /// is known that whoever leads now lacks it, also one of the same epoch, who has lost it with its power.
    pub fn is_lost(
        &self,
        partition: &TopicPartition,
        offset: Offset,
        of: LeaderEpoch,
        lacks: bool,
    ) -> bool {
        let mut gone = self.gone.get(partition).into_iter().flatten();
        gone.any(|lost| {
            let same = lost.of == of || lost.of == LeaderEpoch::NONE;
            let before = of < lost.since || lacks && of == lost.since;
            same && before && lost.from <= offset && offset < lost.to
        })
    }

    /// How many records of a topic were acknowledged, and are not lost, and how many are.
    fn acknowledged_in(&self, topic: &TopicName) -> (u64, u64) {
        let kept = self.acknowledged.iter();
        let kept = kept.filter(|(name, _)| name.topic == *topic);
        let kept = kept.flat_map(|(_, all)| all.values());
        let kept = kept.map(|spans| spans.count_between(0, i64::MAX));
        let lost = self.gone.iter().filter(|(name, _)| name.topic == *topic);
        let lost = lost.flat_map(|(_, gone)| gone).map(Lost::count);
        (kept.sum(), lost.sum())
    }

    /// How many records of a partition were acknowledged.
    pub fn acknowledged(&self, partition: &TopicPartition) -> u64 {
        let gone = self.gone.get(partition).into_iter().flatten();
        let kept = self.acknowledged.get(partition).into_iter();
        let kept = kept.flat_map(SortedMap::values);
        let kept = kept.map(|spans| spans.count_between(0, i64::MAX));
        gone.map(Lost::count).sum::<u64>() + kept.sum::<u64>()
    }

    /// Whether a record of this epoch was acknowledged, and no leader of a later one has taken that back.
    pub fn is_promised(&self, partition: &TopicPartition, offset: Offset, of: LeaderEpoch) -> bool {
        let promises = self.acknowledged.get(partition).into_iter().flatten();
        let mut same = promises.filter(|((epoch, _), _)| [of, LeaderEpoch::NONE].contains(epoch));
        same.any(|(_, spans)| spans.contains(offset))
    }

    /// How many records of a stretch were acknowledged, and no leader has taken that back.
    pub fn promised_between(&self, partition: &TopicPartition, from: Offset, to: Offset) -> u64 {
        let promises = self.acknowledged.get(partition).into_iter();
        let spans = promises.flat_map(SortedMap::values);
        spans.map(|spans| spans.count_between(from.0, to.0)).sum()
    }

    /// The partitions in which second copies stand, or stood.
    pub fn duplicated(&self) -> impl Iterator<Item = &TopicPartition> {
        self.duplicates.partitions()
    }

    /// An estimate of the bytes that the promises take.
    pub(super) fn weight(&self) -> u64 {
        let promises = self.acknowledged.values().flat_map(SortedMap::values);
        let (copies, others) = self.duplicates.weight();
        let pairs = promises.clone().map(Spans::len).sum::<usize>() + copies;
        let lists = promises.count() + others;
        let gone = self.gone.values().map(Vec::len).sum::<usize>();
        16 * (pairs + self.leads.values().map(Leads::len).sum::<usize>()) as u64
            + 128 * (lists + gone + self.told.len()) as u64
    }
}

/// A log that lacks nothing from an offset on that compaction took.
struct Whole<'a> {
    log: &'a Log,
    begin: i64,
}

/// The log of a broker that runs, unless it may be compacted: then it lacks records, and whole epochs, by request.
fn whole_log<'a>(
    world: &'a World,
    broker: BrokerId,
    partition: &TopicPartition,
) -> Option<Whole<'a>> {
    let replica = world.broker_by_id(broker)?.partition(partition)?;
    let log = replica.log();
    let begin = log
        .cleaned_until()
        .map_or(log.start(), |until| until.max(log.start()));
    let whole = !replica.config().cleanup_policy.compacts();
    whole.then_some(Whole {
        log,
        begin: begin.0,
    })
}
