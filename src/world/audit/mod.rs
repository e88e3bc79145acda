//! The audit: what was acknowledged, and what of it a consumer can read.
//!
//! A fold over facts keeps which offsets each producer was promised; the report holds them against the
//! logs as they are.
//!
//! Laws: a record is *readable* when it lies below the high watermark of the partition's leader, *lost*
//! when the leader's log ends before it; it stays lost when its offset is given to another, also when the
//! word that it was appended reaches the producer only after that, until somebody leads who has it still. While nobody leads the partition it
//! *waits*, above the high watermark it is *not yet* readable, and what retention or compaction removed is *gone by
//! request*. Each acknowledged record is exactly one of these. A record is *duplicated* when the producer sent its
//! batch again and both copies were appended: the records of the second are bit for bit those of the first,
//! for a batch carries when it was made and is not made anew.

mod leads;
mod spans;

use leads::{Lead, Leads, kept};
use spans::Spans;

use crate::broker::Partition;
use crate::fact::{Entry, Fact, Role};
use crate::log::Log;
use crate::model::{BrokerId, LeaderEpoch, Offset, ProcessId, TopicName, TopicPartition};
use crate::sorted::SortedMap;
use crate::time::{Duration, Instant};
use crate::world::World;
use crate::world::copies::Copies;

/// For so long after a batch was sent again its second copy is looked out for: nobody sends again for longer.
const LOOKED_OUT: Duration = Duration::from_secs(300);

/// What was promised.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    acknowledged: SortedMap<(ProcessId, TopicPartition), Spans>,
    /// Who led each partition, by epoch, and from which offset on.
    leads: SortedMap<TopicPartition, Leads>,
    /// Topics of which there was one before that is gone, and what was appended to the new one's partitions: who hears
    /// only now that a batch was written may hear of the one that is gone.
    buried: SortedMap<TopicName, SortedMap<i32, Offset>>,
    /// What a new leader did not have: acknowledged, and lost for good.
    gone: Vec<Lost>,
    /// Where second copies stand.
    duplicated: SortedMap<TopicPartition, Spans>,
    /// When a batch for a partition was last sent again.
    sent_again: SortedMap<TopicPartition, Instant>,
    /// What the logs have, while second copies are looked out for.
    copies: SortedMap<TopicPartition, Copies>,
}

/// Acknowledged records that no leader has any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    pub partition: TopicPartition,
    pub from: Offset,
    /// The offset after the last of them.
    pub to: Offset,
    /// Who appended them, and in which epoch; none where that is not known any more.
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

/// How the promises stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Records that a leader (acks=1) or every in-sync replica (acks=all) confirmed.
    pub acknowledged: u64,
    /// Of those, what a consumer can read now.
    pub readable: u64,
    /// Of those, what lies in partitions that nobody leads now.
    pub waiting: u64,
    /// Of those, what is not on every in-sync replica yet.
    pub pending: u64,
    /// Of those, what retention or compaction has removed.
    pub expired: u64,
    /// Of those, what no leader has any more.
    pub lost: u64,
    /// Records that a consumer reads a second time, because a producer sent them again.
    pub duplicated: u64,
}

impl Audit {
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
                    self.promise(by, partition, (*base_offset, to), from);
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
                // Who deletes a topic wants nothing of it kept.
                (_, Fact::TopicDeleted { topic }) => {
                    let stays = |partition: &TopicPartition| partition.topic != *topic;
                    self.acknowledged.retain(|(_, of), _| stays(of));
                    self.leads.retain(|of, _| stays(of));
                    self.gone.retain(|lost| stays(&lost.partition));
                    self.duplicated.retain(|of, _| stays(of));
                    self.sent_again.retain(|of, _| stays(of));
                    self.copies.retain(|of, _| stays(of));
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
                    self.sent_again.insert(partition.clone(), entry.at);
                }
                (
                    Some(by),
                    Fact::RecordsAppended {
                        partition,
                        role: Role::Leader,
                        base_offset,
                        next_offset,
                        ..
                    },
                ) => self.appended(world, entry.at, by, partition, (*base_offset, *next_offset)),
                _ => {}
            }
        }
    }

    /// A leader appended records.
    fn appended(
        &mut self,
        world: &World,
        now: Instant,
        by: ProcessId,
        partition: &TopicPartition,
        (from, to): (Offset, Offset),
    ) {
        if let Some(ends) = self.buried.get_mut(&partition.topic) {
            let end = ends.entry(partition.partition).or_default();
            *end = to.max(*end);
        }
        if self.looks_out(partition, now) {
            let broker = by.broker().and_then(|id| world.broker_by_id(id));
            let replica = broker.and_then(|broker| broker.partition(partition));
            if let Some(replica) = replica {
                self.compare(partition, replica.log(), from, to);
            }
        }
    }

    /// A broker told a producer that it has these. What a later leader began below them is lost already.
    fn promise(
        &mut self,
        by: ProcessId,
        partition: &TopicPartition,
        (from, to): (Offset, Offset),
        broker: Option<BrokerId>,
    ) {
        if let Some(ends) = self.buried.get(&partition.topic) {
            let end = ends.get(&partition.partition);
            if end.is_none_or(|end| *end < to) {
                return;
            }
        }
        let leads = self.leads.get(partition);
        let led = leads.zip(broker);
        let led = led.and_then(|(leads, broker)| Some((leads.last_of(broker)?, broker)));
        let cut = leads.zip(led).and_then(|(leads, (of, leader))| {
            let (start, since) = leads.cut_after(of)?;
            (start < to).then_some((start, leader, of, since))
        });
        let mut end = to;
        if let Some((start, leader, of, since)) = cut {
            end = start.max(from);
            self.gone.push(Lost {
                partition: partition.clone(),
                from: end,
                to,
                leader,
                of,
                since,
                by,
            });
        }
        if from < end {
            let spans = self.acknowledged.entry((by, partition.clone()));
            spans.or_default().add(from, end);
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
        if leads.newest().is_some_and(|newest| epoch < newest) {
            // An order that came late: others have led since.
            return leads.begin(epoch, lead);
        }
        let broker = world.broker_by_id(lead.broker);
        let replica = broker.and_then(|broker| broker.partition(partition));
        let log = replica.map(Partition::log);
        // A log that was compacted lacks records, and whole epochs, by request.
        let whole = replica.filter(|replica| !replica.config().cleanup_policy.compacts());
        let whole = whole.map(Partition::log);
        let promises = self.acknowledged.iter_mut();
        for ((by, _), spans) in promises.filter(|((_, of), _)| of == partition) {
            let mut lacks = spans.take_from(lead.start);
            // Who was elected out of sync may have other records before its end, too.
            if let Some(log) = whole {
                let begin = log.start().0;
                let pieces = leads.epochs_of(begin, lead.start.0.max(begin));
                for (of, from, to) in pieces
                    .into_iter()
                    .filter(|(of, ..)| *of != LeaderEpoch::NONE)
                {
                    let (a, b) = kept(log, lead.start, of, (from, to));
                    lacks.extend(spans.take_between(from, a));
                    lacks.extend(spans.take_between(b, to));
                }
            }
            for (from, to) in lacks {
                let pieces = leads.epochs_of(from, to).into_iter();
                self.gone.extend(pieces.map(|(of, from, to)| Lost {
                    partition: partition.clone(),
                    from: Offset(from),
                    to: Offset(to),
                    leader: leads.leader_in(of),
                    of,
                    since: epoch,
                    by: *by,
                }));
            }
        }
        leads.begin(epoch, lead);
        if let Some(log) = log {
            self.find_again(partition, log, lead.start);
        }
        // Another log counts from now on.
        self.copies.remove(partition);
        // What the new leader does not have is not read twice.
        if let Some(spans) = self.duplicated.get_mut(partition) {
            spans.take_from(lead.start);
        }
    }

    /// Who leads now may have what an earlier leader lacked: it was out of sync, or away, and has it still. In one epoch
    /// it is the same record, unless its leader lost it and gave its offset again.
    fn find_again(&mut self, partition: &TopicPartition, log: &Log, end: Offset) {
        let mut gone = Vec::new();
        for lost in std::mem::take(&mut self.gone) {
            let here = lost.partition == *partition && lost.of < lost.since;
            let span = (lost.from.0.max(log.start().0), lost.to.0);
            let (from, to) = match here && span.0 < span.1 && lost.of != LeaderEpoch::NONE {
                true => kept(log, end, lost.of, span),
                false => (lost.to.0, lost.to.0),
            };
            let (from, to) = (Offset(from), Offset(to));
            if from < to {
                let spans = self.acknowledged.entry((lost.by, partition.clone()));
                spans.or_default().add(from, to);
            }
            let left = match from < to {
                true => vec![(lost.from, from), (to, lost.to)],
                false => vec![(lost.from, lost.to)],
            };
            for (from, to) in left.into_iter().filter(|(from, to)| from < to) {
                gone.push(Lost {
                    from,
                    to,
                    ..lost.clone()
                });
            }
        }
        self.gone = gone;
    }

    /// Whether a second copy may come. When none can any more, what was known for it is forgotten.
    fn looks_out(&mut self, partition: &TopicPartition, now: Instant) -> bool {
        let last = self.sent_again.get(partition);
        let may = last.is_some_and(|at| now.since(*at) < LOOKED_OUT);
        if !may {
            self.copies.remove(partition);
        }
        may
    }

    /// Holds batches that were just appended against what the log has before them.
    fn compare(&mut self, partition: &TopicPartition, log: &Log, from: Offset, to: Offset) {
        if !self.copies.contains_key(partition) {
            let copies = Copies::of(log, from);
            self.copies.insert(partition.clone(), copies);
        }
        let copies = self.copies.get_mut(partition).expect("it was just made");
        for batch in log.batches(from, to) {
            if copies.has_before(log, batch) {
                let spans = self.duplicated.entry(partition.clone()).or_default();
                spans.add(batch.base_offset(), batch.next_offset());
            }
        }
    }

    /// Whether a record is the second copy of one that was sent again.
    pub fn is_duplicate(&self, partition: &TopicPartition, offset: Offset) -> bool {
        let spans = self.duplicated.get(partition);
        spans.is_some_and(|spans| spans.contains(offset))
    }

    /// Whether anything of a partition is lost.
    pub fn has_lost(&self, partition: &TopicPartition) -> bool {
        self.gone.iter().any(|lost| lost.partition == *partition)
    }

    /// Whether a record of this epoch was acknowledged, and a leader of a later one did not have it.
    pub fn is_lost(&self, partition: &TopicPartition, offset: Offset, of: LeaderEpoch) -> bool {
        let gone = self.gone.iter().filter(|lost| lost.partition == *partition);
        let same = |lost: &&Lost| lost.of == of || lost.of == LeaderEpoch::NONE;
        let mut gone = gone.filter(same).filter(|lost| of < lost.since);
        gone.any(|lost| lost.from <= offset && offset < lost.to)
    }

    /// How many records of a partition were acknowledged.
    pub fn acknowledged(&self, partition: &TopicPartition) -> u64 {
        let gone = self.gone.iter().filter(|lost| lost.partition == *partition);
        let spans = self.acknowledged.iter();
        let spans = spans.filter(|((_, named), _)| named == partition);
        let kept = spans.map(|(_, spans)| spans.count_between(0, i64::MAX));
        gone.map(Lost::count).sum::<u64>() + kept.sum::<u64>()
    }

    /// Whether a record of this epoch was acknowledged, and no leader of a later one has taken that back.
    pub fn is_promised(&self, partition: &TopicPartition, offset: Offset, of: LeaderEpoch) -> bool {
        let leads = self.leads.get(partition);
        let newest = leads.and_then(Leads::newest);
        let promises = self.acknowledged.iter();
        let mut spans = promises.filter(|((_, named), _)| named == partition);
        newest.is_none_or(|newest| of >= newest) && spans.any(|(_, spans)| spans.contains(offset))
    }

    /// The partitions in which second copies stand.
    pub fn duplicated(&self) -> impl Iterator<Item = &TopicPartition> {
        self.duplicated.keys()
    }

    /// An estimate of the bytes that the promises take.
    pub(super) fn weight(&self) -> u64 {
        let spans = self.acknowledged.values().chain(self.duplicated.values());
        let pairs = spans.map(Spans::len).sum::<usize>()
            + self.copies.values().map(Copies::len).sum::<usize>();
        let lists = self.acknowledged.len() + self.duplicated.len() + self.copies.len();
        16 * (pairs + self.leads.values().map(Leads::len).sum::<usize>()) as u64
            + 128 * (lists + self.gone.len()) as u64
    }

    /// Holds the promises against the logs.
    pub fn report(&self, world: &World) -> Report {
        let gone = self.gone.iter().map(Lost::count).sum();
        let mut report = Report {
            acknowledged: gone,
            lost: gone,
            ..Report::default()
        };
        for ((_, partition), spans) in &self.acknowledged {
            let all = spans.count_between(0, i64::MAX);
            report.acknowledged += all;
            let leader = leader(world, partition);
            let Some(replica) = leader.and_then(|leader| leader.partition(partition)) else {
                report.waiting += all;
                continue;
            };
            let (start, end) = (replica.log_start().0, replica.log_end().0);
            let readable = replica.high_watermark().0.clamp(start, end);
            // What was compacted is gone by request, too.
            let cleaned = replica.log().cleaned_until().map_or(start, |until| until.0);
            let cleaned = cleaned.clamp(start, readable);
            let left = count_left(spans, replica.log(), Offset(start), Offset(cleaned));
            report.expired += spans.count_between(0, cleaned) - left;
            report.readable += left + spans.count_between(cleaned, readable);
            report.pending += spans.count_between(readable, end);
            report.lost += spans.count_between(end, i64::MAX);
        }
        for (partition, spans) in &self.duplicated {
            let leader = leader(world, partition);
            if let Some(replica) = leader.and_then(|leader| leader.partition(partition)) {
                let (start, end) = (replica.log_start().0, replica.high_watermark().0);
                report.duplicated += spans.count_between(start, end);
            }
        }
        report
    }
}

/// How many of the promised records a log still has in a stretch that was compacted.
fn count_left(spans: &Spans, log: &Log, from: Offset, to: Offset) -> u64 {
    if from >= to {
        return 0;
    }
    let batches = log.batches(from, to);
    let records = batches.flat_map(|stored| stored.batch().records());
    let offsets = records.filter_map(|record| Some(record.ok()?.offset));
    let promised = offsets.filter(|offset| (from..to).contains(offset) && spans.contains(*offset));
    promised.count() as u64
}

impl Audit {
    /// What is lost, record by record in spans: for good, or because the leader's log ends before it.
    pub fn lost(&self, world: &World) -> Vec<Lost> {
        let mut lost = self.gone.clone();
        for ((by, partition), spans) in &self.acknowledged {
            let leader = leader(world, partition);
            let Some((leader, replica)) =
                leader.and_then(|leader| Some((leader, leader.partition(partition)?)))
            else {
                continue;
            };
            let beyond = spans.between(replica.log_end().0, i64::MAX);
            lost.extend(beyond.map(|(from, to)| Lost {
                partition: partition.clone(),
                from: Offset(from),
                to: Offset(to),
                leader: leader.id(),
                of: replica.leader_epoch(),
                since: replica.leader_epoch(),
                by: *by,
            }));
        }
        lost
    }
}

/// The broker that leads a partition, by the controller's word.
fn leader<'a>(world: &'a World, partition: &TopicPartition) -> Option<&'a crate::broker::Broker> {
    let id: BrokerId = world.cluster().partition(partition)?.leader;
    world.broker_by_id(id)
}
