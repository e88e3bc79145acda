//! The audit: what was acknowledged, and what of it a consumer can read.
//!
//! A fold over facts keeps which offsets each producer was promised; the report holds them against the
//! logs as they are.
//!
//! Laws: a record is *readable* when it lies below the high watermark of the partition's leader, *lost*
//! when the leader's log ends before it; it stays lost when its offset is given to another, also when the
//! word that it was appended reaches the producer only after that. While nobody leads the partition it
//! *waits*, above the high watermark it is *not yet* readable, and what retention or compaction removed is *gone by
//! request*. Each acknowledged record is exactly one of these. A record is *duplicated* when the producer sent its
//! batch again and both copies were appended: the records of the second are bit for bit those of the first,
//! for a batch carries when it was made and is not made anew.

use crate::sorted::SortedMap;

use crate::fact::{Entry, Fact, Role};
use crate::log::Log;
use crate::model::{BrokerId, LeaderEpoch, Offset, ProcessId, TopicPartition};
use crate::time::{Duration, Instant};
use crate::world::World;
use crate::world::copies::Copies;

/// For so long after a batch was sent again its second copy is looked out for: nobody sends again for longer.
const LOOKED_OUT: Duration = Duration::from_secs(300);

/// Offsets as half-open spans that neither touch nor overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Spans(SortedMap<i64, i64>);

impl Spans {
    fn add(&mut self, from: Offset, to: Offset) {
        let (mut from, mut to) = (from.0, to.0);
        let before = self.0.range(..=from).next_back().map(|(a, b)| (*a, *b));
        if let Some((a, b)) = before.filter(|(_, b)| *b >= from) {
            from = a;
            to = to.max(b);
        }
        while let Some((a, b)) = self.0.range(from..=to).next().map(|(a, b)| (*a, *b)) {
            self.0.remove(&a);
            to = to.max(b);
        }
        self.0.insert(from, to);
    }

    /// Takes out what lies at or after an offset, and gives it back.
    fn take_from(&mut self, from: Offset) -> Vec<(i64, i64)> {
        let taken = self.between(from.0, i64::MAX).collect();
        while let Some((a, b)) = self.0.iter().next_back().map(|(a, b)| (*a, *b)) {
            if b <= from.0 {
                break;
            }
            self.0.remove(&a);
            if a < from.0 {
                self.0.insert(a, from.0);
            }
        }
        taken
    }

    fn contains(&self, offset: Offset) -> bool {
        let before = self.0.range(..=offset.0).next_back();
        before.is_some_and(|(_, to)| offset.0 < *to)
    }

    /// What lies from one offset to before another.
    fn between(&self, from: i64, to: i64) -> impl Iterator<Item = (i64, i64)> {
        let spans = self.0.iter();
        let spans = spans.map(move |(a, b)| (*a.max(&from), *b.min(&to)));
        spans.filter(|(a, b)| a < b)
    }

    fn count_between(&self, from: i64, to: i64) -> u64 {
        self.between(from, to).map(|(a, b)| (b - a) as u64).sum()
    }
}

/// What was promised.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    acknowledged: SortedMap<(ProcessId, TopicPartition), Spans>,
    /// Who led each partition, by epoch, and from which offset on.
    leads: SortedMap<TopicPartition, SortedMap<LeaderEpoch, Lead>>,
    /// What a new leader did not have: acknowledged, and lost for good.
    gone: Vec<Lost>,
    /// Where second copies stand.
    duplicated: SortedMap<TopicPartition, Spans>,
    /// When a batch for a partition was last sent again.
    sent_again: SortedMap<TopicPartition, Instant>,
    /// What the logs have, while second copies are looked out for.
    copies: SortedMap<TopicPartition, Copies>,
}

/// One leadership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lead {
    broker: BrokerId,
    start: Offset,
}

/// Leaderships of a partition that are remembered: a word is never under way for so many.
const LEADS: usize = 64;

/// Acknowledged records that no leader has any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    pub partition: TopicPartition,
    pub from: Offset,
    /// The offset after the last of them.
    pub to: Offset,
    /// Who appended them.
    pub leader: BrokerId,
    /// The epoch whose leader did not have them.
    pub since: LeaderEpoch,
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
                    self.begin_epoch(partition, *epoch, Lead { broker, start });
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
                ) if self.looks_out(partition, entry.at) => {
                    let broker = by.broker().and_then(|id| world.broker_by_id(id));
                    let replica = broker.and_then(|broker| broker.partition(partition));
                    if let Some(replica) = replica {
                        self.compare(partition, replica.log(), *base_offset, *next_offset);
                    }
                }
                _ => {}
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
        let leads = self.leads.get(partition);
        let led = leads.and_then(|leads| {
            let mut leads = leads.iter().rev();
            leads.find(|(_, lead)| Some(lead.broker) == broker)
        });
        let later = led.and_then(|(epoch, lead)| {
            let later = leads?.iter().filter(|(other, _)| *other > epoch);
            let (since, start) = later
                .map(|(epoch, later)| (*epoch, later.start))
                .min_by_key(|(_, start)| *start)?;
            Some((start, lead.broker, since))
        });
        let mut end = to;
        if let Some((start, leader, since)) = later.filter(|(start, ..)| *start < to) {
            end = start.max(from);
            self.gone.push(Lost {
                partition: partition.clone(),
                from: end,
                to,
                leader,
                since,
            });
        }
        if from < end {
            let spans = self.acknowledged.entry((by, partition.clone()));
            spans.or_default().add(from, end);
        }
    }

    /// A new leader gives its own records the offsets that follow its log: what was acknowledged there
    /// is nowhere any more.
    fn begin_epoch(&mut self, partition: &TopicPartition, epoch: LeaderEpoch, lead: Lead) {
        let leads = self.leads.entry(partition.clone()).or_default();
        let newest = leads.iter().next_back();
        let newest = newest.map(|(epoch, lead)| (*epoch, lead.broker));
        leads.insert(epoch, lead);
        if leads.len() > LEADS {
            leads.pop_first();
        }
        if newest.is_some_and(|(newest, _)| epoch < newest) {
            // An order that came late: others have led since.
            return;
        }
        let leader = newest.map_or(BrokerId::NONE, |(_, broker)| broker);
        let promises = self.acknowledged.iter_mut();
        for (_, spans) in promises.filter(|((_, of), _)| of == partition) {
            let taken = spans.take_from(lead.start);
            self.gone.extend(taken.into_iter().map(|(from, to)| Lost {
                partition: partition.clone(),
                from: Offset(from),
                to: Offset(to),
                leader,
                since: epoch,
            }));
        }
        // Another log counts from now on.
        self.copies.remove(partition);
        // What the new leader does not have is not read twice.
        if let Some(spans) = self.duplicated.get_mut(partition) {
            spans.take_from(lead.start);
        }
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

    /// Whether a record of this epoch was acknowledged, and a leader of a later one did not have it.
    pub fn is_lost(&self, partition: &TopicPartition, offset: Offset, of: LeaderEpoch) -> bool {
        let gone = self.gone.iter().filter(|lost| lost.partition == *partition);
        let mut gone = gone.filter(|lost| of < lost.since);
        gone.any(|lost| lost.from <= offset && offset < lost.to)
    }

    /// Whether a record of this epoch was acknowledged, and no leader of a later one has taken that back.
    pub fn is_promised(&self, partition: &TopicPartition, offset: Offset, of: LeaderEpoch) -> bool {
        let leads = self.leads.get(partition);
        let newest = leads.and_then(|leads| Some(leads.last_key_value()?.0));
        let promises = self.acknowledged.iter();
        let mut spans = promises.filter(|((_, named), _)| named == partition);
        newest.is_none_or(|newest| of >= *newest) && spans.any(|(_, spans)| spans.contains(offset))
    }

    /// The partitions in which second copies stand.
    pub fn duplicated(&self) -> impl Iterator<Item = &TopicPartition> {
        self.duplicated.keys()
    }

    /// An estimate of the bytes that the promises take.
    pub(super) fn weight(&self) -> u64 {
        let spans = self.acknowledged.values().chain(self.duplicated.values());
        let pairs = spans.map(|spans| spans.0.len()).sum::<usize>()
            + self.copies.values().map(Copies::len).sum::<usize>();
        let lists = self.acknowledged.len() + self.duplicated.len() + self.copies.len();
        16 * (pairs + self.leads.values().map(SortedMap::len).sum::<usize>()) as u64
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
        for ((_, partition), spans) in &self.acknowledged {
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
                since: replica.leader_epoch(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_join_where_they_touch() {
        let mut spans = Spans::default();
        spans.add(Offset(0), Offset(2));
        spans.add(Offset(4), Offset(6));
        assert_eq!(spans.count_between(0, 100), 4);
        spans.add(Offset(2), Offset(4));
        assert_eq!(spans.0.len(), 1);
        assert_eq!(spans.count_between(1, 5), 4);
        spans.add(Offset(1), Offset(3));
        assert_eq!(spans.count_between(0, 100), 6);
    }
    #[test]
    fn spans_are_taken_from_an_offset_on() {
        let mut spans = Spans::default();
        spans.add(Offset(0), Offset(4));
        spans.add(Offset(6), Offset(8));
        assert_eq!(spans.take_from(Offset(3)), [(3, 4), (6, 8)]);
        assert_eq!(spans.count_between(0, 100), 3);
        assert!(spans.take_from(Offset(3)).is_empty());
    }
}
