//! The logs of one partition are one log, of which some replicas have more and some less.

use std::sync::Arc;

use super::losses::Losses;
use super::{Invariant, PerReplica, broker};
use crate::broker::Partition;
use crate::controller::znodes;
use crate::fact::{Entry, Fact, Role};
use crate::log::EpochStart;
use crate::model::{BrokerId, LeaderEpoch, Offset, TopicPartition};
use crate::sorted::SortedMap;
use crate::world::World;

/// R4 below the lower of two high watermarks, two replicas hold the same batches. R5 what a follower has
/// appended in its leader's epoch makes its log a beginning of the leader's log. R16 a follower cuts off
/// nothing that its leader has too, and nothing that is committed while it is in the ISR.
///
/// R5 and R16 compare epochs instead of records: an epoch has one leader (R2), who gives each offset once,
/// and followers copy bytes (A5). So two logs whose epochs begin at the same offsets hold the same
/// batches, and a whole log is compared at the price of the few epochs in it.
#[derive(Clone, Debug, Default)]
pub struct LogsAgree {
    /// The epochs of each replica's log as its appends have made them, to know what a cut took away.
    epochs: PerReplica<Vec<EpochStart>>,
    /// How far a partition is committed, by any leader's word.
    committed: SortedMap<TopicPartition, Offset>,
    losses: Arc<Losses>,
}

impl Invariant for LogsAgree {
    fn name(&self) -> &'static str {
        "LogsAgree"
    }

    fn check(&mut self, world: &World, entry: &Entry) -> Result<(), String> {
        if let Fact::ZnodeDeleted { path } = &entry.fact {
            if let Some(partition) = znodes::state_of(path) {
                self.committed.remove(&partition);
            }
            return Ok(());
        }
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
                    Role::Follower => is_prefix(world, by, partition),
                    Role::Leader => Ok(()),
                }
            }
            Fact::HighWatermarkMoved {
                partition,
                role,
                from,
                to,
            } => {
                if *role == Role::Leader {
                    self.commit(partition, *to);
                }
                match from < to {
                    true => matches_the_furthest(world, by, partition, *from, *to),
                    false => Ok(()),
                }
            }
            Fact::LogTruncated {
                partition,
                from,
                to,
            } => self.cut(world, by, partition, *from, *to),
            Fact::LogTailLost { partition, to, .. } => {
                let epochs = self.epochs.entry(by).or_default().get_mut(partition);
                if let Some(epochs) = epochs {
                    epochs.retain(|epoch| epoch.start < *to);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn excuse(&mut self, losses: &Arc<Losses>) {
        self.losses = losses.clone();
    }
}

impl LogsAgree {
    /// A replica is gone, and nothing that is known of it matters any more.
    pub(super) fn forget(&mut self, by: BrokerId, partition: &TopicPartition) {
        if let Some(known) = self.epochs.get_mut(&by) {
            known.remove(partition);
        }
    }

    fn appended(
        &mut self,
        by: BrokerId,
        partition: &TopicPartition,
        at: Offset,
        epoch: LeaderEpoch,
    ) {
        let replicas = self.epochs.entry(by).or_default();
        let begins = EpochStart { epoch, start: at };
        match replicas.get_mut(partition) {
            Some(epochs) if epochs.last().is_some_and(|last| last.epoch == epoch) => {}
            Some(epochs) => epochs.push(begins),
            None => drop(replicas.insert(partition.clone(), vec![begins])),
        }
    }

    fn commit(&mut self, partition: &TopicPartition, to: Offset) {
        match self.committed.get_mut(partition) {
            Some(known) => *known = (*known).max(to),
            None => drop(self.committed.insert(partition.clone(), to)),
        }
    }

    fn cut(
        &mut self,
        world: &World,
        by: BrokerId,
        partition: &TopicPartition,
        from: Offset,
        to: Offset,
    ) -> Result<(), String> {
        let epochs = self.epochs.entry(by).or_default().get_mut(partition);
        let before = epochs.map(std::mem::take).unwrap_or_default();
        let kept = before.iter().filter(|epoch| epoch.start < to).copied();
        let kept: Vec<EpochStart> = kept.collect();
        self.epochs
            .entry(by)
            .or_default()
            .insert(partition.clone(), kept);
        let committed = self.committed.get(partition).copied();
        let committed = committed.unwrap_or(Offset::ZERO);
        let bereft = self.losses.is_bereft(partition, by);
        if to < committed && !bereft && is_in_sync(world, by, partition) {
            return Err(format!(
                "R16: broker {by} is in the ISR of {partition} and cuts it at {to}, committed is {committed}"
            ));
        }
        let Some(leader) = leader_of(world, by, partition) else {
            return Ok(());
        };
        let theirs = leader.log().epochs().entries();
        let common = common_end(&before, from, theirs, leader.log_end());
        if to < common && leader.log_start() <= to {
            return Err(format!(
                "R16: broker {by} cuts {partition} at {to}, though its leader has the same up to {common}"
            ));
        }
        Ok(())
    }
}

/// R5, after an append: no epoch of the follower begins elsewhere than in its leader's log, and the
/// follower is not ahead.
fn is_prefix(world: &World, by: BrokerId, partition: &TopicPartition) -> Result<(), String> {
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
    world: &World,
    by: BrokerId,
    partition: &TopicPartition,
    from: Offset,
    to: Offset,
) -> Result<(), String> {
    let Some(mine) = replica(world, by, partition) else {
        return Ok(());
    };
    let others = mine.replicas().iter().filter(|id| **id != by);
    let others = others.filter_map(|id| Some((*id, replica(world, *id, partition)?)));
    let furthest = others.max_by_key(|(_, other)| other.high_watermark());
    let Some((id, other)) = furthest else {
        return Ok(());
    };
    let from = from.max(mine.log_start()).max(other.log_start());
    let until = to.min(other.high_watermark());
    if from >= until {
        return Ok(());
    }
    let mut theirs = other.log().batches(from, until);
    for batch in mine.log().batches(from, until) {
        if !theirs.next().is_some_and(|their| their.is_copy_of(batch)) {
            let at = batch.base_offset();
            return Err(format!(
                "R4: brokers {by} and {id} both expose {partition}{at} and differ there"
            ));
        }
    }
    match theirs.next() {
        None => Ok(()),
        Some(missing) => {
            let at = missing.base_offset();
            Err(format!(
                "R4: broker {by} exposes {partition}{at} without having it"
            ))
        }
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
