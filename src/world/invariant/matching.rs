//! The logs of one partition are one log, of which some replicas have more and some less.

use super::{Invariant, PerReplica, View, broker};
use crate::broker::Partition;
use crate::fact::{Entry, Fact, Role};
use crate::log::EpochStart;
use crate::model::{BrokerId, LeaderEpoch, Offset, TopicPartition};
use crate::world::World;

/// R4 below the lower of two high watermarks, two replicas hold the same batches. R5 what a follower has
/// appended in its leader's epoch makes its log a beginning of the leader's log. R16 a follower cuts off
/// nothing that its leader has too, and nothing that is committed while it is in the ISR.
///
/// R5 and R16 compare epochs instead of records: an epoch has one leader (R2), who gives each offset once,
/// and followers copy bytes (A5). So two logs whose epochs begin at the same offsets hold the same
/// batches, and a whole log is compared at the price of the few epochs in it.
///
/// Where a log has been compacted, replicas may differ by what is gone ([`super::cleaned`]), and remember
/// different epochs.
///
/// After a loss, R4 is about the replicas whose logs have reached the epoch with which the partition goes
/// on: what was exposed before then was not wrong, and does not stay.
#[derive(Clone, Debug, Default)]
pub struct LogsAgree {
    /// The epochs of each replica's log as its appends have made them, to know what a cut took away.
    epochs: PerReplica<Vec<EpochStart>>,
}

impl Invariant for LogsAgree {
    fn name(&self) -> &'static str {
        "LogsAgree"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        let Some(by) = broker(entry) else {
            return Ok(());
        };
        match &entry.fact {
            Fact::RecordsAppended {
                partition,
                role,
                base_offset,
                epoch,
                ..
            } => {
                self.appended(by, partition, *base_offset, *epoch);
                match role {
                    Role::Follower if !view.losses.is_torn(partition) => {
                        is_prefix(view, by, partition)
                    }
                    _ => Ok(()),
                }
            }
            Fact::HighWatermarkMoved {
                partition,
                from,
                to,
                ..
            } if from < to => matches_the_furthest(view, by, partition, *from, *to),
            Fact::LogTruncated {
                partition,
                from,
                to,
            } => {
                let before = self.cut(by, partition, *to);
                match view.losses.is_torn(partition) {
                    true => Ok(()),
                    false => may_cut(view, by, partition, &before, *from, *to),
                }
            }
            Fact::LogTailLost { partition, to, .. } => {
                self.cut(by, partition, *to);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl LogsAgree {
    /// A replica is gone, and nothing that is known of it matters any more.
    pub(super) fn forget(&mut self, by: BrokerId, partition: &TopicPartition) {
        self.epochs.forget(by, partition);
    }

    fn appended(
        &mut self,
        by: BrokerId,
        partition: &TopicPartition,
        at: Offset,
        epoch: LeaderEpoch,
    ) {
        let epochs = self.epochs.known(by, partition);
        if epochs.last().is_none_or(|last| last.epoch != epoch) {
            epochs.push(EpochStart { epoch, start: at });
        }
    }

    /// The log ends here now; what its epochs were before.
    fn cut(&mut self, by: BrokerId, partition: &TopicPartition, to: Offset) -> Vec<EpochStart> {
        let epochs = self.epochs.known(by, partition);
        let before = epochs.clone();
        epochs.retain(|epoch| epoch.start < to);
        before
    }
}

/// R16.
fn may_cut(
    view: View<'_>,
    by: BrokerId,
    partition: &TopicPartition,
    before: &[EpochStart],
    from: Offset,
    to: Offset,
) -> Result<(), String> {
    let (world, committed) = (view.world, view.committed.until(partition));
    let bereft = view.losses.is_bereft(partition, by);
    if to < committed && !bereft && is_in_sync(world, by, partition) {
        return Err(format!(
            "R16: broker {by} is in the ISR of {partition} and cuts it at {to}, committed is {committed}"
        ));
    }
    let Some(leader) = leader_of(world, by, partition) else {
        return Ok(());
    };
    let theirs = leader.log().epochs().entries();
    let common = common_end(before, from, theirs, leader.log_end());
    // Of compacted epochs the two may remember different ones.
    let is_compacted = to < view.cleaned.until(partition);
    if to < common && leader.log_start() <= to && !is_compacted {
        return Err(format!(
            "R16: broker {by} cuts {partition} at {to}, though its leader has the same up to {common}"
        ));
    }
    Ok(())
}

/// R5, after an append: no epoch of the follower begins elsewhere than in its leader's log, and the
/// follower is not ahead.
fn is_prefix(view: View<'_>, by: BrokerId, partition: &TopicPartition) -> Result<(), String> {
    let world = view.world;
    let Some(leader) = leader_of(world, by, partition) else {
        return Ok(());
    };
    let Some(follower) = replica(world, by, partition) else {
        return Ok(());
    };
    let end = follower.log_end();
    if end > leader.log_end() {
        let theirs = leader.log_end();
        return Err(format!(
            "R5: {partition} on broker {by} ends at {end}, its leader's log at {theirs}"
        ));
    }
    let start = follower.log_start().max(leader.log_start());
    // Of an epoch whose batches are all compacted away, who copies learns nothing.
    let start = start.max(view.cleaned.until(partition));
    let below = |partition: &Partition| -> Vec<EpochStart> {
        let epochs = partition.log().epochs().entries().iter();
        // Where a log begins, so does the epoch that was current there; an epoch without a record yet
        // is only its leader's.
        let clamped = epochs.map(|epoch| EpochStart {
            start: epoch.start.max(start),
            ..*epoch
        });
        let mut clamped: Vec<EpochStart> = clamped.filter(|epoch| epoch.start < end).collect();
        let covered = clamped.partition_point(|epoch| epoch.start <= start);
        clamped.drain(..covered.saturating_sub(1));
        clamped
    };
    if below(follower) != below(leader) {
        return Err(format!(
            "R5: {partition} on broker {by} is no beginning of its leader's log"
        ));
    }
    Ok(())
}

/// R4, for the stretch by which a high watermark moved: against the replica whose own is the highest of
/// the others, which has been held against all others before.
fn matches_the_furthest(
    view: View<'_>,
    by: BrokerId,
    partition: &TopicPartition,
    from: Offset,
    to: Offset,
) -> Result<(), String> {
    if view.losses.is_torn(partition) {
        return Ok(());
    }
    let since = view.committed.since(partition);
    let goes_on = |replica: &Partition| {
        let reached = replica.log().epochs().latest();
        since == LeaderEpoch::NONE || reached.is_some_and(|reached| reached.epoch >= since)
    };
    let known = |id: BrokerId| replica(view.world, id, partition).filter(|one| goes_on(one));
    let Some(mine) = known(by) else {
        return Ok(());
    };
    let others = mine.replicas().iter().filter(|id| **id != by);
    let others = others.filter_map(|id| Some((*id, known(*id)?)));
    let furthest = others.max_by_key(|(_, other)| other.high_watermark());
    let Some((id, other)) = furthest else {
        return Ok(());
    };
    let from = from.max(mine.log_start()).max(other.log_start());
    let until = to.min(other.high_watermark());
    if from >= until {
        return Ok(());
    }
    let logs = (mine.log(), other.log());
    match view.cleaned.first_difference(partition, logs, from, until) {
        None => Ok(()),
        Some(at) => Err(format!(
            "R4: brokers {by} and {id} both expose {partition}{at} and differ there"
        )),
    }
}

/// The offset up to which two logs hold the same records, by their epochs.
fn common_end(
    mine: &[EpochStart],
    my_end: Offset,
    theirs: &[EpochStart],
    their_end: Offset,
) -> Offset {
    let end_of = |epochs: &[EpochStart], at: usize, end: Offset| {
        epochs.get(at + 1).map_or(end, |next| next.start)
    };
    let mut common = Offset::ZERO;
    for (at, epoch) in mine.iter().enumerate() {
        let Some(place) = theirs.iter().position(|their| their.epoch == epoch.epoch) else {
            break;
        };
        let begins = epoch.start.max(theirs[place].start);
        let ends = end_of(mine, at, my_end).min(end_of(theirs, place, their_end));
        if begins < ends {
            common = ends;
        }
        if end_of(mine, at, my_end) != end_of(theirs, place, their_end) {
            break;
        }
    }
    common
}

fn replica<'a>(
    world: &'a World,
    id: BrokerId,
    partition: &TopicPartition,
) -> Option<&'a Partition> {
    world.broker_by_id(id)?.partition(partition)
}

/// The replica that a follower copies, where the two agree on the epoch.
fn leader_of<'a>(
    world: &'a World,
    follower: BrokerId,
    partition: &TopicPartition,
) -> Option<&'a Partition> {
    let follower = replica(world, follower, partition)?;
    let leader = replica(world, follower.leader(), partition)?;
    let agree = leader.is_leader() && leader.leader_epoch() == follower.leader_epoch();
    agree.then_some(leader)
}

/// Whether the controller counts a replica.
fn is_in_sync(world: &World, by: BrokerId, partition: &TopicPartition) -> bool {
    let state = world.cluster().partition(partition);
    state.is_some_and(|state| state.isr.contains(&by))
}
