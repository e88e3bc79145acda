//! The report: the promises held against the logs as they are.

use super::spans::Spans;
use super::{Audit, Lost};
use crate::log::Log;
use crate::model::{BrokerId, Offset, TopicPartition};
use crate::world::World;

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
    /// Of those, what retention or compaction has removed, or went with its topic.
    pub expired: u64,
    /// Of those, what no leader has any more.
    pub lost: u64,
    /// Records that a consumer reads a second time, because a producer sent them again.
    pub duplicated: u64,
}

impl Audit {
    /// Holds the promises against the logs.
    pub fn report(&self, world: &World) -> Report {
        let gone: u64 = self.gone.values().flatten().map(Lost::count).sum();
        let mut report = Report {
            acknowledged: gone + self.deleted + self.lost_before,
            expired: self.deleted,
            lost: gone + self.lost_before,
            ..Report::default()
        };
        let promises = self.acknowledged.iter();
        let promises =
            promises.flat_map(|(partition, all)| all.values().map(move |one| (partition, one)));
        for (partition, spans) in promises {
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
        for partition in self.duplicates.partitions() {
            let leader = leader(world, partition);
            if let Some(replica) = leader.and_then(|leader| leader.partition(partition)) {
                let (log, start) = (replica.log(), replica.log_start());
                let end = replica.high_watermark();
                report.duplicated += self.duplicates.count(partition, log, start, end);
            }
        }
        report
    }

    /// What is lost, record by record in spans: for good, or because the leader's log ends before it. What was lost of a
    /// topic that is deleted is only counted.
    pub fn lost(&self, world: &World) -> Vec<Lost> {
        let mut lost: Vec<Lost> = self.gone.values().flatten().cloned().collect();
        for (partition, promises) in &self.acknowledged {
            let leader = leader(world, partition);
            let Some(replica) = leader.and_then(|leader| leader.partition(partition)) else {
                continue;
            };
            let leads = self.leads.get(partition);
            for ((of, by), spans) in promises {
                let beyond = spans.between(replica.log_end().0, i64::MAX);
                lost.extend(beyond.map(|(from, to)| Lost {
                    partition: partition.clone(),
                    from: Offset(from),
                    to: Offset(to),
                    leader: leads.map_or(BrokerId::NONE, |leads| leads.leader_in(*of)),
                    of: *of,
                    since: replica.leader_epoch(),
                    by: *by,
                }));
            }
        }
        lost
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

/// The broker that leads a partition, by the controller's word.
fn leader<'a>(world: &'a World, partition: &TopicPartition) -> Option<&'a crate::broker::Broker> {
    let id: BrokerId = world.cluster().partition(partition)?.leader;
    world.broker_by_id(id)
}
